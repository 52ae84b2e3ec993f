//! What makes a row the same row again in another file.

use std::collections::HashMap;

use crate::bankfile::integrity::account::plain_account;
use crate::bankfile::statement::{Statement, StatementLine};
use crate::domain::keys::sha256;
use crate::domain::matching::Fingerprint;

/// Gives the rows of one account's statements their fingerprints, in the order of the file.
///
/// A row is known by what the bank says of it, never by its place in a file: SHA-256 over bank,
/// account, dates, sequence or journal number, description, debit or credit, and balance; and which
/// one it is among equal rows of its file, since two genuine rows may be equal in all of that.
#[derive(Debug, Default)]
pub struct Fingerprints {
    seen: HashMap<[u8; 32], u32>,
}

impl Fingerprints {
    /// The fingerprint of a row. `account` is the one that the rows are kept under; a file may name
    /// it in another way, rounded or not at all.
    pub fn next(&mut self, bank: &str, account: &str, line: &StatementLine) -> Fingerprint {
        let digest = digest(bank, account, line);
        let occurrence = self.seen.entry(digest).or_default();
        *occurrence = occurrence.saturating_add(1);
        Fingerprint { digest, occurrence: *occurrence }
    }

    /// The fingerprints of a whole statement, in its order.
    pub fn of(bank: &str, account: &str, statement: &Statement) -> Vec<Fingerprint> {
        let mut fingerprints = Self::default();
        statement.lines.iter().map(|line| fingerprints.next(bank, account, line)).collect()
    }
}

fn digest(bank: &str, account: &str, line: &StatementLine) -> [u8; 32] {
    let amount = line.amount.normalize().to_string();
    let balance = line.balance.map(|balance| balance.normalize().to_string());
    let value_date = line.value_date.map(|date| date.to_string());
    // A form feed stands in no bank's text, so no two rows run into each other.
    let text = [
        "row 1",
        bank,
        &plain_account(account),
        &line.booking_date.to_string(),
        value_date.as_deref().unwrap_or_default(),
        line.sequence().unwrap_or_default(),
        &line.description().to_uppercase(),
        line.direction.as_str(),
        &amount,
        balance.as_deref().unwrap_or_default(),
    ]
    .join("\u{c}");
    sha256(&[text.as_bytes()])
}
