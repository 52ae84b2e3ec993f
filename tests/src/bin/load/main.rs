//! The load generator: terminals that buy over HTTP as fast as they are answered.
//!
//! It shares its machine with the server, so it is light: one thread, one keep-alive connection a
//! terminal, requests written by hand into a reused buffer, answers scanned instead of parsed. The
//! loop is closed: a terminal sends its next request when the last one was answered.
#![expect(clippy::expect_used, reason = "a load run that can't go on ends with what it saw")]

mod check;
mod connection;
mod machine;
mod report;
mod request;
mod stats;
mod terminal;
mod workload;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Parser;
use ewarong_tests::Demo;
use tokio::runtime;
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::machine::Usage;
use crate::report::Report;
use crate::stats::Run;
use crate::terminal::Terminal;
use crate::workload::{Mix, Workload};

/// Buys with the demo's cards at the demo's shops and measures how fast the answers come.
#[derive(Debug, Parser)]
struct Args {
    /// The `demo.json` with credentials and cards.
    #[arg(long)]
    demo: PathBuf,
    /// The server, if not the one that the demo names.
    #[arg(long)]
    base_url: Option<String>,
    /// How many terminals buy at once, each over a connection of its own.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How long to measure.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many requests to send before the measurement starts.
    #[arg(long, default_value_t = 0)]
    warm_up: u64,
    /// Shares of the kinds of requests; those left out are 0.
    #[arg(long, default_value = "redeem=100,inquiry=0,replay=0,refused=0")]
    mix: Mix,
    /// Chooses cards, prices and kinds.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also writes the report there, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Checks that the ledger moved the money that was acknowledged; exit code 1 when it did not.
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
    ensure!(!demo.cards.is_empty(), "the demo has no cards");
    ensure!(!demo.clients.merchant.is_empty(), "the demo has no merchants");

    let payable_before = args.check.then(|| check::payable(&demo)).flatten();
    let usage_before = Usage::now();
    let duration = Duration::from_secs(args.seconds);
    let run = Rc::new(Run::new(args.warm_up, duration));
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, buy(&demo, &args, &run))?;
    let usage = Usage::now().since(usage_before);

    let mut report = Report::new(args.connections, &run, usage);
    if args.check {
        report.money = Some(check::money(&demo, payable_before, &run.stats.borrow()));
    }
    writeln!(io::stdout().lock(), "{report}")?;
    if let Some(path) = &args.json {
        serde_json::to_writer_pretty(File::create(path)?, &report)?;
    }
    let holds = report.money.as_ref().is_none_or(|money| money.holds);
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lets the terminals buy until the time is over.
async fn buy(demo: &Demo, args: &Args, run: &Rc<Run>) -> anyhow::Result<()> {
    let cards = demo.cards.iter().map(|card| (card.card_number.clone(), card.pin.clone()));
    let workload = Rc::new(Workload { mix: args.mix, cards: cards.collect(), run_id: run_id()? });
    let clients = (0..).zip(demo.clients.merchant.iter()).cycle();
    let mut terminals = Vec::with_capacity(args.connections);
    for (number, (merchant, client)) in (0_u64..).zip(clients).take(args.connections) {
        let mut terminal = Terminal::new(
            &demo.base_url,
            (merchant, client),
            (args.seed, number),
            Rc::clone(&workload),
            Rc::clone(run),
        )?;
        terminal.log_in().await.context("no token; hint: does the server run?")?;
        terminals.push(terminal);
    }
    run.begin();
    let reporter = tokio::task::spawn_local(report_seconds(Rc::clone(run)));
    let tasks = terminals.into_iter().map(|terminal| tokio::task::spawn_local(terminal.work()));
    for task in tasks.collect::<Vec<_>>() {
        task.await?;
    }
    run.end();
    reporter.abort();
    Ok(())
}

/// A line on standard error every second.
async fn report_seconds(run: Rc<Run>) {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let line = run.stats.borrow_mut().second_line(run.phase());
        // Nobody may be reading; the run goes on.
        drop(writeln!(io::stderr().lock(), "{line}"));
    }
}

/// Sets this run's idempotency keys apart from those of every other run, of the same seed too.
fn run_id() -> anyhow::Result<String> {
    let uuid = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    Ok(uuid.chars().take(8).collect())
}
