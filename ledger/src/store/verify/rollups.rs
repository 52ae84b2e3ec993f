//! The sizes that the log had, and the sums that are kept of some of them.

use diesel::sql_types::BigInt;

use crate::store::bulk::bulk_insert;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

bulk_insert! {
    /// What moved on an account within the span that ends with a roll-up, or a part of it.
    AccountMoved, AccountMovedColumns, "verify_account_sums",
    account_id: i64 => BigInt,
    log_size: i64 => BigInt,
    debit: i64 => BigInt,
    credit: i64 => BigInt,
}

bulk_insert! {
    /// The same for all wallets of a bank.
    WalletsMoved, WalletsMovedColumns, "verify_wallet_sums",
    bank_id: i64 => BigInt,
    log_size: i64 => BigInt,
    debit: i64 => BigInt,
    credit: i64 => BigInt,
}

statement! {
    both RollupSizes {} -> BigInt;
    "SELECT log_size FROM rollups ORDER BY log_size"
}

/// Whether a batch ends at a size of the log, which is where the next one starts.
macro_rules! at_a_batchs_end {
    ($size:literal) => {
        concat!(
            "CASE WHEN ",
            $size,
            " = h.size OR EXISTS (SELECT 1 FROM batches b WHERE b.log_start = ",
            $size,
            ") THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END"
        )
    };
}

statement! {
    both LogSizes {} -> (BigInt, BigInt, BigInt, BigInt, BigInt);
    "SELECT s.log_size, s.sealed_at, " (at_a_batchs_end!("s.log_size")) ", h.size, h.sealed_at
     FROM log_sizes s CROSS JOIN log_head h ORDER BY s.log_size"
}

statement! {
    both RollupsWithSums {} -> (BigInt, BigInt, BigInt, BigInt);
    "SELECT r.log_size, CAST(r.sums AS BIGINT), CAST(COALESCE(n.sums, 0) AS BIGINT), "
    (at_a_batchs_end!("r.log_size")) "
     FROM rollups r CROSS JOIN log_head h
     LEFT JOIN (
        SELECT k.log_size, COUNT(*) AS sums FROM (
            SELECT log_size FROM account_rollups UNION ALL SELECT log_size FROM wallet_rollups
        ) k GROUP BY k.log_size
     ) n ON n.log_size = r.log_size
     ORDER BY r.log_size"
}

/// A size that the log had.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SizeRecord {
    pub(crate) log_size: i64,
    pub(crate) sealed_at: i64,
    pub(crate) at_a_batchs_end: bool,
    /// The log's size and time now.
    pub(crate) head: (i64, i64),
}

/// A roll-up, how many sums it says that it wrote, and how many there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RollupRecord {
    pub(crate) log_size: i64,
    pub(crate) stated: i64,
    pub(crate) sums: i64,
    pub(crate) at_a_batchs_end: bool,
}

impl Connection {
    /// The sizes of all roll-ups, in order.
    pub(crate) fn rollup_sizes(&mut self) -> Result<Vec<i64>, StoreError> {
        self.load(RollupSizes {})
    }

    /// Every size that the log had, in order.
    pub(crate) fn each_log_size(
        &mut self,
        each: &mut dyn FnMut(SizeRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut row = |(log_size, sealed_at, at_end, size, at): (i64, i64, i64, i64, i64)| {
            let at_a_batchs_end = at_end == 1;
            each(SizeRecord { log_size, sealed_at, at_a_batchs_end, head: (size, at) })
        };
        self.stream(LogSizes {}, &mut row)
    }

    /// Every roll-up, in order.
    pub(crate) fn each_rollup(
        &mut self,
        each: &mut dyn FnMut(RollupRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut row = |(log_size, stated, sums, at_end): (i64, i64, i64, i64)| {
            each(RollupRecord { log_size, stated, sums, at_a_batchs_end: at_end == 1 })
        };
        self.stream(RollupsWithSums {}, &mut row)
    }
}
