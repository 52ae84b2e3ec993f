//! What MT940 and camt messages say beyond the rows: about a statement as a whole, about a single
//! row, and about rows that move no booked money.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::domain::matching::Direction;

/// What a bank says about a statement itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatementDetails {
    /// What kind of message it is.
    pub kind: StatementKind,
    /// The bank's reference of the message: `:20:`, or `Stmt/Id`.
    pub id: Option<String>,
    /// The first day of the period, where one is stated: of the opening balance, or `FrToDt`.
    pub from: Option<NaiveDate>,
    /// The last day of the period, where one is stated: of the closing balance, or `FrToDt`.
    pub to: Option<NaiveDate>,
    /// Whether the bank marks it as a copy or a duplicate of a statement sent before.
    pub copy: Option<CopyMark>,
    /// Whether pages before or after are missing: the opening or the closing balance is one of a
    /// page in the middle of a statement.
    pub partial: bool,
    /// The balance that can be drawn on, where it is stated: `:64:`, or `CLAV`.
    pub available: Option<Decimal>,
    /// The rows that are listed without moving booked money. They count in no balance.
    pub uncounted: Vec<UncountedLine>,
}

/// What kind of message a statement is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// The booked rows of a closed period: a CSV export, MT940, camt.053.
    #[default]
    Statement,
    /// The rows so far of a period that is not closed: MT942, camt.052.
    Interim,
    /// Single movements without balances: camt.054.
    Notification,
}

/// How a bank marks a message that it sends again (`CpyDplctInd`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyMark {
    /// `COPY`: for another party than the owner of the account.
    Copy,
    /// `DUPL`: sent again.
    Duplicate,
    /// `CODU`: a copy that is sent again.
    CopyDuplicate,
}

/// A row that moves no booked money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncountedLine {
    /// The line of the file it starts on, from 1.
    pub number: u64,
    /// Why it does not count.
    pub cause: NotCounted,
    /// Its booking date, or else its value date, where it has one.
    pub date: Option<NaiveDate>,
    /// The amount, zero or more.
    pub amount: Decimal,
    /// Money in or out.
    pub direction: Direction,
    /// What can identify it, as for booked rows.
    pub references: Vec<String>,
    /// The bank's description, spaces put in order.
    pub description: String,
}

/// Why a row moves no booked money.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NotCounted {
    /// `PDNG`, or `EC` and `ED` of an MT942: announced, and not booked.
    Pending,
    /// `INFO`: for information only.
    Information,
    /// `FUTR`: to be booked on a later day.
    Future,
    /// Any other status than `BOOK`.
    OtherStatus(String),
    /// Booked, with an amount of zero.
    ZeroAmount,
}

/// What a bank says about a single row beyond amount, dates and texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineDetails {
    /// Whether the bank marks it as the reversal of an earlier movement (`RC`, `RD`, `RvslInd`).
    /// The row's direction has it applied already.
    pub reversal: bool,
    /// The bank's code for the kind of movement: `NTRF`, `PMNT/RCDT/DMCT`.
    pub code: Option<Box<str>>,
    /// The batch that the row stands for or is a part of.
    pub batch: Option<Box<Batch>>,
    /// The bank's charges for the movement, as it states them.
    pub charges: Vec<Charge>,
}

/// A batch that the bank booked as one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The message in which the batch was ordered.
    pub message_id: Option<String>,
    /// The batch's id in that message.
    pub payment_id: Option<String>,
    /// How many transactions the bank says it has.
    pub transactions: Option<u64>,
    /// The amount of the whole entry.
    pub entry_amount: Decimal,
    /// The row's place among the entry's transactions, from 1, and how many there are; `None` when
    /// the row is the whole entry.
    pub part: Option<(u64, u64)>,
}

/// A charge that the bank took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The amount, zero or more.
    pub amount: Decimal,
    /// Its currency, three letters.
    pub currency: String,
    /// Taken (a debit) or given back (a credit).
    pub direction: Direction,
    /// Whether the row's amount has it in it already, where the bank says so.
    pub included: Option<bool>,
}
