//! Any bytes as MT940.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[expect(dead_code, reason = "each target uses one of the checks")]
#[path = "../checks.rs"]
mod checks;

fuzz_target!(|bytes: &[u8]| checks::mt940(bytes));
