//! Threads that go on until the ledger is closed: one shape for all of them.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::store::StoreError;

/// A running thread, and the channel end that stops it.
#[derive(Debug)]
pub(super) struct Background {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

/// What such a thread rests by.
#[derive(Debug)]
pub(super) struct Rest(Receiver<()>);

impl Rest {
    /// Rests for so long; `false` when it is time to end.
    pub(super) fn go_on(&self, rest: Duration) -> bool {
        self.0.recv_timeout(rest) == Err(RecvTimeoutError::Timeout)
    }
}

impl Background {
    /// Starts `work`, which returns soon after [`Rest::go_on`] says so.
    pub(super) fn start(
        name: &str,
        work: impl FnOnce(&Rest) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(&Rest(stopped)))
            .map_err(|error| StoreError::Pool(format!("no thread for the {name}: {error}")))?;
        Ok(Self { stop, thread })
    }

    /// Ends it and waits for it.
    pub(super) fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("a background thread ended by a panic");
        }
    }
}
