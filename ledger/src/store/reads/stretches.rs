//! Walking down the long tables: how far the next rows reach, and where a shop's attempts are.

use diesel::sql_types::{BigInt, Nullable};

use crate::domain::ids::AccountId;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::LogSpan;

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
    /// The place in the log of a shop's next sale from the middle between `s.low` and `s.high` on.
    both MiddleSale { merchant: i64 };
    "(SELECT a.log_position FROM attempt_log a WHERE a.merchant_id = " [merchant: BigInt]
    " AND a.attempt_no >= s.low + (s.high - s.low) / 2 AND a.log_position IS NOT NULL
     ORDER BY a.attempt_no LIMIT 1)"
}

statement! {
    // Halves the numbers from 1 to below `high` until one is left: the first with no sale from it on that
    // has a lower place than `place`.
    both FirstFrom { high: i64, sale: MiddleSale, place: i64 } -> Nullable<BigInt>;
    "WITH RECURSIVE s (low, high) AS (
        SELECT CAST(1 AS BIGINT), CAST(" [high: BigInt] " AS BIGINT)
        UNION ALL
        SELECT CASE WHEN " {sale} " < " [place: BigInt] " THEN s.low + (s.high - s.low) / 2 + 1 ELSE s.low END,
               CASE WHEN " {sale} " < " [place: BigInt] " THEN s.high ELSE s.low + (s.high - s.low) / 2 END
        FROM s WHERE s.low < s.high)
     SELECT MAX(low) FROM s"
}

statement! {
    both NextSaleNo { merchant: i64, from: i64 } -> BigInt;
    "SELECT attempt_no FROM attempt_log WHERE merchant_id = " [merchant: BigInt]
    " AND attempt_no >= " [from: BigInt] " AND log_position IS NOT NULL
     ORDER BY attempt_no LIMIT 1"
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

    /// The numbers of a merchant's attempts among which all are that batches of a stretch of the log hold. It
    /// begins and ends where batches do.
    pub(crate) fn attempts_within(
        &mut self,
        merchant: AccountId,
        span: LogSpan,
    ) -> Result<Range, StoreError> {
        let high = self.last_attempt_no(merchant)?.saturating_add(1);
        let lowest = self.first_attempt_from(merchant, (span.from, high))?;
        let from = self.first_attempt_from(merchant, (span.to, high))?;
        // Refused attempts have no place of their own: they are up to the next sale at the most.
        let next: Option<i64> = self.first(NextSaleNo { merchant: merchant.0, from })?;
        Ok((next.unwrap_or(high), lowest))
    }

    /// The first number of a merchant's attempts below `high` behind its last sale before a place in the
    /// log. Sales are numbered in the log's order.
    fn first_attempt_from(
        &mut self,
        merchant: AccountId,
        (place, high): (i64, i64),
    ) -> Result<i64, StoreError> {
        let sale = MiddleSale { merchant: merchant.0 };
        let found: Option<Option<i64>> = self.first(FirstFrom { high, sale, place })?;
        Ok(found.flatten().unwrap_or(1))
    }
}
