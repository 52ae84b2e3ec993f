//! Reading lists, accounts and totals: each on one state of the database, within what the client may
//! see, and only while its access stands.

mod accounts;
mod attempts;
mod exports;
mod figures;
mod funds;
mod moment;
mod names;
mod plan;
mod rules;
mod totals;
mod transfers;
mod walk;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails by panicking")]
mod tests;

use crate::domain::bank::BankCode;
use crate::domain::ids::RowId;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::Sight;

use super::clients::NoAccess;
use super::history::Reader;
use super::ledger::Ledger;

pub use accounts::{AccountBalance, AccountName};
pub use attempts::AttemptQuery;
pub use exports::Export;
pub use figures::Figures;
pub use moment::{AsOf, NotShown};
pub(super) use names::AccountNames;
pub use rules::{Catalogue, CatalogueItem};
pub use totals::{TrialBalance, TrialLine};
pub use transfers::{ShownTransfer, TransferQuery};

pub use crate::store::reads::AttemptStatus;

/// Where a list goes on: behind what the last page showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Below this id.
    Below(i64),
    /// Below this id in what was not sealed when the first page was read; the sealed history was
    /// then as long as `attempts` and `log` say.
    Unsealed {
        /// The number that the shop's next attempt had.
        attempts: i64,
        /// The size that the log had.
        log: i64,
        /// The last id that was shown.
        below: i64,
    },
    /// In the sealed history.
    Sealed {
        /// Below this number among the shop's attempts.
        attempts: i64,
        /// Below this place in the log.
        log: i64,
    },
}

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// At most so many rows; at least one.
    pub limit: usize,
    /// Where to go on; from the newest on when there is none.
    pub place: Option<Place>,
}

/// A part of a list, newest first.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows; a page may have few or none though others follow.
    pub rows: Vec<T>,
    /// Where the list goes on; `None` at its end.
    pub next: Option<Place>,
}

impl<T> Page<T> {
    /// A list that is over before it begins.
    const fn empty() -> Self {
        Self { rows: Vec::new(), next: None }
    }
}

impl Reader {
    /// The same for the store.
    pub(super) const fn sight(self) -> Sight {
        match self {
            Self::Merchant(merchant) => Sight::Merchant(merchant),
            Self::Bank(bank) => Sight::Bank(bank),
            Self::All => Sight::All,
        }
    }
}

impl Ledger {
    /// Reads for a client, on one state of the database in which its access stands. Every reading
    /// use case goes through here.
    pub(super) fn read_as<T>(
        &self,
        client: i64,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, NoAccess> {
        self.shared.read(|connection| while_standing(connection, client, work))
    }

    /// The same for what takes its time.
    pub(super) fn read_long_as<T>(
        &self,
        client: i64,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, NoAccess> {
        self.shared.read_long(|connection| while_standing(connection, client, work))
    }
}

fn while_standing<T>(
    connection: &mut Connection,
    client: i64,
    work: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
) -> Result<T, NoAccess> {
    connection.snapshot(|snapshot| {
        if !snapshot.client_stands(client)? {
            return Err(NoAccess::Revoked);
        }
        Ok(work(snapshot)?)
    })
}

/// A bank's code as it is stored.
fn bank_code(code: String) -> Result<BankCode, StoreError> {
    code.parse().map_err(|error| StoreError::corrupt(format!("{error}")))
}

/// Rows in the order of their keys: the store may give them in any.
fn in_order<K: Copy, T>(
    keys: &[K],
    rows: Vec<T>,
    id_of: impl Fn(&T) -> RowId,
    id: impl Fn(K) -> RowId,
) -> Vec<T> {
    let mut by_id: std::collections::HashMap<RowId, T> =
        rows.into_iter().map(|row| (id_of(&row), row)).collect();
    keys.iter().filter_map(|key| by_id.remove(&id(*key))).collect()
}
