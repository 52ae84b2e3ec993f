//! Fills an empty database with as many families as wanted, up to a nation's, so that what grows with their
//! number can be measured; and runs the month's credit in plain SQL beside the ledger's, to compare with.
//!
//! Banks, shops, clients and money go the product's own way. Only the five tables that hold a row a family
//! are written past it, with the product's own derivations.

mod demo;
mod fill;
mod office;
mod people;
mod reference;
mod rows;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::ensure;
use clap::{Args, Parser, Subcommand};
use ledger::domain::bank::BankId;
use ledger::domain::calendar::Period;
use ledger::service::{Clock as _, DatabaseUrl, SystemClock};

use office::{MONTHLY, Office};
use people::Nation;

/// Fills an empty database with a nation.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Cli {
    #[command(flatten)]
    fill: Option<Fill>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Credits a copy of the wallets in plain SQL and prints its rate and its log's size, as JSON.
    CreditReference(reference::Reference),
}

#[derive(Debug, Args)]
struct Fill {
    /// The database: `sqlite:PATH` or `postgres://...`, empty.
    #[arg(long)]
    database_url: String,
    /// The keys file; made when it is not there.
    #[arg(long)]
    keys: PathBuf,
    /// How many families, each with a wallet and an active card.
    #[arg(long)]
    cards: u64,
    /// How many shops, each with a terminal and a client.
    #[arg(long, default_value_t = 64)]
    merchants: u64,
    /// Where to write the file with clients and cards.
    #[arg(long)]
    out: PathBuf,
    /// The most cards that the file lists, spread evenly over all.
    #[arg(long, default_value_t = 20_000)]
    demo_cards: u64,
    /// Credits the month to every family.
    #[arg(long)]
    credited: bool,
    /// The month that is credited, `YYYY-MM`; today's without it.
    #[arg(long)]
    period: Option<String>,
    /// How many months' money the banks get.
    #[arg(long, default_value_t = 24)]
    months: u64,
    /// Chooses everything that is invented.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the service will answer.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    base_url: String,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match (cli.command, cli.fill) {
        (Some(Command::CreditReference(reference)), _) => reference::run(&reference),
        (None, Some(fill)) => run(&fill),
        (None, None) => anyhow::bail!("nothing to do; hint: --help"),
    }
}

fn run(args: &Fill) -> anyhow::Result<()> {
    let started = Instant::now();
    let url: DatabaseUrl = args.database_url.parse()?;
    ledger::service::migrate(&url)?;
    let cores = std::thread::available_parallelism()?.get();
    let office = Office { url, keys: args.keys.clone(), cores };
    let nation = Nation::new(args.cards, args.seed)?;
    let now = SystemClock::default().now();
    let period: Period = match &args.period {
        Some(period) => period.parse()?,
        None => office::this_month(now),
    };

    let ledger = office.open()?;
    ensure!(ledger.bank_code(BankId(1)).is_err(), "the database is not empty");
    let keys = ledger.keys().clone();
    ledger.close();
    fill::fill(&args.database_url, &nation, &keys)?;

    let ledger = office.open()?;
    let shops = office::register(&ledger, &nation, args.merchants)?;
    let logins = office.clients(&shops)?;
    office::fund(&ledger, &nation, args.months)?;
    say(&format!("{} families in {} ms", args.cards, started.elapsed().as_millis()));
    if args.credited {
        office::credit(&ledger, period)?;
        say(&format!("credited after {} ms", started.elapsed().as_millis()));
    }
    ledger.close();

    let told = demo::Told {
        base_url: &args.base_url,
        database_url: &absolute(&args.database_url)?,
        office: &office,
        period,
        shops: &shops,
        logins: &logins,
        balance: if args.credited { MONTHLY } else { 0 },
    };
    demo::write(&args.out, &told, &nation, args.demo_cards)
}

/// The URL with an absolute path, where it names a file.
fn absolute(url: &str) -> anyhow::Result<String> {
    let Some(path) = url.strip_prefix("sqlite:") else { return Ok(url.to_owned()) };
    Ok(format!("sqlite:{}", std::path::absolute(path)?.display()))
}

/// Tells on standard error how far it is. Nobody may be reading.
fn say(line: &str) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}
