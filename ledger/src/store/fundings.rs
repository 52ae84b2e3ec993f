//! Money that arrived at a bank, by the bank's own reference.

use diesel::sql_types::{BigInt, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::ids::RowId;

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    both FundingByReference<'a> { bank: i16, reference: &'a str } -> (BigInt, BigInt, BigInt);
    "SELECT f.transfer_id, f.amount, t.created_at FROM fundings f
     JOIN transfers t ON t.id = f.transfer_id
     WHERE f.bank_id = " [bank: SmallInt] " AND f.reference = " [reference: Text]
}

statement! {
    both InsertFunding<'a> { bank: i16, reference: &'a str, transfer: i64, amount: i64 };
    "INSERT INTO fundings (bank_id, reference, transfer_id, amount) VALUES ("
    [bank: SmallInt] ", " [reference: Text] ", " [transfer: BigInt] ", " [amount: BigInt] ")"
}

impl Connection {
    /// The funding with this reference: its transfer, its amount, when it was recorded.
    pub(crate) fn funding(
        &mut self,
        bank: BankId,
        reference: &str,
    ) -> Result<Option<(RowId, i64, i64)>, StoreError> {
        let row = self.first(FundingByReference { bank: bank.0, reference })?;
        Ok(row.map(|(transfer, amount, created_at)| (RowId(transfer), amount, created_at)))
    }

    /// Records a funding.
    pub(crate) fn record_funding(
        &mut self,
        bank: BankId,
        reference: &str,
        transfer: RowId,
        amount: i64,
    ) -> Result<(), StoreError> {
        let statement = InsertFunding { bank: bank.0, reference, transfer: transfer.0, amount };
        self.execute(statement).map(|_| ())
    }
}
