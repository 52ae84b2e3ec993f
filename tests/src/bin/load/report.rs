//! What a run found, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::check::Money;
use crate::machine::Usage;
use crate::stats::Run;

/// The whole report.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    connections: usize,
    measured_ms: u64,
    requests: u64,
    requests_per_second: u64,
    latency_us: Latency,
    statuses: BTreeMap<u16, u64>,
    codes: BTreeMap<String, u64>,
    repeated: BTreeMap<String, u64>,
    replays_differ: u64,
    /// With the warm-up, as is the processor time.
    approved: u64,
    usage: Usage,
    /// When it was asked for.
    pub(crate) money: Option<Money>,
}

/// Microseconds from a request's first byte out to its answer's last byte in.
#[derive(Debug, Serialize)]
struct Latency {
    p50: u64,
    p90: u64,
    p99: u64,
    p99_9: u64,
    max: u64,
}

impl Report {
    /// Of a run that is over.
    pub(crate) fn new(connections: usize, run: &Run, usage: Usage) -> Self {
        let stats = run.stats.borrow();
        let measured_ms = u64::try_from(run.measured().as_millis()).unwrap_or(u64::MAX);
        let requests = stats.times.len();
        let at = |quantile| stats.times.value_at_quantile(quantile);
        Self {
            connections,
            measured_ms,
            requests,
            requests_per_second: requests
                .saturating_mul(1_000)
                .checked_div(measured_ms)
                .unwrap_or(0),
            latency_us: Latency {
                p50: at(0.5),
                p90: at(0.9),
                p99: at(0.99),
                p99_9: at(0.999),
                max: stats.times.max(),
            },
            statuses: stats.statuses.clone(),
            codes: stats.codes.clone(),
            repeated: stats.repeated.clone(),
            replays_differ: stats.replays_differ,
            approved: stats.acknowledged.count,
            usage,
            money: None,
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Latency { p50, p90, p99, p99_9, max } = self.latency_us;
        writeln!(
            f,
            "{} requests over {} connections in {} ms: {}/s",
            self.requests, self.connections, self.measured_ms, self.requests_per_second
        )?;
        writeln!(f, "latency  p50 {p50}  p90 {p90}  p99 {p99}  p99.9 {p99_9}  max {max} us")?;
        writeln!(f, "status   {}", Counts(&self.statuses))?;
        writeln!(f, "refused  {}", Counts(&self.codes))?;
        writeln!(f, "repeated {}", Counts(&self.repeated))?;
        if self.replays_differ > 0 {
            writeln!(f, "replays that differ from the first answer: {}", self.replays_differ)?;
        }
        let Usage { own_cpu_ms, busy_ms, steal_ms } = self.usage;
        write!(f, "cpu      own {own_cpu_ms}  machine {busy_ms}  stolen {steal_ms} ms")?;
        let Some(money) = &self.money else { return Ok(()) };
        let verdict = if money.holds { "holds" } else { "DOES NOT HOLD" };
        write!(f, "\nmoney    {verdict}: ")?;
        match money.payable_growth {
            Some(growth) => write!(f, "payable grew by {growth}")?,
            None => write!(f, "payable was not checked, there is no trial balance")?,
        }
        let Money { acknowledged, unknown, samples, .. } = money;
        write!(f, ", acknowledged {acknowledged}, unknown {unknown}, {samples} samples")?;
        for lost in &money.lost {
            write!(f, "\n  lost   {lost}")?;
        }
        Ok(())
    }
}

/// `name count  name count ...`
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
