#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bfd::fuzz_control(bytes));
