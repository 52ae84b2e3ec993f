//! The thread that keeps this process's place: it renews the lease on the node's number, and holds the
//! clock against the database's. It uses no connection that readers use: on `PostgreSQL` one of its own, on
//! `SQLite` the lane's.

use std::sync::Arc;
use std::time::Duration;

use crate::store::StoreError;

use super::background::Background;
use super::error::Trouble;
use super::ids::Renewal;
use super::shared::Shared;

/// How often the lease is renewed; it holds ten times as long.
const RENEW: Duration = Duration::from_secs(3);

/// Renews for the first time, and starts it.
pub(super) fn start(shared: &Arc<Shared>) -> Result<Background, StoreError> {
    renew(shared);
    let shared = Arc::clone(shared);
    Background::start("keeper", move |rest| {
        while rest.go_on(RENEW) {
            renew(&shared);
        }
    })
}

fn renew(shared: &Arc<Shared>) {
    let (ids, clock) = (Arc::clone(&shared.ids), Arc::clone(&shared.clock));
    let renewed: Result<Option<Renewal>, Trouble> = if let Some(own) = ids.own() {
        let renewal = own.with(|connection| {
            clock.compare(connection)?;
            ids.renew(connection, clock.now())
        });
        renewal.map_err(Trouble::from)
    } else {
        let ids = Arc::clone(&ids);
        shared.keep(move |tx| Ok(ids.renew(tx, clock.now())?))
    };
    match renewed {
        Ok(Some(renewal)) => ids.renewed(renewal),
        Ok(None) => shared.lose_lease(),
        // Blocks that go beyond the mark raise it themselves; what can't be written then is answered 503.
        Err(error) => tracing::warn!(%error, "the lease on this node's number was not renewed"),
    }
}
