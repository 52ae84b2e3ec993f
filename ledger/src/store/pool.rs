//! Connections that are shared: a pool for each purpose, so that what one purpose holds up leaves the
//! others at work.

use std::time::Duration;

use super::DatabaseUrl;
use super::connection::{Connection, Purpose};
use super::error::StoreError;

/// Opens connections for a pool and checks whether one still works.
#[derive(Debug)]
struct Manager {
    url: DatabaseUrl,
    purpose: Purpose,
}

impl diesel::r2d2::ManageConnection for Manager {
    type Connection = Connection;
    type Error = StoreError;

    fn connect(&self) -> Result<Connection, StoreError> {
        Connection::open(&self.url, self.purpose)
    }

    fn is_valid(&self, connection: &mut Connection) -> Result<(), StoreError> {
        connection.ping()
    }

    /// Asked when a connection comes back; whether it works is found out when it is taken next.
    fn has_broken(&self, _connection: &mut Connection) -> bool {
        false
    }
}

/// Connections of one purpose.
#[derive(Clone, Debug)]
pub(crate) struct Pool(diesel::r2d2::Pool<Manager>);

impl Pool {
    /// A pool that gives up after a few seconds instead of half a minute.
    pub(crate) fn open(url: &DatabaseUrl, purpose: Purpose) -> Result<Self, StoreError> {
        // Reports are long and may take all of their own; the database wants to do other things too.
        let size = if purpose == Purpose::Report { 4 } else { 8 };
        diesel::r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            // The database may have been started again since a connection was used last.
            .test_on_check_out(true)
            .connection_timeout(Duration::from_secs(3))
            .build(Manager { url: url.clone(), purpose })
            .map(Self)
            .map_err(|error| StoreError::Pool(error.to_string()))
    }

    /// Runs `work` with a connection of the pool.
    pub(crate) fn with<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.0.get().map_err(|error| StoreError::Pool(error.to_string()))?;
        work(&mut connection)
    }
}
