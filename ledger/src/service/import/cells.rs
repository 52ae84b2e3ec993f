//! A CSV row's cells by the names of their columns.

use std::str::FromStr;

use csv::ByteRecord;

use crate::domain::legible::is_legible;

use super::error::{BadRow, Flaw, ImportFile};

/// The columns that may be left out.
const OPTIONAL: [(ImportFile, &str); 3] = [
    (ImportFile::Banks, "settlement_lag"),
    (ImportFile::Merchants, "account_number"),
    (ImportFile::Cards, "pin"),
];

/// What people have to be able to read.
pub(super) const LEGIBLE: &str = "text that can be read: something to be seen, without control characters, marks of direction and invisible letters";

/// Where each column stands.
pub(super) struct Header {
    file: ImportFile,
    columns: &'static [&'static str],
    /// For each column its place in the row.
    places: Vec<Option<usize>>,
    width: usize,
}

impl Header {
    /// Reads the header row, or says everything that is wrong with it.
    pub(super) fn read(
        file: ImportFile,
        line: u64,
        columns: &'static [&'static str],
        record: &ByteRecord,
    ) -> Result<Self, Vec<BadRow>> {
        let mut flaws = Vec::new();
        let mut flaw = |column, flaw| flaws.push(BadRow { file, line, column, flaw });
        let mut places: Vec<Option<usize>> = vec![None; columns.len()];
        for (place, name) in record.iter().enumerate() {
            let mut known = columns.iter().zip(&mut places);
            match known.find(|(column, _)| column.as_bytes() == name) {
                Some((_, at @ None)) => *at = Some(place),
                Some((column, Some(_))) => flaw(Some(*column), Flaw::ColumnTwice),
                None => {
                    let place = place.saturating_add(1);
                    flaw(None, Flaw::UnknownColumn { place, known: columns.join(",") });
                }
            }
        }
        for (column, place) in columns.iter().zip(&places) {
            if place.is_none() && !OPTIONAL.contains(&(file, *column)) {
                flaw(Some(*column), Flaw::NoColumn);
            }
        }
        if flaws.is_empty() {
            Ok(Self { file, columns, places, width: record.len() })
        } else {
            Err(flaws)
        }
    }
}

/// One row's cells, and where to put what is wrong with them.
pub(super) struct Cells<'a> {
    header: &'a Header,
    line: u64,
    record: &'a ByteRecord,
    bad: &'a mut Vec<BadRow>,
    flaws: usize,
    /// A row of another width has been named as a whole; its cells are looked at for its name only.
    slipped: bool,
}

impl<'a> Cells<'a> {
    /// The cells of `record`.
    pub(super) fn of(
        header: &'a Header,
        line: u64,
        record: &'a ByteRecord,
        bad: &'a mut Vec<BadRow>,
    ) -> Self {
        let mut cells = Self { header, line, record, bad, flaws: 0, slipped: false };
        let (found, wanted) = (record.len(), header.width);
        if found != wanted {
            cells.flaw(None, Flaw::Cells { found, wanted });
            cells.slipped = true;
        }
        cells
    }

    /// Whether anything was wrong so far.
    pub(super) const fn has_flaw(&self) -> bool {
        self.flaws != 0
    }

    /// Names what is wrong with a cell.
    pub(super) fn flaw(&mut self, column: Option<&'static str>, flaw: Flaw) {
        if !self.slipped {
            self.flaws = self.flaws.saturating_add(1);
            self.bad.push(BadRow { file: self.header.file, line: self.line, column, flaw });
        }
    }

    /// A cell's text; `None` when it is empty, not text, or its column left out.
    pub(super) fn optional(&mut self, column: &'static str) -> Option<&'a str> {
        let place = self.header.columns.iter().position(|known| *known == column)?;
        let place = self.header.places.get(place).copied().flatten()?;
        let bytes = self.record.get(place)?;
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.flaw(Some(column), Flaw::NotText);
            return None;
        };
        (!text.is_empty()).then_some(text)
    }

    /// A cell that may not be empty.
    pub(super) fn text(&mut self, column: &'static str) -> Option<&'a str> {
        let flaws = self.flaws;
        let text = self.optional(column);
        if text.is_none() && self.flaws == flaws {
            self.flaw(Some(column), Flaw::Empty);
        }
        text
    }

    /// A cell that people read: a name, an address.
    pub(super) fn legible(&mut self, column: &'static str) -> Option<&'a str> {
        let text = self.text(column)?;
        if is_legible(text) {
            return Some(text);
        }
        self.flaw(Some(column), Flaw::Not(LEGIBLE));
        None
    }

    /// A cell that `read` can parse; `wanted` says what it should contain.
    pub(super) fn read<T>(
        &mut self,
        column: &'static str,
        wanted: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.value(column, |text| read(text).ok_or(Flaw::Not(wanted)))
    }

    /// A cell whose type knows how to read it.
    pub(super) fn parse<T: FromStr>(
        &mut self,
        column: &'static str,
        wanted: &'static str,
    ) -> Option<T> {
        self.read(column, wanted, |text| text.parse().ok())
    }

    /// A cell that `read` can parse, or for which it says what is wrong.
    pub(super) fn value<T>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(&str) -> Result<T, Flaw>,
    ) -> Option<T> {
        let text = self.text(column)?;
        read(text).map_err(|flaw| self.flaw(Some(column), flaw)).ok()
    }
}

/// Counts lines as an editor does. The reader's own count is one short after a line that ends in
/// CR LF, and before an empty one.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    counted: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    /// At the first line.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, counted: 0, line: 1 }
    }

    /// The line on which `record` begins; records have to be asked for in their order.
    pub(super) fn of(&mut self, record: &ByteRecord) -> u64 {
        let start = record.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let ends = self.bytes.get(start..).unwrap_or_default();
        let blank = ends.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = start.saturating_add(blank);
        let passed = self.bytes.get(self.counted..start).unwrap_or_default();
        for _ in passed.iter().filter(|byte| **byte == b'\n') {
            self.line = self.line.saturating_add(1);
        }
        self.counted = start.max(self.counted);
        self.line
    }
}
