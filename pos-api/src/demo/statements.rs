//! The banks' statement files of the demo's day: a line for each settlement, with a few differences
//! planted, and what reconciling finds of them.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use ledger::bankfile::integrity::{Expected, History, check};
use ledger::bankfile::write::{RowToWrite, StatementToWrite, statement_csv};
use ledger::bankfile::{Profile, ReadAs, covered_to, match_statements, open};
use ledger::domain::calendar::Date;
use ledger::domain::matching::{Direction, LedgerSide, Matching, SettlementLine, Terms};
use ledger::domain::money::Rupiah;
use ledger::service::{Ledger, Reader, Settlement, SettlementQuery};
use rust_decimal::Decimal;

use super::clients::write_private;
use super::town::{BANKS, Bank};

/// What stood on the account before the first row.
const OPENING: i64 = 25_000_000;
/// Settlements that are read at once.
const PAGE: i64 = 1000;

/// What is wrong in a bank's file.
#[derive(Clone, Copy, Debug)]
enum Planted {
    /// A shop got Rp1.000 too little.
    PaidLess,
    /// Somebody paid cash into the account.
    ForeignCredit,
    /// A shop was not paid, and the bank took a fee.
    NotPaid,
    /// A shop was paid twice.
    PaidTwice,
}

/// How each bank words its payments, and what is wrong in its file.
const WORDED: [(&str, Planted); 4] = [
    ("WS_OB;", Planted::PaidLess),
    ("PEMBAYARAN EWARONG | ", Planted::ForeignCredit),
    ("BPNT ", Planted::NotPaid),
    ("Pembayaran e-warong ", Planted::PaidTwice),
];

/// What a bank owes a shop.
struct Owed {
    reference: String,
    merchant: String,
    amount: Rupiah,
}

/// A bank's statement file.
#[derive(Debug)]
pub(super) struct BankFile {
    pub(super) bank: &'static str,
    pub(super) path: String,
    pub(super) business_date: Date,
    /// Settlements that are to be paid.
    pub(super) settlements: usize,
    /// What they come to.
    pub(super) amount: Rupiah,
    /// The file against the ledger.
    pub(super) matching: Matching,
}

/// Writes the banks' files for a closed day into `folder`, which is made, and reconciles them.
pub(super) fn write_all(
    folder: &Path,
    ledger: &Ledger,
    day: Date,
) -> anyhow::Result<Vec<BankFile>> {
    fs::create_dir_all(folder).with_context(|| format!("can't make `{}`", folder.display()))?;
    let files = BANKS.iter().zip(WORDED).map(|(bank, worded)| {
        let lines = all_owed(ledger, bank.code, day)?;
        let path = folder.join(format!("{}-{day}.csv", bank.code));
        let profile = Profile::of_bank(&bank.code.parse()?)?;
        let text = statement_csv(&profile, &statement(bank, &lines, worded, day.next().naive())?);
        write_private(&path, &text)?;
        Ok(BankFile {
            bank: bank.code,
            business_date: day,
            settlements: lines.len(),
            amount: Rupiah::checked_sum(lines.iter().map(|line| line.amount))
                .context("the settlements can be counted")?,
            matching: reconcile(&path, bank.code, &lines, day)?,
            path: path.to_string_lossy().into_owned(),
        })
    });
    files.collect()
}

/// What the ledger expects a bank to pay for a day.
fn all_owed(ledger: &Ledger, bank: &str, day: Date) -> anyhow::Result<Vec<Owed>> {
    let query = SettlementQuery {
        bank: Some(bank.to_owned()),
        business_date: Some(day),
        ..SettlementQuery::default()
    };
    let (mut lines, mut after) = (Vec::new(), 0);
    loop {
        let page = ledger.settlements(Reader::All, &query, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(lines) };
        after = last.id;
        lines.extend(page.into_iter().filter_map(owed));
    }
}

/// Nothing is paid for a day whose sales were all taken back.
fn owed(settlement: Settlement) -> Option<Owed> {
    let amount = Rupiah::new(settlement.sums().due()).ok().filter(|due| !due.is_zero())?;
    let (reference, merchant) = (settlement.reference?, settlement.merchant_code);
    Some(Owed { reference, merchant, amount })
}

/// The statement as the bank would write it on the day of payment.
fn statement(
    bank: &Bank,
    lines: &[Owed],
    (wording, planted): (&str, Planted),
    date: NaiveDate,
) -> anyhow::Result<StatementToWrite> {
    let mut time = NaiveTime::from_hms_opt(8, 0, 0).context("eight o'clock is a time")?;
    let mut rows = Vec::new();
    let mut push = |description: String, direction, amount: i64| {
        time = time.overflowing_add_signed(TimeDelta::seconds(1)).0;
        let amount = Decimal::from(amount);
        rows.push(RowToWrite { date, time, description, direction, amount });
    };
    for (place, line) in lines.iter().enumerate() {
        let text = format!("{wording}{} {}", line.reference, line.merchant);
        let amount = line.amount.get();
        match planted {
            Planted::PaidLess if place == 0 => {
                push(text, Direction::Credit, amount.saturating_sub(1000));
            }
            Planted::NotPaid if place == 0 => {
                push("BIAYA ADMINISTRASI".to_owned(), Direction::Debit, 12_500);
            }
            Planted::PaidTwice if place == 0 => {
                push(text.clone(), Direction::Credit, amount);
                push(text, Direction::Credit, amount);
            }
            Planted::ForeignCredit if place == 0 => {
                push("SETORAN TUNAI".to_owned(), Direction::Credit, 250_000);
                push(text, Direction::Credit, amount);
            }
            Planted::PaidLess | Planted::NotPaid | Planted::PaidTwice | Planted::ForeignCredit => {
                push(text, Direction::Credit, amount);
            }
        }
    }
    let account = bank.account_number.to_owned();
    Ok(StatementToWrite { account, opening: Decimal::from(OPENING), rows })
}

/// Reads a file back and matches it, by the same steps as `merchant-cli reconcile`.
fn reconcile(path: &Path, bank: &str, lines: &[Owed], day: Date) -> anyhow::Result<Matching> {
    let expected = Expected::for_day(bank.parse()?, day);
    let how = ReadAs { bank: expected.bank.clone(), ..ReadAs::default() };
    let file = open(fs::File::open(path)?, &how)?;
    check(&file, &History::default(), &expected)?;
    let mut side = LedgerSide::default();
    for Owed { reference, merchant, amount } in lines {
        side.add_settlement(&SettlementLine {
            reference: reference.parse()?,
            merchant,
            account: None,
            bank_reference: None,
            business_date: day,
            amount: *amount,
        })?;
    }
    let terms = Terms::usual(bank.parse()?, day, covered_to(day, &file.statements));
    Ok(match_statements(terms, side, &file.statements))
}
