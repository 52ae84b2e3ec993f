//! Bounds that hold while a file is read: whose account it is of and how many rows it has. They are
//! looked at row by row, so that a file that is too large or another's costs no more than what was read of
//! it by then.

use crate::bankfile::error::Reason;
use crate::bankfile::integrity::{plain_account, same_account};
use crate::bankfile::statement::Statement;

/// What a file may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The account that its statements are of, where it is known. Where it is not, the first account that
    /// is named is that of the whole file if `one_account`.
    pub account: Option<String>,
    /// Whether all of its statements have to be of one account.
    pub one_account: bool,
    /// How many rows it may have, those that count nowhere among them; and as many statements.
    pub rows: Option<u64>,
}

/// Holds a file to its bounds while it is read.
#[derive(Debug)]
pub(super) struct Guard {
    bounds: Bounds,
    rows: u64,
    statements: u64,
    /// The account that was compared last, as the file writes it.
    compared: Option<String>,
}

impl Guard {
    pub(super) const fn new(bounds: Bounds) -> Self {
        Self { bounds, rows: 0, statements: 0, compared: None }
    }

    /// Admits one more row of a statement.
    pub(super) fn admit(&mut self, statement: &Statement) -> Result<(), Reason> {
        self.compare(statement)?;
        self.rows = self.rows.saturating_add(1);
        self.within(self.rows)
    }

    /// Admits one more statement, or page of one.
    pub(super) fn begin(&mut self, statement: &Statement) -> Result<(), Reason> {
        self.compare(statement)?;
        self.statements = self.statements.saturating_add(1);
        self.within(self.statements)
    }

    fn within(&self, count: u64) -> Result<(), Reason> {
        match self.bounds.rows {
            Some(most) if count > most => Err(Reason::TooManyRows { most }),
            _ => Ok(()),
        }
    }

    /// Compares the account that a statement names, if it does.
    pub(super) fn compare(&mut self, statement: &Statement) -> Result<(), Reason> {
        let named = statement.account.as_deref();
        let Some(found) = named.filter(|_| self.compared.as_deref() != named) else {
            return Ok(());
        };
        match &self.bounds.account {
            Some(wanted) if !same_account(wanted, found) => {
                return Err(Reason::WrongAccount {
                    wanted: wanted.clone(),
                    found: found.to_owned(),
                });
            }
            None if self.bounds.one_account && !plain_account(found).is_empty() => {
                self.bounds.account = Some(found.to_owned());
            }
            _ => {}
        }
        self.compared = Some(found.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(account: Option<&str>) -> Statement {
        Statement { account: account.map(str::to_owned), ..Statement::empty("csv", "IDR") }
    }

    #[test]
    fn the_first_account_is_that_of_the_file() {
        let one = Bounds { one_account: true, ..Bounds::default() };
        let mut guard = Guard::new(one);
        for account in [None, Some("0053-01"), Some("5301"), None] {
            guard.admit(&of(account)).unwrap();
        }
        let other = guard.admit(&of(Some("5302"))).unwrap_err();
        assert_eq!(other.to_string(), "the statement is of account `5302`, not of `0053-01`");
        let mut any = Guard::new(Bounds::default());
        for account in ["1", "2"] {
            any.admit(&of(Some(account))).unwrap();
        }
    }

    #[test]
    fn no_more_rows_are_read_than_are_allowed() {
        let mut guard = Guard::new(Bounds { rows: Some(2), ..Bounds::default() });
        for _row in 0..2 {
            guard.admit(&of(None)).unwrap();
        }
        assert_eq!(guard.admit(&of(None)), Err(Reason::TooManyRows { most: 2 }));
    }
}
