//! Making roll-ups: once the log has grown by a span, what moved on each account is summed up to the
//! end of a batch, and kept.
//!
//! What is sealed never changes, so a span is summed up beside everything else; only what came out is
//! written under the lock of the log's head, and only on top of the roll-up that it was reckoned from.
//! A roll-up is there as a whole or not at all, whenever the process ends.

use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::LogSpan;
use crate::store::rollups::{Rollup, Turnovers};

/// A span has at least so many transfers for each sum that the roll-up before wrote: with very many
/// merchants the sums would otherwise be as many as the transfers.
const TRANSFERS_A_SUM: i64 = 8;

/// A roll-up that is not written yet.
#[derive(Clone, Debug)]
pub(super) struct SummedUp {
    span: LogSpan,
    sums: Turnovers,
}

/// Sums up the next span if the log, `size` long, has grown by so much since the last roll-up:
/// `shortest` transfers at least.
pub(super) fn sum_up(
    connection: &mut Connection,
    size: i64,
    shortest: i64,
) -> Result<Option<SummedUp>, StoreError> {
    let last = connection.rollup_at(i64::MAX)?;
    let Some(place) = due_at(last, shortest).filter(|place| *place <= size) else {
        return Ok(None);
    };
    let span = LogSpan { from: last.log_size, to: connection.batch_end_from(place, size)? };
    let mut sums = connection.moved(span, false)?;
    for (holder, before) in connection.sums_of(sums.keys(), span.from)? {
        if let Some(sum) = sums.get_mut(&holder) {
            sum.add(before)?;
        }
    }
    Ok(Some(SummedUp { span, sums }))
}

/// The size of the log at which the next roll-up is due.
fn due_at(last: Rollup, shortest: i64) -> Option<i64> {
    let span = i64::from(last.sums).checked_mul(TRANSFERS_A_SUM)?.max(shortest).max(1);
    last.log_size.checked_add(span)
}

/// Writes a roll-up, unless another sealer was faster.
pub(super) fn record(tx: &mut Connection, made: &SummedUp) -> Result<(), StoreError> {
    tx.lock_log_head()?;
    if tx.rollup_at(i64::MAX)?.log_size == made.span.from {
        tx.insert_rollup(made.span.to, &made.sums)?;
    }
    Ok(())
}
