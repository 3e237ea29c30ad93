#![no_main]

use cnninspect_fuzz::cases::{self, mutate};
use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| cases::model(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    match mutate::mutated(&data[..size], seed) {
        Some(model) if model.len() <= max_size => {
            data[..model.len()].copy_from_slice(&model);
            model.len()
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
});

fuzz_crossover!(|left: &[u8], right: &[u8], out: &mut [u8], seed: u32| {
    match mutate::crossed(left, right, seed) {
        Some(model) if model.len() <= out.len() => {
            out[..model.len()].copy_from_slice(&model);
            model.len()
        }
        _ => 0,
    }
});
