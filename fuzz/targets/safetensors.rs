#![no_main]

use cnninspect_fuzz::cases;

libfuzzer_sys::fuzz_target!(|data: &[u8]| cases::safetensors(data));
