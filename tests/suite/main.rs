//! The one integration-test binary: the whole system through its public doors.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod access;
mod as_of;
mod bad_input;
mod bankfiles;
mod bodies;
mod canary;
mod card_refusals;
mod cards;
mod chance;
mod crashes;
mod credits;
mod days;
mod docs;
mod edge;
mod exports;
mod folder;
mod harness;
mod history;
mod idempotency;
mod keys;
mod limits;
mod load;
mod migrations;
mod model;
mod nation;
mod plans;
mod planted;
mod programme;
mod readme;
mod reconciliations;
mod redemptions;
mod refusals;
mod reports;
mod reversals;
mod rules;
mod set_off;
mod settlements;
mod shop;
mod tidy;
mod till;
mod transfers;
mod updates;
mod verify;
mod wrong_pins;
