//! Whether a file may be used at all. A file that does not hold is put aside whole, with the figures
//! and, where exactly one row explains them, with that row.
//!
//! [`check`] asks of every statement: is it of the right bank, account and currency, of days that
//! have come; do its balances and rows agree; does it go on where the last one ended, by the bank's
//! own number and by the balance; and which of its rows are known. Rows are known by their
//! [`Fingerprint`], so an export that overlaps with an earlier one adds only what is new.

mod account;
mod explain;
mod fingerprint;
mod history;
mod sequence;
#[cfg(test)]
mod tests;
mod trouble;

use std::collections::HashMap;
use std::ops::RangeInclusive;

use chrono::{Days, NaiveDate};

pub(super) use account::plain_account;
pub use account::{is_account, same_account};
pub use explain::Explanation;
pub use fingerprint::Fingerprints;
pub use history::{History, Known, StatementEnd};
pub use trouble::{FileStatus, FileTrouble};

use crate::bankfile::details::StatementKind;
use crate::bankfile::integrity::history::Standing;
use crate::bankfile::integrity::sequence::Place;
use crate::bankfile::open::BankFile;
use crate::bankfile::statement::Statement;
use crate::domain::bank::BankCode;
use crate::domain::calendar::Date;
pub use crate::domain::matching::Fingerprint;

/// Banks let a movement count from a day this much later than the day on which they book it.
const VALUED_WITHIN: Days = Days::new(7);

/// What a file has to be.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The bank that it is to come from.
    pub bank: Option<BankCode>,
    /// The account that it is to be of. Files that name none are taken to be of this one.
    pub account: Option<String>,
    /// The currency.
    pub currency: String,
    /// The day on which the file is read (WIB), where a clock is at hand.
    pub today: Option<NaiveDate>,
    /// The business days that its rows may be of, where not all are welcome.
    pub days: Option<RangeInclusive<NaiveDate>>,
}

/// A settlement is paid on its business date or, over a weekend, up to three days later.
const PAID_WITHIN_DAYS: u64 = 3;

impl Expected {
    /// Any account of any bank, in rupiah.
    pub fn on(today: NaiveDate) -> Self {
        let currency = "IDR".to_owned();
        Self { bank: None, account: None, currency, today: Some(today), days: None }
    }

    /// A bank's rows of a business day (WIB) and of the three after it, in which the day is paid.
    pub fn for_day(bank: BankCode, day: Date) -> Self {
        let days = day.naive()..=day.plus_days(PAID_WITHIN_DAYS).naive();
        let currency = "IDR".to_owned();
        Self { bank: Some(bank), account: None, currency, today: None, days: Some(days) }
    }
}

/// A file that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// For each statement of the file, in its order.
    pub statements: Vec<AcceptedStatement>,
}

/// What is known of a statement that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedStatement {
    /// The bank that its rows are kept under: the expected one, or else the one named by the file.
    pub bank: Option<BankCode>,
    /// The account likewise.
    pub account: Option<String>,
    /// The places of the lines that were read before, in order. All others are new.
    pub known: Vec<usize>,
    /// Whether all of it was read before in statements, so that it changes nothing.
    pub is_repeat: bool,
}

impl AcceptedStatement {
    /// The fingerprints of the statement's lines, in its order.
    pub fn fingerprints(&self, statement: &Statement) -> Vec<Fingerprint> {
        let bank = self.bank.as_ref().map(BankCode::as_str).unwrap_or_default();
        Fingerprints::of(bank, self.account.as_deref().unwrap_or_default(), statement)
    }
}

/// Checks a file. What is accepted is remembered by [`History::remember`], and not before.
///
/// # Errors
/// [`FileTrouble`] with the first reason against it. Nothing of the file may be used then.
pub fn check(
    file: &BankFile,
    history: &History,
    expected: &Expected,
) -> Result<Accepted, FileTrouble> {
    if history.files.contains(&file.hash) {
        return Err(FileTrouble::SameFile);
    }
    let account_of = |statement: &Statement| expected.account.clone().or(statement.account.clone());
    let mut standings: HashMap<String, Standing<'_>> = HashMap::new();
    for statement in &file.statements {
        let (key, known) = history.find(account_of(statement).as_deref());
        standings.entry(key).or_insert_with(|| Standing::new(known)).expect_one();
    }
    let mut statements = Vec::new();
    for statement in &file.statements {
        check_kind(statement, expected)?;
        check_dates(statement, expected)?;
        check_balances(statement)?;
        let account = account_of(statement);
        let (key, known) = history.find(account.as_deref());
        let standing = standings.entry(key).or_insert_with(|| Standing::new(known));
        let bank = expected.bank.as_ref().or(statement.bank.as_ref()).cloned();
        let accepted = AcceptedStatement { bank, account, known: Vec::new(), is_repeat: false };
        statements.push(go_on(statement, accepted, standing)?);
    }
    let repeats = statements.iter().filter(|statement| statement.is_repeat).count();
    if repeats > 0 && repeats == statements.len() {
        let account = statements.first().and_then(|first| first.account.clone());
        return Err(FileTrouble::SameStatement { account });
    }
    Ok(Accepted { statements })
}

/// Whether the statement goes on where the account stands, and which of its rows are known.
fn go_on(
    statement: &Statement,
    mut accepted: AcceptedStatement,
    standing: &mut Standing<'_>,
) -> Result<AcceptedStatement, FileTrouble> {
    // Without known rows none can be known again; then nothing has to be computed for millions.
    let prints = if standing.needs_rows() { accepted.fingerprints(statement) } else { Vec::new() };
    let mut closed = Vec::new();
    for ((place, line), print) in statement.lines.iter().enumerate().zip(&prints) {
        if standing.is_closed(print) {
            closed.push(line.signed());
        }
        if standing.knows(print) {
            accepted.known.push(place);
        }
    }
    // Every row is already known: it changes nothing, whatever its dates.
    accepted.is_repeat = !prints.is_empty() && closed.len() == prints.len();
    if accepted.is_repeat {
        return Ok(accepted);
    }
    if statement.details.kind == StatementKind::Statement {
        let place = Place { statement, account: accepted.account.as_deref() };
        place.check_number(standing, closed.is_empty())?;
        place.check_opening(standing, &closed)?;
    }
    standing.take(statement, prints.into_iter().collect());
    Ok(accepted)
}

/// Bank, account and currency.
fn check_kind(statement: &Statement, expected: &Expected) -> Result<(), FileTrouble> {
    if let (Some(wanted), Some(found)) = (&expected.bank, &statement.bank)
        && wanted != found
    {
        let (wanted, found) = (wanted.clone(), found.clone());
        return Err(FileTrouble::WrongBank { wanted, found });
    }
    if let (Some(wanted), Some(found)) = (&expected.account, &statement.account)
        && !same_account(wanted, found)
    {
        let (wanted, found) = (wanted.clone(), found.clone());
        return Err(FileTrouble::WrongAccount { wanted, found });
    }
    if statement.currency != expected.currency {
        let (wanted, found) = (expected.currency.clone(), statement.currency.clone());
        return Err(FileTrouble::WrongCurrency { wanted, found });
    }
    Ok(())
}

fn check_dates(statement: &Statement, expected: &Expected) -> Result<(), FileTrouble> {
    for line in &statement.lines {
        let (number, booked, day) = (line.number, line.booking_date, line.business_date);
        if let Some(today) = expected.today {
            let latest = today.checked_add_days(VALUED_WITHIN).unwrap_or(NaiveDate::MAX);
            let to_come = [(booked, today), (day, latest)];
            if let Some((date, _)) = to_come.into_iter().find(|(date, last)| date > last) {
                return Err(FileTrouble::FutureDate { line: number, date, today });
            }
        }
        if let Some(days) = expected.days.as_ref().filter(|days| !days.contains(&day)) {
            let (first, last) = (*days.start(), *days.end());
            return Err(FileTrouble::OtherDay { line: number, date: day, first, last });
        }
    }
    Ok(())
}

fn check_balances(statement: &Statement) -> Result<(), FileTrouble> {
    if statement.balances_hold() != Some(false) {
        return Ok(());
    }
    let account = statement.account.clone();
    let found = statement.first_break();
    let Some((found, difference)) = found.and_then(|found| Some((found, found.difference()?)))
    else {
        let line = statement.broken_line.unwrap_or(1);
        return Err(FileTrouble::PagesBreak { account, line });
    };
    Err(FileTrouble::BalanceBreak {
        account,
        line: found.line,
        stated: found.stated,
        computed: found.computed,
        difference,
        explanation: explain::explain(statement, found),
    })
}
