//! What MT940 and camt have in common: what they leave to be known, how they write an amount, and
//! what in them can identify a movement.

use std::collections::HashSet;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::bankfile::error::quoted;
use crate::bankfile::fault::MessageFault;
use crate::bankfile::profile::{BusinessDate, Profile};
use crate::bankfile::reference::each_reference;

/// No text of a row may be longer than this many bytes; SWIFT allows 390 characters.
pub(super) const LONGEST_TEXT: usize = 64 * 1024;

/// The most digits before the decimals that an amount can have.
const MAX_DIGITS: usize = 18;
/// No currency has more decimals; ISO 20022 allows five.
const MAX_DECIMALS: usize = 5;

/// What a message does not say itself. The default is rupiah, and the booking date as business
/// date.
#[derive(Clone, Debug)]
pub struct MessageSettings {
    currency: String,
    business_date: BusinessDate,
}

impl Default for MessageSettings {
    fn default() -> Self {
        Self { currency: "IDR".to_owned(), business_date: BusinessDate::Booking }
    }
}

/// As the bank's profile has it for its other files.
impl From<&Profile> for MessageSettings {
    fn from(profile: &Profile) -> Self {
        Self { currency: profile.currency.clone(), business_date: profile.business_date }
    }
}

impl MessageSettings {
    /// The currency of a statement that names none.
    pub(super) fn currency(&self) -> &str {
        &self.currency
    }

    /// The business date of a row.
    pub(super) fn business_date(&self, booking: NaiveDate, value: Option<NaiveDate>) -> NaiveDate {
        match self.business_date {
            BusinessDate::Booking => booking,
            BusinessDate::Value => value.unwrap_or(booking),
        }
    }
}

/// Reads an amount of digits and one decimal mark, without a sign and without marks between
/// thousands; the decimals, or the mark too, may be left out.
///
/// Two decimals at least come back, so that equal amounts are written alike wherever they come
/// from.
pub(super) fn amount(text: &str, mark: char) -> Result<Decimal, MessageFault> {
    let wrong = |why| MessageFault::Amount { text: quoted(text), why };
    let (whole, decimals) = text.split_once(mark).unwrap_or((text, ""));
    if !whole.bytes().chain(decimals.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err(wrong(match mark {
            ',' => "it has something other than digits and one decimal comma",
            _ => "it has something other than digits and one decimal point",
        }));
    }
    if whole.is_empty() && decimals.is_empty() {
        return Err(wrong("it has no digits"));
    }
    let (whole, decimals) = (whole.trim_start_matches('0'), decimals.trim_end_matches('0'));
    if whole.len() > MAX_DIGITS {
        return Err(wrong("it is too long"));
    }
    if decimals.len() > MAX_DECIMALS {
        return Err(wrong("it has more than five decimals"));
    }
    let digits = format!("0{whole}.{decimals:0<2}");
    digits.parse().map_err(|_too_long| wrong("it is too long"))
}

/// Text on one line: every run of spaces and control characters becomes one space.
pub(super) fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()) {
        if !word.is_empty() {
            if !tidied.is_empty() {
                tidied.push(' ');
            }
            tidied.push_str(word);
        }
    }
    tidied
}

/// What banks write where they have no reference, or where it is in the text that follows.
const NO_REFERENCE: [&str; 8] =
    ["NONREF", "NOTPROVIDED", "NOREF", "EREF", "PREF", "MARF", "EREF+", "KREF+"];

/// Up to this many references, going through them is faster than a table of them.
const FEW: usize = 16;

/// What can identify a movement: each text once, in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct References {
    found: Vec<String>,
    /// The same again when they are many: a batch may carry thousands.
    known: HashSet<String>,
}

impl References {
    /// Adds a reference as the bank gives it, unless it says that there is none.
    pub(super) fn add(&mut self, text: &str) {
        let text = tidy(text);
        if !text.is_empty() && !NO_REFERENCE.contains(&text.as_str()) && !self.knows(&text) {
            self.found.push(text);
        }
    }

    /// Adds our own settlement references that stand in a text.
    pub(super) fn find_in(&mut self, text: &str) {
        for reference in each_reference(text) {
            self.add(reference);
        }
    }

    /// Adds what others are.
    pub(super) fn add_all(&mut self, others: &Self) {
        for reference in &others.found {
            self.add(reference);
        }
    }

    /// All of them.
    pub(super) fn as_slice(&self) -> &[String] {
        &self.found
    }

    /// Whether it is there already; if not, it is going to be.
    fn knows(&mut self, text: &str) -> bool {
        if self.found.len() < FEW {
            return self.found.iter().any(|known| known == text);
        }
        if self.known.is_empty() {
            self.known = self.found.iter().cloned().collect();
        }
        !self.known.insert(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_digits_and_one_mark() {
        for (text, mark, read) in [
            ("380115,12", ',', "380115.12"),
            ("12,", ',', "12.00"),
            ("9", ',', "9.00"),
            ("000000000147,6", ',', "147.60"),
            ("00,12", ',', "0.12"),
            (",5", ',', "0.50"),
            ("5442.09000", '.', "5442.09"),
            ("18.15012", '.', "18.15012"),
            ("0", '.', "0.00"),
            ("00000000000000000000000007.0000000000000000000000000", '.', "7.00"),
        ] {
            assert_eq!(amount(text, mark).unwrap().to_string(), read, "{text}");
        }
        for (text, mark) in [
            ("", ','),
            (",", ','),
            ("1.000,00", ','),
            ("1,000.00", '.'),
            ("1000.00", ','),
            ("-5", '.'),
            ("1,2,3", ','),
            ("1e9", '.'),
            ("1234567890123456789", '.'),
            ("1.000001", '.'),
            ("١٢", '.'),
        ] {
            assert!(amount(text, mark).is_err(), "{text}");
        }
    }

    #[test]
    fn tidy_text_is_on_one_line() {
        assert_eq!(tidy("  a\u{1}\tb\n c "), "a b c");
        assert_eq!(tidy(" \0"), "");
    }

    #[test]
    fn references_come_once_and_in_order() {
        let mut references = References::default();
        for text in ["B ", "NONREF", "", "A", "B", " EREF"] {
            references.add(text);
        }
        references.find_in("x EW00218090300017 EW00218090300017");
        assert_eq!(references.as_slice(), ["B", "A", "EW00218090300017"]);
        for _twice in 0..2 {
            (0..40).for_each(|number| references.add(&number.to_string()));
        }
        assert_eq!(references.as_slice().len(), 43);
    }
}
