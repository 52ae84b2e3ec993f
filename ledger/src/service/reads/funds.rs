//! The history of a bank's unallocated money. Its credits to families are in no log but the families'
//! own: they are found in the spans of the log within which roll-ups say that the account changed.

use crate::domain::ids::AccountId;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::{LogSpan, TransferFilter, TransferRow};

use super::plan::{Rows, by_id, rows_of};
use super::walk::{Found, cut, more_than};
use super::{PageRequest, Place};

/// Spans that one request looks at, at the most: a filter that matches little must not read them all.
const SPANS: usize = 16;

/// What is not sealed yet by id, then what is by its place in the log. The first page fixes where that
/// begins, so that what is sealed meanwhile is neither lost nor shown again.
pub(super) fn of_funds(
    snapshot: &mut Connection,
    filter: &TransferFilter,
    account: AccountId,
    page: PageRequest,
) -> Result<Rows<TransferFilter>, StoreError> {
    let mut rows = Vec::new();
    let begin = match page.place {
        Some(Place::Sealed { log, .. }) => log,
        Some(Place::Unsealed { .. } | Place::Below(_)) | None => {
            let (log, start) = match page.place {
                Some(Place::Unsealed { log, below, .. }) => (log, below),
                _ => (snapshot.log_size()?, i64::MAX),
            };
            let tail = snapshot.moves_in_tail(filter, log, start, more_than(page.limit))?;
            let tail = cut(by_id::<TransferFilter>(tail), page.limit);
            rows = rows_of(tail.rows);
            if let Some(below) = tail.next {
                return Ok((rows, Some(Place::Unsealed { attempts: 0, log, below })));
            }
            log
        }
    };
    let limit = page.limit.saturating_sub(rows.len());
    let found = sealed_below(snapshot, filter, account, begin, limit)?;
    rows.extend(rows_of(found.rows));
    Ok((rows, found.next.map(|log| Place::Sealed { attempts: 0, log })))
}

fn sealed_below(
    snapshot: &mut Connection,
    filter: &TransferFilter,
    account: AccountId,
    mut below: i64,
    limit: usize,
) -> Result<Found<TransferRow>, StoreError> {
    let mut found = Vec::new();
    if limit > 0 {
        for _ in 0..SPANS {
            let Some(span) = span_below(snapshot, account, below)? else {
                return Ok(Found { rows: found, next: None });
            };
            let wanted = more_than(limit.saturating_sub(found.len()));
            found.extend(snapshot.moves_in_span(filter, span, wanted)?);
            if found.len() > limit {
                return Ok(cut(found, limit));
            }
            below = span.from;
        }
    }
    Ok(Found { rows: found, next: Some(below) })
}

/// The next span to be looked at below a place in the log: down to the next roll-up, and below roll-ups
/// one within which the account changed.
fn span_below(
    snapshot: &mut Connection,
    account: AccountId,
    below: i64,
) -> Result<Option<LogSpan>, StoreError> {
    let from = snapshot.rollup_at(below)?.log_size;
    if from < below {
        return Ok(Some(LogSpan { from, to: below }));
    }
    snapshot.changed_span_below(account, below)
}
