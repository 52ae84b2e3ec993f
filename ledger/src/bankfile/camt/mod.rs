//! ISO 20022 camt.052 (interim reports), camt.053 (statements) and camt.054 (notifications) of any
//! version, streamed.
//!
//! Elements count by their local names, so that namespaces, prefixes and versions do not matter.
//!
//! - Only entries with the status `BOOK` move money. Others, and entries of zero, are handed over
//!   apart ([`Part::Uncounted`], `StatementDetails::uncounted`) and count nowhere.
//! - `CdtDbtInd` says what an entry does to the balance, of a reversal too: a credit that is taken
//!   back is `DBIT` with `RvslInd`. Some banks write the indicator of what is reversed; when a
//!   statement's balances hold in that way and in no other, [`read`] turns those rows.
//! - An entry with several transactions whose amounts are stated in the account's currency becomes
//!   one row for each. They have to add up to the entry, its charges taken into account; charges
//!   between them and the entry become a row of their own. Other entries are one row.
//! - The balances are `OPBD`, or else `PRCD`, and `CLBD`; a page in the middle of a statement has
//!   `ITBD`. Totals (`TxsSummry`) have to be those of the entries.
//! - Times with a zone are days in western Indonesia (WIB).
//!
//! A document type, an entity that XML does not define, elements nested deeper than 64, a text over
//! 64 KiB and a file that ends early are refused, each with its line and the path of the element.

mod balances;
mod charges;
mod entry;
mod head;
mod lines;
mod names;
mod reader;
mod source;
mod summary;
#[cfg(test)]
mod tests;
mod transaction;
mod values;
mod xml;

use std::io::BufRead;

pub use reader::Reader;

use crate::bankfile::chain::BothWays;
use crate::bankfile::details::UncountedLine;
use crate::bankfile::error::BankFileError;
use crate::bankfile::fault::MessageFault as Fault;
use crate::bankfile::message::MessageSettings;
use crate::bankfile::statement::{Statement, StatementLine};
use crate::bankfile::table::{Keep, Sink};

/// How much of a file is examined to decide whether it is a message.
const LOOKED_AT: usize = 4 * 1024;

/// A part of a file, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A statement begins: what is known before its first row. It has no rows.
    Opened(Box<Statement>),
    /// A row of it.
    Line(StatementLine),
    /// A row that moves no booked money.
    Uncounted(UncountedLine),
    /// It ends.
    Closed(Box<ClosedStatement>),
}

/// A statement whose rows were handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedStatement {
    /// All that is known of it, without the rows; whether its balances hold, it knows all the same.
    pub statement: Statement,
    /// How many rows that count there were.
    pub rows: u64,
    /// Whether the balances do not hold, but would with the rows that are marked as reversals the
    /// other way round: this bank writes the direction of what it reverses.
    pub reversals_turn: bool,
}

/// Reads all statements of a file, in its order, with all their rows. [`Reader`] does it part by
/// part.
///
/// # Errors
/// [`BankFileError`] names the line and the element that can't be read. Nothing of such a file is
/// returned. Balances that do not hold are not an error: [`Statement::balances_hold`] says so.
pub fn read(
    reader: impl BufRead,
    settings: &MessageSettings,
) -> Result<Vec<Statement>, BankFileError> {
    read_into(reader, settings, &mut Keep)
}

/// Reads all statements of a file and gives each row to `sink` as it comes. Rows that the sink
/// hands out can't be turned any more: the balances of their statement do not hold then.
pub(super) fn read_into(
    reader: impl BufRead,
    settings: &MessageSettings,
    sink: &mut impl Sink,
) -> Result<Vec<Statement>, BankFileError> {
    let mut statements = Vec::new();
    let mut open = Statement::empty("camt", settings.currency());
    for part in Reader::new(reader, settings)? {
        match part? {
            Part::Opened(statement) => {
                open = *statement;
                sink.begin(&open).map_err(|reason| BankFileError::at(1, reason))?;
            }
            Part::Line(line) => {
                admit(sink, &open, line.number)?;
                sink.take(&mut open, line);
            }
            Part::Uncounted(line) => {
                admit(sink, &open, line.number)?;
                open.details.uncounted.push(line);
            }
            Part::Closed(closed) => {
                let ClosedStatement { mut statement, reversals_turn, .. } = *closed;
                statement.lines = std::mem::take(&mut open.lines);
                statement.details.uncounted = std::mem::take(&mut open.details.uncounted);
                if reversals_turn && !statement.lines.is_empty() {
                    turn_reversals(&mut statement);
                }
                statements.push(statement);
            }
        }
    }
    Ok(statements)
}

fn admit(sink: &mut impl Sink, open: &Statement, line: u64) -> Result<(), BankFileError> {
    sink.admit(open).map_err(|reason| BankFileError::at(line, reason))
}

/// Turns the rows that are marked as reversals.
fn turn_reversals(statement: &mut Statement) {
    for line in &mut statement.lines {
        if line.details.as_ref().is_some_and(|details| details.reversal) {
            line.direction = line.direction.reversed();
        }
    }
    BothWays::of(&statement.lines).settle(statement);
}

/// Whether a file looks like a camt message: its first elements are XML that names one.
pub fn looks_like(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(bytes.get(..LOOKED_AT).unwrap_or(bytes));
    let start = start.trim_start_matches('\u{feff}').trim_start();
    start.starts_with('<') && ["camt.05", "BkToCstmr"].iter().any(|name| start.contains(name))
}
