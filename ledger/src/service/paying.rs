//! Posting what banks paid: the settlements' transfers, and what goes by suspense.

use crate::domain::bank::BankId;
use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::{AccountId, RowId};
use crate::domain::money::Rupiah;
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::payments::{
    AdjustmentAccounts, NewPayment, NewSettlementPosting, OwedSettlement,
};

use super::error::Trouble;
use super::ids::IdSource;
use super::posting::{Movement, Posting};

/// Transfers of one batch: as many as a lane's batch may have.
pub(super) const BATCH: usize = 1_000;

/// A settlement that is to be paid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payment {
    settlement: i64,
    merchant: AccountId,
    /// What the bank pays for it, in rupiah.
    amount: i64,
    /// Whether settlements before it are set off.
    sets_off: bool,
}

impl Payment {
    pub(super) fn of(settlement: &OwedSettlement) -> Self {
        let OwedSettlement { id, merchant, sums, .. } = settlement;
        let sets_off = sums.carried > 0;
        Self { settlement: *id, merchant: *merchant, amount: sums.due(), sets_off }
    }

    /// The settlement's id.
    pub(super) const fn settlement(self) -> i64 {
        self.settlement
    }

    /// The settlements that are posted together: those that this one is set off against, and itself. All of
    /// them come to what the bank pays for this one.
    fn all(self, tx: &mut Connection) -> Result<Vec<Self>, StoreError> {
        let before = if self.sets_off { tx.set_off_by(self.settlement)? } else { Vec::new() };
        let before = before.into_iter().map(|settlement| Self { settlement, amount: 0, ..self });
        Ok(before.chain([self]).collect())
    }
}

/// One issuer's part of a payment.
struct Part {
    payment: Payment,
    issuer: BankId,
    holding: AccountId,
    net: i64,
}

/// Posts settlements: each issuer's part from its holding account. A part below zero, of cards whose
/// purchases were taken back later than they were paid, goes the other way.
pub(super) fn pay(
    tx: &mut Connection,
    ids: &IdSource,
    (payments, bank): (&[Payment], BankId),
    (reconciliation, client, now): (i64, i64, Instant),
) -> Result<(), Trouble> {
    let day = bank_day(tx, bank, now)?;
    let (mut paid, mut parts) = (Vec::new(), Vec::new());
    let all: Vec<Vec<Payment>> =
        payments.iter().map(|payment| payment.all(tx)).collect::<Result<_, _>>()?;
    for payment in all.into_iter().flatten() {
        paid.push(NewPayment {
            settlement_id: payment.settlement,
            reconciliation_id: reconciliation,
            amount: payment.amount,
            client_id: client,
            created_at: now.as_millis(),
        });
        for (issuer, holding, net) in tx.parts_to_post(payment.settlement)? {
            parts.push(Part { payment, issuer, holding, net });
        }
    }
    // If the same settlement is paid concurrently, its row comes first; then none of this is done.
    NewPayment::insert_all(tx, paid)?;
    for parts in parts.chunks(BATCH) {
        post(tx, ids, parts, (day, now))?;
    }
    Ok(())
}

fn post(
    tx: &mut Connection,
    ids: &IdSource,
    parts: &[Part],
    (day, now): (Date, Instant),
) -> Result<(), Trouble> {
    let mut posting = Posting::new(ids.block(parts.len().saturating_add(1), 0, now)?, now);
    let mut rows = Vec::with_capacity(parts.len());
    for Part { payment, issuer, holding, net } in parts {
        let (kind, debit, credit) = if *net > 0 {
            (TransferKind::Settlement, payment.merchant, *holding)
        } else {
            (TransferKind::Adjustment, *holding, payment.merchant)
        };
        let movement = Movement {
            kind,
            debit,
            credit,
            amount: rupiah(net.saturating_abs())?,
            business_date: day,
            subject: Some(payment.settlement),
        };
        let transfer = posting.between_accounts(movement, payment.merchant)?;
        rows.push(NewSettlementPosting {
            settlement_id: payment.settlement,
            issuer: issuer.0,
            net: *net,
            transfer_id: transfer.0,
            anchor_id: payment.merchant.0,
        });
    }
    posting.write(tx)?;
    Ok(NewSettlementPosting::insert_all(tx, rows)?)
}

/// Moves what a bank paid beyond what is explained: above zero suspense / holding, below zero the
/// other way. The transfer, with the account that it is stored with.
pub(super) fn park(
    tx: &mut Connection,
    ids: &IdSource,
    (bank, amount, subject): (BankId, i64, i64),
    now: Instant,
) -> Result<(RowId, AccountId), Trouble> {
    let AdjustmentAccounts { suspense, holding, .. } = tx.adjustment_accounts(bank)?;
    let (debit, credit) = if amount > 0 { (suspense, holding) } else { (holding, suspense) };
    let mut posting = Posting::new(ids.block(2, 0, now)?, now);
    let movement = Movement {
        kind: TransferKind::Adjustment,
        debit,
        credit,
        amount: rupiah(amount.saturating_abs())?,
        business_date: bank_day(tx, bank, now)?,
        subject: Some(subject),
    };
    let transfer = posting.between_accounts(movement, suspense)?;
    posting.write(tx)?;
    Ok((transfer, suspense))
}

fn rupiah(amount: i64) -> Result<Rupiah, StoreError> {
    Rupiah::new(amount).map_err(|error| StoreError::corrupt(error.to_string()))
}

pub(super) fn bank_day(
    tx: &mut Connection,
    bank: BankId,
    now: Instant,
) -> Result<Date, StoreError> {
    let record = tx.banks()?.into_iter().find(|record| record.id == bank);
    let record = record.ok_or_else(|| StoreError::corrupt("a bank is not there"))?;
    Ok(record.business_date(now))
}
