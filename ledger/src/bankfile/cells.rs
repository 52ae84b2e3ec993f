//! The cells of one row, each read as what its column is.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::bankfile::columns::Columns;
use crate::bankfile::dates;
use crate::bankfile::error::{BankFileError, Reason, quoted};
use crate::bankfile::numbers::{self, Figure, NumberStyle};
use crate::bankfile::profile::{Layout, Role};
use crate::bankfile::rows::{CellKind, Row};
use crate::domain::matching::Direction;

/// A row with what is needed to read its cells.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    pub(super) row: Row<'a>,
    pub(super) columns: &'a Columns,
    pub(super) layout: &'a Layout,
    /// The day that gives dates without a year theirs.
    pub(super) around: Option<NaiveDate>,
    /// Whether a workbook counts its serial dates from 1904.
    pub(super) since_1904: bool,
}

/// What a row moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Money {
    pub(super) direction: Direction,
    /// Above zero.
    pub(super) amount: Decimal,
    /// The side whose column it is in.
    pub(super) column: Direction,
}

impl<'a> Cells<'a> {
    /// The cell of a role's first column; empty when there is none.
    pub(super) fn text(&self, role: Role) -> &'a str {
        self.columns.place(role).map_or("", |place| self.row.cell(place))
    }

    /// The filled cells of a role.
    pub(super) fn texts(&self, role: Role) -> impl Iterator<Item = &'a str> {
        let row = self.row;
        let places = self.columns.places(role).iter();
        places.map(move |place| row.cell(*place)).filter(|cell| !cell.is_empty())
    }

    fn kind(&self, role: Role) -> CellKind {
        self.columns.place(role).map_or(CellKind::Text, |place| self.row.kind(place))
    }

    /// Whether the cell of a role's first column is text, and no number or date of a workbook.
    pub(super) fn is_text(&self, role: Role) -> bool {
        self.kind(role) == CellKind::Text
    }

    /// An error that blames the whole row.
    pub(super) fn error(&self, reason: Reason) -> BankFileError {
        BankFileError::at(self.row.line, reason)
    }

    pub(super) fn column_error(&self, role: Role, reason: Reason) -> BankFileError {
        self.error(reason).in_column(quoted(self.columns.name(role)))
    }

    /// The account that the row names.
    pub(super) fn account(&self) -> Option<String> {
        match self.kind(Role::Account) {
            CellKind::LostNumber => None,
            CellKind::Text | CellKind::Number | CellKind::Date => {
                whole_account(self.text(Role::Account))
            }
        }
    }

    pub(super) fn date(&self, role: Role) -> Result<NaiveDate, BankFileError> {
        let cell = self.text(role);
        let by_pattern =
            || self.layout.dates.iter().find_map(|pattern| pattern.read(cell, self.around));
        let read = match self.kind(role) {
            CellKind::Date => cell.parse().ok(),
            CellKind::Number if self.layout.serial_dates => {
                by_pattern().or_else(|| dates::from_serial(cell, self.since_1904))
            }
            CellKind::Number | CellKind::LostNumber | CellKind::Text => by_pattern(),
        };
        read.ok_or_else(|| self.column_error(role, self.not_a_date(cell)))
    }

    fn not_a_date(&self, cell: &str) -> Reason {
        let needs_year = self.layout.dates.iter().filter(|pattern| !pattern.has_year());
        let some_year = NaiveDate::from_ymd_opt(2020, 7, 1);
        if self.around.is_none()
            && needs_year.into_iter().any(|pattern| pattern.read(cell, some_year).is_some())
        {
            return Reason::NoYear(quoted(cell));
        }
        Reason::NotADate { text: quoted(cell), forms: self.layout.date_forms() }
    }

    /// Reads the time only to refuse an invalid one.
    pub(super) fn check_time(&self) -> Result<(), BankFileError> {
        let cell = self.text(Role::Time);
        if cell.is_empty() || dates::time(cell).is_some() {
            return Ok(());
        }
        Err(self.column_error(Role::Time, Reason::NotATime(quoted(cell))))
    }

    pub(super) fn figure(&self, role: Role) -> Result<Option<Figure<'a>>, BankFileError> {
        let cell = self.text(role);
        let (read, style) = match self.kind(role) {
            CellKind::Number => (numbers::parse(cell, NumberStyle::Point), NumberStyle::Point),
            CellKind::LostNumber => {
                return Err(self.column_error(role, Reason::LostDigits(quoted(cell))));
            }
            CellKind::Text | CellKind::Date => {
                (numbers::parse(cell, self.layout.numbers), self.layout.numbers)
            }
        };
        read.map_err(|why| {
            self.column_error(role, Reason::NotAnAmount { text: quoted(cell), why, style })
        })
    }

    /// A cell of text that is as plain a number as most are.
    fn plain(&self, role: Role) -> Option<Decimal> {
        let is_text = !self.row.is_of_sheet();
        is_text.then(|| numbers::simple(self.text(role), self.layout.numbers)).flatten()
    }

    /// A balance; one that is marked as a debit is below zero.
    pub(super) fn balance(&self, role: Role) -> Result<Option<Decimal>, BankFileError> {
        if let Some(balance) = self.plain(role) {
            return Ok(Some(balance));
        }
        let Some(figure) = self.figure(role)? else { return Ok(None) };
        let mut balance = figure.value;
        if self.marked(role, &figure)? == Some(Direction::Debit) {
            balance.set_sign_negative(balance.is_sign_positive() && !balance.is_zero());
        }
        Ok(Some(balance))
    }

    /// The direction that the letters behind a number say.
    fn marked(&self, role: Role, figure: &Figure<'_>) -> Result<Option<Direction>, BankFileError> {
        let Some(mark) = figure.mark else { return Ok(None) };
        match self.layout.direction(mark) {
            Some(direction) => Ok(Some(direction)),
            None => Err(self.column_error(role, Reason::NoDirection(quoted(mark)))),
        }
    }

    /// The amount the row moves; `None` when it moves nothing.
    pub(super) fn money(&self) -> Result<Option<Money>, BankFileError> {
        if let Some(money) = self.plain_money() {
            return Ok(Some(money));
        }
        let debit = self.side(Role::Debit, Direction::Debit)?;
        let credit = self.side(Role::Credit, Direction::Credit)?;
        let amount = self.signed_amount()?;
        let stated = [debit, credit, amount];
        let mut moving = stated.iter().flatten().filter(|(_direction, value)| !value.is_zero());
        match (moving.next(), moving.next()) {
            (Some((column, value)), None) => {
                let direction = if value.is_sign_negative() { column.reversed() } else { *column };
                Ok(Some(Money { direction, amount: value.abs(), column: *column }))
            }
            (Some(_), Some(_)) => Err(self.error(Reason::BothSides)),
            (None, _) if stated == [None; 3] => Err(self.error(Reason::NoAmount)),
            (None, _) => Ok(None),
        }
    }

    /// What a row moves in which one of two plain numbers is zero.
    fn plain_money(&self) -> Option<Money> {
        if self.layout.debits_below_zero || self.columns.has(Role::Amount) {
            return None;
        }
        let (debit, credit) = (self.plain(Role::Debit)?, self.plain(Role::Credit)?);
        let (column, amount) = match (debit.is_zero(), credit.is_zero()) {
            (true, false) => (Direction::Credit, credit),
            (false, true) => (Direction::Debit, debit),
            (true, true) | (false, false) => return None,
        };
        Some(Money { direction: column, amount, column })
    }

    /// What a column of one direction states; below zero, it moves money the other way.
    pub(super) fn side(
        &self,
        role: Role,
        side: Direction,
    ) -> Result<Option<(Direction, Decimal)>, BankFileError> {
        let Some(figure) = self.figure(role)? else { return Ok(None) };
        let mut value = figure.value;
        if side == Direction::Debit && self.layout.debits_below_zero {
            value.set_sign_positive(value.is_sign_negative() || value.is_zero());
        }
        match self.marked(role, &figure)? {
            Some(mark) if mark != side => {
                let text = quoted(self.text(role));
                Err(self.column_error(role, Reason::NoDirection(text)))
            }
            _ => Ok(Some((side, value))),
        }
    }

    /// The amount of a layout with one column for both directions.
    fn signed_amount(&self) -> Result<Option<(Direction, Decimal)>, BankFileError> {
        let Some(figure) = self.figure(Role::Amount)? else { return Ok(None) };
        if figure.value.is_zero() {
            return Ok(Some((Direction::Credit, figure.value)));
        }
        if self.columns.has(Role::Sign) {
            let word = self.text(Role::Sign);
            return match self.layout.direction(word) {
                Some(direction) => Ok(Some((direction, figure.value))),
                None => Err(self.column_error(Role::Sign, Reason::NoDirection(quoted(word)))),
            };
        }
        match self.marked(Role::Amount, &figure)? {
            Some(direction) => Ok(Some((direction, figure.value))),
            None if self.layout.minus_is_debit => Ok(Some((Direction::Credit, figure.value))),
            None => {
                let text = quoted(self.text(Role::Amount));
                Err(self.column_error(Role::Amount, Reason::NoDirection(text)))
            }
        }
    }
}

/// An account as a spreadsheet left it: the apostrophe and the `="..."` round it go; a number that
/// was rounded to `5.0501E+13` is no longer an account, and no account is better than a wrong
/// one.
pub(super) fn whole_account(cell: &str) -> Option<String> {
    let cell = cell.trim();
    let quoted = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let account = quoted.unwrap_or(cell).trim_start_matches('\'').trim();
    (!account.is_empty() && !is_rounded(account)).then(|| account.to_owned())
}

/// Whether a text is a number with an exponent.
fn is_rounded(account: &str) -> bool {
    let Some((number, exponent)) = account.split_once(['E', 'e']) else { return false };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(exponent) && digits(&number.replace(['.', ','], ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rounded_account_is_unknown() {
        for cell in ["5.0501E+13", "5,0501E+13", "5E13", "'5.0501e+13", "=\"5.0501E+13\"", "", "'"]
        {
            assert_eq!(whole_account(cell), None, "{cell}");
        }
        for (cell, account) in [
            ("'005301000123304", "005301000123304"),
            ("=\"005301000123304\"", "005301000123304"),
            (" 0053-01-000123-30-4 ", "0053-01-000123-30-4"),
            ("ESCROW E1", "ESCROW E1"),
        ] {
            assert_eq!(whole_account(cell).as_deref(), Some(account), "{cell}");
        }
    }
}
