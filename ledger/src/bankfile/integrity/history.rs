//! The files accepted so far.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::bankfile::details::StatementKind;
use crate::bankfile::integrity::account::plain_account;
use crate::bankfile::integrity::{Accepted, Fingerprint};
use crate::bankfile::open::BankFile;
use crate::bankfile::statement::{Statement, StatementNumber};

/// The files and statements that were accepted before.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The hashes of all files.
    pub files: HashSet<[u8; 32]>,
    /// By the accounts' plain numbers.
    accounts: HashMap<String, Known>,
}

/// What is known of an account.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The closing balance of the last statement, where it stated one.
    pub closing: Option<Decimal>,
    /// The number of the last statement, where the bank counts them.
    pub number: Option<StatementNumber>,
    /// The last day of which there is a row.
    pub last_day: Option<NaiveDate>,
    /// The rows of statements: at least those from the first day on of the file that is checked.
    pub rows: HashSet<Fingerprint>,
    /// The rows of interim reports and notifications, which no closing balance has in it.
    pub interim_rows: HashSet<Fingerprint>,
}

/// Where a statement leaves its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementEnd {
    /// What kind of message it is.
    pub kind: StatementKind,
    /// The closing balance, where it states one.
    pub closing: Option<Decimal>,
    /// The bank's number, where it counts its statements.
    pub number: Option<StatementNumber>,
    /// The last day on which a row of it was booked.
    pub last_day: Option<NaiveDate>,
}

impl StatementEnd {
    /// The end of a statement.
    pub fn of(statement: &Statement) -> Self {
        Self {
            kind: statement.details.kind,
            closing: statement.closing,
            number: statement.number,
            last_day: statement.lines.iter().map(|line| line.booking_date).max(),
        }
    }
}

impl History {
    /// What is known of an account, to be filled in; `account` as any file may write it, empty where
    /// no file names it.
    pub fn account(&mut self, account: &str) -> &mut Known {
        self.accounts.entry(plain_account(account)).or_default()
    }

    /// The account's plain number, and what is known of it.
    pub(super) fn find(&self, account: Option<&str>) -> (String, Option<&Known>) {
        let key = plain_account(account.unwrap_or_default());
        let known = self.accounts.get(&key);
        (key, known)
    }

    /// Remembers a statement of a file that was accepted before, by what is kept of it.
    pub fn recall(&mut self, account: Option<&str>, kept: StatementEnd, prints: &[Fingerprint]) {
        self.account(account.unwrap_or_default()).end_with(kept, prints.iter().copied());
    }

    /// Remembers a file that was accepted.
    pub fn remember(&mut self, file: &BankFile, accepted: &Accepted) {
        self.files.insert(file.hash);
        for (statement, accepted) in file.statements.iter().zip(&accepted.statements) {
            if !accepted.is_repeat {
                let prints = accepted.fingerprints(statement);
                let known = self.account(accepted.account.as_deref().unwrap_or_default());
                known.take(statement, prints.into_iter().collect());
            }
        }
    }
}

impl Known {
    fn take(&mut self, statement: &Statement, prints: HashSet<Fingerprint>) {
        self.end_with(StatementEnd::of(statement), prints);
    }

    fn end_with(&mut self, end: StatementEnd, prints: impl IntoIterator<Item = Fingerprint>) {
        self.last_day = self.last_day.max(end.last_day);
        if end.kind == StatementKind::Statement {
            self.closing = end.closing;
            self.number = end.number.or(self.number);
            self.rows.extend(prints);
        } else {
            self.interim_rows.extend(prints);
        }
    }
}

/// Where an account stands while a file is checked: what was known, and what the file adds.
pub(super) struct Standing<'k> {
    known: Option<&'k Known>,
    /// The last balance, number and day so far, and the rows that the file itself brought.
    pub(super) now: Known,
    /// How many statements of the account the file has that were not taken yet.
    to_come: usize,
}

impl<'k> Standing<'k> {
    pub(super) fn new(known: Option<&'k Known>) -> Self {
        let now = known.map(|known| Known {
            closing: known.closing,
            number: known.number,
            last_day: known.last_day,
            ..Known::default()
        });
        Self { known, now: now.unwrap_or_default(), to_come: 0 }
    }

    /// The file has one more statement of the account.
    pub(super) fn expect_one(&mut self) {
        self.to_come = self.to_come.saturating_add(1);
    }

    /// Whether the next statement's rows have to be compared, or be there for those that follow.
    pub(super) fn needs_rows(&self) -> bool {
        let has_rows = |known: &Known| !known.rows.is_empty() || !known.interim_rows.is_empty();
        self.to_come > 1 || has_rows(&self.now) || self.known.is_some_and(has_rows)
    }

    /// Whether a row is in a statement that was read before.
    pub(super) fn is_closed(&self, print: &Fingerprint) -> bool {
        self.now.rows.contains(print) || self.known.is_some_and(|known| known.rows.contains(print))
    }

    /// Whether a row was read before at all.
    pub(super) fn knows(&self, print: &Fingerprint) -> bool {
        self.is_closed(print)
            || self.now.interim_rows.contains(print)
            || self.known.is_some_and(|known| known.interim_rows.contains(print))
    }

    pub(super) fn take(&mut self, statement: &Statement, prints: HashSet<Fingerprint>) {
        self.now.take(statement, prints);
        self.to_come = self.to_come.saturating_sub(1);
    }
}
