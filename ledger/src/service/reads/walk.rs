//! Walking down a long list in bounded steps: a filter that matches little must not read it all.

use crate::domain::calendar::Instant;
use crate::domain::ids::lowest_at;
use crate::store::StoreError;
use crate::store::reads::{RowKey, Stretch};

use super::Place;

/// Rows that one request looks at, at the most.
const BUDGET: i64 = 200_000;
/// How much the next stretch is longer than the one before.
const GROWTH: i64 = 4;
/// An id names the time of its row or, where clocks or nodes differed, a later one: so much later at
/// the most. It is also how much out of order a log of batches may be.
const SLACK_MILLIS: i64 = 3_600_000;

/// What a walk found, each row with its place, and where it goes on.
#[derive(Debug)]
pub(super) struct Found<K> {
    /// The rows with their places.
    pub(super) rows: Vec<(i64, K)>,
    /// The place below which there may be more; `None` at the end.
    pub(super) next: Option<i64>,
}

/// The ids that rows decided from `from` on and before `to` can have: the lowest, and one above the
/// highest.
pub(super) fn ids_between(from: Option<Instant>, to: Option<Instant>) -> (i64, i64) {
    let lowest = from.map_or(0, lowest_at);
    let above = to.map_or(i64::MAX, |to| lowest_at(to.plus_millis(SLACK_MILLIS)));
    (lowest, above)
}

/// An id that no row decided from `from` on is logged behind.
pub(super) fn id_before(from: Instant) -> i64 {
    lowest_at(from.plus_millis(SLACK_MILLIS.saturating_neg()))
}

/// The first `limit` wanted rows below a place. `look` says how far the next rows reach, `find` gives
/// the wanted ones among them, with their places. Behind a row with an id below `stop` nothing is
/// wanted any more.
pub(super) fn walk<C, K>(
    context: &mut C,
    mut below: i64,
    (limit, stop): (usize, i64),
    mut look: impl FnMut(&mut C, i64, i64) -> Result<Stretch, StoreError>,
    mut find: impl FnMut(&mut C, (i64, i64), i64) -> Result<Vec<(i64, K)>, StoreError>,
) -> Result<Found<K>, StoreError> {
    if limit == 0 {
        return Ok(Found { rows: Vec::new(), next: Some(below) });
    }
    let mut found: Vec<(i64, K)> = Vec::new();
    let mut budget = BUDGET;
    let mut next_rows = more_than(limit);
    while budget > 0 {
        let asked = next_rows.min(budget);
        let stretch = look(context, below, asked)?;
        let Some(lowest) = stretch.lowest else { return Ok(Found { rows: found, next: None }) };
        let wanted = more_than(limit.saturating_sub(found.len()));
        found.extend(find(context, (below, lowest), wanted)?);
        if found.len() > limit {
            return Ok(cut(found, limit));
        }
        if stretch.rows < asked || stretch.lowest_id.is_some_and(|id| id < stop) {
            return Ok(Found { rows: found, next: None });
        }
        below = lowest;
        budget = budget.saturating_sub(asked);
        next_rows = next_rows.saturating_mul(GROWTH);
    }
    Ok(Found { rows: found, next: Some(below) })
}

/// One row more than wanted is asked for: whether there is one tells whether the list goes on.
pub(super) fn more_than(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

/// The first `limit` rows, and that the list goes on behind them when there are more.
pub(super) fn cut<K>(mut rows: Vec<(i64, K)>, limit: usize) -> Found<K> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(place, _)| *place);
    Found { rows, next }
}

/// Keys whose place is their id.
pub(super) fn placed(keys: Vec<RowKey>) -> Vec<(i64, RowKey)> {
    keys.into_iter().map(|key| (key.0.0, key)).collect()
}

/// A page of keys whose places are ids.
pub(super) fn below(found: Found<RowKey>) -> (Vec<RowKey>, Option<Place>) {
    let next = found.next.map(Place::Below);
    (found.rows.into_iter().map(|(_, key)| key).collect(), next)
}
