//! Taking a redemption back: whole, once, by the merchant, before its day is closed.

use std::sync::Arc;

use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::{AccountId, RowId};
use crate::domain::money::Rupiah;
use crate::domain::redemption::{Attempt, Outcome, PointOfSale, decide_standing};
use crate::domain::refusal::Refusal;
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;
use crate::store::batch::{BatchStore as _, WalletState};
use crate::store::connection::Connection;
use crate::store::reversals::NewReversal;

use super::error::Trouble;
use super::ids::IdSource;
use super::ledger::Ledger;
use super::once::{Answered, KeyReused, OnceKey, once};
use super::posting::{Movement, Posting};
use super::shared::Contended;

/// Why a redemption is not taken back.
#[derive(Debug, thiserror::Error)]
pub enum NotReversed {
    /// There is none with this id at this merchant.
    #[error("there is no such redemption")]
    NotFound,
    /// It was refused.
    #[error("the redemption was refused")]
    NotApproved,
    /// It was taken back before.
    #[error("the redemption is reversed already")]
    AlreadyReversed,
    /// Its day is closed.
    #[error("the redemption's business day is closed")]
    DayClosed,
    /// The merchant or its terminal may not be used now.
    #[error("the shop may not ask: {}", .0.code())]
    ShopInactive(Refusal),
    /// The client's access was withdrawn.
    #[error("the client's access was withdrawn")]
    ClientRevoked,
    /// The key was used for another request.
    #[error("the key was used for another request")]
    KeyReused,
    /// Nothing was done, or it is not known.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for NotReversed {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<KeyReused> for NotReversed {
    fn from(_: KeyReused) -> Self {
        Self::KeyReused
    }
}

impl Contended for NotReversed {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

/// What is to be taken back, by whom and why.
#[derive(Clone, Debug)]
pub struct ReverseRequest {
    /// Who asks.
    pub pos: PointOfSale,
    /// The redemption.
    pub redemption: RowId,
    /// The wallet it was made with.
    pub wallet: AccountId,
    /// Why.
    pub reason: String,
    /// Under what the request is known.
    pub key: OnceKey,
}

/// A redemption that was taken back.
#[derive(Clone, Debug)]
pub struct Reversed {
    /// The redemption.
    pub redemption: RowId,
    /// Its wallet.
    pub wallet: AccountId,
    /// The transfer that took it back.
    pub transfer: RowId,
    /// How much went back.
    pub amount: Rupiah,
    /// When.
    pub created_at: Instant,
    /// The acquirer's day it counts for.
    pub business_date: Date,
}

impl Ledger {
    /// Takes a redemption back; `render` writes the answer that is recorded with it.
    ///
    /// # Errors
    /// [`NotReversed`]; then nothing was done, unless it says that it is not known.
    pub fn reverse(
        &self,
        request: ReverseRequest,
        render: impl Fn(&Reversed) -> String + Send + 'static,
    ) -> Result<Answered, NotReversed> {
        let (clock, ids) = (Arc::clone(&self.shared.clock), Arc::clone(&self.shared.ids));
        self.shared.write(move |tx| {
            if !tx.client_stands(request.pos.client)? {
                return Err(NotReversed::ClientRevoked);
            }
            // The wallet's lock comes before the key: of requests at the same time, the later ones
            // then find what the first recorded.
            let locked = tx.lock_wallets(&[request.wallet.0])?;
            let locked = locked.first();
            // After the lock: later than what the wallet waited for.
            let now = clock.now();
            once(tx, &request.key, now.as_millis(), |tx| {
                shop_stands(tx, &request)?;
                let reversed = reverse(tx, &ids, (&request, locked), now)?;
                Ok((201, render(&reversed)))
            })
        })
    }
}

/// Whether the shop may ask at all: a stolen terminal is stopped here as at a purchase.
fn shop_stands(tx: &mut Connection, request: &ReverseRequest) -> Result<(), NotReversed> {
    let (shops, _) = tx.shops(&[request.pos])?;
    let shop = shops.first().ok_or(NotReversed::NotFound)?;
    decide_standing(shop).map_err(NotReversed::ShopInactive)
}

fn reverse(
    tx: &mut Connection,
    ids: &IdSource,
    (request, locked): (&ReverseRequest, Option<&WalletState>),
    now: Instant,
) -> Result<Reversed, NotReversed> {
    let (redemption, wallet) = (request.redemption, request.wallet);
    let attempt = tx.attempt(redemption, wallet)?.filter(|a| a.merchant == request.pos.merchant);
    let attempt: Attempt = attempt.ok_or(NotReversed::NotFound)?;
    let Outcome::Approved(debit) = attempt.outcome else { return Err(NotReversed::NotApproved) };
    let locked = locked.ok_or(NotReversed::NotFound)?;
    if tx.reversal_of(redemption, wallet)?.is_some() {
        return Err(NotReversed::AlreadyReversed);
    }
    let bank = tx.banks()?.into_iter().find(|bank| bank.id == attempt.acquirer);
    let bank = bank.ok_or_else(|| StoreError::corrupt("a redemption's acquirer is not there"))?;
    if attempt.business_date < bank.open_business_date {
        return Err(NotReversed::DayClosed);
    }
    let business_date = bank.business_date(now);
    let amount = debit.amount();
    let mut posting = Posting::new(ids.block(2, locked.last_id, now)?, now);
    let movement = Movement {
        kind: TransferKind::Reversal,
        debit: attempt.merchant,
        credit: wallet,
        amount,
        business_date,
        subject: Some(redemption.0),
    };
    let (transfer, _) = posting.pay_in(movement, locked)?;
    posting.write(tx)?;
    tx.record_reversal(&NewReversal {
        redemption,
        wallet,
        transfer,
        merchant: attempt.merchant,
        acquirer: attempt.acquirer,
        business_date,
        reason: &request.reason,
    })?;
    Ok(Reversed { redemption, wallet, transfer, amount, created_at: now, business_date })
}
