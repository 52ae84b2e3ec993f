//! Statements as [`crate::domain::matching`] takes them: their rows, and the days they cover.

use rust_decimal::Decimal;

use crate::bankfile::details::{LineDetails, StatementKind};
use crate::bankfile::integrity::Fingerprints;
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
    let mut place = 0;
    for statement in statements {
        for row in settlement_rows(&bank, statement, place) {
            matcher.read(&mut rows, &row);
            place = row.place.saturating_add(1);
        }
    }
    matcher.matched(rows)
}

/// The last day of which the statements tell everything, from `day` on: the end of the period that
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

/// The rows of a bank's statement as they are matched, in the order of the file. Their places count
/// on from `first_place`.
pub fn settlement_rows<'s>(
    bank: &BankCode,
    statement: &'s Statement,
    first_place: u32,
) -> impl Iterator<Item = BankRow<'s>> {
    let (bank, account) = (bank.clone(), statement.account.as_deref());
    let mut fingerprints = Fingerprints::default();
    let lines = statement.lines.iter().zip(first_place..);
    lines.map(move |(line, place)| {
        settlement_row(&mut fingerprints, (bank.as_str(), account), line, place)
    })
}

/// One row of a bank's account as it is matched, for lines that are handed out while a file goes by.
/// `fingerprints` are the statement's own, and see its lines in the order of the file.
pub fn settlement_row<'s>(
    fingerprints: &mut Fingerprints,
    (bank, account): (&str, Option<&'s str>),
    line: &'s StatementLine,
    place: u32,
) -> BankRow<'s> {
    let details = line.details.as_deref();
    BankRow {
        fingerprint: fingerprints.next(bank, account.unwrap_or_default(), line),
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
fn kept_back(details: &LineDetails) -> Decimal {
    let charges = details.charges.iter().filter(|charge| {
        charge.included == Some(true)
            && charge.direction == Direction::Debit
            && charge.currency == "IDR"
    });
    let sum = charges.map(|charge| charge.amount).try_fold(Decimal::ZERO, Decimal::checked_add);
    // What can't be added up explains nothing.
    sum.unwrap_or_default()
}
