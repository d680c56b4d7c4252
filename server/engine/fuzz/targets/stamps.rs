//! See `engine::fuzzing::stamps`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| engine::fuzzing::stamps(data));
