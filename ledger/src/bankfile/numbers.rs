//! Amounts as banks write them. The profile fixes what the point and the comma mean: a file is
//! refused rather than read a thousand times too large.

use std::fmt;

use rust_decimal::Decimal;

/// What the point and the comma mean in a bank's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberStyle {
    /// A decimal point, commas between thousands: `1,234.56`.
    Point,
    /// A decimal comma, points between thousands: `1.234,56`.
    Comma,
}

impl NumberStyle {
    const fn marks(self) -> (u8, u8) {
        match self {
            Self::Point => (b'.', b','),
            Self::Comma => (b',', b'.'),
        }
    }

    /// The style as a profile writes it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Point => "1,234.56",
            Self::Comma => "1.234,56",
        }
    }
}

impl fmt::Display for NumberStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.as_str())
    }
}

/// An amount as a cell writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Figure<'a> {
    /// The number with its own sign.
    pub(super) value: Decimal,
    /// Letters behind the number: `DB` in `287,490.00 DB`.
    pub(super) mark: Option<&'a str>,
}

/// The most digits before the decimals that an amount of rupiah can have.
const MAX_DIGITS: usize = 18;

/// Reads a cell; `None` when it is empty or a dash.
///
/// Understood in both styles: `.00`, `12,`, a sign before or behind, `(1,500.00)`, `Rp` or `IDR` in
/// front, letters behind. Not more than two decimals, and thousands only in groups of three.
pub(super) fn parse(cell: &str, style: NumberStyle) -> Result<Option<Figure<'_>>, &'static str> {
    if let Some(value) = simple(cell, style) {
        return Ok(Some(Figure { value, mark: None }));
    }
    let text = cell.trim().trim_start_matches('\'');
    if text.is_empty() || text == "-" {
        return Ok(None);
    }
    let (text, in_brackets) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let text = without_currency(text);
    let number = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let mark = text.strip_prefix(number).filter(|mark| !mark.is_empty());
    let (digits, negative) = without_sign(number.trim())?;
    if in_brackets && negative {
        return Err("it has two signs");
    }
    let mut value = plain(digits, style)?;
    value.set_sign_negative((negative || in_brackets) && !value.is_zero());
    Ok(Some(Figure { value, mark }))
}

/// The number that most cells are: at most fifteen digits, the decimal mark, two decimals.
pub(super) fn simple(cell: &str, style: NumberStyle) -> Option<Decimal> {
    let (point, _between) = style.marks();
    let (whole, cents) = match cell.as_bytes() {
        [whole @ .., mark, tenths @ b'0'..=b'9', hundredths @ b'0'..=b'9'] if *mark == point => {
            let tenths = value_of(*tenths).saturating_mul(10);
            (whole, tenths.saturating_add(value_of(*hundredths)))
        }
        _ => return None,
    };
    if whole.len() > 15 {
        return None;
    }
    let mut value: u64 = 0;
    for digit in whole {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.saturating_mul(10).saturating_add(value_of(*digit));
    }
    let hundredths = i64::try_from(value.saturating_mul(100).saturating_add(cents)).ok()?;
    Some(Decimal::new(hundredths, 2))
}

fn without_currency(text: &str) -> &str {
    let text = text.trim();
    for currency in ["Rp.", "Rp", "IDR"] {
        if let Some((head, rest)) = text.split_at_checked(currency.len())
            && head.eq_ignore_ascii_case(currency)
            && !rest.trim().is_empty()
        {
            return rest.trim();
        }
    }
    text
}

fn without_sign(text: &str) -> Result<(&str, bool), &'static str> {
    let leading = text.strip_prefix(['-', '+']);
    let trailing = text.strip_suffix(['-', '+']);
    let negative = text.starts_with('-') || text.ends_with('-');
    match (leading, trailing) {
        (None, None) => Ok((text, false)),
        (Some(rest), None) | (None, Some(rest)) => Ok((rest.trim(), negative)),
        (Some(_), Some(_)) => Err("it has two signs"),
    }
}

/// The number of digits with a decimal mark and marks between thousands, without a sign.
///
/// Two decimals always, so that equal amounts are written alike wherever they come from.
fn plain(text: &str, style: NumberStyle) -> Result<Decimal, &'static str> {
    let (point, between) = style.marks();
    let (whole, decimals) = text.split_once(char::from(point)).unwrap_or((text, ""));
    let rupiah = whole_number(whole, between)?;
    if !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("it has something other than digits");
    }
    let cents = match *decimals.as_bytes() {
        [] if whole.is_empty() => return Err("it has no digits"),
        [] => 0,
        [tenths] => value_of(tenths).saturating_mul(10),
        [tenths, hundredths] => {
            value_of(tenths).saturating_mul(10).saturating_add(value_of(hundredths))
        }
        _ => return Err("it has more than two decimals"),
    };
    let hundredths = i128::from(rupiah).saturating_mul(100).saturating_add(i128::from(cents));
    Decimal::try_from_i128_with_scale(hundredths, 2).map_err(|_too_large| "it is too long")
}

/// The digits before the decimal mark; marks between thousands only in groups of three.
fn whole_number(text: &str, between: u8) -> Result<u64, &'static str> {
    let (mut value, mut digits, mut since_mark) = (0_u64, 0_usize, 0_usize);
    let mut is_grouped = false;
    for byte in text.bytes() {
        if byte.is_ascii_digit() {
            value = value.saturating_mul(10).saturating_add(value_of(byte));
            digits = digits.saturating_add(1);
            since_mark = since_mark.saturating_add(1);
        } else if byte == between {
            let fits = if is_grouped { since_mark == 3 } else { (1..=3).contains(&since_mark) };
            if !fits {
                return Err("its thousands are not groups of three");
            }
            is_grouped = true;
            since_mark = 0;
        } else {
            return Err("it has something other than digits");
        }
    }
    if is_grouped && since_mark != 3 {
        return Err("its thousands are not groups of three");
    }
    if digits > MAX_DIGITS { Err("it is too long") } else { Ok(value) }
}

fn value_of(digit: u8) -> u64 {
    u64::from(digit.saturating_sub(b'0'))
}

/// The same amount the other way round.
pub(super) fn negated(value: Decimal) -> Decimal {
    let mut negated = value;
    negated.set_sign_negative(value.is_sign_positive() && !value.is_zero());
    negated
}

/// The most digits that a spreadsheet keeps of a number; what it writes beyond is noise.
const SHEET_DIGITS: usize = 15;

/// A number as a spreadsheet stores it, `175000`, `1.75E5` or `1234.5600000000001`, written plainly:
/// `1234.56`. `None` when it is not a number, or has more digits than a spreadsheet can keep.
pub(super) fn from_sheet(text: &str) -> Option<String> {
    let text = text.trim();
    let (number, exponent) = match text.split_once(['E', 'e']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (number, sign) = match number.strip_prefix('-') {
        Some(rest) => (rest, "-"),
        None => (number, ""),
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(decimals.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) || digits.len() > 40 {
        return None;
    }
    // How many of the digits stand before the decimal point.
    let mut point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.drain(..zeros);
    point = point.checked_sub(i32::try_from(zeros).ok()?)?;
    if rounded(&mut digits) {
        point = point.checked_add(1)?;
    }
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    if point > i32::try_from(SHEET_DIGITS).ok()? || point < -20 {
        return None;
    }
    Some(format!("{sign}{}", with_point(&digits, point)))
}

/// Rounds to the digits that a spreadsheet keeps, and takes zeros off the end; whether a digit was
/// carried over the first one.
fn rounded(digits: &mut Vec<u8>) -> bool {
    let up = digits.get(SHEET_DIGITS).is_some_and(|digit| *digit >= b'5');
    digits.truncate(SHEET_DIGITS);
    let mut carries = up;
    if up {
        while digits.last() == Some(&b'9') {
            digits.pop();
        }
        if let Some(last) = digits.last_mut() {
            *last = last.saturating_add(1);
            carries = false;
        } else {
            digits.push(b'1');
        }
    }
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    carries
}

fn with_point(digits: &[u8], point: i32) -> String {
    let mut text = String::new();
    if point <= 0 {
        text.push_str("0.");
    }
    (point..0).for_each(|_zero| text.push('0'));
    for (place, digit) in (0..).zip(digits) {
        if place == point && point > 0 {
            text.push('.');
        }
        text.push(char::from(*digit));
    }
    (i32::try_from(digits.len()).unwrap_or(i32::MAX)..point).for_each(|_zero| text.push('0'));
    text
}

/// Writes an amount in the style with two decimals and no thousands, as exports for programs do.
pub(super) fn write(value: Decimal, style: NumberStyle) -> String {
    let text = format!("{value:.2}");
    match style {
        NumberStyle::Point => text,
        NumberStyle::Comma => text.replace('.', ","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(cell: &str, style: NumberStyle) -> Result<Option<Decimal>, &'static str> {
        parse(cell, style).map(|figure| figure.map(|figure| figure.value))
    }

    #[test]
    fn the_forms_that_banks_write_are_read() {
        for (cell, style, cents) in [
            ("300,000.00", NumberStyle::Point, 30_000_000),
            (".00", NumberStyle::Point, 0),
            ("1234.5", NumberStyle::Point, 123_450),
            ("1,234,567", NumberStyle::Point, 123_456_700),
            ("12.", NumberStyle::Point, 1_200),
            ("1.234,56", NumberStyle::Comma, 123_456),
            ("12,", NumberStyle::Comma, 1_200),
            (",5", NumberStyle::Comma, 50),
            ("1.000", NumberStyle::Comma, 100_000),
            ("'1.000", NumberStyle::Comma, 100_000),
            ("(1,500.00)", NumberStyle::Point, -150_000),
            ("1,500.00-", NumberStyle::Point, -150_000),
            ("1,500.00+", NumberStyle::Point, 150_000),
            ("-5", NumberStyle::Point, -500),
            ("Rp 100.000,00", NumberStyle::Comma, 10_000_000),
            ("Rp. 100.000,00", NumberStyle::Comma, 10_000_000),
            ("Rp100.000", NumberStyle::Comma, 10_000_000),
            ("IDR5", NumberStyle::Point, 500),
            ("287,490.00 DB", NumberStyle::Point, 28_749_000),
            ("\u{a0}5.00\u{a0}", NumberStyle::Point, 500),
        ] {
            assert_eq!(value(cell, style), Ok(Some(Decimal::new(cents, 2))), "{cell}");
        }
        let largest = value("999999999999999999.99", NumberStyle::Point).unwrap().unwrap();
        assert_eq!(largest.to_string(), "999999999999999999.99");
        let marked = parse("287,490.00 db", NumberStyle::Point).unwrap().unwrap();
        assert_eq!(marked.mark, Some("db"));
        assert_eq!(value(" ", NumberStyle::Point), Ok(None));
        assert_eq!(value("-", NumberStyle::Point), Ok(None));
    }

    #[test]
    fn the_other_style_is_refused_and_never_guessed() {
        for (cell, style) in [
            ("1.000", NumberStyle::Point),
            ("1.234,56", NumberStyle::Point),
            ("1,234.56", NumberStyle::Comma),
            ("1,00", NumberStyle::Point),
            ("1,0000", NumberStyle::Point),
            (",000", NumberStyle::Point),
            ("1234,567", NumberStyle::Point),
            ("12,34,567", NumberStyle::Point),
            ("1.2.3", NumberStyle::Point),
            ("12345678901234567890", NumberStyle::Point),
            ("1e9", NumberStyle::Point),
            ("NaN", NumberStyle::Point),
            (".", NumberStyle::Point),
            ("", NumberStyle::Point),
            ("--5", NumberStyle::Point),
            ("-5-", NumberStyle::Point),
            ("(-5)", NumberStyle::Point),
            ("Rp", NumberStyle::Point),
            ("5 5", NumberStyle::Point),
            ("\u{2212}5", NumberStyle::Point),
            ("=1+2", NumberStyle::Point),
            ("#REF!", NumberStyle::Point),
        ] {
            let read = value(cell, style);
            assert!(read.is_err() || (cell.is_empty() && read == Ok(None)), "{cell}");
        }
    }

    #[test]
    fn a_spreadsheets_number_is_written_plainly() {
        for (stored, written) in [
            ("175000", "175000"),
            ("1.75E5", "175000"),
            ("5.0301000123304E12", "5030100012330.4"),
            ("1234.5600000000001", "1234.56"),
            ("0.30000000000000004", "0.3"),
            ("99999999999999.996", "100000000000000"),
            ("123456789012345", "123456789012345"),
            ("-1500.5", "-1500.5"),
            ("-0", "0"),
            ("0.00", "0"),
            ("1E-7", "0.0000001"),
            ("1200", "1200"),
        ] {
            assert_eq!(from_sheet(stored).as_deref(), Some(written), "{stored}");
        }
        for stored in [
            "",
            "-",
            "1E99",
            "999999999999999.96",
            "12345678901234567890",
            "1E-99999999999",
            "NaN",
            "1e",
            "0x10",
            "1.2.3",
        ] {
            assert_eq!(from_sheet(stored), None, "{stored}");
        }
    }
}
