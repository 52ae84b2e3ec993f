//! SWIFT MT940 statements and MT942 interim reports, as banks really write them.
//!
//! [`read`] takes what a bank could have sent and refuses the rest with line, field and reason:
//!
//! - The blocks `{1:`, `{2:`, `{4:` and the end `-}` may be there or not; lines of the bank's own
//!   before, between and behind the messages are passed over; there may be any number of messages.
//! - `:20:` begins a statement; `:25:` has to be there; `:28C:`, `:62:` and `:64:` need not.
//! - Pages (`:60F:` to `:62M:`, `:60M:` to `:62M:`, `:60M:` to `:62F:`) become one statement.
//! - A line of a text may begin with a colon: it is a field only where that field can stand.
//! - `RC` lowers and `RD` raises the balance. `EC` and `ED` are announced only and don't count.
//! - A value date of 30 February is the last day of February: banks that count interest in months
//!   of thirty days write it. No other date that does not exist is read.
//!
//! A file that is not UTF-8 is read as Windows-1252: all that counts is ASCII in any encoding of
//! these messages, so only a description could look different.

mod fields;
mod movement;
mod page;
mod reader;
#[cfg(test)]
mod tests;
mod text;
mod totals;
mod values;
mod whole;

use crate::bankfile::encoding::{self, Encoding};
use crate::bankfile::error::BankFileError;
use crate::bankfile::guard::{Bounds, Guard};
use crate::bankfile::message::MessageSettings;
use crate::bankfile::statement::Statement;

/// How much of a file is examined to decide whether it is a message.
const LOOKED_AT: usize = 16 * 1024;

/// Reads all statements of a file, in its order.
///
/// # Errors
/// [`BankFileError`] names the first line and field that can't be read. Nothing of such a file is
/// returned. Balances that do not hold are not an error: [`Statement::balances_hold`] says so.
pub fn read(bytes: &[u8], settings: &MessageSettings) -> Result<Vec<Statement>, BankFileError> {
    read_within(bytes, settings, &mut Guard::new(Bounds::default()))
}

/// Reads as [`read`] does, within a file's bounds.
pub(in crate::bankfile) fn read_within(
    bytes: &[u8],
    settings: &MessageSettings,
    guard: &mut Guard,
) -> Result<Vec<Statement>, BankFileError> {
    let text = encoding::decode(bytes, Encoding::Utf8)
        .or_else(|_not_utf8| encoding::decode(bytes, Encoding::Windows1252))?;
    reader::read(&text, settings, guard)
}

/// Whether a file looks like MT940 or MT942: one of its first lines is a field of theirs, or the
/// first block of a message.
pub fn looks_like(bytes: &[u8]) -> bool {
    let start = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let mut lines = start.split(|byte| matches!(byte, b'\n' | b'\r'));
    lines.any(|line| {
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        let begins = |with: &&[u8]| line.starts_with(with);
        [b":20:".as_slice(), b":25:", b":60F:", b":61:", b"{1:F"].iter().any(begins)
    })
}
