//! How a row is recognised in another file.

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
#[derive(Debug)]
pub struct Fingerprints {
    /// How often a row was there, by the first 64 bits of its hash. They distinguish millions of
    /// rows, and two that collide would only be counted as if they were equal.
    seen: Seen,
    /// The same of other days than that of the row before. Equal rows are of one day, and a day's
    /// rows mostly stand together, so that what is looked up stays small.
    other_days: HashMap<NaiveDate, Seen, RandomState>,
    /// The text of a row, in the same memory each time. It begins alike for all rows, and for those
    /// of the same days.
    text: String,
    account_end: usize,
    days: Option<(NaiveDate, Option<NaiveDate>)>,
    days_end: usize,
}

/// How often each row was there.
type Seen = HashMap<u64, u32, RandomState>;

impl Fingerprints {
    /// The fingerprints of an account's rows. `account` is the one that they are kept under; a file
    /// may name it in another way, rounded or not at all.
    pub fn new(bank: &str, account: &str) -> Self {
        let account = plain_account(account);
        let text = format!("row 1{BETWEEN}{bank}{BETWEEN}{account}{BETWEEN}");
        Self {
            seen: Seen::default(),
            other_days: HashMap::default(),
            account_end: text.len(),
            days: None,
            days_end: 0,
            text,
        }
    }

    /// The fingerprint of the next row.
    pub fn next(&mut self, line: &StatementLine) -> Fingerprint {
        self.begin((line.booking_date, line.value_date));
        let digest = self.digest(line);
        let key = digest.first_chunk().copied().map(u64::from_le_bytes).unwrap_or_default();
        let occurrence = self.seen.entry(key).or_default();
        *occurrence = occurrence.saturating_add(1);
        Fingerprint { digest, occurrence: *occurrence }
    }

    /// The fingerprints of a whole statement, in its order.
    pub fn of(bank: &str, account: &str, statement: &Statement) -> Vec<Fingerprint> {
        let mut fingerprints = Self::new(bank, account);
        statement.lines.iter().map(|line| fingerprints.next(line)).collect()
    }

    /// Begins the text of a row of these days.
    fn begin(&mut self, days: (NaiveDate, Option<NaiveDate>)) {
        if self.days == Some(days) {
            return self.text.truncate(self.days_end);
        }
        let (booking, value) = days;
        if let Some((before, _value)) = self.days.filter(|(before, _value)| *before != booking) {
            let next = self.other_days.remove(&booking).unwrap_or_default();
            self.other_days.insert(before, std::mem::replace(&mut self.seen, next));
        }
        let value = value.map(|date| date.to_string()).unwrap_or_default();
        self.text.truncate(self.account_end);
        // Nothing keeps a text from being added to.
        write!(self.text, "{booking}{BETWEEN}{value}{BETWEEN}").unwrap_or_default();
        self.days = Some(days);
        self.days_end = self.text.len();
    }

    fn digest(&mut self, line: &StatementLine) -> [u8; 32] {
        let text = &mut self.text;
        text.push_str(line.sequence().unwrap_or_default());
        text.push(BETWEEN);
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
    match whole_rupiah(amount) {
        Some(whole) => push_number(text, whole),
        // Nothing keeps a number from being added to a text.
        None => write!(text, "{}", amount.normalize()).unwrap_or_default(),
    }
}

/// The whole rupiah of an amount with two decimals that are zeros, as most are.
fn whole_rupiah(amount: Decimal) -> Option<u64> {
    let hundredths = u64::try_from(amount.mantissa()).ok().filter(|_| amount.scale() == 2)?;
    let whole = hundredths.checked_div(100)?;
    (whole.checked_mul(100) == Some(hundredths)).then_some(whole)
}

/// A number's digits, which formatting would take longer for.
fn push_number(text: &mut String, mut number: u64) {
    /// As many as the largest number has.
    const MOST: usize = 20;
    let mut digits = [b'0'; MOST];
    let mut first = MOST;
    for (place, digit) in digits.iter_mut().enumerate().rev() {
        let rest = number.checked_rem(10).and_then(|rest| u8::try_from(rest).ok());
        *digit = rest.unwrap_or_default().saturating_add(b'0');
        number = number.checked_div(10).unwrap_or_default();
        first = place;
        if number == 0 {
            break;
        }
    }
    text.push_str(digits.get(first..).and_then(|all| str::from_utf8(all).ok()).unwrap_or_default());
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
