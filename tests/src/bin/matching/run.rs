//! What is measured: the time from the first byte to the result, and the most memory on the way.

use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use anyhow::Context as _;
use ledger::bankfile::integrity::Fingerprints;
use ledger::bankfile::{BankFile, ReadAs, Statement, StatementLine, settlement_row, stream};
use ledger::domain::bank::BankCode;
use ledger::domain::calendar::Date;
use ledger::domain::matching::{BankSide, LedgerSide, Matcher, SettlementLine, Terms};
use ledger::domain::money::Rupiah;
use serde_json::{Map, Value, json};

/// The last day of the month; all payments of the files are within it.
const DAY: &str = "2018-10-20";

/// The most memory that this process has held, in bytes.
fn peak() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|text| text.split_whitespace().next());
    Ok(kilobytes.context("no VmHWM")?.parse::<u64>()?.saturating_mul(1024))
}

/// The lines of `ledger.csv`, and how many there are.
fn ledger_side(path: &Path) -> anyhow::Result<(LedgerSide, u64)> {
    let mut reader = csv::Reader::from_path(path)?;
    let mut side = LedgerSide::default();
    let mut record = csv::StringRecord::new();
    // A day's lines stand together.
    let mut day: Option<(String, Date)> = None;
    while reader.read_record(&mut record)? {
        let cell = |place: usize| record.get(place).context("a line is short");
        let written = cell(2)?;
        let date = match &day {
            Some((text, date)) if text == written => *date,
            _ => {
                let date: Date = written.parse()?;
                day = Some((written.to_owned(), date));
                date
            }
        };
        side.add_settlement(&SettlementLine {
            reference: cell(0)?.parse()?,
            merchant: cell(1)?,
            account: None,
            bank_reference: None,
            business_date: date,
            amount: Rupiah::new(cell(3)?.parse()?)?,
        })?;
    }
    Ok((side, reader.position().record().saturating_sub(1)))
}

/// Lines that go from one thread to another at once.
const BATCH: usize = 2_048;

/// Lines of one account, in the order of the file.
type Batch = (Option<String>, Vec<StatementLine>);

/// Reads the bank's file and sends its lines on.
fn parse(path: &Path, how: &ReadAs, lines: &SyncSender<Batch>) -> anyhow::Result<BankFile> {
    let mut batch: Batch = (None, Vec::with_capacity(BATCH));
    let send = |batch: &mut Batch| {
        let next = (batch.0.clone(), Vec::with_capacity(BATCH));
        // Who takes them is there until all are sent.
        drop(lines.send(std::mem::replace(batch, next)));
    };
    let file = stream(File::open(path)?, how, |statement: &Statement, line| {
        if batch.0 != statement.account {
            send(&mut batch);
            batch.0.clone_from(&statement.account);
        }
        batch.1.push(line);
        if batch.1.len() == BATCH {
            send(&mut batch);
        }
    })?;
    send(&mut batch);
    Ok(file)
}

/// Reads both files and matches them: one thread takes the bank's file apart, one reads what its rows
/// are about.
pub(crate) fn matching(folder: &Path) -> anyhow::Result<Value> {
    let start = Instant::now();
    let bank: BankCode = "bri".parse()?;
    let day: Date = DAY.parse()?;
    let how = ReadAs { bank: Some(bank.clone()), ..ReadAs::default() };
    let path = folder.join("bank.csv");
    let (sender, batches) = sync_channel::<Batch>(64);
    let parser = thread::spawn(move || parse(&path, &how, &sender));
    let terms = Terms::usual(bank.clone(), day, day);
    let (ledger, lines) = ledger_side(&folder.join("ledger.csv"))?;
    let matcher = Matcher::new(terms, ledger);
    let ledger_read = start.elapsed();
    let mut rows = BankSide::default();
    let mut prints = Fingerprints::default();
    let mut place = 0_u32;
    for (account, batch) in batches {
        for line in batch {
            let of = (bank.as_str(), account.as_deref());
            matcher.read(&mut rows, &settlement_row(&mut prints, of, &line, place));
            place = place.saturating_add(1);
        }
    }
    let file = parser.join().map_err(|_panic| anyhow::anyhow!("the parser ended"))??;
    let bank_read = start.elapsed();
    drop(prints);
    let holds = file.statements.iter().map(Statement::balances_hold).collect::<Vec<_>>();
    let result = matcher.matched(rows);
    let took = start.elapsed();
    let statuses = result.totals().iter().filter(|total| total.outcomes > 0);
    let statuses: Map<String, Value> =
        statuses.map(|total| (total.status.as_str().to_owned(), total.outcomes.into())).collect();
    Ok(json!({
        "ledger_read_ms": ledger_read.as_millis(),
        "bank_read_ms": bank_read.saturating_sub(ledger_read).as_millis(),
        "matched_ms": took.saturating_sub(bank_read).as_millis(),
        "took_ms": took.as_millis(),
        "peak_bytes": peak()?,
        "lines": lines,
        "rows": place,
        "balances_hold": holds,
        "statuses": statuses,
        "control_holds": result.control().map(|control| control.holds()),
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
