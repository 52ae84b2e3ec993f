//! Settlements: what a bank owes a merchant for one of its business days.

use std::fmt;
use std::str::FromStr;

use super::calendar::Date;

/// The settlement's name at the bank: 16 upper-case letters and digits, which is what MT940 carries.
/// `EW`, the bank's clearing code, the date as `YYMMDD`, and the merchant's place in that day.
///
/// The place has five digits up to 99,999; behind that a letter and four letters or digits, of the 32
/// that are not taken for each other (no I, L, O and U): `99999`, `A0000`, `A0001`, ... `ZZZZZ`.
///
/// It is kept as one number, so that millions of them are sorted and compared as numbers are: by
/// date, clearing code and place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettlementReference(u64);

/// A text that is not a settlement reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a settlement reference is `EW`, three digits of the bank, a date and five digits or, from a \
     letter on, letters and digits"
)]
pub struct NotReference;

/// Dates have six digits, clearing codes three.
const DATES: u64 = 1_000_000;
const CODES: u64 = 1_000;
/// Places that are written with digits alone.
const DECIMAL: u64 = 100_000;
/// What the other places are written with: ten digits and 22 letters.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LETTERS: u64 = 22;
/// Places that begin with the same letter.
const OF_LETTER: u64 = 32 * 32 * 32 * 32;
/// The letters stand behind the ten digits.
const BEFORE_LETTERS: u64 = 10 * OF_LETTER;
/// More than all places of a day.
const PLACES: u64 = DECIMAL + LETTERS * OF_LETTER;

impl SettlementReference {
    /// The letters and digits of a reference.
    pub const LENGTH: usize = 16;
    /// The most settlements that a bank's day can have.
    pub const MOST: u64 = PLACES - 1;

    /// The reference of a bank's `number`-th settlement of `day`; `None` beyond [`Self::MOST`] and outside
    /// this century.
    pub fn new(clearing_code: &str, day: Date, number: u32) -> Option<Self> {
        let code: u64 = clearing_code.parse().ok()?;
        let is_code = clearing_code.len() == 3 && clearing_code.bytes().all(|b| b.is_ascii_digit());
        let digits: u64 = day.naive().format("%y%m%d").to_string().parse().ok()?;
        let place = u64::from(number);
        let reference =
            Self::of_parts(digits, code, place).filter(|_| is_code && place < PLACES)?;
        (reference.business_date() == Some(day)).then_some(reference)
    }

    fn of_parts(date: u64, code: u64, place: u64) -> Option<Self> {
        let dated = date.checked_mul(CODES)?.checked_add(code)?;
        Some(Self(dated.checked_mul(PLACES)?.checked_add(place)?))
    }

    /// The reference that these bytes are.
    pub(crate) fn of_bytes(text: &[u8]) -> Option<Self> {
        let text = text.strip_prefix(b"EW").filter(|rest| rest.len() == Self::LENGTH - 2)?;
        let (dated, place) = text.split_at_checked(9)?;
        let dated = decimal(dated)?;
        let (code, date) = (dated / DATES, dated % DATES);
        let place = decimal(place).or_else(|| lettered(place))?;
        is_date(date).then_some(())?;
        Self::of_parts(date, code, place)
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

/// The value of up to 14 digits, which always fits.
fn decimal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then(|| number.wrapping_mul(10).wrapping_add(u64::from(digit)))
    })
}

/// The place that a letter and four letters or digits stand for.
fn lettered(signs: &[u8]) -> Option<u64> {
    let value = |sign: &u8| {
        let place = SIGNS.iter().position(|known| known == sign)?;
        u64::try_from(place).ok()
    };
    let (first, rest) = signs.split_first()?;
    let letter = value(first)?.checked_sub(10)?;
    let number = rest
        .iter()
        .try_fold(letter, |number, sign| number.checked_mul(32)?.checked_add(value(sign)?))?;
    number.checked_add(DECIMAL)
}

/// A place as it is written.
fn written(place: u64) -> String {
    let Some(mut rest) = place.checked_sub(DECIMAL) else { return format!("{place:05}") };
    rest = rest.saturating_add(BEFORE_LETTERS);
    let mut signs = [' '; 5];
    for sign in signs.iter_mut().rev() {
        let known = usize::try_from(rest % 32).ok().and_then(|place| SIGNS.get(place));
        *sign = known.map_or(' ', |known| char::from(*known));
        rest /= 32;
    }
    signs.into_iter().collect()
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

/// `EW00218090300017`, as written in bank files.
impl fmt::Display for SettlementReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dated, place) = (self.0 / PLACES, self.0 % PLACES);
        f.pad(&format!("EW{:03}{:06}{}", dated % CODES, dated / CODES, written(place)))
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

    /// Whether nothing is owed after it, without any payment.
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
        assert_eq!(SettlementReference::new("2", day, 1), None);
        assert_eq!(SettlementReference::new("+02", day, 1), None);
        assert_eq!(SettlementReference::new("02", day, 100_000), None);
        assert_eq!(reference.business_date(), Some(day));
    }

    #[test]
    fn behind_the_last_digits_a_letter_goes_on() {
        let day = "2018-09-03".parse().unwrap();
        let place = |number| {
            let reference = SettlementReference::new("002", day, number)?;
            let text = reference.to_string();
            assert_eq!(text.len(), SettlementReference::LENGTH, "{text}");
            assert_eq!(text.parse(), Ok(reference), "{text}");
            assert_eq!(reference.business_date(), Some(day), "{text}");
            assert_eq!(SettlementReference::of_number(reference.number()), reference);
            text.get(11..).map(str::to_owned)
        };
        let most = u32::try_from(SettlementReference::MOST).unwrap();
        let places = [
            (1, "00001"),
            (99_999, "99999"),
            (100_000, "A0000"),
            (100_001, "A0001"),
            (100_031, "A000Z"),
            (100_032, "A0010"),
            (100_000 + (1 << 20), "B0000"),
            (most, "ZZZZZ"),
        ];
        for (number, text) in places {
            assert_eq!(place(number).as_deref(), Some(text), "{number}");
        }
        assert_eq!(place(most + 1), None);
        let of = |number| SettlementReference::new("002", day, number).unwrap();
        assert!(of(99_999) < of(100_000) && of(100_000) < of(most), "they are in order");
        assert!(of(most) < SettlementReference::new("003", day, 1).unwrap());
        assert!(of(99_999).to_string() < of(100_000).to_string(), "as texts, too");
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
            "EW002180903A000I",
            "EW002180903A000a",
            "EW002180903a0000",
            "EW002180903I0000",
            "EW002180903U0000",
            "EW002180903A00-0",
            "EW00A180903A0000",
            "EW002180931A0000",
            "EW",
            "",
        ] {
            assert_eq!(text.parse::<SettlementReference>(), Err(NotReference), "{text}");
        }
    }
}
