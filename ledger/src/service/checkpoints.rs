//! `SQLite`'s log of changes is carried over into the database's file before it is full, by a thread
//! beside the lane: a commit that does it all at once would keep every shop waiting for it.
//!
//! The thread copies while the lane goes on writing, again and again, until little is left; that rest is copied
//! between two of the lane's batches, after which the log starts over. A reader that is still on an old
//! page holds that up, so it is tried again. Nothing else copies a lane's log:
//! `SQLite`'s own checkpoint at a commit does not report that it failed.
//!
//! `SQLite` flushes the database's file only when everything is copied, which is then: the lane would wait for
//! all that was copied before. So the thread flushes it itself after each time that it has copied.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::store::StoreError;
use crate::store::connection::{Connection, Purpose};
use crate::store::wal::WalState;

use super::background::Background;
use super::error::Trouble;
use super::lane::{JobEnd, Lanes};
use super::shared::Shared;

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Pages in the log from which on it is carried over: about 160 MB.
const START: i64 = 40_000;
/// The rest that the lane may copy, a few milliseconds' worth.
const REST: i64 = 300;
/// How often the thread copies before the lane does.
const PASSES: usize = 6;

/// Starts it, where there is such a log and a lane that writes it. What is in the log from before is
/// carried over first: of a log whose flush failed the operating system may show more than the disk has.
pub(super) fn start(shared: &Arc<Shared>) -> Result<Option<Background>, StoreError> {
    let (Some(lanes), Some(file)) = (shared.lanes.clone(), shared.url.file()) else {
        return Ok(None);
    };
    let file = DatabaseFile::open(file)?;
    let mut own = Connection::open(&shared.url, Purpose::General)?;
    if !own.empty_wal()? {
        tracing::warn!(
            "the log of changes is in use by another process and was not carried over at the start"
        );
    }
    let work = Background::start("checkpoints", move |rest| {
        while rest.go_on(LOOK) && lanes.is_sound() {
            if let Err(error) = carry_over(&lanes, &mut own, &file) {
                tracing::warn!(%error, "the log of changes was not carried over this time");
            }
        }
        if !lanes.is_sound() {
            // The last connection to close copies the log into the database and deletes it, though
            // it may be the only intact copy. While this one is open, no other here is the last.
            let _open = ManuallyDrop::new(own);
        }
    })?;
    Ok(Some(work))
}

fn carry_over(lanes: &Lanes, own: &mut Connection, file: &DatabaseFile) -> Result<(), Trouble> {
    let mut state = own.wal_state()?;
    // With all of it copied the next batch starts it over by itself.
    if state.pages < START || state.waiting() == 0 {
        return Ok(());
    }
    for _ in 0..PASSES {
        let before = state;
        state = copy(own, file).inspect_err(|error| {
            // What was copied may be lost, and the next flush would not say so. The log has it all, and
            // whoever opens the database anew begins with the log.
            tracing::error!(%error, "the log was not carried over: nothing is decided any more");
            lanes.condemn();
        })?;
        if !state.is_further_than(before) {
            // A reader is on an old page.
            return Ok(());
        }
        if state.waiting() <= REST {
            break;
        }
    }
    // The lane's next batch finds everything copied and writes from the log's start again. A flush that
    // fails here is as grave as above.
    let copied: Result<WalState, StoreError> = lanes.alone(|connection| {
        let copied = connection.checkpoint();
        let end = if copied.is_ok() { JobEnd::Sound } else { JobEnd::CommitFailed };
        (copied, end)
    })?;
    copied.map(|_| ()).map_err(Trouble::from)
}

/// Copies what can be copied, and makes it durable.
fn copy(own: &mut Connection, file: &DatabaseFile) -> Result<WalState, StoreError> {
    own.checkpoint()?;
    file.flush()?;
    own.wal_state()
}

/// The database's file, to be flushed beside `SQLite`. It is never closed: with any of a process's
/// descriptors of a file, all locks of that process on it go, `SQLite`'s too.
#[derive(Debug)]
struct DatabaseFile(ManuallyDrop<File>);

impl DatabaseFile {
    fn open(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path);
        let file =
            file.map_err(|error| StoreError::Pool(format!("{}: {error}", path.display())))?;
        Ok(Self(ManuallyDrop::new(file)))
    }

    /// Makes all that was copied durable.
    fn flush(&self) -> Result<(), StoreError> {
        self.0.sync_data().map_err(StoreError::File)
    }
}
