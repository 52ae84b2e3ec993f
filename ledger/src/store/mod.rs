//! What is remembered, in `SQLite` or `PostgreSQL`: the only place that knows SQL.
//!
//! Functions take a connection and are named after the question they answer. They decide nothing.

mod attempts;
pub(crate) mod batch;
mod bulk;
mod cards;
pub(crate) mod clients;
pub(crate) mod connection;
pub(crate) mod error;
pub(crate) mod history;
pub(crate) mod nodes;
mod rules;
mod statement;

pub use connection::{Backend, DatabaseUrl};
pub(crate) use error::FailureKind;
pub use error::StoreError;
