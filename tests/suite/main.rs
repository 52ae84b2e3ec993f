//! The one integration-test binary: the whole system through its public doors.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bankfiles;
mod harness;
mod tidy;
