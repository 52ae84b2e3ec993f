//! The result: every line and every row in one outcome, in a fixed order.

use rust_decimal::Decimal;

use super::Direction;
use super::bank_side::{Fingerprint, RowData, RowRole};
use super::control::{Sums, sum};
use super::index::{NONE, at};
use super::ledger_side::{LedgerSide, date_of};
use super::pairs::{Dated, paired};
use super::status::MatchStatus;
use super::terms::Terms;
use crate::domain::calendar::Date;
use crate::domain::hex::Hex;
use crate::domain::money::Rupiah;
use crate::domain::settlement::SettlementReference;
use crate::domain::short::ShortText;

/// A line of the ledger's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Settlement(u32),
    Redemption(u32),
}

/// What orders outcomes: business date, kind of key, key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order {
    pub(super) day: i32,
    pub(super) kind: KeyKind,
    pub(super) key: [u8; 16],
}

/// What an outcome is known by, in the order of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeyKind {
    Settlement,
    Redemption,
    Row,
}

/// An outcome as it is kept: parts of the lists of units and rows.
#[derive(Clone, Debug)]
pub(super) struct OutcomeData {
    pub(super) order: Order,
    pub(super) status: MatchStatus,
    pub(super) units: (u32, u32),
    pub(super) rows: (u32, u32),
}

/// The whole result. Every line and every row is in one outcome.
///
/// A redemption is looked at with its settlement, unless the bank pays redemptions singly: then its
/// redemptions stand in the settlement's place. A reversed redemption of which the bank knows nothing
/// has no outcome, for nothing is due.
#[derive(Clone, Debug)]
pub struct Matching {
    pub(super) terms: Terms,
    pub(super) ledger: LedgerSide,
    pub(super) rows: Vec<RowData>,
    pub(super) outcomes: Vec<OutcomeData>,
    pub(super) units: Vec<Unit>,
    pub(super) listed: Vec<u32>,
    pub(super) movement: Option<Decimal>,
    pub(super) sums: Sums,
    pub(super) repeated: usize,
}

/// One result: the lines and rows that were looked at together.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'m> {
    matching: &'m Matching,
    data: &'m OutcomeData,
}

/// A line of the ledger's side in an outcome.
#[derive(Clone, Copy, Debug)]
pub struct Line<'m> {
    ledger: &'m LedgerSide,
    unit: Unit,
}

/// A bank's row in an outcome.
#[derive(Clone, Copy, Debug)]
pub struct Row<'m>(pub(super) &'m RowData);

impl Matching {
    /// The terms it was made under.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The outcomes by business date and key: settlements, then redemptions, then rows.
    pub fn outcomes(&self) -> impl ExactSizeIterator<Item = Outcome<'_>> {
        self.outcomes.iter().map(|data| Outcome { matching: self, data })
    }

    /// Whether nothing is left for a person: all is paid, or the bank still has time.
    pub fn is_clean(&self) -> bool {
        self.outcomes.iter().all(|outcome| !outcome.status.is_exception())
    }

    /// How many rows were left out because they had been added before.
    pub const fn repeated_rows(&self) -> usize {
        self.repeated
    }
}

/// A part of a list.
fn part<T>(list: &[T], (begin, length): (u32, u32)) -> &[T] {
    let range = usize::try_from(begin).ok().zip(usize::try_from(length).ok());
    range
        .and_then(|(begin, length)| list.get(begin..begin.saturating_add(length)))
        .unwrap_or_default()
}

impl<'m> Outcome<'m> {
    /// How the sides stand to each other.
    pub const fn status(self) -> MatchStatus {
        self.data.status
    }

    /// The business date (WIB) of the line, or the one that the rows' reference names, or the row's.
    pub fn business_date(self) -> Date {
        date_of(self.data.order.day)
    }

    /// What the outcome is known by within the bank and the business date: a settlement reference,
    /// `RRN/TERMINAL` of a redemption, or `row:`, the beginning of a row's hash and its occurrence.
    pub fn key(self) -> String {
        match self.data.order.kind {
            KeyKind::Settlement => {
                self.reference().map(|reference| reference.to_string()).unwrap_or_default()
            }
            KeyKind::Redemption => self.lines().next().map(Line::key).unwrap_or_default(),
            KeyKind::Row => {
                let (digest, occurrence) = self.data.order.key.split_at(12);
                let occurrence = occurrence.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
                format!("row:{}#{}", Hex(digest), occurrence.unwrap_or_default())
            }
        }
    }

    /// The settlement reference, where the outcome is known by one.
    pub fn reference(self) -> Option<SettlementReference> {
        let (first, _rest) = self.data.order.key.split_first_chunk()?;
        let reference = SettlementReference::of_number(u64::from_be_bytes(*first));
        (self.data.order.kind == KeyKind::Settlement).then_some(reference)
    }

    /// Whether it is of an earlier business date than the one that is reconciled.
    pub fn is_carried(self) -> bool {
        self.business_date() < self.matching.terms.day
    }

    /// The ledger's lines.
    pub fn lines(self) -> impl ExactSizeIterator<Item = Line<'m>> {
        let ledger = &self.matching.ledger;
        part(&self.matching.units, self.data.units).iter().map(|unit| Line { ledger, unit: *unit })
    }

    /// The bank's rows, the oldest first.
    pub fn rows(self) -> impl ExactSizeIterator<Item = Row<'m>> {
        let rows = part(&self.matching.listed, self.data.rows).iter();
        let data: Vec<&RowData> =
            rows.filter_map(|place| at(&self.matching.rows, *place)).collect();
        data.into_iter().map(Row)
    }

    /// The rows by which the bank took fees, without those that it gave back, as the judgement takes
    /// them.
    pub fn fees(self) -> Vec<Row<'m>> {
        let all = &self.matching.rows;
        let of = |role: RowRole| -> Vec<Dated> {
            let listed = part(&self.matching.listed, self.data.rows).iter();
            let rows = listed.filter_map(|row| Some((*row, at(all, *row)?)));
            let those = rows.filter(|(_row, data)| data.role == role);
            those.map(|(row, data)| Dated::of(row, data)).collect()
        };
        let mut taken = paired(of(RowRole::Fee), of(RowRole::GivenBack)).originals;
        taken.sort_unstable_by_key(|fee| fee.row);
        taken.into_iter().filter_map(|fee| at(all, fee.row)).map(Row).collect()
    }

    /// What the ledger expects; zero without a line, `None` if it can't be held.
    pub fn ledger_amount(self) -> Option<Rupiah> {
        Rupiah::checked_sum(self.lines().map(Line::due))
    }

    /// What the bank paid in rupiah, debits taken off; `None` if it can't be held.
    pub fn bank_amount(self) -> Option<Decimal> {
        let listed = part(&self.matching.listed, self.data.rows).iter();
        let rows = listed.filter_map(|place| at(&self.matching.rows, *place));
        sum(rows.map(RowData::signed))
    }

    /// What the bank paid above (or below) what the ledger expects; `None` if it can't be held.
    pub fn difference(self) -> Option<Decimal> {
        self.bank_amount()?.checked_sub(Decimal::from(self.ledger_amount()?.get()))
    }
}

impl Line<'_> {
    /// A settlement reference, or `RRN/TERMINAL` of a redemption.
    pub fn key(self) -> String {
        match self.unit {
            Unit::Settlement(place) => at(&self.ledger.settlements, place)
                .map(|line| line.reference.to_string())
                .unwrap_or_default(),
            Unit::Redemption(place) => at(&self.ledger.redemptions, place)
                .map(|line| match line.terminal {
                    Some(terminal) => format!("{:012}/{terminal}", line.rrn),
                    None => format!("{:012}", line.rrn),
                })
                .unwrap_or_default(),
        }
    }

    /// The settlement reference; `None` for a redemption.
    pub fn reference(self) -> Option<SettlementReference> {
        match self.unit {
            Unit::Settlement(place) => {
                at(&self.ledger.settlements, place).map(|line| line.reference)
            }
            Unit::Redemption(_) => None,
        }
    }

    /// The merchant's code.
    pub fn merchant(&self) -> &str {
        match self.unit {
            Unit::Settlement(place) => at(&self.ledger.settlements, place)
                .map(|line| line.merchant.as_str())
                .unwrap_or_default(),
            Unit::Redemption(place) => at(&self.ledger.redemptions, place)
                .map(|line| line.merchant.as_str())
                .unwrap_or_default(),
        }
    }

    /// The business date (WIB).
    pub fn business_date(self) -> Date {
        date_of(self.ledger.day_of(self.unit))
    }

    /// What has to be paid: nothing for a redemption that was taken back.
    pub fn due(self) -> Rupiah {
        Rupiah::new(self.ledger.due(self.unit)).unwrap_or_default()
    }
}

impl Row<'_> {
    /// The row's place in the caller's list; the first one where it was added more than once.
    pub const fn place(self) -> u32 {
        self.0.place
    }

    /// What the row is known by.
    pub const fn fingerprint(self) -> Fingerprint {
        self.0.fingerprint
    }

    /// The business date (WIB).
    pub fn date(self) -> Date {
        date_of(self.0.day)
    }

    /// The amount in rupiah.
    pub const fn amount(self) -> Decimal {
        self.0.amount
    }

    /// The amount as it changed the balance: below zero where money went out.
    pub fn signed(self) -> Decimal {
        self.0.signed()
    }

    /// Money in or out.
    pub const fn direction(self) -> Direction {
        if self.0.role.is_credit() { Direction::Credit } else { Direction::Debit }
    }

    /// What the row is taken for.
    pub const fn role(self) -> RowRole {
        self.0.role
    }
}

impl LedgerSide {
    /// The code of a line's merchant.
    pub(super) fn merchant_of(&self, unit: Unit) -> Option<ShortText> {
        match unit {
            Unit::Settlement(place) => at(&self.settlements, place).map(|line| line.merchant),
            Unit::Redemption(place) => at(&self.redemptions, place).map(|line| line.merchant),
        }
    }

    pub(super) fn day_of(&self, unit: Unit) -> i32 {
        match unit {
            Unit::Settlement(place) => at(&self.settlements, place).map(|line| line.day),
            Unit::Redemption(place) => at(&self.redemptions, place).map(|line| line.day),
        }
        .unwrap_or_default()
    }

    pub(super) fn account_of(&self, unit: Unit) -> u32 {
        match unit {
            Unit::Settlement(place) => at(&self.settlements, place).map(|line| line.account),
            Unit::Redemption(place) => at(&self.redemptions, place).map(|line| line.account),
        }
        .unwrap_or(NONE)
    }

    /// What has to be paid for a line.
    pub(super) fn due(&self, unit: Unit) -> i64 {
        match unit {
            Unit::Settlement(place) => at(&self.settlements, place).map(|line| line.amount),
            Unit::Redemption(place) => {
                at(&self.redemptions, place).map(|line| if line.reversed { 0 } else { line.amount })
            }
        }
        .unwrap_or_default()
    }

    /// Where the rows about a line begin.
    pub(super) fn rows_of(&self, unit: Unit) -> u32 {
        match unit {
            Unit::Settlement(place) => at(&self.settlements, place).map(|line| line.rows),
            Unit::Redemption(place) => at(&self.redemptions, place).map(|line| line.rows),
        }
        .unwrap_or(NONE)
    }
}
