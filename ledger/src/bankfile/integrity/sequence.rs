//! Whether a statement goes on where its account stands: by the bank's own count, and by the balance.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use crate::bankfile::integrity::FileTrouble;
use crate::bankfile::integrity::history::Standing;
use crate::bankfile::statement::Statement;

/// A statement in the sequence of its account's statements.
pub(super) struct Place<'a> {
    pub(super) statement: &'a Statement,
    pub(super) account: Option<&'a str>,
}

impl Place<'_> {
    fn account(&self) -> Option<String> {
        self.account.map(str::to_owned)
    }

    /// The bank's own count. A bank that does not count gives every statement the same number; then
    /// only the balances show whether it follows.
    pub(super) fn check_number(
        &self,
        standing: &Standing<'_>,
        is_all_new: bool,
    ) -> Result<(), FileTrouble> {
        let now = &standing.now;
        let (Some(last), Some(found)) = (now.number, self.statement.number) else { return Ok(()) };
        let next_page = found.statement == last.statement && found.page > last.page;
        let follows = is_all_new
            && now.closing.is_some()
            && now.closing == self.statement.opening
            && self.first_day() >= now.last_day;
        let wanted = last.statement.saturating_add(1);
        match found.statement {
            number if number == wanted || next_page => Ok(()),
            number if number > wanted => {
                Err(FileTrouble::NumberGap { account: self.account(), wanted, found: number })
            }
            number if number == last.statement && follows => Ok(()),
            0 | 1 if self.is_of_later_year(now.last_day) => Ok(()),
            number => Err(FileTrouble::SameNumber {
                account: self.account(),
                last: last.statement,
                found: number,
            }),
        }
    }

    fn first_day(&self) -> Option<NaiveDate> {
        self.statement.lines.iter().map(|line| line.booking_date).min()
    }

    /// Banks begin to count anew with a year.
    fn is_of_later_year(&self, last: Option<NaiveDate>) -> bool {
        let year = |day: Option<NaiveDate>| day.map(|day| day.year());
        year(self.first_day().or(self.statement.details.from)) > year(last)
    }

    /// The opening balance, and the rows that were read before, lead to the last closing balance.
    pub(super) fn check_opening(
        &self,
        standing: &Standing<'_>,
        closed: &[Decimal],
    ) -> Result<(), FileTrouble> {
        let (Some(closing), Some(opening)) = (standing.now.closing, self.statement.opening) else {
            return Ok(());
        };
        let stated = closed.iter().try_fold(opening, |sum, amount| sum.checked_add(*amount));
        let difference = stated.and_then(|stated| stated.checked_sub(closing));
        match (stated, difference) {
            (Some(stated), Some(difference)) if !difference.is_zero() => Err(FileTrouble::Gap {
                account: self.account(),
                computed: closing,
                stated,
                difference,
            }),
            _ => Ok(()),
        }
    }
}
