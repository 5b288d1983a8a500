#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| config::fuzz_pipeline(bytes));
