//! Bank files on their way in: slow ones hold up nobody but their sender, and all together take no more
//! memory than there is room for.
//!
//! A client sends a few at once. What has arrived takes its place in the room piece by piece, so that
//! who sends nothing holds nothing. Only when all of a request is there does it wait for its turn to
//! be worked on: a client's requests one after the other, and a few of all of them at once.

use std::sync::Arc;
use std::time::Duration;

use ledger::service::Scope;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::auth::Session;
use crate::extract::Body;
use crate::limits::budget::UsedUp;
use crate::limits::clients::Reading;
use crate::problem::{Code, Problem};

/// A file takes its time over a slow line.
const UPLOAD: Duration = Duration::from_mins(5);
/// How long a request that has arrived waits for its turn.
const TURN: Duration = Duration::from_mins(1);
/// The files of a shop's request: a shop's account moves little.
const MAX_SHOP_FILES: usize = 16 * 1024 * 1024;
/// Requests that are worked on at once.
const AT_WORK: usize = 2;
/// The largest requests that there is room for at once.
const IN_MEMORY: usize = 4;

/// Room for files: shops, of which there are many, take nothing from the banks.
#[derive(Debug)]
pub(crate) struct FilesRoom {
    banks: Room,
    shops: Room,
}

#[derive(Debug)]
struct Room {
    turns: Arc<Semaphore>,
    /// KiB that may be in memory.
    memory: Arc<Semaphore>,
    /// Bytes of a request's body.
    largest: usize,
}

impl FilesRoom {
    /// Room for files of so many bytes in one request of a bank; `body_of` says how large a body may
    /// be that holds so many.
    pub(crate) fn of(largest: usize, body_of: impl Fn(usize) -> usize) -> Self {
        let room = |largest| {
            let largest = body_of(largest);
            let memory = largest.div_ceil(1024).saturating_mul(IN_MEMORY);
            Room {
                turns: Arc::new(Semaphore::new(AT_WORK)),
                memory: Arc::new(Semaphore::new(memory.min(Semaphore::MAX_PERMITS))),
                largest,
            }
        };
        Self { banks: room(largest), shops: room(largest.min(MAX_SHOP_FILES)) }
    }

    /// Reads the body of a client's request.
    pub(crate) async fn receive<T: DeserializeOwned + 'static>(
        &self,
        session: &Session,
        body: Body<T>,
    ) -> Result<(T, Received), Problem> {
        let room = match session.scope {
            Scope::Bank(..) => &self.banks,
            Scope::Merchant(_) | Scope::Auditor | Scope::Programme => &self.shops,
        };
        let sending = session.limits.upload().map_err(|UsedUp { wait }| Problem::wait(wait))?;
        let (read, memory) = body.json_into(&room.memory, room.largest, UPLOAD).await?;
        let own = Arc::clone(&session.limits.files);
        let received = Received { own, turns: Arc::clone(&room.turns), memory, sending };
        Ok((read, received))
    }
}

/// A request that has arrived.
#[derive(Debug)]
pub(crate) struct Received {
    own: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    memory: OwnedSemaphorePermit,
    sending: Reading,
}

/// A request whose turn it is, until this is dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "they are held, not used")]
pub(crate) struct Turn {
    own: OwnedSemaphorePermit,
    at_work: OwnedSemaphorePermit,
    memory: OwnedSemaphorePermit,
    sending: Reading,
}

impl Received {
    /// Waits for its turn.
    pub(crate) async fn turn(self) -> Result<Turn, Problem> {
        let Self { own, turns, memory, sending } = self;
        let both = async {
            // Its own first: who waits for another request of its own takes no turn from others.
            let own = own.acquire_owned().await;
            (own, turns.acquire_owned().await)
        };
        match timeout(TURN, both).await {
            Ok((Ok(own), Ok(at_work))) => Ok(Turn { own, at_work, memory, sending }),
            _ => Err(Problem::new(Code::Unavailable)),
        }
    }
}
