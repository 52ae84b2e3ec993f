//! The ledger as the edges use it: opened once, shared by all handlers.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::OwnedSemaphorePermit;

use crate::domain::basket::Basket;
use crate::domain::calendar::Instant;
use crate::domain::card::{CardNumber, Pin};
use crate::domain::keys::{CardIndex, Keys, key_hash};
use crate::domain::redemption::{Outcome, PointOfSale, Redeem};
use crate::domain::refusal::Refusal;
use crate::domain::resolution::FourEyes;
use crate::domain::wrong_pins::WrongPinLimit;
use crate::store::connection::{Connection, Purpose};
use crate::store::pool::Pool;
use crate::store::private::close_to_others;
use crate::store::{DatabaseUrl, StoreError};

use super::background::Background;
use super::banks::BankCodes;
use super::clock::Clock;
use super::credit::CreditRunner;
use super::directory::{CardDirectory, Found};
use super::error::Trouble;
use super::ids::IdSource;
use super::in_flight::InFlight;
use super::keyfile::{self, KeysError};
use super::lane::{Command, Inquiry, LaneContext, Lanes, Reply, StandIn};
use super::limits::ProgrammeLimits;
use super::own::OwnConnection;
use super::reads::AccountNames;
use super::reconciling::{RecordingLimits, Turns};
use super::recorded::{ClockTrouble, RecordedClock};
use super::shared::Shared;
use super::{checkpoints, keeper, sealer};

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
    /// What decisions about differences may move without a second person's agreement.
    pub four_eyes_above: FourEyes,
    /// What the programme's clients may do alone, and what no client may do.
    pub limits: ProgrammeLimits,
    /// What clients may send to be reconciled.
    pub recordings: RecordingLimits,
    /// When wrong PINs suspend a terminal; `None`: never.
    pub wrong_pins: Option<WrongPinLimit>,
}

/// Why requests can't be answered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// The storage failed; the process ends.
    #[error("the storage failed")]
    Storage,
    /// The database does not answer, or what purchases stand on can't be read.
    #[error("the database can't be read")]
    Database,
    /// The machine's clock differs from the database's.
    #[error("this machine's clock is not the database's")]
    ClockSkewed,
    /// The clock was set while the service runs.
    #[error("the clock was set while the service runs")]
    ClockStepped,
    /// Purchases failed lately, one after the other.
    #[error("purchases can't be decided")]
    NotDeciding,
}

/// The ledger, open.
#[derive(Debug)]
pub struct Ledger {
    own_clock: Arc<dyn Clock>,
    probe: OwnConnection,
    pub(super) shared: Arc<Shared>,
    pub(super) keys: Arc<Keys>,
    pub(super) lanes: Arc<Lanes>,
    pub(super) banks: BankCodes,
    pub(super) names: AccountNames,
    pub(super) credits: CreditRunner,
    pub(super) four_eyes_above: FourEyes,
    pub(super) limits: ProgrammeLimits,
    pub(super) recordings: RecordingLimits,
    pub(super) turns: Turns,
    directory: CardDirectory,
    /// Where wrong PINs suspend terminals.
    in_flight: Option<InFlight>,
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
/// [`StoreError`] when the database can't be asked, or other migrations made it than this build's.
pub fn needs_migration(url: &DatabaseUrl) -> Result<bool, StoreError> {
    Connection::open(url, Purpose::General)?.needs_migration()
}

/// The nodes that are at work on the database now, and until when each is known to be.
///
/// # Errors
/// [`StoreError`] when the database can't be asked.
pub fn nodes_at_work(url: &DatabaseUrl, now: Instant) -> Result<Vec<(i16, Instant)>, StoreError> {
    let nodes = Connection::open(url, Purpose::General)?.live_nodes(now)?;
    Ok(nodes.into_iter().map(|(node, until)| (node, Instant::from_millis(until))).collect())
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
        if let Some(file) = options.url.file() {
            close_to_others(file);
        }
        let mut connection = Connection::open(&options.url, Purpose::General)?;
        if connection.needs_migration()? {
            return Err(StoreError::Migrate("migrations are still to be run".to_owned()).into());
        }
        let clock = Arc::new(RecordedClock::open(&mut connection, Arc::clone(&options.clock))?);
        let keys = Arc::new(keyfile::keys_of(&mut connection, &options.keys, clock.now())?);
        let holder = keyfile::random_bytes()?;
        let ids = IdSource::lease(&mut connection, &options.url, holder, clock.now())?;
        let ids = Arc::new(ids);
        let context = LaneContext {
            url: options.url.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            keys: Arc::clone(&keys),
            wrong_pins: options.wrong_pins,
            broken: Arc::new(AtomicBool::new(false)),
            stand_in,
        };
        let has_writer = context.stand_in.is_none();
        let lanes = Arc::new(Lanes::start(&context, options.cores)?);
        let shared = Arc::new(Shared {
            url: options.url.clone(),
            clock,
            ids,
            pool: Pool::open(&options.url, Purpose::General)?,
            looks: Pool::open(&options.url, Purpose::Look)?,
            reports: Pool::open(&options.url, Purpose::Report)?,
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
            own_clock: Arc::clone(&options.clock),
            probe: OwnConnection::to(&options.url),
            shared,
            keys,
            lanes,
            banks,
            names,
            credits,
            four_eyes_above: options.four_eyes_above,
            limits: options.limits,
            recordings: options.recordings,
            turns: Turns::default(),
            directory,
            in_flight: options.wrong_pins.map(|_| InFlight::default()),
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
        let _permit = self.enter(pos).await?;
        let index = keys.card_index(&number);
        let found = self.directory.find(index).await?;
        let request = Redeem::request_mac(keys, &number, pin, basket.record());
        let key_hash = key_hash(key);
        let basket = Arc::new(basket);
        let card = found.card;
        let redeem = Redeem { pos, card, number: index, pin, key_hash, request, basket };
        let reply = self.lanes.decide(Command::Redeem(redeem)).await?;
        self.ask_as_often(&reply, found, index).await;
        Ok(reply)
    }

    /// Gives a wallet's balance to anyone who knows the card's PIN.
    ///
    /// # Errors
    /// [`Trouble`] when nothing was done, or it is not known whether a wrong PIN was counted.
    pub async fn inquire(
        &self,
        pos: PointOfSale,
        number: &CardNumber,
        pin: Pin,
    ) -> Result<Reply, Trouble> {
        let _permit = self.enter(pos).await?;
        let index = self.keys.card_index(number);
        let found = self.directory.find(index).await?;
        let inquiry = Inquiry { pos, card: found.card, number: index, pin };
        let reply = self.lanes.decide(Command::Inquire(inquiry)).await?;
        self.ask_as_often(&reply, found, index).await;
        Ok(reply)
    }

    async fn enter(&self, pos: PointOfSale) -> Result<Option<OwnedSemaphorePermit>, Trouble> {
        match &self.in_flight {
            Some(in_flight) => in_flight.enter(pos.terminal).await.map(Some),
            None => Ok(None),
        }
    }

    /// The database is asked for every number that no card has, and not for one that is remembered:
    /// after a wrong PIN, and where a shop or terminal that may not sell asks, it is asked for that, too,
    /// so that response times do not reveal which numbers are cards. The result is already known.
    async fn ask_as_often(&self, reply: &Reply, found: Found, number: CardIndex) {
        let refusal = match reply {
            Reply::Decided { attempt, replay: false } => match &attempt.outcome {
                Outcome::Refused(objection) => Some(objection.refusal),
                Outcome::Approved(_) => None,
            },
            Reply::NotTold(inquiry) => Some(inquiry.refusal),
            Reply::Decided { .. }
            | Reply::KeyReused
            | Reply::ClientRevoked
            | Reply::Balance { .. } => None,
        };
        let is_hidden = |refusal: Refusal| refusal.is_wrong_pin() || refusal.is_of_the_shop();
        if found.remembered && refusal.is_some_and(is_hidden) {
            let asked = self.directory.ask(number).await;
            tracing::trace!(asked = asked.is_ok(), "a card was looked up again");
        }
    }

    /// The keys this ledger was opened with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The clock that the ledger was opened with, as it is: for tokens and limits. What is recorded goes
    /// by another, which never goes back.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.own_clock
    }

    /// Whether requests can be answered: the storage is sound, the clock can be trusted, the database
    /// answers, and what was decided lately could be.
    ///
    /// # Errors
    /// [`NotReady`] gives the reason.
    pub fn ready(&self) -> Result<(), NotReady> {
        if !self.is_sound() {
            return Err(NotReady::Storage);
        }
        self.shared.clock.check().map_err(|trouble| match trouble {
            ClockTrouble::Skewed => NotReady::ClockSkewed,
            ClockTrouble::Stepped => NotReady::ClockStepped,
        })?;
        if !self.lanes.are_deciding() {
            return Err(NotReady::NotDeciding);
        }
        self.probe.with(Connection::probe).map_err(|error| {
            tracing::warn!(%error, "the database can't be read");
            NotReady::Database
        })
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
