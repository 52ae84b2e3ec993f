//! Amounts as banks write them. The profile fixes what the point and the comma mean: a file is
//! refused rather than read a thousand times too large.

use std::fmt;
use std::str::FromStr;

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
    const fn marks(self) -> (char, char) {
        match self {
            Self::Point => ('.', ','),
            Self::Comma => (',', '.'),
        }
    }
}

impl fmt::Display for NumberStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Point => "`1,234.56`",
            Self::Comma => "`1.234,56`",
        })
    }
}

/// An amount as a cell writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figure {
    /// The number with its own sign.
    pub(super) value: Decimal,
    /// Letters behind the number, upper case: `DB` in `287,490.00 DB`.
    pub(super) mark: Option<String>,
}

/// More digits than this before the decimals are no amount of rupiah that exists.
const MAX_DIGITS: usize = 18;

/// Reads a cell; `None` when it is empty or a dash.
///
/// Understood in both styles: `.00`, `12,`, a sign before or behind, `(1,500.00)`, `Rp` or `IDR` in
/// front, letters behind. Not more than two decimals, and thousands only in groups of three.
pub(super) fn parse(cell: &str, style: NumberStyle) -> Result<Option<Figure>, &'static str> {
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
    let mut value =
        Decimal::from_str(&plain(digits, style)?).map_err(|_too_long| "it is too long")?;
    value.set_sign_negative((negative || in_brackets) && !value.is_zero());
    Ok(Some(Figure { value, mark: mark.map(str::to_ascii_uppercase) }))
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

/// The digits with a decimal point and nothing between thousands.
fn plain(text: &str, style: NumberStyle) -> Result<String, &'static str> {
    let (point, between) = style.marks();
    let (whole, decimals) = text.split_once(point).unwrap_or((text, ""));
    if !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("it has something other than digits");
    }
    if decimals.len() > 2 {
        return Err("it has more than two decimals");
    }
    let mut groups = whole.split(between);
    let first = groups.next().unwrap_or_default();
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.is_empty() || first.len() > 3 {
            return Err("its thousands are not groups of three");
        }
        digits.push_str(group);
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("it has something other than digits");
    }
    if digits.is_empty() && decimals.is_empty() {
        return Err("it has no digits");
    }
    if digits.len() > MAX_DIGITS {
        return Err("it is too long");
    }
    // Two decimals always, so that equal amounts are written alike wherever they come from.
    Ok(format!("0{digits}.{decimals:0<2}"))
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
            ("1.234,56", NumberStyle::Comma, 123_456),
            ("12,", NumberStyle::Comma, 1_200),
            ("1.000", NumberStyle::Comma, 100_000),
            ("(1,500.00)", NumberStyle::Point, -150_000),
            ("1,500.00-", NumberStyle::Point, -150_000),
            ("-5", NumberStyle::Point, -500),
            ("Rp 100.000,00", NumberStyle::Comma, 10_000_000),
            ("IDR5", NumberStyle::Point, 500),
            ("287,490.00 DB", NumberStyle::Point, 28_749_000),
        ] {
            assert_eq!(value(cell, style), Ok(Some(Decimal::new(cents, 2))), "{cell}");
        }
        let marked = parse("287,490.00 db", NumberStyle::Point).unwrap().unwrap();
        assert_eq!(marked.mark.as_deref(), Some("DB"));
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
            ("1234,567", NumberStyle::Point),
            ("12345678901234567890", NumberStyle::Point),
            ("1e9", NumberStyle::Point),
            ("NaN", NumberStyle::Point),
            (".", NumberStyle::Point),
            ("--5", NumberStyle::Point),
            ("(-5)", NumberStyle::Point),
            ("Rp", NumberStyle::Point),
            ("5 5", NumberStyle::Point),
        ] {
            assert!(value(cell, style).is_err(), "{cell}");
        }
    }
}
