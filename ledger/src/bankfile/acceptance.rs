//! Whether a statement may be used to reconcile a business day at all. A file that does not hold is
//! refused whole: nothing of it is matched.

use chrono::NaiveDate;

use crate::bankfile::statement::Statement;
use crate::domain::calendar::Date;

/// A settlement is paid on its business date or, over a weekend, up to three days later.
const PAID_WITHIN_DAYS: u64 = 3;

/// Why a statement is refused for a day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAccepted {
    /// The stated balances and the rows contradict each other.
    #[error("the balances do not hold: opening, rows and closing contradict each other")]
    BalanceBreak,
    /// Another currency than rupiah.
    #[error("the currency is `{0}`, not `IDR`")]
    Currency(String),
    /// A row of another day.
    #[error("line {line}: the row is of `{date}`, outside `{first}` to `{last}`")]
    OtherDay {
        /// The row's line.
        line: u64,
        /// Its business date.
        date: NaiveDate,
        /// The first day that is accepted.
        first: Date,
        /// The last day that is accepted.
        last: Date,
    },
}

/// Accepts a statement for the reconciliation of a business day (WIB): its stated balances hold, it
/// is in rupiah, and its rows are of that day or of the three after it, in which the day is paid.
///
/// # Errors
/// [`NotAccepted`] with the first reason against it.
pub fn accept_for_day(statement: &Statement, day: Date) -> Result<(), NotAccepted> {
    if statement.currency != "IDR" {
        return Err(NotAccepted::Currency(statement.currency.clone()));
    }
    if statement.balances_hold() == Some(false) {
        return Err(NotAccepted::BalanceBreak);
    }
    let last = day.plus_days(PAID_WITHIN_DAYS);
    let within = day.naive()..=last.naive();
    match statement.lines.iter().find(|line| !within.contains(&line.business_date)) {
        Some(line) => Err(NotAccepted::OtherDay {
            line: line.number,
            date: line.business_date,
            first: day,
            last,
        }),
        None => Ok(()),
    }
}
