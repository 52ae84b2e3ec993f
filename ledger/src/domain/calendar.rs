//! Time: instants in UTC, the programme's local dates, the banks' business dates, periods.
//!
//! Indonesia has three zones and no summer time, so fixed offsets are exact. A programme rule
//! (amount, goods, ceilings) goes by the merchant's local date; settlement goes by the business
//! date, which is the date in WIB, or the next from the acquirer's cut-off on.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, Datelike, Days, FixedOffset, NaiveDate, NaiveTime, TimeZone, Timelike, Utc,
};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The instant `millis` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The instant at `time` on `date` in `zone`.
    pub fn at(date: NaiveDate, time: NaiveTime, zone: Zone) -> Self {
        let seconds = i64::from(zone.offset().local_minus_utc());
        let utc = date.and_time(time).and_utc().timestamp_millis();
        Self(utc.saturating_sub(seconds.saturating_mul(1000)))
    }

    /// The same instant, `millis` later (or earlier when negative).
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The wall clock's reading in `zone`.
    pub fn local(self, zone: Zone) -> DateTime<FixedOffset> {
        zone.offset().from_utc_datetime(&self.utc().naive_utc())
    }

    /// The date in `zone`.
    pub fn date_in(self, zone: Zone) -> NaiveDate {
        self.local(zone).date_naive()
    }

    /// RFC 3339 in UTC with milliseconds, as every answer writes times.
    pub fn rfc3339(self) -> String {
        let mut text = String::with_capacity(24);
        self.push_rfc3339(&mut text);
        text
    }

    /// Appends the same: digit by digit, which a calendar library's patterns take five times as long for.
    pub fn push_rfc3339(self, text: &mut String) {
        let time = self.utc().naive_utc();
        Date(time.date()).push(text);
        for (mark, number) in [('T', time.hour()), (':', time.minute()), (':', time.second())] {
            text.push(mark);
            push_digits(text, number, 2);
        }
        text.push('.');
        push_digits(text, time.and_utc().timestamp_subsec_millis(), 3);
        text.push('Z');
    }

    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }
}

/// Appends the last `digits` decimal digits of a number.
fn push_digits(text: &mut String, number: u32, digits: u32) {
    for place in (0..digits).rev() {
        let digit = number.checked_div(10_u32.saturating_pow(place)).unwrap_or(0) % 10;
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

/// What is not a date, period, time or zone of the programme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}")]
pub struct NotCalendar {
    text: String,
    wanted: &'static str,
}

impl NotCalendar {
    fn new(text: impl Into<String>, wanted: &'static str) -> Self {
        Self { text: text.into(), wanted }
    }
}

/// RFC 3339 with any offset: `2018-09-03T08:15:00Z`.
impl FromStr for Instant {
    type Err = NotCalendar;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text)
            .map(|time| Self(time.timestamp_millis()))
            .map_err(|_unreadable| NotCalendar::new(text, "a time like `2018-09-03T08:15:00Z`"))
    }
}

/// One of Indonesia's three time zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Zone {
    /// Western Indonesia, UTC+7; the banks' zone.
    Wib,
    /// Central Indonesia, UTC+8.
    Wita,
    /// Eastern Indonesia, UTC+9.
    Wit,
}

impl Zone {
    /// All three, from west to east.
    pub const ALL: [Self; 3] = [Self::Wib, Self::Wita, Self::Wit];

    /// The zone's abbreviation as receipts print it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wib => "WIB",
            Self::Wita => "WITA",
            Self::Wit => "WIT",
        }
    }

    /// Whole hours ahead of UTC; also the zone's number in the store.
    pub const fn hours(self) -> i16 {
        match self {
            Self::Wib => 7,
            Self::Wita => 8,
            Self::Wit => 9,
        }
    }

    /// The zone whose offset is `hours`.
    ///
    /// # Errors
    /// [`NotCalendar`] for any other number than 7, 8 and 9.
    pub fn from_hours(hours: i16) -> Result<Self, NotCalendar> {
        Self::ALL
            .into_iter()
            .find(|zone| zone.hours() == hours)
            .ok_or_else(|| NotCalendar::new(hours.to_string(), "a zone's offset: 7, 8 or 9"))
    }

    fn offset(self) -> FixedOffset {
        let seconds = i32::from(self.hours()).saturating_mul(3600);
        FixedOffset::east_opt(seconds).unwrap_or_else(|| chrono::Offset::fix(&Utc))
    }
}

impl FromStr for Zone {
    type Err = NotCalendar;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|zone| zone.as_str() == text)
            .ok_or_else(|| NotCalendar::new(text, "a zone: WIB, WITA or WIT"))
    }
}

/// A calendar date as the store keeps it: the decimal number `YYYYMMDD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(NaiveDate);

impl Date {
    /// The first day there is.
    pub const MIN: Self = Self(NaiveDate::MIN);

    /// The date as the decimal number `YYYYMMDD`, by which it is stored and sorted.
    pub fn as_number(self) -> i32 {
        let day = i32::try_from(self.0.day()).unwrap_or_default();
        let month = i32::try_from(self.0.month()).unwrap_or_default();
        self.0
            .year()
            .saturating_mul(100)
            .saturating_add(month)
            .saturating_mul(100)
            .saturating_add(day)
    }

    /// The date of the decimal number `YYYYMMDD`.
    ///
    /// # Errors
    /// [`NotCalendar`] when the number is not a date.
    pub fn from_number(number: i32) -> Result<Self, NotCalendar> {
        let part = |divisor: i32, modulus: i32| {
            number.checked_div(divisor).and_then(|rest| rest.checked_rem(modulus)).unwrap_or(0)
        };
        let month = u32::try_from(part(100, 100)).unwrap_or(0);
        let day = u32::try_from(part(1, 100)).unwrap_or(0);
        NaiveDate::from_ymd_opt(part(10_000, 1_000_000), month, day)
            .map(Self)
            .ok_or_else(|| NotCalendar::new(number.to_string(), "a date's number `YYYYMMDD`"))
    }

    /// Appends the date as it is displayed.
    pub fn push(self, text: &mut String) {
        let Ok(year @ 0..=9999) = u32::try_from(self.0.year()) else {
            text.push_str(&self.0.format("%Y-%m-%d").to_string());
            return;
        };
        push_digits(text, year, 4);
        for number in [self.0.month(), self.0.day()] {
            text.push('-');
            push_digits(text, number, 2);
        }
    }

    /// The date as the calendar library knows it.
    pub const fn naive(self) -> NaiveDate {
        self.0
    }

    /// The day after; the last day there is has itself.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus_days(1)
    }

    /// The date `days` later; the last day there is when that is out of reach.
    #[must_use]
    pub fn plus_days(self, days: u64) -> Self {
        Self(self.0.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX))
    }

    /// The date `days` earlier; the first day there is when that is out of reach.
    #[must_use]
    pub fn minus_days(self, days: u64) -> Self {
        Self(self.0.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN))
    }

    /// The month the date lies in.
    pub fn period(self) -> Period {
        Period { year: self.0.year(), month: self.0.month() }
    }
}

impl From<NaiveDate> for Date {
    fn from(date: NaiveDate) -> Self {
        Self(date)
    }
}

/// `2018-09-03`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(10);
        self.push(&mut text);
        f.pad(&text)
    }
}

impl FromStr for Date {
    type Err = NotCalendar;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .filter(|date| date.format("%Y-%m-%d").to_string() == text)
            .map(Self)
            .ok_or_else(|| NotCalendar::new(text, "a date like `2018-09-03`"))
    }
}

/// A month of the programme, for which a wallet is credited once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    year: i32,
    month: u32,
}

impl Period {
    /// The period as the decimal number `YYYYMM`, by which it is stored and sorted.
    pub fn as_number(self) -> i32 {
        let month = i32::try_from(self.month).unwrap_or_default();
        self.year.saturating_mul(100).saturating_add(month)
    }

    /// The month after it.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.month == 12 {
            Self { year: self.year.saturating_add(1), month: 1 }
        } else {
            Self { year: self.year, month: self.month.saturating_add(1) }
        }
    }

    /// The period of the decimal number `YYYYMM`.
    ///
    /// # Errors
    /// [`NotCalendar`] when the number is not a month.
    pub fn from_number(number: i32) -> Result<Self, NotCalendar> {
        Date::from_number(number.saturating_mul(100).saturating_add(1))
            .map(Date::period)
            .map_err(|_no_month| NotCalendar::new(number.to_string(), "a period's number `YYYYMM`"))
    }

    /// Its first day, on which the rules that hold for the whole month are looked up.
    pub fn first_day(self) -> Date {
        Date(NaiveDate::from_ymd_opt(self.year, self.month, 1).unwrap_or(NaiveDate::MIN))
    }
}

/// `2018-09`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.year, self.month))
    }
}

impl FromStr for Period {
    type Err = NotCalendar;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        format!("{text}-01")
            .parse::<Date>()
            .map(Date::period)
            .map_err(|_no_month| NotCalendar::new(text, "a period like `2018-09`"))
    }
}

/// A bank's cut-off: the minute of the day in WIB from which a purchase counts for the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CutOff(i16);

impl CutOff {
    /// 22:00 WIB, where a bank has agreed nothing else.
    pub const DEFAULT: Self = Self(22 * 60);

    /// The cut-off at the `minute`-th minute of the day.
    ///
    /// # Errors
    /// [`NotCalendar`] unless it is from 0 to 1,440 (never).
    pub fn from_minute(minute: i16) -> Result<Self, NotCalendar> {
        if (0..=1440).contains(&minute) {
            Ok(Self(minute))
        } else {
            Err(NotCalendar::new(minute.to_string(), "a minute of the day"))
        }
    }

    /// The minute of the day, as stored.
    pub const fn minute(self) -> i16 {
        self.0
    }
}

/// `22:00`.
impl FromStr for CutOff {
    type Err = NotCalendar;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time = NaiveTime::parse_from_str(text, "%H:%M")
            .map_err(|_unreadable| NotCalendar::new(text, "a time of day like `22:00`"))?;
        let seconds = Timelike::num_seconds_from_midnight(&time);
        Self::from_minute(i16::try_from(seconds / 60).unwrap_or(-1))
    }
}

/// The bank's day on which something that happens at `now` is settled: the date in WIB, the next
/// one from the cut-off on, and never a day that the bank has closed already (`open`).
pub fn business_date(now: Instant, cut_off: CutOff, open: Date) -> Date {
    let local = now.local(Zone::Wib);
    let minute = Timelike::num_seconds_from_midnight(&local) / 60;
    let today = Date(local.date_naive());
    let late = i64::from(minute) >= i64::from(cut_off.0);
    (if late { today.next() } else { today }).max(open)
}

#[cfg(test)]
mod tests;
