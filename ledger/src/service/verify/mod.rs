//! `verify`: recomputes what must always hold from the records themselves, and names the first
//! record that breaks it.
//!
//! It needs no key and trusts no sum: balances, leaves, places in the log, settlements are worked
//! out again on one snapshot and held against what is stored. The memory it needs does not grow
//! with the ledger; large sorts are the database's.
//!
//! | check | what must hold | invariant |
//! |---|---|---|
//! | `database_file` | the database's own check of its file finds nothing (`SQLite`) | I4 |
//! | `append_only_guards` | every trigger that the migrations make is there as they make it | I4 |
//! | `registry` | accounts, wallets, cards, merchants and banks belong together | I1 |
//! | `registry_records` | reference data says what was last recorded of it, revision by revision | I4 |
//! | `transfers` | one positive amount, two accounts of the kinds that its kind names, stored with the wallet | I1 |
//! | `redemptions` | an approved one has exactly its own transfer, a refused one none; what it names exists | I3 |
//! | `baskets` | an approved basket is allowed by that day's rules, a refused one was rightly refused | I11 |
//! | `business_dates` | an attempt, refused or not, is dated to its bank's day of that moment | I5 |
//! | `batches` | every row lies in exactly one batch, and batches count theirs | I8 |
//! | `leaves` | the leaf hashes are those of the rows | I8 |
//! | `idempotency_keys` | a key was used once | I3 |
//! | `wallet_balances` | no wallet is below zero, and its balance is the sum of its transfers | I2, I7 |
//! | `balance_chain` | each transfer's balance follows from the one before | I7 |
//! | `conservation` | what banks hold is what is owed, wallets' balances included | I6 |
//! | `bank_funds` | unallocated and reserved money is what transfers and running credit runs say | I6 |
//! | `credits` | a credit has its transfer, to that wallet, of the run's amount; and each such transfer a credit | I10 |
//! | `credits_once` | a wallet was credited once for a period of a programme, in each round | I10 |
//! | `credit_runs` | a run's counts are those of its credits, and one that is over has nothing in hand | I10 |
//! | `credit_run_records` | a run's policy, end, wallets, and what banks needed and had, go together | I10 |
//! | `reversals` | a reversal restores its redemption once, whole | I6 |
//! | `fundings` | a funding has its transfer at its bank, and each such transfer a reference | I6 |
//! | `funding_references` | a funding's transfer names the reference that stands beside it | I6 |
//! | `funding_returns` | what went back of a funding has its transfer, and is no more than it | I6 |
//! | `credit_reversals` | what was taken back of a credit has its transfer, is no more than it, and what was given again makes no more than the period's amount | I10 |
//! | `four_eyes` | what two clients agreed to was done, by those two, and a run's reversal only so | I6 |
//! | `transfer_reasons` | every other transfer has a settlement, a fee or a decision behind it, and one only | I6 |
//! | `log_order` | sealed batches follow each other without gap or overlap up to the log's size | I8 |
//! | `attempt_log` | every sealed attempt stands once in its merchant's log, with its place | I8 |
//! | `attempt_numbers` | a merchant's attempts are numbered from 1 without a gap | I8 |
//! | `account_log` | every sealed transfer that has no index of its own stands once on both accounts | I8 |
//! | `log_sizes` | the sizes that the log had grew with time, and end with its own | I8 |
//! | `log_times` | recorded times of what was sealed are worked out again | I8 |
//! | `day_spans` | where a bank's day stands in the log is where its purchases stand | I12 |
//! | `rollups` | each is of the end of a batch, and has the sums that it counts | I8 |
//! | `account_rollups` | what is kept of an account is the sum of its transfers up to there | I6 |
//! | `wallet_rollups` | what is kept of a bank's wallets is the sum of their transfers up to there | I6 |
//! | `settlements` | totals are recomputed, and a closed day's purchases are in exactly one | I12 |
//! | `settlement_references` | a reference is its bank's, day's and place's | I12 |
//! | `settlement_payments` | what merchants owe is carried and set off, a paid settlement is posted once, for each issuer, with those it sets off, a bank's fee once for its row, and by whom and when a recording or a decision says it | I6 |
//! | `business_days` | a bank's open day lies behind every day that it closed, in their order | I12 |
//! | `card_states` | a card's state follows from the one it was entered in, change by change | I4 |
//! | `wallet_last_ids` | a wallet's last id is the end of a batch | I8 |
//! | `nodes` | no node made an id above its mark | I8 |
//! | `bank_files` | a file's parts are the bytes that were received | I4 |
//! | `bank_file_rows` | what is kept of a file's statements and rows is what its bytes say | I4 |
//! | `recording_counts` | what a recording was counted for is what it brought, by whom; a merchant's files are of its account | I4 |
//! | `reconciliations` | what a recording left behind is what was hashed then, and rows follow from events | I4 |
//! | `exceptions` | a difference's state follows from its events | I4 |
//! | `recorded_answers` | what was answered about a reversal, or a funding's return, is what it did | I3 |
//! | `shop_changes` | a merchant's or terminal's state and data are what their changes made them | I4 |
//! | `inquiries` | a refused inquiry lies in its batch, and names what belongs together | I8 |
//! | `wrong_pins` | every refusal for a wrong PIN is kept with its number, and nothing else | I4 |
//! | `retrieval_references` | a purchase has a reference that was taken, and no other of its day has it | I3 |
//!
//! With the keys also: `key_records`, `keyed_card_numbers`, `keyed_households`, `keyed_answers`. What none of
//! them can detect is in `docs/RELIABILITY.md`.

mod answers;
mod attempt;
mod batches;
mod dates;
mod files;
mod funds;
mod history;
mod keyed;
mod logs;
mod recordings;
mod records;
mod rollups;
mod settlements;
mod shops;
mod transfer;
mod wallets;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::store::connection::Connection;
use crate::store::verify::fault_in_data;
use crate::store::{DatabaseUrl, StoreError};

use super::keyfile::{self, KeysError};

/// How often progress is reported within one check.
const PROGRESS_ROWS: u64 = 100_000;

/// When progress is to be reported next.
#[derive(Debug)]
struct Milestone(u64);

impl Milestone {
    const fn first() -> Self {
        Self(PROGRESS_ROWS)
    }

    /// Whether this many rows reach a milestone that was not reported yet.
    fn is_due(&mut self, rows: u64) -> bool {
        let due = rows >= self.0;
        if due {
            self.0 = rows.saturating_add(PROGRESS_ROWS);
        }
        due
    }
}

/// One thing that must hold, and whether it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its stable name.
    pub name: &'static str,
    /// How many records were looked at.
    pub rows: u64,
    /// The first bad record and what is wrong with it.
    pub broken: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Every check, in the order of the table above.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether everything holds.
    pub fn is_whole(&self) -> bool {
        self.checks.iter().all(|check| check.broken.is_none())
    }
}

impl Check {
    /// Notes what rules found; each names the row that breaks it.
    fn note_rules(&mut self, rules: Vec<(&'static str, Option<i64>)>) {
        for (rule, broken) in rules {
            self.note(match broken {
                Some(id) => Err(rule.replace("{}", &id.to_string())),
                None => Ok(()),
            });
        }
    }

    const fn new(name: &'static str) -> Self {
        Self { name, rows: 0, broken: None }
    }

    /// Counts a record, and keeps what is wrong with the first bad one.
    fn seen(&mut self, verdict: Result<(), String>) {
        self.rows = self.rows.saturating_add(1);
        self.note(verdict);
    }

    /// Keeps what is wrong, without counting a record.
    fn note(&mut self, verdict: Result<(), String>) {
        if let Err(problem) = verdict
            && self.broken.is_none()
        {
            self.broken = Some(problem);
        }
    }
}

/// `Ok` where it holds, else what is wrong.
fn require(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}

/// How much is looked at, and with what.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// Only what came after this size of the log, at which the database was found whole before: sums over
    /// everything (`conservation`, `bank_funds`, roll-ups) are left out.
    pub since: Option<i64>,
    /// The keys file: what is keyed is looked at, too.
    pub keys: Option<PathBuf>,
}

/// One run of all checks.
struct Run<'a> {
    /// The size of the log from which on is looked at, and the first id; all of it from 0 on.
    since: i64,
    from: i64,
    connection: &'a mut Connection,
    progress: &'a mut dyn FnMut(&str, u64),
    report: &'a mut Report,
}

impl Run<'_> {
    /// Whether everything is looked at.
    const fn is_whole(&self) -> bool {
        self.from == i64::MIN
    }

    /// Adds checks that were done together. A failure that lies in the data is a finding of the
    /// first of them that has none.
    fn add(
        &mut self,
        mut checks: Vec<Check>,
        failure: Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if let Err(error) = failure {
            let Some(fault) = fault_in_data(&error) else { return Err(error) };
            if let Some(check) = checks.iter_mut().find(|check| check.broken.is_none()) {
                check.broken = Some(fault);
            }
        }
        for check in &checks {
            (self.progress)(check.name, check.rows);
        }
        self.report.checks.append(&mut checks);
        Ok(())
    }

    /// Runs one check over rows that the database hands out one by one.
    fn check(
        &mut self,
        name: &'static str,
        work: impl FnOnce(&mut Connection, &mut Check) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut check = Check::new(name);
        let done = work(self.connection, &mut check);
        self.add(vec![check], done)
    }
}

/// Recomputes every invariant on one snapshot. `progress` receives a check's name and how many
/// records it has examined so far.
///
/// # Errors
/// [`KeysError`] when the database or the keys file can't be read. What is wrong in the database is no
/// error: it is reported.
pub fn verify(
    url: &DatabaseUrl,
    options: &VerifyOptions,
    progress: &mut dyn FnMut(&str, u64),
) -> Result<Report, KeysError> {
    let keys = options.keys.as_deref().map(keyfile::read_keys).transpose()?;
    let mut report = Report::default();
    let done = Connection::open_to_verify(url).and_then(|mut connection| {
        connection.snapshot(|connection| {
            let from = options.since.map(|size| connection.first_id_since(size)).transpose()?;
            let (since, from) = (options.since.unwrap_or(0), from.unwrap_or(i64::MIN));
            let mut run = Run { since, from, connection, progress, report: &mut report };
            check_all(&mut run)?;
            keys.as_ref().map_or(Ok(()), |keys| keyed::run(&mut run, keys))
        })
    });
    // Where the data can't even be read, what was found so far is the report.
    if let Err(error) = done {
        let Some(fault) = fault_in_data(&error) else { return Err(error.into()) };
        if report.is_whole() {
            report.checks.push(Check { name: "database_file", rows: 0, broken: Some(fault) });
        }
    }
    Ok(report)
}

fn check_all(run: &mut Run<'_>) -> Result<(), StoreError> {
    run.check("database_file", |connection, check| {
        let damage = connection.damage()?;
        check.seen(damage.map_or(Ok(()), Err));
        Ok(())
    })?;
    run.check("append_only_guards", |connection, check| {
        for guard in connection.guards()? {
            check.seen(require(guard.stands, || {
                format!("{}: missing, or not as it was made", guard.name)
            }));
        }
        Ok(())
    })?;
    run.check("registry", registry)?;
    records::registry(run)?;
    let (turnovers, spans) = history::run(run)?;
    let balances = wallets::run(run)?;
    funds::run(run, &turnovers, balances)?;
    logs::run(run)?;
    spans.check(run)?;
    rollups::run(run)?;
    settlements::run(run)?;
    records::run(run)?;
    files::run(run)?;
    recordings::run(run)?;
    answers::run(run)?;
    shops::run(run)
}

fn registry(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    check.rows = u64::try_from(connection.count_accounts()?).unwrap_or(0);
    let rules = connection.broken_references()?;
    check.note_rules(rules);
    Ok(())
}
