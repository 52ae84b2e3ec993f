//! Delimited files: the header row is found, then every row is read by the header's names.

use std::collections::HashMap;

use csv::{Reader, ReaderBuilder, StringRecord};
use rust_decimal::Decimal;

use crate::bankfile::columns::Columns;
use crate::bankfile::encoding;
use crate::bankfile::error::{BankFileError, Reason};
use crate::bankfile::profile::{Profile, RowLabel};
use crate::bankfile::row::{Row, RowContent, preamble};
use crate::bankfile::statement::{RowOrder, Statement};
use crate::domain::matching::Direction;

/// The header stands in one of the first rows, or the file is not what the profile describes.
const HEADER_WITHIN: usize = 100;

/// Reads the whole file; see [`crate::bankfile::read`].
pub(super) fn read(bytes: &[u8], profile: &Profile) -> Result<Vec<Statement>, BankFileError> {
    let text = encoding::decode(bytes, profile.encoding)?;
    let mut builder = Builder::new(profile);
    let header = find_header(&text, profile, |row| builder.take_preamble(row))?;
    let (rows, columns) = header.ok_or_else(|| {
        let reason = Reason::NoHeader { profile: profile.name.clone(), searched: HEADER_WITHIN };
        BankFileError { line: 1, column: None, reason }
    })?;
    read_body(rows, columns, &mut builder)?;
    Ok(builder.finish())
}

/// How many of the header's columns the profile knows; `None` when it finds no header.
pub(super) fn known_columns(bytes: &[u8], profile: &Profile) -> Option<usize> {
    let text = encoding::decode(bytes, profile.encoding).ok()?;
    let header = find_header(&text, profile, |_row| {}).ok()?;
    header.map(|(_rows, columns)| columns.known())
}

/// Finds the header row under one of the profile's separators, and shows the rows above it.
fn find_header<'t>(
    text: &'t str,
    profile: &Profile,
    mut above: impl FnMut(&StringRecord),
) -> Result<Option<(Rows<'t>, Columns)>, BankFileError> {
    for separator in &profile.separators {
        let mut rows = Rows::new(text, *separator);
        let mut passed = Vec::new();
        for _row in 0..HEADER_WITHIN {
            if !rows.advance()? {
                break;
            }
            if let Some(columns) = Columns::find(&rows.record, profile) {
                passed.iter().for_each(&mut above);
                return Ok(Some((rows, columns)));
            }
            passed.push(rows.record.clone());
        }
    }
    Ok(None)
}

fn read_body(
    mut rows: Rows<'_>,
    mut columns: Columns,
    builder: &mut Builder<'_>,
) -> Result<(), BankFileError> {
    while rows.advance()? {
        // Exports of several pages repeat their header.
        if let Some(again) = Columns::find(&rows.record, builder.profile) {
            columns = again;
            continue;
        }
        let row = Row {
            line: rows.lines.line,
            record: &rows.record,
            columns: &columns,
            profile: builder.profile,
        };
        builder.take(&row)?;
    }
    Ok(())
}

/// The file's records one by one, each with its line.
struct Rows<'t> {
    reader: Reader<&'t [u8]>,
    record: StringRecord,
    lines: LineCounter<'t>,
}

impl<'t> Rows<'t> {
    fn new(text: &'t str, separator: u8) -> Self {
        let reader = ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .has_headers(false)
            .from_reader(text.as_bytes());
        let lines = LineCounter { bytes: text.as_bytes(), at: 0, line: 1, last: 0 };
        Self { reader, record: StringRecord::new(), lines }
    }

    /// Reads the next record; false at the end.
    fn advance(&mut self) -> Result<bool, BankFileError> {
        let read = self.reader.read_record(&mut self.record);
        if let Some(position) = self.record.position() {
            self.lines.move_to(usize::try_from(position.byte()).unwrap_or(usize::MAX));
        }
        read.map_err(|_not_text| BankFileError {
            line: self.lines.line,
            column: None,
            reason: Reason::NotText { encoding: "UTF-8" },
        })
    }
}

/// Counts lines by any line end. (The reader's own count stands before the blank lines that it
/// skips, so it would name the wrong line.)
struct LineCounter<'t> {
    bytes: &'t [u8],
    at: usize,
    line: u64,
    last: u8,
}

impl LineCounter<'_> {
    fn move_to(&mut self, start: usize) {
        let ahead = self.bytes.get(start..).unwrap_or_default();
        let blank = ahead.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let end = start.saturating_add(blank);
        for byte in self.bytes.get(self.at..end).unwrap_or_default() {
            let ends_line = *byte == b'\r' || (*byte == b'\n' && self.last != b'\r');
            self.line = self.line.saturating_add(u64::from(ends_line));
            self.last = *byte;
        }
        self.at = end.max(self.at);
    }
}

/// The statements as they grow, one for each account and currency.
struct Builder<'p> {
    profile: &'p Profile,
    account: Option<String>,
    opening: Option<Decimal>,
    closing: Option<Decimal>,
    /// Each with its place in the order of first rows.
    statements: HashMap<Key, (usize, Statement)>,
}

/// The account, where the file names one, and the currency.
type Key = (Option<String>, String);

impl<'p> Builder<'p> {
    fn new(profile: &'p Profile) -> Self {
        Self { profile, account: None, opening: None, closing: None, statements: HashMap::new() }
    }

    /// A row above the header may name the account or a balance.
    fn take_preamble(&mut self, record: &StringRecord) {
        let found = preamble(record, self.profile);
        self.account = found.account.or_else(|| self.account.take());
        self.opening = found.opening.or(self.opening);
        self.closing = found.closing.or(self.closing);
    }

    fn take(&mut self, row: &Row<'_>) -> Result<(), BankFileError> {
        match row.read()? {
            RowContent::Nothing => {}
            RowContent::Line(line) => {
                let statement = self.statement(row);
                statement.lines.push(*line);
            }
            RowContent::Labelled(RowLabel::Opening, balance) => {
                let statement = self.statement(row);
                statement.opening = balance.or(statement.opening);
            }
            RowContent::Labelled(RowLabel::Closing, balance) => {
                let statement = self.statement(row);
                statement.closing = balance.or(statement.closing);
            }
            RowContent::Labelled(RowLabel::Total, stated) => {
                let sum = net(self.statement(row)).ok_or_else(|| row.error(Reason::TooLarge))?;
                if let Some(stated) = stated.filter(|stated| *stated != sum) {
                    let (stated, sum) = (stated.to_string(), sum.to_string());
                    return Err(row.error(Reason::TotalDiffers { stated, sum }));
                }
            }
        }
        Ok(())
    }

    fn statement(&mut self, row: &Row<'_>) -> &mut Statement {
        let account = row.account().or_else(|| self.account.clone());
        let key = (account, row.currency());
        let place = self.statements.len();
        let fresh = (place, self.empty(key.clone()));
        &mut self.statements.entry(key).or_insert(fresh).1
    }

    fn empty(&self, (account, currency): Key) -> Statement {
        Statement {
            account,
            currency,
            opening: self.opening,
            closing: self.closing,
            order: RowOrder::Ascending,
            lines: Vec::new(),
        }
    }

    fn finish(self) -> Vec<Statement> {
        let nothing = self.empty((self.account.clone(), self.profile.currency.clone()));
        let mut placed: Vec<_> = self.statements.into_values().collect();
        placed.sort_by_key(|(place, _statement)| *place);
        let mut statements: Vec<_> = placed.into_iter().map(|(_place, found)| found).collect();
        if statements.is_empty() {
            statements.push(nothing);
        }
        statements.iter_mut().for_each(Statement::complete);
        statements
    }
}

/// Credits less debits, which reversals don't change.
fn net(statement: &Statement) -> Option<Decimal> {
    statement.lines.iter().try_fold(Decimal::ZERO, |sum, line| match line.direction {
        Direction::Credit => sum.checked_add(line.amount),
        Direction::Debit => sum.checked_sub(line.amount),
    })
}
