//! What a recording stands on: what is kept, what was sent, what is expected, and which rows are used up.

use std::collections::{BTreeSet, HashSet};

use crate::bankfile::{covered_to, each_settlement_row};
use crate::domain::matching::{BankSide, Matcher, Terms};
use crate::domain::settlement::DayStatus;
use crate::store::StoreError;
use crate::store::reconciliations::View;

use super::super::ledger::Ledger;
use super::evidence::{self, Evidence, LOOKED_BACK, SentFile, Wanted};
use super::expected::{self, ExpectedSide};
use super::kept::KeptFile;
use super::limits::Brought;
use super::{NotReconciled, ReconcileRequest, Rendering, ShownOutcome, record};

/// What was read for a recording, all in one snapshot.
pub(super) struct Ground {
    pub(super) base: record::Base,
    pub(super) evidence: Evidence,
    expected: ExpectedSide,
    used: HashSet<String>,
    /// Days from a business day to its payment.
    lag: u8,
}

/// What a recording begins with: what is kept, and what may be added.
pub(super) struct Beginning {
    pub(super) base: record::Base,
    kept: Vec<KeptFile>,
    /// The places of the sent files that are new.
    pub(super) new: Vec<usize>,
    account: Option<String>,
    lag: u8,
}

impl Ledger {
    /// Whether the day can be recorded by this client, and with what.
    pub(super) fn beginning(
        &self,
        request: &ReconcileRequest,
        view: View,
    ) -> Result<Beginning, NotReconciled> {
        let (bank, day, client) = (request.bank.0, request.day, request.client);
        let status = self.day_status(bank, day)?;
        if status != DayStatus::Closed {
            return Err(NotReconciled::DayNotClosed(status));
        }
        let now = self.shared.clock.now();
        let window = (day.minus_days(LOOKED_BACK), day);
        let around = (day.minus_days(LOOKED_BACK), day.plus_days(LOOKED_BACK));
        let (row, files, statements, banks, account, neighbours, before) =
            self.shared.read_long(|connection| {
                connection.snapshot::<_, StoreError>(|tx| {
                    Ok((
                        tx.reconciliation_of(view, day)?,
                        tx.bank_files_between(view, window)?,
                        tx.kept_statements(view, window)?,
                        tx.banks()?,
                        tx.registered_account(view)?,
                        tx.neighbours(view, around)?,
                        Brought::today(tx, client, now)?,
                    ))
                })
            })?;
        if row.as_ref().is_some_and(|row| row.signed_at.is_some()) {
            return Err(NotReconciled::SignedOff);
        }
        let kept = KeptFile::all(files, statements)?;
        let new = evidence::new_files(day, &kept, &request.files);
        let sizes = new.iter().filter_map(|place| request.files.get(*place));
        let sizes = sizes.map(|file| u64::try_from(file.content.len()).unwrap_or(u64::MAX));
        let bytes = sizes.fold(0, u64::saturating_add);
        let base = record::Base { row, view, day, client, neighbours };
        let adds = !new.is_empty() || request.files.is_empty();
        if adds && !base.only_finishes(&new) {
            let more = Brought { recordings: 1, bytes, ..Brought::default() };
            self.recordings.of(view).check_day((before, more), now)?;
        }
        let record = banks.into_iter().find(|record| record.id == bank);
        let record = record.ok_or_else(|| StoreError::corrupt("a bank is not there"))?;
        Ok(Beginning { base, kept, new, account, lag: record.settlement_lag })
    }

    pub(super) fn ground(
        &self,
        request: &ReconcileRequest,
        begun: Beginning,
    ) -> Result<Ground, NotReconciled> {
        let Beginning { base, kept, new, account, lag } = begun;
        let (bank, code) = &request.bank;
        let (view, day) = (base.view, base.day);
        let bounds = self.recordings.of(view);
        let wanted = Wanted { bank: code, day, account, bounds };
        let evidence = evidence::gather(&self.shared, wanted, &kept, (&request.files, &new))?;
        let own = base.row.as_ref().map(|row| row.id);
        let lines = evidence.lines();
        let named: BTreeSet<&str> =
            lines.iter().flat_map(|(_file, line)| line.settlement_references()).collect();
        // Each is looked for, and a single row can name thousands.
        if !new.is_empty() && u64::try_from(named.len()).is_ok_and(|all| all > bounds.day_rows) {
            return Err(NotReconciled::TooManyRows { most: bounds.rows });
        }
        let expected = self.shared.read_long(|connection| {
            connection.snapshot(|tx| expected::expected(tx, view, (day, own), (&lines, &named)))
        })?;
        evidence::refuse_foreign(&evidence, &expected.named)?;
        tracing::debug!(bank = bank.0, rows = lines.len(), "a day's bank files were read");
        let used = self.used_elsewhere(&base, &evidence)?;
        Ok(Ground { base, evidence, expected, used, lag })
    }

    /// Those of the rows that reconciliations of other days, or decisions about them, used up.
    fn used_elsewhere(
        &self,
        base: &record::Base,
        evidence: &Evidence,
    ) -> Result<HashSet<String>, NotReconciled> {
        let (view, day) = (base.view, base.day);
        if base.neighbours.iter().all(|(_id, of, ..)| *of == day.as_number()) {
            return Ok(HashSet::new());
        }
        let around = (day.minus_days(LOOKED_BACK), day.plus_days(LOOKED_BACK));
        let decided = self
            .shared
            .read_long(|connection| connection.rows_decided_elsewhere(view, day, around))?;
        let mut used: HashSet<String> = decided.into_iter().collect();
        let prints: Vec<String> = evidence.prints().map(|print| print.to_string()).collect();
        for prints in prints.chunks(ASKED_AT_ONCE) {
            let found = self
                .shared
                .read_long(|connection| connection.rows_used_elsewhere(view, day, prints))?;
            used.extend(found);
        }
        Ok(used)
    }
}

/// Rows that are asked for at once whether they are used up.
const ASKED_AT_ONCE: usize = 4_096;

/// Matches, and puts together all that is to be written.
pub(super) fn prepare(
    request: &ReconcileRequest,
    ground: Ground,
    rendering: &impl Rendering,
) -> record::Prepared {
    let Ground { base, evidence, expected, used, lag } = ground;
    let ExpectedSide { side, settlements, redemptions, even, named: _ } = expected;
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
    let sent: Vec<SentFile> =
        evidence.added().filter_map(|(_read, place)| request.files.get(place)).cloned().collect();
    record::Prepared::of(base, (evidence, sent), (&matching, texts, summary), &known)
}
