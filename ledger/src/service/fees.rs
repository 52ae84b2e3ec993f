//! Fees that a bank takes in rows of its own: each row is posted once, whoever finds it again.

use rust_decimal::Decimal;

use crate::domain::bank::BankId;
use crate::domain::calendar::Instant;
use crate::domain::matching::Outcome;
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
    print: String,
    /// Above zero, in rupiah; a bank's fee may have sen.
    pub(super) amount: Decimal,
}

impl FeeRow {
    /// The fees of an outcome.
    pub(super) fn of(outcome: Outcome<'_>) -> Vec<Self> {
        let fee = |row: crate::domain::matching::Row<'_>| Self {
            print: row.fingerprint().to_string(),
            amount: row.amount(),
        };
        outcome.fees().into_iter().map(fee).collect()
    }

    /// Fees as a text, a line each.
    pub(super) fn text(fees: &[Self]) -> String {
        let lines: Vec<String> =
            fees.iter().map(|fee| format!("{} {}", fee.print, fee.amount.normalize())).collect();
        lines.join("\n")
    }

    /// The fees of such a text; `None` when it is none.
    pub(super) fn read(text: &str) -> Option<Vec<Self>> {
        let fee = |line: &str| {
            let (print, amount) = line.split_once(' ')?;
            Some(Self { print: print.to_owned(), amount: amount.parse().ok()? })
        };
        text.lines().map(fee).collect()
    }

    /// The amount that can be posted: the ledger knows no sen.
    fn whole(&self) -> Option<Rupiah> {
        let amount = i64::try_from(self.amount).ok().filter(|_| self.amount.is_integer())?;
        Rupiah::new(amount).ok()
    }
}

/// Posts the fees that were not posted before: what left the acquirer's holding account for itself.
pub(super) fn post_fees(
    tx: &mut Connection,
    ids: &IdSource,
    (bank, fees): (BankId, &[FeeRow]),
    (reconciliation, now): (i64, Instant),
) -> Result<(), Trouble> {
    let prints: Vec<&str> = fees.iter().map(|fee| fee.print.as_str()).collect();
    let posted = tx.posted_fees(bank, &prints)?;
    let new: Vec<(&FeeRow, Rupiah)> = fees
        .iter()
        .filter(|fee| !posted.contains(&fee.print))
        .filter_map(|fee| Some((fee, fee.whole()?)))
        .collect();
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

/// What all fees come to, in rupiah.
pub(super) fn total(fees: &[FeeRow]) -> Result<Decimal, StoreError> {
    let sum = fees.iter().try_fold(Decimal::ZERO, |sum, fee| sum.checked_add(fee.amount));
    sum.ok_or_else(|| StoreError::corrupt("fees that can't be added up"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_kept_as_a_text_and_those_with_sen_are_not_posted() {
        let fee = |print: &str, amount: &str| FeeRow {
            print: print.to_owned(),
            amount: amount.parse().unwrap(),
        };
        let fees = [fee("ab#1", "1500"), fee("cd#2", "2500.5")];
        let text = FeeRow::text(&fees);
        assert_eq!(text, "ab#1 1500\ncd#2 2500.5");
        assert_eq!(FeeRow::read(&text).unwrap(), fees);
        assert_eq!(FeeRow::read(""), Some(Vec::new()));
        assert_eq!(FeeRow::read("ab#1"), None);
        assert_eq!(fees.each_ref().map(FeeRow::whole), [Rupiah::new(1_500).ok(), None]);
        assert_eq!(total(&fees).unwrap(), Decimal::new(40_005, 1));
    }
}
