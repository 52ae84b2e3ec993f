//! The bank's side of a matching: its rows, by what their texts name.

use std::fmt;
use std::ops::Neg as _;

use rust_decimal::Decimal;

use super::Direction;
use super::index::next_place;
use super::words::Marks;
use crate::domain::calendar::Date;
use crate::domain::hex::Hex;
use crate::domain::settlement::SettlementReference;
use crate::domain::short::ShortText;

/// What a row is known by wherever it is read: the same row in two files has one fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    /// The hash of what the bank says of the row.
    pub digest: [u8; 32],
    /// The row's number among rows that are equal in all of that, from 1.
    pub occurrence: u32,
}

/// The hash in hexadecimal digits, `#` and the occurrence.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", Hex(&self.digest), self.occurrence)
    }
}

/// What the bank shows: one row of its statement.
#[derive(Clone, Copy, Debug)]
pub struct BankRow<'a> {
    /// What the row is known by.
    pub fingerprint: Fingerprint,
    /// The row's place in the caller's own list; it is given back as it is.
    pub place: u32,
    /// The account that the statement is of, where it names one.
    pub account: Option<&'a str>,
    /// The business date (WIB).
    pub date: Date,
    /// The amount in rupiah, above zero; sen are possible on a bank's side.
    pub amount: Decimal,
    /// Money in or out, reversals already applied.
    pub direction: Direction,
    /// Whether the format marks the row as a reversal (`RC`, `RD`, `RvslInd`).
    pub reversal: bool,
    /// What the bank says it kept back from the amount; zero where it says nothing.
    pub charge: Decimal,
    /// The bank's references of the row, in any text that keeps them apart.
    pub references: &'a str,
    /// The bank's description.
    pub description: &'a str,
}

/// What a row is by its direction and its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowRole {
    /// A credit that may pay something.
    Payment,
    /// A debit that the bank calls a fee.
    Fee,
    /// Any other debit.
    Debit,
    /// A debit that takes a credit back.
    TakenBack,
    /// A credit that gives a debit back.
    GivenBack,
    /// A credit that does not concern us: interest.
    OtherCredit,
}

impl RowRole {
    /// The role as canonical texts write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Fee => "fee",
            Self::Debit => "debit",
            Self::TakenBack => "taken_back",
            Self::GivenBack => "given_back",
            Self::OtherCredit => "other_credit",
        }
    }

    /// Whether such a row is money in.
    pub(super) const fn is_credit(self) -> bool {
        matches!(self, Self::Payment | Self::GivenBack | Self::OtherCredit)
    }

    /// What a row is; `loose` when it names nothing of ours.
    pub(super) fn of(row: &BankRow<'_>, marks: Marks, loose: bool) -> Self {
        let reversal = row.reversal || marks.reversal;
        match row.direction {
            Direction::Credit if reversal => Self::GivenBack,
            Direction::Credit if loose && marks.other => Self::OtherCredit,
            Direction::Credit => Self::Payment,
            Direction::Debit if marks.fee && !row.reversal => Self::Fee,
            Direction::Debit if reversal => Self::TakenBack,
            Direction::Debit => Self::Debit,
        }
    }
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A settlement, ours or not, by its reference or its number at the bank.
    Settlement(SettlementReference),
    /// A redemption, by its retrieval reference.
    Redemption(u32),
    /// A merchant, by its code alone.
    Merchant(ShortText),
    /// Several redemptions, any of which it could be.
    Tied,
    /// Things that disagree.
    Conflict,
}

/// A row as it is kept.
#[derive(Clone, Debug)]
pub(super) struct RowData {
    pub(super) fingerprint: Fingerprint,
    pub(super) amount: Decimal,
    pub(super) day: i32,
    pub(super) place: u32,
    /// The account, where it is one of the ledger's.
    pub(super) account: u32,
    /// The merchant that it names. Of a row that names a settlement, a word that may be a code.
    pub(super) named: Option<ShortText>,
    /// The row that was brought to the same line before.
    pub(super) next: u32,
    pub(super) role: RowRole,
}

impl RowData {
    /// What the row adds to the account's balance.
    pub(super) fn signed(&self) -> Decimal {
        if self.role.is_credit() { self.amount } else { self.amount.neg() }
    }
}

/// A row that names a settlement, with all that mostly decides about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Keyed {
    pub(super) reference: SettlementReference,
    /// The amount of a payment of whole rupiah; below zero for any other row.
    pub(super) pays: i64,
    pub(super) named: Option<ShortText>,
    pub(super) day: i32,
    pub(super) account: u32,
    pub(super) row: u32,
}

/// What is kept of the texts of a row that names nothing, to find the row that takes it back.
#[derive(Clone, Debug)]
pub(super) struct LooseText {
    pub(super) row: u32,
    pub(super) account: Box<str>,
    pub(super) description: Box<str>,
    pub(super) references: Box<str>,
}

/// The bank's side: rows that a [`super::Matcher`] has read.
#[derive(Clone, Debug)]
pub struct BankSide {
    pub(super) rows: Vec<RowData>,
    /// Rows that name settlements.
    pub(super) keyed: Vec<Keyed>,
    /// Redemptions and merchants that rows name, with the row.
    pub(super) redemptions: Vec<(u32, u32)>,
    pub(super) merchants: Vec<(ShortText, u32)>,
    /// Rows that name nothing, in the order of the rows.
    pub(super) loose: Vec<LooseText>,
    /// Rows that could be about several redemptions.
    pub(super) tied: Vec<u32>,
    /// Rows whose names disagree.
    pub(super) conflicts: Vec<u32>,
    /// What the bank says it kept back from rows, in the order of the rows.
    pub(super) charges: Vec<(u32, Decimal)>,
    /// What all rows together moved; `None` when it can't be held.
    pub(super) movement: Option<Decimal>,
    /// The account of the last row, as it was written and as it is known: it is mostly the next one's.
    pub(super) account: Option<(Box<str>, u32)>,
}

impl Default for BankSide {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            keyed: Vec::new(),
            redemptions: Vec::new(),
            merchants: Vec::new(),
            loose: Vec::new(),
            tied: Vec::new(),
            conflicts: Vec::new(),
            charges: Vec::new(),
            movement: Some(Decimal::ZERO),
            account: None,
        }
    }
}

impl BankSide {
    /// A side without rows, with room for so many.
    pub fn with_capacity(rows: usize) -> Self {
        Self { rows: Vec::with_capacity(rows), keyed: Vec::with_capacity(rows), ..Self::default() }
    }

    /// Adds the rows that another reader has read, behind these.
    pub fn append(&mut self, mut other: Self) {
        let before = next_place(&self.rows);
        let moved = |place: &mut u32| *place = place.saturating_add(before);
        other.keyed.iter_mut().for_each(|keyed| moved(&mut keyed.row));
        other.loose.iter_mut().for_each(|text| moved(&mut text.row));
        other.redemptions.iter_mut().for_each(|(_named, row)| moved(row));
        other.merchants.iter_mut().for_each(|(_named, row)| moved(row));
        other.charges.iter_mut().for_each(|(row, _charge)| moved(row));
        other.tied.iter_mut().chain(&mut other.conflicts).for_each(moved);
        self.rows.append(&mut other.rows);
        self.keyed.append(&mut other.keyed);
        self.redemptions.append(&mut other.redemptions);
        self.merchants.append(&mut other.merchants);
        self.loose.append(&mut other.loose);
        self.tied.append(&mut other.tied);
        self.conflicts.append(&mut other.conflicts);
        self.charges.append(&mut other.charges);
        let sum = self.movement.zip(other.movement);
        self.movement = sum.and_then(|(one, more)| one.checked_add(more));
    }

    /// Adds a row that is about `target`.
    pub(super) fn push(&mut self, data: RowData, target: Option<Target>) {
        let row = next_place(&self.rows);
        match target {
            Some(Target::Settlement(reference)) => self.keyed.push(Keyed {
                reference,
                pays: whole_payment(&data),
                day: data.day,
                account: data.account,
                named: data.named,
                row,
            }),
            Some(Target::Redemption(of)) => self.redemptions.push((of, row)),
            Some(Target::Merchant(of)) => self.merchants.push((of, row)),
            Some(Target::Tied) => self.tied.push(row),
            Some(Target::Conflict) => self.conflicts.push(row),
            None => {}
        }
        self.movement = self.movement.and_then(|sum| sum.checked_add(data.signed()));
        self.rows.push(data);
    }
}

fn whole_payment(row: &RowData) -> i64 {
    let whole = row.role == RowRole::Payment && row.amount.is_integer();
    i64::try_from(row.amount).ok().filter(|_amount| whole).unwrap_or(-1)
}
