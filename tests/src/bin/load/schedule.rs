//! When requests are due in an open loop: shops don't wait for each other, so arrivals are those of
//! a Poisson process, with gaps drawn from an exponential distribution.

use std::time::Duration;

use anyhow::Context;
use rand::rngs::SmallRng;
use rand_distr::{Distribution as _, Exp};

/// The intended starts of a run's requests, counted from its beginning.
#[derive(Debug)]
pub(crate) struct Schedule {
    gaps: Gaps,
    random: SmallRng,
    /// The earliest start that was not taken yet.
    next: Duration,
    /// No request is due from then on.
    end: Duration,
}

#[expect(clippy::disallowed_types, reason = "time is no money")]
type Gaps = Exp<f64>;

impl Schedule {
    /// Arrivals at this rate a second until `end`.
    pub(crate) fn new(rate: u32, end: Duration, random: SmallRng) -> anyhow::Result<Self> {
        let gaps = Exp::new(rate.into()).ok().filter(|_| rate > 0).context("a rate is above 0")?;
        let mut schedule = Self { gaps, random, next: Duration::ZERO, end };
        schedule.advance();
        Ok(schedule)
    }

    /// When the next request is due; `None` when there is none any more.
    pub(crate) fn next(&self) -> Option<Duration> {
        (self.next < self.end).then_some(self.next)
    }

    /// Takes the next request when it is due by `now`, and says when it was.
    pub(crate) fn take(&mut self, now: Duration) -> Option<Duration> {
        let due = self.next().filter(|&due| due <= now)?;
        self.advance();
        Some(due)
    }

    /// Takes what was due and nobody had time for, and says how much it was.
    pub(crate) fn abandon(&mut self) -> u64 {
        let mut abandoned = 0_u64;
        while self.take(Duration::MAX).is_some() {
            abandoned = abandoned.saturating_add(1);
        }
        abandoned
    }

    fn advance(&mut self) {
        let gap = Duration::from_secs_f64(self.gaps.sample(&mut self.random));
        self.next = self.next.saturating_add(gap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::random;

    fn starts(rate: u32, seconds: u64, seed: u64) -> Vec<Duration> {
        let end = Duration::from_secs(seconds);
        let mut schedule = Schedule::new(rate, end, random(seed, 0)).unwrap();
        std::iter::from_fn(|| schedule.take(Duration::MAX)).collect()
    }

    #[test]
    fn arrivals_come_at_their_rate_and_in_order() {
        let starts = starts(10_000, 10, 1);
        // Five standard deviations of a Poisson count of 100,000.
        assert!(starts.len().abs_diff(100_000) < 1_600, "{}", starts.len());
        assert!(starts.is_sorted() && starts.last().unwrap() < &Duration::from_secs(10));
    }

    #[test]
    fn gaps_are_exponential() {
        let starts = starts(1_000, 100, 2);
        let long = Duration::from_millis(1);
        let longer =
            starts.windows(2).filter(|pair| pair[1].saturating_sub(pair[0]) > long).count();
        // One in e is longer than the mean.
        assert!(longer.abs_diff(starts.len() * 1_000 / 2_718) < starts.len() / 50, "{longer}");
    }

    #[test]
    fn a_seed_says_when() {
        assert_eq!(starts(100, 2, 3), starts(100, 2, 3));
        assert_ne!(starts(100, 2, 3), starts(100, 2, 4));
    }

    #[test]
    fn nothing_is_taken_before_it_is_due() {
        let mut schedule = Schedule::new(10, Duration::from_mins(1), random(1, 0)).unwrap();
        let due = schedule.next().unwrap();
        assert_eq!(schedule.take(due.saturating_sub(Duration::from_nanos(1))), None);
        assert_eq!(schedule.take(due), Some(due));
        assert!(schedule.next().unwrap() > due);
        assert!(schedule.abandon() > 400 && schedule.next().is_none());
        assert!(Schedule::new(0, Duration::MAX, random(1, 0)).is_err());
    }
}
