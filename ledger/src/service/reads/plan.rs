//! How a list is read, whatever it lists: everyone's by time, a family's by its own keys, an account's
//! by its logs. What a filter names decides, so that few rows are looked at for those that are shown.

use std::iter::Peekable;
use std::vec::IntoIter;

use crate::domain::ids::{AccountId, WalletId};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::{LogBounds, Range, Stretch, Times};

use super::walk::{BUDGET, Found, LOG_BUDGET, cut, more_than, walk};
use super::{PageRequest, Place};

/// A list, as its filter reads it.
pub(super) trait Listing {
    /// What it shows.
    type Row;

    /// A row's id.
    fn id(row: &Self::Row) -> i64;
    /// The times that are wanted.
    fn times(&self) -> Times;
    /// How far the next rows of its table reach, by id.
    fn next(
        &self,
        snapshot: &mut Connection,
        range: Range,
        rows: i64,
    ) -> Result<Stretch, StoreError>;
    /// The wanted rows with ids in a range.
    fn by_time(
        &self,
        snapshot: &mut Connection,
        range: Range,
        limit: i64,
    ) -> Result<Vec<Self::Row>, StoreError>;
    /// A wallet's wanted rows with ids below one.
    fn of_wallet(
        &self,
        snapshot: &mut Connection,
        wallet: WalletId,
        below: i64,
        limit: i64,
    ) -> Result<Vec<Self::Row>, StoreError>;
    /// An account's wanted rows that were not sealed when its history ended so, with ids below one.
    fn in_tail(
        &self,
        snapshot: &mut Connection,
        account: AccountId,
        from: (LogBounds, i64),
        limit: i64,
    ) -> Result<Vec<Self::Row>, StoreError>;
    /// Whether a shop's purchases are wanted, and whether an account's other transfers are.
    fn logs(&self) -> (bool, bool);
    /// The wanted ones of a shop's attempts with numbers in a range, with their numbers.
    fn sales(
        &self,
        snapshot: &mut Connection,
        account: AccountId,
        range: Range,
        limit: i64,
    ) -> Result<Vec<Logged<Self::Row>>, StoreError>;
    /// The wanted ones of an account's log with places in a range, with their places.
    fn entries(
        &self,
        snapshot: &mut Connection,
        account: AccountId,
        range: Range,
        limit: i64,
    ) -> Result<Vec<Logged<Self::Row>>, StoreError>;
}

/// A row by its place in the list that it was found in, with its place in the log.
pub(super) type Logged<R> = (i64, (i64, R));

/// A page's rows, and where the list goes on.
pub(super) type Rows<L> = (Vec<<L as Listing>::Row>, Option<Place>);

/// Everyone's, along the primary key.
pub(super) fn by_time<L: Listing>(
    snapshot: &mut Connection,
    list: &L,
    page: PageRequest,
) -> Result<Rows<L>, StoreError> {
    let (above, lowest) = snapshot.ids_recorded(list.times())?;
    let start = match page.place {
        Some(Place::Below(id)) => id,
        Some(Place::Unsealed { .. } | Place::Sealed { .. }) | None => above,
    };
    let found = walk(
        snapshot,
        (start, lowest),
        (page.limit, BUDGET),
        |snapshot, range, rows| list.next(snapshot, range, rows),
        |snapshot, range, limit| Ok(by_id::<L>(list.by_time(snapshot, range, limit)?)),
    )?;
    Ok((rows_of(found.rows), found.next.map(Place::Below)))
}

/// A family's, which are few.
pub(super) fn of_wallet<L: Listing>(
    snapshot: &mut Connection,
    list: &L,
    wallet: WalletId,
    page: PageRequest,
) -> Result<Rows<L>, StoreError> {
    let start = match page.place {
        Some(Place::Below(id)) => id,
        // The place of another list's page begins this one anew.
        Some(Place::Unsealed { .. } | Place::Sealed { .. }) | None => i64::MAX,
    };
    let rows = list.of_wallet(snapshot, wallet, start, more_than(page.limit))?;
    let found = cut(by_id::<L>(rows), page.limit);
    Ok((rows_of(found.rows), found.next.map(Place::Below)))
}

/// An account's: what is not sealed yet by id, then its two logs side by side. The first page fixes
/// where they begin, so that what is sealed meanwhile is neither lost nor shown again. No more is
/// read than the account's own history.
pub(super) fn of_account<L: Listing>(
    snapshot: &mut Connection,
    list: &L,
    account: AccountId,
    page: PageRequest,
) -> Result<Rows<L>, StoreError> {
    let mut rows = Vec::new();
    let begin = match page.place {
        Some(Place::Sealed { attempts, log }) => LogBounds { attempts, log },
        Some(Place::Unsealed { .. } | Place::Below(_)) | None => {
            let (sealed, start) = match page.place {
                Some(Place::Unsealed { attempts, log, below }) => {
                    (LogBounds { attempts, log }, below)
                }
                _ => (sealed_now(snapshot, account)?, i64::MAX),
            };
            let tail = list.in_tail(snapshot, account, (sealed, start), more_than(page.limit))?;
            let tail = cut(by_id::<L>(tail), page.limit);
            rows = rows_of(tail.rows);
            if let Some(below) = tail.next {
                let LogBounds { attempts, log } = sealed;
                return Ok((rows, Some(Place::Unsealed { attempts, log, below })));
            }
            sealed
        }
    };
    let limit = page.limit.saturating_sub(rows.len());
    let (sales, entries) = logs_below(snapshot, list, account, begin, limit)?;
    let (rest, next) = merged::<L>(sales, entries, limit);
    rows.extend(rest);
    Ok((rows, next))
}

/// The next wanted rows of both logs of an account.
fn logs_below<L: Listing>(
    snapshot: &mut Connection,
    list: &L,
    account: AccountId,
    begin: LogBounds,
    limit: usize,
) -> Result<(Source<L>, Source<L>), StoreError> {
    let (sales_wanted, entries_wanted) = list.logs();
    let mut sales = Found::nothing();
    if sales_wanted {
        let range = attempts_between(snapshot, account, begin.attempts, list.times())?;
        sales = walk(
            snapshot,
            range,
            (limit, LOG_BUDGET),
            |snapshot, range, rows| snapshot.next_sales(account, range, rows),
            |snapshot, range, limit| list.sales(snapshot, account, range, limit),
        )?;
    }
    let mut entries = Found::nothing();
    if entries_wanted {
        let range = places_between(snapshot, begin.log, list.times())?;
        entries = walk(
            snapshot,
            range,
            (limit, LOG_BUDGET),
            |snapshot, range, rows| snapshot.next_entries(account, range, rows),
            |snapshot, range, limit| list.entries(snapshot, account, range, limit),
        )?;
    }
    Ok((Source::of(sales, begin.attempts), Source::of(entries, begin.log)))
}

fn sealed_now(snapshot: &mut Connection, account: AccountId) -> Result<LogBounds, StoreError> {
    let attempts = snapshot.last_attempt_no(account)?.saturating_add(1);
    Ok(LogBounds { attempts, log: snapshot.log_size()? })
}

/// The numbers of a shop's attempts below one that these times can have.
fn attempts_between(
    snapshot: &mut Connection,
    shop: AccountId,
    below: i64,
    times: Times,
) -> Result<Range, StoreError> {
    if times == (None, None) {
        return Ok((below, 1));
    }
    let span = snapshot.places_recorded(times)?;
    let (above, lowest) = snapshot.attempts_within(shop, span)?;
    Ok((above.min(below), lowest))
}

/// The places in the log below one that these times can have.
fn places_between(
    snapshot: &mut Connection,
    below: i64,
    times: Times,
) -> Result<Range, StoreError> {
    let span = snapshot.places_recorded(times)?;
    Ok((span.to.min(below), span.from))
}

/// One of an account's logs: the rows that were found in it, and where it goes on.
struct Source<L: Listing> {
    rows: Peekable<IntoIter<Logged<L::Row>>>,
    at: i64,
    next: Option<i64>,
}

impl<L: Listing> Source<L> {
    fn of(found: Found<(i64, L::Row)>, begin: i64) -> Self {
        Self { rows: found.rows.into_iter().peekable(), at: begin, next: found.next }
    }

    /// The next row's place in the log.
    fn next_in_log(&mut self) -> Option<i64> {
        self.rows.peek().map(|(_, (in_log, _))| *in_log)
    }

    fn take(&mut self) -> Option<L::Row> {
        let (place, (_, row)) = self.rows.next()?;
        self.at = place;
        Some(row)
    }

    /// Whether what comes next is not known: it was not looked at.
    fn is_dry(&mut self) -> bool {
        self.next.is_some() && self.rows.peek().is_none()
    }

    /// Below which place it goes on; `None` at its end.
    fn place(&mut self) -> Option<i64> {
        if self.rows.peek().is_some() { Some(self.at) } else { self.next }
    }
}

/// The first `limit` of two logs, the latest first; the list goes on behind the last one taken of
/// each.
fn merged<L: Listing>(mut sales: Source<L>, mut entries: Source<L>, limit: usize) -> Rows<L> {
    let mut rows = Vec::new();
    while rows.len() < limit && !sales.is_dry() && !entries.is_dry() {
        let sale_is_next = sales.next_in_log() > entries.next_in_log();
        let row = if sale_is_next { sales.take() } else { entries.take() };
        let Some(row) = row else { break };
        rows.push(row);
    }
    let (attempts, log) = (sales.place(), entries.place());
    let goes_on = attempts.is_some() || log.is_some();
    let next = Place::Sealed { attempts: attempts.unwrap_or(0), log: log.unwrap_or(0) };
    (rows, goes_on.then_some(next))
}

/// Rows whose place is their id.
pub(super) fn by_id<L: Listing>(rows: Vec<L::Row>) -> Vec<(i64, L::Row)> {
    rows.into_iter().map(|row| (L::id(&row), row)).collect()
}

/// The rows without their places.
pub(super) fn rows_of<R>(rows: Vec<(i64, R)>) -> Vec<R> {
    rows.into_iter().map(|(_, row)| row).collect()
}
