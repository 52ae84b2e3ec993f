//! Dates by pattern: `YYYY-MM-DD`, `DD/MM/YY hh.mm.ss`. A cell fits a pattern whole or not at all.

use std::iter::Peekable;
use std::str::Chars;

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};

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
    Literal(char),
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

impl DatePattern {
    /// Reads a pattern: `YYYY`, `YY`, `MM`, `DD`, `hh`, `mm`, `ss`; a single letter takes one or
    /// two digits; anything else stands for itself. `None` unless it names day, month and year.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            let mut width: usize = 1;
            while letter.is_ascii_alphabetic() && letters.next_if_eq(&letter).is_some() {
                width = width.saturating_add(1);
            }
            let part = match (letter, width) {
                ('Y', 4) => Some(Part::Year),
                ('Y', 2) => Some(Part::YearOfCentury),
                ('M', 1 | 2) => Some(Part::Month),
                ('D', 1 | 2) => Some(Part::Day),
                ('h', 1 | 2) => Some(Part::Hour),
                ('m', 1 | 2) => Some(Part::Minute),
                ('s', 1 | 2) => Some(Part::Second),
                (other, 1) if !other.is_ascii_alphanumeric() => None,
                _ => return None,
            };
            pieces.push(match part {
                Some(part) => Piece::Number(part, width, width.max(2)),
                None => Piece::Literal(letter),
            });
        }
        let names = |wanted: &[Part]| {
            pieces
                .iter()
                .any(|piece| matches!(piece, Piece::Number(part, ..) if wanted.contains(part)))
        };
        let whole = names(&[Part::Year, Part::YearOfCentury])
            && names(&[Part::Month])
            && names(&[Part::Day]);
        whole.then(|| Self { text: text.to_owned(), pieces })
    }

    /// The pattern as the profile writes it.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The date of a cell in this form; a year of the century lies in 2000 to 2099.
    pub(super) fn read(&self, cell: &str) -> Option<NaiveDate> {
        let mut rest = cell.chars().peekable();
        let (mut year, mut month, mut day) = (0, 0, 0);
        let (mut hour, mut minute, mut second) = (0, 0, 0);
        for piece in &self.pieces {
            match *piece {
                Piece::Literal(wanted) => {
                    rest.next_if_eq(&wanted)?;
                }
                Piece::Number(part, least, most) => {
                    let number = digits(&mut rest, least, most)?;
                    match part {
                        Part::Year => year = number,
                        Part::YearOfCentury => year = number.checked_add(2000)?,
                        Part::Month => month = number,
                        Part::Day => day = number,
                        Part::Hour => hour = number,
                        Part::Minute => minute = number,
                        Part::Second => second = number,
                    }
                }
            }
        }
        NaiveTime::from_hms_opt(hour, minute, second)?;
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day);
        date.filter(|_date| rest.next().is_none())
    }

    /// The cell for a date and time in this form.
    pub(super) fn write(&self, date: NaiveDate, time: NaiveTime) -> String {
        let mut text = String::with_capacity(self.text.len());
        for piece in &self.pieces {
            match *piece {
                Piece::Literal(letter) => text.push(letter),
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

fn to_i32(number: u32) -> i32 {
    i32::try_from(number).unwrap_or_default()
}

fn digits(rest: &mut Peekable<Chars<'_>>, least: usize, most: usize) -> Option<u32> {
    let mut number: u32 = 0;
    let mut found: usize = 0;
    while found < most {
        let Some(digit) = rest.peek().and_then(|letter| letter.to_digit(10)) else { break };
        rest.next();
        number = number.checked_mul(10)?.checked_add(digit)?;
        found = found.saturating_add(1);
    }
    (found >= least).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str, cell: &str) -> Option<String> {
        DatePattern::parse(pattern).unwrap().read(cell).map(|date| date.to_string())
    }

    #[test]
    fn a_cell_fits_whole_or_not_at_all() {
        assert_eq!(read("YYYY-MM-DD", "2018-09-03").as_deref(), Some("2018-09-03"));
        assert_eq!(read("DD/MM/YY hh.mm.ss", "03/09/18 10.05.59").as_deref(), Some("2018-09-03"));
        assert_eq!(read("D/M/YYYY", "3/9/2018").as_deref(), Some("2018-09-03"));
        assert_eq!(read("YYYY-MM-DD", "2020-02-29").as_deref(), Some("2020-02-29"));
        for (pattern, cell) in [
            ("DD/MM/YYYY", "03/09/18"),
            ("DD/MM/YY", "03/09/2018"),
            ("YYYY-MM-DD", "2018-02-29"),
            ("YYYY-MM-DD", "PEND"),
            ("YYYY-MM-DD", "2018-09-03 10:00"),
            ("DD/MM/YY hh.mm.ss", "03/09/18 25.00.00"),
            ("YYYY-MM-DD", ""),
        ] {
            assert_eq!(read(pattern, cell), None, "{cell}");
        }
    }

    #[test]
    fn a_pattern_names_day_month_and_year() {
        for text in ["", "YYYY-MM", "DD/MM", "YYYY-MM-DDThh", "YYY-MM-DD"] {
            assert_eq!(DatePattern::parse(text), None, "{text}");
        }
    }
}
