//! `SQLite`'s log of changes: how full it is, and carrying it over into the database's file.

use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::Integer;
use diesel::{RunQueryDsl, SqliteConnection};

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    // Busy, pages in the log, pages copied.
    sqlite WalNoop {} -> (Integer, Integer, Integer);
    "PRAGMA wal_checkpoint(NOOP)"
}

statement! {
    sqlite WalPassive {} -> (Integer, Integer, Integer);
    "PRAGMA wal_checkpoint(PASSIVE)"
}

statement! {
    sqlite WalTruncate {} -> (Integer, Integer, Integer);
    "PRAGMA wal_checkpoint(TRUNCATE)"
}

/// How full `SQLite`'s log of changes is, in pages.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WalState {
    /// Somebody was in the way of what was asked for.
    busy: bool,
    /// In the log since it last started over.
    pub(crate) pages: i64,
    /// Of them, copied into the database's file.
    copied: i64,
}

impl WalState {
    /// Whether more is copied than there was before, or the log started over since.
    pub(crate) const fn is_further_than(self, before: Self) -> bool {
        self.copied != before.copied
    }

    /// Not copied yet.
    pub(crate) const fn waiting(self) -> i64 {
        self.pages.saturating_sub(self.copied)
    }
}

impl Connection {
    /// How full `SQLite`'s log of changes is.
    pub(crate) fn wal_state(&mut self) -> Result<WalState, StoreError> {
        self.wal(WalNoop {})
    }

    /// Copies what it can of `SQLite`'s log into the database's file, without waiting.
    pub(crate) fn checkpoint(&mut self) -> Result<WalState, StoreError> {
        self.wal(WalPassive {})
    }

    /// Copies all of `SQLite`'s log into the database's file and empties it; `false` when others use it.
    pub(crate) fn empty_wal(&mut self) -> Result<bool, StoreError> {
        Ok(!self.wal(WalTruncate {})?.busy)
    }

    fn wal<S>(&mut self, statement: S) -> Result<WalState, StoreError>
    where
        S: for<'q> LoadQuery<'q, SqliteConnection, (i32, i32, i32)> + RunQueryDsl<SqliteConnection>,
    {
        let Self::Sqlite(sqlite) = self else { return Ok(WalState::default()) };
        let (busy, pages, copied): (i32, i32, i32) = statement.get_result(sqlite)?;
        Ok(WalState { busy: busy != 0, pages: i64::from(pages), copied: i64::from(copied) })
    }
}
