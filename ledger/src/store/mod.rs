//! What is remembered, in `SQLite` or `PostgreSQL`: the only place that knows SQL.
//!
//! Functions take a connection and are named after the question they answer. They decide nothing.

mod attempts;
pub(crate) mod banks;
pub mod batch;
mod bulk;
pub(crate) mod card_life;
mod cards;
pub(crate) mod clients;
pub(crate) mod connection;
pub(crate) mod credits;
pub(crate) mod daily;
pub(crate) mod days;
#[cfg(test)]
mod durability;
mod eras;
pub(crate) mod error;
pub(crate) mod exception_rows;
pub(crate) mod exceptions;
mod filing;
pub(crate) mod fundings;
pub(crate) mod history;
mod idempotency;
pub(crate) mod inquiries;
pub(crate) mod kept;
pub(crate) mod merchant_data;
pub(crate) mod nodes;
pub(crate) mod payments;
pub(crate) mod pool;
pub(crate) mod private;
pub(crate) mod proposals;
pub(crate) mod reads;
pub(crate) mod reconciliations;
pub(crate) mod registry;
pub(crate) mod reversals;
pub(crate) mod rollups;
pub(crate) mod rule_entry;
mod rules;
pub(crate) mod schema;
pub(crate) mod sealing;
pub(crate) mod settlements;
pub(crate) mod shops;
mod statement;
pub(crate) mod verify;
pub(crate) mod wal;

pub use connection::{Backend, DatabaseUrl};
pub(crate) use error::FailureKind;
pub use error::StoreError;
