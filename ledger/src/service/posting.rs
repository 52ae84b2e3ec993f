//! Posting transfers outside the lanes: fundings, credits, reversals. One batch a transaction, with
//! ids, leaves and wallet rows as a lane's batch has them.

use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::{AccountId, IdBlock, RowId};
use crate::domain::leaf::{LeafContext, leaf_hash};
use crate::domain::money::Rupiah;
use crate::domain::transfer::{Sides, Transfer, TransferKind};
use crate::store::StoreError;
use crate::store::batch::{BatchRows, BatchStore as _, RefusedRows, WalletChange, WalletState};
use crate::store::connection::Connection;

/// A batch of transfers that is being put together. The ids' first is the batch's own.
#[derive(Debug)]
pub(super) struct Posting {
    ids: IdBlock,
    now: Instant,
    transfers: Vec<Transfer>,
    leaves: Vec<u8>,
    wallets: Vec<WalletChange>,
}

/// One movement to be posted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Movement {
    pub(super) kind: TransferKind,
    pub(super) debit: AccountId,
    pub(super) credit: AccountId,
    pub(super) amount: Rupiah,
    pub(super) business_date: Date,
    /// What it is about: a reversal's redemption, a credit's period.
    pub(super) subject: Option<i64>,
}

impl Posting {
    /// An empty batch with these ids.
    pub(super) const fn new(ids: IdBlock, now: Instant) -> Self {
        Self { ids, now, transfers: Vec::new(), leaves: Vec::new(), wallets: Vec::new() }
    }

    /// Moves money between accounts that are not wallets; it is stored with `anchor`.
    pub(super) fn between_accounts(
        &mut self,
        movement: Movement,
        anchor: AccountId,
    ) -> Result<RowId, StoreError> {
        self.push(movement, anchor, None, None)
    }

    /// Moves money into a locked wallet, and gives its new balance. A wallet stands in a batch once.
    pub(super) fn pay_in(
        &mut self,
        movement: Movement,
        wallet: &WalletState,
    ) -> Result<(RowId, Rupiah), StoreError> {
        let after = wallet.balance.checked_add(movement.amount);
        let after = after.ok_or_else(|| StoreError::corrupt("a wallet's balance overflows"))?;
        let id = self.push(movement, wallet.id, Some(after), Some(wallet))?;
        self.wallets.push(WalletChange::of(wallet, after));
        Ok((id, after))
    }

    /// Takes money out of a locked wallet. A wallet stands in a batch once.
    pub(super) fn pay_out(
        &mut self,
        movement: Movement,
        wallet: &WalletState,
    ) -> Result<RowId, StoreError> {
        let after = wallet.balance.checked_sub(movement.amount);
        let after = after.ok_or_else(|| StoreError::corrupt("a wallet has less than is taken"))?;
        let id = self.push(movement, wallet.id, Some(after), Some(wallet))?;
        self.wallets.push(WalletChange::of(wallet, after));
        Ok(id)
    }

    fn push(
        &mut self,
        movement: Movement,
        anchor: AccountId,
        after: Option<Rupiah>,
        wallet: Option<&WalletState>,
    ) -> Result<RowId, StoreError> {
        let place = i64::try_from(self.transfers.len()).unwrap_or(i64::MAX).saturating_add(1);
        let id = RowId(self.ids.id(place));
        let sides = Sides { debit: movement.debit, credit: movement.credit, anchor };
        let dates = (self.now, movement.business_date);
        let transfer = Transfer::new(id, movement.kind, sides, movement.amount, after, dates)
            .map_err(|error| StoreError::corrupt(error.to_string()))?
            .about(movement.subject);
        let context = LeafContext {
            wallet: wallet.map(|wallet| (wallet.id, wallet.pseudonym)),
            ..LeafContext::default()
        };
        self.leaves.extend_from_slice(&leaf_hash(&transfer, &context));
        self.transfers.push(transfer);
        Ok(id)
    }

    /// Writes the batch; without a transfer it writes nothing.
    pub(super) fn write(self, tx: &mut Connection) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (self.transfers.first(), self.transfers.last()) else {
            return Ok(());
        };
        tx.write_batch(&BatchRows {
            id: self.ids.first(),
            last_id: last.id().0,
            anchor: first.anchor(),
            created_at: self.now.as_millis(),
            attempts: Vec::new(),
            transfers: self.transfers,
            leaves: self.leaves,
            wallets: self.wallets,
            cards: Vec::new(),
            refused: RefusedRows::default(),
            revision: None,
        })
    }
}
