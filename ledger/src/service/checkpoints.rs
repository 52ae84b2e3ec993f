//! `SQLite`'s log of changes is carried over into the database's file before it is full, by a thread
//! beside the lane: a commit that does it all at once would keep every shop waiting for it.
//!
//! The thread copies while the lane goes on writing, again and again, until little is left; that rest is copied
//! between two of the lane's batches, after which the log starts over. A reader that is still on an old
//! page holds that up, so it is tried again. What `PRAGMA wal_autocheckpoint` says stays the last bound.

use std::sync::Arc;
use std::time::Duration;

use crate::store::connection::{Connection, Purpose};
use crate::store::wal::WalState;
use crate::store::{Backend, StoreError};

use super::background::Background;
use super::error::Trouble;
use super::lane::JobEnd;
use super::shared::Shared;

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Pages in the log from which on it is carried over: about 160 MB.
const START: i64 = 40_000;
/// The rest that the lane may copy, a few milliseconds' worth.
const REST: i64 = 300;
/// How often the thread copies before the lane does.
const PASSES: usize = 6;

/// Starts it, where there is such a log and a lane that writes it.
pub(super) fn start(shared: &Arc<Shared>) -> Result<Option<Background>, StoreError> {
    if shared.url.backend() != Backend::Sqlite || shared.lanes.is_none() {
        return Ok(None);
    }
    let mut own = Connection::open(&shared.url, Purpose::General)?;
    let shared = Arc::clone(shared);
    let work = Background::start("checkpoints", move |rest| {
        while rest.go_on(LOOK) {
            if let Err(error) = carry_over(&shared, &mut own) {
                tracing::warn!(%error, "the log of changes was not carried over this time");
            }
        }
    })?;
    Ok(Some(work))
}

fn carry_over(shared: &Arc<Shared>, own: &mut Connection) -> Result<(), Trouble> {
    let mut state = own.wal_state()?;
    if state.pages < START {
        return Ok(());
    }
    for _ in 0..PASSES {
        if state.waiting() <= REST {
            break;
        }
        own.checkpoint()?;
        state = own.wal_state()?;
    }
    let Some(lanes) = &shared.lanes else { return Ok(()) };
    // The lane's next batch finds everything copied and writes from the log's start again.
    let copied: Result<WalState, StoreError> =
        lanes.alone(|connection| (connection.checkpoint(), JobEnd::Sound))?;
    copied.map(|_| ()).map_err(Trouble::from)
}
