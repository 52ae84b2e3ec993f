//! Purchases a second by the number of connections, on both databases, round by round beside what
//! they are compared with.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use ewarong_tests::Backend;
use ewarong_tests::machine::Usage;
use ewarong_tests::process::command;

use crate::batches::{Ids, rows_a_second};
use crate::bench::{Bench, MOST_OTHERS, Measured};
use crate::databases::{Database, name_of, new_folder, say};
use crate::loads::{Load, median, undisturbed};
use crate::pgbench::Pgbench;
use crate::plot::{Chart, Line};
use crate::rows::{Figure, Floor, Row};
use crate::served::Served;

/// The numbers of connections of the curve; the ones with a floor are measured in every round.
const CURVE: [u32; 5] = [1, 4, 16, 64, 256];
const BACKENDS: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

/// What the server is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reference {
    SimpleUpdate,
    Debits,
    Ascending,
    Random,
    Nothing(u32),
    Memory(&'static str),
}

impl Reference {
    fn name(self) -> String {
        match self {
            Self::SimpleUpdate => "pgbench -N, 32 clients".to_owned(),
            Self::Debits => "a debit function, 32 clients".to_owned(),
            Self::Ascending => "bare batches of 512, ascending ids".to_owned(),
            Self::Random => "bare batches of 512, random ids".to_owned(),
            Self::Nothing(connections) => {
                format!("a server that does nothing, {connections} connections")
            }
            Self::Memory(_) => "the server with its store in memory, 256 connections".to_owned(),
        }
    }

    const fn on(self) -> &'static str {
        match self {
            Self::SimpleUpdate | Self::Debits => "PostgreSQL",
            Self::Ascending | Self::Random => "SQLite",
            Self::Nothing(_) => "",
            Self::Memory(on) => on,
        }
    }
}

/// What a purchase must be able to do a second.
const fn floor(backend: Backend, connections: u32) -> Option<u64> {
    match (backend, connections) {
        (Backend::Sqlite, 1) => Some(2_000),
        (Backend::Sqlite, 64) => Some(13_000),
        (Backend::Postgres, 1) => Some(1_500),
        (Backend::Sqlite, 256) | (Backend::Postgres, 64) => Some(16_000),
        (Backend::Postgres, 256) => Some(20_000),
        _ => None,
    }
}

/// All rounds.
#[derive(Debug, Default)]
struct Rounds {
    server: BTreeMap<(&'static str, u32), Vec<Measured>>,
    references: BTreeMap<Reference, Vec<(u64, Figure)>>,
}

/// Measures the curve on these databases, and the references when they are wanted.
pub(crate) fn measure(
    bench: &mut Bench,
    databases: &[Database],
    (cards, references): (u32, bool),
) -> anyhow::Result<()> {
    let pgbench = references.then(|| Pgbench::new(&bench.cluster, cards)).transpose()?;
    let mut rounds = Rounds::default();
    for round in 0..bench.effort.repeat {
        say(format_args!("round {} of {}", round.saturating_add(1), bench.effort.repeat));
        if let Some(pgbench) = &pgbench {
            rounds.measure_references(bench, pgbench, databases)?;
        }
        for (database, connections) in
            databases.iter().flat_map(|database| CURVE.map(|number| (database, number)))
        {
            let backend = database.backend;
            if round > 0 && floor(backend, connections).is_none() {
                continue;
            }
            let what = format!("{}, {connections} connections", name_of(backend));
            let load = Load::closed(connections, bench.effort.seconds);
            let measured = bench.measure(&what, (database, &[]), load)?;
            rounds.server.entry((name_of(backend), connections)).or_default().push(measured);
        }
    }
    rounds.tell(bench)
}

impl Rounds {
    fn measure_references(
        &mut self,
        bench: &mut Bench,
        pgbench: &Pgbench,
        databases: &[Database],
    ) -> anyhow::Result<()> {
        let seconds = bench.effort.seconds.div_ceil(2);
        self.add(Reference::SimpleUpdate, || pgbench.simple_update(seconds))?;
        self.add(Reference::Debits, || pgbench.debits(seconds))?;
        let batches = |ids| {
            let folder = new_folder()?;
            let (before, started) = (Usage::now(&[]), Instant::now());
            let rate = rows_a_second(folder.path(), ids, Duration::from_secs(seconds))?;
            let used = Usage::now(&[]).since(before);
            Ok((used.others_permille(started.elapsed()), rate))
        };
        self.add(Reference::Ascending, || batches(Ids::Ascending))?;
        self.add(Reference::Random, || batches(Ids::Random))?;
        for connections in [64, 256] {
            let Some(database) = databases.first() else { break };
            let mut nothing = command("bench");
            nothing.arg("nothing");
            let served = Served::start(nothing, &database.folder)?;
            let load = Load::closed(connections, seconds);
            self.add(Reference::Nothing(connections), || {
                let run = load.run(&database.demo, served.base_url(), &[served.pid()])?;
                Ok((run.others_permille(), run.rate()))
            })?;
        }
        for database in databases {
            let load = Load::closed(256, seconds);
            self.add(Reference::Memory(name_of(database.backend)), || {
                let mut memory = command("bench");
                memory
                    .args(["memory", "--database-url", &database.url, "--keys"])
                    .arg(&database.keys);
                let served = Served::start(memory, &database.folder)?;
                let servers = [Some(served.pid()), database.postmaster()];
                let servers = servers.into_iter().flatten().collect::<Vec<_>>();
                let run = load.run(&database.demo, served.base_url(), &servers)?;
                // In order, so that nobody is connected when the database is copied.
                served.stop()?;
                Ok((run.others_permille(), run.rate()))
            })?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        reference: Reference,
        measure: impl FnMut() -> anyhow::Result<(u64, Figure)>,
    ) -> anyhow::Result<()> {
        let found = undisturbed(MOST_OTHERS, measure)?;
        say(format_args!("{} {}: {}", reference.on(), reference.name(), found.1));
        self.references.entry(reference).or_default().push(found);
        Ok(())
    }

    fn reference(&self, reference: Reference) -> Option<(u64, Figure)> {
        median(self.references.get(&reference)?.clone(), |(_, figure)| figure.number())
    }

    /// Rows and charts of all rounds.
    fn tell(&self, bench: &mut Bench) -> anyhow::Result<()> {
        let mut charts = [
            chart("Purchases a second", "a second", false),
            chart("Time of 99 in 100 answers", "microseconds", true),
        ];
        for backend in BACKENDS {
            let mut lines = [Vec::new(), Vec::new()];
            for connections in CURVE {
                let Some(all) = self.server.get(&(name_of(backend), connections)) else { continue };
                let (row, of_median) = self.row((backend, connections), all)?;
                let latency = of_median.run.latency()?;
                for (line, number) in lines.iter_mut().zip([row.figure.number(), latency.p99]) {
                    line.push((connections, u32::try_from(number)?));
                }
                bench.rows.push(row);
            }
            for (chart, points) in charts.iter_mut().zip(lines) {
                chart.lines.push(Line { name: name_of(backend), points });
            }
        }
        self.tell_ratios(bench);
        self.tell_memory(bench);
        for reference in self.references.keys().copied() {
            let Some((others_permille, figure)) = self.reference(reference) else { continue };
            let all = self.references.get(&reference).into_iter().flatten();
            let mut row = Row::new(reference.name(), reference.on(), figure);
            row.repetitions = all.map(|&(_, figure)| figure).collect();
            row.others_permille = others_permille;
            bench.rows.push(row);
        }
        bench.charts.extend(charts);
        Ok(())
    }

    fn row(
        &self,
        (backend, connections): (Backend, u32),
        all: &[Measured],
    ) -> anyhow::Result<(Row, Measured)> {
        let by_rate = |measured: &Measured| measured.run.report.requests_per_second;
        let of_median = median(all.to_vec(), by_rate).context("nothing was measured")?;
        let what = match connections {
            1 => "purchases, 1 connection".to_owned(),
            _ => format!("purchases, {connections} connections"),
        };
        let mut row = Row::new(what, name_of(backend), of_median.run.rate());
        row.repetitions = all.iter().map(|measured| measured.run.rate()).collect();
        row.latency = Some(of_median.run.latency()?);
        row.others_permille = of_median.run.others_permille();
        row.floor = floor(backend, connections).map(|rate| Floor::AtLeast(Figure::PerSecond(rate)));
        let bare = self.reference(Reference::Nothing(connections)).map(|(_, figure)| figure);
        Ok((row.ratio("a server that does nothing", bare), of_median))
    }

    /// The ratios that have a floor of their own.
    fn tell_ratios(&self, bench: &mut Bench) {
        for backend in BACKENDS {
            let on = name_of(backend);
            let least = if backend == Backend::Postgres { 250 } else { 200 };
            let wanted = [
                (
                    64,
                    Reference::SimpleUpdate,
                    least,
                    "64 connections, as `pgbench -N` with 32 clients",
                ),
                (
                    256,
                    Reference::Memory(on),
                    30,
                    "256 connections, as the server with its store in memory",
                ),
            ];
            for (connections, reference, least, what) in wanted {
                let all = self.server.get(&(on, connections)).cloned().unwrap_or_default();
                let rate = median(all, |measured| measured.run.report.requests_per_second);
                let Some((rate, (_, other))) = rate.zip(self.reference(reference)) else {
                    continue;
                };
                let row = Row::new(what, on, rate.run.rate().times(other));
                bench.rows.push(row.floor(Floor::AtLeast(Figure::Hundredths(least))));
            }
        }
    }

    fn tell_memory(&self, bench: &mut Bench) {
        for backend in BACKENDS {
            let of_backend = self.server.iter().filter(|((on, _), _)| *on == name_of(backend));
            let peak = of_backend.flat_map(|(_, all)| all).map(|measured| measured.peak_kb).max();
            let Some(peak) = peak else { continue };
            let row = Row::new(
                "the server's memory at its peak",
                name_of(backend),
                Figure::Kilobytes(peak),
            );
            bench.rows.push(row.floor(Floor::AtMost(Figure::Kilobytes(300 * 1_024))));
        }
    }
}

const fn chart(title: &'static str, up: &'static str, steep: bool) -> Chart {
    Chart { title, across: "connections", up, steep, lines: Vec::new() }
}
