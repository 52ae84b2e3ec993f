//! Where a lane's batches go: to the database, or to a stand-in that a measurement or a simulation brings.

use std::sync::Arc;

use crate::store::batch::BatchStore;
use crate::store::connection::{Connection, Purpose};
use crate::store::{Backend, DatabaseUrl, StoreError};

/// Makes stand-ins, one a lane.
#[derive(Clone)]
pub struct StandIn(Arc<dyn Fn() -> Box<dyn BatchStore> + Send + Sync>);

impl StandIn {
    /// Stand-ins made by `make`.
    pub fn new(make: impl Fn() -> Box<dyn BatchStore> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }
}

impl std::fmt::Debug for StandIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StandIn")
    }
}

/// What one lane writes to.
pub(super) enum Seat {
    Database(Connection),
    Other(Box<dyn BatchStore>),
}

impl Seat {
    pub(super) fn open(url: &DatabaseUrl, stand_in: Option<&StandIn>) -> Result<Self, StoreError> {
        match stand_in {
            Some(StandIn(make)) => Ok(Self::Other(make())),
            None => Connection::open(url, Purpose::Lane).map(Self::Database),
        }
    }

    pub(super) fn store(&mut self) -> &mut dyn BatchStore {
        match self {
            Self::Database(connection) => connection,
            Self::Other(store) => store.as_mut(),
        }
    }

    /// The connection, for work that has it alone; a stand-in has none.
    pub(super) fn connection(&mut self) -> Option<&mut Connection> {
        match self {
            Self::Database(connection) => Some(connection),
            Self::Other(_) => None,
        }
    }

    /// Has `PostgreSQL` make its plans anew.
    pub(super) fn replan(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Database(connection) if connection.backend() == Backend::Postgres => {
                connection.run("DISCARD PLANS")
            }
            Self::Database(_) | Self::Other(_) => Ok(()),
        }
    }
}
