//! Time, from outside the domain.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::calendar::Instant;

/// Where the time comes from. It never goes back.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The time now.
    fn now(&self) -> Instant;
}

/// The machine's clock, held where it goes back.
#[derive(Debug, Default)]
pub struct SystemClock {
    last: AtomicI64,
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let now = std::time::SystemTime::now();
        let millis = now
            .duration_since(std::time::UNIX_EPOCH)
            .ok()
            .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
            .unwrap_or(0);
        Instant::from_millis(self.last.fetch_max(millis, Ordering::AcqRel).max(millis))
    }
}

/// A clock that is set by hand: for the demo's month, and for tests.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn new(now: Instant) -> Self {
        Self { now: AtomicI64::new(now.as_millis()) }
    }

    /// Moves the clock on to `now`; it is not moved back.
    pub fn advance_to(&self, now: Instant) {
        self.now.fetch_max(now.as_millis(), Ordering::AcqRel);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.now.load(Ordering::Acquire))
    }
}
