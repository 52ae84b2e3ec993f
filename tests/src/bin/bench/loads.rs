//! The load generator as a child process, and what it reports.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use ewarong_tests::process::command;
use serde::Deserialize;
use serde_json::Value;

use crate::databases::run;
use crate::rows::{Figure, Latency};

/// How often a measurement that others disturbed is made again.
const AGAIN: u32 = 2;

/// What to ask of the load generator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Terminals.
    pub(crate) connections: u32,
    /// Arrivals a second; `None` for a closed loop.
    pub(crate) rate: Option<u32>,
    /// How long to measure.
    pub(crate) seconds: u64,
    /// Answers before the measurement.
    pub(crate) warm_up: u64,
    /// Whether everything that was acknowledged is looked for in the end.
    pub(crate) check: bool,
}

impl Load {
    /// A closed loop after a short warm-up.
    pub(crate) const fn closed(connections: u32, seconds: u64) -> Self {
        Self { connections, rate: None, seconds, warm_up: 2_000, check: false }
    }

    /// Runs it against a server, whose processes are these.
    pub(crate) fn run(
        self,
        demo: &Path,
        base_url: &str,
        servers: &[u32],
    ) -> anyhow::Result<LoadRun> {
        let json = demo.with_file_name("load.json");
        let mut load = command("load");
        load.arg("--demo").arg(demo).args(["--base-url", base_url]).arg("--json").arg(&json);
        let numbers = [
            ("--connections", u64::from(self.connections)),
            ("--seconds", self.seconds),
            ("--warm-up", self.warm_up),
        ];
        let rate = self.rate.map(|rate| ("--rate", u64::from(rate)));
        let servers = servers.iter().map(|&server| ("--server-pid", u64::from(server)));
        for (name, number) in numbers.into_iter().chain(rate).chain(servers) {
            load.args([name, &number.to_string()]);
        }
        if self.check {
            load.arg("--check");
        }
        run(load)?;
        let text = fs::read_to_string(&json)?;
        let report: LoadReport = serde_json::from_str(&text)?;
        let approved = report.statuses.get("201").copied().unwrap_or(0);
        let most = approved.saturating_mul(100);
        ensure!(
            most >= report.requests.saturating_mul(99),
            "too few purchases were approved: {:?} {:?}",
            report.statuses,
            report.codes
        );
        Ok(LoadRun { report, whole: serde_json::from_str(&text)? })
    }
}

/// What the load generator reports.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LoadReport {
    pub(crate) requests: u64,
    pub(crate) requests_per_second: u64,
    latency_us: BTreeMap<String, u64>,
    statuses: BTreeMap<String, u64>,
    codes: BTreeMap<String, u64>,
    pub(crate) approved: Approved,
    processors: Processors,
}

/// Purchases, the warm-up's too.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Approved {
    pub(crate) count: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Processors {
    others_permille: Option<u64>,
}

/// A run of the load generator: what the table needs, and all of it.
#[derive(Debug, Clone)]
pub(crate) struct LoadRun {
    pub(crate) report: LoadReport,
    pub(crate) whole: Value,
}

impl LoadRun {
    /// Answers a second.
    pub(crate) fn rate(&self) -> Figure {
        Figure::PerSecond(self.report.requests_per_second)
    }

    /// How long answers took.
    pub(crate) fn latency(&self) -> anyhow::Result<Latency> {
        let at = |name: &str| self.report.latency_us.get(name).copied().context("no latency");
        Ok(Latency { p50: at("p50")?, p99: at("p99")?, p99_9: at("p99_9")? })
    }

    /// What others took of the processors, in thousandths.
    pub(crate) fn others_permille(&self) -> u64 {
        self.report.processors.others_permille.unwrap_or(0)
    }
}

/// Measures until others took little enough meanwhile, a few times at the most; gives the least
/// disturbed.
pub(crate) fn undisturbed<T>(
    most_others: u64,
    mut measure: impl FnMut() -> anyhow::Result<(u64, T)>,
) -> anyhow::Result<(u64, T)> {
    let mut best = measure()?;
    for _ in 0..AGAIN {
        if best.0 <= most_others {
            break;
        }
        let again = measure()?;
        if again.0 < best.0 {
            best = again;
        }
    }
    Ok(best)
}

/// The one in the middle; of an even number the lower one.
pub(crate) fn median<T>(mut all: Vec<T>, by: impl Fn(&T) -> u64) -> Option<T> {
    all.sort_by_key(&by);
    let middle = all.len().checked_sub(1)?.wrapping_div(2);
    (middle < all.len()).then(|| all.swap_remove(middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![5, 1, 9], |&number| number), Some(5));
        assert_eq!(median(vec![4, 1], |&number| number), Some(1));
        assert_eq!(median(Vec::<u64>::new(), |&number| number), None);
    }

    #[test]
    fn a_disturbed_measurement_is_made_again_and_the_calmest_taken() {
        let run = |others: &[u64]| {
            let mut left = others.iter().copied();
            let calmest = undisturbed(50, || left.next().map(|one| (one, one)).context("too many"));
            (calmest.unwrap().0, left.count())
        };
        assert_eq!(run(&[10, 0]), (10, 1));
        assert_eq!(run(&[90, 20, 0]), (20, 1));
        assert_eq!(run(&[90, 70, 80]), (70, 0));
    }
}
