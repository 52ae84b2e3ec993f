//! A funding that was wrong is returned, fully or in part, as far as it has not been credited yet.

use std::sync::Arc;

use crate::domain::calendar::Instant;
use crate::domain::ids::{AccountId, RowId};
use crate::domain::keys::{Keys, key_hash};
use crate::domain::money::Rupiah;
use crate::domain::proposal::Act;
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;
use crate::store::banks::BankRecord;
use crate::store::connection::Connection;
use crate::store::fundings::{Doers, FundingRow, NewReturn};

use super::super::error::Trouble;
use super::super::ids::IdSource;
use super::super::ledger::Ledger;
use super::super::once::{Answered, KeyReused, OnceKey, given_before, record};
use super::super::posting::{Movement, Posting};
use super::super::proposals::{Agreed, Agreement, Decided, Wanted, agree};
use super::super::shared::Contended;
use super::bank_of;

/// Why nothing of a funding goes back.
#[derive(Debug, thiserror::Error)]
pub enum NotReturned {
    /// There is no such funding.
    #[error("there is no such funding")]
    NotFound,
    /// So much of the funding is left.
    #[error("only {0} of the funding has not gone back yet")]
    Left(Rupiah),
    /// So much of the bank's money is neither credited nor promised.
    #[error("only {0} at the bank is neither credited nor promised to a credit run")]
    Free(Rupiah),
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

impl From<StoreError> for NotReturned {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<KeyReused> for NotReturned {
    fn from(_: KeyReused) -> Self {
        Self::KeyReused
    }
}

impl Contended for NotReturned {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

/// What goes back, and why.
#[derive(Clone, Debug)]
pub struct ReturnRequest {
    /// The client's row.
    pub client: i64,
    /// The funding's transfer.
    pub funding: RowId,
    /// How much.
    pub amount: Rupiah,
    /// Why.
    pub reason: String,
    /// The client's idempotency key. Each client has keys of its own.
    pub key: String,
}

/// Money that went back.
#[derive(Clone, Debug)]
pub struct Returned {
    /// The transfer.
    pub transfer: RowId,
    /// The funding's transfer.
    pub funding: RowId,
    /// The account that both are stored with.
    pub anchor: AccountId,
    /// How much.
    pub amount: Rupiah,
    /// Why, in the words of the one who wanted it first.
    pub reason: String,
    /// How much of the funding is left.
    pub left: Rupiah,
    /// When.
    pub created_at: Instant,
}

impl Ledger {
    /// Sends money of a funding back: unallocated to holding. `render` writes the answer that is recorded.
    /// Above the limit it is proposed, and done when another client wants the same.
    ///
    /// # Errors
    /// [`NotReturned`]; then nothing was done, unless it says that it is not known.
    pub fn return_funding(
        &self,
        request: ReturnRequest,
        render: impl Fn(&Returned) -> String + Send + 'static,
    ) -> Result<Decided<Answered>, NotReturned> {
        let (clock, ids) = (Arc::clone(&self.shared.clock), Arc::clone(&self.shared.ids));
        let (keys, alone_up_to) = (Arc::clone(&self.keys), self.limits.four_eyes_above);
        self.shared.write(move |tx| {
            if !tx.client_stands(request.client)? {
                return Err(NotReturned::ClientRevoked);
            }
            let funding = tx.funding_by_id(request.funding)?.ok_or(NotReturned::NotFound)?;
            let returning = Returning { request: &request, keys: &keys, now: clock.now() };
            returning.run(tx, &ids, (&funding, alone_up_to), &render)
        })
    }
}

/// A return that is being recorded.
struct Returning<'a> {
    request: &'a ReturnRequest,
    keys: &'a Keys,
    now: Instant,
}

impl Returning<'_> {
    fn run(
        &self,
        tx: &mut Connection,
        ids: &IdSource,
        (funding, alone_up_to): (&FundingRow, Rupiah),
        render: &impl Fn(&Returned) -> String,
    ) -> Result<Decided<Answered>, NotReturned> {
        let (amount, client) = (self.request.amount, self.request.client);
        let banks = tx.banks()?;
        let bank = bank_of(&banks, funding.bank)?;
        // The lock comes before the key: of requests at the same time the later find what the first did.
        let funds = tx.lock_funds(bank.id)?;
        let own_key = key_of(client, &self.request.key);
        let key = self.once_key(bank.holding, own_key, &self.request.reason);
        if let Some(given) = given_before::<NotReturned>(tx, &key)? {
            return Ok(Decided::Done(given));
        }
        // What went back was read before the lock.
        let funding = tx.funding_by_id(funding.transfer)?.ok_or(NotReturned::NotFound)?;
        let left = funding.amount.checked_sub(funding.returned).unwrap_or_default();
        let left_after = left.checked_sub(amount).ok_or(NotReturned::Left(left))?;
        let free = Rupiah::new(funds.unallocated.saturating_sub(funds.reserved));
        let free =
            free.map_err(|_below| StoreError::corrupt("a bank promised more than it holds"))?;
        if amount > free {
            return Err(NotReturned::Free(free));
        }
        let act = Act::FundingReturn { funding: (funding.transfer, funding.anchor), amount };
        let mut agreed = None;
        if amount > alone_up_to {
            let (detail, key_hash) = (self.request.reason.as_str(), Some(&own_key[..]));
            let wanted = Wanted { act: &act, client, stake: amount, detail, key_hash };
            match agree(tx, ids, &wanted, self.now)? {
                Agreement::Waits(proposal) => return Ok(Decided::Proposed(proposal)),
                Agreement::Reached(reached) => agreed = Some(reached),
            }
        }
        let transfer = self.post(tx, ids, (bank, funds.last_id, funding.transfer))?;
        let alone = Doers { first: client, second: None };
        let doers = agreed.as_ref().map_or(alone, |agreed| agreed.doers());
        let reason = agreed.as_ref().map_or(&self.request.reason, |agreed| &agreed.row.detail);
        let new = NewReturn { transfer, funding: funding.transfer, amount, doers, reason };
        tx.record_return(&new)?;
        let body = render(&Returned {
            transfer,
            funding: funding.transfer,
            anchor: funding.anchor,
            amount,
            reason: reason.clone(),
            left: left_after,
            created_at: self.now,
        });
        record(tx, &key, (201, &body), self.now.as_millis())?;
        if let Some(agreed) = &agreed {
            agreed.carried_out(tx, transfer.0, self.now)?;
            self.answer_the_first(tx, bank, (agreed, &body))?;
        }
        Ok(Decided::by(agreed.as_deref(), Answered { status: 201, body, replay: false }))
    }

    fn post(
        &self,
        tx: &mut Connection,
        ids: &IdSource,
        (bank, last_id, funding): (&BankRecord, i64, RowId),
    ) -> Result<RowId, NotReturned> {
        let amount = self.request.amount;
        let mut posting = Posting::new(ids.block(2, last_id, self.now)?, self.now);
        let movement = Movement {
            kind: TransferKind::Return,
            debit: bank.unallocated,
            credit: bank.holding,
            amount,
            business_date: bank.business_date(self.now),
            subject: Some(funding.0),
        };
        let transfer = posting.between_accounts(movement, bank.holding)?;
        posting.write(tx)?;
        tx.change_funds(bank.id, (amount.get().saturating_neg(), 0), transfer.0)?;
        Ok(transfer)
    }

    /// The proposer finds the same answer under its own key.
    fn answer_the_first(
        &self,
        tx: &mut Connection,
        bank: &BankRecord,
        (agreed, body): (&Agreed, &str),
    ) -> Result<(), StoreError> {
        let hash = agreed.row.key_hash.as_deref().and_then(|hash| hash.try_into().ok());
        let hash =
            hash.ok_or_else(|| StoreError::corrupt("a return was proposed without a key"))?;
        let key = self.once_key(bank.holding, hash, &agreed.row.detail);
        // Unless it used the key for something else meanwhile.
        if tx.recorded_answer(key.scope.0, &key.key_hash)?.is_some() {
            return Ok(());
        }
        record(tx, &key, (201, body), self.now.as_millis())
    }

    fn once_key(&self, scope: AccountId, key_hash: [u8; 16], reason: &str) -> OnceKey {
        let ReturnRequest { funding, amount, .. } = self.request;
        let (funding, amount) = (funding.0.to_be_bytes(), amount.get().to_be_bytes());
        let request = self.keys.request_mac(&[b"RT1", &funding, &amount, reason.as_bytes()]);
        OnceKey { scope, key_hash, request }
    }
}

/// Two clients may use the same key for different things.
fn key_of(client: i64, key: &str) -> [u8; 16] {
    key_hash(&format!("{client}:{key}"))
}
