//! A connection that is nobody else's: for what must not wait until readers are done.

use std::sync::{Mutex, PoisonError};

use crate::store::connection::{Connection, Purpose};
use crate::store::{DatabaseUrl, StoreError};

/// A connection of its own, opened when it is needed and anew after it broke. Whoever uses it waits for
/// nobody but those who use the same one.
#[derive(Debug)]
pub(super) struct OwnConnection {
    url: DatabaseUrl,
    open: Mutex<Option<Connection>>,
}

impl OwnConnection {
    /// One that is not opened yet.
    pub(super) fn to(url: &DatabaseUrl) -> Self {
        Self { url: url.clone(), open: Mutex::new(None) }
    }

    /// Runs `work` with it.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut connection = match open.take() {
            Some(connection) => connection,
            // With a lane's bounds on how long anything may take.
            None => Connection::open(&self.url, Purpose::Lane)?,
        };
        let done = work(&mut connection);
        // After any failure it may be in the middle of something.
        if done.is_ok() {
            *open = Some(connection);
        }
        done
    }
}
