//! Programme money that arrived at a distributor bank.

use std::sync::Arc;

use crate::domain::bank::BankCode;
use crate::domain::calendar::Instant;
use crate::domain::ids::{AccountId, RowId};
use crate::domain::money::Rupiah;
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;

use super::error::Trouble;
use super::ledger::Ledger;
use super::posting::{Movement, Posting};
use super::shared::Contended;

/// Why a funding is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum NotFunded {
    /// No bank has this code.
    #[error("there is no such bank")]
    NoBank,
    /// The bank's reference was used for another amount.
    #[error("the bank's reference was used for another amount")]
    ReferenceReused,
    /// The client's access was withdrawn.
    #[error("the client's access was withdrawn")]
    ClientRevoked,
    /// Nothing was done, or it is not known.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for NotFunded {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Contended for NotFunded {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

/// Money that arrived. The bank's reference is what makes a repeat known.
#[derive(Clone, Debug)]
pub struct FundRequest {
    /// The client's row.
    pub client: i64,
    /// Where it arrived.
    pub bank: BankCode,
    /// How much.
    pub amount: Rupiah,
    /// The bank's reference for it.
    pub reference: String,
}

/// A recorded funding.
#[derive(Clone, Debug)]
pub struct Funded {
    /// The transfer.
    pub transfer: RowId,
    /// The account it is stored with.
    pub anchor: AccountId,
    /// When it was recorded.
    pub created_at: Instant,
    /// Whether it was recorded before.
    pub replay: bool,
}

impl Ledger {
    /// Records money that arrived at a bank: it may be credited to families from then on.
    ///
    /// # Errors
    /// [`NotFunded`]; then nothing was done, unless it says that it is not known.
    pub fn fund(&self, request: FundRequest) -> Result<Funded, NotFunded> {
        let (clock, ids) = (Arc::clone(&self.shared.clock), Arc::clone(&self.shared.ids));
        self.shared.write(move |tx| {
            if !tx.client_stands(request.client)? {
                return Err(NotFunded::ClientRevoked);
            }
            let bank = tx.banks()?.into_iter().find(|bank| bank.code == request.bank);
            let bank = bank.ok_or(NotFunded::NoBank)?;
            let (anchor, amount) = (bank.holding, request.amount);
            if let Some((transfer, before, when)) = tx.funding(bank.id, &request.reference)? {
                if before != amount.get() {
                    return Err(NotFunded::ReferenceReused);
                }
                let created_at = Instant::from_millis(when);
                return Ok(Funded { transfer, anchor, created_at, replay: true });
            }
            let now = clock.now();
            let funds = tx.lock_funds(bank.id)?;
            let mut posting = Posting::new(ids.block(2, funds.last_id, now)?, now);
            let movement = Movement {
                kind: TransferKind::Funding,
                debit: bank.holding,
                credit: bank.unallocated,
                amount,
                business_date: bank.business_date(now),
                subject: None,
            };
            let transfer = posting.between_accounts(movement, anchor)?;
            posting.write(tx)?;
            tx.change_funds(bank.id, (amount.get(), 0), transfer.0)?;
            tx.record_funding(bank.id, &request.reference, transfer, amount.get())?;
            Ok(Funded { transfer, anchor, created_at: now, replay: false })
        })
    }
}
