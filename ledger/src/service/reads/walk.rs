//! Walking down a long list in bounded steps: a filter that matches little must not read it all.

use crate::store::StoreError;
use crate::store::reads::{Range, Stretch};

/// Rows that one request looks at along the primary key, at the most: some milliseconds' work.
pub(super) const BUDGET: i64 = 10_000;
/// Rows of a shop's or account's log that one request looks at, at the most: each lies on a page of
/// its own.
pub(super) const LOG_BUDGET: i64 = 2_000;
/// How much the next stretch is longer than the one before.
const GROWTH: i64 = 4;

/// What a walk found, each row with its place, and where it goes on.
#[derive(Debug)]
pub(super) struct Found<K> {
    /// The rows with their places.
    pub(super) rows: Vec<(i64, K)>,
    /// The place below which there may be more; `None` at the end.
    pub(super) next: Option<i64>,
}

impl<K> Found<K> {
    /// A list that is over.
    pub(super) const fn nothing() -> Self {
        Self { rows: Vec::new(), next: None }
    }
}

/// The first `limit` wanted rows of a range. `look` says how far the next rows reach, `find` gives the
/// wanted ones among them, with their places. `budget` rows are looked at, at the most.
pub(super) fn walk<C, K>(
    context: &mut C,
    (mut below, lowest): Range,
    (limit, mut budget): (usize, i64),
    mut look: impl FnMut(&mut C, Range, i64) -> Result<Stretch, StoreError>,
    mut find: impl FnMut(&mut C, Range, i64) -> Result<Vec<(i64, K)>, StoreError>,
) -> Result<Found<K>, StoreError> {
    let mut found = Found { rows: Vec::new(), next: Some(below) };
    let mut next_rows = more_than(limit);
    while budget > 0 && found.rows.len() < limit {
        let asked = next_rows.min(budget);
        let stretch = look(context, (below, lowest), asked)?;
        let Some(reached) = stretch.lowest else { return Ok(Found { next: None, ..found }) };
        let wanted = more_than(limit.saturating_sub(found.rows.len()));
        found.rows.extend(find(context, (below, reached), wanted)?);
        if found.rows.len() > limit {
            return Ok(cut(found.rows, limit));
        }
        found.next = (stretch.rows == asked).then_some(reached);
        if found.next.is_none() {
            break;
        }
        below = reached;
        budget = budget.saturating_sub(asked);
        next_rows = next_rows.saturating_mul(GROWTH);
    }
    Ok(found)
}

/// One row more than wanted is asked for: if it exists, the list goes on.
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
