//! The rows of a file as they come, whatever the file is: delimited text or a workbook's sheet.

use crate::bankfile::error::BankFileError;
use crate::bankfile::record::{Fields, Record};

/// No statement is wider than this many columns, though a workbook's cell can stand in the 16,384th.
pub(super) const WIDEST: usize = 512;

/// A file that gives its rows one by one.
pub(super) trait Rows {
    /// Goes on to the next row; false at the end.
    fn advance(&mut self) -> Result<bool, BankFileError>;

    /// The row that was reached.
    fn row(&self) -> Row<'_>;
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'r> {
    /// The line it starts on, or the sheet's row, from 1.
    pub(super) line: u64,
    pub(super) cells: Fields<'r>,
    /// What each cell is in a workbook; empty for text files, where every cell is text.
    pub(super) kinds: &'r [CellKind],
}

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellKind {
    /// Text, read as the profile says.
    Text,
    /// A workbook's number, written plainly with a decimal point.
    Number,
    /// A number with more digits than a workbook keeps.
    LostNumber,
    /// A workbook's date, written as `YYYY-MM-DD`.
    Date,
}

impl<'r> Row<'r> {
    /// The text of a cell without the spaces round it; empty where there is none.
    pub(super) fn cell(&self, place: usize) -> &'r str {
        self.cells.get(place).map_or("", trimmed)
    }

    /// What a cell is.
    pub(super) fn kind(&self, place: usize) -> CellKind {
        self.kinds.get(place).copied().unwrap_or(CellKind::Text)
    }

    /// Whether the row comes from a workbook, in which empty cells at its end are not written.
    pub(super) const fn is_of_sheet(&self) -> bool {
        !self.kinds.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// A text without the spaces round it; most have none, which two bytes show.
fn trimmed(text: &str) -> &str {
    let visible = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = text.as_bytes();
    if visible(bytes.first()) && visible(bytes.last()) { text } else { text.trim() }
}

/// A row that is kept.
#[derive(Clone, Debug)]
pub(super) struct KeptRow {
    line: u64,
    cells: Record,
    kinds: Vec<CellKind>,
}

impl KeptRow {
    pub(super) fn of(row: Row<'_>) -> Self {
        Self { line: row.line, cells: Record::of(row.cells), kinds: row.kinds.to_vec() }
    }

    pub(super) fn row(&self) -> Row<'_> {
        Row { line: self.line, cells: self.cells.fields(), kinds: &self.kinds }
    }
}

/// Keeps at most `most` rows of a file.
pub(super) fn first(rows: &mut impl Rows, most: usize) -> Result<Vec<KeptRow>, BankFileError> {
    let mut kept = Vec::new();
    while kept.len() < most && rows.advance()? {
        kept.push(KeptRow::of(rows.row()));
    }
    Ok(kept)
}
