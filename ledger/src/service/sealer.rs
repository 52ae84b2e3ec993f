//! The sealer: gives every batch its place in the log, keeps roll-ups of what is sealed, and closes
//! banks' days once all that belongs to them is sealed. One works at a time: each of its transactions
//! first locks the log's head.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::calendar::Instant;
use crate::store::connection::{Connection, Purpose};
use crate::store::sealing::{LogHead, UnsealedBatch};
use crate::store::{Backend, StoreError};

use super::background::{Background, Rest};
use super::closing::DayCloser;
use super::error::Trouble;
use super::rollups;
use super::shared::Shared;

/// How often it looks for work when there was none.
const LOOK: Duration = Duration::from_millis(50);
/// How long it rests after a slice. Under load a slice then holds many attempts, so that each shop's
/// page of the attempt log is written once for several of them, and its own commits are few.
const REST: Duration = Duration::from_millis(200);
/// Attempts that one transaction files on `SQLite`, where it stands between the lane's batches: two or
/// three milliseconds' worth.
const SLICE_SQLITE: i64 = 400;
/// The same on `PostgreSQL`, where it blocks nothing.
const SLICE_POSTGRES: i64 = 4000;
/// Batches that are looked at in one go.
const BATCHES: i64 = 512;
/// Transfers without an attempt, such as credits, that are as much work as one attempt.
const TRANSFERS_AN_ATTEMPT: i64 = 8;

/// Transfers between two roll-ups, where nothing else is said: a trial balance reads so many at the
/// most, and a roll-up writes as many sums as there are shops.
pub const ROLLUP_SPAN: u32 = 16_384;

/// Starts it; it keeps a roll-up at least every `rollup_span` transfers.
pub(super) fn start(shared: &Arc<Shared>, rollup_span: u32) -> Result<Background, StoreError> {
    let shared = Arc::clone(shared);
    Background::start("sealer", move |rest| work(&shared, rollup_span.into(), rest))
}

fn work(shared: &Arc<Shared>, rollup_span: i64, rest: &Rest) {
    let mut own: Option<Connection> = None;
    let mut closer = DayCloser::default();
    loop {
        let sealed = seal_more(shared, &mut own).inspect_err(|error| {
            own = None;
            tracing::warn!(%error, "nothing was sealed this time");
        });
        let rolled_up = roll_up(shared, rollup_span).inspect_err(|error| {
            tracing::warn!(%error, "no roll-up was made this time");
        });
        if let Err(error) = closer.close_complete_days(shared) {
            tracing::warn!(%error, "a day could not be closed yet");
        }
        let pause = match (sealed, rolled_up) {
            (Ok(Sealed::Part), _) | (_, Ok(true)) => Duration::ZERO,
            (Ok(Sealed::All), _) => REST,
            (Ok(Sealed::Nothing) | Err(_), _) => LOOK,
        };
        if !rest.go_on(pause) {
            return;
        }
    }
}

/// What one slice left.
enum Sealed {
    /// There was nothing to seal.
    Nothing,
    /// All that was waiting is sealed.
    All,
    /// More is waiting.
    Part,
}

/// Seals one slice. Looking blocks nothing; the log's head is locked only when there is work.
fn seal_more(shared: &Arc<Shared>, own: &mut Option<Connection>) -> Result<Sealed, Trouble> {
    if shared.read_own(|connection| connection.unsealed_batches(1))?.is_empty() {
        return Ok(Sealed::Nothing);
    }
    let more = match shared.url.backend() {
        Backend::Sqlite => {
            let clock = Arc::clone(&shared.clock);
            shared.keep(move |tx| seal_slice(tx, clock.now(), SLICE_SQLITE))?
        }
        Backend::Postgres => {
            // A lane's settings: these statements too go by keys and may be planned early.
            let mut connection = match own.take() {
                Some(open) => open,
                None => Connection::open(&shared.url, Purpose::Lane)?,
            };
            let now = shared.clock.now();
            let more = connection.transaction(|tx| seal_slice(tx, now, SLICE_POSTGRES))?;
            if !more {
                connection.run("DISCARD PLANS")?;
            }
            *own = Some(connection);
            more
        }
    };
    Ok(if more { Sealed::Part } else { Sealed::All })
}

/// Seals batches in the order of their ids until `most` attempts are filed: at least one batch.
/// `true` when more are waiting than that.
pub(super) fn seal_slice(tx: &mut Connection, now: Instant, most: i64) -> Result<bool, Trouble> {
    let before = tx.lock_log_head()?;
    let (mut size, mut filed, mut placed) = (before.size, 0_i64, Vec::new());
    let mut waiting = tx.unsealed_batches(BATCHES)?.into_iter().peekable();
    while let Some(batch) =
        waiting.next_if(|batch| filed == 0 || filed.saturating_add(work_of(batch)) <= most)
    {
        placed.push((batch, size));
        size = size.saturating_add(batch.transfers);
        filed = filed.saturating_add(work_of(&batch));
    }
    if filed > 0 {
        tx.seal_batches(&placed)?;
        tx.set_log_head(before, LogHead { size, sealed_at: now })?;
    }
    Ok(waiting.peek().is_some())
}

/// How much work a batch is, in attempts.
fn work_of(batch: &UnsealedBatch) -> i64 {
    let transfers = batch.transfers.checked_div(TRANSFERS_AN_ATTEMPT).unwrap_or(0);
    batch.attempts.max(transfers).max(1)
}

/// Makes a roll-up when one is due; `true` when it did.
fn roll_up(shared: &Arc<Shared>, least: i64) -> Result<bool, Trouble> {
    let made = shared.read_own(|connection| {
        let size = connection.log_size()?;
        rollups::sum_up(connection, size, least)
    })?;
    let Some(made) = made.map(Arc::new) else { return Ok(false) };
    shared.keep(move |tx| Ok::<_, Trouble>(rollups::record(tx, &made)?))?;
    Ok(true)
}
