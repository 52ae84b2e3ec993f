//! What is large of a recording, the files' bytes and the outcomes, is written before it in pieces, so
//! that purchases never wait for much of it on a database with one writer. Nothing refers to a piece until
//! the recording does, in one transaction.

use std::sync::Arc;

use crate::bankfile::extract::{self, PARSER};
use crate::domain::calendar::Date;
use crate::store::StoreError;
use crate::store::kept::{NewFileRows, NewFileStatement};
use crate::store::reconciliations::{NewFilePart, NewMatchedRow, NewResult};

use super::super::error::Trouble;
use super::super::shared::Shared;
use super::NotReconciled;
use super::evidence::{Keep, ReadFile};
use super::kept::to_keep;
use super::record::{Judged, Prepared};

/// Bytes of a file that are written at once.
const PART: usize = 1024 * 1024;
/// Outcomes that are written, or taken away, at once.
const OUTCOMES: usize = 250;

/// The pieces of a recording.
#[derive(Debug)]
pub(super) struct Pieces {
    /// The id of a day that is recorded for the first time.
    pub(super) first_id: i64,
    /// What the outcomes are kept under.
    pub(super) run: i64,
    /// The new files' ids, in their order.
    pub(super) files: Vec<i64>,
}

/// Writes the pieces of a recording.
pub(super) fn write(shared: &Shared, prepared: &Arc<Prepared>) -> Result<Pieces, NotReconciled> {
    let count = prepared.files.len();
    let block = shared.ids.block(count.saturating_add(2), 0, shared.clock.now())?;
    let pieces = Pieces {
        first_id: block.id(0),
        run: block.id(1),
        files: (2..).take(count).map(|place| block.id(place)).collect(),
    };
    let mut new = pieces.files.iter().copied();
    for (place, id) in pieces.files.iter().enumerate() {
        write_file(shared, prepared, (place, *id))?;
    }
    for read in &prepared.evidence.files {
        let file = match read.keep {
            Keep::Nothing => continue,
            Keep::New(_) => {
                new.next().ok_or_else(|| StoreError::corrupt("a file without an id"))?
            }
            Keep::Again(id) => id,
        };
        write_extract(shared, read, file)?;
    }
    write_used(shared, prepared, pieces.run)?;
    for piece in 0..prepared.outcomes.len().div_ceil(OUTCOMES) {
        let (run, prepared) = (pieces.run, Arc::clone(prepared));
        shared.prepare::<_, NotReconciled>(move |tx| {
            let outcomes = prepared.outcomes.chunks(OUTCOMES).nth(piece).unwrap_or_default();
            let rows = outcomes.iter().map(|outcome| result(run, outcome)).collect();
            Ok(NewResult::insert_all(tx, rows)?)
        })?;
    }
    Ok(pieces)
}

fn write_file(
    shared: &Shared,
    prepared: &Arc<Prepared>,
    (place, file_id): (usize, i64),
) -> Result<(), NotReconciled> {
    let size = prepared.files.get(place).map_or(0, |sent| sent.content.len());
    for piece in 0..size.div_ceil(PART) {
        let part = i32::try_from(piece)
            .map_err(|_too_many| StoreError::corrupt("a file of too many parts"))?;
        let prepared = Arc::clone(prepared);
        shared.prepare::<_, NotReconciled>(move |tx| {
            let bytes = prepared.files.get(place).map(|sent| sent.content.chunks(PART));
            let content = bytes.and_then(|mut parts| parts.nth(piece)).unwrap_or_default();
            let row = NewFilePart { file_id, part, content: content.to_vec() };
            Ok(NewFilePart::insert_all(tx, vec![row])?)
        })?;
    }
    Ok(())
}

/// Writes what a file says, so that it is not read again.
fn write_extract(shared: &Shared, read: &ReadFile, file_id: i64) -> Result<(), NotReconciled> {
    let mut statements = Vec::with_capacity(read.statements.len());
    for (place, (statement, prints)) in read.statements.iter().zip(&read.prints).enumerate() {
        let is_repeat = read.repeats.get(place).copied().unwrap_or_default();
        let kept = to_keep(file_id, (place, is_repeat), statement)?;
        for (part, rows) in (0..).zip(extract::parts(statement, prints)) {
            let rows = rows.map_err(StoreError::from)?;
            let row = NewFileRows {
                file_id,
                parser: PARSER,
                statement: kept.statement,
                part,
                last_day: Date::from(rows.last_day).as_number(),
                prints: rows.prints,
                content: rows.content,
            };
            shared.prepare::<_, NotReconciled>(move |tx| {
                Ok(NewFileRows::insert_all(tx, vec![row.clone()])?)
            })?;
        }
        statements.push(kept);
    }
    for statements in statements.chunks(OUTCOMES) {
        let statements = statements.to_vec();
        shared.prepare::<_, NotReconciled>(move |tx| {
            Ok(NewFileStatement::insert_all(tx, statements.clone())?)
        })?;
    }
    Ok(())
}

/// Writes the rows that are used up; they count from the recording on.
fn write_used(shared: &Shared, prepared: &Prepared, run: i64) -> Result<(), NotReconciled> {
    let (view, day) = (prepared.base.view, prepared.base.day);
    for prints in prepared.rows.chunks(OUTCOMES) {
        let row = |fingerprint: &String| NewMatchedRow {
            bank_id: view.bank.0,
            merchant_id: view.merchant,
            fingerprint: fingerprint.clone(),
            run_id: run,
            business_date: day.as_number(),
        };
        let rows: Vec<NewMatchedRow> = prints.iter().map(row).collect();
        shared.prepare::<_, NotReconciled>(move |tx| {
            Ok(NewMatchedRow::insert_all(tx, rows.clone())?)
        })?;
    }
    Ok(())
}

/// Deletes the outcomes and used-up rows of the recording before this one, which is done: nothing
/// reads what is left behind.
pub(super) fn clear_former(shared: &Shared, run: i64) {
    if let Err(error) = clear(shared, run) {
        tracing::warn!(%error, run, "outcomes of a former recording are left behind");
    }
}

fn clear(shared: &Shared, run: i64) -> Result<(), NotReconciled> {
    let most = i64::try_from(OUTCOMES).unwrap_or(i64::MAX);
    while shared.prepare::<_, NotReconciled>(move |tx| Ok(tx.drop_results(run, most)?))? {}
    Ok(())
}

/// Clears up behind a recording that failed; whether it did may not be known, then nothing is touched.
pub(super) fn clear_failed(shared: &Shared, run: i64, error: &NotReconciled) {
    if matches!(error, NotReconciled::Trouble(Trouble::Unknown)) {
        return;
    }
    if let Err(error) = clear(shared, run) {
        tracing::warn!(%error, run, "outcomes of a failed recording are left behind");
    }
}

fn result(run_id: i64, outcome: &Judged) -> NewResult {
    NewResult {
        run_id,
        business_date: outcome.day.as_number(),
        result_key: outcome.key.clone(),
        status: outcome.status.as_str().to_owned(),
        ledger_amount: outcome.ledger,
        bank_amount: outcome.bank.clone(),
        detail: outcome.detail.clone(),
    }
}
