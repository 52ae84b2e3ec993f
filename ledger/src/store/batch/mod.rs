//! What a batch of the write path reads and writes: the same steps on either database, each in the
//! way that is best there.

mod facts;
mod postgres;
mod refused;
mod sqlite;

use std::sync::Arc;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;

use crate::domain::bank::BankId;
use crate::domain::calendar::Instant;
use crate::domain::ids::{AccountId, CardId, MerchantId, NodeNo, RowId, Tick, WalletId};
use crate::domain::inquiry::RefusedInquiry;
use crate::domain::leaf::Pseudonym;
use crate::domain::money::Rupiah;
use crate::domain::policy::PolicyBook;
use crate::domain::redemption::{Attempt, CardFacts, CardStanding, PointOfSale, ShopFacts};
use crate::domain::transfer::Transfer;
use crate::domain::wrong_pins::{WrongPin, WrongPinLimit};

use super::connection::Connection;
use super::error::StoreError;

/// Where `PostgreSQL` keeps a version of a row (its `ctid`: block and line). `SQLite` has none.
#[derive(AsExpression, FromSqlRow, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[diesel(sql_type = postgres::Tid)]
pub struct RowPlace([u8; 6]);

/// A wallet as it was read.
#[derive(Clone, Copy, Debug)]
pub struct WalletState {
    /// Its account.
    pub id: WalletId,
    /// What it holds.
    pub balance: Rupiah,
    /// The highest id of all that touched it. Whoever changes a wallet or a card on it raises this, so
    /// that an unchanged one means an unchanged wallet.
    pub last_id: i64,
    /// Where its row was read.
    pub place: RowPlace,
    /// The bank that issued its cards.
    pub issuer: BankId,
    /// Whether it may be used.
    pub open: bool,
    /// What stands for the family in leaves.
    pub pseudonym: Pseudonym,
}

/// What one command asks for.
#[derive(Clone, Copy, Debug)]
pub struct FactsQuery {
    /// The wallet, or the merchant's account for an unknown card.
    pub anchor: AccountId,
    /// The card, if it is known.
    pub card: Option<CardId>,
    /// The merchant that asks.
    pub merchant: MerchantId,
    /// The idempotency key's hash, when it is to be looked up.
    pub key_hash: Option<[u8; 16]>,
}

/// What is known for one command.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The wallet, if the anchor is one.
    pub wallet: Option<WalletState>,
    /// The card; its wallet's part (issuer, open) is filled in from the wallet's state.
    pub card: Option<CardFacts>,
    /// The id of the attempt with this key and the hash of its request, if the key was looked up.
    pub recorded: Option<(i64, [u8; 16])>,
}

/// What a batch stands on, read by one statement (or under the one write lock).
#[derive(Clone, Debug)]
pub struct Ground {
    /// For each query, in their order.
    pub facts: Vec<Facts>,
    /// The registry's revision at that moment.
    pub revision: i32,
    /// When that was, by the database's clock, where it has one: after all locks.
    pub now: Option<Instant>,
}

/// A wallet's row after a batch.
#[derive(Clone, Copy, Debug)]
pub struct WalletChange {
    /// The wallet.
    pub wallet: WalletId,
    /// Its balance after the whole batch.
    pub balance: Rupiah,
    /// Its `last_id` as it was read.
    pub seen: i64,
    /// Where its row was read.
    pub place: RowPlace,
}

impl WalletChange {
    /// A wallet that holds `balance` now, after it was read.
    pub const fn of(read: &WalletState, balance: Rupiah) -> Self {
        Self { wallet: read.id, balance, seen: read.last_id, place: read.place }
    }
}

/// What PINs did to a card.
#[derive(Clone, Copy, Debug)]
pub struct CardChange {
    /// The card's wallet.
    pub wallet: WalletId,
    /// The card.
    pub card: CardId,
    /// How it stood when it was read.
    pub seen: CardStanding,
    /// How it stands after the batch.
    pub now: CardStanding,
}

/// Everything one commit writes.
#[derive(Debug)]
pub struct BatchRows {
    /// The batch's own id, the first of its block.
    pub id: i64,
    /// The block's last id; it becomes every changed wallet's `last_id`.
    pub last_id: i64,
    /// The account whose shard the batch lies in.
    pub anchor: AccountId,
    /// When it was decided, milliseconds since 1970.
    pub created_at: i64,
    /// The attempts, in the order of their ids.
    pub attempts: Vec<Arc<Attempt>>,
    /// The transfers, in the order of their ids.
    pub transfers: Vec<Transfer>,
    /// 32 bytes a transfer, in their order.
    pub leaves: Vec<u8>,
    /// One for each changed wallet, in the order of their ids.
    pub wallets: Vec<WalletChange>,
    /// One for each changed card, in the order of their wallets.
    pub cards: Vec<CardChange>,
    /// What was refused beside attempts, or with a wrong PIN.
    pub refused: RefusedRows,
    /// The registry's revision that must still hold when the rows are written. `None`: what it says was
    /// read in this transaction, under locks.
    pub revision: Option<i32>,
}

/// A batch's records of refused balance inquiries and wrong PINs. Most batches have none.
#[derive(Debug, Default)]
pub struct RefusedRows {
    /// Refused balance inquiries, in the order of their ids.
    pub inquiries: Vec<RefusedInquiry>,
    /// The wrong PINs of these and of the attempts, in the order of their ids.
    pub wrong_pins: Vec<WrongPin>,
    /// When a terminal is suspended in the same commit; `None`: none is.
    pub limit: Option<WrongPinLimit>,
}

impl RefusedRows {
    /// Whether there is nothing to keep.
    pub const fn is_empty(&self) -> bool {
        self.inquiries.is_empty() && self.wrong_pins.is_empty()
    }
}

/// How a batch makes sure that what it read still holds when it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nothing is locked. The one statement that writes checks that nothing of it has changed and that
    /// no key is recorded yet, and writes nothing otherwise.
    Guard,
    /// The wallets are locked before they are read, until the commit.
    Lock,
}

/// What a lane needs of its storage.
pub trait BatchStore: Send {
    /// How the first try of a batch holds what it read.
    fn first_hold(&self) -> Hold;

    /// Begins a transaction and locks the wallets; nothing for [`Hold::Guard`].
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is begun.
    fn hold(&mut self, hold: Hold, queries: &[FactsQuery]) -> Result<(), StoreError>;

    /// What is known for each query.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    fn ground(&mut self, queries: &[FactsQuery]) -> Result<Ground, StoreError>;

    /// What is known of shops, in their order, and the registry's revision at that moment.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read, or a client's terminal, merchant or bank is not there.
    fn shops(&mut self, shops: &[PointOfSale]) -> Result<(Vec<ShopFacts>, i32), StoreError>;

    /// The rules.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    fn policy_book(&mut self) -> Result<PolicyBook, StoreError>;

    /// Writes a batch. Under [`Hold::Guard`] it is durable when this returns.
    ///
    /// # Errors
    /// [`StoreError`], also when one of the attempts' keys is recorded already; then nothing of it is
    /// written, unless the connection is gone and the batch was not locked: then it is unknown.
    fn write_batch(&mut self, rows: &BatchRows) -> Result<(), StoreError>;

    /// Sets cards' counters and states that go without an attempt. Their wallets are locked.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be written, or are not as they were read.
    fn set_card_standing(&mut self, changes: &[CardChange]) -> Result<(), StoreError>;

    /// A recorded attempt.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    fn attempt(&mut self, id: RowId, wallet: WalletId) -> Result<Option<Attempt>, StoreError>;

    /// Raises the mark below which a node makes ids, in the open transaction; `false` when somebody else holds
    /// its number.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be written.
    fn raise_mark(
        &mut self,
        node: NodeNo,
        holder: &[u8],
        high_water: Tick,
    ) -> Result<bool, StoreError>;

    /// Takes so many retrieval references off the serial, in the open transaction; the first of them.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be taken.
    fn take_references(&mut self, count: i64) -> Result<i64, StoreError>;

    /// Makes durable what was written under [`Hold::Lock`].
    ///
    /// # Errors
    /// [`StoreError`]; then it is unknown whether it was.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Forgets what was written since [`Self::hold`].
    fn rollback(&mut self);
}

impl BatchStore for Connection {
    fn first_hold(&self) -> Hold {
        match self {
            // There is one writer, and beginning to write locks everything.
            Self::Sqlite(_) => Hold::Lock,
            Self::Postgres(_) => Hold::Guard,
        }
    }

    fn hold(&mut self, hold: Hold, queries: &[FactsQuery]) -> Result<(), StoreError> {
        if hold == Hold::Guard {
            return Ok(());
        }
        self.begin()?;
        if let Self::Postgres(postgres) = self {
            let with_card = queries.iter().filter(|query| query.card.is_some());
            let mut wallets: Vec<i64> = with_card.map(|query| query.anchor.0).collect();
            wallets.sort_unstable();
            wallets.dedup();
            postgres::lock_wallets(postgres, &wallets).inspect_err(|_| self.rollback())?;
        }
        Ok(())
    }

    fn ground(&mut self, queries: &[FactsQuery]) -> Result<Ground, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite::ground(sqlite, queries),
            Self::Postgres(postgres) => postgres::ground(postgres, queries),
        }
    }

    fn shops(&mut self, shops: &[PointOfSale]) -> Result<(Vec<ShopFacts>, i32), StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite::shops(sqlite, shops),
            Self::Postgres(postgres) => postgres::shops(postgres, shops),
        }
    }

    fn policy_book(&mut self) -> Result<PolicyBook, StoreError> {
        Self::policy_book(self)
    }

    fn write_batch(&mut self, rows: &BatchRows) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite::write(sqlite, rows),
            Self::Postgres(postgres) => postgres::write(postgres, rows),
        }
    }

    fn set_card_standing(&mut self, changes: &[CardChange]) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite::set_card_standing(sqlite, changes),
            Self::Postgres(postgres) => postgres::set_card_standing(postgres, changes),
        }
    }

    fn attempt(&mut self, id: RowId, wallet: WalletId) -> Result<Option<Attempt>, StoreError> {
        Self::attempt(self, id, wallet)
    }

    fn raise_mark(
        &mut self,
        node: NodeNo,
        holder: &[u8],
        high_water: Tick,
    ) -> Result<bool, StoreError> {
        Self::raise_mark(self, node, holder, high_water)
    }

    fn take_references(&mut self, count: i64) -> Result<i64, StoreError> {
        Self::take_references(self, count)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        Self::commit(self)
    }

    fn rollback(&mut self) {
        Self::rollback(self);
    }
}

impl Connection {
    /// Locks wallets against every other writer, in ascending order. `wallets` has to be sorted.
    pub(crate) fn lock_wallets(&mut self, wallets: &[i64]) -> Result<Vec<WalletState>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite::read_wallets(sqlite, wallets),
            Self::Postgres(postgres) => postgres::lock_wallets(postgres, wallets),
        }
    }
}

/// A count as the store keeps it; a batch is bounded far below.
fn count(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}
