//! One row below the header: a movement, a balance or total, or nothing.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::bankfile::cells::{Cells, Money};
use crate::bankfile::columns::Columns;
use crate::bankfile::details::{NotCounted, UncountedLine};
use crate::bankfile::error::{BankFileError, Reason, quoted};
use crate::bankfile::numbers;
use crate::bankfile::profile::{BusinessDate, Layout, Role, RowLabel, plain_name};
use crate::bankfile::reference::each_reference;
use crate::bankfile::rows::Row;
use crate::bankfile::statement::StatementLine;
use crate::bankfile::texts::TextBuffer;
use crate::bankfile::write::unguarded;
use crate::domain::matching::Direction;

/// What a row turned out to be.
pub(super) enum RowContent {
    /// An empty row, one that moves no money, or one that the profile leaves out.
    Nothing,
    Line {
        line: StatementLine,
        /// The side whose column it is in; an amount below zero moves money the other way.
        column: Direction,
        /// The balance before it, where the row states that too.
        before: Option<Decimal>,
    },
    /// A movement that is not booked yet.
    Pending(UncountedLine),
    /// No movement but a balance or a total.
    Labelled(RowLabel, Stated),
}

/// What a row of a balance or a total states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) balance: Option<Decimal>,
    pub(super) debits: Option<Decimal>,
    pub(super) credits: Option<Decimal>,
}

/// Reads the rows of one file, one after another.
pub(super) struct RowReader<'p> {
    pub(super) layout: &'p Layout,
    pub(super) columns: Columns,
    /// The day that gives dates without a year theirs.
    pub(super) around: Option<NaiveDate>,
    /// Whether a workbook counts its serial dates from 1904.
    pub(super) since_1904: bool,
    texts: TextBuffer,
    booking: DateMemo,
    value: DateMemo,
}

impl<'p> RowReader<'p> {
    pub(super) fn new(layout: &'p Layout, columns: Columns) -> Self {
        Self {
            layout,
            columns,
            around: None,
            since_1904: false,
            texts: TextBuffer::default(),
            booking: DateMemo::default(),
            value: DateMemo::default(),
        }
    }

    /// The cells of a row.
    pub(super) fn cells<'a>(&'a self, row: Row<'a>) -> Cells<'a> {
        let (columns, layout) = (&self.columns, self.layout);
        Cells { row, columns, layout, around: self.around, since_1904: self.since_1904 }
    }

    pub(super) fn read(&mut self, row: Row<'_>) -> Result<RowContent, BankFileError> {
        match self.movement(row) {
            Ok(RowContent::Nothing) => Ok(self.labelled(row)?.unwrap_or(RowContent::Nothing)),
            Err(_) if row.is_empty() || self.columns.is_header(row.cells.iter()) => {
                Ok(RowContent::Nothing)
            }
            Err(error) if self.is_dated(row) && !matches!(error.reason, Reason::NoAmount) => {
                Err(error)
            }
            Err(error) => self.labelled(row)?.ok_or(error),
            movement => movement,
        }
    }

    fn movement(&mut self, row: Row<'_>) -> Result<RowContent, BankFileError> {
        self.check_width(row)?;
        let (columns, layout) = (&self.columns, self.layout);
        let cells =
            Cells { row, columns, layout, around: self.around, since_1904: self.since_1904 };
        if layout.is_pending(cells.text(Role::BookingDate)) {
            return pending_row(&cells, &mut self.texts);
        }
        let booking_date = self.booking.date(&cells, Role::BookingDate)?;
        let value_date = match cells.text(Role::ValueDate) {
            "" => None,
            _ => Some(self.value.date(&cells, Role::ValueDate)?),
        };
        cells.check_time()?;
        let Some(Money { direction, amount, column }) = cells.money()? else {
            return Ok(RowContent::Nothing);
        };
        put_texts(&cells, &mut self.texts);
        let line = StatementLine {
            number: row.line,
            booking_date,
            value_date,
            business_date: match layout.business_date {
                BusinessDate::Booking => booking_date,
                BusinessDate::Value => value_date.unwrap_or(booking_date),
            },
            amount,
            direction,
            balance: cells.balance(Role::Balance)?,
            texts: self.texts.texts(),
            details: None,
        };
        Ok(RowContent::Line { line, column, before: cells.balance(Role::BalanceBefore)? })
    }

    fn is_dated(&self, row: Row<'_>) -> bool {
        self.cells(row).date(Role::BookingDate).is_ok()
    }

    /// A row is as wide as its header; banks add empty cells, and only empty ones, at its end.
    fn check_width(&self, row: Row<'_>) -> Result<(), BankFileError> {
        let (found, wanted) = (row.cells.len(), self.columns.width());
        if found < wanted && !row.is_of_sheet() {
            return Err(BankFileError::at(row.line, Reason::RowTooShort { found, wanted }));
        }
        let beyond = (wanted..found).map(|place| row.cell(place)).find(|cell| !cell.is_empty());
        match beyond {
            Some(cell) => Err(BankFileError::at(row.line, Reason::RowTooLong(quoted(cell)))),
            None => Ok(()),
        }
    }

    /// A row that is not a movement is a balance or a total when it says so.
    fn labelled(&self, row: Row<'_>) -> Result<Option<RowContent>, BankFileError> {
        let cells = self.cells(row);
        let first = row.cells.iter().map(str::trim).find(|cell| !cell.is_empty());
        let described = cells.texts(Role::Description).next();
        let texts = [first.unwrap_or_default(), described.unwrap_or_default()];
        let Some(label) = texts.into_iter().find_map(|text| label_of(text, self.layout)) else {
            return Ok(None);
        };
        let stated = match label {
            RowLabel::Ignored => return Ok(Some(RowContent::Nothing)),
            RowLabel::Total => Stated {
                balance: None,
                debits: cells.side(Role::Debit, Direction::Debit)?.map(|(_side, sum)| sum),
                credits: cells.side(Role::Credit, Direction::Credit)?.map(|(_side, sum)| sum),
            },
            RowLabel::Opening | RowLabel::Closing => {
                let _readable = (cells.figure(Role::Debit)?, cells.figure(Role::Credit)?);
                let balance = match cells.balance(Role::Balance)? {
                    Some(balance) => Some(balance),
                    None => self.last_number(row),
                };
                Stated { balance, ..Stated::default() }
            }
        };
        Ok(Some(RowContent::Labelled(label, stated)))
    }

    /// The last filled cell, where a row without a balance column keeps its balance.
    fn last_number(&self, row: Row<'_>) -> Option<Decimal> {
        let last = row.cells.iter().rfind(|cell| !cell.trim().is_empty())?;
        numbers::parse(last, self.layout.numbers).ok().flatten().map(|figure| figure.value)
    }
}

/// The date of the row before, which most rows share.
#[derive(Debug, Default)]
struct DateMemo {
    cell: String,
    date: Option<NaiveDate>,
}

impl DateMemo {
    fn date(&mut self, cells: &Cells<'_>, role: Role) -> Result<NaiveDate, BankFileError> {
        let cell = cells.text(role);
        // A workbook's date or number and the same text may be two things.
        let is_text = !cells.row.is_of_sheet();
        if let Some(date) = self.date.filter(|_date| is_text && self.cell == cell) {
            return Ok(date);
        }
        let date = cells.date(role)?;
        cell.clone_into(&mut self.cell);
        self.date = Some(date);
        Ok(date)
    }
}

/// A row that the bank lists and has not booked.
fn pending_row(cells: &Cells<'_>, texts: &mut TextBuffer) -> Result<RowContent, BankFileError> {
    let Some(money) = cells.money()? else { return Ok(RowContent::Nothing) };
    put_texts(cells, texts);
    let texts = texts.texts();
    Ok(RowContent::Pending(UncountedLine {
        number: cells.row.line,
        cause: NotCounted::Pending,
        date: None,
        amount: money.amount,
        direction: money.direction,
        references: texts.references().map(str::to_owned).collect(),
        description: texts.description().to_owned(),
    }))
}

/// The description; then the bank's own numbers, and what is found in the texts, each once.
fn put_texts(cells: &Cells<'_>, into: &mut TextBuffer) {
    let references = || cells.texts(Role::Reference).map(number);
    let mut numbers = cells.texts(Role::Sequence).map(number).chain(references());
    into.begin(numbers.next().unwrap_or_default());
    cells.texts(Role::Description).map(unguarded).for_each(|text| into.describe(text));
    into.end_description();
    references().for_each(|text| into.refer(text));
    let after = &cells.layout.reference_after;
    let described = cells.texts(Role::Description).chain(cells.texts(Role::ReferenceText));
    for text in described {
        for marker in after {
            let Some(at) = marker.find(text.as_bytes()) else { continue };
            let behind = text.get(at.saturating_add(marker.needle().len())..).unwrap_or_default();
            let mut words = behind.split(|letter: char| letter == ';' || letter.is_whitespace());
            into.refer(words.next().unwrap_or_default());
        }
        each_reference(text).for_each(|reference| into.refer(reference));
    }
}

/// A bank's number without the apostrophe with which a spreadsheet keeps it a text.
fn number(cell: &str) -> &str {
    cell.trim_start_matches('\'')
}

/// What a row's first words say that it is.
pub(super) fn label_of(text: &str, layout: &Layout) -> Option<RowLabel> {
    if layout.labels.is_empty() {
        return None;
    }
    let text = plain_name(text);
    let mut labels = layout.labels.iter();
    labels.find(|(words, _label)| text.starts_with(words)).map(|(_words, label)| *label)
}
