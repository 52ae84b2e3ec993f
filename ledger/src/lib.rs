//! The double-entry voucher ledger of the food programme.
//!
//! - [`domain`]: what is allowed, decided by pure functions; no clock, randomness, database or file.
//! - [`bankfile`]: the banks' statements, read from bytes by pure functions.
//! - `store` and `service` (feature `store`): what is remembered, and the use cases that join a
//!   decision to its record in one transaction.

pub mod bankfile;
pub mod domain;
#[cfg(feature = "store")]
pub mod service;
#[cfg(feature = "store")]
mod store;
