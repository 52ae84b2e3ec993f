//! The command line's definition, and the only reader of the environment.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ledger::bankfile::Format;
use ledger::domain::bank::BankCode;
use ledger::domain::calendar::Date;
use ledger::domain::resolution::Resolution;

use crate::basket::{EggsItem, RiceItem};
use crate::failure::Exit;
use crate::output::Format as OutputFormat;
use crate::terminal::{Color, Person};

/// Redeem food vouchers at an e-warong, see its settlement, and reconcile it with the bank.
#[derive(Debug, Parser)]
#[command(
    name = "merchant-cli",
    version,
    after_help = "Exit codes: 0 done and nothing differs, 1 failed or refused, 2 usage, \
                  3 differences were found, 4 not authorised, 5 server or network (try again)."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// The server's address, as in `http://127.0.0.1:8080`
    #[arg(long, global = true, env = "EWARONG_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The API client that acts
    #[arg(long, global = true, env = "EWARONG_CLIENT_ID", value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// File with the client's secret (a secret is never a flag)
    #[arg(long, global = true, env = "EWARONG_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// How data is written to stdout
    #[arg(long, global = true, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) output: OutputFormat,
    /// Colour on stderr
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto,
          default_value_if("no_color", clap::builder::ArgPredicate::IsPresent, "never"))]
    pub(crate) color: Color,
    /// Answer yes to questions
    #[arg(long, global = true)]
    pub(crate) yes: bool,
    /// Never ask; what is missing is an error
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    #[arg(long, global = true, hide = true, env = "NO_COLOR", value_name = "ANY")]
    no_color: Option<String>,
    /// Set where a job runs and nobody waits
    #[arg(long, global = true, hide = true, env = "CI", value_name = "ANY")]
    pub(crate) ci: Option<String>,
    #[arg(long, global = true, hide = true, env = "XDG_CONFIG_HOME", value_name = "DIR")]
    pub(crate) config_home: Option<PathBuf>,
    #[arg(long, global = true, hide = true, env = "XDG_STATE_HOME", value_name = "DIR")]
    pub(crate) state_home: Option<PathBuf>,
    #[arg(long, global = true, hide = true, env = "HOME", value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
}

impl Settings {
    /// Who answers questions.
    pub(crate) const fn person(&self) -> Person {
        Person { no_input: self.no_input, yes: self.yes }
    }
}

/// The commands; each has its file in `commands`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check the client's secret and keep it for the commands that follow
    Login,
    /// Sell rice and eggs on a family's card
    Redeem(RedeemArgs),
    /// Show a card's balance (asks for card and PIN, or reads them as two lines from stdin)
    Balance,
    /// Take a sale back, once and whole, before the day is closed
    Reverse(ReverseArgs),
    /// Print the receipt of a sale again
    Receipt(ReceiptArgs),
    /// List the shop's sales, refused ones too
    History(HistoryArgs),
    /// Show what a business day comes to
    Settlement(SettlementArgs),
    /// Read a bank's statement file without a server and print what was understood
    Statement(StatementArgs),
    /// Print a built-in profile of a bank's files, or check one's own against a sample
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Match a bank's statement files with the ledger's settlement of a business day, and record it
    Reconcile(ReconcileArgs),
    /// The days that were reconciled: list them, sign one off, reopen one
    #[command(subcommand)]
    Reconciliations(ReconciliationsCommand),
    /// A bank's business day: close it
    #[command(subcommand)]
    Day(DayCommand),
    /// Run a bank's five daily reconciliations and print one report
    Daily(DailyArgs),
    /// Differences between the ledger and the banks: list them, note something, decide
    #[command(subcommand)]
    Exceptions(ExceptionsCommand),
}

/// `redeem`.
#[derive(Debug, Args)]
#[command(
    after_help = "Card number and PIN are asked for; where stdin is not a terminal they are \
    its first two lines.\nAn outage: run the same command again. The sale has a key that is kept \
    until the server has answered, so it is never debited twice."
)]
pub(crate) struct RedeemArgs {
    /// Rice as GRADE:KG@PRICE, the price for one kg: premium:5@12500
    #[arg(long, value_name = "ITEM", allow_hyphen_values = true)]
    pub(crate) rice: Vec<RiceItem>,
    /// Eggs as QUANTITY@PRICE by piece, or with a unit: 10@2000, 1tray@55000, 0.5kg@23000
    #[arg(long, value_name = "ITEM", allow_hyphen_values = true, required_unless_present = "rice")]
    pub(crate) eggs: Vec<EggsItem>,
    /// Go on with the unanswered sale of the same goods on the same card, without asking
    #[arg(long, conflicts_with = "new")]
    pub(crate) resume: bool,
    /// Make a new sale even if the same one is still unanswered
    #[arg(long)]
    pub(crate) new: bool,
}

/// `reverse`.
#[derive(Debug, Args)]
pub(crate) struct ReverseArgs {
    /// The sale's id, as on the receipt
    pub(crate) id: String,
    /// Why it is taken back
    #[arg(long)]
    pub(crate) reason: String,
}

/// `receipt`.
#[derive(Debug, Args)]
pub(crate) struct ReceiptArgs {
    /// The sale's id
    pub(crate) id: String,
}

/// `history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// From this time on (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Before this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
}

/// `settlement`.
#[derive(Debug, Args)]
pub(crate) struct SettlementArgs {
    /// The business date (WIB), YYYY-MM-DD
    #[arg(long)]
    pub(crate) date: Option<Date>,
    /// The acquirer bank
    #[arg(long)]
    pub(crate) bank: Option<BankCode>,
    /// One merchant
    #[arg(long, value_name = "ID")]
    pub(crate) merchant: Option<String>,
    /// Also write the statement of the day as a page to print
    #[arg(long, value_name = "FILE.html", requires = "date")]
    pub(crate) report: Option<PathBuf>,
}

/// How a bank's file is to be read.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// The bank's files; `-` is stdin
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The files' format
    #[arg(long, value_enum, default_value_t = FileFormat::Auto)]
    pub(crate) format: FileFormat,
    /// A profile of the bank's columns and styles, instead of a built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// A day near the files' rows, for banks that write dates without a year
    #[arg(long, value_name = "DATE")]
    pub(crate) near: Option<Date>,
}

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    /// Whichever the file is
    Auto,
    /// Delimited text
    Csv,
    /// An Excel workbook
    Xlsx,
    /// A SWIFT MT940 statement or MT942 interim report
    #[value(alias = "mt942")]
    Mt940,
    /// An ISO 20022 camt.052, camt.053 or camt.054 message
    Camt,
}

impl FileFormat {
    /// The format that was named, if one was.
    pub(crate) const fn named(self) -> Option<Format> {
        Some(match self {
            Self::Auto => return None,
            Self::Csv => Format::Csv,
            Self::Xlsx => Format::Xlsx,
            Self::Mt940 => Format::Mt940,
            Self::Camt => Format::Camt,
        })
    }
}

/// `statement`.
#[derive(Debug, Args)]
pub(crate) struct StatementArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
    /// The bank whose built-in profile applies; otherwise the header row decides
    #[arg(long)]
    pub(crate) bank: Option<BankCode>,
}

/// `profile`.
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Print a bank's built-in profile, to start one's own from
    Show {
        /// `bri`, `bni`, `mandiri`, or `btn`, which knows the columns of all of them
        bank: BankCode,
    },
    /// Read a sample by a profile, and show how each column was read and what was left out
    Check(ProfileCheckArgs),
}

/// `profile check`.
#[derive(Debug, Args)]
pub(crate) struct ProfileCheckArgs {
    /// The profile's file, or a bank whose built-in profile is meant
    #[arg(value_name = "PROFILE")]
    pub(crate) profile: PathBuf,
    /// A file as the bank writes it; `-` is stdin
    #[arg(value_name = "SAMPLE")]
    pub(crate) sample: PathBuf,
    /// A day near the sample's rows, for banks that write dates without a year
    #[arg(long, value_name = "DATE")]
    pub(crate) near: Option<Date>,
}

/// `reconcile`.
#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
    /// The bank that pays the merchants
    #[arg(long)]
    pub(crate) bank: BankCode,
    /// The business date (WIB), YYYY-MM-DD
    #[arg(long)]
    pub(crate) date: Date,
    /// Record nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Also write the result as a page to print and sign
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
}

/// `day`.
#[derive(Debug, Subcommand)]
pub(crate) enum DayCommand {
    /// Close the bank's open day: what is sold from then on is dated to the next
    Close {
        /// The business date (WIB), YYYY-MM-DD
        #[arg(long)]
        date: Date,
        /// Close it before its cut-off
        #[arg(long, requires = "reason")]
        early: bool,
        /// Why it is closed early
        #[arg(long, requires = "early")]
        reason: Option<String>,
    },
}

/// `daily`.
#[derive(Debug, Args)]
pub(crate) struct DailyArgs {
    /// The bank
    #[arg(long)]
    pub(crate) bank: BankCode,
    /// The business date (WIB), YYYY-MM-DD
    #[arg(long)]
    pub(crate) date: Date,
    /// The bank's statement of the account that holds the programme's money
    #[arg(long, value_name = "FILE")]
    pub(crate) holding_statement: Option<PathBuf>,
}

/// `reconciliations`.
#[derive(Debug, Subcommand)]
pub(crate) enum ReconciliationsCommand {
    /// List recorded days
    List {
        /// The business date (WIB), YYYY-MM-DD
        #[arg(long)]
        date: Option<Date>,
        /// The bank
        #[arg(long)]
        bank: Option<BankCode>,
    },
    /// Sign a day off, as another client than the one that recorded it
    SignOff {
        /// The reconciliation's id
        id: String,
    },
    /// Open a signed day again
    Reopen {
        /// The reconciliation's id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// `exceptions`.
#[derive(Debug, Subcommand)]
pub(crate) enum ExceptionsCommand {
    /// List open differences with their age and owner
    List {
        /// The business date (WIB), YYYY-MM-DD
        #[arg(long)]
        date: Option<Date>,
        /// The bank
        #[arg(long)]
        bank: Option<BankCode>,
        /// Closed ones too
        #[arg(long)]
        all: bool,
    },
    /// Write a note on a difference, and who works on it
    Note {
        /// The difference's id
        id: String,
        /// What there is to say
        #[arg(long)]
        note: String,
        /// Who works on it
        #[arg(long)]
        owner: Option<String>,
    },
    /// Decide differences; a large one needs a second client that decides the same
    Resolve {
        /// The differences' ids
        #[arg(required = true)]
        ids: Vec<String>,
        /// The decision
        #[arg(long, value_parser = resolution, value_name = "DECISION", help = RESOLUTIONS)]
        resolution: &'static str,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

const RESOLUTIONS: &str =
    "accept_bank, claim, suspense, duplicate_confirmed, wrong_merchant or reversal";

fn resolution(text: &str) -> Result<&'static str, String> {
    let named = Resolution::named(text).map(Resolution::as_str);
    named.ok_or_else(|| format!("has to be {RESOLUTIONS}"))
}

/// Shows help, version or what is wrong with the command line.
pub(crate) fn show(help_or_usage: &clap::Error) -> ExitCode {
    let shown = help_or_usage.print();
    let exit = if help_or_usage.use_stderr() { Exit::Usage } else { Exit::Done };
    match shown {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Exit::Failed.into(),
        _ => exit.into(),
    }
}
