//! A bank's statement as every format is read into it.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::bankfile::chain::{Balances, BothWays, ChainBreak};
use crate::bankfile::details::{LineDetails, StatementDetails};
use crate::bankfile::numbers::negated;
use crate::bankfile::reference::{distinct, each_reference};
pub(super) use crate::bankfile::texts::Texts;
use crate::domain::bank::BankCode;
use crate::domain::matching::Direction;

/// One account's rows in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The layout it was read by: `bri/long`, `mt940`, `camt.053`.
    pub layout: String,
    /// The bank that the file's form belongs to or that the file names, where that is known.
    pub bank: Option<BankCode>,
    /// The account as the file writes it; `None` when the file has none, or only a rounded one.
    pub account: Option<String>,
    /// The currency, three letters.
    pub currency: String,
    /// The bank's number of the statement, where it counts them; a gap in it is a missing statement.
    pub number: Option<StatementNumber>,
    /// The balance before the first row in time, where the file states one or it follows from the
    /// first row's own balance.
    pub opening: Option<Decimal>,
    /// The balance after the last row in time, where the file states one.
    pub closing: Option<Decimal>,
    /// Whether the file lists its rows forwards or backwards in time.
    pub order: RowOrder,
    /// The first line at which the pages of a statement contradict each other.
    pub broken_line: Option<u64>,
    /// The rows in the order of the file.
    pub lines: Vec<StatementLine>,
    /// What the bank says about the statement itself, and the rows that it lists without booking.
    pub details: StatementDetails,
    /// How the balances agree, where that was found while the rows went by.
    pub(super) balances: Option<Balances>,
}

/// A statement's place in the bank's own count of an account's statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementNumber {
    /// The statement's number.
    pub statement: u64,
    /// The page within the statement, where the bank splits it.
    pub page: Option<u64>,
}

/// In which order a file lists its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOrder {
    /// The oldest row first.
    Ascending,
    /// The newest row first.
    Descending,
}

/// One movement on the account. A million of them are held at once, so it is kept small: its texts
/// lie in one piece of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// The line of the file it starts on, from 1.
    pub number: u64,
    /// The date on which the bank booked it.
    pub booking_date: NaiveDate,
    /// The date from which it counts, where the file has one.
    pub value_date: Option<NaiveDate>,
    /// The date that the profile holds for the business date (WIB).
    pub business_date: NaiveDate,
    /// The amount, above zero.
    pub amount: Decimal,
    /// Money in or out, reversals already applied.
    pub direction: Direction,
    /// The balance after the movement, where each row states it.
    pub balance: Option<Decimal>,
    /// The bank's description, its references and its sequence number.
    pub texts: Texts,
    /// What MT940 and camt say beyond that; `None` in layouts that have nothing of the kind.
    pub details: Option<Box<LineDetails>>,
}

impl StatementLine {
    /// The bank's description, spaces put in order.
    pub fn description(&self) -> &str {
        self.texts.description()
    }

    /// What can identify the movement: the bank's own numbers and our references found in its texts.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        self.texts.references()
    }

    /// The bank's sequence or journal number, which distinguishes rows that are otherwise equal.
    pub fn sequence(&self) -> Option<&str> {
        self.texts.sequence()
    }

    /// The different settlement references of ours that the row carries.
    pub fn settlement_references(&self) -> Vec<&str> {
        distinct(self.references().flat_map(each_reference))
    }

    /// Whether it carries no settlement's reference, but what could be a redemption's: a number of
    /// twelve digits.
    pub fn may_name_a_redemption(&self) -> bool {
        let mut texts = self.references().chain([self.description()]);
        let is_number =
            |word: &str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit());
        self.settlement_references().is_empty()
            && texts.any(|text| text.split(|letter: char| !letter.is_alphanumeric()).any(is_number))
    }

    /// The amount with its sign: what the movement adds to the balance.
    pub fn signed(&self) -> Decimal {
        match self.direction {
            Direction::Credit => self.amount,
            Direction::Debit => negated(self.amount),
        }
    }
}

impl Statement {
    /// A statement in which nothing is known yet.
    pub fn empty(layout: &str, currency: &str) -> Self {
        Self {
            layout: layout.to_owned(),
            bank: None,
            account: None,
            currency: currency.to_owned(),
            number: None,
            opening: None,
            closing: None,
            order: RowOrder::Ascending,
            broken_line: None,
            lines: Vec::new(),
            details: StatementDetails::default(),
            balances: None,
        }
    }

    /// Whether the stated balances agree with the rows: each row's with its neighbours', the opening
    /// and the closing one with the first and the last. `None` when the file states no balance.
    pub fn balances_hold(&self) -> Option<bool> {
        if self.broken_line.is_some() { Some(false) } else { self.balances().holds }
    }

    /// The earliest place in time at which a stated balance and the rows contradict each other.
    pub fn first_break(&self) -> Option<ChainBreak> {
        self.balances().earliest
    }

    /// How many stated balances contradict the one before them.
    pub fn breaks(&self) -> u64 {
        self.balances().breaks
    }

    fn balances(&self) -> Balances {
        self.balances.unwrap_or_else(|| {
            BothWays::of(&self.lines).balances(self.order, self.opening, self.closing)
        })
    }

    /// The rows, the oldest first.
    pub fn in_time(&self) -> impl Iterator<Item = &StatementLine> {
        let (forwards, backwards) = match self.order {
            RowOrder::Ascending => (Some(self.lines.iter()), None),
            RowOrder::Descending => (None, Some(self.lines.iter().rev())),
        };
        forwards.into_iter().flatten().chain(backwards.into_iter().flatten())
    }
}
