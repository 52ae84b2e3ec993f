//! Carrying a run on to its end: with several sessions on `PostgreSQL`, each with chunks of its own; step
//! by step between the lane's batches on `SQLite`, which has one writer.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant as Stopwatch};

use crate::domain::credit::RunStatus;
use crate::store::connection::{Connection, Purpose};
use crate::store::{Backend, StoreError};

use super::super::error::Trouble;
use super::super::shared::{Contended, Shared};
use super::chunk::{Halt, Sizes, Step, Way, step};
use super::{CreditError, CreditRun, load};

/// Sessions that one process has on `PostgreSQL`.
const SESSIONS: usize = 2;
/// How often a step is tried again when another transaction was in its way.
const TRIES: u32 = 5;
/// How long a session waits for the others' last chunks before it looks again.
const WAIT: Duration = Duration::from_millis(50);
/// How often progress is reported.
const TELL: Duration = Duration::from_millis(500);

/// Carries a run on to its end. A session that fails leaves its part to the others.
pub(super) fn carry_on(
    shared: &Arc<Shared>,
    id: i64,
    progress: impl FnMut(&CreditRun) + Send,
) -> Result<CreditRun, CreditError> {
    let told = Mutex::new(Told { progress, next: Stopwatch::now() });
    let sessions = match shared.url.backend() {
        Backend::Sqlite => 1,
        Backend::Postgres => SESSIONS,
    };
    let done = thread::scope(|scope| {
        let work = || scope.spawn(|| work(shared, id, &told));
        let sessions: Vec<_> = (0..sessions).map(|_| work()).collect();
        let join = |session: thread::ScopedJoinHandle<'_, Result<(), CreditError>>| {
            session.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        sessions.into_iter().map(join).fold(Ok(()), Result::and)
    });
    let run = shared.read_own(|connection| load(connection, id))?.ok_or_else(|| missing(id))?;
    if run.status == RunStatus::Running {
        done?;
    }
    let mut told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
    (told.progress)(&run);
    Ok(run)
}

fn missing(id: i64) -> StoreError {
    StoreError::corrupt(format!("credit run {id} is not there"))
}

/// Who wants to know how the run stands.
struct Told<F> {
    progress: F,
    next: Stopwatch,
}

/// Does step after step until the run is done.
fn work(
    shared: &Arc<Shared>,
    id: i64,
    told: &Mutex<Told<impl FnMut(&CreditRun) + Send>>,
) -> Result<(), CreditError> {
    let mut session = Session::open(shared)?;
    loop {
        match session.step(id)? {
            Step::More => {}
            Step::Waits => thread::sleep(WAIT),
            Step::Done => return Ok(()),
        }
        // A session does not wait while another one reports.
        let Ok(mut told) = told.try_lock() else { continue };
        let now = Stopwatch::now();
        if now >= told.next {
            told.next = now.checked_add(TELL).unwrap_or(now);
            let run = shared.read_own(|connection| load(connection, id))?;
            (told.progress)(&run.ok_or_else(|| missing(id))?);
        }
    }
}

/// What one session works with.
struct Session<'a> {
    shared: &'a Arc<Shared>,
    sizes: Sizes,
    /// On `PostgreSQL`.
    connection: Option<Connection>,
}

impl<'a> Session<'a> {
    fn open(shared: &'a Arc<Shared>) -> Result<Self, StoreError> {
        let backend = shared.url.backend();
        let connection = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => {
                let mut connection = Connection::open(&shared.url, Purpose::Lane)?;
                connection.prepare_for_chunks()?;
                Some(connection)
            }
        };
        Ok(Self { shared, sizes: Sizes::of(backend), connection })
    }

    /// One step, without locks if possible, and again if others are in its way.
    fn step(&mut self, id: i64) -> Result<Step, CreditError> {
        let (mut way, mut tries) = (Way::Straight, 0_u32);
        loop {
            tries = tries.saturating_add(1);
            match self.try_step(id, way) {
                Ok(done) => return Ok(done),
                Err(Halt::NeedsLocks) if tries < TRIES => way = Way::Locked,
                Err(Halt::NeedsLocks) => return Err(Trouble::Unavailable.into()),
                Err(Halt::Failed(error)) if error.is_contended() && tries < TRIES => {
                    tracing::debug!(%error, "a chunk is tried again");
                }
                Err(Halt::Failed(error)) => return Err(error),
            }
        }
    }

    fn try_step(&mut self, id: i64, way: Way) -> Result<Step, Halt> {
        let (shared, sizes) = (self.shared, self.sizes);
        shared.may_decide()?;
        let (clock, ids) = (Arc::clone(&shared.clock), Arc::clone(&shared.ids));
        let work = move |tx: &mut Connection| step(tx, (&ids, clock.now()), id, (sizes, way));
        match &mut self.connection {
            Some(connection) => connection.transaction(work),
            None => shared.write(work),
        }
    }
}
