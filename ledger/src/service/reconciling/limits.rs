//! What one client may send to be reconciled: bounds of a request, of a business day's files, and of what a
//! client's recordings bring within a day (WIB). They are settings of the process, never data.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::calendar::{Date, Instant, Zone};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reconciliations::View;

use super::super::error::Trouble;
use super::NotReconciled;

/// What recordings of banks and of shops may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordingLimits {
    /// Of a bank: the default fits one with 50,000 merchants.
    pub bank: RecordingBounds,
    /// Of a shop, whose account moves little.
    pub shop: RecordingBounds,
}

/// What the recordings of one client may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordingBounds {
    /// Rows that the files of one request may have.
    pub rows: u64,
    /// Differences about rows that one recording may find.
    pub exceptions: u64,
    /// Rows that a client's files may have within a day, and those that a business day may rest on.
    pub day_rows: u64,
    /// Differences about rows that a client's recordings may find within a day.
    pub day_exceptions: u64,
    /// Bytes of files that are kept for a client within a day.
    pub day_bytes: u64,
    /// A client's recordings within a day.
    pub day_recordings: u64,
}

const MIB: u64 = 1024 * 1024;

impl Default for RecordingLimits {
    fn default() -> Self {
        Self {
            bank: RecordingBounds {
                rows: 200_000,
                exceptions: 10_000,
                day_rows: 800_000,
                day_exceptions: 40_000,
                day_bytes: 512 * MIB,
                day_recordings: 200,
            },
            shop: RecordingBounds {
                rows: 5_000,
                exceptions: 1_000,
                day_rows: 20_000,
                day_exceptions: 4_000,
                day_bytes: 32 * MIB,
                day_recordings: 50,
            },
        }
    }
}

impl RecordingLimits {
    /// Nothing is bounded: for the demo and for measurements.
    pub const fn none() -> Self {
        let bounds = RecordingBounds {
            rows: u64::MAX,
            exceptions: u64::MAX,
            day_rows: u64::MAX,
            day_exceptions: u64::MAX,
            day_bytes: u64::MAX,
            day_recordings: u64::MAX,
        };
        Self { bank: bounds, shop: bounds }
    }

    /// The bounds of a view.
    pub(super) const fn of(&self, view: View) -> &RecordingBounds {
        if view.merchant == 0 { &self.bank } else { &self.shop }
    }
}

/// What recordings bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Brought {
    pub(super) recordings: u64,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    /// Differences about rows.
    pub(super) exceptions: u64,
}

impl Brought {
    /// What a client's recordings brought on the day (WIB) of `now`.
    pub(super) fn today(
        tx: &mut Connection,
        client: i64,
        now: Instant,
    ) -> Result<Self, StoreError> {
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        let (recordings, bytes, rows, exceptions) = tx.brought(client, day_of(now))?;
        Ok(Self {
            recordings: count(recordings),
            bytes: count(bytes),
            rows: count(rows),
            exceptions: count(exceptions),
        })
    }

    fn and(self, more: Self) -> Self {
        Self {
            recordings: self.recordings.saturating_add(more.recordings),
            bytes: self.bytes.saturating_add(more.bytes),
            rows: self.rows.saturating_add(more.rows),
            exceptions: self.exceptions.saturating_add(more.exceptions),
        }
    }
}

impl RecordingBounds {
    /// Whether one more recording fits into the client's day.
    pub(super) fn check_day(
        &self,
        (before, more): (Brought, Brought),
        now: Instant,
    ) -> Result<(), NotReconciled> {
        let all = before.and(more);
        let full = [
            ("recordings", all.recordings, self.day_recordings),
            ("bytes", all.bytes, self.day_bytes),
            ("rows", all.rows, self.day_rows),
            ("differences", all.exceptions, self.day_exceptions),
        ];
        let found = full.into_iter().find(|(_what, sum, most)| sum > most);
        let Some((what, _sum, most)) = found else { return Ok(()) };
        let left = day_of(now).1.as_millis().saturating_sub(now.as_millis());
        let seconds = u64::try_from(left).unwrap_or_default().div_ceil(1_000).max(1);
        Err(NotReconciled::DayFull { what, most, seconds })
    }
}

/// The beginning and the end of the day (WIB) of a time.
fn day_of(now: Instant) -> (Instant, Instant) {
    let day = Date::from(now.date_in(Zone::Wib));
    let midnight = |day: Date| Instant::at(day.naive(), chrono::NaiveTime::MIN, Zone::Wib);
    (midnight(day), midnight(day.next()))
}

/// The views of which something is being recorded in this process: one recording at a time each.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct Turns(Arc<Mutex<HashSet<(i16, i64)>>>);

/// A view's turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    view: (i16, i64),
}

impl Turns {
    /// The view's turn, unless something of it is being recorded.
    pub(super) fn take(&self, view: View) -> Result<Turn, Trouble> {
        let view = (view.bank.0, view.merchant);
        let is_free = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(view);
        if is_free { Ok(Turn { turns: self.clone(), view }) } else { Err(Trouble::Unavailable) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.view);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bank::BankId;

    #[test]
    fn a_day_is_full_until_midnight_in_western_indonesia() {
        let bounds = RecordingBounds { day_rows: 10, ..RecordingLimits::none().shop };
        let rows = |rows| Brought { rows, ..Brought::default() };
        // 16:59:58 UTC is two seconds before midnight (WIB).
        let now = Instant::from_millis(1_536_080_398_000);
        bounds.check_day((rows(4), rows(6)), now).unwrap();
        let full = bounds.check_day((rows(4), rows(7)), now).unwrap_err();
        assert!(
            matches!(full, NotReconciled::DayFull { what: "rows", most: 10, seconds: 2 }),
            "{full:?}"
        );
    }

    #[test]
    fn a_view_has_one_turn_at_a_time() {
        let turns = Turns::default();
        let view = |merchant| View { bank: BankId(1), merchant };
        let first = turns.take(view(0)).unwrap();
        assert!(turns.take(view(0)).is_err());
        assert!(turns.take(view(7)).is_ok());
        drop(first);
        assert!(turns.take(view(0)).is_ok());
    }
}
