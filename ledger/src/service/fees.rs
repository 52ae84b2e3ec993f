//! Fees that a bank takes in rows of its own: each row is posted once, however often it is found.

use rust_decimal::Decimal;

use crate::domain::bank::BankId;
use crate::domain::calendar::Instant;
use crate::domain::money::Rupiah;
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::payments::NewFeePosting;

use super::error::Trouble;
use super::ids::IdSource;
use super::paying::{BATCH, bank_day};
use super::posting::{Movement, Posting};

/// A row by which a bank took a fee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FeeRow {
    /// The row's fingerprint.
    pub(super) print: String,
    /// Above zero, in rupiah; a bank's fee may have sen.
    pub(super) amount: Decimal,
}

impl FeeRow {
    /// The amount that can be posted: the ledger knows no sen.
    fn whole(&self) -> Option<Rupiah> {
        let amount = i64::try_from(self.amount).ok().filter(|_| self.amount.is_integer())?;
        Rupiah::new(amount).ok()
    }
}

/// Those that were not posted before and can be, with their amounts, each row once.
fn unposted<'f>(
    tx: &mut Connection,
    (bank, fees): (BankId, &'f [FeeRow]),
) -> Result<Vec<(&'f FeeRow, Rupiah)>, StoreError> {
    let prints: Vec<&str> = fees.iter().map(|fee| fee.print.as_str()).collect();
    let mut posted = tx.posted_fees(bank, &prints)?;
    let new = fees.iter().filter(|fee| posted.insert(fee.print.clone()));
    Ok(new.filter_map(|fee| Some((fee, fee.whole()?))).collect())
}

/// What posting these fees would move, in rupiah.
pub(super) fn unposted_sum(
    tx: &mut Connection,
    (bank, fees): (BankId, &[FeeRow]),
) -> Result<i64, StoreError> {
    let new = unposted(tx, (bank, fees))?;
    Ok(new.iter().fold(0_i64, |sum, (_fee, amount)| sum.saturating_add(amount.get())))
}

/// Posts the fees that were not posted before: what left the acquirer's holding account for itself.
pub(super) fn post_fees(
    tx: &mut Connection,
    ids: &IdSource,
    (bank, fees): (BankId, &[FeeRow]),
    (reconciliation, now): (i64, Instant),
) -> Result<(), Trouble> {
    let new = unposted(tx, (bank, fees))?;
    if new.is_empty() {
        return Ok(());
    }
    let accounts = tx.adjustment_accounts(bank)?;
    let business_date = bank_day(tx, bank, now)?;
    for fees in new.chunks(BATCH) {
        let mut posting = Posting::new(ids.block(fees.len().saturating_add(1), 0, now)?, now);
        let mut rows = Vec::with_capacity(fees.len());
        for (fee, amount) in fees {
            let movement = Movement {
                kind: TransferKind::Adjustment,
                debit: accounts.fees,
                credit: accounts.holding,
                amount: *amount,
                business_date,
                subject: Some(reconciliation),
            };
            let transfer = posting.between_accounts(movement, accounts.fees)?;
            rows.push(NewFeePosting {
                bank_id: bank.0,
                fingerprint: fee.print.clone(),
                reconciliation_id: reconciliation,
                amount: amount.get(),
                transfer_id: transfer.0,
                anchor_id: accounts.fees.0,
            });
        }
        posting.write(tx)?;
        NewFeePosting::insert_all(tx, rows)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_with_sen_are_not_posted() {
        let fee =
            |amount: &str| FeeRow { print: "ab#1".to_owned(), amount: amount.parse().unwrap() };
        let fees = [fee("1500"), fee("2500.5")];
        assert_eq!(fees.each_ref().map(FeeRow::whole), [Rupiah::new(1_500).ok(), None]);
    }
}
