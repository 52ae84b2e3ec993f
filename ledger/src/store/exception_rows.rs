//! The bank's rows that differences are about.

use diesel::sql_types::{BigInt, Integer, SmallInt, Text};

use crate::domain::calendar::Date;

use super::bulk::bulk_insert;
use super::connection::Connection;
use super::error::StoreError;
use super::reconciliations::View;
use super::statement::statement;

bulk_insert! {
    /// A bank's row in a difference.
    NewExceptionRow, ExceptionRowColumns, "exception_rows",
    exception_id: i64 => BigInt, fingerprint: String => Text, reconciliation_id: i64 => BigInt,
    amount: String => Text, is_fee: i16 => SmallInt,
}

type RowSql = (BigInt, Text, BigInt, Text, SmallInt);
/// A row in a difference: the difference, fingerprint, the recording that saw it last, its signed
/// amount, whether it is a fee.
pub(crate) type HeldRowRow = (i64, String, i64, String, i16);

statement! {
    both RowsOf { exception: i64 } -> RowSql;
    "SELECT exception_id, fingerprint, reconciliation_id, amount, is_fee FROM exception_rows
     WHERE exception_id = " [exception: BigInt] " ORDER BY fingerprint"
}

statement! {
    both RowsSince { bank: i16, merchant: i64, from: i32, reconciliation: i64 } -> RowSql;
    "SELECT y.exception_id, y.fingerprint, y.reconciliation_id, y.amount, y.is_fee
     FROM exceptions e JOIN exception_rows y ON y.exception_id = e.id
     WHERE e.bank_id = " [bank: SmallInt] " AND e.merchant_id = " [merchant: BigInt]
    " AND (e.business_date >= " [from: Integer] " OR e.reconciliation_id = "
    [reconciliation: BigInt] " OR e.id IN (SELECT x.exception_id FROM exception_rows x
        WHERE x.reconciliation_id = " [reconciliation: BigInt] "))
     ORDER BY y.exception_id, y.fingerprint"
}

statement! {
    both ForgetRowsOf { exception: i64 };
    "DELETE FROM exception_rows WHERE exception_id = " [exception: BigInt]
}

impl Connection {
    /// The rows of a difference.
    pub(crate) fn rows_of_exception(&mut self, id: i64) -> Result<Vec<HeldRowRow>, StoreError> {
        self.load(RowsOf { exception: id })
    }

    /// The rows of the differences that
    /// [`lock_exceptions_since`](Connection::lock_exceptions_since) gives, in their order.
    pub(crate) fn exception_rows_since(
        &mut self,
        View { bank, merchant }: View,
        from: Date,
        reconciliation: i64,
    ) -> Result<Vec<HeldRowRow>, StoreError> {
        let from = from.as_number();
        self.load(RowsSince { bank: bank.0, merchant, from, reconciliation })
    }

    /// Takes the rows of these differences away, so that others can be put there.
    pub(crate) fn forget_exception_rows(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        for id in ids {
            self.execute(ForgetRowsOf { exception: *id })?;
        }
        Ok(())
    }
}
