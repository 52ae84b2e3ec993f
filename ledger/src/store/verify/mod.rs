//! What `verify` reads: every record once and in order, a page or a row at a time, so that the
//! memory needed does not grow with the ledger.
//!
//! Numbers are read as wide as a column of the database can hold them and narrowed here: a value
//! out of its range is a broken record, not a neighbour's value cut to size.

/// Declares rules, each a statement that finds the first row that breaks it, and the function that
/// asks them all.
macro_rules! rules {
    ($(#[$doc:meta])* $all:ident; $($name:ident: $says:literal, $($sql:literal)? $(($shared:expr))?;)+) => {
        $(statement! { both $name {} -> BigInt; $($sql)? $(($shared))? })+

        impl Connection {
            $(#[$doc])*
            pub(crate) fn $all(
                &mut self,
            ) -> Result<Vec<(&'static str, Option<i64>)>, StoreError> {
                Ok(vec![$(($says, self.first($name {})?)),+])
            }
        }
    };
}

/// Functions that hand every row of a statement to `each`, one after the other.
macro_rules! streams {
    ($($(#[$doc:meta])* $each:ident: $statement:ident -> $row:ty;)+) => {
        impl Connection {$(
            $(#[$doc])*
            pub(crate) fn $each(
                &mut self,
                each: &mut dyn FnMut($row) -> Result<(), StoreError>,
            ) -> Result<(), StoreError> {
                self.stream($statement {}, each)
            }
        )+}
    };
}

mod evidence;
mod files;
mod funds;
mod guards;
mod history;
mod keyed;
mod pairs;
mod payments;
mod programme;
mod records;
mod registry;
mod rollups;
mod runs;
mod settlements;
mod shops;
mod times;
mod wallets;

#[cfg(test)]
pub(crate) mod fixture;

use std::collections::VecDeque;

use diesel::pg::PgRowByRowLoadingMode;
use diesel::query_dsl::methods::LoadQuery;
use diesel::result::{ConnectionError, DatabaseErrorKind, Error};
use diesel::{PgConnection, RunQueryDsl, SqliteConnection};

use super::connection::{Connection, DatabaseUrl, Purpose};
use super::error::StoreError;

pub(crate) use evidence::{ExceptionStep, FilePartRow, ReconciledRow, RecordingRow};
pub(crate) use files::{KeptFileRow, KeptRows};
pub(crate) use funds::RunAtBank;
pub(crate) use history::{AttemptRecord, BatchRecord, TransferRecord};
pub(crate) use keyed::{AnswerRecord, AnsweredReversal};
pub(crate) use pairs::{AttemptPlace, EntryPlace, Pairs, Sided};
pub(crate) use records::{CardStep, LastId};
pub(crate) use rollups::{AccountMoved, WalletsMoved};
pub(crate) use settlements::{DayPart, DayRecord, PartOfDay};
pub(crate) use wallets::Movement;

/// Rows that one page holds.
const PAGE: i64 = 5000;

/// What is worked out on the way and compared with the database's own logs: in the connection's
/// temporary tables, which leave no trace.
const SCRATCH: &str = "CREATE TEMP TABLE verify_attempts (redemption_id BIGINT NOT NULL, \
     wallet_id BIGINT NOT NULL, merchant_id BIGINT NOT NULL, log_position BIGINT); \
     CREATE TEMP TABLE verify_entries (transfer_id BIGINT NOT NULL, account_id BIGINT NOT NULL, \
     log_position BIGINT NOT NULL, anchor_id BIGINT NOT NULL); \
     CREATE TEMP TABLE verify_account_sums (account_id BIGINT NOT NULL, log_size BIGINT NOT NULL, \
     debit BIGINT NOT NULL, credit BIGINT NOT NULL); \
     CREATE TEMP TABLE verify_wallet_sums (bank_id BIGINT NOT NULL, log_size BIGINT NOT NULL, \
     debit BIGINT NOT NULL, credit BIGINT NOT NULL);";

/// Sorts go through files where they are large.
const SQLITE: &str = "PRAGMA temp_store = FILE; PRAGMA cache_size = -32000;";
const POSTGRES: &str = "SET work_mem = '64MB'; SET jit = off;";

/// A kind of record that is read in pages, by its key.
pub(crate) trait Paged: Sized {
    /// Its place in the order: an id, and a number that distinguishes rows with the same id.
    fn key(&self) -> (i64, i64);

    /// The next page behind `after`.
    fn page(connection: &mut Connection, after: (i64, i64)) -> Result<Vec<Self>, StoreError>;
}

/// All records of a kind in order, of which one page is in memory.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    waiting: VecDeque<T>,
    after: (i64, i64),
    ended: bool,
}

impl<T: Paged> Pages<T> {
    /// From an id on.
    pub(crate) const fn from(id: i64) -> Self {
        Self { waiting: VecDeque::new(), after: (id.saturating_sub(1), i64::MAX), ended: false }
    }

    /// The id of the next record.
    pub(crate) fn next_id(&mut self, from: &mut Connection) -> Result<Option<i64>, StoreError> {
        if self.waiting.is_empty() && !self.ended {
            self.waiting = T::page(from, self.after)?.into();
            match self.waiting.back() {
                Some(last) => self.after = last.key(),
                None => self.ended = true,
            }
        }
        Ok(self.waiting.front().map(|record| record.key().0))
    }

    /// The next record, if its id is `id`.
    pub(crate) fn take(&mut self, from: &mut Connection, id: i64) -> Result<Option<T>, StoreError> {
        let next = self.next_id(from)?;
        Ok(if next == Some(id) { self.waiting.pop_front() } else { None })
    }
}

impl Connection {
    /// Opens a connection that reads a whole ledger. Must not be in a transaction yet:
    /// `PostgreSQL` makes no temporary tables in one that only reads.
    pub(crate) fn open_to_verify(url: &DatabaseUrl) -> Result<Self, StoreError> {
        if let Some(file) = url.file()
            && !file.exists()
        {
            let missing = format!("there is no file `{}`", file.display());
            return Err(ConnectionError::BadConnection(missing).into());
        }
        let mut connection = Self::open(url, Purpose::General)?;
        if connection.needs_migration()? {
            return Err(StoreError::Migrate("migrations are still to be run".to_owned()));
        }
        let settings = match connection {
            Self::Sqlite(_) => SQLITE,
            Self::Postgres(_) => POSTGRES,
        };
        connection.run(settings)?;
        connection.run(SCRATCH)?;
        Ok(connection)
    }

    /// Hands every row of a statement to `each`, one after the other.
    fn stream<S, R>(
        &mut self,
        statement: S,
        each: &mut dyn FnMut(R) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>
    where
        S: for<'q> LoadQuery<'q, SqliteConnection, R>
            + for<'q> LoadQuery<'q, PgConnection, R, PgRowByRowLoadingMode>
            + RunQueryDsl<SqliteConnection>
            + RunQueryDsl<PgConnection>,
    {
        match self {
            Self::Sqlite(sqlite) => {
                for row in statement.load_iter(sqlite)? {
                    each(row?)?;
                }
            }
            Self::Postgres(postgres) => {
                for row in statement.load_iter::<R, PgRowByRowLoadingMode>(postgres)? {
                    each(row?)?;
                }
            }
        }
        Ok(())
    }
}

/// What is wrong with the data, where a failure says that it is the data and not the way to it.
pub(crate) fn fault_in_data(error: &StoreError) -> Option<String> {
    match error {
        StoreError::Corrupt(what) => Some(what.clone()),
        StoreError::Statement(Error::DeserializationError(error)) => {
            Some(format!("a stored value can't be read: {error}"))
        }
        StoreError::Statement(Error::DatabaseError(DatabaseErrorKind::Unknown, details)) => {
            damage(details.message())
        }
        StoreError::Migrate(message) => damage(message),
        StoreError::Connect(_)
        | StoreError::Pool(_)
        | StoreError::Commit(_)
        | StoreError::Statement(_)
        | StoreError::Url(_)
        | StoreError::File(_) => None,
    }
}

/// Neither database has a kind of error of its own for a damaged file.
fn damage(message: &str) -> Option<String> {
    let words = ["malformed", "not a database", "invalid page", "corrupt", "checksum"];
    words.iter().any(|word| message.contains(word)).then(|| message.to_owned())
}

/// A stored number in the width of its type.
fn narrow<T: TryFrom<i64>>(value: i64, record: impl FnOnce() -> String) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_out_of_range| {
        StoreError::corrupt(format!("{}: {value} is out of range", record()))
    })
}
