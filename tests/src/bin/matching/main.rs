//! The benchmark of matching: a nation's day of settlements against a bank's list of rows, and a
//! statement too long to hold.
//!
//! `tests/bench-matching` runs it beside `DuckDB`, which joins the same two files.

mod make;
mod run;

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Makes files, reads and matches them; each answer is a line of JSON.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes `ledger.csv`, `bank.csv` and `camt.xml`.
    Make {
        folder: PathBuf,
        /// Days of 50,000 settlements, and about as many rows.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=240))]
        days: u32,
        /// How long the camt file is, in millions of bytes.
        #[arg(long, default_value_t = 300)]
        camt_mb: u64,
    },
    /// Reads `ledger.csv` and `bank.csv` and matches them.
    Match {
        folder: PathBuf,
        /// Also prints the result's hash.
        #[arg(long)]
        hash: bool,
    },
    /// Reads `camt.xml` row by row.
    Camt { folder: PathBuf },
}

fn main() -> anyhow::Result<()> {
    let answer = match Args::parse().command {
        Command::Make { folder, days, camt_mb } => make::files(&folder, days, camt_mb)?,
        Command::Match { folder, hash } => run::matching(&folder, hash)?,
        Command::Camt { folder } => run::camt(&folder)?,
    };
    Ok(writeln!(io::stdout(), "{answer}")?)
}
