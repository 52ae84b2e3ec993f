//! Transfers on a bank's own account, by their places in the log. Credits to families are
//! filed only with the families, but roll-ups show in which spans of the log an account changed.

use diesel::sql_types::BigInt;

use crate::domain::ids::AccountId;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::shown::{TransferRow, TransferSql, transfer_columns, with_purchase};
use super::transfers::{TransferConditions, TransferFilter, placed, rows};
use super::{LogSpan, SealedTransfers, UnsealedTransfers};

statement! {
    // The last span below a place in the log within which an account changed: it ends with a sum that
    // is kept of it, and begins with the roll-up before.
    both SpanBelow { account: i64, place: i64 } -> (BigInt, BigInt);
    "SELECT (SELECT p.log_size FROM rollups p WHERE p.log_size < r.log_size
             ORDER BY p.log_size DESC LIMIT 1), r.log_size
     FROM account_rollups r WHERE r.account_id = " [account: BigInt]
    " AND r.log_size <= " [place: BigInt] " ORDER BY r.log_size DESC LIMIT 1"
}

statement! {
    both InSpan {
        transfers: SealedTransfers, place: i64, wanted: TransferConditions, limit: i64,
    } -> (BigInt, TransferSql);
    "SELECT t.place, " (transfer_columns!()) " FROM (
        SELECT y.*, y.log_start + row_number() OVER (PARTITION BY y.batch_id ORDER BY y.id) - 1 AS place
        FROM " {transfers} " y
     ) t" (with_purchase!()) "WHERE t.place < " [place: BigInt] " AND " {wanted}
    " ORDER BY t.place DESC LIMIT " [limit: BigInt]
}

statement! {
    // What was unsealed when the first page was read: it still is, or lies above what was sealed then.
    both FundsTail {
        unsealed: UnsealedTransfers, transfers: SealedTransfers, below: i64, wanted: TransferConditions,
        limit: i64,
    } -> TransferSql;
    "SELECT * FROM (
        SELECT " (transfer_columns!()) " FROM " {unsealed} " t" (with_purchase!())
    "   WHERE t.id < " [below: BigInt] " AND " {wanted}
    "   UNION ALL
        SELECT " (transfer_columns!()) " FROM " {transfers} " t" (with_purchase!())
    "   WHERE t.id < " [below: BigInt] " AND " {wanted}
    ") k ORDER BY k.id DESC LIMIT " [limit: BigInt]
}

impl Connection {
    /// The last span of the log below a place within which something moved on an account, as far as
    /// roll-ups show.
    pub(crate) fn changed_span_below(
        &mut self,
        account: AccountId,
        place: i64,
    ) -> Result<Option<LogSpan>, StoreError> {
        let row: Option<(i64, i64)> = self.first(SpanBelow { account: account.0, place })?;
        Ok(row.map(|(from, to)| LogSpan { from, to }))
    }

    /// The wanted transfers, but purchases, of a span of the log, with their places.
    pub(crate) fn moves_in_span(
        &mut self,
        filter: &TransferFilter,
        span: LogSpan,
        limit: i64,
    ) -> Result<Vec<(i64, TransferRow)>, StoreError> {
        let transfers = SealedTransfers::of_whole_batches(span);
        let (place, wanted) = (span.to, filter.conditions());
        placed(self.load(InSpan { transfers, place, wanted, limit })?)
    }

    /// The wanted transfers, but purchases, that were not sealed when the log was `size` long.
    pub(crate) fn moves_in_tail(
        &mut self,
        filter: &TransferFilter,
        size: i64,
        below: i64,
        limit: i64,
    ) -> Result<Vec<TransferRow>, StoreError> {
        let later = LogSpan { from: size, to: i64::MAX };
        let transfers = SealedTransfers::of_whole_batches(later);
        let (unsealed, wanted) = (UnsealedTransfers, filter.conditions());
        rows(self.load(FundsTail { unsealed, transfers, below, wanted, limit })?)
    }
}
