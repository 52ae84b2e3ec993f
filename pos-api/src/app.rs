//! What every handler shares.

use std::sync::Arc;

use ledger::service::Ledger;
use tokio::sync::Semaphore;

use crate::auth::{Sessions, Tokens};
use crate::metrics::Metrics;

/// What every handler shares.
#[derive(Debug)]
pub struct App {
    /// The ledger.
    pub ledger: Arc<Ledger>,
    /// Signs and checks tokens.
    pub tokens: Tokens,
    /// Tokens that were checked lately.
    pub sessions: Sessions,
    /// What was answered.
    pub metrics: Metrics,
    /// A permit for each export that may run.
    pub exports: Arc<Semaphore>,
}
