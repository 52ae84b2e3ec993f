//! Where what was recorded in a time lies: by ids, and by places in the log.
//!
//! Ids and places ascend with time only as far as clocks were right. Neither is believed: batches whose ids
//! are astray have an index of their own, and the sealer keeps what was recorded when.

use diesel::sql_types::{BigInt, Nullable};

use crate::domain::calendar::Instant;
use crate::domain::ids::lowest_at;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::LogSpan;
use super::stretches::Range;

/// Recorded then or later, and before.
pub(crate) type Times = (Option<Instant>, Option<Instant>);

/// An id of a batch that is not astray is so far from its recorded time at the most: the same as in the
/// migrations' partial indexes.
const ASTRAY_MILLIS: i64 = 60_000;
/// The same with what a batch's rows lie behind its own id.
const ROWS_MILLIS: i64 = ASTRAY_MILLIS + 1_000;

statement! {
    both Astray { from: i64, to: i64 } -> (Nullable<BigInt>, Nullable<BigInt>);
    "SELECT MIN(id), MAX(last_id) FROM batches
     WHERE abs((id >> 22) + 1483228800000 - created_at) > 60000
        AND created_at >= " [from: BigInt] " AND created_at < " [to: BigInt]
}

statement! {
    // The first place before which everything was recorded before a time.
    both FirstReaching { time: i64 } -> BigInt;
    "SELECT log_start FROM log_times WHERE latest >= " [time: BigInt]
    " ORDER BY latest, log_start LIMIT 1"
}

statement! {
    both NextSlice { place: i64 } -> BigInt;
    "SELECT log_start FROM log_times WHERE log_start > " [place: BigInt] " ORDER BY log_start LIMIT 1"
}

statement! {
    // The last place where recorded time went back to before a time. `+ 0` keeps the planner from looking for it
    // backwards through all places: there are few where time went back.
    both LastBack { to: i64 } -> Nullable<BigInt>;
    "SELECT MAX(log_start + 0) FROM log_times
     WHERE earliest < latest_before - 60000 AND earliest < " [to: BigInt]
}

impl Connection {
    /// The ids among which all rows are that were recorded in a time.
    pub(crate) fn ids_recorded(&mut self, (from, to): Times) -> Result<Range, StoreError> {
        let mut below = to.map_or(i64::MAX, |to| lowest_at(to.plus_millis(ROWS_MILLIS)));
        let mut lowest =
            from.map_or(0, |from| lowest_at(from.plus_millis(ASTRAY_MILLIS.saturating_neg())));
        if from.is_some() || to.is_some() {
            let from = from.map_or(i64::MIN, Instant::as_millis);
            let to = to.map_or(i64::MAX, Instant::as_millis);
            let astray: Option<(Option<i64>, Option<i64>)> = self.first(Astray { from, to })?;
            let (first, last) = astray.unwrap_or_default();
            below = below.max(last.map_or(0, |last| last.saturating_add(1)));
            lowest = lowest.min(first.unwrap_or(i64::MAX));
        }
        Ok((below, lowest))
    }

    /// The places of the log among which all is that was recorded in a time and is sealed. They begin and
    /// end where batches do.
    pub(crate) fn places_recorded(&mut self, (from, to): Times) -> Result<LogSpan, StoreError> {
        let mut span = LogSpan { from: 0, to: i64::MAX };
        if let Some(from) = from {
            let first: Option<i64> = self.first(FirstReaching { time: from.as_millis() })?;
            span.from = first.unwrap_or(i64::MAX);
        }
        if let Some(to) = to.map(Instant::as_millis) {
            // Behind that slice everything was recorded later, but for where time went back.
            let surely = self.first(FirstReaching { time: to.saturating_add(ASTRAY_MILLIS) })?;
            let back: Option<Option<i64>> = self.first(LastBack { to })?;
            let end = |connection: &mut Self, slice: i64| {
                let next: Option<i64> = connection.first(NextSlice { place: slice })?;
                Ok::<_, StoreError>(next.unwrap_or(i64::MAX))
            };
            if let Some(slice) = surely {
                span.to = end(self, slice)?;
            }
            if let Some(slice) = back.flatten() {
                span.to = span.to.max(end(self, slice)?);
            }
        }
        Ok(span)
    }
}
