//! The thread that keeps this process's place: it renews the lease on the node's number.

use std::sync::Arc;
use std::time::Duration;

use crate::store::StoreError;

use super::background::Background;
use super::error::Trouble;
use super::shared::Shared;

/// How often the lease is renewed; it holds ten times as long.
const RENEW: Duration = Duration::from_secs(3);

/// Starts it.
pub(super) fn start(shared: &Arc<Shared>) -> Result<Background, StoreError> {
    let shared = Arc::clone(shared);
    Background::start("keeper", move |rest| {
        while rest.go_on(RENEW) {
            renew(&shared);
        }
    })
}

fn renew(shared: &Arc<Shared>) {
    let (ids, clock) = (Arc::clone(&shared.ids), Arc::clone(&shared.clock));
    let renewed: Result<bool, Trouble> = shared.write(move |tx| Ok(ids.renew(tx, clock.now())?));
    match renewed {
        Ok(true) => {}
        Ok(false) => shared.lose_lease(),
        // Without renewal no id is made above the mark that is written: requests get 503 until it
        // succeeds again.
        Err(error) => tracing::warn!(%error, "the lease on this node's number was not renewed"),
    }
}
