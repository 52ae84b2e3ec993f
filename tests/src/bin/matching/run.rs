//! What is measured: the time from the first byte to the result, and the most memory on the way.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::thread;
use std::time::Instant;

use anyhow::Context as _;
use ledger::bankfile::integrity::{self, Expected, History};
use ledger::bankfile::{ReadAs, Statement, covered_to, match_statements, open, stream};
use ledger::domain::bank::BankCode;
use ledger::domain::calendar::Date;
use ledger::domain::hex::Hex;
use ledger::domain::matching::{LedgerSide, SettlementLine, Terms};
use ledger::domain::money::Rupiah;
use serde_json::{Map, Value, json};

/// A day by which all payments of the files are made.
const DAY: &str = "2019-06-30";

/// The most memory that this process has held, in bytes.
fn peak() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|text| text.split_whitespace().next());
    Ok(kilobytes.context("no VmHWM")?.parse::<u64>()?.saturating_mul(1024))
}

/// The lines of `ledger.csv`, and how many there are.
fn ledger_side(path: &Path) -> anyhow::Result<(LedgerSide, u64)> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut side, mut lines) = (LedgerSide::default(), 0);
    let mut line = String::new();
    // A day's lines stand together.
    let mut day: Option<(String, Date)> = None;
    reader.read_line(&mut line)?;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok((side, lines));
        }
        let mut cells = line.trim_end().split(',');
        let mut cell = || cells.next().context("a line is short");
        let (reference, merchant, written, amount) = (cell()?, cell()?, cell()?, cell()?);
        let date = match &day {
            Some((text, date)) if text == written => *date,
            _ => {
                let date: Date = written.parse()?;
                day = Some((written.to_owned(), date));
                date
            }
        };
        side.add_settlement(&SettlementLine {
            reference: reference.parse()?,
            merchant,
            account: None,
            bank_reference: None,
            business_date: date,
            amount: Rupiah::new(amount.parse()?)?,
        })?;
        lines = lines.saturating_add(1);
    }
}

/// Reads both files and matches them, by what `merchant-cli reconcile --dry-run` and the server call:
/// a bank's file is opened, checked and matched. The ledger's lines, which those have from a database,
/// are read meanwhile.
pub(crate) fn matching(folder: &Path, hashed: bool) -> anyhow::Result<Value> {
    let start = Instant::now();
    let bank: BankCode = "bri".parse()?;
    let day: Date = DAY.parse()?;
    let how = ReadAs { bank: Some(bank.clone()), ..ReadAs::default() };
    let ledger = folder.join("ledger.csv");
    let ledger = thread::spawn(move || ledger_side(&ledger));
    let file = open(File::open(folder.join("bank.csv"))?, &how)?;
    let expected = Expected { bank: Some(bank.clone()), today: None, ..Expected::on(day.naive()) };
    let accepted = integrity::check(&file, &History::default(), &expected)?;
    let bank_read = start.elapsed();
    let (ledger, lines) = ledger.join().map_err(|_panic| anyhow::anyhow!("no ledger"))??;
    let both_read = start.elapsed();
    let terms = Terms::usual(bank, day, covered_to(day, &file.statements));
    let result = match_statements(terms, ledger, &file.statements);
    let took = start.elapsed();
    anyhow::ensure!(accepted.statements.len() == file.statements.len(), "statements are lost");
    let statuses = result.totals().iter().filter(|total| total.outcomes > 0);
    let statuses: Map<String, Value> =
        statuses.map(|total| (total.status.as_str().to_owned(), total.outcomes.into())).collect();
    Ok(json!({
        "bank_read_ms": bank_read.as_millis(),
        "waited_ms": both_read.saturating_sub(bank_read).as_millis(),
        "matched_ms": took.saturating_sub(both_read).as_millis(),
        "took_ms": took.as_millis(),
        "peak_bytes": peak()?,
        "lines": lines,
        "rows": file.statements.iter().map(|statement| statement.lines.len()).sum::<usize>(),
        "balances_hold": file.statements.iter().map(Statement::balances_hold).collect::<Vec<_>>(),
        "statuses": statuses,
        "control_holds": result.control().map(|control| control.holds()),
        "result": hashed.then(|| Hex(&result.hash()).to_string()),
    }))
}

/// Reads a camt file without holding it.
pub(crate) fn camt(folder: &Path) -> anyhow::Result<Value> {
    let path = folder.join("camt.xml");
    let length = std::fs::metadata(&path)?.len();
    let start = Instant::now();
    let mut rows = 0_u64;
    let take = |_: &Statement, _line| rows = rows.saturating_add(1);
    let file = stream(File::open(&path)?, &ReadAs::default(), take)?;
    let took = start.elapsed();
    Ok(json!({
        "bytes": length,
        "rows": rows,
        "took_ms": took.as_millis(),
        "peak_bytes": peak()?,
        "balances_hold": file.statements.iter().map(Statement::balances_hold).collect::<Vec<_>>(),
    }))
}
