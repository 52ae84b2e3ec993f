//! Why a bank's file can't be read: where, and what a bank clerk can do about it.

use std::fmt;

use crate::bankfile::numbers::NumberStyle;

/// The first thing in a file that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankFileError {
    /// The line in the file, from 1.
    pub line: u64,
    /// The column's name as the file's header writes it, where one is to blame.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: Reason,
}

impl std::error::Error for BankFileError {}

/// `line 7, column `Debit`: ...`.
impl fmt::Display for BankFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// What can be wrong with a bank's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Bytes that are no text in the profile's encoding.
    #[error("the bytes are not text in {encoding}")]
    NotText {
        /// The encoding that was tried.
        encoding: &'static str,
    },
    /// No row looks like the header of one of the profile's layouts.
    #[error(
        "no header row of the profile `{profile}` in the first {searched} rows: it has to name \
         a date, a description, and debit and credit or an amount with its sign"
    )]
    NoHeader {
        /// The profile's name.
        profile: String,
        /// How many rows were looked at.
        searched: usize,
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
    /// A row with money on both sides.
    #[error("the row has both a debit and a credit")]
    BothSides,
    /// A row without money.
    #[error("the row has neither a debit nor a credit")]
    NoAmount,
    /// An amount whose direction nobody can tell.
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
    /// The rows add up to more than can be held.
    #[error("the amounts add up to more than can be held")]
    TooLarge,
}

/// At most forty characters of a cell, for a message; control characters are shown as `?`.
pub(super) fn quoted(cell: &str) -> String {
    let visible = |character: char| if character.is_control() { '?' } else { character };
    let mut text: String = cell.chars().take(40).map(visible).collect();
    if cell.chars().nth(40).is_some() {
        text.push('…');
    }
    text
}
