//! The benchmark: everything that has a floor, and what it is compared with, in one run.
//!
//! Servers, load generator and databases are the release builds beside this program; `PostgreSQL` is
//! a throw-away cluster with default settings. A measurement starts on a fresh copy of a database in
//! which was bought before, and is made again when others took too much of the processors meanwhile.

mod batches;
mod bench;
mod conditions;
mod credit;
mod databases;
mod disk;
mod growth;
mod headline;
mod loads;
mod memory;
mod nothing;
mod pgbench;
mod plot;
mod rows;
mod served;

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use ewarong_tests::Backend;

use crate::bench::{Bench, Effort};

/// Measures the server beside its references, and writes a table, a plot and all figures.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Args {
    /// About two minutes: short measurements, each made once, of no more than 100,000 cards.
    #[arg(long)]
    quick: bool,
    /// Also as many cards as the nation has, on `PostgreSQL`; takes long.
    #[arg(long)]
    nation: bool,
    /// Only this part; may be given more than once.
    #[arg(long)]
    only: Vec<Part>,
    /// How long the server is measured each time [default: 10, quick 3].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// How often what has a floor is measured; the median is told [default: 3, quick 1].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: Option<u32>,
    /// Where `results.json` and `plot.svg` go.
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    out: PathBuf,
    #[command(subcommand)]
    helper: Option<Helper>,
}

/// What the benchmark runs of itself, in processes of their own.
#[derive(Debug, Subcommand)]
#[command(hide = true)]
enum Helper {
    /// Serves nothing.
    #[command(hide = true)]
    Nothing,
    /// Serves with a store in memory.
    #[command(hide = true)]
    Memory {
        #[arg(long)]
        database_url: String,
        #[arg(long)]
        keys: PathBuf,
    },
    /// Tells how long an `fsync` takes, in microseconds.
    #[command(hide = true)]
    ProbeDisk { file: PathBuf },
}

/// A part of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Throughput and latency by the number of connections.
    Curve,
    /// What the curve is compared with.
    References,
    /// 256 connections on a disk whose `fsync` takes a millisecond longer.
    SlowDisk,
    /// Latency at a fixed rate of arrivals.
    Arrivals,
    /// What a purchase takes of the database.
    Bytes,
    /// The monthly credit.
    Credit,
    /// Throughput by the number of cards.
    Growth,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    match &args.helper {
        None => measure(&args),
        Some(Helper::Nothing) => nothing::serve(),
        Some(Helper::Memory { database_url, keys }) => memory::serve(database_url, keys),
        Some(Helper::ProbeDisk { file }) => {
            let micros = disk::probe(file)?.as_micros();
            Ok(writeln!(io::stdout(), "{micros}")?)
        }
    }
}

fn measure(args: &Args) -> anyhow::Result<()> {
    let (seconds, repeat, rows, most_cards) =
        if args.quick { (3, 1, 50_000, 100_000) } else { (10, 3, 200_000, 1_000_000) };
    let effort = Effort {
        seconds: args.seconds.unwrap_or(seconds),
        repeat: args.repeat.unwrap_or(repeat),
        rows,
        most_cards: if args.nation { growth::NATION } else { most_cards },
    };
    let wants = |part| args.only.is_empty() || args.only.contains(&part);
    let mut bench = Bench::new(effort);
    let cards = 100_000;
    let parts = [Part::Curve, Part::SlowDisk, Part::Arrivals, Part::Bytes, Part::Credit];
    if parts.into_iter().any(wants) {
        let databases = [Backend::Sqlite, Backend::Postgres];
        let databases = databases.map(|backend| bench.grown(backend, cards));
        let databases = databases.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        if wants(Part::Curve) {
            headline::measure(&mut bench, &databases, (cards, wants(Part::References)))?;
        }
        if wants(Part::SlowDisk) {
            conditions::slow_disk(&mut bench, &databases, cards)?;
        }
        if wants(Part::Arrivals) {
            conditions::arrivals(&mut bench, &databases)?;
        }
        for database in &databases {
            if database.backend == Backend::Postgres && wants(Part::Bytes) {
                conditions::bytes(&mut bench, database)?;
            }
            if database.backend == Backend::Postgres && wants(Part::Credit) {
                credit::measure(&mut bench, database)?;
            }
        }
    }
    if wants(Part::Growth) {
        growth::measure(&mut bench)?;
    }
    let table = bench.finish(&args.out)?;
    Ok(write!(io::stdout().lock(), "{table}")?)
}
