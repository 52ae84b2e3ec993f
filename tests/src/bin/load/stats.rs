//! What is counted while a run goes on. Times are in microseconds, from a request's intended start
//! to its answer's last byte, with all its repetitions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

/// Times at which so many of the requests were answered.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Percentiles {
    /// Half.
    pub(crate) p50: u64,
    /// Nine in ten.
    pub(crate) p90: u64,
    /// 99 in 100.
    pub(crate) p99: u64,
    /// 999 in 1,000.
    pub(crate) p99_9: u64,
    /// 9,999 in 10,000.
    pub(crate) p99_99: u64,
    /// All.
    pub(crate) max: u64,
}

impl Percentiles {
    fn of(times: &Histogram<u64>) -> Self {
        let at = |quantile| times.value_at_quantile(quantile);
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            p99_99: at(0.9999),
            max: times.max(),
        }
    }
}

/// One second of the measurement: what was answered in it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Second {
    /// Which, from 0.
    pub(crate) number: u64,
    /// How many answers.
    pub(crate) answers: u64,
    /// Half of them took at most this long.
    pub(crate) p50: u64,
    /// 99 of 100 did.
    pub(crate) p99: u64,
    /// All did.
    pub(crate) max: u64,
}

/// The counts.
#[derive(Debug)]
pub(crate) struct Stats {
    /// When the current phase started, and how long it takes when it is the measurement.
    started: Instant,
    duration: Option<Duration>,
    times: Histogram<u64>,
    second: Histogram<u64>,
    /// The phase's seconds that are over.
    pub(crate) seconds: Vec<Second>,
    /// Answers in the warm-up.
    pub(crate) warmed_up: u64,
    /// Answers before the measurement's end.
    pub(crate) in_time: u64,
    /// Measured answers by HTTP status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Measured refusals and problems by code.
    pub(crate) codes: BTreeMap<String, u64>,
    /// Requests sent again because the server was busy or the outcome unknown, by the reason.
    pub(crate) repeated: BTreeMap<String, u64>,
    /// Replays that were not the first answer's bytes, or not marked as replays.
    pub(crate) replays_differ: u64,
}

impl Stats {
    /// Counts from now on, as a warm-up.
    pub(crate) fn new(now: Instant) -> anyhow::Result<Self> {
        // Ten minutes are more than any request is waited for.
        let histogram = || Histogram::new_with_max(600_000_000, 3);
        Ok(Self {
            started: now,
            duration: None,
            times: histogram()?,
            second: histogram()?,
            seconds: Vec::new(),
            warmed_up: 0,
            in_time: 0,
            statuses: BTreeMap::new(),
            codes: BTreeMap::new(),
            repeated: BTreeMap::new(),
            replays_differ: 0,
        })
    }

    /// Forgets the warm-up's counts: the measurement starts now.
    pub(crate) fn begin(&mut self, now: Instant, duration: Duration) {
        (self.started, self.duration, self.in_time) = (now, Some(duration), 0);
        self.warmed_up = self.times.len();
        self.times.reset();
        self.second.reset();
        self.seconds.clear();
        self.statuses.clear();
        self.codes.clear();
        self.repeated.clear();
    }

    /// How long the measurement has gone on; `None` before it.
    pub(crate) fn measured(&self, now: Instant) -> Option<Duration> {
        self.duration.map(|_| now.saturating_duration_since(self.started))
    }

    /// Whether the measurement's time is over.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.duration
            .is_some_and(|duration| now.saturating_duration_since(self.started) >= duration)
    }

    /// When the current second ends.
    pub(crate) fn second_ends(&self) -> Instant {
        let number = u64::try_from(self.seconds.len()).unwrap_or(u64::MAX).saturating_add(1);
        self.started.checked_add(Duration::from_secs(number)).unwrap_or(self.started)
    }

    /// Ends the seconds that are over and gives a line for each.
    pub(crate) fn end_seconds(&mut self, now: Instant) -> Vec<String> {
        let mut lines = Vec::new();
        while self.second_ends() <= now {
            let ended = Second {
                number: u64::try_from(self.seconds.len()).unwrap_or(u64::MAX),
                answers: self.second.len(),
                p50: self.second.value_at_quantile(0.5),
                p99: self.second.value_at_quantile(0.99),
                max: self.second.max(),
            };
            self.seconds.push(ended);
            self.second.reset();
            let Second { number, answers, p50, p99, max } = ended;
            let phase = if self.duration.is_some() { "" } else { "warm-up " };
            lines.push(format!(
                "{phase}{number:4} s  {answers:7}/s  p50 {p50:6}  p99 {p99:7}  max {max:7} us"
            ));
        }
        lines
    }

    /// Counts an answer at `now` to a request that was due at `intended`. What was due before the
    /// measurement is not measured.
    pub(crate) fn answered(
        &mut self,
        (status, code): (u16, Option<&str>),
        (intended, now): (Instant, Instant),
    ) {
        if intended < self.started {
            return;
        }
        let took = now.saturating_duration_since(intended).as_micros();
        let micros = u64::try_from(took).unwrap_or(u64::MAX);
        self.times.saturating_record(micros);
        self.second.saturating_record(micros);
        if !self.is_over(now) {
            self.in_time = self.in_time.saturating_add(1);
        }
        let count = self.statuses.entry(status).or_default();
        *count = count.saturating_add(1);
        if let Some(code) = code {
            increment(&mut self.codes, code);
        }
    }

    /// Counts a repetition for this reason: a status, or what happened to the connection.
    pub(crate) fn repeated(&mut self, reason: &str) {
        increment(&mut self.repeated, reason);
    }

    /// How many answers there were in this phase.
    pub(crate) fn answers(&self) -> u64 {
        self.times.len()
    }

    /// How long they took.
    pub(crate) fn percentiles(&self) -> Percentiles {
        Percentiles::of(&self.times)
    }
}

fn increment(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count = count.saturating_add(1),
        None => drop(counts.insert(name.to_owned(), 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn percentiles_are_those_of_the_intended_starts() {
        let start = Instant::now();
        let mut stats = Stats::new(start).unwrap();
        stats.begin(start, Duration::from_mins(1));
        // 10,000 answers after 1 to 10,000 milliseconds, all due at the start.
        for millis in 1..=10_000 {
            stats.answered((201, None), (start, start + MILLI * millis));
        }
        let found = stats.percentiles();
        let wanted = [
            (found.p50, 5_000),
            (found.p90, 9_000),
            (found.p99, 9_900),
            (found.p99_9, 9_990),
            (found.p99_99, 9_999),
            (found.max, 10_000),
        ];
        for (micros, millis) in wanted {
            // Three digits are exact.
            assert!(micros.abs_diff(millis * 1_000) <= micros / 1_000, "{micros} and not {millis}");
        }
        assert_eq!((stats.answers(), stats.statuses[&201]), (10_000, 10_000));
    }

    #[test]
    fn the_warm_up_and_what_was_due_in_it_are_not_measured() {
        let start = Instant::now();
        let mut stats = Stats::new(start).unwrap();
        stats.answered((201, None), (start, start + MILLI));
        assert!(stats.measured(start + MILLI).is_none());
        let begun = start + MILLI * 10;
        stats.begin(begun, Duration::from_secs(1));
        stats.answered((201, None), (start, begun + MILLI));
        assert_eq!(stats.answers(), 0);
        stats.answered((402, Some("pin_wrong")), (begun, begun + MILLI));
        stats.answered((201, None), (begun, begun + MILLI * 1_001));
        assert_eq!((stats.answers(), stats.in_time), (2, 1));
        assert_eq!(stats.codes["pin_wrong"], 1);
    }

    #[test]
    fn a_second_without_an_answer_is_one_too() {
        let start = Instant::now();
        let mut stats = Stats::new(start).unwrap();
        stats.begin(start, Duration::from_secs(9));
        stats.answered((201, None), (start, start + MILLI * 5));
        assert!(stats.end_seconds(start + MILLI * 999).is_empty());
        assert_eq!(stats.end_seconds(start + MILLI * 2_500).len(), 2);
        let answers = stats.seconds.iter().map(|second| second.answers).collect::<Vec<_>>();
        assert_eq!(answers, [1, 0]);
        assert!(stats.seconds[0].max.abs_diff(5_000) <= 5);
    }
}
