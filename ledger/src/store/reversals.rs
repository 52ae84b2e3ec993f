//! Redemptions that were taken back.

use diesel::sql_types::{BigInt, Integer, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::calendar::Date;
use crate::domain::ids::{AccountId, MerchantId, RowId};

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    both ReversalOf { redemption: i64, wallet: i64 } -> BigInt;
    "SELECT transfer_id FROM reversals WHERE redemption_id = " [redemption: BigInt]
    " AND wallet_id = " [wallet: BigInt]
}

statement! {
    both InsertReversal<'a> {
        redemption: i64, wallet: i64, transfer: i64, merchant: i64, acquirer: i16,
        business_date: i32, reason: &'a str,
    };
    "INSERT INTO reversals (redemption_id, wallet_id, transfer_id, merchant_id, acquirer,
        business_date, reason) VALUES (" [redemption: BigInt] ", " [wallet: BigInt] ", "
    [transfer: BigInt] ", " [merchant: BigInt] ", " [acquirer: SmallInt] ", "
    [business_date: Integer] ", " [reason: Text] ")"
}

/// A reversal to be recorded.
#[derive(Debug)]
pub(crate) struct NewReversal<'a> {
    pub(crate) redemption: RowId,
    pub(crate) wallet: AccountId,
    pub(crate) transfer: RowId,
    pub(crate) merchant: MerchantId,
    pub(crate) acquirer: BankId,
    pub(crate) business_date: Date,
    pub(crate) reason: &'a str,
}

impl Connection {
    /// The transfer that took a redemption back, if it was.
    pub(crate) fn reversal_of(
        &mut self,
        redemption: RowId,
        wallet: AccountId,
    ) -> Result<Option<RowId>, StoreError> {
        let row = self.first(ReversalOf { redemption: redemption.0, wallet: wallet.0 })?;
        Ok(row.map(RowId))
    }

    /// Records that a redemption was taken back.
    pub(crate) fn record_reversal(&mut self, reversal: &NewReversal<'_>) -> Result<(), StoreError> {
        let statement = InsertReversal {
            redemption: reversal.redemption.0,
            wallet: reversal.wallet.0,
            transfer: reversal.transfer.0,
            merchant: reversal.merchant.0,
            acquirer: reversal.acquirer.0,
            business_date: reversal.business_date.as_number(),
            reason: reversal.reason,
        };
        self.execute(statement).map(|_| ())
    }
}
