//! Statements as [`crate::domain::matching`] takes them: their rows, and the days they cover.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use rust_decimal::Decimal;

use crate::bankfile::details::{LineDetails, StatementKind};
use crate::bankfile::integrity::{Fingerprint, Fingerprints};
use crate::bankfile::statement::{Statement, StatementLine};
use crate::domain::bank::BankCode;
use crate::domain::calendar::Date;
use crate::domain::matching::{BankRow, BankSide, Direction, LedgerSide, Matcher, Matching, Terms};

/// Matches what is expected of a bank with its statements. The places of the rows are their places
/// among the lines of all statements, in order.
pub fn match_statements<'s>(
    terms: Terms,
    ledger: LedgerSide,
    statements: impl IntoIterator<Item = &'s Statement>,
) -> Matching {
    let bank = terms.bank.clone();
    let matcher = Matcher::new(terms, ledger);
    let mut rows = BankSide::default();
    each_settlement_row(&bank, statements, |row| matcher.read(&mut rows, &row));
    matcher.matched(rows)
}

/// The last day, from `day` on, that the statements cover completely: the end of the period that
/// they state, or their last booking. The last day of an interim report has not ended.
pub fn covered_to<'s>(day: Date, statements: impl IntoIterator<Item = &'s Statement>) -> Date {
    let ends = statements.into_iter().filter_map(|statement| {
        let booked = statement.lines.iter().map(|line| line.booking_date).max();
        let end = Date::from(statement.details.to.max(booked)?);
        Some(match statement.details.kind {
            StatementKind::Statement => end,
            StatementKind::Interim | StatementKind::Notification => end.minus_days(1),
        })
    });
    ends.max().map_or(day, |end| end.max(day))
}

/// From so many rows on, another thread makes their fingerprints.
const MANY: usize = 16 * 1024;
/// Rows whose fingerprints are handed over at once, and how often before they are taken.
const AT_ONCE: usize = 2 * 1024;
const AHEAD: usize = 4;

/// Gives `take` the rows of statements as they are matched, in order. The places of the rows are
/// their places among the lines of all statements.
pub fn each_settlement_row<'s>(
    bank: &BankCode,
    statements: impl IntoIterator<Item = &'s Statement>,
    mut take: impl FnMut(BankRow<'s>),
) {
    let statements: Vec<&Statement> = statements.into_iter().collect();
    let rows = statements.iter().map(|statement| statement.lines.len());
    let are_many = rows.fold(0, usize::saturating_add) >= MANY;
    let (sender, made) = sync_channel(AHEAD);
    thread::scope(|scope| {
        let other = || make_fingerprints(bank, &statements, sender);
        // Without that thread they are made below.
        let _running = are_many.then(|| thread::Builder::new().spawn_scoped(scope, other));
        let mut places = 0..;
        for statement in &statements {
            let account = statement.account.as_deref();
            let mut own = Fingerprints::new(bank.as_str(), account.unwrap_or_default());
            for lines in statement.lines.chunks(AT_ONCE) {
                let made = made.recv().unwrap_or_else(|_none| next_of(&mut own, lines));
                for ((line, fingerprint), place) in lines.iter().zip(made).zip(places.by_ref()) {
                    take(settlement_row(fingerprint, account, line, place));
                }
            }
        }
    });
}

/// Makes the fingerprints of all rows, as long as they are taken.
fn make_fingerprints(
    bank: &BankCode,
    statements: &[&Statement],
    sender: SyncSender<Vec<Fingerprint>>,
) {
    for statement in statements {
        let account = statement.account.as_deref().unwrap_or_default();
        let mut fingerprints = Fingerprints::new(bank.as_str(), account);
        for lines in statement.lines.chunks(AT_ONCE) {
            if sender.send(next_of(&mut fingerprints, lines)).is_err() {
                return;
            }
        }
    }
}

fn next_of(fingerprints: &mut Fingerprints, lines: &[StatementLine]) -> Vec<Fingerprint> {
    lines.iter().map(|line| fingerprints.next(line)).collect()
}

/// One row of a bank's account as it is matched.
fn settlement_row<'s>(
    fingerprint: Fingerprint,
    account: Option<&'s str>,
    line: &'s StatementLine,
    place: u32,
) -> BankRow<'s> {
    let details = line.details.as_deref();
    BankRow {
        fingerprint,
        place,
        account,
        date: line.business_date.into(),
        amount: line.amount,
        direction: line.direction,
        reversal: details.is_some_and(|details| details.reversal),
        charge: details.map(kept_back).unwrap_or_default(),
        references: line.texts.all_references(),
        description: line.description(),
    }
}

/// The charges in rupiah that the row's amount has in it already, as the bank says.
pub(super) fn kept_back(details: &LineDetails) -> Decimal {
    let charges = details.charges.iter().filter(|charge| {
        charge.included == Some(true)
            && charge.direction == Direction::Debit
            && charge.currency == "IDR"
    });
    let sum = charges.map(|charge| charge.amount).try_fold(Decimal::ZERO, Decimal::checked_add);
    // What can't be added up explains nothing.
    sum.unwrap_or_default()
}
