//! Why a bank's file can't be read: where, and what a bank clerk can do about it.

use std::fmt;

use crate::bankfile::fault::MessageFault;
use crate::bankfile::numbers::NumberStyle;

/// The first thing in a file that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankFileError {
    /// The sheet of a workbook.
    pub sheet: Option<Box<str>>,
    /// The line in the file or the row of the sheet, from 1.
    pub line: u64,
    /// The column's name as the file's header writes it, the field `:61:` of an MT940, or the path
    /// `/Document/.../Amt` of a camt element, where one is to blame.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: Reason,
}

impl BankFileError {
    /// What is wrong on a line.
    pub(super) const fn at(line: u64, reason: Reason) -> Self {
        Self { sheet: None, line, column: None, reason }
    }

    /// Says which sheet of a workbook it is in.
    #[must_use]
    pub(super) fn in_sheet(mut self, sheet: &str) -> Self {
        self.sheet = Some(quoted(sheet).into());
        self
    }

    /// Blames a column, a field or an element.
    #[must_use]
    pub(super) fn in_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }
}

impl std::error::Error for BankFileError {}

/// `line 7, column `Debit`: ...`.
impl fmt::Display for BankFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sheet {
            Some(sheet) => write!(f, "sheet `{sheet}`, row {}", self.line)?,
            None => write!(f, "line {}", self.line)?,
        }
        if let Some(place) = &self.column {
            let what = match place.chars().next() {
                Some(':') => "field",
                Some('/') => "element",
                _ => "column",
            };
            write!(f, ", {what} `{place}`")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// What can be wrong with a bank's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Bytes that are not text in the profile's encoding.
    #[error("the bytes are not text in {encoding}")]
    NotText {
        /// The encoding that was tried.
        encoding: &'static str,
    },
    /// NULs in the middle of a text, as in UTF-16 without a mark.
    #[error("the text has NUL bytes in it: it is damaged, or in UTF-16 without a byte-order mark")]
    Nul,
    /// The file could not be read to its end.
    #[error("reading failed: {0}")]
    Unreadable(String),
    /// A file of a kind that is neither a list of rows nor a message.
    #[error("the file is {0}")]
    OtherKind(&'static str),
    /// A file that could be one format or another.
    #[error("the file could be `{0}` or `{1}`: name the format")]
    SeveralFormats(&'static str, &'static str),
    /// A workbook that is broken, or does harm.
    #[error("the workbook can't be read: {0}")]
    Workbook(String),
    /// A bank without any described layout.
    #[error("there is no built-in profile for the bank `{0}`: describe its layout in a profile")]
    NoProfile(String),
    /// No row looks like the header of one of the profiles' layouts.
    #[error("{}", no_header(profiles, *searched, fits.as_deref()))]
    NoHeader {
        /// The profiles' names.
        profiles: String,
        /// How many rows were looked at.
        searched: usize,
        /// A built-in layout of another bank that has such a header.
        fits: Option<String>,
    },
    /// A header row that is one of several layouts.
    #[error("the header row is one of {0}: name the bank, or describe the layout in a profile")]
    SeveralLayouts(String),
    /// A header row in which two columns claim to be what only one can be.
    #[error(
        "`{one}` and `{other}` are both a column of `{role}`: describe the layout in a profile"
    )]
    TwoColumns {
        /// What they claim to be, as a profile names it.
        role: &'static str,
        /// The first column.
        one: String,
        /// The other column.
        other: String,
    },
    /// A row that is shorter than the header needs, as in a file that was cut off.
    #[error("the row has {found} cells where the header has {wanted}")]
    RowTooShort {
        /// Cells in the row.
        found: usize,
        /// Cells in the header.
        wanted: usize,
    },
    /// A cell beyond the header's last column that is not empty.
    #[error("the row goes on after the header's last column with `{0}`")]
    RowTooLong(String),
    /// A date in none of the profile's forms.
    #[error("`{text}` is not a date written as {forms}")]
    NotADate {
        /// The cell.
        text: String,
        /// The forms that the profile knows.
        forms: String,
    },
    /// A date without a year in a file that does not say which one.
    #[error("`{0}` has no year, and no period above the header says which one it is")]
    NoYear(String),
    /// A time that no clock shows.
    #[error("`{0}` is not a time: 08:15:30 is written `81530`, `08:15:30` or `08.15.30`")]
    NotATime(String),
    /// A number that the profile's style does not allow.
    #[error("`{text}` is not an amount: {why}; this profile writes {style}")]
    NotAnAmount {
        /// The cell.
        text: String,
        /// What is wrong with it.
        why: &'static str,
        /// The profile's style.
        style: NumberStyle,
    },
    /// A workbook's number with more digits than it can have kept.
    #[error("`{0}` has more digits than a spreadsheet keeps: nobody knows the last ones")]
    LostDigits(String),
    /// A row with money on both sides.
    #[error("the row has both a debit and a credit")]
    BothSides,
    /// A row without money.
    #[error("the row has neither a debit nor a credit")]
    NoAmount,
    /// An amount whose direction is unknown.
    #[error("`{0}` does not say whether money came in or went out")]
    NoDirection(String),
    /// A total in the file that its rows don't add up to.
    #[error("the file's total is `{stated}`, but its rows add up to `{sum}`")]
    TotalDiffers {
        /// The total that the file states.
        stated: String,
        /// The sum of the rows above it.
        sum: String,
    },
    /// What is wrong in an MT940 or camt message.
    #[error(transparent)]
    Message(#[from] MessageFault),
    /// A statement of another account than the file has to be of.
    #[error("the statement is of account `{found}`, not of `{wanted}`")]
    WrongAccount {
        /// The account that was expected.
        wanted: String,
        /// The account that the file names.
        found: String,
    },
    /// More rows than may be read.
    #[error("the file has more than {most} rows")]
    TooManyRows {
        /// How many there may be.
        most: u64,
    },
    /// The rows add up to more than can be held.
    #[error("the amounts add up to more than can be held")]
    TooLarge,
}

fn no_header(profiles: &str, searched: usize, fits: Option<&str>) -> String {
    let other = fits.map(|fits| format!("; it is one of `{fits}`")).unwrap_or_default();
    format!(
        "no header row of {profiles} in the first {searched} rows: it has to name a date, a \
         description, and debit and credit or an amount with its sign{other}"
    )
}

/// At most forty characters of a cell, for a message; control characters are shown as `?`.
pub(super) fn quoted(cell: &str) -> String {
    shortened(cell, 40)
}

/// At most so many characters of a text; control characters are shown as `?`.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let visible = |character: char| if character.is_control() { '?' } else { character };
    let mut short: String = text.chars().take(most).map(visible).collect();
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    short
}
