//! Reconciliations: a bank's files against what the ledger expects it to pay for a business day.
//!
//! The bank's files are kept as they came. The server reads them itself and matches on its own data,
//! so nobody has to be trusted for a result. What a file shows as paid posts its settlements in the
//! same transaction; what differs is left to a person. A second person signs the day off, which
//! freezes it until it is reopened with a reason.

pub(super) mod differences;
mod evidence;
mod expected;
pub(super) mod held;
pub(super) mod kept;
mod pieces;
mod record;
mod signing;

use std::collections::HashSet;
use std::sync::Arc;

use crate::bankfile::{StatementLine, covered_to, each_settlement_row};
use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::MerchantId;
use crate::domain::matching::{BankSide, Matcher, Matching, Outcome, Terms};
use crate::domain::settlement::DayStatus;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reconciliations::{ReconciliationRow, ResultRow, View};

use super::error::Trouble;
use super::history::Reader;
use super::ledger::Ledger;
use super::shared::Contended;
use evidence::{Evidence, LOOKED_BACK};
use expected::ExpectedSide;

pub use evidence::SentFile;
pub use signing::NotSigned;

/// Why nothing is recorded.
#[derive(Debug, thiserror::Error)]
pub enum NotReconciled {
    /// The bank's day is not closed, so that it is not known yet what is due.
    #[error("the business day is {}, not closed", .0.as_str())]
    DayNotClosed(DayStatus),
    /// A file may not be used; nothing of any file was.
    #[error("{file}: {status}: {reason}")]
    Refused {
        /// Its name.
        file: String,
        /// `bad_file`, `balance_break` and so on.
        status: &'static str,
        /// For people.
        reason: String,
    },
    /// No file is there to reconcile with.
    #[error("there is no file to reconcile with")]
    NoFile,
    /// The day is signed off.
    #[error("the day is signed off")]
    SignedOff,
    /// The client's access was withdrawn.
    #[error("the client's access was withdrawn")]
    ClientRevoked,
    /// Nothing was done, or it is not known.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for NotReconciled {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Contended for NotReconciled {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

/// A day to be reconciled with the files that are sent, and with those that were sent before.
#[derive(Clone, Debug)]
pub struct ReconcileRequest {
    /// The client's row.
    pub client: i64,
    /// The bank.
    pub bank: (BankId, BankCode),
    /// The merchant, if it is its own view; it posts nothing.
    pub merchant: Option<MerchantId>,
    /// The business day (WIB).
    pub day: Date,
    /// The files.
    pub files: Vec<SentFile>,
}

/// A reconciliation.
#[derive(Clone, Debug)]
pub struct Reconciliation {
    /// Its id.
    pub id: i64,
    /// The bank's code.
    pub bank: String,
    /// The business day (WIB).
    pub day: Date,
    /// Raised by each recording, signature and reopening.
    pub revision: i32,
    /// The last day of which the files tell everything.
    pub covered_to: Date,
    /// The hash of the result.
    pub result_hash: Vec<u8>,
    /// Totals and control line, as they were rendered.
    pub summary: String,
    /// When it was recorded last.
    pub recorded_at: Instant,
    /// When it was signed off.
    pub signed_at: Option<Instant>,
    /// The files' names and hashes.
    pub files: Vec<(String, Vec<u8>)>,
    /// Differences that wait for a person.
    pub open_exceptions: i64,
}

/// A recorded outcome.
#[derive(Clone, Debug)]
pub struct RecordedOutcome {
    /// Its business day.
    pub day: Date,
    /// Its key.
    pub key: String,
    /// Its detail, as it was rendered.
    pub detail: String,
}

/// An outcome with the lines of the files that it is about.
#[derive(Clone, Copy, Debug)]
pub struct ShownOutcome<'a> {
    /// The outcome.
    pub outcome: Outcome<'a>,
    lines: &'a [(&'a str, &'a StatementLine)],
}

impl<'a> ShownOutcome<'a> {
    /// The file and the line of a row of the outcome, by its place.
    pub fn line(&self, place: u32) -> Option<(&'a str, &'a StatementLine)> {
        usize::try_from(place).ok().and_then(|place| self.lines.get(place)).copied()
    }
}

/// How results are kept for people: texts that the caller renders.
pub trait Rendering {
    /// The totals and the control line.
    fn summary(&self, matching: &Matching) -> String;
    /// An outcome with its evidence.
    fn outcome(&self, shown: ShownOutcome<'_>) -> String;
}

/// What was read for a recording, all in one snapshot.
struct Ground {
    row: Option<ReconciliationRow>,
    evidence: Evidence,
    expected: ExpectedSide,
    used: HashSet<String>,
    /// Days from a business day to its payment.
    lag: u8,
}

impl Ledger {
    /// Reconciles a day and records the result. `true` beside it when something changed; the same
    /// files again change nothing.
    ///
    /// # Errors
    /// [`NotReconciled`]; then nothing was done, unless it says that it is not known.
    pub fn reconcile(
        &self,
        request: &ReconcileRequest,
        rendering: &impl Rendering,
    ) -> Result<(Reconciliation, bool), NotReconciled> {
        let view = view_of(request);
        let ground = self.ground(request, view)?;
        if let Some(row) = &ground.row
            && ground.evidence.new.is_empty()
            && !request.files.is_empty()
        {
            return Ok((self.shown_reconciliation(row.clone())?, false));
        }
        if ground.evidence.files.is_empty() {
            return Err(NotReconciled::NoFile);
        }
        let prepared = Arc::new(prepare(request, view, ground, rendering));
        let before = prepared.base.row.as_ref().map(|row| row.result_run);
        let pieces = pieces::write(&self.shared, &prepared)?;
        let run = pieces.run;
        let (clock, ids) = (Arc::clone(&self.shared.clock), Arc::clone(&self.shared.ids));
        let written = self
            .shared
            .write(move |tx| record::record(tx, &ids, (&prepared, &pieces), clock.now()));
        let id = written.inspect_err(|error| pieces::clear_failed(&self.shared, run, error))?;
        if let Some(before) = before {
            pieces::clear_former(&self.shared, before);
        }
        let row = self.shared.read(|connection| connection.reconciliation(id))?;
        let row = row.ok_or_else(|| StoreError::corrupt("a reconciliation is not there"))?;
        Ok((self.shown_reconciliation(row)?, true))
    }

    fn ground(&self, request: &ReconcileRequest, view: View) -> Result<Ground, NotReconciled> {
        let (bank, code) = &request.bank;
        let day = request.day;
        let status = self.day_status(*bank, day)?;
        if status != DayStatus::Closed {
            return Err(NotReconciled::DayNotClosed(status));
        }
        let (row, kept, used, banks) = self.shared.read_long(|connection| {
            connection.snapshot::<_, StoreError>(|tx| {
                let window = (day.minus_days(LOOKED_BACK), day);
                let around = (day.minus_days(LOOKED_BACK), day.plus_days(LOOKED_BACK));
                Ok((
                    tx.reconciliation_of(view, day)?,
                    tx.bank_files_between(view, window)?,
                    tx.rows_used_elsewhere(view, day, around)?,
                    tx.banks()?,
                ))
            })
        })?;
        if row.as_ref().is_some_and(|row| row.signed_at.is_some()) {
            return Err(NotReconciled::SignedOff);
        }
        let part =
            |file, part| self.shared.read_long(|connection| connection.file_part(file, part));
        let evidence = evidence::gather((code, day), (kept, &part), &request.files)?;
        let own = row.as_ref().map(|row| row.id);
        let lines = evidence.lines();
        let expected = self.shared.read_long(|connection| {
            connection.snapshot(|tx| expected::expected(tx, view, (day, own), &lines))
        })?;
        let record = banks.into_iter().find(|record| record.id == *bank);
        let record = record.ok_or_else(|| StoreError::corrupt("a bank is not there"))?;
        Ok(Ground {
            row,
            evidence,
            expected,
            used: used.into_iter().collect(),
            lag: record.settlement_lag,
        })
    }

    /// Up to `most` reconciliations after the one with the id `after`.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn reconciliations(
        &self,
        reader: Reader,
        (bank, day): (Option<&str>, Option<Date>),
        (after, most): (i64, i64),
    ) -> Result<Vec<Reconciliation>, StoreError> {
        let rows = self.shared.read(|connection| {
            connection.snapshot(|tx| match scope(tx, reader, bank)? {
                Some(scope) => tx.reconciliations(scope, day, (after, most)),
                None => Ok(Vec::new()),
            })
        })?;
        rows.into_iter().map(|row| self.shown_reconciliation(row)).collect()
    }

    /// The reconciliation with this id, if it is the reader's business.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    pub fn reconciliation(
        &self,
        reader: Reader,
        id: i64,
    ) -> Result<Option<Reconciliation>, StoreError> {
        let row = self.shared.read(|connection| connection.reconciliation(id))?;
        let row = row.filter(|row| may_see(reader, row.view));
        row.map(|row| self.shown_reconciliation(row)).transpose()
    }

    /// A page of a reconciliation's outcomes, after a business day and key.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn reconciliation_results(
        &self,
        id: i64,
        after: (i32, String),
        most: i64,
    ) -> Result<Vec<RecordedOutcome>, StoreError> {
        let rows: Vec<ResultRow> = self.shared.read(|connection| {
            connection.snapshot::<_, StoreError>(|tx| match tx.reconciliation(id)? {
                Some(row) => tx.results_after(row.result_run, after, most),
                None => Ok(Vec::new()),
            })
        })?;
        let outcome = |(day, key, _status, _ledger, _bank, detail): ResultRow| {
            let day = Date::from_number(day).map_err(|error| {
                StoreError::corrupt(format!("a result of reconciliation {id}: {error}"))
            })?;
            Ok(RecordedOutcome { day, key, detail })
        };
        rows.into_iter().map(outcome).collect()
    }

    fn shown_reconciliation(&self, row: ReconciliationRow) -> Result<Reconciliation, StoreError> {
        let (files, open) = self.shared.read(|connection| {
            let open = connection.count_open_exceptions(row.id, None)?;
            Ok::<_, StoreError>((connection.file_names(row.id)?, open))
        })?;
        Ok(Reconciliation {
            id: row.id,
            bank: row.bank_code,
            day: row.day,
            revision: row.revision,
            covered_to: row.covered_to,
            result_hash: row.result_hash,
            summary: row.summary,
            recorded_at: Instant::from_millis(row.recorded_at),
            signed_at: row.signed_at.map(Instant::from_millis),
            files,
            open_exceptions: open,
        })
    }
}

fn view_of(request: &ReconcileRequest) -> View {
    View { bank: request.bank.0, merchant: request.merchant.map_or(0, |merchant| merchant.0) }
}

/// Whether a reader may see a view: a bank its own and its merchants', a merchant its own.
pub(super) fn may_see(reader: Reader, view: View) -> bool {
    match reader {
        Reader::Merchant(merchant) => view.merchant == merchant.0,
        Reader::Bank(bank) => view.bank == bank && view.merchant == 0,
        Reader::All => true,
    }
}

/// A bank and a merchant that a list is narrowed to.
type Narrowed = (Option<BankId>, Option<i64>);

/// What a reader's lists are narrowed to; `None` when that is nothing.
pub(super) fn scope(
    tx: &mut Connection,
    reader: Reader,
    bank: Option<&str>,
) -> Result<Option<Narrowed>, StoreError> {
    let asked = match bank {
        Some(code) => match tx.bank_by_code(code)? {
            Some(bank) => Some(BankId(bank)),
            None => return Ok(None),
        },
        None => None,
    };
    Ok(match reader {
        Reader::Merchant(merchant) => Some((asked, Some(merchant.0))),
        Reader::Bank(bank) if asked.is_none_or(|asked| asked == bank) => {
            Some((Some(bank), Some(0)))
        }
        Reader::Bank(_) => None,
        Reader::All => Some((asked, None)),
    })
}

/// Matches, and puts together all that is to be written.
fn prepare(
    request: &ReconcileRequest,
    view: View,
    ground: Ground,
    rendering: &impl Rendering,
) -> record::Prepared {
    let Ground { row, evidence, expected, used, lag } = ground;
    let ExpectedSide { side, settlements, redemptions, even } = expected;
    let code = &request.bank.1;
    let covered = covered_to(request.day, evidence.statements());
    let terms = Terms { settlement_lag: lag, ..Terms::usual(code.clone(), request.day, covered) };
    let matcher = Matcher::new(terms, side);
    let mut rows = BankSide::default();
    each_settlement_row(code, evidence.statements(), |bank_row| {
        let is_used = !used.is_empty() && used.contains(&bank_row.fingerprint.to_string());
        if !is_used {
            matcher.read(&mut rows, &bank_row);
        }
    });
    let matching = matcher.matched(rows);
    let lines = evidence.lines();
    let texts = matching
        .outcomes()
        .map(|outcome| rendering.outcome(ShownOutcome { outcome, lines: &lines }))
        .collect();
    let summary = rendering.summary(&matching);
    let known = record::Known { settlements, redemptions, even };
    let base = record::Base { row, view, day: request.day, client: request.client };
    let hashes = evidence.files.iter().skip(evidence.kept).map(|read| read.file.hash);
    let sent = evidence.new.iter().filter_map(|place| request.files.get(*place)).cloned();
    let files = sent.zip(hashes).collect();
    record::Prepared::of(base, files, (&matching, texts, summary), &known)
}
