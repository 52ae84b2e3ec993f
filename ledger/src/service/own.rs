//! A dedicated connection, for work that must not wait until readers are done.

use std::sync::{Mutex, PoisonError};

use crate::store::connection::{Connection, Purpose};
use crate::store::{DatabaseUrl, StoreError};

/// A connection of its own, opened when it is needed and anew after it broke. Its users wait only
/// for each other.
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

    /// Runs `work` with it; once more when the connection turns out to be gone since it was used last. So what
    /// `work` does may be done twice.
    pub(super) fn with<T>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut connection) = open.take() {
            match work(&mut connection) {
                Err(error) if error.is_broken() => {}
                done => {
                    // After any failure it may be in the middle of something.
                    *open = done.is_ok().then_some(connection);
                    return done;
                }
            }
        }
        // With a lane's bounds on how long anything may take.
        let mut connection = Connection::open(&self.url, Purpose::Lane)?;
        let done = work(&mut connection);
        *open = done.is_ok().then_some(connection);
        done
    }
}
