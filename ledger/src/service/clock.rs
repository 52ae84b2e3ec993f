//! Time, from outside the domain: the machine's clock, or one that is set by hand.
//!
//! Tokens and rate limits go by it directly. What is recorded goes by [`super::recorded`], which holds
//! it against what was recorded before and against the database's clock.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::calendar::Instant;

/// Where the time comes from.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The time now.
    fn now(&self) -> Instant;

    /// Whether that is the real time, which can be held against other clocks. One that is set by hand is
    /// in charge alone.
    fn is_real(&self) -> bool;
}

/// The machine's clock, unchanged: it goes back when it is set back.
#[derive(Debug, Default)]
pub struct SystemClock(());

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let now = std::time::SystemTime::now();
        let millis = now
            .duration_since(std::time::UNIX_EPOCH)
            .ok()
            .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
            .unwrap_or(0);
        Instant::from_millis(millis)
    }

    fn is_real(&self) -> bool {
        true
    }
}

/// A clock that is set by hand: for the demo's month, and for tests. It never goes back.
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

    fn is_real(&self) -> bool {
        false
    }
}
