//! Which state of the ledger is read: the present one, or as it was at a size of its log or at a time.
//!
//! What is sealed never changes, so that what was read as of a size of the log is read so for ever. A
//! time stands for the size that the log had then.

use crate::domain::account::AccountKind;
use crate::domain::calendar::Instant;
use crate::domain::ids::{MerchantId, WalletId};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::{AccountRow, Extent};

use super::super::clients::NoAccess;
use super::super::ledger::Ledger;
use super::Place;

/// A state of the ledger that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// When so many transfers had their place in the log.
    LogSize(i64),
    /// What was sealed by then.
    Time(Instant),
}

/// Why a state of the ledger is not shown.
#[derive(Debug, thiserror::Error)]
pub enum NotShown {
    /// The client may not read.
    #[error(transparent)]
    NoAccess(#[from] NoAccess),
    /// The log is not so long: it has so many transfers.
    #[error("the log has {0} transfers so far")]
    NotSealed(i64),
    /// The time is still to come.
    #[error("that time is still to come")]
    Future,
}

/// The state that an answer describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The time it is the state of.
    pub(super) as_of: Instant,
    /// What it takes in.
    pub(super) extent: Extent,
}

impl Ledger {
    /// Reads for a client the state that it asks for, the present one when it asks for none. A state
    /// before takes its time: what moved since a roll-up is added up.
    pub(super) fn read_as_of<T>(
        &self,
        client: i64,
        asked: Option<AsOf>,
        work: impl FnOnce(&mut Connection, Moment) -> Result<T, StoreError>,
    ) -> Result<T, NotShown> {
        if asked.is_some() {
            return self.read_all_as_of(client, asked, work);
        }
        let now = self.shared.clock.now();
        self.read_as(client, |snapshot| at_moment(snapshot, (asked, now), work))?
    }

    /// The same for what takes its time in any state.
    pub(super) fn read_all_as_of<T>(
        &self,
        client: i64,
        asked: Option<AsOf>,
        work: impl FnOnce(&mut Connection, Moment) -> Result<T, StoreError>,
    ) -> Result<T, NotShown> {
        let now = self.shared.clock.now();
        self.read_long_as(client, |snapshot| at_moment(snapshot, (asked, now), work))?
    }
}

fn at_moment<T>(
    snapshot: &mut Connection,
    (asked, now): (Option<AsOf>, Instant),
    work: impl FnOnce(&mut Connection, Moment) -> Result<T, StoreError>,
) -> Result<Result<T, NotShown>, StoreError> {
    match moment(snapshot, asked, now)? {
        Ok(moment) => work(snapshot, moment).map(Ok),
        Err(not_shown) => Ok(Err(not_shown)),
    }
}

/// The state that is asked for, if the ledger has been in it.
pub(super) fn moment(
    snapshot: &mut Connection,
    asked: Option<AsOf>,
    now: Instant,
) -> Result<Result<Moment, NotShown>, StoreError> {
    let sealed = |as_of, size| Moment { as_of, extent: Extent { size, unsealed: false } };
    Ok(match asked {
        None => {
            let extent = Extent { size: snapshot.log_size()?, unsealed: true };
            Ok(Moment { as_of: now, extent })
        }
        Some(AsOf::Time(time)) if time > now => Err(NotShown::Future),
        Some(AsOf::Time(time)) => Ok(sealed(time, snapshot.log_size_at(time)?)),
        Some(AsOf::LogSize(size)) => match snapshot.sealed_at(size)? {
            Some(as_of) => Ok(sealed(as_of, size)),
            None => Err(NotShown::NotSealed(snapshot.log_size()?)),
        },
    })
}

/// Where an account's list begins in a state that takes in no more than `size` transfers of the log.
pub(super) fn place_at(
    snapshot: &mut Connection,
    account: &AccountRow,
    size: i64,
) -> Result<Place, StoreError> {
    Ok(match account.kind {
        AccountKind::Wallet => Place::Below(ids_of_wallet_below(snapshot, account.id, size)?),
        AccountKind::Payable => {
            let attempts = attempts_below(snapshot, account.id, size)?;
            Place::Sealed { attempts, log: size }
        }
        AccountKind::Holding
        | AccountKind::Unallocated
        | AccountKind::Suspense
        | AccountKind::Fees => Place::Sealed { attempts: 0, log: size },
    })
}

/// Where a page begins in a state whose list begins at `first`: there, or further on where the page
/// before ended.
pub(super) fn within(first: Place, asked: Option<Place>) -> Place {
    match (first, asked) {
        (Place::Below(first), Some(Place::Below(below))) => Place::Below(below.min(first)),
        (
            Place::Sealed { attempts, log },
            Some(Place::Sealed { attempts: next_attempts, log: next_log }),
        ) => Place::Sealed { attempts: attempts.min(next_attempts), log: log.min(next_log) },
        (first, _) => first,
    }
}

/// The first number of an attempt at a shop from which on no purchase has a place in the log below
/// `size`: a shop's attempts are numbered in the log's order.
pub(super) fn attempts_below(
    snapshot: &mut Connection,
    merchant: MerchantId,
    size: i64,
) -> Result<i64, StoreError> {
    let above = snapshot.last_attempt_no(merchant)?.saturating_add(1);
    first_without(1, above, |number| {
        Ok(snapshot.place_of_sale(merchant, number)?.is_some_and(|place| place < size))
    })
}

/// An id above those of a wallet's transfers that have a place in the log below `size`, and of no other
/// of its transfers: they are sealed in the order of their ids.
pub(super) fn ids_of_wallet_below(
    snapshot: &mut Connection,
    wallet: WalletId,
    size: i64,
) -> Result<i64, StoreError> {
    let ids = snapshot.wallet_transfer_ids(wallet)?;
    let id_at = |rank: i64| usize::try_from(rank).ok().and_then(|rank| ids.get(rank)).copied();
    let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let first_later = first_without(0, count, |rank| {
        id_at(rank).map_or(Ok(false), |id| snapshot.is_placed_below(id, size))
    })?;
    Ok(id_at(first_later).unwrap_or(i64::MAX))
}

/// The first number from `low` to below `high` that does not have what all those before it have;
/// `high` where all have it.
fn first_without<E>(
    mut low: i64,
    mut high: i64,
    mut has: impl FnMut(i64) -> Result<bool, E>,
) -> Result<i64, E> {
    while low < high {
        let middle = low.midpoint(high);
        if has(middle)? {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    Ok(low)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails by panicking")]
mod tests;
