//! Giving batches their place in the log, and filling what is read by it.

use diesel::sql_types::{BigInt, Integer};

use crate::domain::calendar::Instant;

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    postgres LockHead {} -> (BigInt, BigInt);
    "SELECT size, sealed_at FROM log_head WHERE id = 1 FOR UPDATE"
}

statement! {
    both ReadHead {} -> (BigInt, BigInt);
    "SELECT size, sealed_at FROM log_head WHERE id = 1"
}

statement! {
    both SetHead { size: i64, at: i64, recorded_to: i64 };
    "UPDATE log_head SET size = " [size: BigInt] ", sealed_at = " [at: BigInt]
    ", recorded_to = CASE WHEN recorded_to < " [recorded_to: BigInt] " THEN "
    [recorded_to: BigInt] " ELSE recorded_to END WHERE id = 1"
}

statement! {
    both NoteSize { size: i64, now: i64 };
    "INSERT INTO log_sizes (log_size, sealed_at) VALUES (" [size: BigInt] ", " [now: BigInt] ")"
}

statement! {
    both SizeAt { at: i64 } -> BigInt;
    "SELECT log_size FROM log_sizes WHERE sealed_at <= " [at: BigInt]
    " ORDER BY sealed_at DESC, log_size DESC LIMIT 1"
}

statement! {
    both SealedAt { size: i64 } -> BigInt;
    "SELECT sealed_at FROM log_sizes WHERE log_size >= " [size: BigInt] " ORDER BY log_size LIMIT 1"
}

statement! {
    both Unsealed { most: i64 } -> (BigInt, BigInt, BigInt, BigInt, Integer, Integer);
    "SELECT id, anchor_id, last_id, created_at, transfers, attempts FROM batches
     WHERE log_start IS NULL ORDER BY id LIMIT " [most: BigInt]
}

statement! {
    both LastUnsealed {} -> BigInt;
    "SELECT id FROM batches WHERE log_start IS NULL ORDER BY id DESC LIMIT 1"
}

/// A batch that has no place in the log yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnsealedBatch {
    pub(crate) id: i64,
    pub(crate) anchor: i64,
    pub(crate) last_id: i64,
    /// When it was recorded, milliseconds since 1970.
    pub(crate) created_at: i64,
    pub(crate) transfers: i64,
    pub(crate) attempts: i64,
}

/// How long the log is, and when it came to be so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogHead {
    /// How many transfers have their place in it.
    pub(crate) size: i64,
    /// When the last batch got its place.
    pub(crate) sealed_at: Instant,
}

fn head(rows: Vec<(i64, i64)>) -> Result<LogHead, StoreError> {
    let row = rows.into_iter().next().ok_or_else(|| StoreError::corrupt("the log has no head"));
    row.map(|(size, millis)| LogHead { size, sealed_at: Instant::from_millis(millis) })
}

impl Connection {
    /// How long the log is.
    pub(crate) fn log_head(&mut self) -> Result<LogHead, StoreError> {
        head(self.load(ReadHead {})?)
    }

    /// How many transfers have their place in the log.
    pub(crate) fn log_size(&mut self) -> Result<i64, StoreError> {
        self.log_head().map(|head| head.size)
    }

    /// How long the log is, locked against every other sealer until the transaction ends.
    pub(crate) fn lock_log_head(&mut self) -> Result<LogHead, StoreError> {
        use diesel::RunQueryDsl as _;
        head(match self {
            Self::Sqlite(sqlite) => ReadHead {}.load(sqlite)?,
            Self::Postgres(postgres) => LockHead {}.load(postgres)?,
        })
    }

    /// Says how long the log is from now on, and keeps that it was so long then. The head is locked;
    /// its time never goes back, not even where an era of the clock began in the past.
    pub(crate) fn set_log_head(&mut self, before: LogHead, now: LogHead) -> Result<(), StoreError> {
        let (size, at) = (now.size, now.sealed_at.max(before.sealed_at).as_millis());
        self.execute(SetHead { size, at, recorded_to: now.sealed_at.as_millis() })?;
        if size > before.size {
            self.execute(NoteSize { size, now: at })?;
        }
        Ok(())
    }

    /// How long the log was at a time: what was sealed by then.
    pub(crate) fn log_size_at(&mut self, at: Instant) -> Result<i64, StoreError> {
        self.first(SizeAt { at: at.as_millis() }).map(Option::unwrap_or_default)
    }

    /// When the log came to be at least so long; `None` when it is not.
    pub(crate) fn sealed_at(&mut self, size: i64) -> Result<Option<Instant>, StoreError> {
        Ok(self.first(SealedAt { size })?.map(Instant::from_millis))
    }

    /// The first batches without a place, in the order of their ids.
    pub(crate) fn unsealed_batches(&mut self, most: i64) -> Result<Vec<UnsealedBatch>, StoreError> {
        let rows: Vec<(i64, i64, i64, i64, i32, i32)> = self.load(Unsealed { most })?;
        let batch = |(id, anchor, last_id, created_at, transfers, attempts)| UnsealedBatch {
            id,
            anchor,
            last_id,
            created_at,
            transfers: i64::from(transfers),
            attempts: i64::from(attempts),
        };
        Ok(rows.into_iter().map(batch).collect())
    }

    /// The last batch without a place, if there is one.
    pub(crate) fn last_unsealed_batch(&mut self) -> Result<Option<i64>, StoreError> {
        self.first(LastUnsealed {})
    }
}
