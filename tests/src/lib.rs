//! The harness of the integration tests and of the load generator: throw-away `PostgreSQL`
//! clusters, the real programs as child processes, and an HTTP client for each role.
//!
//! Everything here goes through the public doors: the tests see what a terminal, a bank or an
//! auditor sees. A helper that meets something it can't work with panics with what it saw, because
//! that is how a test fails; what a fault test has to look at comes back as a value.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

pub mod backend;
pub mod client;
pub mod demo;
pub mod machine;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod seed;
pub mod server;
pub mod shim;

pub use backend::Backend;
pub use client::{Answer, ApiClient, Auditor, Bank, Merchant, Programme};
pub use demo::Demo;
pub use postgres::Cluster;
pub use seed::World;
pub use server::Server;
