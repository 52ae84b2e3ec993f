//! Rows in a certain order, mostly not their key's: sorted by the database and read one by one.

use diesel::sql_types::{BigInt, Binary, Nullable};

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

statement! {
    /// A wallet's row, then its transfers in order of their ids. An id is above zero.
    both WalletsAndTransfers { from: i64 }
        -> (BigInt, BigInt, BigInt, BigInt, Nullable<BigInt>, Nullable<BigInt>);
    "SELECT id, CAST(0 AS BIGINT), balance, last_id, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)
     FROM wallets WHERE last_id >= " [from: BigInt] "
     UNION ALL
     SELECT anchor_id, id, amount, debit_account, credit_account, balance_after
     FROM transfers WHERE id >= " [from: BigInt] "
     ORDER BY 1, 2"
}

statement! {
    both RedemptionKeys {} -> (BigInt, BigInt, Binary, BigInt);
    "SELECT wallet_id, merchant_id, key_hash, id FROM redemptions
     ORDER BY wallet_id, merchant_id, key_hash"
}

statement! {
    // In the order of their key, which is what a credit is for: there is one for each month of each family,
    // too many to be sorted.
    both CreditKeys {} -> (BigInt, BigInt, BigInt, BigInt);
    "SELECT wallet_id, CAST(programme AS BIGINT), CAST(period AS BIGINT), CAST(round AS BIGINT)
     FROM credits ORDER BY programme, period, wallet_id, round"
}

statement! {
    both SealedBatches { since: i64 } -> (BigInt, BigInt, BigInt);
    "SELECT id, log_start, CAST(transfers AS BIGINT) FROM batches
     WHERE log_start IS NOT NULL AND log_start >= " [since: BigInt]
    " ORDER BY log_start, transfers, id"
}

/// A wallet, or a transfer that is stored with it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Movement {
    /// The wallet's own row: id, balance, last id.
    Wallet { id: i64, balance: i64, last_id: i64 },
    /// One of its transfers.
    Transfer {
        anchor: i64,
        id: i64,
        amount: i64,
        debit: i64,
        credit: i64,
        balance_after: Option<i64>,
    },
}

/// A redemption by its idempotency key: wallet, merchant, hash; and its id.
pub(crate) type KeyRecord = (i64, i64, Vec<u8>, i64);

/// What a wallet was credited for: wallet, programme, period, round.
pub(crate) type CreditKey = (i64, i64, i64, i64);

/// A batch that has its place in the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealedBatch {
    pub(crate) id: i64,
    pub(crate) log_start: i64,
    pub(crate) transfers: i64,
}

streams! {
    /// Every redemption, sorted by its idempotency key.
    each_key: RedemptionKeys -> KeyRecord;
    /// Every credit, sorted by what it is for.
    each_credit: CreditKeys -> CreditKey;
}

impl Connection {
    /// Every wallet by id that anything from an id on happened to, each followed by its transfers from
    /// there on. Transfers without a wallet follow no wallet's row.
    pub(crate) fn each_movement(
        &mut self,
        from: i64,
        each: &mut dyn FnMut(Movement) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        type Row = (i64, i64, i64, i64, Option<i64>, Option<i64>);
        let mut row = |(anchor, id, a, b, credit, balance_after): Row| {
            each(match credit {
                None => Movement::Wallet { id: anchor, balance: a, last_id: b },
                Some(credit) => {
                    Movement::Transfer { anchor, id, amount: a, debit: b, credit, balance_after }
                }
            })
        };
        self.stream(WalletsAndTransfers { from }, &mut row)
    }

    /// Every batch sealed at or after a size of the log, in the log's order, those without transfers before
    /// the one they precede.
    pub(crate) fn each_sealed_batch(
        &mut self,
        since: i64,
        each: &mut dyn FnMut(SealedBatch) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut row = |(id, log_start, transfers)| each(SealedBatch { id, log_start, transfers });
        self.stream(SealedBatches { since }, &mut row)
    }
}
