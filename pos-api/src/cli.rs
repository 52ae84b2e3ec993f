//! The command line: the one place that reads arguments and the environment.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use ledger::service::RecordingLimits;

use crate::limits::LimitArgs;

/// The point-of-sale API of the food voucher programme.
#[derive(Debug, Parser)]
#[command(name = "pos-api", version, max_term_width = 100)]
pub struct Cli {
    /// What to log, as `level` or `module=level,...`.
    #[arg(
        long,
        env = "EWARONG_LOG",
        default_value = "info",
        global = true,
        hide_env_values = true
    )]
    pub log: String,
    /// Log lines as JSON objects.
    #[arg(long, env = "EWARONG_LOG_JSON", global = true, hide_env_values = true)]
    pub log_json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a city's month and serve it: families, purchases, bank files, all invented.
    Demo(Box<DemoArgs>),
    /// Serve the API.
    Serve(Box<ServeArgs>),
    /// Bring the database's schema up to date.
    Migrate(DatabaseArgs),
    /// Register banks, merchants, terminals and families from CSV files, all or nothing.
    Import(ImportArgs),
    /// Credit a month to every family, once; the same command carries an interrupted run on.
    Credit(CreditArgs),
    /// Recompute every invariant: 0 whole, 1 broken, 2 could not run.
    Verify(VerifyArgs),
    /// Add, list and revoke API clients.
    #[command(subcommand)]
    Client(ClientCommand),
}

/// Which database.
#[derive(Args, Clone, Debug)]
pub struct DatabaseArgs {
    /// `sqlite:PATH` or `postgres://...` [default: sqlite:./ewarong.db]
    #[arg(long, env = "EWARONG_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// A TOML file with settings; flags and variables come before it.
    #[arg(long, env = "EWARONG_CONFIG")]
    pub config: Option<PathBuf>,
}

/// What is verified.
#[derive(Args, Clone, Debug)]
pub struct VerifyArgs {
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The keys file: what is keyed is verified, too
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// Only what came after this size of the log, at which it was whole
    #[arg(long, value_name = "LOG_SIZE", value_parser = clap::value_parser!(i64).range(0..))]
    pub since: Option<i64>,
}

/// When wrong PINs suspend a terminal.
#[derive(Args, Clone, Copy, Debug)]
pub struct WrongPinArgs {
    /// Card numbers that may have wrong PINs at one terminal within the minutes; one more suspends it, 0: never [default: 10 for `serve`, 0 for `demo`]
    #[arg(long, env = "EWARONG_WRONG_PINS", value_name = "NUMBERS")]
    pub wrong_pins: Option<u16>,
    /// The minutes within which they are counted [default: 10]
    #[arg(long, env = "EWARONG_WRONG_PINS_MINUTES", value_name = "MINUTES", value_parser = clap::value_parser!(u16).range(1..=1440))]
    pub wrong_pins_minutes: Option<u16>,
}

/// How the demo is made.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub addr: String,
    /// The demo's folder, in which there is no demo yet [default: a new one for temporary files]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How many families there are, each with a card
    #[arg(long, default_value_t = 26_751, value_parser = clap::value_parser!(u32).range(50..=1_000_000))]
    pub cards: u32,
    /// An empty database, instead of one in the folder: `sqlite:PATH` or `postgres://...`
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Only make it
    #[arg(long)]
    pub no_serve: bool,
    /// Wrong PINs.
    #[command(flatten)]
    pub wrong_pins: WrongPinArgs,
    /// What clients may do.
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// How to serve.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, env = "EWARONG_ADDR")]
    pub addr: Option<String>,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The keys file [default: beside the `SQLite` database, else ./ewarong.keys]
    #[arg(long, env = "EWARONG_KEYS")]
    pub keys: Option<PathBuf>,
    /// Refuse to start on an old schema instead of bringing it up to date.
    #[arg(long, env = "EWARONG_NO_MIGRATE")]
    pub no_migrate: bool,
    /// Bring the schema up to date although a node of another version is at work on it.
    #[arg(long, env = "EWARONG_MIGRATE_BESIDE_OTHERS")]
    pub migrate_beside_others: bool,
    /// Go on with a clock that is more than two days behind what is recorded, for this reason, which is recorded
    #[arg(long, value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub accept_clock: Option<String>,
    /// How many transfers the log grows by, at the least, until all accounts are summed up again [default: 16384]
    #[arg(long, env = "EWARONG_ROLLUP_SPAN", value_name = "TRANSFERS")]
    pub rollup_span: Option<u32>,
    /// Rupiah that decisions on one difference may move, and that may be at stake in it, without a second person [default: 1000000]
    #[arg(long, env = "EWARONG_FOUR_EYES_ABOVE", value_name = "RUPIAH")]
    pub four_eyes_above: Option<u32>,
    /// Rupiah that one client's decisions may move on a day (WIB) without a second person [default: 10000000]
    #[arg(long, env = "EWARONG_FOUR_EYES_DAY_ABOVE", value_name = "RUPIAH")]
    pub four_eyes_day_above: Option<u32>,
    /// What one client of the programme may do alone, and what nobody may.
    #[command(flatten)]
    pub programme: ProgrammeArgs,
    /// Megabytes (MiB) that the bank files of one recording may have in all; two banks' may be in memory at once [default: 64]
    #[arg(long, env = "EWARONG_MAX_BANK_FILES", value_name = "MIB", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub max_bank_files: Option<u16>,
    /// What clients' bank files may bring, as in `shop.rows=5000,bank.day_recordings=200` [default: docs/RECONCILIATION.md]
    #[arg(long, env = "EWARONG_RECORDING_LIMITS", value_name = "BOUNDS", value_parser = crate::recording_limits::parse)]
    pub recording_limits: Option<RecordingLimits>,
    /// Wrong PINs.
    #[command(flatten)]
    pub wrong_pins: WrongPinArgs,
    /// Serve `/metrics` there and nowhere else [default: with the API]
    #[arg(long, env = "EWARONG_METRICS_ADDR", value_name = "ADDR")]
    pub metrics_addr: Option<String>,
    /// What clients may do.
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// What to import.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// The folder with banks.csv, merchants.csv, terminals.csv, households.csv, wallets.csv, cards.csv.
    pub folder: PathBuf,
    /// Show what the folder's merchants.csv would change of registered merchants; with `--yes`, change it
    #[arg(long)]
    pub update: bool,
    /// Carry out what `--update` shows
    #[arg(long, requires = "update")]
    pub yes: bool,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The keys file [default: beside the `SQLite` database, else ./ewarong.keys]
    #[arg(long, env = "EWARONG_KEYS")]
    pub keys: Option<PathBuf>,
}

/// The programme's limits.
#[derive(Args, Clone, Copy, Debug)]
pub struct ProgrammeArgs {
    /// Rupiah of a funding, a return or a credit run that one client of the programme may do alone; above, a second one has to want the same [default: 1000000000]
    #[arg(long, env = "EWARONG_PROGRAMME_FOUR_EYES_ABOVE", value_name = "RUPIAH", value_parser = clap::value_parser!(i64).range(0..))]
    pub programme_four_eyes_above: Option<i64>,
    /// The most rupiah of one funding [default: 10000000000000]
    #[arg(long, env = "EWARONG_HIGHEST_FUNDING", value_name = "RUPIAH", value_parser = clap::value_parser!(i64).range(1..=1_000_000_000_000_000))]
    pub highest_funding: Option<i64>,
}

/// What to credit.
#[derive(Args, Clone, Debug)]
pub struct CreditArgs {
    /// The month, as in 2018-09.
    #[arg(long)]
    pub period: String,
    /// What is credited without two clients' agreement.
    #[command(flatten)]
    pub programme: ProgrammeArgs,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// What can be done with API clients.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Add a client and print its secret, once.
    Add {
        /// Its name: 3 to 64 letters, digits, `-`, `_` and `.`
        client_id: String,
        /// merchant, bank, auditor or programme.
        #[arg(long)]
        role: String,
        /// The terminal a merchant's client acts for.
        #[arg(long)]
        terminal: Option<String>,
        /// The bank a bank's client acts for.
        #[arg(long)]
        bank: Option<String>,
        /// Which database.
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// List all clients, revoked ones too.
    List {
        /// Which database.
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Withdraw a client's access for good.
    Revoke {
        /// Its name.
        client_id: String,
        /// Which database.
        #[command(flatten)]
        database: DatabaseArgs,
    },
}
