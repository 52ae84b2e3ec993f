//! What the programme allows and what it means, as pure functions on plain values.
//!
//! Nothing here reads a clock, draws a random number, or knows a database, a file or a wire format:
//! time, ids and keys are arguments.

pub mod account;
pub mod bank;
pub mod basket;
pub mod calendar;
pub mod card;
pub mod credit;
pub mod hex;
pub mod household;
pub mod ids;
pub mod inquiry;
pub mod kept;
pub mod keys;
pub mod leaf;
pub mod legible;
pub mod matching;
pub mod merchant;
pub mod money;
pub mod new_rule;
pub mod policy;
#[cfg(test)]
mod properties;
pub mod proposal;
pub mod public_id;
pub mod receipt;
pub mod redemption;
pub mod reference;
pub mod refusal;
pub mod resolution;
pub mod role;
pub mod settlement;
pub mod shard;
pub mod short;
pub mod transfer;
mod weak_pins;
pub mod wrong_pins;
