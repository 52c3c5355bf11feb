//! `scripts/fuzz wireguard`: see `tests/parsers/mod.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    crow_fuzz::wireguard(bytes);
});
