#![no_main]
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|bytes: &[u8]| {
    let look = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    config::fuzz_files(bytes, look);
});

// One change in eight knows nothing of the language.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed % 8 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let made = config::fuzz_mutate(&data[..size], seed, max_size);
    data[..made.len()].copy_from_slice(&made);
    made.len()
});
