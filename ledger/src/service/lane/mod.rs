//! The write path: lanes that turn waiting requests into batches.
//!
//! A lane is a thread with its own connection. It takes whatever is waiting, up to a cap, and
//! commits it as one batch; while one batch commits, the next gathers. So a lone request does not
//! wait, and under load one commit carries hundreds.

mod batch;
mod decide;
mod figures;
mod health;
mod recall;
mod registry;
mod seat;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::domain::calendar::Instant;
use crate::domain::ids::AccountId;
use crate::domain::inquiry::RefusedInquiry;
use crate::domain::keys::{CardIndex, Keys};
use crate::domain::money::Rupiah;
use crate::domain::redemption::{Attempt, CardRef, PointOfSale, Redeem};
use crate::domain::shard::lane_of;
use crate::domain::wrong_pins::WrongPinLimit;
use crate::store::connection::Connection;
use crate::store::{Backend, DatabaseUrl, StoreError};

use super::error::Trouble;
use super::ids::IdSource;
use super::recorded::RecordedClock;

pub use figures::LaneFigures;
pub use seat::StandIn;

/// How long a request waits for its lane before its outcome is reported unknown.
const PATIENCE: Duration = Duration::from_secs(15);
/// Requests that may wait for a lane; one more is turned away.
const QUEUE: usize = 4096;

/// A question for a wallet's balance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inquiry {
    pub(crate) pos: PointOfSale,
    pub(crate) card: Option<CardRef>,
    pub(crate) number: CardIndex,
    pub(crate) pin: crate::domain::card::Pin,
}

/// What a lane decides.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Redeem(Redeem),
    Inquire(Inquiry),
}

impl Inquiry {
    /// The account it is recorded with when it is refused.
    fn anchor(&self) -> AccountId {
        self.card.map_or(self.pos.merchant, |card| card.wallet)
    }
}

impl Command {
    fn pos(&self) -> PointOfSale {
        match self {
            Self::Redeem(redeem) => redeem.pos,
            Self::Inquire(inquiry) => inquiry.pos,
        }
    }

    fn card(&self) -> Option<CardRef> {
        match self {
            Self::Redeem(redeem) => redeem.card,
            Self::Inquire(inquiry) => inquiry.card,
        }
    }

    /// The account that decides the lane, and that an attempt is recorded with.
    fn anchor(&self) -> AccountId {
        match self {
            Self::Redeem(redeem) => redeem.anchor(),
            Self::Inquire(inquiry) => inquiry.anchor(),
        }
    }
}

/// What a lane answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Decided now, or before when it is a replay.
    Decided {
        /// The attempt as recorded.
        attempt: Arc<Attempt>,
        /// Whether it was decided before.
        replay: bool,
    },
    /// The key was used for another request.
    KeyReused,
    /// The client's access was withdrawn.
    ClientRevoked,
    /// A wallet's balance.
    Balance {
        /// What the wallet holds.
        balance: Rupiah,
        /// When.
        as_of: Instant,
    },
    /// A balance inquiry is refused; the inquiry is recorded.
    NotTold(RefusedInquiry),
}

type Answer = oneshot::Sender<Result<Reply, Trouble>>;

/// A piece of work that has the only writing connection to itself; it says how its commit went.
type Job = Box<dyn FnOnce(&mut Connection) -> JobEnd + Send>;

/// How a piece of work left the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobEnd {
    /// Whatever it did is durable, or undone.
    Sound,
    /// Its COMMIT failed: whether it took effect is unknown.
    CommitFailed,
}

enum Work {
    Decide(Box<Command>, Answer),
    Alone(Job),
}

/// What every lane needs beside its connection.
#[derive(Clone, Debug)]
pub(crate) struct LaneContext {
    pub(crate) url: DatabaseUrl,
    pub(super) clock: Arc<RecordedClock>,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) keys: Arc<Keys>,
    /// When wrong PINs suspend a terminal.
    pub(crate) wrong_pins: Option<WrongPinLimit>,
    /// Where the batches go instead of to the database.
    pub(crate) stand_in: Option<StandIn>,
    /// Set when the storage failed in a way that only a restart can mend.
    pub(crate) broken: Arc<AtomicBool>,
}

/// All lanes of this process.
#[derive(Debug)]
pub(crate) struct Lanes {
    queues: Vec<mpsc::Sender<Work>>,
    threads: Vec<JoinHandle<()>>,
    broken: Arc<AtomicBool>,
    counters: Arc<figures::Counters>,
}

impl Lanes {
    /// Starts the lanes: one for `SQLite`; for `PostgreSQL` half as many as there are cores, rounded up
    /// to a power of two. The statement that writes a batch costs nearly as much for ten purchases as
    /// for twenty, and a second lane without a core of its own only halves the first one's batches.
    pub(crate) fn start(context: &LaneContext, cores: usize) -> Result<Self, StoreError> {
        let count = match context.url.backend() {
            Backend::Sqlite => 1,
            Backend::Postgres => cores.div_ceil(2).max(1).next_power_of_two(),
        };
        let (mut queues, mut threads) = (Vec::new(), Vec::new());
        let counters = Arc::new(figures::Counters::default());
        for number in 0..count {
            let (sender, receiver) = mpsc::channel(QUEUE);
            let worker = worker::Worker::open(context.clone(), Arc::clone(&counters))?;
            let thread = std::thread::Builder::new()
                .name(format!("lane-{number}"))
                .spawn(move || worker.run(receiver))
                .map_err(|error| StoreError::Pool(format!("no thread for a lane: {error}")))?;
            queues.push(sender);
            threads.push(thread);
        }
        Ok(Self { queues, threads, broken: Arc::clone(&context.broken), counters })
    }

    /// What the lanes did since the start, and what waits for them.
    pub(crate) fn figures(&self) -> LaneFigures {
        let waiting = self.queues.iter().map(|queue| QUEUE.saturating_sub(queue.capacity()));
        self.counters.read(waiting.fold(0, usize::saturating_add))
    }

    /// Whether the storage still works.
    pub(crate) fn is_sound(&self) -> bool {
        !self.broken.load(Ordering::Acquire)
    }

    /// Whether what was asked for lately could be decided.
    pub(crate) fn are_deciding(&self) -> bool {
        self.counters.health.is_good()
    }

    /// Takes the lanes out of service: nothing is decided any more, and the process has to end.
    pub(crate) fn condemn(&self) {
        self.broken.store(true, Ordering::Release);
    }

    /// Has a command decided. A full queue turns it away at once.
    pub(crate) async fn decide(&self, command: Command) -> Result<Reply, Trouble> {
        let (answer, decided) = oneshot::channel();
        let lane = lane_of(command.anchor(), self.queues.len());
        let queue = self.queues.get(lane).ok_or(Trouble::Unavailable)?;
        queue
            .try_send(Work::Decide(Box::new(command), answer))
            .map_err(|_full_or_closed| Trouble::Unavailable)?;
        // A lane that dies with the request in hand may have committed it, and one that hangs may yet.
        match tokio::time::timeout(PATIENCE, decided).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(_)) | Err(_) => Err(Trouble::Unknown),
        }
    }

    /// Hands a piece of work to the first lane, to be done between batches, and waits for it. Only
    /// `SQLite` needs this: it has one writer.
    pub(crate) fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> (T, JobEnd) + Send + 'static,
    ) -> Result<T, Trouble> {
        if !self.is_sound() {
            return Err(Trouble::Unavailable);
        }
        let (answer, done) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let (result, end) = work(connection);
            if answer.send(result).is_err() {
                tracing::debug!("nobody waits for this work any more");
            }
            end
        });
        let queue = self.queues.first().ok_or(Trouble::Unavailable)?;
        queue.blocking_send(Work::Alone(job)).map_err(|_closed| Trouble::Unavailable)?;
        done.blocking_recv().map_err(|_dropped| Trouble::Unknown)
    }
}

/// Lets the lanes finish what is waiting, and waits for them.
impl Drop for Lanes {
    fn drop(&mut self) {
        self.queues.clear();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a lane ended by a panic");
            }
        }
    }
}
