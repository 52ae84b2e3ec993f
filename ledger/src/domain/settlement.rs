//! Settlements: what a bank owes a merchant for one of its business days.

use std::fmt;
use std::str::FromStr;

use super::calendar::Date;

/// The settlement's name at the bank: 16 upper-case letters and digits, which is what MT940 carries.
/// `EW`, the bank's clearing code, the date as `YYMMDD`, and the merchant's place in that day.
///
/// It is kept as one number, so that millions of them are sorted and compared as numbers are: by
/// date, clearing code and place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettlementReference(u64);

/// A text that is no settlement reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a settlement reference is `EW`, three digits of the bank, a date and five digits")]
pub struct NotReference;

/// Dates have six digits, clearing codes three, places in a day five.
const DATES: u64 = 1_000_000;
const CODES: u64 = 1_000;
const PLACES: u64 = 100_000;

impl SettlementReference {
    /// The letters and digits of a reference.
    pub const LENGTH: usize = 16;

    /// The reference of a bank's `number`-th settlement of `day`; `None` beyond 99,999 and outside
    /// this century.
    pub fn new(clearing_code: &str, day: Date, number: u32) -> Option<Self> {
        let digits = day.naive().format("%y%m%d");
        let reference: Self = format!("EW{clearing_code}{digits}{number:05}").parse().ok()?;
        let fits = clearing_code.len() == 3 && reference.business_date() == Some(day);
        fits.then_some(reference)
    }

    /// The reference that these bytes are.
    pub(crate) fn of_bytes(text: &[u8]) -> Option<Self> {
        let digits = text.strip_prefix(b"EW").filter(|digits| digits.len() == Self::LENGTH - 2)?;
        // Fourteen digits are no more than a number holds.
        let number = digits.iter().try_fold(0_u64, |number, byte| {
            let digit = byte.wrapping_sub(b'0');
            (digit <= 9).then(|| number.wrapping_mul(10).wrapping_add(u64::from(digit)))
        })?;
        let (dated, place) = (number / PLACES, number % PLACES);
        let (code, date) = (dated / DATES, dated % DATES);
        let dated = date.checked_mul(CODES)?.checked_add(code)?;
        is_date(date).then_some(Self(dated.checked_mul(PLACES)?.checked_add(place)?))
    }

    /// The reference as the number that it is kept as.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }

    /// The reference that is kept as this number.
    pub(crate) const fn of_number(number: u64) -> Self {
        Self(number)
    }

    /// The business date (WIB) that the reference names.
    pub fn business_date(self) -> Option<Date> {
        date_of(self.0 / PLACES / CODES)
    }
}

/// Whether digits are a date's last six. The first 28 days, which every month has, need no calendar.
fn is_date(digits: u64) -> bool {
    let (month, day) = (digits / 100 % 100, digits % 100);
    ((1..=12).contains(&month) && (1..=28).contains(&day)) || date_of(digits).is_some()
}

/// The date whose last six digits are these.
fn date_of(digits: u64) -> Option<Date> {
    let number = i32::try_from(digits).ok()?.checked_add(20_000_000)?;
    Date::from_number(number).ok()
}

impl FromStr for SettlementReference {
    type Err = NotReference;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::of_bytes(text.as_bytes()).ok_or(NotReference)
    }
}

/// `EW00218090300017`, as it stands in bank files.
impl fmt::Display for SettlementReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dated, place) = (self.0 / PLACES, self.0 % PLACES);
        f.pad(&format!("EW{:03}{:06}{place:05}", dated % CODES, dated / CODES))
    }
}

impl fmt::Debug for SettlementReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a settlement comes to beside what its merchant owes of the settlements before, in rupiah.
///
/// A reversal counts for the day on which it is made, so that more can be taken back on a day than was
/// sold. What a merchant then owes is carried, and set off against what its next settlements bring. It
/// is known when the day is closed, so that the bank and the merchant work out the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetOff {
    /// What the merchant owes of the settlements before.
    pub carried: i64,
    /// What was sold less what was taken back.
    pub net: i64,
}

impl SetOff {
    /// What the bank has to pay.
    pub fn due(self) -> i64 {
        self.net.saturating_sub(self.carried).max(0)
    }

    /// How much of what the merchant owes is set off by this settlement.
    pub fn amount(self) -> i64 {
        self.carried.min(self.net.max(0))
    }

    /// What the merchant owes after it; carried into the next.
    pub fn left(self) -> i64 {
        self.carried.saturating_sub(self.net).max(0)
    }

    /// Whether nobody owes anything after it, though nothing has to be paid.
    pub fn is_even(self) -> bool {
        self.net == self.carried
    }
}

/// Where a bank's day stands. The numbers are the store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayStatus {
    /// Purchases are still dated to it.
    Open,
    /// Nothing new is dated to it; what was is being sealed.
    Closing,
    /// All of it is sealed and settled.
    Closed,
}

impl DayStatus {
    /// The status with that number in the store; an open day has no row.
    pub fn from_number(number: i16) -> Option<Self> {
        match number {
            1 => Some(Self::Closing),
            2 => Some(Self::Closed),
            _ => None,
        }
    }

    /// The status's name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }
}

/// How far a settlement has come, from the day's first purchase to the second signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its day is open, closing or closed.
    Day(DayStatus),
    /// The merchant owes something after it, which its next settlements are set off against.
    Carried,
    /// The bank's files of the day were reconciled; it is not paid in them.
    Submitted,
    /// It is paid and posted.
    Confirmed,
    /// It is paid, and a second person has signed the day off.
    SignedOff,
}

impl Stage {
    /// The stage's name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day(status) => status.as_str(),
            Self::Carried => "carried",
            Self::Submitted => "submitted",
            Self::Confirmed => "confirmed",
            Self::SignedOff => "signed_off",
        }
    }

    /// Whether the bank has paid it.
    pub const fn is_paid(self) -> bool {
        matches!(self, Self::Confirmed | Self::SignedOff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_is_set_off_until_it_is_used_up() {
        let days = [110, -50, -20, 30, 40, 10, 0, 25];
        let (mut carried, mut told) = (0, Vec::new());
        for net in days {
            let day = SetOff { carried, net };
            assert_eq!(net, day.due() + carried - day.left());
            told.push((day.due(), day.amount(), day.left(), day.is_even()));
            carried = day.left();
        }
        assert_eq!(
            told,
            [
                (110, 0, 0, false),
                (0, 0, 50, false),
                (0, 0, 70, false),
                (0, 30, 40, false),
                (0, 40, 0, true),
                (10, 0, 0, false),
                (0, 0, 0, true),
                (25, 0, 0, false),
            ]
        );
        let paid: i64 = told.iter().map(|(due, ..)| due).sum();
        assert_eq!(paid, days.iter().sum(), "nothing is lost and nothing is doubled");
    }

    #[test]
    fn a_reference_fits_the_narrowest_field() {
        let day = "2018-09-03".parse().unwrap();
        let reference = SettlementReference::new("002", day, 17).unwrap();
        assert_eq!(reference.to_string(), "EW00218090300017");
        assert_eq!(reference.to_string().len(), SettlementReference::LENGTH);
        assert_eq!(SettlementReference::new("002", day, 100_000), None);
        assert_eq!(SettlementReference::new("2", day, 1), None);
        assert_eq!(SettlementReference::new("02", day, 100_000), None);
        assert_eq!(reference.business_date(), Some(day));
    }

    #[test]
    fn only_a_whole_reference_is_one() {
        let text = "EW00218090300017";
        assert_eq!(text.parse::<SettlementReference>().unwrap().to_string(), text);
        for text in [
            "EW002180903000170",
            "EW0021809030001",
            "ew00218090300017",
            "EW00218093100017",
            "EW0021809030001A",
            "EW",
            "",
        ] {
            assert_eq!(text.parse::<SettlementReference>(), Err(NotReference), "{text}");
        }
    }
}
