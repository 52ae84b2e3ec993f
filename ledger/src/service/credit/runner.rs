//! Runs and their reversals that go on by themselves: one thread for each, which does not give up.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::super::shared::Shared;
use super::{sessions, take_back};

/// How long is waited before a step that failed is tried again, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A job to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::service) enum Job {
    /// A run.
    Run(i64),
    /// A run's reversal.
    Reversal(i64),
}

/// The jobs that this process is working on.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct CreditRunner(Arc<Mutex<HashSet<Job>>>);

impl CreditRunner {
    /// Carries it on in a thread of its own, unless one does so already. Whatever stops it, its row says
    /// how far it came, and the next start takes it up there.
    pub(in crate::service) fn start(&self, shared: &Arc<Shared>, job: Job) {
        if !self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(job) {
            return;
        }
        let (runner, weak) = (self.clone(), Arc::downgrade(shared));
        let work = move || {
            run_to_the_end(&weak, job);
            runner.forget(job);
        };
        let thread = std::thread::Builder::new().name("credit-run".to_owned()).spawn(work);
        if let Err(error) = thread {
            tracing::error!(%error, "there is no thread for the credit run");
            self.forget(job);
        }
    }

    fn forget(&self, job: Job) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
    }
}

/// Tries until it is done. A ledger that was closed ends it here; it is interrupted then.
fn run_to_the_end(ledger: &Weak<Shared>, job: Job) {
    let mut wait = FIRST_WAIT;
    while ledger.upgrade().is_some_and(|shared| !is_done(&shared, job)) {
        std::thread::sleep(wait);
        wait = wait.saturating_mul(2).min(LONGEST_WAIT);
    }
}

/// Carries it on as far as it goes; whether that is to its end.
fn is_done(shared: &Arc<Shared>, job: Job) -> bool {
    match job {
        Job::Run(id) => sessions::carry_on(shared, id, |_| {})
            .inspect(|run| tracing::info!(period = %run.period, "the credit run is done"))
            .inspect_err(|error| tracing::warn!(%error, "the credit run is tried again"))
            .is_ok(),
        Job::Reversal(id) => take_back::carry_on(shared, id)
            .inspect(|()| tracing::info!(id, "the credit run's reversal is done"))
            .inspect_err(|error| tracing::warn!(%error, "the reversal is tried again"))
            .is_ok(),
    }
}
