//! One row of a delimited file: a movement, a balance or total, or nothing.

use chrono::NaiveDate;
use csv::StringRecord;
use rust_decimal::Decimal;

use crate::bankfile::columns::Columns;
use crate::bankfile::error::{BankFileError, Reason, quoted};
use crate::bankfile::numbers::{self, Figure};
use crate::bankfile::profile::{BusinessDate, Profile, Role, RowLabel, plain_name};
use crate::bankfile::reference::settlement_references;
use crate::bankfile::statement::StatementLine;
use crate::bankfile::write::unguarded;
use crate::domain::matching::Direction;

/// A row with what is needed to read it.
pub(super) struct Row<'a> {
    pub(super) line: u64,
    pub(super) record: &'a StringRecord,
    pub(super) columns: &'a Columns,
    pub(super) profile: &'a Profile,
}

/// What a row turned out to be.
pub(super) enum RowContent {
    /// An empty row, or one that moves no money.
    Nothing,
    Line(Box<StatementLine>),
    /// A balance, or a total as credits less debits, where the row states one.
    Labelled(RowLabel, Option<Decimal>),
}

/// What the rows above the header may say.
#[derive(Default)]
pub(super) struct Preamble {
    pub(super) account: Option<String>,
    pub(super) opening: Option<Decimal>,
    pub(super) closing: Option<Decimal>,
}

/// Reads a row above the header: `NOREK;0123`, `No Rekening : 0123`, `Saldo Awal;1,000.00`.
pub(super) fn preamble(record: &StringRecord, profile: &Profile) -> Preamble {
    let mut found = Preamble::default();
    let parts: Vec<&str> = record
        .iter()
        .flat_map(|cell| cell.splitn(2, ':'))
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let [label, value, ..] = parts.as_slice() else { return found };
    let balance =
        || numbers::parse(value, profile.numbers).ok().flatten().map(|figure| figure.value);
    if profile.role(label) == Some(Role::Account) {
        found.account = whole_account(value);
    }
    match label_of(label, profile) {
        Some(RowLabel::Opening) => found.opening = balance(),
        Some(RowLabel::Closing) => found.closing = balance(),
        Some(RowLabel::Total) | None => {}
    }
    found
}

impl Row<'_> {
    /// An error that blames the whole row.
    pub(super) fn error(&self, reason: Reason) -> BankFileError {
        BankFileError { line: self.line, column: None, reason }
    }

    fn column_error(&self, role: Role, reason: Reason) -> BankFileError {
        BankFileError { line: self.line, column: self.columns.name(role), reason }
    }

    /// The account that the row names.
    pub(super) fn account(&self) -> Option<String> {
        whole_account(self.cell(Role::Account))
    }

    /// The currency of the row, or the profile's.
    pub(super) fn currency(&self) -> String {
        match self.cell(Role::Currency).to_uppercase().as_str() {
            "" => self.profile.currency.clone(),
            "RP" => "IDR".to_owned(),
            named => named.to_owned(),
        }
    }

    pub(super) fn read(&self) -> Result<RowContent, BankFileError> {
        if self.record.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(RowContent::Nothing);
        }
        if let Some(labelled) = self.labelled()? {
            return Ok(labelled);
        }
        self.check_width()?;
        let booking_date = self.date(Role::BookingDate)?;
        let value_date = match self.cell(Role::ValueDate) {
            "" => None,
            _ => Some(self.date(Role::ValueDate)?),
        };
        let Some((direction, amount)) = self.money()? else { return Ok(RowContent::Nothing) };
        let description = self.description();
        Ok(RowContent::Line(Box::new(StatementLine {
            number: self.line,
            booking_date,
            value_date,
            business_date: match self.profile.business_date {
                BusinessDate::Booking => booking_date,
                BusinessDate::Value => value_date.unwrap_or(booking_date),
            },
            amount,
            direction,
            references: self.references(&description),
            description,
            sequence: Some(self.cell(Role::Sequence))
                .filter(|cell| !cell.is_empty())
                .map(str::to_owned),
            balance_before: self.balance(Role::BalanceBefore)?,
            balance: self.balance(Role::Balance)?,
        })))
    }

    fn cell(&self, role: Role) -> &str {
        self.columns.cell(self.record, role)
    }

    /// A row is as wide as its header; banks add empty cells, and only empty ones, at its end.
    fn check_width(&self) -> Result<(), BankFileError> {
        let (found, wanted) = (self.record.len(), self.columns.width);
        if found < wanted {
            return Err(self.error(Reason::RowTooShort { found, wanted }));
        }
        let beyond = self.record.iter().skip(wanted).map(str::trim).find(|cell| !cell.is_empty());
        match beyond {
            Some(cell) => Err(self.error(Reason::RowTooLong(quoted(cell)))),
            None => Ok(()),
        }
    }

    /// A row is a balance or a total when it says so and is no movement itself.
    fn labelled(&self) -> Result<Option<RowContent>, BankFileError> {
        let first = self.record.iter().map(str::trim).find(|cell| !cell.is_empty());
        let texts = [first.unwrap_or_default(), self.cell(Role::Description)];
        let Some(label) = texts.into_iter().find_map(|text| label_of(text, self.profile)) else {
            return Ok(None);
        };
        let dated = self.date(Role::BookingDate).is_ok();
        if dated && self.money().ok().flatten().is_some() {
            return Ok(None);
        }
        let stated = match label {
            RowLabel::Total => self.total()?,
            RowLabel::Opening | RowLabel::Closing => match self.balance(Role::Balance)? {
                Some(balance) => Some(balance),
                None => self.last_number(),
            },
        };
        Ok(Some(RowContent::Labelled(label, stated)))
    }

    fn total(&self) -> Result<Option<Decimal>, BankFileError> {
        let debit = self.figure(Role::Debit)?.map(|figure| figure.value);
        let credit = self.figure(Role::Credit)?.map(|figure| figure.value);
        Ok(debit.zip(credit).and_then(|(debit, credit)| credit.checked_sub(debit)))
    }

    /// The last filled cell, where a row without a balance column keeps its balance.
    fn last_number(&self) -> Option<Decimal> {
        let filled = |cell: &&str| !cell.trim().is_empty();
        let last = self.record.iter().rfind(filled)?;
        numbers::parse(last, self.profile.numbers).ok().flatten().map(|figure| figure.value)
    }

    fn date(&self, role: Role) -> Result<NaiveDate, BankFileError> {
        let cell = self.cell(role);
        let read = self.profile.dates.iter().find_map(|pattern| pattern.read(cell));
        read.ok_or_else(|| {
            let (text, forms) = (quoted(cell), self.profile.date_forms());
            self.column_error(role, Reason::NotADate { text, forms })
        })
    }

    fn figure(&self, role: Role) -> Result<Option<Figure>, BankFileError> {
        let (cell, style) = (self.cell(role), self.profile.numbers);
        numbers::parse(cell, style).map_err(|why| {
            self.column_error(role, Reason::NotAnAmount { text: quoted(cell), why, style })
        })
    }

    /// A balance; one that is marked as a debit is below zero.
    fn balance(&self, role: Role) -> Result<Option<Decimal>, BankFileError> {
        let Some(figure) = self.figure(role)? else { return Ok(None) };
        let mut balance = figure.value;
        if self.marked(role, &figure)? == Some(Direction::Debit) {
            balance.set_sign_negative(balance.is_sign_positive() && !balance.is_zero());
        }
        Ok(Some(balance))
    }

    /// The direction that the letters behind a number say.
    fn marked(&self, role: Role, figure: &Figure) -> Result<Option<Direction>, BankFileError> {
        let Some(mark) = &figure.mark else { return Ok(None) };
        match self.profile.directions.get(&plain_name(mark)) {
            Some(direction) => Ok(Some(*direction)),
            None => Err(self.column_error(role, Reason::NoDirection(quoted(mark)))),
        }
    }

    /// The direction and the amount above zero; `None` for a row that moves nothing.
    fn money(&self) -> Result<Option<(Direction, Decimal)>, BankFileError> {
        let debit = self.side(Role::Debit, Direction::Debit)?;
        let credit = self.side(Role::Credit, Direction::Credit)?;
        let amount = self.signed_amount()?;
        let stated: Vec<_> = [debit, credit, amount].into_iter().flatten().collect();
        let mut moving = stated.iter().filter(|(_direction, value)| !value.is_zero());
        match (moving.next(), moving.next()) {
            (Some((direction, value)), None) => {
                let direction =
                    if value.is_sign_negative() { direction.reversed() } else { *direction };
                Ok(Some((direction, value.abs())))
            }
            (Some(_), Some(_)) => Err(self.error(Reason::BothSides)),
            (None, _) if stated.is_empty() => Err(self.error(Reason::NoAmount)),
            (None, _) => Ok(None),
        }
    }

    fn side(
        &self,
        role: Role,
        side: Direction,
    ) -> Result<Option<(Direction, Decimal)>, BankFileError> {
        let Some(figure) = self.figure(role)? else { return Ok(None) };
        match self.marked(role, &figure)? {
            Some(mark) if mark != side => {
                let text = quoted(self.cell(role));
                Err(self.column_error(role, Reason::NoDirection(text)))
            }
            _ => Ok(Some((side, figure.value))),
        }
    }

    /// The amount of a layout with one column for both directions.
    fn signed_amount(&self) -> Result<Option<(Direction, Decimal)>, BankFileError> {
        let Some(figure) = self.figure(Role::Amount)? else { return Ok(None) };
        if figure.value.is_zero() {
            return Ok(Some((Direction::Credit, figure.value)));
        }
        if self.columns.has(Role::Sign) {
            let word = self.cell(Role::Sign);
            let direction = self.profile.directions.get(&plain_name(word)).copied();
            return match direction {
                Some(direction) => Ok(Some((direction, figure.value))),
                None => Err(self.column_error(Role::Sign, Reason::NoDirection(quoted(word)))),
            };
        }
        match self.marked(Role::Amount, &figure)? {
            Some(direction) => Ok(Some((direction, figure.value))),
            None if self.profile.minus_is_debit => Ok(Some((Direction::Credit, figure.value))),
            None => {
                let text = quoted(self.cell(Role::Amount));
                Err(self.column_error(Role::Amount, Reason::NoDirection(text)))
            }
        }
    }

    fn description(&self) -> String {
        let cells = self.columns.cells(self.record, Role::Description);
        let words: Vec<&str> = cells.map(unguarded).flat_map(str::split_whitespace).collect();
        words.join(" ")
    }

    /// The bank's own numbers first, then what is found in the texts, each once.
    fn references(&self, description: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut add = |reference: &str| {
            if !reference.is_empty() && !found.iter().any(|known| known == reference) {
                found.push(reference.to_owned());
            }
        };
        self.columns.cells(self.record, Role::Reference).map(unguarded).for_each(&mut add);
        let texts = self.columns.cells(self.record, Role::ReferenceText);
        for text in std::iter::once(description).chain(texts) {
            for marker in &self.profile.reference_after {
                let behind = text.split_once(marker.as_str()).map(|(_before, behind)| behind);
                let word = behind.and_then(|behind| {
                    behind.split(|letter: char| letter == ';' || letter.is_whitespace()).next()
                });
                add(word.unwrap_or_default());
            }
            settlement_references(text).into_iter().for_each(&mut add);
        }
        found
    }
}

fn label_of(text: &str, profile: &Profile) -> Option<RowLabel> {
    let text = plain_name(text);
    let labels = profile.labels.iter();
    labels.filter(|(words, _label)| text.starts_with(words)).map(|(_words, label)| *label).next()
}

/// An account as a spreadsheet left it: the apostrophe goes; a number that was rounded to
/// `5.0501E+13` is no account any more, and it is better to know none than a wrong one.
fn whole_account(cell: &str) -> Option<String> {
    let account = cell.trim().trim_start_matches('\'');
    let rounded = account.contains(['E', 'e']) && account.contains(['+', '.']);
    (!account.is_empty() && !rounded).then(|| account.to_owned())
}
