//! Giving batches their place in the log, and filling what is read by it.

use diesel::sql_types::{BigInt, Integer};

use crate::domain::calendar::Instant;
use crate::domain::ids::node_of;

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
    both SetHead { size: i64, now: i64 };
    "UPDATE log_head SET size = " [size: BigInt] ", sealed_at = " [now: BigInt] " WHERE id = 1"
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
    both Unsealed { most: i64 } -> (BigInt, BigInt, BigInt, Integer, Integer);
    "SELECT id, anchor_id, last_id, transfers, attempts FROM batches
     WHERE log_start IS NULL ORDER BY id LIMIT " [most: BigInt]
}

statement! {
    both LastUnsealed {} -> BigInt;
    "SELECT id FROM batches WHERE log_start IS NULL ORDER BY id DESC LIMIT 1"
}

statement! {
    both PlaceBatch { log_start: i64, id: i64, anchor: i64 };
    "UPDATE batches SET log_start = " [log_start: BigInt] " WHERE id = " [id: BigInt]
    " AND anchor_id = " [anchor: BigInt] " AND log_start IS NULL"
}

statement! {
    // Attempts in the order of their ids; the approved ones have consecutive places from the
    // batch's first on. Numbers go on from the merchant's last one.
    both LogAttempts { log_start: i64, first: i64, last: i64, node: i64 };
    "INSERT INTO attempt_log (merchant_id, attempt_no, log_position, redemption_id, wallet_id)
     SELECT r.merchant_id,
            (SELECT COALESCE(MAX(a.attempt_no), 0) FROM attempt_log a
             WHERE a.merchant_id = r.merchant_id)
                + row_number() OVER (PARTITION BY r.merchant_id ORDER BY r.id),
            CASE WHEN r.refusal = 0 THEN " [log_start: BigInt]
    "           + COUNT(*) FILTER (WHERE r.refusal = 0) OVER (ORDER BY r.id) - 1 END,
            r.id, r.wallet_id
     FROM redemptions r
     WHERE r.id > " [first: BigInt] " AND r.id <= " [last: BigInt]
    " AND ((r.id >> 12) & 1023) = " [node: BigInt]
}

statement! {
    // Both sides of every transfer that has no index of its own (neither redemption nor credit).
    both LogTransfers { log_start: i64, first: i64, last: i64, node: i64 };
    "INSERT INTO account_log (account_id, log_position, transfer_id, anchor_id)
     SELECT s.account_id, s.log_position, s.id, s.anchor_id FROM (
        SELECT CASE side.n WHEN 1 THEN t.debit_account ELSE t.credit_account END AS account_id,
               t.log_position, t.id, t.anchor_id
        FROM (
            SELECT id, anchor_id, debit_account, credit_account, kind, " [log_start: BigInt]
    "           + row_number() OVER (ORDER BY id) - 1 AS log_position
            FROM transfers
            WHERE id > " [first: BigInt] " AND id <= " [last: BigInt]
    "         AND ((id >> 12) & 1023) = " [node: BigInt] "
        ) t
        CROSS JOIN (SELECT 1 AS n UNION ALL SELECT 2) side
        WHERE t.kind NOT IN (2, 3)
     ) s"
}

/// A batch that has no place in the log yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnsealedBatch {
    pub(crate) id: i64,
    pub(crate) anchor: i64,
    pub(crate) last_id: i64,
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
    /// its time never goes back.
    pub(crate) fn set_log_head(&mut self, before: LogHead, now: LogHead) -> Result<(), StoreError> {
        let (size, at) = (now.size, now.sealed_at.max(before.sealed_at).as_millis());
        self.execute(SetHead { size, now: at })?;
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
        let rows: Vec<(i64, i64, i64, i32, i32)> = self.load(Unsealed { most })?;
        let batch = |(id, anchor, last_id, transfers, attempts)| UnsealedBatch {
            id,
            anchor,
            last_id,
            transfers: i64::from(transfers),
            attempts: i64::from(attempts),
        };
        Ok(rows.into_iter().map(batch).collect())
    }

    /// The last batch without a place, if there is one.
    pub(crate) fn last_unsealed_batch(&mut self) -> Result<Option<i64>, StoreError> {
        self.first(LastUnsealed {})
    }

    /// Gives a batch its place, and files its attempts and transfers under it.
    pub(crate) fn seal_batch(
        &mut self,
        batch: &UnsealedBatch,
        log_start: i64,
    ) -> Result<(), StoreError> {
        let UnsealedBatch { id, anchor, last_id: last, .. } = *batch;
        let (first, node) = (id, node_of(id));
        if self.execute(PlaceBatch { log_start, id, anchor })? != 1 {
            return Err(StoreError::corrupt(format!("batch {id} was sealed by someone else")));
        }
        if batch.attempts > 0 {
            let filed = self.execute(LogAttempts { log_start, first, last, node })?;
            if i64::try_from(filed) != Ok(batch.attempts) {
                return Err(StoreError::corrupt(format!("batch {id} lacks some of its attempts")));
            }
        } else if batch.transfers > 0 {
            self.execute(LogTransfers { log_start, first, last, node })?;
        }
        Ok(())
    }
}
