//! Whether purchases can be decided, judged by recent requests.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::ids::AccountId;

/// Failures one after the other, of different families, from which on nothing seems to work.
const FAILURES: u32 = 3;
/// How long a failure is held against the lanes when nothing is asked for any more: whoever looks whether
/// they are ready sends nothing until they are.
const MEMORY: Duration = Duration::from_secs(15);

/// What the latest decisions came to.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Option<Failures>>);

/// Failures since the last decision.
#[derive(Clone, Copy, Debug)]
struct Failures {
    /// Of different families; one that tries again and again may have a fault of its own.
    count: u32,
    last: AccountId,
    at: Instant,
}

impl Health {
    /// A batch was decided.
    pub(super) fn decided(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A command could not be decided although nothing was wrong with it.
    pub(super) fn failed(&self, anchor: AccountId) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = failures.map_or(0, |known| known.count);
        let again = failures.is_some_and(|known| known.last == anchor);
        let count = if again { before } else { before.saturating_add(1) };
        *failures = Some(Failures { count, last: anchor, at: Instant::now() });
    }

    /// Whether decisions succeed, as far as it is known.
    pub(super) fn is_good(&self) -> bool {
        let failures = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.is_none_or(|known| known.count < FAILURES || known.at.elapsed() > MEMORY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_that_fail_one_after_the_other_tell_and_one_alone_does_not() {
        let health = Health::default();
        assert!(health.is_good());
        for _ in 0..10 {
            health.failed(AccountId(1));
        }
        assert!(health.is_good(), "one family may have a fault of its own");
        health.failed(AccountId(2));
        health.failed(AccountId(3));
        assert!(!health.is_good());
        health.decided();
        assert!(health.is_good());
    }
}
