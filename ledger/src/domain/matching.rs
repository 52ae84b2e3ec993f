//! Matching: what the ledger says is paid for a day against what the bank's statement shows.
//!
//! The key is our own settlement reference, echoed by the bank. A match is exact in key and amount;
//! whatever is not exact is a difference for a person, and nothing is ever chosen among equals.

use std::collections::HashMap;

use rust_decimal::Decimal;

use crate::domain::money::Rupiah;

/// Whether money came into the account or left it, with reversals already applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Money came in: the balance rose.
    Credit,
    /// Money went out: the balance fell.
    Debit,
}

impl Direction {
    /// `credit` or `debit`, as answers and files write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
        }
    }

    /// The other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Credit => Self::Debit,
            Self::Debit => Self::Credit,
        }
    }
}

/// What the ledger expects: one merchant's settlement of a day at its acquirer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SettlementLine {
    /// The settlement reference that the bank was given.
    pub reference: String,
    /// The merchant's id.
    pub merchant: String,
    /// The net amount to be paid, whole rupiah.
    pub amount: Rupiah,
}

/// Where a bank's row was read: it names the row and orders it among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// The file's place in the list of files, from 0.
    pub file: usize,
    /// The line in that file, from 1.
    pub line: u64,
}

/// What the bank shows: one row of its statement, reduced to what is matched on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BankRow {
    /// Where the row was read.
    pub id: RowId,
    /// The different settlement references found in the row; two that disagree match nothing.
    pub references: Vec<String>,
    /// The amount in rupiah, above zero; sen are possible on a bank's side.
    pub amount: Decimal,
    /// Whether the row is money in or money out.
    pub direction: Direction,
}

impl BankRow {
    /// The one settlement reference of the row, if there is exactly one.
    fn key(&self) -> Option<&str> {
        match self.references.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// How the two sides of one reference stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchStatus {
    /// One line on each side, equal to the rupiah.
    Matched,
    /// One line on each side with different amounts, or a credit that the bank took back.
    AmountDiffers,
    /// Expected, and not in the bank's file.
    LedgerOnly,
    /// A credit that nothing in the ledger answers to.
    BankOnly,
    /// Several credits with one reference: all are held and none is chosen.
    DuplicateInBank,
}

impl MatchStatus {
    /// All of them, in the order in which totals are shown.
    pub const ALL: [Self; 5] = [
        Self::Matched,
        Self::AmountDiffers,
        Self::LedgerOnly,
        Self::BankOnly,
        Self::DuplicateInBank,
    ];

    /// The status as answers and files write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::AmountDiffers => "amount_differs",
            Self::LedgerOnly => "ledger_only",
            Self::BankOnly => "bank_only",
            Self::DuplicateInBank => "duplicate_in_bank",
        }
    }
}

/// One result: the lines of both sides that were looked at together, each in one result only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRow {
    /// How the sides stand to each other.
    pub status: MatchStatus,
    /// The settlement reference, unless the bank's row carries none or several.
    pub reference: Option<String>,
    /// The ledger's line.
    pub ledger: Option<SettlementLine>,
    /// The bank's rows, in the order of the files.
    pub bank: Vec<BankRow>,
}

impl MatchRow {
    /// What the bank paid in rupiah, debits taken off; zero without a row, `None` if it can't be held.
    pub fn bank_amount(&self) -> Option<Decimal> {
        self.bank.iter().try_fold(Decimal::ZERO, |sum, row| match row.direction {
            Direction::Credit => sum.checked_add(row.amount),
            Direction::Debit => sum.checked_sub(row.amount),
        })
    }

    /// What the ledger expects in rupiah; zero without a line.
    pub fn ledger_amount(&self) -> Rupiah {
        self.ledger.as_ref().map_or(Rupiah::ZERO, |line| line.amount)
    }

    /// What the bank paid above (or below) what the ledger expects; `None` if it can't be held.
    pub fn difference(&self) -> Option<Decimal> {
        self.bank_amount()?.checked_sub(Decimal::from(self.ledger_amount().get()))
    }
}

/// The whole result. Every line given is in it once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// The results by reference; rows without one stand last, in the order of the files.
    pub rows: Vec<MatchRow>,
    /// The bank's debits, which are not matched: fees, transfers out.
    pub left_out: Vec<BankRow>,
}

/// The sums of one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchTotal {
    /// The status that is summed up.
    pub status: MatchStatus,
    /// How many results have it.
    pub rows: usize,
    /// What the ledger expects in them; `None` if it can't be held.
    pub ledger: Option<Rupiah>,
    /// What the bank paid in them; `None` if it can't be held.
    pub bank: Option<Decimal>,
}

impl Matching {
    /// Whether every settlement was paid exactly and nothing else came in.
    pub fn is_clean(&self) -> bool {
        self.rows.iter().all(|row| row.status == MatchStatus::Matched)
    }

    /// The sums of each status, in the order of [`MatchStatus::ALL`], empty ones too.
    pub fn totals(&self) -> Vec<MatchTotal> {
        MatchStatus::ALL.into_iter().map(|status| self.total(status)).collect()
    }

    fn total(&self, status: MatchStatus) -> MatchTotal {
        let of_status = || self.rows.iter().filter(move |row| row.status == status);
        MatchTotal {
            status,
            rows: of_status().count(),
            ledger: Rupiah::checked_sum(of_status().map(MatchRow::ledger_amount)),
            bank: of_status()
                .try_fold(Decimal::ZERO, |sum, row| sum.checked_add(row.bank_amount()?)),
        }
    }
}

/// What was found under one reference before it is judged.
#[derive(Default)]
struct Group {
    ledger: Vec<SettlementLine>,
    credits: Vec<BankRow>,
    debits: Vec<BankRow>,
}

/// Matches the ledger's settlement lines with a bank's rows by reference and amount.
///
/// The work is proportional to the number of lines, and the result does not depend on their order.
/// A debit is left out of the match, unless it takes back a credit of the same reference to the
/// rupiah: that credit was not paid, so it is never called `matched`.
pub fn match_settlements(ledger: Vec<SettlementLine>, bank: Vec<BankRow>) -> Matching {
    let mut groups: HashMap<String, Group> = HashMap::with_capacity(ledger.len());
    let mut matching = Matching::default();
    for line in ledger {
        groups.entry(line.reference.clone()).or_default().ledger.push(line);
    }
    for row in bank {
        match (row.key().map(str::to_owned), row.direction) {
            (Some(key), Direction::Credit) => groups.entry(key).or_default().credits.push(row),
            (Some(key), Direction::Debit) => groups.entry(key).or_default().debits.push(row),
            (None, Direction::Credit) => matching.rows.push(bank_only(None, row)),
            (None, Direction::Debit) => matching.left_out.push(row),
        }
    }
    for (reference, group) in groups {
        judge(reference, group, &mut matching);
    }
    matching.rows.sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));
    matching.left_out.sort();
    matching
}

fn judge(reference: String, group: Group, matching: &mut Matching) {
    let Group { mut ledger, mut credits, debits } = group;
    let (taken_back, fees): (Vec<_>, Vec<_>) = debits
        .into_iter()
        .partition(|debit| credits.iter().any(|credit| credit.amount == debit.amount));
    matching.left_out.extend(fees);
    if ledger.len() > 1 {
        // The ledger gives a reference once. If it ever did not, nobody could say which is paid.
        matching.rows.extend(ledger.into_iter().map(|line| ledger_only(reference.clone(), line)));
        let held = credits.into_iter().map(|row| bank_only(Some(reference.clone()), row));
        matching.rows.extend(held);
        matching.left_out.extend(taken_back);
        return;
    }
    let Some(line) = ledger.pop() else {
        judge_unexpected(reference, credits, taken_back, matching);
        return;
    };
    let status = match credits.as_slice() {
        [] => MatchStatus::LedgerOnly,
        [credit] if taken_back.is_empty() && equals(credit.amount, line.amount) => {
            MatchStatus::Matched
        }
        [_] => MatchStatus::AmountDiffers,
        _ => MatchStatus::DuplicateInBank,
    };
    credits.extend(taken_back);
    credits.sort();
    matching.rows.push(MatchRow {
        status,
        reference: Some(reference),
        ledger: Some(line),
        bank: credits,
    });
}

/// A reference that the ledger does not expect on this day.
fn judge_unexpected(
    reference: String,
    mut credits: Vec<BankRow>,
    taken_back: Vec<BankRow>,
    matching: &mut Matching,
) {
    if credits.is_empty() {
        return;
    }
    let status =
        if credits.len() > 1 { MatchStatus::DuplicateInBank } else { MatchStatus::BankOnly };
    credits.extend(taken_back);
    credits.sort();
    matching.rows.push(MatchRow {
        status,
        reference: Some(reference),
        ledger: None,
        bank: credits,
    });
}

fn equals(bank: Decimal, ledger: Rupiah) -> bool {
    bank == Decimal::from(ledger.get())
}

fn bank_only(reference: Option<String>, row: BankRow) -> MatchRow {
    MatchRow { status: MatchStatus::BankOnly, reference, ledger: None, bank: vec![row] }
}

fn ledger_only(reference: String, line: SettlementLine) -> MatchRow {
    MatchRow {
        status: MatchStatus::LedgerOnly,
        reference: Some(reference),
        ledger: Some(line),
        bank: Vec::new(),
    }
}

type SortKey<'a> =
    (bool, Option<&'a str>, Option<&'a SettlementLine>, Option<&'a BankRow>, MatchStatus);

fn sort_key(row: &MatchRow) -> SortKey<'_> {
    let reference = row.reference.as_deref();
    (reference.is_none(), reference, row.ledger.as_ref(), row.bank.first(), row.status)
}

#[cfg(test)]
mod tests;
