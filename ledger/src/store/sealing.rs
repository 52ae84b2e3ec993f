//! Giving batches their place in the log, and filling what is read by it.

use diesel::sql_types::{BigInt, Integer};

use crate::domain::ids::node_of;

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    postgres LockHead {} -> BigInt;
    "SELECT size FROM log_head WHERE id = 1 FOR UPDATE"
}

statement! {
    both HeadSize {} -> BigInt;
    "SELECT size FROM log_head WHERE id = 1"
}

statement! {
    both SetHead { size: i64, now: i64 };
    "UPDATE log_head SET size = " [size: BigInt] ", sealed_at = " [now: BigInt] " WHERE id = 1"
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

impl Connection {
    /// How many transfers have their place in the log.
    pub(crate) fn log_size(&mut self) -> Result<i64, StoreError> {
        self.first(HeadSize {})?.ok_or_else(|| StoreError::corrupt("the log has no head"))
    }

    /// The same, locked against every other sealer until the transaction ends.
    pub(crate) fn lock_log_head(&mut self) -> Result<i64, StoreError> {
        use diesel::RunQueryDsl as _;
        let rows: Vec<i64> = match self {
            Self::Sqlite(sqlite) => HeadSize {}.load(sqlite)?,
            Self::Postgres(postgres) => LockHead {}.load(postgres)?,
        };
        rows.into_iter().next().ok_or_else(|| StoreError::corrupt("the log has no head"))
    }

    /// Says how many transfers have their place in the log from now on.
    pub(crate) fn set_log_head(&mut self, size: i64, now: i64) -> Result<(), StoreError> {
        self.execute(SetHead { size, now }).map(|_| ())
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
