//! Reconciliations: a bank's files against what the ledger expects it to pay for a business day.
//!
//! The bank's files are kept as they came. The server reads them itself and matches on its own data,
//! so no one's result has to be trusted. What a file shows as paid posts its settlements; what
//! differs is left to a person. A second person signs the day off, which freezes it until it is
//! reopened with a reason.

mod brought;
pub(super) mod differences;
mod evidence;
mod expected;
mod ground;
pub(super) mod hashes;
pub(super) mod held;
pub(super) mod kept;
mod limits;
mod pieces;
mod record;
mod signing;

use crate::bankfile::StatementLine;
use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::MerchantId;
use crate::domain::matching::{Matching, Outcome};
use crate::domain::settlement::DayStatus;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reconciliations::{ReconciliationRow, ResultRow, View};

use super::error::Trouble;
use super::history::Reader;
use super::ledger::Ledger;
use super::shared::Contended;
use ground::prepare;

pub use evidence::SentFile;
pub(super) use limits::Turns;
pub use limits::{RecordingBounds, RecordingLimits};
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
    /// The files have more rows than one request may have, or than a day may rest on.
    #[error("the files have more than {most} rows")]
    TooManyRows {
        /// How many one request may have.
        most: u64,
    },
    /// More differences about rows than a recording may find: the files are not of this day.
    #[error("{found} differences about the files' rows, where there may be {most}")]
    TooManyExceptions {
        /// How many there are.
        found: u64,
        /// How many there may be.
        most: u64,
    },
    /// The client's recordings have brought as much today as they may.
    #[error("the client's recordings of today come to more than {most} {what}")]
    DayFull {
        /// Recordings, bytes, rows or differences.
        what: &'static str,
        /// How many there may be.
        most: u64,
        /// Seconds until the next day (WIB) begins.
        seconds: u64,
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
    /// The last day that the files cover completely.
    pub covered_to: Date,
    /// The hash of the result.
    pub result_hash: Vec<u8>,
    /// Totals and control line, as they were rendered.
    pub summary: String,
    /// When it was recorded last.
    pub recorded_at: Instant,
    /// When it was signed off.
    pub signed_at: Option<Instant>,
    /// The files.
    pub files: Vec<RecordedFile>,
    /// Whether all that follows from the latest recording is written.
    pub is_carried_out: bool,
    /// Differences that wait for a person.
    pub open_exceptions: i64,
}

/// A file that a reconciliation rests on.
#[derive(Clone, Debug)]
pub struct RecordedFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub hash: Vec<u8>,
    /// The account that its statements name; `None` where its layout has none, so that it was not compared.
    pub account: Option<String>,
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
        let _turn = self.turns.take(view)?;
        // What a recording left behind that was cut off comes first: its rows are used up.
        for day in self.shared.read(|connection| connection.unfinished_days(view))? {
            let day = Date::from_number(day)
                .map_err(|error| StoreError::corrupt(format!("a reconciliation: {error}")))?;
            if day != request.day {
                let again = ReconcileRequest { day, files: Vec::new(), ..request.clone() };
                self.reconcile_day(&again, view, rendering)?;
            }
        }
        self.reconcile_day(request, view, rendering)
    }

    fn reconcile_day(
        &self,
        request: &ReconcileRequest,
        view: View,
        rendering: &impl Rendering,
    ) -> Result<(Reconciliation, bool), NotReconciled> {
        let begun = self.beginning(request, view)?;
        if let Some(row) = &begun.base.row
            && row.is_carried_out
            && begun.new.is_empty()
            && !request.files.is_empty()
        {
            return Ok((self.shown_reconciliation(row.clone())?, false));
        }
        let ground = self.ground(request, begun)?;
        if ground.evidence.files.is_empty() {
            return Err(NotReconciled::NoFile);
        }
        let prepared = prepare(request, ground, rendering);
        prepared.check(self.recordings.of(view))?;
        let id = record::carry_out(&self.shared, prepared, *self.recordings.of(view))?;
        let row = self.shared.read(|connection| connection.reconciliation(id))?;
        let row = row.ok_or_else(|| StoreError::corrupt("a reconciliation is not there"))?;
        Ok((self.shown_reconciliation(row)?, true))
    }

    /// The account that a reader's statements have to be of, where it is registered.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    pub fn registered_account(
        &self,
        bank: BankId,
        merchant: Option<MerchantId>,
    ) -> Result<Option<String>, StoreError> {
        let view = View { bank, merchant: merchant.map_or(0, |merchant| merchant.0) };
        self.shared.read(|connection| connection.registered_account(view))
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
            files: files
                .into_iter()
                .map(|(name, hash, account)| RecordedFile { name, hash, account })
                .collect(),
            is_carried_out: row.is_carried_out,
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

/// The filter on a reader's lists; `None` when it may see nothing.
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
