//! The ledger as the edges use it: opened once, shared by all handlers.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::domain::basket::Basket;
use crate::domain::card::{CardNumber, Pin};
use crate::domain::keys::{Keys, key_hash};
use crate::domain::money::Rupiah;
use crate::domain::redemption::{PointOfSale, Redeem};
use crate::store::connection::{Connection, Pool, Purpose};
use crate::store::{DatabaseUrl, StoreError};

use super::background::Background;
use super::banks::BankCodes;
use super::clock::Clock;
use super::credit::CreditRunner;
use super::directory::CardDirectory;
use super::error::Trouble;
use super::ids::IdSource;
use super::keyfile::{self, KeysError};
use super::lane::{Command, Inquiry, LaneContext, Lanes, Reply, StandIn};
use super::reads::AccountNames;
use super::reconciling::{RecordingLimits, Turns};
use super::shared::Shared;
use super::{checkpoints, keeper, sealer};

/// How far this machine's clock may be from the database's: nodes date purchases by their own.
const MOST_SKEW_MILLIS: u64 = 5_000;

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
    /// Transfers between two roll-ups at least: see [`ROLLUP_SPAN`](super::ROLLUP_SPAN).
    pub rollup_span: u32,
    /// What may be at stake in a decision about a difference without a second person's agreement.
    pub four_eyes_above: Rupiah,
    /// What clients may send to be reconciled.
    pub recordings: RecordingLimits,
}

/// The ledger, open.
#[derive(Debug)]
pub struct Ledger {
    pub(super) shared: Arc<Shared>,
    pub(super) keys: Arc<Keys>,
    pub(super) lanes: Arc<Lanes>,
    pub(super) banks: BankCodes,
    pub(super) names: AccountNames,
    pub(super) credits: CreditRunner,
    pub(super) four_eyes_above: Rupiah,
    pub(super) limits: RecordingLimits,
    pub(super) turns: Turns,
    directory: CardDirectory,
    keeper: Background,
    checkpoints: Option<Background>,
    sealer: Background,
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
        Self::open_with(options, None)
    }

    /// Opens the ledger with a stand-in for what purchases are written to: for measurements and
    /// simulations. Everything else still goes to the database.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(options: &Options, stand_in: Option<StandIn>) -> Result<Self, KeysError> {
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
            stand_in,
        };
        let has_writer = context.stand_in.is_none();
        let lanes = Arc::new(Lanes::start(&context, options.cores)?);
        let shared = Arc::new(Shared {
            url: options.url.clone(),
            clock: Arc::clone(&options.clock),
            ids,
            pool: Pool::open(&options.url)?,
            lanes: has_writer.then(|| Arc::clone(&lanes)),
        });
        let directory = CardDirectory::start(&options.url)?;
        let keeper = keeper::start(&shared)?;
        let checkpoints = checkpoints::start(&shared)?;
        let sealer = sealer::start(&shared, options.rollup_span)?;
        // An answer names banks: after a purchase is decided is too late to look for them.
        let banks = BankCodes::default();
        banks.learn(&mut connection)?;
        let credits = CreditRunner::default();
        let names = AccountNames::default();
        Ok(Self {
            shared,
            keys,
            lanes,
            banks,
            names,
            credits,
            four_eyes_above: options.four_eyes_above,
            limits: options.recordings,
            turns: Turns::default(),
            directory,
            keeper,
            checkpoints,
            sealer,
        })
    }

    /// Has a purchase decided and recorded, or finds the answer it got before.
    ///
    /// # Errors
    /// [`Trouble`] when nothing was done, or it is not known.
    pub async fn redeem(&self, request: RedeemRequest<'_>) -> Result<Reply, Trouble> {
        let RedeemRequest { pos, number, pin, key, basket } = request;
        let keys = &self.keys;
        let card = self.directory.find(keys.card_index(&number)).await?;
        let request = Redeem::request_mac(keys, &number, pin, basket.record());
        let key_hash = key_hash(key);
        let basket = Arc::new(basket);
        let redeem = Redeem { pos, card, pin, key_hash, request, basket };
        self.lanes.decide(Command::Redeem(redeem)).await
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
        let card = self.directory.find(self.keys.card_index(number)).await?;
        self.lanes.decide(Command::Inquire(Inquiry { pos, card, pin })).await
    }

    /// The keys this ledger was opened with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Where the ledger's time comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// Whether requests can be answered: the storage is sound, the database is there, and its clock
    /// and this machine's agree.
    pub fn is_ready(&self) -> bool {
        let now = self.shared.clock.now();
        let skew = self
            .shared
            .read(|connection| connection.ping().and_then(|()| connection.clock_skew(now)));
        self.is_sound() && skew.is_ok_and(|millis| millis <= MOST_SKEW_MILLIS)
    }

    /// Whether the storage still works. Where it does not, the process has to end.
    pub fn is_sound(&self) -> bool {
        self.lanes.is_sound()
    }

    /// Waits for what is in hand, and gives the node's number back.
    pub fn close(self) {
        self.sealer.stop();
        self.keeper.stop();
        let Self { shared, .. } = self;
        if let Err(error) = shared.release() {
            tracing::warn!(%error, "the node's number was not given back; its lease runs out");
        }
        // Last: it sees whether the storage was sound to the end.
        if let Some(checkpoints) = self.checkpoints {
            checkpoints.stop();
        }
    }
}
