//! What every handler shares.

use std::sync::Arc;

use ledger::service::Ledger;
use tokio::sync::Semaphore;

use crate::auth::{Sessions, Tokens};
use crate::limits::clients::Clients;
use crate::limits::logins::Logins;
use crate::metrics::Metrics;
use crate::security::SecurityLog;
use crate::uploads::FilesRoom;

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
    /// Room for bank files.
    pub(crate) files: FilesRoom,
    /// What each client may do.
    pub(crate) clients: Clients,
    /// Wrong secrets.
    pub(crate) logins: Logins,
    /// Who tried what.
    pub(crate) security: SecurityLog,
}
