//! The banks' statement files: bytes in, statements out, by pure functions.
//!
//! A [`Profile`] says as data how a bank writes its file; [`read`] turns the file's bytes into
//! [`Statement`]s or names the line, the column and the reason why it can't. [`settlement_rows`]
//! reduces a statement to what [`crate::domain::matching`] matches on, and [`write`](mod@write)
//! writes a file in a bank's layout. Nothing here opens a file, and no bytes make it panic.

mod acceptance;
mod columns;
mod dates;
mod delimited;
mod encoding;
mod error;
mod numbers;
mod profile;
mod profile_text;
mod reference;
mod row;
mod statement;
#[cfg(test)]
mod tests;
pub mod write;

pub use acceptance::{NotAccepted, accept_for_day};
pub use error::{BankFileError, Reason};
pub use profile::{Profile, ProfileError};
pub use reference::settlement_references;
pub use statement::{RowOrder, Statement, StatementLine};

use crate::domain::matching::{BankRow, RowId};

/// Reads a delimited statement file (CSV) that is written as `profile` says.
///
/// A file may hold the statements of several accounts; they come in the order of their first rows.
/// A file with a header and no rows is one statement without lines.
///
/// # Errors
/// [`BankFileError`] names the first line that can't be read. Nothing of such a file is returned.
pub fn read(bytes: &[u8], profile: &Profile) -> Result<Vec<Statement>, BankFileError> {
    delimited::read(bytes, profile)
}

/// The rows of a statement as they are matched: amount, direction, and our settlement references.
///
/// `file` is the file's place in the caller's list, so that rows of several files stay apart.
pub fn settlement_rows(file: usize, statement: &Statement) -> Vec<BankRow> {
    let rows = statement.lines.iter().map(|line| BankRow {
        id: RowId { file, line: line.number },
        references: line.settlement_references(),
        amount: line.amount,
        direction: line.direction,
    });
    rows.collect()
}
