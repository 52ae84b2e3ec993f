//! Making ids and retrieval references: this process's leased node number, the ticks it may still use, and the
//! blocks of the serial that it took.
//!
//! Ids stay below a mark that is written in the database, so that no other process and no later one makes them
//! again. The mark is raised ahead every few seconds; a block of ids that goes beyond it has it raised first. On
//! `PostgreSQL` that is a statement of its own, on a connection of its own. On `SQLite`, where only one can write,
//! it is part of the transaction that uses the ids ([`IdSource::before_commit`]). So a block is always to be
//! had, however far ahead of the clock it lies.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::calendar::Instant;
use crate::domain::ids::{IdBlock, NodeNo, Tick, has_ids_above};
use crate::store::batch::BatchStore;
use crate::store::connection::Connection;
use crate::store::nodes::{Lease, LeaseTimes, LeasedNode};
use crate::store::{Backend, DatabaseUrl, FailureKind, StoreError};

use super::error::Trouble;
use super::own::OwnConnection;

/// A lease that is not renewed for so long is over.
const LEASE_MILLIS: i64 = 30_000;
/// How far ahead the high-water mark is written. After a crash, ids go on from there.
const AHEAD: i64 = 10_000 * TICKS_A_MILLI;
const TICKS_A_MILLI: i64 = 4096;
/// How often another number is tried when another process was faster.
const LEASE_TRIES: u32 = 32;
/// Retrieval references that are taken at once; there are more at hand than are used between two renewals.
const REFERENCES: i64 = 100_000;

/// Hands out blocks of ids, never above the mark that is written in the database.
#[derive(Debug)]
pub(crate) struct IdSource {
    node: NodeNo,
    holder: [u8; 16],
    /// Where marks can be raised beside everything else.
    own: Option<OwnConnection>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    next: Tick,
    high_water: Tick,
    references: VecDeque<Range<i64>>,
}

impl State {
    fn references_left(&self) -> i64 {
        let left = self.references.iter().map(|block| block.end.saturating_sub(block.start));
        left.fold(0, i64::saturating_add)
    }

    /// The first of `count` references that follow each other. What is left of a block and does not
    /// suffice is never used.
    fn take_references(&mut self, count: i64) -> Option<i64> {
        while let Some(block) = self.references.front_mut() {
            let first = block.start;
            block.start = first.saturating_add(count);
            if block.start <= block.end {
                return Some(first);
            }
            self.references.pop_front();
        }
        None
    }
}

/// What a renewal wrote; it holds once that is committed.
#[derive(Debug)]
pub(crate) struct Renewal {
    high_water: Tick,
    references: Option<Range<i64>>,
}

impl IdSource {
    /// Leases a node number; `holder` identifies this process.
    pub(crate) fn lease(
        connection: &mut Connection,
        url: &DatabaseUrl,
        holder: [u8; 16],
        now: Instant,
    ) -> Result<Self, StoreError> {
        let own = (url.backend() == Backend::Postgres).then(|| OwnConnection::to(url));
        // Another process may take the same number at the same moment; then there is another one.
        for _ in 0..LEASE_TRIES {
            let times = lease_times(connection, now)?;
            let leased =
                connection.transaction(|tx| tx.lease_node(&holder, times, Tick::of(now), AHEAD));
            if let Ok(Some(LeasedNode { node, first })) = leased {
                let (high_water, references) = (first.plus(AHEAD), VecDeque::new());
                let state = Mutex::new(State { next: first, high_water, references });
                return Ok(Self { node, holder, own, state });
            }
            match leased {
                Err(error)
                    if !matches!(
                        error.kind(),
                        FailureKind::Duplicate | FailureKind::Contention
                    ) =>
                {
                    return Err(error);
                }
                _ => tracing::debug!("a node number was taken by another process"),
            }
        }
        Err(StoreError::Pool("all node numbers are leased".to_owned()))
    }

    /// A block of `count` ids that were never used, all of them after `now` and above the id `above`.
    ///
    /// # Errors
    /// [`Trouble`] when the mark can't be raised, or `above` or `now` lies near the end of all ids.
    pub(crate) fn block(&self, count: usize, above: i64, now: Instant) -> Result<IdBlock, Trouble> {
        let count = i64::try_from(count).map_err(|_too_many| Trouble::Unavailable)?;
        if !has_ids_above(above) {
            return Err(implausible(above).into());
        }
        loop {
            let wanted = {
                let mut state = self.state();
                let least = Tick::of(now).max(Tick::above(above, self.node));
                let first = state.next.max(least);
                let next = first.plus(count);
                if !next.is_usable() {
                    return Err(implausible(first.id(self.node)).into());
                }
                if self.own.is_none() || next <= state.high_water {
                    state.next = next;
                    return Ok(IdBlock::new(first, count, self.node));
                }
                next.plus(AHEAD)
            };
            self.raise_mark(wanted)?;
        }
    }

    /// The serial of the first of `count` retrieval references, which are given out only once, for
    /// what is written in the transaction that is open in `store`, if one is.
    pub(crate) fn references(
        &self,
        store: &mut dyn BatchStore,
        count: usize,
    ) -> Result<i64, Trouble> {
        let count = i64::try_from(count).map_err(|_too_many| Trouble::Unavailable)?;
        loop {
            if let Some(first) = self.state().take_references(count) {
                return Ok(first);
            }
            let Some(own) = &self.own else {
                // Taken with this transaction or not at all: nothing of it is kept for later ones.
                return Ok(store.take_references(REFERENCES.max(count))?);
            };
            let first = own.with(|connection| connection.take_references(REFERENCES.max(count)))?;
            self.state().references.push_back(first..first.saturating_add(REFERENCES.max(count)));
        }
    }

    /// Raises the mark by a statement of its own, unless it is so high already.
    fn raise_mark(&self, wanted: Tick) -> Result<(), Trouble> {
        let own = self.own.as_ref().ok_or(Trouble::Unavailable)?;
        let raised = own.with(|connection| {
            if self.state().high_water >= wanted {
                return Ok(true);
            }
            connection.raise_mark(self.node, &self.holder, wanted)
        })?;
        if !raised {
            return Err(Trouble::Unavailable);
        }
        self.believe(wanted);
        Ok(())
    }

    /// To be called before what uses ids is committed: raises the mark in the same transaction where they lie
    /// above it. The mark counts for this transaction alone; the next renewal raises it for all.
    pub(crate) fn before_commit(&self, store: &mut dyn BatchStore) -> Result<(), Trouble> {
        let wanted = {
            let state = self.state();
            if self.own.is_some() || state.next <= state.high_water {
                return Ok(());
            }
            state.next.plus(AHEAD)
        };
        let raised = store.raise_mark(self.node, &self.holder, wanted)?;
        if raised { Ok(()) } else { Err(Trouble::Unavailable) }
    }

    /// Prolongs the lease, raises the mark and sees to it that references are at hand: to be called every few
    /// seconds. `None` when somebody else holds the number by now.
    pub(crate) fn renew(
        &self,
        connection: &mut Connection,
        now: Instant,
    ) -> Result<Option<Renewal>, StoreError> {
        let (high_water, lacking) = {
            let state = self.state();
            let ahead = state.next.max(Tick::of(now)).plus(AHEAD);
            (ahead.max(state.high_water), state.references_left() < REFERENCES)
        };
        let times = lease_times(connection, now)?;
        let lease = Lease { until: times.until, high_water };
        if !connection.renew_node(self.node, &self.holder, lease)? {
            return Ok(None);
        }
        let references = if lacking {
            let first = connection.take_references(REFERENCES)?;
            Some(first..first.saturating_add(REFERENCES))
        } else {
            None
        };
        Ok(Some(Renewal { high_water, references }))
    }

    /// Takes what a renewal wrote and committed.
    pub(crate) fn renewed(&self, renewal: Renewal) {
        self.believe(renewal.high_water);
        self.state().references.extend(renewal.references);
    }

    /// The connection that keeps this process's place, where that is not a lane's.
    pub(crate) const fn own(&self) -> Option<&OwnConnection> {
        self.own.as_ref()
    }

    /// Gives the number back: no id is made after this.
    pub(crate) fn release(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let next = {
            let mut state = self.state();
            state.high_water = state.next;
            state.next
        };
        connection.free_node(self.node, &self.holder, next)
    }

    fn believe(&self, high_water: Tick) {
        let mut state = self.state();
        state.high_water = state.high_water.max(high_water);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From when to when a lease is good: by the database's clock, where it has one.
fn lease_times(connection: &mut Connection, now: Instant) -> Result<LeaseTimes, StoreError> {
    if let Some(now) = connection.server_clock()? {
        let (until, latest) = (now.plus_millis(LEASE_MILLIS), Instant::from_millis(i64::MAX));
        return Ok(LeaseTimes { now, until, latest });
    }
    // All are on this machine: none that lives has a lease from a later clock than this one's.
    let until = now.plus_millis(LEASE_MILLIS);
    Ok(LeaseTimes { now, until, latest: until.plus_millis(LEASE_MILLIS) })
}

fn implausible(id: i64) -> StoreError {
    StoreError::corrupt(format!("no ids are made above {id}: that is near the end of all"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::connection::Purpose;

    const HOUR: i64 = 3_600_000;

    fn at(millis: i64) -> Instant {
        let start: Instant = "2018-09-03T08:00:00Z".parse().unwrap();
        start.plus_millis(millis)
    }

    fn empty(folder: &tempfile::TempDir) -> (DatabaseUrl, Connection) {
        let url = DatabaseUrl::sqlite(&folder.path().join("ids.db"));
        let mut connection = Connection::open(&url, Purpose::General).unwrap();
        connection.migrate().unwrap();
        (url, connection)
    }

    #[test]
    fn a_block_far_above_the_mark_is_to_be_had_and_never_made_again_after_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let (url, mut connection) = empty(&folder);
        let ids = IdSource::lease(&mut connection, &url, [1; 16], at(0)).unwrap();
        let ahead = Tick::of(at(6 * HOUR)).id(NodeNo::new(7).unwrap());
        connection.begin().unwrap();
        let used = ids.block(3, ahead, at(1)).unwrap();
        assert!(used.first() > ahead);
        ids.before_commit(&mut connection).unwrap();
        connection.commit().unwrap();
        // What is rolled back leaves no mark, and takes the ids that are used later with no one.
        connection.begin().unwrap();
        let unused = ids.block(3, 0, at(2)).unwrap();
        ids.before_commit(&mut connection).unwrap();
        connection.rollback();
        connection.begin().unwrap();
        let last = ids.block(3, 0, at(3)).unwrap();
        assert!(used.last() <= unused.first() && unused.last() <= last.first());
        ids.before_commit(&mut connection).unwrap();
        connection.commit().unwrap();
        // The process is gone without a word; another one takes its number.
        let next = IdSource::lease(&mut connection, &url, [2; 16], at(LEASE_MILLIS + 1)).unwrap();
        assert_eq!(next.node, ids.node);
        assert!(next.block(1, 0, at(LEASE_MILLIS + 1)).unwrap().first() > last.last());
    }

    #[test]
    fn a_block_above_an_id_near_the_end_of_all_is_not_made_and_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let (url, mut connection) = empty(&folder);
        let ids = IdSource::lease(&mut connection, &url, [1; 16], at(0)).unwrap();
        assert!(ids.block(1, i64::MAX - 9, at(0)).is_err());
        let next = ids.block(1, 0, at(0)).unwrap();
        assert!(next.first() < Tick::of(at(HOUR)).id(ids.node));
    }

    #[test]
    fn a_lease_from_a_clock_that_was_ahead_is_over_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (url, mut connection) = empty(&folder);
        let mut lease = |holder, now| {
            IdSource::lease(&mut connection, &url, [holder; 16], now).unwrap().node.get()
        };
        assert_eq!(lease(1, at(HOUR)), 0);
        assert_eq!(lease(2, at(0)), 0, "nobody alive has a lease an hour ahead");
        assert_eq!(lease(3, at(1000)), 1);
        assert_eq!(lease(4, at(LEASE_MILLIS + 500)), 0);
    }

    #[test]
    fn references_are_taken_in_blocks_and_never_twice() {
        let folder = tempfile::tempdir().unwrap();
        let (url, mut connection) = empty(&folder);
        let lease = |connection: &mut Connection, holder| {
            IdSource::lease(connection, &url, [holder; 16], at(0)).unwrap()
        };
        let nodes = [lease(&mut connection, 1), lease(&mut connection, 2)];
        let mut taken = std::collections::BTreeSet::new();
        for round in 0..600 {
            for ids in &nodes {
                if round % 200 == 100 {
                    let renewal = ids.renew(&mut connection, at(round)).unwrap().unwrap();
                    ids.renewed(renewal);
                }
                let first = ids.references(&mut connection, 513).unwrap();
                assert!((first..first + 513).all(|serial| taken.insert(serial)));
            }
        }
        assert_eq!(taken.len(), 2 * 600 * 513);
    }
}
