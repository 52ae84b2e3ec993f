//! What every use case stands on: the database, the clock, the ids, and the one way to write.

use std::sync::Arc;

use crate::store::connection::{Connection, Purpose};
use crate::store::pool::Pool;
use crate::store::{Backend, DatabaseUrl, FailureKind, StoreError};

use super::clock::Clock;
use super::commits::Commits;
use super::error::Trouble;
use super::ids::IdSource;
use super::keyfile::{self, KeysError};
use super::lane::{JobEnd, Lanes};
use super::recorded::RecordedClock;

/// The database, the clock and the ids.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) url: DatabaseUrl,
    pub(super) clock: Arc<RecordedClock>,
    pub(super) ids: Arc<IdSource>,
    /// What writes, and what the service reads for itself.
    pub(super) pool: Pool,
    /// What clients look at.
    pub(super) looks: Pool,
    /// What takes its time.
    pub(super) reports: Pool,
    /// The lanes of this process, where it serves: on `SQLite` they hold its only writer.
    pub(super) lanes: Option<Arc<Lanes>>,
}

impl Shared {
    /// For a command that runs beside the service: without keys and without lanes.
    pub(super) fn open(url: &DatabaseUrl, clock: Arc<dyn Clock>) -> Result<Self, KeysError> {
        let mut connection = Connection::open(url, Purpose::General)?;
        let clock = Arc::new(RecordedClock::open(&mut connection, clock)?);
        let holder = keyfile::random_bytes()?;
        let ids = Arc::new(IdSource::lease(&mut connection, url, holder, clock.now())?);
        let pool = Pool::open(url, Purpose::General)?;
        let (looks, reports) = (pool.clone(), pool.clone());
        Ok(Self { url: url.clone(), clock, ids, pool, looks, reports, lanes: None })
    }

    /// Reads what a client waits for, and what takes no longer than a page of a list.
    pub(super) fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.looks.with(work)
    }

    /// Reads what takes its time: a few at once, which hold no other reader up.
    pub(super) fn read_long<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.reports.with(work)
    }

    /// Reads what the service needs for its own work, whatever clients hold.
    pub(super) fn read_own<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.pool.with(work)
    }

    /// Writes what nothing refers to until another write does: if it fails, or what comes after it,
    /// nothing was done.
    pub(super) fn prepare<T, E>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + From<Trouble> + Contended + Send + 'static,
    {
        self.may_decide()?;
        self.keep(work)
    }

    /// Writes in a transaction of its own: between the lane's batches on `SQLite`, which has one
    /// writer; otherwise with a connection of the pool, where it is tried again when another
    /// transaction was in its way. Nothing is written while the clock can't be trusted.
    pub(super) fn write<T, E>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + From<Trouble> + Contended + Send + 'static,
    {
        self.may_decide()?;
        self.keep(work).inspect(|_done| Commits::note())
    }

    /// The same for what decides nothing and is done whatever the clock says: sealing, leases.
    pub(super) fn keep<T, E>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + From<Trouble> + Contended + Send + 'static,
    {
        match (self.url.backend(), &self.lanes) {
            (Backend::Sqlite, Some(lanes)) => {
                let ids = Arc::clone(&self.ids);
                lanes.alone(move |connection| commit_or_unknown(connection, &ids, &work))?
            }
            _ => self.pool.with(|connection| {
                let (mut result, _) = commit_or_unknown(connection, &self.ids, &work);
                for _ in 0..3 {
                    if !matches!(&result, Err(error) if error.is_contended()) {
                        break;
                    }
                    (result, _) = commit_or_unknown(connection, &self.ids, &work);
                }
                result
            }),
        }
    }

    /// Whether the clock can be trusted to decide anything.
    pub(super) fn may_decide(&self) -> Result<(), Trouble> {
        self.clock.check().map_err(|_told_when_it_began| Trouble::Unavailable)
    }

    /// Another process holds this one's number by now: it may make no more ids, and has to end, so
    /// that it takes a number afresh.
    pub(super) fn lose_lease(&self) {
        tracing::error!("another process holds this node's number");
        if let Some(lanes) = &self.lanes {
            lanes.condemn();
        }
    }

    /// Gives the node's number back.
    pub(super) fn release(&self) -> Result<(), Trouble> {
        let ids = Arc::clone(&self.ids);
        self.keep(move |tx| Ok(ids.release(tx)?))
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
    ids: &IdSource,
    work: &impl Fn(&mut Connection) -> Result<T, E>,
) -> (Result<T, E>, JobEnd) {
    if let Err(error) = connection.begin() {
        return (Err(error.into()), JobEnd::Sound);
    }
    let done = work(connection).and_then(|done| {
        ids.before_commit(connection)?;
        Ok(done)
    });
    match done {
        Ok(done) => match connection.commit() {
            Ok(()) => (Ok(done), JobEnd::Sound),
            Err(error) => {
                tracing::error!(%error, "the outcome of a commit is unknown");
                connection.rollback();
                (Err(E::from(Trouble::Unknown)), JobEnd::CommitFailed)
            }
        },
        Err(error) => {
            connection.rollback();
            (Err(error), JobEnd::Sound)
        }
    }
}
