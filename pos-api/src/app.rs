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
    /// Room for bank files.
    pub files: FilesRoom,
}

/// Recordings that may run at the same time, each with its files in memory: shops, of which there are
/// many, take nothing from the banks.
#[derive(Debug)]
pub struct FilesRoom {
    /// For banks.
    pub banks: Room,
    /// For shops.
    pub shops: Room,
}

/// How much may be in hand at once.
#[derive(Debug)]
pub struct Room {
    /// A permit for each request.
    pub permits: Arc<Semaphore>,
    /// Bytes that the files of one request may have in all.
    pub largest: usize,
}

impl FilesRoom {
    /// Room for files of so many bytes in one request of a bank.
    pub fn of(largest: usize) -> Self {
        let room =
            |requests, largest| Room { permits: Arc::new(Semaphore::new(requests)), largest };
        Self { banks: room(2, largest), shops: room(2, largest.min(MAX_SHOP_FILES)) }
    }
}

/// The files of a shop's request: a shop's account moves little.
const MAX_SHOP_FILES: usize = 16 * 1024 * 1024;
