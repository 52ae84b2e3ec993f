//! I5 on attempts: the business date is the bank's day of that moment, refused ones' too.

use std::collections::BTreeMap;

use crate::domain::bank::BankId;
use crate::domain::calendar::{CutOff, Date, Instant, Zone, business_date};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::verify::AttemptRecord;

use super::require;

/// A purchase that read the bank's day as open may be dated a moment after it was marked; the other way
/// clocks of nodes may differ by as much.
const UNDER_WAY_MILLIS: i64 = 10_000;

/// A bank's cut-off, and which days it marked when.
#[derive(Debug)]
struct BankDays {
    cut_off: CutOff,
    /// The first day that may have been open: nothing is known of the ones before.
    first: Date,
    marked: Vec<Mark>,
}

/// A day that was marked, and when.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Instant,
    date: Date,
}

/// The eras of the clock: when each began, and up to where time had been recorded by then.
#[derive(Debug)]
pub(super) struct Eras(Vec<(Instant, Instant)>);

impl Eras {
    pub(super) fn read(connection: &mut Connection) -> Result<Self, StoreError> {
        let instants = |(began, to)| (Instant::from_millis(began), Instant::from_millis(to));
        Ok(Self(connection.clock_eras()?.into_iter().map(instants).collect()))
    }

    /// The last time at which something may have been recorded before what was recorded at `at`. An era may
    /// have begun within an earlier one, so the newest is looked at first.
    pub(super) fn latest_before(&self, at: Instant) -> Instant {
        let eras = self.0.iter().rev();
        eras.fold(at, |latest, (began, to)| if *began <= latest { latest.max(*to) } else { latest })
    }
}

/// All banks' days.
#[derive(Debug)]
pub(super) struct Days {
    banks: BTreeMap<BankId, BankDays>,
    eras: Eras,
}

impl Days {
    pub(super) fn read(connection: &mut Connection) -> Result<Self, StoreError> {
        let mut days = BTreeMap::new();
        for bank in connection.banks()? {
            let first = bank.open_business_date;
            days.insert(bank.id, BankDays { cut_off: bank.cut_off, first, marked: Vec::new() });
        }
        for day in connection.marks_of_days()? {
            let bank = i16::try_from(day.bank).ok().and_then(|bank| days.get_mut(&BankId(bank)));
            let date = i32::try_from(day.date).ok().and_then(|date| Date::from_number(date).ok());
            if let (Some(bank), Some(date)) = (bank, date) {
                bank.first = bank.first.min(date);
                bank.marked.push(Mark { at: Instant::from_millis(day.at), date });
            }
        }
        Ok(Self { banks: days, eras: Eras::read(connection)? })
    }

    /// Whether an attempt's date may be the one that it has.
    pub(super) fn check(&self, record: &AttemptRecord) -> Result<(), String> {
        // A row that is not an attempt, or whose bank is missing, is reported as such.
        let Ok(attempt) = &record.attempt else { return Ok(()) };
        let Some(bank) = self.banks.get(&attempt.acquirer) else { return Ok(()) };
        let (at, date) = (attempt.created_at, attempt.business_date);
        let long_ago = Date::from(at.date_in(Zone::Wib)).minus_days(7);
        let earliest = business_date(at, bank.cut_off, long_ago);
        let until = self.eras.latest_before(at).plus_millis(UNDER_WAY_MILLIS);
        let marked = bank.marked.iter().filter(|mark| mark.at <= until);
        let open = marked.map(|mark| mark.date.plus_days(1)).fold(bank.first, Date::max);
        let latest = business_date(at, bank.cut_off, open);
        require(earliest <= date && date <= latest, || {
            format!(
                "redemptions {} (wallet {}): it is dated {date}, and the bank's day was {latest}",
                record.id, record.wallet
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_era_within_another_goes_back_to_the_first_of_them() {
        let at = Instant::from_millis;
        // Recorded up to 900, then from 500 to 600, then from 100 on.
        let eras = Eras(vec![(at(500), at(900)), (at(100), at(600))]);
        assert_eq!(eras.latest_before(at(50)), at(50), "before both");
        assert_eq!(eras.latest_before(at(150)), at(900));
        assert_eq!(eras.latest_before(at(550)), at(900));
        assert_eq!(eras.latest_before(at(950)), at(950));
    }
}
