//! I8 beyond batches: the sealer's order, and the logs that it fills.

use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::verify::Pairs;

use super::funds::pairs;
use super::{Check, Run, require};

/// Checks the log's order and what the sealer filled in.
pub(super) fn run(run: &mut Run<'_>) -> Result<(), StoreError> {
    let (since, from) = (run.since, run.from);
    run.check("log_order", |connection, check| log_order(connection, check, since))?;
    run.check("attempt_log", |connection, check| {
        pairs(connection, check, (Pairs::AttemptLog, from))
    })?;
    run.check("attempt_numbers", |connection, check| {
        connection.each_attempt_log(&mut |(merchant, count, lowest, highest)| {
            check.seen(require(lowest == 1 && highest == count, || {
                format!(
                    "attempt_log of merchant {merchant}: {count} attempts numbered from {lowest} \
                     to {highest}"
                )
            }));
            Ok(())
        })
    })?;
    run.check("account_log", |connection, check| {
        pairs(connection, check, (Pairs::AccountLog, from))
    })
}

/// Sealed batches come in the log's order; a batch without transfers takes no place.
fn log_order(connection: &mut Connection, check: &mut Check, since: i64) -> Result<(), StoreError> {
    let mut place = since;
    connection.each_sealed_batch(since, &mut |batch| {
        check.seen(require(batch.log_start == place, || {
            format!(
                "batches {}: it starts at {} and the batches before it end at {place}",
                batch.id, batch.log_start
            )
        }));
        place = batch.log_start.saturating_add(batch.transfers);
        Ok(())
    })?;
    let size = connection.log_size()?;
    check.note(require(size == place, || {
        format!("log_head: size {size} but the sealed batches end at {place}")
    }));
    Ok(())
}
