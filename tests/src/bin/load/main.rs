//! The load generator: terminals that buy over HTTP, in a closed loop as fast as they are answered,
//! or in an open loop at a rate of arrivals.
//!
//! It shares its machine with the server, so it is light: one thread, one keep-alive connection a
//! terminal, requests of which only what differs is written anew, answers scanned instead of parsed.

mod cards;
mod check;
mod connection;
mod engine;
mod receipts;
mod report;
mod request;
mod schedule;
mod stats;
mod terminal;
mod workload;

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use ewarong_tests::Demo;
use ewarong_tests::machine::Usage;
use rustix::event::epoll;

use crate::cards::{Choice, Deck};
use crate::engine::{Engine, Plan};
use crate::receipts::Receipts;
use crate::report::{Asked, Report};
use crate::stats::Stats;
use crate::terminal::{Terminal, Town};
use crate::workload::{Mix, random};

/// The stream of the seed that the deck is shuffled with.
const SHUFFLE: u64 = u64::MAX;

/// Buys with the demo's cards at the demo's shops and measures how fast the answers come.
///
/// Closed loop: a terminal sends its next request when the last one was answered. Open loop
/// (`--rate`): requests are due at times of a seeded Poisson process, whichever terminal is free
/// sends them, and latency counts from when a request was due, so that waiting for a free terminal
/// is not hidden. The warm-up is a closed loop always.
///
/// A purchase is a tenth of a kilogram of rice for Rp500 to 900, and of one rupiah once a card has
/// Rp2,000 or less; a card that is spent is passed over. With Zipf's law every purchase is of one
/// rupiah, so that a hot card can buy 110,000 times. So runs of minutes stay approvals.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Args {
    /// The `demo.json` with credentials and cards.
    #[arg(long)]
    demo: PathBuf,
    /// The server, if not the one that the demo names.
    #[arg(long)]
    base_url: Option<String>,
    /// How many terminals there are, each with a connection of its own.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    connections: u32,
    /// An open loop with so many arrivals a second.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,
    /// How long to measure.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How many answers to wait for before the measurement starts.
    #[arg(long, default_value_t = 0)]
    warm_up: u64,
    /// Shares of the kinds of requests; those left out are 0.
    #[arg(long, default_value = "redeem=100,inquiry=0,replay=0,refused=0,reversal=0")]
    mix: Mix,
    /// `uniform`, or `zipf:S`: the card of rank k is chosen with a likelihood of 1/k^S.
    #[arg(long, default_value = "uniform")]
    cards: Choice,
    /// Chooses cards, prices, kinds and arrivals.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Prints a line a second to standard error.
    #[arg(long)]
    every_second: bool,
    /// Also writes the report there, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// A process whose processor time, with that of all below it, is the server's and not others';
    /// may be given more than once.
    #[arg(long, value_name = "PID")]
    server_pid: Vec<u32>,
    /// Checks that debits equal credits, that the ledger moved the money that was acknowledged, and
    /// that it lists every acknowledged purchase and reversal; exit code 1 when not. Nobody else may
    /// buy meanwhile.
    #[arg(long)]
    check: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let mut demo =
        Demo::read(&args.demo).with_context(|| format!("can't read `{}`", args.demo.display()))?;
    if let Some(base_url) = &args.base_url {
        demo.base_url.clone_from(base_url);
    }
    let before = args.check.then(|| check::before(&demo)).transpose()?;
    let engine = engine(&demo, &args)?;
    let (usage_before, started) = (Usage::now(&args.server_pid), Instant::now());
    let (town, left) = engine.run()?;
    let usage = Usage::now(&args.server_pid).since(usage_before);
    let others = (!args.server_pid.is_empty()).then(|| usage.others_permille(started.elapsed()));

    let mut report = Report::new(asked(&args), &town, left, (usage, others));
    if let Some(before) = &before {
        let (receipts, differ) = (&town.receipts, town.stats.replays_differ);
        report.check = Some(check::after(&demo, before, receipts, differ)?);
    }
    writeln!(io::stdout().lock(), "{report}")?;
    if let Some(path) = &args.json {
        serde_json::to_writer_pretty(File::create(path)?, &report)?;
    }
    let holds = report.check.as_ref().is_none_or(|check| check.holds);
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The terminals, not yet logged in.
fn engine(demo: &Demo, args: &Args) -> anyhow::Result<Engine> {
    ensure!(!demo.clients.merchant.is_empty(), "the demo has no merchants");
    let (address, host) = server(&demo.base_url)?;
    let town = Town {
        epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
        mix: args.mix,
        deck: Deck::new(&demo.cards, args.cards, &mut random(args.seed, SHUFFLE))?,
        run: run_id()?,
        stats: Stats::new(Instant::now())?,
        receipts: Receipts::default(),
    };
    let logins = demo.clients.merchant.iter().cycle();
    let terminals = logins
        .zip(0..args.connections)
        .map(|(login, number)| Terminal::new((address, &host), login, (args.seed, number)));
    let plan = Plan {
        warm_up: args.warm_up,
        duration: Duration::from_secs(args.seconds),
        rate: args.rate,
        seed: args.seed,
        every_second: args.every_second,
    };
    Ok(Engine::new(town, terminals.collect(), plan))
}

/// The server's address and how it is called in requests.
fn server(base_url: &str) -> anyhow::Result<(SocketAddr, String)> {
    let host = base_url.strip_prefix("http://").context("only plain `http://` is spoken")?;
    let host = host.trim_end_matches('/').to_owned();
    let named = if host.contains(':') { host.clone() } else { format!("{host}:80") };
    let address = named.to_socket_addrs().with_context(|| format!("can't find `{named}`"))?.next();
    Ok((address.with_context(|| format!("`{named}` has no address"))?, host))
}

/// Sets this run's idempotency keys apart from those of every other run, of the same seed too.
fn run_id() -> anyhow::Result<[u8; 8]> {
    let uuid = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    uuid.as_bytes().get(..8).and_then(|id| id.try_into().ok()).context("no run id")
}

fn asked(args: &Args) -> Asked {
    Asked {
        connections: args.connections,
        rate: args.rate,
        mix: args.mix.to_string(),
        cards: args.cards.to_string(),
        warm_up: args.warm_up,
        seconds: args.seconds,
        seed: args.seed,
    }
}
