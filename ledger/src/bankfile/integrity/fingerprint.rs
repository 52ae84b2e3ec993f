//! What makes a row the same row again in another file.

use std::collections::HashMap;
use std::fmt::Write as _;

use chrono::NaiveDate;
use foldhash::fast::RandomState;
use rust_decimal::Decimal;

use crate::bankfile::integrity::account::plain_account;
use crate::bankfile::statement::{Statement, StatementLine};
use crate::domain::keys::sha256;
use crate::domain::matching::Fingerprint;

/// Stands between the parts; it is in no bank's text, so no two rows run into each other.
const BETWEEN: char = '\u{c}';

/// Gives the rows of one account's statements their fingerprints, in the order of the file.
///
/// A row is known by what the bank says of it, never by its place in a file: SHA-256 over bank,
/// account, dates, sequence or journal number, description, debit or credit, and balance; and which
/// one it is among equal rows of its file, since two genuine rows may be equal in all of that.
#[derive(Debug, Default)]
pub struct Fingerprints {
    /// How often a row was there, by the first 64 bits of its hash. They tell millions of rows
    /// apart, and two that they don't would only be counted as if they were equal.
    seen: Seen,
    /// The same of other days than that of the row before. Equal rows are of one day, and a day's
    /// rows mostly stand together, so that what is looked up stays small.
    other_days: HashMap<NaiveDate, Seen, RandomState>,
    /// The text of the row, in the same memory each time.
    text: String,
    account: (String, String),
    booking: Day,
    value: Day,
}

/// How often each row was there.
type Seen = HashMap<u64, u32, RandomState>;

/// A day as text, which most rows share with the one before.
#[derive(Debug, Default)]
struct Day {
    date: Option<NaiveDate>,
    text: String,
}

impl Day {
    fn text(&mut self, date: Option<NaiveDate>) -> &str {
        if self.date != date {
            self.date = date;
            self.text = date.map(|date| date.to_string()).unwrap_or_default();
        }
        &self.text
    }
}

impl Fingerprints {
    /// The fingerprint of a row. `account` is the one that the rows are kept under; a file may name
    /// it in another way, rounded or not at all.
    pub fn next(&mut self, bank: &str, account: &str, line: &StatementLine) -> Fingerprint {
        if let Some(before) = self.booking.date.filter(|before| *before != line.booking_date) {
            let next = self.other_days.remove(&line.booking_date).unwrap_or_default();
            self.other_days.insert(before, std::mem::replace(&mut self.seen, next));
        }
        let digest = self.digest(bank, account, line);
        let key = digest.first_chunk().copied().map(u64::from_le_bytes).unwrap_or_default();
        let occurrence = self.seen.entry(key).or_default();
        *occurrence = occurrence.saturating_add(1);
        Fingerprint { digest, occurrence: *occurrence }
    }

    /// The fingerprints of a whole statement, in its order.
    pub fn of(bank: &str, account: &str, statement: &Statement) -> Vec<Fingerprint> {
        let mut fingerprints = Self::default();
        statement.lines.iter().map(|line| fingerprints.next(bank, account, line)).collect()
    }

    fn digest(&mut self, bank: &str, account: &str, line: &StatementLine) -> [u8; 32] {
        if self.account.0 != account {
            self.account = (account.to_owned(), plain_account(account));
        }
        let Self { text, account: (_written, account), booking, value, .. } = self;
        text.clear();
        let mut part = |part: &str| {
            text.push_str(part);
            text.push(BETWEEN);
        };
        part("row 1");
        part(bank);
        part(account);
        part(booking.text(Some(line.booking_date)));
        part(value.text(line.value_date));
        part(line.sequence().unwrap_or_default());
        push_upper(text, line.description());
        text.push(BETWEEN);
        text.push_str(line.direction.as_str());
        text.push(BETWEEN);
        push_plain(text, line.amount);
        text.push(BETWEEN);
        if let Some(balance) = line.balance {
            push_plain(text, balance);
        }
        sha256(&[text.as_bytes()])
    }
}

fn push_upper(text: &mut String, part: &str) {
    if part.is_ascii() {
        let begin = text.len();
        text.push_str(part);
        if let Some(added) = text.get_mut(begin..) {
            added.make_ascii_uppercase();
        }
    } else {
        text.push_str(&part.to_uppercase());
    }
}

/// An amount without the zeros behind its decimal point.
fn push_plain(text: &mut String, amount: Decimal) {
    let whole = 10_i128.checked_pow(amount.scale()).and_then(|unit| {
        let mantissa = amount.mantissa();
        let is_whole = mantissa.checked_rem(unit) == Some(0);
        mantissa.checked_div(unit).filter(|_whole| is_whole)
    });
    // Nothing keeps a number from being added to a text.
    let written = match whole.and_then(|whole| i64::try_from(whole).ok()) {
        Some(whole) => write!(text, "{whole}"),
        None => write!(text, "{}", amount.normalize()),
    };
    written.unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_one_text() {
        for (amount, plain) in [
            ("0", "0"),
            ("0.00", "0"),
            ("-0.00", "0"),
            ("175000.00", "175000"),
            ("-1500.50", "-1500.5"),
            ("0.10", "0.1"),
            ("99999999999999999999.00", "99999999999999999999"),
        ] {
            let amount: Decimal = amount.parse().unwrap();
            let mut text = String::new();
            push_plain(&mut text, amount);
            assert_eq!(text, plain);
            assert_eq!(text, amount.normalize().to_string());
        }
    }
}
