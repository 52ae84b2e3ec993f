//! What a run found, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use ewarong_tests::machine::Usage;
use serde::Serialize;

use crate::check::Check;
use crate::engine::Left;
use crate::receipts::{Standing, Sum};
use crate::stats::{Percentiles, Second};
use crate::terminal::Town;

/// How a run was asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Asked {
    pub(crate) connections: u32,
    /// Arrivals a second; `None` in a closed loop.
    pub(crate) rate: Option<u32>,
    pub(crate) mix: String,
    pub(crate) cards: String,
    pub(crate) warm_up: u64,
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
}

/// The whole report. Times of requests are in microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    asked: Asked,
    /// Measured requests that were answered, and how many of them before the measurement's end.
    requests: u64,
    in_time: u64,
    requests_per_second: u64,
    latency_us: Percentiles,
    statuses: BTreeMap<u16, u64>,
    codes: BTreeMap<String, u64>,
    repeated: BTreeMap<String, u64>,
    replays_differ: u64,
    #[serde(flatten)]
    left: LeftOver,
    /// Acknowledged, in the warm-up too.
    approved: Sum,
    reversed: Sum,
    /// Of warm-up and measurement.
    processors: Processors,
    by_second: Vec<Second>,
    /// When it was asked for.
    pub(crate) check: Option<Check>,
}

#[derive(Debug, Serialize)]
struct LeftOver {
    unanswered: u64,
    unsent: u64,
}

/// Processor time, and what of it was for this run.
#[derive(Debug, Serialize)]
struct Processors {
    #[serde(flatten)]
    usage: Usage,
    /// What others took, when it is known which processes serve; in thousandths of all there was.
    others_permille: Option<u64>,
    /// What this program took for a request, in nanoseconds.
    own_ns_per_request: u64,
}

impl Report {
    /// Of a run that is over; `measured` is what was used while it went on, for how many requests.
    pub(crate) fn new(
        asked: Asked,
        town: &Town,
        left: Left,
        processors: (Usage, Option<u64>),
    ) -> Self {
        let stats = &town.stats;
        let (usage, others_permille) = processors;
        let own_ns_per_request = usage
            .own_ms
            .saturating_mul(1_000_000)
            .checked_div(stats.answers().saturating_add(stats.warmed_up))
            .unwrap_or(0);
        Self {
            requests: stats.answers(),
            in_time: stats.in_time,
            requests_per_second: stats.in_time.checked_div(asked.seconds).unwrap_or(0),
            latency_us: stats.percentiles(),
            statuses: stats.statuses.clone(),
            codes: stats.codes.clone(),
            repeated: stats.repeated.clone(),
            replays_differ: stats.replays_differ,
            left: LeftOver { unanswered: left.unanswered, unsent: left.unsent },
            approved: town.receipts.acknowledged(),
            reversed: town.receipts.standing(Standing::Reversed),
            processors: Processors { usage, others_permille, own_ns_per_request },
            by_second: stats.seconds.clone(),
            check: None,
            asked,
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Asked { connections, rate, mix, cards, seconds, .. } = &self.asked;
        write!(f, "{mix}, {cards} cards, {connections} connections, {seconds} s, ")?;
        match rate {
            Some(rate) => write!(f, "{rate}/s asked for: ")?,
            None => write!(f, "closed loop: ")?,
        }
        writeln!(f, "{}/s", self.requests_per_second)?;
        let Percentiles { p50, p90, p99, p99_9, p99_99, max } = self.latency_us;
        write!(f, "latency  p50 {p50}  p90 {p90}  p99 {p99}  p99.9 {p99_9}  p99.99 {p99_99}")?;
        writeln!(f, "  max {max} us")?;
        writeln!(f, "status   {}", Counts(&self.statuses))?;
        writeln!(f, "refused  {}", Counts(&self.codes))?;
        writeln!(f, "repeated {}", Counts(&self.repeated))?;
        let LeftOver { unanswered, unsent } = self.left;
        if unanswered > 0 || unsent > 0 || self.replays_differ > 0 {
            write!(f, "left     {unanswered} unanswered, {unsent} unsent, ")?;
            writeln!(f, "{} replays differ from the first answer", self.replays_differ)?;
        }
        self.processors.fmt(f)?;
        self.check.as_ref().map_or(Ok(()), |check| write!(f, "\n{check}"))
    }
}

impl Display for Processors {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Usage { own_ms, servers_ms, busy_ms, stolen_ms } = self.usage;
        write!(f, "cpu      own {own_ms} ms ({} ns a request)", self.own_ns_per_request)?;
        if let Some(permille) = self.others_permille {
            let (percent, tenth) = (permille.wrapping_div(10), permille.wrapping_rem(10));
            let others_ms = self.usage.others_ms();
            write!(f, ", servers {servers_ms} ms, others {others_ms} ms ({percent}.{tenth} %)")?;
        }
        write!(f, ", machine {busy_ms} ms, stolen {stolen_ms} ms")
    }
}

/// `name: count, name: count, ...`
struct Counts<'a, Name>(&'a BTreeMap<Name, u64>);

impl<Name: Display> Display for Counts<'_, Name> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(f, "none");
        }
        for (place, (name, count)) in self.0.iter().enumerate() {
            let gap = if place == 0 { "" } else { ", " };
            write!(f, "{gap}{name}: {count}")?;
        }
        Ok(())
    }
}
