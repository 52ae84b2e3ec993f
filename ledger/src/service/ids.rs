//! Making ids: this process's leased node number and the ticks it may still use.

use std::sync::{Mutex, PoisonError};

use crate::domain::calendar::Instant;
use crate::domain::ids::{IdBlock, NodeNo, Tick};
use crate::store::connection::Connection;
use crate::store::nodes::{Lease, LeasedNode};
use crate::store::{FailureKind, StoreError};

use super::error::Trouble;

/// A lease that is not renewed for so long is over.
const LEASE_MILLIS: i64 = 30_000;
/// How far ahead of the clock the high-water mark is written. After a crash, ids go on from there.
const AHEAD_MILLIS: i64 = 10_000;
const TICKS_A_MILLI: i64 = 4096;
/// How often another number is tried when another process was faster.
const LEASE_TRIES: u32 = 32;

/// Hands out blocks of ids, never above the mark that is written in the database.
#[derive(Debug)]
pub(crate) struct IdSource {
    node: NodeNo,
    holder: [u8; 16],
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    next: Tick,
    high_water: Tick,
}

impl IdSource {
    /// Leases a node number; `holder` tells this process from every other.
    pub(crate) fn lease(
        connection: &mut Connection,
        holder: [u8; 16],
        now: Instant,
    ) -> Result<Self, StoreError> {
        let until = now.plus_millis(LEASE_MILLIS);
        let ahead = AHEAD_MILLIS.saturating_mul(TICKS_A_MILLI);
        // Another process may take the same number at the same moment; then there is another one.
        for _ in 0..LEASE_TRIES {
            let leased = connection.transaction(|tx| tx.lease_node(&holder, now, until, ahead));
            if let Ok(Some(LeasedNode { node, first })) = leased {
                let state = State { next: first, high_water: first.plus(ahead) };
                return Ok(Self { node, holder, state: Mutex::new(state) });
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
    pub(crate) fn block(&self, count: usize, above: i64, now: Instant) -> Result<IdBlock, Trouble> {
        let count = i64::try_from(count).map_err(|_too_many| Trouble::Unavailable)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let first = state.next.max(Tick::of(now)).max(Tick::above(above, self.node));
        let next = first.plus(count);
        if next > state.high_water {
            return Err(Trouble::Unavailable);
        }
        state.next = next;
        Ok(IdBlock::new(first, count, self.node))
    }

    /// Prolongs the lease and raises the mark: to be called every few seconds.
    pub(crate) fn renew(
        &self,
        connection: &mut Connection,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let used = self.state.lock().unwrap_or_else(PoisonError::into_inner).next;
        let high_water = used.max(Tick::of(now)).plus(AHEAD_MILLIS.saturating_mul(TICKS_A_MILLI));
        let lease = Lease { until: now.plus_millis(LEASE_MILLIS), high_water };
        let held = connection.renew_node(self.node, &self.holder, lease)?;
        if held {
            self.state.lock().unwrap_or_else(PoisonError::into_inner).high_water = high_water;
        }
        Ok(held)
    }

    /// Gives the number back: no id is made after this.
    pub(crate) fn release(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.high_water = state.next;
        connection.free_node(self.node, &self.holder, state.next)
    }
}
