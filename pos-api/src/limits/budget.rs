//! So much a minute of something: a budget that fills up again as time goes by.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::Limit;

/// A budget, by the machine's monotonic clock. Without a limit it is never used up.
#[derive(Debug)]
pub(crate) struct Budget {
    limiter: Option<(DefaultDirectRateLimiter, NonZeroU32)>,
    began: Instant,
    /// Milliseconds after `began` until which it is used up.
    used_up_until: AtomicU64,
}

/// The budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UsedUp {
    /// Seconds until there is something again: at least one.
    pub(crate) wait: u32,
}

impl UsedUp {
    fn of(wait: Duration) -> Self {
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
        Self { wait: seconds.saturating_add(1) }
    }
}

impl Budget {
    /// A full budget of so much a minute.
    pub(crate) fn a_minute(limit: Limit) -> Self {
        let limiter = limit.most().map(|most| (RateLimiter::direct(Quota::per_minute(most)), most));
        Self { limiter, began: Instant::now(), used_up_until: AtomicU64::new(0) }
    }

    /// Takes `cost` out of the budget, if it is there.
    pub(crate) fn spend(&self, cost: NonZeroU32) -> Result<(), UsedUp> {
        let Some((limiter, most)) = &self.limiter else { return Ok(()) };
        // What costs more than there can be takes all there is.
        match limiter.check_n(cost.min(*most)) {
            Ok(Ok(())) | Err(_) => Ok(()),
            Ok(Err(not_until)) => {
                Err(UsedUp::of(not_until.wait_time_from(DefaultClock::default().now())))
            }
        }
    }

    /// Takes one out. Where there is none, the budget is used up until there is one again, which
    /// [`Self::left`] says.
    pub(crate) fn count(&self) -> Result<(), UsedUp> {
        self.spend(NonZeroU32::MIN).inspect_err(|used_up| {
            let until =
                Duration::from_secs(used_up.wait.into()).saturating_add(self.began.elapsed());
            let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
            self.used_up_until.fetch_max(until, Ordering::Relaxed);
        })
    }

    /// Whether counting found it used up, and for how long it still is.
    pub(crate) fn left(&self) -> Result<(), UsedUp> {
        let until = self.used_up_until.load(Ordering::Relaxed);
        if until == 0 {
            return Ok(());
        }
        match Duration::from_millis(until).checked_sub(self.began.elapsed()) {
            Some(wait) if !wait.is_zero() => Err(UsedUp::of(wait)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(most: u32) -> Budget {
        Budget::a_minute(Limit(most))
    }

    #[test]
    fn it_is_used_up_by_what_is_counted_and_says_for_how_long() {
        let budget = budget(2);
        assert_eq!((budget.count(), budget.count(), budget.left()), (Ok(()), Ok(()), Ok(())));
        let used_up = budget.count().unwrap_err();
        assert!((1..=31).contains(&used_up.wait), "{used_up:?}");
        assert!(budget.left().is_err());
    }

    #[test]
    fn what_costs_more_than_there_can_be_takes_all() {
        let budget = budget(3);
        let much = NonZeroU32::new(100).unwrap();
        assert_eq!(budget.spend(much), Ok(()));
        assert!(budget.spend(NonZeroU32::MIN).is_err());
        assert_eq!(budget.left(), Ok(()), "nothing was counted");
    }

    #[test]
    fn without_a_limit_it_is_never_used_up() {
        let budget = budget(0);
        assert!((0..10_000).all(|_| budget.count().is_ok() && budget.left().is_ok()));
    }
}
