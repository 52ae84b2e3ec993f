//! What is counted during a run.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// Every how many acknowledged purchases one is kept for the check, and how many are kept at most.
const SAMPLE_EVERY: u64 = 100;
const SAMPLES: u64 = 1_000;

/// The state that all terminals share.
#[derive(Debug)]
pub(crate) struct Run {
    /// The counts so far.
    pub(crate) stats: RefCell<Stats>,
    warm_up: Cell<u64>,
    duration: Duration,
    /// When the measurement started and ended.
    span: Cell<Option<(Instant, Option<Instant>)>>,
}

impl Run {
    /// A run that measures for `duration` after `warm_up` requests.
    pub(crate) fn new(warm_up: u64, duration: Duration) -> Self {
        let stats = RefCell::new(Stats::new());
        Self { stats, warm_up: Cell::new(warm_up), duration, span: Cell::new(None) }
    }

    /// All terminals are logged in: without a warm-up the measurement starts now.
    pub(crate) fn begin(&self) {
        if self.warm_up.get() == 0 {
            self.span.set(Some((Instant::now(), None)));
        }
    }

    /// All terminals have stopped.
    pub(crate) fn end(&self) {
        if let Some((start, _)) = self.span.get() {
            self.span.set(Some((start, Some(Instant::now()))));
        }
    }

    /// Whether the terminals stop now.
    pub(crate) fn is_over(&self) -> bool {
        self.span.get().is_some_and(|(start, _)| start.elapsed() >= self.duration)
    }

    /// How long was measured.
    pub(crate) fn measured(&self) -> Duration {
        self.span.get().map_or(Duration::ZERO, |(start, end)| {
            end.unwrap_or_else(Instant::now).duration_since(start)
        })
    }

    /// What the lines of the seconds begin with.
    pub(crate) fn phase(&self) -> String {
        match self.span.get() {
            None => "warm-up".to_owned(),
            Some(_) => format!("{:4} s ", self.measured().as_secs()),
        }
    }

    /// Counts an answer that took this long, and starts the measurement after the last of the
    /// warm-up.
    pub(crate) fn answered(&self, status: u16, code: Option<&str>, took: Duration) {
        self.stats.borrow_mut().answered(status, code, took);
        let left = self.warm_up.get();
        if left > 0 {
            self.warm_up.set(left.saturating_sub(1));
            if left == 1 {
                self.stats.borrow_mut().forget_times();
                self.span.set(Some((Instant::now(), None)));
            }
        }
    }
}

/// How many purchases there were of a kind and their amount in rupiah.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Purchases {
    /// How many.
    pub(crate) count: u64,
    /// In rupiah.
    pub(crate) amount: u64,
}

impl Purchases {
    /// Counts one more.
    pub(crate) fn add(&mut self, amount: u64) {
        self.count = self.count.saturating_add(1);
        self.amount = self.amount.saturating_add(amount);
    }
}

/// An acknowledged purchase to ask for again.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// The merchant's place in the demo's list.
    pub(crate) merchant: usize,
    /// The redemption's public id.
    pub(crate) id: String,
    /// In rupiah.
    pub(crate) amount: u64,
}

/// The counts. Times are in microseconds, a request's with all its repetitions.
#[derive(Debug)]
pub(crate) struct Stats {
    /// All measured requests.
    pub(crate) times: Histogram<u64>,
    second: Histogram<u64>,
    /// Measured answers by HTTP status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Measured refusals and problems by code.
    pub(crate) codes: BTreeMap<String, u64>,
    /// Requests sent again because the server was busy or the outcome unknown, by the reason.
    pub(crate) repeated: BTreeMap<String, u64>,
    /// Purchases that were approved, in the warm-up too.
    pub(crate) acknowledged: Purchases,
    /// Purchases without an answer at the end.
    pub(crate) unknown: Purchases,
    /// Replays that were not the first answer's bytes, or not marked as replays.
    pub(crate) replays_differ: u64,
    /// Some of the latest acknowledged purchases.
    pub(crate) samples: Vec<Sample>,
}

impl Stats {
    fn new() -> Self {
        // Ten minutes are more than any request is waited for.
        let histogram = || Histogram::new_with_max(600_000_000, 3).expect("the bounds are allowed");
        Self {
            times: histogram(),
            second: histogram(),
            statuses: BTreeMap::new(),
            codes: BTreeMap::new(),
            repeated: BTreeMap::new(),
            acknowledged: Purchases::default(),
            unknown: Purchases::default(),
            replays_differ: 0,
            samples: Vec::new(),
        }
    }

    fn answered(&mut self, status: u16, code: Option<&str>, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.times.saturating_record(micros);
        self.second.saturating_record(micros);
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

    /// Counts an approved purchase; `id` is looked for only when it becomes a sample.
    pub(crate) fn acknowledge<'a>(
        &mut self,
        merchant: usize,
        amount: u64,
        id: impl FnOnce() -> Option<&'a str>,
    ) {
        self.acknowledged.add(amount);
        if !self.acknowledged.count.is_multiple_of(SAMPLE_EVERY) {
            return;
        }
        let sample = Sample { merchant, amount, id: id().unwrap_or_default().to_owned() };
        let turn = self.acknowledged.count.wrapping_div(SAMPLE_EVERY).wrapping_rem(SAMPLES);
        match usize::try_from(turn).ok().and_then(|turn| self.samples.get_mut(turn)) {
            Some(oldest) => *oldest = sample,
            None => self.samples.push(sample),
        }
    }

    /// The line of the second that has passed.
    pub(crate) fn second_line(&mut self, phase: String) -> String {
        let line = format!(
            "{phase}  {:7}/s  p50 {:6} us  p99 {:7} us",
            self.second.len(),
            self.second.value_at_quantile(0.5),
            self.second.value_at_quantile(0.99),
        );
        self.second.reset();
        line
    }

    fn forget_times(&mut self) {
        self.times.reset();
        self.statuses.clear();
        self.codes.clear();
        self.repeated.clear();
    }
}

fn increment(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count = count.saturating_add(1),
        None => drop(counts.insert(name.to_owned(), 1)),
    }
}
