//! Which single row explains a difference between the rows and a stated balance. Where two rows
//! could, neither is named.

use std::fmt;

use rust_decimal::Decimal;

use crate::bankfile::chain::{BothWays, ChainBreak};
use crate::bankfile::numbers::negated;
use crate::bankfile::statement::{Statement, StatementLine};

/// What would make a statement's balances hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Explanation {
    /// The row stands there twice, or should not stand there at all.
    Doubled {
        /// The row's line.
        line: u64,
        /// Its amount with its sign.
        amount: Decimal,
    },
    /// The row's debit and credit are swapped.
    WrongSign {
        /// The row's line.
        line: u64,
        /// Its amount with its sign.
        amount: Decimal,
    },
    /// A row is missing.
    Missing {
        /// The line before which it is missing; `None` at the end.
        before: Option<u64>,
        /// Its amount with its sign.
        amount: Decimal,
    },
    /// Debits and credits are swapped in all rows.
    SwappedColumns,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Doubled { line, amount } => {
                write!(f, "line {line} of {amount} explains it, if it should not stand there")
            }
            Self::WrongSign { line, amount } => {
                write!(f, "line {line} of {amount} explains it, if its direction is wrong")
            }
            Self::Missing { before: Some(line), amount } => {
                write!(f, "a row of {amount} before line {line} explains it, if one is missing")
            }
            Self::Missing { before: None, amount } => {
                write!(f, "a row of {amount} at the end explains it, if one is missing")
            }
            Self::SwappedColumns => {
                f.write_str("debits and credits are swapped in all rows: the balances say so")
            }
        }
    }
}

/// The one row that explains why the balances do not hold.
pub(super) fn explain(statement: &Statement, found: ChainBreak) -> Option<Explanation> {
    if holds_when_swapped(statement) {
        return Some(Explanation::SwappedColumns);
    }
    let difference = found.difference()?;
    if statement.breaks() != 1 {
        return None;
    }
    match found.line {
        Some(number) => {
            let line = statement.lines.iter().find(|line| line.number == number)?;
            Some(
                of_row(line, difference)
                    .unwrap_or(Explanation::Missing { before: Some(number), amount: difference }),
            )
        }
        // The rows hold among each other, so what is missing comes after the last of them.
        None if states_balances(statement) => {
            Some(Explanation::Missing { before: None, amount: difference })
        }
        None => {
            let mut rows = statement.lines.iter().filter_map(|line| of_row(line, difference));
            let first = rows.next();
            first.filter(|_only| rows.next().is_none())
        }
    }
}

fn states_balances(statement: &Statement) -> bool {
    statement.lines.iter().any(|line| line.balance.is_some())
}

/// Whether this row alone explains the difference.
fn of_row(line: &StatementLine, difference: Decimal) -> Option<Explanation> {
    let (number, amount) = (line.number, line.signed());
    let wrong = negated(difference);
    if amount == wrong {
        return Some(Explanation::Doubled { line: number, amount });
    }
    let twice = amount.checked_add(amount)?;
    (twice == wrong).then_some(Explanation::WrongSign { line: number, amount })
}

/// Whether the balances hold once every row goes the other way. A single row is not all rows.
fn holds_when_swapped(statement: &Statement) -> bool {
    if statement.lines.len() < 2 {
        return false;
    }
    let mut chain = BothWays::new();
    for line in &statement.lines {
        let turned = StatementLine { direction: line.direction.reversed(), ..line.clone() };
        chain.take(&turned, None);
    }
    // Where rows state their balances, the opening one follows from them, and wrongly.
    let (opening, closing) = if states_balances(statement) {
        (None, None)
    } else {
        (statement.opening, statement.closing)
    };
    chain.balances(statement.order, opening, closing).holds == Some(true)
}
