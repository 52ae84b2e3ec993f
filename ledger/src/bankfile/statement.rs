//! A bank's statement as every format is read into it.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::bankfile::reference::settlement_references;
use crate::domain::matching::Direction;

/// One account's rows in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The account as the file writes it; `None` when the file has none, or only a rounded one.
    pub account: Option<String>,
    /// The currency, three letters.
    pub currency: String,
    /// The balance before the first row in time, where the file states one or it follows from the
    /// first row's own balance.
    pub opening: Option<Decimal>,
    /// The balance after the last row in time, where the file states one.
    pub closing: Option<Decimal>,
    /// Whether the file lists its rows forwards or backwards in time.
    pub order: RowOrder,
    /// The rows in the order of the file.
    pub lines: Vec<StatementLine>,
}

/// In which order a file lists its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOrder {
    /// The oldest row first.
    Ascending,
    /// The newest row first.
    Descending,
}

/// One movement on the account.
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
    /// What can identify the movement: the bank's own numbers and our references found in its texts.
    pub references: Vec<String>,
    /// The bank's description, spaces put in order.
    pub description: String,
    /// The bank's sequence or journal number, which tells rows apart that are equal otherwise.
    pub sequence: Option<String>,
    /// The balance before the movement, where each row states it.
    pub balance_before: Option<Decimal>,
    /// The balance after the movement, where each row states it.
    pub balance: Option<Decimal>,
}

impl StatementLine {
    /// The different settlement references of ours that the row carries.
    pub fn settlement_references(&self) -> Vec<String> {
        let mut found = Vec::new();
        for text in &self.references {
            for reference in settlement_references(text) {
                if !found.iter().any(|known| known == reference) {
                    found.push(reference.to_owned());
                }
            }
        }
        found
    }

    /// The balance after the movement when it was `before`; `None` if it can't be held.
    fn applied_to(&self, before: Decimal) -> Option<Decimal> {
        match self.direction {
            Direction::Credit => before.checked_add(self.amount),
            Direction::Debit => before.checked_sub(self.amount),
        }
    }

    /// The balance before the movement as stated, or as it follows from the balance after it.
    fn before(&self) -> Option<Decimal> {
        self.balance_before.or_else(|| match self.direction {
            Direction::Credit => self.balance?.checked_sub(self.amount),
            Direction::Debit => self.balance?.checked_add(self.amount),
        })
    }
}

impl Statement {
    /// Whether the stated balances agree with the rows: each row's with its neighbours', the opening
    /// and the closing one with the first and the last. `None` when the file states no balance.
    pub fn balances_hold(&self) -> Option<bool> {
        self.chain(self.order)
    }

    /// Settles what only shows when all rows are there: their order, the opening and the closing.
    pub(super) fn complete(&mut self) {
        self.order = self.find_order();
        let (first, last) = match (self.order, self.lines.as_slice()) {
            (_, []) => return,
            (_, [only]) => (only, only),
            (RowOrder::Ascending, [first, .., last])
            | (RowOrder::Descending, [last, .., first]) => (first, last),
        };
        let (opening, closing) = (first.before(), last.balance);
        self.opening = self.opening.or(opening);
        self.closing = self.closing.or(closing);
    }

    /// Dates tell the order; within one day, the direction in which the balances hold does.
    fn find_order(&self) -> RowOrder {
        let dates = (
            self.lines.first().map(|line| line.booking_date),
            self.lines.last().map(|line| line.booking_date),
        );
        let backwards = match dates {
            (Some(first), Some(last)) if first == last => {
                self.chain(RowOrder::Ascending) == Some(false)
                    && self.chain(RowOrder::Descending) == Some(true)
            }
            (first, last) => first > last,
        };
        if backwards { RowOrder::Descending } else { RowOrder::Ascending }
    }

    fn chain(&self, order: RowOrder) -> Option<bool> {
        let mut chain = Chain { balance: self.opening, holds: None };
        match order {
            RowOrder::Ascending => self.lines.iter().for_each(|line| chain.take(line)),
            RowOrder::Descending => self.lines.iter().rev().for_each(|line| chain.take(line)),
        }
        chain.meet(self.closing);
        chain.holds
    }
}

/// The balance as it runs through the rows, and whether every stated one met it.
struct Chain {
    balance: Option<Decimal>,
    holds: Option<bool>,
}

impl Chain {
    fn take(&mut self, line: &StatementLine) {
        self.meet(line.balance_before);
        self.balance = self.balance.or(line.balance_before);
        if let Some(before) = self.balance {
            self.balance = line.applied_to(before);
            if self.balance.is_none() {
                self.holds = Some(false);
            }
        }
        self.meet(line.balance);
        self.balance = line.balance.or(self.balance);
    }

    fn meet(&mut self, stated: Option<Decimal>) {
        if let (Some(stated), Some(balance)) = (stated, self.balance) {
            self.holds = Some(self.holds.unwrap_or(true) && stated == balance);
        }
    }
}
