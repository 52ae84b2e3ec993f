//! The ledger as the edges use it: opened once, shared by all handlers.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::domain::basket::Basket;
use crate::domain::card::{CardNumber, Pin};
use crate::domain::keys::{Keys, key_hash};
use crate::domain::redemption::{PointOfSale, Redeem};
use crate::store::connection::{Connection, Pool, Purpose};
use crate::store::{Backend, DatabaseUrl, FailureKind, StoreError};

use super::banks::BankCodes;
use super::clock::Clock;
use super::directory::CardDirectory;
use super::error::Trouble;
use super::ids::IdSource;
use super::keeper::Keeper;
use super::keyfile::{self, KeysError};
use super::lane::{Command, Inquiry, LaneContext, Lanes, Reply};

/// How the ledger is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the database is. Its schema has to be up to date: see [`migrate`].
    pub url: DatabaseUrl,
    /// The keys file.
    pub keys: PathBuf,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// The processors that may be used.
    pub cores: usize,
}

/// The ledger, open.
#[derive(Debug)]
pub struct Ledger {
    pub(super) shared: Arc<Shared>,
    pub(super) banks: BankCodes,
    directory: CardDirectory,
    keeper: Keeper,
}

/// What the ledger's own threads share with it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) url: DatabaseUrl,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<IdSource>,
    pub(super) keys: Arc<Keys>,
    pub(super) pool: Pool,
    pub(super) lanes: Lanes,
}

/// A purchase as a shop asks for it, read and not yet looked up.
#[derive(Debug)]
pub struct RedeemRequest<'a> {
    /// Who asks.
    pub pos: PointOfSale,
    /// The card.
    pub number: CardNumber,
    /// The PIN as typed.
    pub pin: Pin,
    /// The idempotency key.
    pub key: &'a str,
    /// What is bought.
    pub basket: Basket,
}

/// Brings the database's schema up to date and names the migrations that were run.
///
/// # Errors
/// [`StoreError`] when the database can't be reached or a migration fails.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, StoreError> {
    Connection::open(url, Purpose::General)?.migrate()
}

/// Whether migrations are still to be run.
///
/// # Errors
/// [`StoreError`] when the database can't be asked.
pub fn needs_migration(url: &DatabaseUrl) -> Result<bool, StoreError> {
    Connection::open(url, Purpose::General)?.needs_migration()
}

impl Ledger {
    /// Opens the ledger: takes a node number, checks the keys, starts the lanes and the sealer.
    ///
    /// # Errors
    /// [`KeysError`] when the keys are missing or others, or the database can't be used.
    pub fn open(options: &Options) -> Result<Self, KeysError> {
        let mut connection = Connection::open(&options.url, Purpose::General)?;
        let now = options.clock.now();
        let keys = Arc::new(keyfile::keys_of(&mut connection, &options.keys, now)?);
        let holder = keyfile::random_bytes()?;
        let ids = Arc::new(IdSource::lease(&mut connection, holder, now)?);
        let context = LaneContext {
            url: options.url.clone(),
            clock: Arc::clone(&options.clock),
            ids: Arc::clone(&ids),
            keys: Arc::clone(&keys),
            broken: Arc::new(AtomicBool::new(false)),
        };
        let shared = Arc::new(Shared {
            url: options.url.clone(),
            clock: Arc::clone(&options.clock),
            ids,
            keys,
            pool: Pool::open(&options.url)?,
            lanes: Lanes::start(&context, options.cores)?,
        });
        let directory = CardDirectory::start(&options.url)?;
        let keeper = Keeper::start(&shared)?;
        Ok(Self { shared, banks: BankCodes::default(), directory, keeper })
    }

    /// Has a purchase decided and recorded, or finds the answer it got before.
    ///
    /// # Errors
    /// [`Trouble`] when nothing was done, or it is not known.
    pub async fn redeem(&self, request: RedeemRequest<'_>) -> Result<Reply, Trouble> {
        let RedeemRequest { pos, number, pin, key, basket } = request;
        let keys = &self.shared.keys;
        let card = self.directory.find(keys.card_index(&number)).await?;
        let request = Redeem::request_mac(keys, &number, pin, &basket.record());
        let key_hash = key_hash(key);
        let redeem = Redeem { pos, card, pin, key_hash, request, basket };
        self.shared.lanes.decide(Command::Redeem(redeem)).await
    }

    /// Tells a wallet's balance to whoever knows the card's PIN.
    ///
    /// # Errors
    /// [`Trouble`] when nothing was done, or it is not known whether a wrong PIN was counted.
    pub async fn inquire(
        &self,
        pos: PointOfSale,
        number: &CardNumber,
        pin: Pin,
    ) -> Result<Reply, Trouble> {
        let card = self.directory.find(self.shared.keys.card_index(number)).await?;
        self.shared.lanes.decide(Command::Inquire(Inquiry { pos, card, pin })).await
    }

    /// The keys this ledger was opened with.
    pub fn keys(&self) -> &Keys {
        &self.shared.keys
    }

    /// Where the ledger's time comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// Whether requests can be answered: the database is there and the storage is sound.
    pub fn is_ready(&self) -> bool {
        self.is_sound() && self.shared.read(Connection::ping).is_ok()
    }

    /// Whether the storage still works. Where it does not, the process has to end.
    pub fn is_sound(&self) -> bool {
        self.shared.lanes.is_sound()
    }

    /// Waits for what is in hand, and gives the node's number back.
    pub fn close(self) {
        self.keeper.stop();
        let Self { shared, .. } = self;
        if let Err(error) = shared.release() {
            tracing::warn!(%error, "the node's number was not given back; its lease runs out");
        }
    }
}

impl Shared {
    /// Reads with a connection of the pool.
    pub(super) fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.pool.with(work)
    }

    /// Writes in a transaction of its own: between the lane's batches on `SQLite`, which has one
    /// writer; with a connection of the pool on `PostgreSQL`, where it is tried again when another
    /// transaction was in its way.
    pub(super) fn write<T, E>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, E> + Send + Clone + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + From<Trouble> + Contended + Send + 'static,
    {
        match self.url.backend() {
            Backend::Sqlite => {
                self.lanes.alone(move |connection| commit_or_unknown(connection, &work))?
            }
            Backend::Postgres => self.pool.with(|connection| {
                let mut result = commit_or_unknown(connection, &work);
                for _ in 0..3 {
                    if !matches!(&result, Err(error) if error.is_contended()) {
                        break;
                    }
                    result = commit_or_unknown(connection, &work);
                }
                result
            }),
        }
    }

    fn release(&self) -> Result<(), Trouble> {
        let ids = Arc::clone(&self.ids);
        self.write(move |tx| Ok(ids.release(tx)?))
    }
}

/// An error that the same work, tried again, may not meet.
pub(super) trait Contended {
    /// Whether another transaction was in the way.
    fn is_contended(&self) -> bool;
}

impl Contended for Trouble {
    fn is_contended(&self) -> bool {
        match self {
            Self::Store(error) => {
                matches!(error.kind(), FailureKind::Contention | FailureKind::Duplicate)
            }
            Self::Unavailable | Self::Unknown => false,
        }
    }
}

fn commit_or_unknown<T, E: From<StoreError> + From<Trouble>>(
    connection: &mut Connection,
    work: &impl Fn(&mut Connection) -> Result<T, E>,
) -> Result<T, E> {
    connection.begin()?;
    match work(connection) {
        Ok(done) => match connection.commit() {
            Ok(()) => Ok(done),
            Err(error) => {
                tracing::error!(%error, "the outcome of a commit is unknown");
                Err(E::from(Trouble::Unknown))
            }
        },
        Err(error) => {
            connection.rollback();
            Err(error)
        }
    }
}
