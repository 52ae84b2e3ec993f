//! Walking down the long tables: how far the next rows reach, and where a time lies in them.

use diesel::sql_types::{BigInt, Nullable};

use crate::domain::calendar::Instant;
use crate::domain::ids::AccountId;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

/// The next rows of a table in descending order: how many there are, and the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// How many were looked at.
    pub(crate) rows: i64,
    /// The place of the last one; `None` when there is none.
    pub(crate) lowest: Option<i64>,
}

/// The ids that a batch's rows can lie behind its own at the most: 64 milliseconds' worth, in each of
/// which a node makes 4,096.
pub(super) const BATCH_SPAN: i64 = 64 << 22;

/// Two places of a descending list: one above the first row that may be wanted, and the last one.
pub(crate) type Range = (i64, i64);

/// Declares the statement that counts a table's next rows by id.
macro_rules! next_by_id {
    ($name:ident, $table:literal) => {
        statement! {
            both $name { below: i64, lowest: i64, rows: i64 } -> (BigInt, Nullable<BigInt>);
            "SELECT COUNT(*), MIN(k.id) FROM (
                SELECT id FROM " $table " WHERE id < " [below: BigInt] " AND id >= " [lowest: BigInt]
            "   ORDER BY id DESC LIMIT " [rows: BigInt] ") k"
        }
    };
}

next_by_id!(NextTransfers, "transfers");
next_by_id!(NextAttempts, "redemptions");

statement! {
    both NextSales { merchant: i64, below: i64, lowest: i64, rows: i64 }
        -> (BigInt, Nullable<BigInt>);
    "SELECT COUNT(*), MIN(k.attempt_no) FROM (
        SELECT attempt_no FROM attempt_log WHERE merchant_id = " [merchant: BigInt]
    "       AND attempt_no < " [below: BigInt] " AND attempt_no >= " [lowest: BigInt]
    "   ORDER BY attempt_no DESC LIMIT " [rows: BigInt] ") k"
}

statement! {
    both NextEntries { account: i64, below: i64, lowest: i64, rows: i64 }
        -> (BigInt, Nullable<BigInt>);
    "SELECT COUNT(*), MIN(k.log_position) FROM (
        SELECT log_position FROM account_log WHERE account_id = " [account: BigInt]
    "       AND log_position < " [below: BigInt] " AND log_position >= " [lowest: BigInt]
    "   ORDER BY log_position DESC LIMIT " [rows: BigInt] ") k"
}

statement! {
    both LastAttemptNo { merchant: i64 } -> Nullable<BigInt>;
    "SELECT MAX(attempt_no) FROM attempt_log WHERE merchant_id = " [merchant: BigInt]
}

statement! {
    // Halves the numbers from `low` to below `high` until one is left. Where a number is missing it
    // ends early, and what it says still holds.
    both FindAttempt { low: i64, high: i64, id: i64, merchant: i64 }
        -> (Nullable<BigInt>, Nullable<BigInt>);
    "WITH RECURSIVE s (low, high) AS (
        SELECT CAST(" [low: BigInt] " AS BIGINT), CAST(" [high: BigInt] " AS BIGINT)
        UNION ALL
        SELECT CASE WHEN a.redemption_id < " [id: BigInt] " THEN a.attempt_no + 1 ELSE s.low END,
               CASE WHEN a.redemption_id < " [id: BigInt] " THEN s.high ELSE a.attempt_no END
        FROM s JOIN attempt_log a ON a.merchant_id = " [merchant: BigInt]
    "       AND a.attempt_no = s.low + (s.high - s.low) / 2
        WHERE s.low < s.high)
     SELECT MAX(low), MIN(high) FROM s"
}

statement! {
    both FirstPlaceFrom { id: i64 } -> Nullable<BigInt>;
    "SELECT log_start FROM batches WHERE id >= " [id: BigInt] " AND log_start IS NOT NULL
     ORDER BY id LIMIT 1"
}

statement! {
    both LastPlaceBefore { id: i64 } -> Nullable<BigInt>;
    "SELECT log_start FROM batches WHERE id < " [id: BigInt] " AND log_start IS NOT NULL
     ORDER BY id DESC LIMIT 1"
}

statement! {
    both LateBatches { first: i64, above: i64, to: i64 } -> Nullable<BigInt>;
    "SELECT MAX(last_id) FROM batches WHERE id >= " [first: BigInt] " AND id < " [above: BigInt]
    " AND created_at < " [to: BigInt]
}

/// The driver's one row.
fn stretch(found: Option<(i64, Option<i64>)>) -> Stretch {
    let (rows, lowest) = found.unwrap_or_default();
    Stretch { rows, lowest }
}

impl Connection {
    /// The next `rows` of all transfers, by id.
    pub(crate) fn next_transfers(
        &mut self,
        (below, lowest): Range,
        rows: i64,
    ) -> Result<Stretch, StoreError> {
        self.first(NextTransfers { below, lowest, rows }).map(stretch)
    }

    /// The next `rows` of all attempts, by id.
    pub(crate) fn next_attempts(
        &mut self,
        (below, lowest): Range,
        rows: i64,
    ) -> Result<Stretch, StoreError> {
        self.first(NextAttempts { below, lowest, rows }).map(stretch)
    }

    /// The next `rows` of a merchant's sealed attempts, by number.
    pub(crate) fn next_sales(
        &mut self,
        merchant: AccountId,
        (below, lowest): Range,
        rows: i64,
    ) -> Result<Stretch, StoreError> {
        let merchant = merchant.0;
        self.first(NextSales { merchant, below, lowest, rows }).map(stretch)
    }

    /// The next `rows` of an account's log, by their places in the log.
    pub(crate) fn next_entries(
        &mut self,
        account: AccountId,
        (below, lowest): Range,
        rows: i64,
    ) -> Result<Stretch, StoreError> {
        let account = account.0;
        self.first(NextEntries { account, below, lowest, rows }).map(stretch)
    }

    /// The number of a merchant's last sealed attempt; 0 before the first. They begin with 1 and have
    /// no gaps.
    pub(crate) fn last_attempt_no(&mut self, merchant: AccountId) -> Result<i64, StoreError> {
        let last: Option<Option<i64>> = self.first(LastAttemptNo { merchant: merchant.0 })?;
        Ok(last.flatten().unwrap_or(0))
    }

    /// Where a merchant's attempts with ids from `id` on begin among the numbers below `high`: before
    /// the first number all are below `id`, from the second on all are not. They are the same in a log
    /// that is in the order of ids; where it is not quite, either holds but for what lies as far out
    /// of order.
    pub(crate) fn attempts_around(
        &mut self,
        merchant: AccountId,
        high: i64,
        id: i64,
    ) -> Result<(i64, i64), StoreError> {
        let found: Option<(Option<i64>, Option<i64>)> =
            self.first(FindAttempt { low: 1, high, id, merchant: merchant.0 })?;
        let (low, high_found) = found.unwrap_or_default();
        Ok((low.unwrap_or(1), high_found.unwrap_or(high)))
    }

    /// The last id of the batches with rows in a range of ids that were decided before a time.
    pub(crate) fn last_id_decided_before(
        &mut self,
        to: Instant,
        (above, first): Range,
    ) -> Result<Option<i64>, StoreError> {
        let first = first.saturating_sub(BATCH_SPAN);
        let statement = LateBatches { first, above, to: to.as_millis() };
        Ok(self.first::<_, Option<i64>>(statement)?.flatten())
    }

    /// The place in the log of the first sealed batch from an id on.
    pub(crate) fn first_place_from(&mut self, id: i64) -> Result<Option<i64>, StoreError> {
        Ok(self.first::<_, Option<i64>>(FirstPlaceFrom { id })?.flatten())
    }

    /// The place in the log of the last sealed batch before an id.
    pub(crate) fn last_place_before(&mut self, id: i64) -> Result<Option<i64>, StoreError> {
        Ok(self.first::<_, Option<i64>>(LastPlaceBefore { id })?.flatten())
    }
}
