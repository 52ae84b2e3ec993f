//! The point-of-sale API of the food voucher programme: an HTTP edge over the ledger.
//!
//! A request is authenticated, parsed into the domain's types and handed to a use case; what comes
//! back is translated into an answer. Nothing is decided here.

pub mod app;
pub mod auth;
pub mod cli;
mod commands;
pub mod config;
mod demo;
mod extract;
pub mod limits;
pub mod metrics;
mod middleware;
pub mod problem;
pub mod recording_limits;
mod routes;
mod security;
pub mod startup;
mod telemetry;
mod uploads;
mod wire;
mod writing;

pub use commands::run;
pub use routes::openapi_document;
