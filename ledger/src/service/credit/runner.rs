//! Runs that go on by themselves: one thread for each, which does not give up.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::super::shared::Shared;
use super::sessions;

/// How long is waited before a step that failed is tried again, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The runs that this process carries on.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct CreditRunner(Arc<Mutex<HashSet<i64>>>);

impl CreditRunner {
    /// Carries a run on in a thread of its own, unless one does so already. Whatever stops it, the
    /// run's row says how far it came, and the next start takes it up there.
    pub(in crate::service) fn start(&self, shared: &Arc<Shared>, id: i64) {
        if !self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
            return;
        }
        let (runner, weak) = (self.clone(), Arc::downgrade(shared));
        let work = move || {
            run_to_the_end(&weak, id);
            runner.forget(id);
        };
        let thread = std::thread::Builder::new().name("credit-run".to_owned()).spawn(work);
        if let Err(error) = thread {
            tracing::error!(%error, "there is no thread for the credit run");
            self.forget(id);
        }
    }

    fn forget(&self, id: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

/// Tries until the run is done. A ledger that was closed ends it here; it is an interrupted run then.
fn run_to_the_end(ledger: &Weak<Shared>, id: i64) {
    let mut wait = FIRST_WAIT;
    while ledger.upgrade().is_some_and(|shared| !is_done(&shared, id)) {
        std::thread::sleep(wait);
        wait = wait.saturating_mul(2).min(LONGEST_WAIT);
    }
}

/// Carries the run on as far as it goes; whether that is to its end.
fn is_done(shared: &Arc<Shared>, id: i64) -> bool {
    sessions::carry_on(shared, id, |_| {})
        .inspect(|run| tracing::info!(period = %run.period, "the credit run is done"))
        .inspect_err(|error| tracing::warn!(%error, "the credit run is tried again"))
        .is_ok()
}
