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
//! | `append_only_guards` | the triggers that refuse changes are there | I4 |
//! | `registry` | accounts, wallets, cards, merchants and banks belong together | I1 |
//! | `transfers` | one positive amount, two accounts of the kinds that its kind names, stored with the wallet | I1 |
//! | `redemptions` | an approved one has exactly its own transfer, a refused one none; what it names exists | I3 |
//! | `baskets` | an approved basket is allowed by that day's rules, a refused one was rightly refused | I11 |
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
//! | `reversals` | a reversal restores its redemption once, whole | I6 |
//! | `fundings` | a funding has its transfer at its bank, and each such transfer a reference | I6 |
//! | `funding_returns` | what went back of a funding has its transfer, and is no more than it | I6 |
//! | `credit_reversals` | what was taken back of a credit has its transfer, is no more than it, and what was given again makes no more than the period's amount | I10 |
//! | `four_eyes` | what two clients agreed to was done, by those two, and a run's reversal only so | I6 |
//! | `log_order` | sealed batches follow each other without gap or overlap up to the log's size | I8 |
//! | `attempt_log` | every sealed attempt stands once in its merchant's log, with its place | I8 |
//! | `attempt_numbers` | a merchant's attempts are numbered from 1 without a gap | I8 |
//! | `account_log` | every sealed transfer that has no index of its own stands once on both accounts | I8 |
//! | `log_sizes` | the sizes that the log had grew with time, and end with its own | I8 |
//! | `rollups` | each is of the end of a batch, and has the sums that it counts | I8 |
//! | `account_rollups` | what is kept of an account is the sum of its transfers up to there | I6 |
//! | `wallet_rollups` | what is kept of a bank's wallets is the sum of their transfers up to there | I6 |
//! | `settlements` | totals are recomputed, and a closed day's purchases are in exactly one | I12 |
//! | `settlement_payments` | what merchants owe is carried and set off, a paid settlement is posted once, for each issuer, with those it sets off, a bank's fee once for its row, and nothing else left or entered suspense without a decision | I6 |
//! | `business_days` | a bank's open day lies behind every day that it closed | I12 |

mod attempt;
mod batches;
mod funds;
mod history;
mod logs;
mod rollups;
mod settlements;
mod transfer;
mod wallets;

#[cfg(test)]
mod tests;

use crate::store::connection::Connection;
use crate::store::verify::fault_in_data;
use crate::store::{DatabaseUrl, StoreError};

/// How often progress is told within one check.
const PROGRESS_ROWS: u64 = 100_000;

/// When progress is to be told again.
#[derive(Debug)]
struct Milestone(u64);

impl Milestone {
    const fn first() -> Self {
        Self(PROGRESS_ROWS)
    }

    /// Whether so many rows are a milestone that was not told yet.
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

/// One run of all checks.
struct Run<'a> {
    connection: &'a mut Connection,
    progress: &'a mut dyn FnMut(&str, u64),
    report: &'a mut Report,
}

impl Run<'_> {
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

/// Recomputes every invariant on one snapshot. `progress` is told a check's name and how many
/// records it has looked at so far.
///
/// # Errors
/// [`StoreError`] when the database can't be read. What is wrong in it is no error: it is reported.
pub fn verify(
    url: &DatabaseUrl,
    progress: &mut dyn FnMut(&str, u64),
) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let done = Connection::open_to_verify(url).and_then(|mut connection| {
        connection.snapshot(|connection| {
            let mut run = Run { connection, progress, report: &mut report };
            check_all(&mut run)
        })
    });
    // Where the data can't even be read, what was found so far is the report.
    if let Err(error) = done {
        let Some(fault) = fault_in_data(&error) else { return Err(error) };
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
            check.seen(require(guard.stands, || format!("trigger {}: missing", guard.name)));
        }
        Ok(())
    })?;
    run.check("registry", registry)?;
    let turnovers = history::run(run)?;
    let balances = wallets::run(run)?;
    funds::run(run, &turnovers, balances)?;
    logs::run(run)?;
    rollups::run(run)?;
    settlements::run(run)
}

fn registry(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    check.rows = u64::try_from(connection.count_accounts()?).unwrap_or(0);
    let rules = connection.broken_references()?;
    check.note_rules(rules);
    Ok(())
}
