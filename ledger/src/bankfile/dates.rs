//! Dates by pattern: `YYYY-MM-DD`, `DD/MM/YY hh.mm.ss`. A cell fits a pattern whole or not at all.

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike};

/// A form in which a profile's files write dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DatePattern {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// A number of the date or time, with how many digits it may have at least and at most.
    Number(Part, usize, usize),
    /// A month's name, English or Indonesian, short or whole.
    MonthName,
    Literal(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    YearOfCentury,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// What a cell says; the year may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Numbers {
    year: Option<i32>,
    month: u32,
    day: u32,
}

/// The months as banks in Indonesia write them; each begins with its short form.
const MONTHS: [&[&str]; 12] = [
    &["jan", "januari", "january"],
    &["feb", "februari", "february", "peb"],
    &["mar", "maret", "march"],
    &["apr", "april"],
    &["mei", "may"],
    &["jun", "juni", "june"],
    &["jul", "juli", "july"],
    &["agu", "agt", "ags", "aug", "agustus", "august"],
    &["sep", "sept", "september"],
    &["okt", "oct", "oktober", "october"],
    &["nov", "nop", "november"],
    &["des", "dec", "desember", "december"],
];

/// A date without a year lies at most this many days from the day that gives it one.
const HALF_A_YEAR: i64 = 183;

impl DatePattern {
    /// Reads a pattern: `YYYY`, `YY`, `MM`, `DD`, `hh`, `mm`, `ss`, and `MMM` for a month's name; a
    /// single letter takes one or two digits; anything else stands for itself. `None` unless it
    /// names day and month.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text.as_bytes();
        while let [letter, ..] = *rest {
            let width = if letter.is_ascii_alphabetic() {
                rest.iter().take_while(|other| **other == letter).count()
            } else {
                1
            };
            rest = rest.get(width..).unwrap_or_default();
            let part = match (letter, width) {
                (b'Y', 4) => Some(Part::Year),
                (b'Y', 2) => Some(Part::YearOfCentury),
                (b'M', 1 | 2) => Some(Part::Month),
                (b'D', 1 | 2) => Some(Part::Day),
                (b'h', 1 | 2) => Some(Part::Hour),
                (b'm', 1 | 2) => Some(Part::Minute),
                (b's', 1 | 2) => Some(Part::Second),
                (b'M', 3) => {
                    pieces.push(Piece::MonthName);
                    continue;
                }
                (other, 1) if other.is_ascii() && !other.is_ascii_alphanumeric() => None,
                _ => return None,
            };
            pieces.push(match part {
                Some(part) => Piece::Number(part, width, width.max(2)),
                None => Piece::Literal(letter),
            });
        }
        let pattern = Self { text: text.to_owned(), pieces };
        let month = pattern.names(Part::Month) || pattern.pieces.contains(&Piece::MonthName);
        (month && pattern.names(Part::Day)).then_some(pattern)
    }

    fn names(&self, part: Part) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Number(named, ..) if *named == part))
    }

    /// Whether its cells say which year they are of.
    pub(super) fn has_year(&self) -> bool {
        self.names(Part::Year) || self.names(Part::YearOfCentury)
    }

    /// The pattern as the profile writes it.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The date of a cell in this form; a year of the century lies in 2000 to 2099.
    ///
    /// A cell without a year gets the year that brings it nearest to `around`; without that day, or
    /// on a 29 February that no nearby year has, it is not a date.
    pub(super) fn read(&self, cell: &str, around: Option<NaiveDate>) -> Option<NaiveDate> {
        let Numbers { year, month, day } = self.numbers(cell)?;
        let Some(year) = year else { return nearest(month, day, around?) };
        NaiveDate::from_ymd_opt(year, month, day)
    }

    fn numbers(&self, cell: &str) -> Option<Numbers> {
        let mut rest = cell.as_bytes();
        let mut found = Numbers::default();
        let (mut hour, mut minute, mut second) = (0, 0, 0);
        for piece in &self.pieces {
            match *piece {
                Piece::Literal(wanted) => {
                    rest = rest.strip_prefix(&[wanted])?;
                }
                Piece::MonthName => {
                    let letters = rest.iter().take_while(|byte| byte.is_ascii_alphabetic());
                    let (name, behind) = rest.split_at_checked(letters.count())?;
                    found.month = month_of(name)?;
                    rest = behind;
                }
                Piece::Number(part, least, most) => {
                    let number = digits(&mut rest, least, most)?;
                    match part {
                        Part::Year => found.year = i32::try_from(number).ok(),
                        Part::YearOfCentury => {
                            found.year = i32::try_from(number.checked_add(2000)?).ok();
                        }
                        Part::Month => found.month = number,
                        Part::Day => found.day = number,
                        Part::Hour => hour = number,
                        Part::Minute => minute = number,
                        Part::Second => second = number,
                    }
                }
            }
        }
        NaiveTime::from_hms_opt(hour, minute, second)?;
        rest.is_empty().then_some(found)
    }

    /// A cell that this form writes and `other` reads as another day, if there is one.
    pub(super) fn contradicts(&self, other: &Self) -> Option<String> {
        // Days that differ in every part, and in which no part can stand for another unnoticed.
        let days = [(2003, 4, 5), (2011, 12, 10), (2018, 9, 3), (2021, 7, 8)];
        days.into_iter()
            .filter_map(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day))
            .find_map(|date| {
                let cell = self.write(date, NaiveTime::MIN);
                let read = other.read(&cell, Some(date));
                read.is_some_and(|read| read != date).then_some(cell)
            })
    }

    /// The cell for a date and time in this form.
    pub(super) fn write(&self, date: NaiveDate, time: NaiveTime) -> String {
        let mut text = String::with_capacity(self.text.len());
        for piece in &self.pieces {
            match *piece {
                Piece::Literal(letter) => text.push(char::from(letter)),
                Piece::MonthName => {
                    let names = usize::try_from(date.month0()).ok().and_then(|at| MONTHS.get(at));
                    text.push_str(names.and_then(|names| names.first()).copied().unwrap_or("?"));
                }
                Piece::Number(part, width, _most) => {
                    let number = match part {
                        Part::Year => date.year(),
                        Part::YearOfCentury => date.year().rem_euclid(100),
                        Part::Month => to_i32(date.month()),
                        Part::Day => to_i32(date.day()),
                        Part::Hour => to_i32(time.hour()),
                        Part::Minute => to_i32(time.minute()),
                        Part::Second => to_i32(time.second()),
                    };
                    let digits = format!("{number:0width$}");
                    text.push_str(&digits);
                }
            }
        }
        text
    }
}

/// The day of that month nearest to `around`.
fn nearest(month: u32, day: u32, around: NaiveDate) -> Option<NaiveDate> {
    let years = [around.year().checked_sub(1)?, around.year(), around.year().checked_add(1)?];
    let dates = years.into_iter().filter_map(|year| NaiveDate::from_ymd_opt(year, month, day));
    let distance = |date: &NaiveDate| date.signed_duration_since(around).num_days().abs();
    dates.min_by_key(distance).filter(|date| distance(date) <= HALF_A_YEAR)
}

fn month_of(name: &[u8]) -> Option<u32> {
    let named =
        |names: &&[&str]| names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name));
    (1..).zip(MONTHS).find(|(_number, names)| named(names)).map(|(number, _names)| number)
}

fn to_i32(number: u32) -> i32 {
    i32::try_from(number).unwrap_or_default()
}

fn digits(rest: &mut &[u8], least: usize, most: usize) -> Option<u32> {
    let mut number: u32 = 0;
    let mut found: usize = 0;
    while found < most
        && let [digit @ b'0'..=b'9', behind @ ..] = *rest
    {
        number = number.checked_mul(10)?.checked_add(u32::from(digit.checked_sub(b'0')?))?;
        found = found.saturating_add(1);
        *rest = behind;
    }
    (found >= least).then_some(number)
}

/// The first day that a spreadsheet's serial number can stand for here, and the last: from there on
/// all spreadsheets count alike, and no statement is older.
const SERIALS: std::ops::RangeInclusive<i64> = 20_000..=80_000;

/// The date of a spreadsheet's serial number, `43346` or `43346.5`: days since the end of 1899, or
/// since 1904 in workbooks that say so.
pub(super) fn from_serial(text: &str, since_1904: bool) -> Option<NaiveDate> {
    let whole = text.split_once('.').map_or(text, |(whole, _time)| whole);
    let days = whole.parse::<i64>().ok()?;
    let days = if since_1904 { days.checked_add(1462)? } else { days };
    let first = NaiveDate::from_ymd_opt(1899, 12, 30)?;
    let days = TimeDelta::try_days(days).filter(|_days| SERIALS.contains(&days))?;
    first.checked_add_signed(days)
}

/// The time of a cell: `3153` is 00:31:53, as banks write times without leading zeros; or
/// `hh:mm:ss`, `hh:mm`, `hh.mm.ss`.
pub(super) fn time(cell: &str) -> Option<NaiveTime> {
    if cell.bytes().all(|byte| byte.is_ascii_digit()) && (1..=6).contains(&cell.len()) {
        let number = cell.parse::<u32>().ok()?;
        let (hours, rest) = (number.checked_div(10_000)?, number.checked_rem(10_000)?);
        return NaiveTime::from_hms_opt(hours, rest.checked_div(100)?, rest.checked_rem(100)?);
    }
    let parts: Vec<&str> = cell.split([':', '.']).collect();
    let number = |text: &&str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 2;
        text.parse::<u32>().ok().filter(|_number| digits)
    };
    match parts.as_slice() {
        [hour, minute] => NaiveTime::from_hms_opt(number(hour)?, number(minute)?, 0),
        [hour, minute, second] => {
            NaiveTime::from_hms_opt(number(hour)?, number(minute)?, number(second)?)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> DatePattern {
        DatePattern::parse(text).unwrap()
    }

    fn read(form: &str, cell: &str) -> Option<String> {
        pattern(form).read(cell, None).map(|date| date.to_string())
    }

    #[test]
    fn a_cell_fits_whole_or_not_at_all() {
        for (form, cell, date) in [
            ("YYYY-MM-DD", "2018-09-03", "2018-09-03"),
            ("DD/MM/YY hh.mm.ss", "03/09/18 10.05.59", "2018-09-03"),
            ("D/M/YYYY", "3/9/2018", "2018-09-03"),
            ("YYYY-MM-DD", "2020-02-29", "2020-02-29"),
            ("YYYYMMDD", "20180903", "2018-09-03"),
            ("DD-MMM-YYYY", "03-Sep-2018", "2018-09-03"),
            ("D MMM YYYY", "3 AGUSTUS 2018", "2018-08-03"),
            ("D MMM YYYY", "3 Okt 2018", "2018-10-03"),
            ("DD/MM/YY", "31/12/18", "2018-12-31"),
            ("DD/MM/YY", "01/01/19", "2019-01-01"),
        ] {
            assert_eq!(read(form, cell).as_deref(), Some(date), "{cell}");
        }
        for (form, cell) in [
            ("DD/MM/YYYY", "03/09/18"),
            ("DD/MM/YY", "03/09/2018"),
            ("YYYY-MM-DD", "2018-02-29"),
            ("YYYY-MM-DD", "PEND"),
            ("YYYY-MM-DD", "2018-09-03 10:00"),
            ("DD/MM/YY hh.mm.ss", "03/09/18 25.00.00"),
            ("YYYY-MM-DD", ""),
            ("DD-MMM-YYYY", "03-Foo-2018"),
            ("DD/MM/YYYY", "00/09/2018"),
            ("DD/MM/YYYY", "03/13/2018"),
        ] {
            assert_eq!(read(form, cell), None, "{cell}");
        }
    }

    #[test]
    fn a_pattern_names_day_and_month() {
        for text in ["", "YYYY-MM", "YYYY-MM-DDThh", "YYY-MM-DD", "MMMM DD", "DD/MM/é"] {
            assert_eq!(DatePattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_missing_year_is_the_nearest_one() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (cell, around, date) in [
            ("31/12", "2019-01-02", Some("2018-12-31")),
            ("01/01", "2018-12-31", Some("2019-01-01")),
            ("03/09", "2018-09-30", Some("2018-09-03")),
            ("29/02", "2020-03-01", Some("2020-02-29")),
            ("29/02", "2018-03-01", None),
            ("31/04", "2018-04-01", None),
        ] {
            let read = pattern("DD/MM").read(cell, Some(day(around)));
            assert_eq!(read, date.map(day), "{cell} around {around}");
        }
        assert_eq!(pattern("DD/MM").read("03/09", None), None);
    }

    #[test]
    fn forms_that_read_one_cell_as_two_days_contradict_each_other() {
        for (one, other, contradict) in [
            ("DD/MM/YYYY", "MM/DD/YYYY", true),
            ("DD/MM/YY", "YY/MM/DD", true),
            ("DD/MM/YY", "DD/MM/YYYY", false),
            ("YYYY-MM-DD", "YYYY-MM-DD hh:mm:ss", false),
            ("D/M/YYYY", "DD/MM/YYYY", false),
            ("DD/MM", "MM/DD", true),
        ] {
            assert_eq!(pattern(one).contradicts(&pattern(other)).is_some(), contradict, "{one}");
        }
    }

    #[test]
    fn serials_and_times() {
        let serial = |text, since_1904| from_serial(text, since_1904).map(|date| date.to_string());
        assert_eq!(serial("43346", false).as_deref(), Some("2018-09-03"));
        assert_eq!(serial("43346.99", false).as_deref(), Some("2018-09-03"));
        assert_eq!(serial("41884", true).as_deref(), Some("2018-09-03"));
        for text in ["", "-5", "5", "1E5", "20180903", "99999999999999999999"] {
            assert_eq!(serial(text, false), None, "{text}");
        }
        for (cell, clock) in [
            ("3153", "00:31:53"),
            ("81500", "08:15:00"),
            ("235959", "23:59:59"),
            ("0", "00:00:00"),
            ("08:15", "08:15:00"),
            ("8.15.30", "08:15:30"),
        ] {
            assert_eq!(time(cell).map(|time| time.to_string()).as_deref(), Some(clock), "{cell}");
        }
        for cell in ["", "240000", "9999", "1234567", "+1:00", "08:15:00:00", "noon"] {
            assert_eq!(time(cell), None, "{cell}");
        }
    }
}
