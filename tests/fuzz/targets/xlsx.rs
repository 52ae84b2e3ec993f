//! Any bytes as a workbook.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[expect(dead_code, reason = "each target uses one of the checks")]
#[path = "../lists.rs"]
mod lists;

fuzz_target!(|bytes: &[u8]| lists::xlsx_once(bytes));
