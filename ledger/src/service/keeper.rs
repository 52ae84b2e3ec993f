//! The thread that keeps this process's place: it renews the lease on the node's number.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::store::StoreError;

use super::error::Trouble;
use super::shared::Shared;

/// How often the lease is renewed; it holds ten times as long.
const RENEW: Duration = Duration::from_secs(3);

/// The running thread.
#[derive(Debug)]
pub(super) struct Keeper {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// Starts it.
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, StoreError> {
        let (stop, stopped) = channel();
        let shared = Arc::clone(shared);
        let thread = std::thread::Builder::new()
            .name("keeper".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(RENEW) == Err(RecvTimeoutError::Timeout) {
                    renew(&shared);
                }
            })
            .map_err(|error| StoreError::Pool(format!("no thread for the lease: {error}")))?;
        Ok(Self { stop, thread })
    }

    /// Ends it and waits for it.
    pub(super) fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the keeper ended by a panic");
        }
    }
}

fn renew(shared: &Arc<Shared>) {
    let (ids, clock) = (Arc::clone(&shared.ids), Arc::clone(&shared.clock));
    let renewed: Result<bool, Trouble> = shared.write(move |tx| Ok(ids.renew(tx, clock.now())?));
    match renewed {
        Ok(true) => {}
        Ok(false) => shared.lose_lease(),
        // Without renewal no id is made above the mark that is written: requests get 503 until it
        // succeeds again.
        Err(error) => tracing::warn!(%error, "the lease on this node's number was not renewed"),
    }
}
