//! The banks' statement files: bytes in, statements out, by pure functions.
//!
//! [`open`] turns a file of any format into [`Statement`]s, or names the line, the column and the
//! reason why it can't. A [`Profile`] says as data how a bank writes its lists of rows.
//! [`integrity`] decides whether a file may be used. [`each_settlement_row`] reduces statements to
//! what [`crate::domain::matching`] matches on, and [`write`](mod@write) writes a file in a bank's layout.
//! Nothing here opens a file of its own, and no bytes make it panic.

mod beside;
pub mod camt;
mod cells;
mod chain;
mod choice;
mod columns;
mod dates;
mod delimited;
mod details;
mod encoding;
mod error;
pub mod extract;
mod fault;
mod format;
mod guard;
mod hash;
mod head;
pub mod integrity;
mod listing;
mod message;
pub mod mt940;
mod numbers;
mod open;
mod profile;
mod profile_check;
mod profile_text;
mod read_as;
mod record;
mod reference;
mod row;
mod rows;
mod split;
mod statement;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod texts;
mod to_match;
pub mod write;
mod xlsx;

pub use chain::ChainBreak;
pub use details::{
    Batch, Charge, CopyMark, LineDetails, NotCounted, StatementDetails, StatementKind,
    UncountedLine,
};
pub use error::{BankFileError, Reason};
pub use fault::MessageFault;
pub use format::Format;
pub use guard::Bounds;
pub use integrity::{is_account, same_account};
pub use message::MessageSettings;
pub use open::{BankFile, open, stream};
pub use profile::{Profile, ProfileError};
pub use profile_check::{ColumnCheck, ListCheck, ProfileCheck, ValueCheck, check_profile};
pub use read_as::ReadAs;
pub use reference::settlement_references;
pub use statement::{RowOrder, Statement, StatementLine, StatementNumber};
pub use texts::Texts;
pub use to_match::{covered_to, each_settlement_row, match_statements};
