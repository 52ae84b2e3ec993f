//! The one integration-test binary: the whole system through its public doors.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod bad_input;
mod bankfiles;
mod harness;
mod idempotency;
mod redemptions;
mod refusals;
mod tidy;
mod till;
