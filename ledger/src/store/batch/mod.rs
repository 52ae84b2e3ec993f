//! The write path's statements: lock, look up, write. Three round trips a batch on `PostgreSQL`,
//! prepared statements in a loop on `SQLite`.

mod facts;
mod postgres;
mod sqlite;

use crate::domain::bank::BankId;
use crate::domain::ids::{AccountId, CardId, MerchantId, TerminalId, WalletId};
use crate::domain::leaf::Pseudonym;
use crate::domain::money::Rupiah;
use crate::domain::redemption::{Attempt, CardFacts, CardStanding, ShopFacts};
use crate::domain::transfer::Transfer;

use super::connection::Connection;
use super::error::StoreError;

/// A locked wallet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LockedWallet {
    pub(crate) id: WalletId,
    pub(crate) balance: Rupiah,
    pub(crate) last_id: i64,
    pub(crate) issuer: BankId,
    pub(crate) open: bool,
    pub(crate) pseudonym: Pseudonym,
}

/// What a command needs to know, beside its wallet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FactsQuery {
    /// The wallet, or the merchant's account for an unknown card.
    pub(crate) anchor: AccountId,
    pub(crate) card: Option<CardId>,
    pub(crate) merchant: MerchantId,
    pub(crate) terminal: TerminalId,
    pub(crate) client: i64,
    /// The idempotency key's hash; a balance inquiry has none.
    pub(crate) key_hash: Option<[u8; 16]>,
}

/// What is known for a command, read after its wallet was locked.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The id of the attempt with this key and the hash of its request.
    pub(crate) recorded: Option<(i64, [u8; 16])>,
    pub(crate) shop: ShopFacts,
    /// The card; its wallet's part (issuer, open) is filled in from the locked wallet.
    pub(crate) card: Option<CardFacts>,
    pub(crate) policy_revision: i32,
}

/// Everything one commit writes.
#[derive(Debug)]
pub(crate) struct BatchRows {
    /// The batch's own id, the first of its block.
    pub(crate) id: i64,
    /// The block's last id; it becomes every changed wallet's `last_id`.
    pub(crate) last_id: i64,
    /// The account whose shard the batch lies in.
    pub(crate) anchor: AccountId,
    pub(crate) created_at: i64,
    pub(crate) attempts: Vec<std::sync::Arc<Attempt>>,
    pub(crate) transfers: Vec<Transfer>,
    /// 32 bytes a transfer, in their order.
    pub(crate) leaves: Vec<u8>,
    /// One row for each changed wallet: its balance after the whole batch.
    pub(crate) wallets: Vec<(WalletId, Rupiah)>,
}

/// What a PIN did to a card.
pub(crate) type CardChange = (WalletId, CardId, CardStanding);

impl Connection {
    /// Locks wallets against every other writer, in ascending order. `wallets` has to be sorted.
    pub(crate) fn lock_wallets(
        &mut self,
        wallets: &[i64],
    ) -> Result<Vec<LockedWallet>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite::read_wallets(sqlite, wallets),
            Self::Postgres(postgres) => postgres::lock_wallets(postgres, wallets),
        }
    }

    /// What is known for each command, in their order. The wallets are locked already: read in the
    /// same statement as the lock, a key that another node just committed would be missed.
    pub(crate) fn facts(&mut self, queries: &[FactsQuery]) -> Result<Vec<Facts>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite::facts(sqlite, queries),
            Self::Postgres(postgres) => postgres::facts(postgres, queries),
        }
    }

    /// Sets cards' counters of wrong PINs, and their states. Their wallets are locked.
    pub(crate) fn set_card_standing(&mut self, changes: &[CardChange]) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite::set_card_standing(sqlite, changes),
            Self::Postgres(postgres) => postgres::set_card_standing(postgres, changes),
        }
    }

    /// Writes a batch.
    pub(crate) fn write_batch(&mut self, rows: &BatchRows) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite::write(sqlite, rows),
            Self::Postgres(postgres) => postgres::write(postgres, rows),
        }
    }
}

/// A count as the store keeps it; a batch is bounded far below.
fn count(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}
