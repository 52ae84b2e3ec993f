//! What a recording does to the differences: new ones are found, others change or are cleared, and
//! what a person decided stays decided as long as the facts are the same.
//!
//! A settlement is one difference, whichever days' files its rows are in: a recording brings its
//! own rows, those from other recordings stay, and all are judged together. A row belongs to one
//! difference. What was posted stays until a decision or an explanation makes it another sum.

use std::collections::{HashMap, HashSet};

use crate::domain::calendar::{Date, Instant};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::exception_rows::NewExceptionRow;
use crate::store::exceptions::{ExceptionRow, NewException, NewExceptionEvent};

use super::super::error::Trouble;
use super::super::fees::FeeRow;
use super::super::ids::IdSource;
use super::super::paying::{Payment, park};
use super::NotReconciled;
use super::evidence::LOOKED_BACK;
use super::held::{Facts, HeldLine, HeldRow};
use super::record::{Judged, Prepared};

/// The states of a difference in the store.
pub(in crate::service) const OPEN: i16 = 1;
pub(in crate::service) const PROPOSED: i16 = 2;
pub(in crate::service) const RESOLVED: i16 = 3;
pub(in crate::service) const CLEARED: i16 = 4;

/// Whether a person still has to do something.
pub(in crate::service) const fn is_open(state: i16) -> bool {
    matches!(state, OPEN | PROPOSED)
}

/// What the files of several days explain together.
#[derive(Debug, Default)]
pub(super) struct Explained {
    pub(super) payments: Vec<Payment>,
    pub(super) fees: Vec<FeeRow>,
}

/// A difference as it was.
struct Before {
    row: ExceptionRow,
    lines: Vec<HeldLine>,
    rows: Vec<HeldRow>,
}

/// Where a recording saw lines and rows.
struct Seen<'p> {
    rows: HashSet<&'p str>,
    /// Lines by their keys: the place of their outcome, and whether it is closed.
    lines: HashMap<&'p str, (Date, &'p str, bool)>,
}

impl<'p> Seen<'p> {
    fn of(prepared: &'p Prepared) -> Self {
        let mut seen = Self { rows: HashSet::new(), lines: HashMap::new() };
        for outcome in &prepared.outcomes {
            seen.rows.extend(outcome.rows.iter().map(|row| row.print.as_str()));
            let at = (outcome.day, outcome.key.as_str(), outcome.status.is_closed());
            seen.lines.extend(outcome.lines.iter().map(|line| (line.key.as_str(), at)));
        }
        seen
    }

    /// Whether a difference still stands for one of its lines.
    fn leaves(&self, line: &HeldLine, of: &ExceptionRow) -> bool {
        self.lines.get(line.key.as_str()).is_none_or(|(day, key, is_closed)| {
            !is_closed && (*day, *key) == (of.day, of.key.as_str())
        })
    }
}

/// What is written of differences.
struct Changes<'p> {
    id: i64,
    prepared: &'p Prepared,
    seen: Seen<'p>,
    now: Instant,
    /// Found for the first time, and numbered when all are known.
    found: Vec<&'p Judged>,
    /// With the events that were read.
    changed: Vec<(ExceptionRow, i32)>,
    events: Vec<NewExceptionEvent>,
    emptied: Vec<i64>,
    rows: Vec<NewExceptionRow>,
    explained: Explained,
}

/// Brings the differences in line with a recording. All that it may change is locked first.
pub(super) fn merge(
    tx: &mut Connection,
    ids: &IdSource,
    (id, prepared): (i64, &Prepared),
    now: Instant,
) -> Result<Explained, NotReconciled> {
    let mut changes = Changes {
        id,
        prepared,
        seen: Seen::of(prepared),
        now,
        found: Vec::new(),
        changed: Vec::new(),
        events: Vec::new(),
        emptied: Vec::new(),
        rows: Vec::new(),
        explained: Explained::default(),
    };
    let before = read(tx, (id, prepared))?;
    let is_seen = |row: &HeldRow| row.seen_by != id && changes.seen.rows.contains(&*row.print);
    if before.iter().any(|one| !is_open(one.row.state) && one.rows.iter().any(is_seen)) {
        // Somebody decided about a row after it was read for this recording.
        return Err(Trouble::Unavailable.into());
    }
    let mut known: HashMap<(Date, String), Before> =
        before.into_iter().map(|one| ((one.row.day, one.row.key.clone()), one)).collect();
    for outcome in &prepared.outcomes {
        let own = Some(outcome).filter(|outcome| outcome.status.is_exception());
        match (own, known.remove(&(outcome.day, outcome.key.clone()))) {
            (Some(outcome), None) => changes.found.push(outcome),
            (own, Some(before)) => changes.revise(tx, ids, before, own)?,
            (None, None) => {}
        }
    }
    let mut rest: Vec<Before> = known.into_values().collect();
    rest.sort_by_key(|before| before.row.id);
    for before in rest {
        changes.revise(tx, ids, before, None)?;
    }
    changes.write(tx, ids)
}

/// Whether a difference is about the same lines and rows as before, whoever saw them: then nothing is
/// judged anew.
fn says_the_same(before: &Before, (lines, rows): (&[HeldLine], &[HeldRow])) -> bool {
    let prints = |rows: &[HeldRow]| -> HashSet<String> {
        rows.iter().map(|row| row.print.clone()).collect()
    };
    before.row.state != CLEARED && before.lines == lines && prints(&before.rows) == prints(rows)
}

/// The differences that a recording may have to do with.
fn read(tx: &mut Connection, (id, prepared): (i64, &Prepared)) -> Result<Vec<Before>, StoreError> {
    let base = &prepared.base;
    let earliest = prepared.outcomes.iter().map(|outcome| outcome.day).min();
    let from = base.day.minus_days(LOOKED_BACK);
    let from = earliest.map_or(from, |earliest| earliest.min(from));
    let exceptions = tx.lock_exceptions_since(base.view, from, id)?;
    let mut rows: HashMap<i64, Vec<HeldRow>> = HashMap::new();
    for row in tx.exception_rows_since(base.view, from, id)? {
        rows.entry(row.0).or_default().push(HeldRow::read(row)?);
    }
    let before = |row: ExceptionRow| {
        let lines = HeldLine::read(&row.lines)?;
        Ok(Before { lines, rows: rows.remove(&row.id).unwrap_or_default(), row })
    };
    exceptions.into_iter().map(before).collect()
}

impl Changes<'_> {
    fn find(&mut self, exception: i64, outcome: &Judged) -> NewException {
        self.events.push(self.event((exception, 1), ("found", outcome.status.as_str())));
        self.rows.extend(outcome.rows.iter().map(|row| row.to_keep(exception, self.id)));
        NewException {
            id: exception,
            reconciliation_id: self.id,
            bank_id: self.prepared.base.view.bank.0,
            merchant_id: self.prepared.base.view.merchant,
            business_date: outcome.day.as_number(),
            result_key: outcome.key.clone(),
            status: outcome.status.as_str().to_owned(),
            ledger_amount: outcome.ledger,
            bank_amount: outcome.bank.clone(),
            detail: outcome.detail.clone(),
            lines: HeldLine::text(&outcome.lines),
            state: OPEN,
            found_at: self.now.as_millis(),
            events: 1,
        }
    }

    /// Looks at a difference again; `outcome` is what this recording says of it, if it is one.
    fn revise(
        &mut self,
        tx: &mut Connection,
        ids: &IdSource,
        before: Before,
        outcome: Option<&Judged>,
    ) -> Result<(), NotReconciled> {
        let is_own = before.row.reconciliation == self.id;
        let kept = before.rows.iter().filter(|row| row.seen_by != self.id);
        let kept = kept.filter(|row| !self.seen.rows.contains(&*row.print));
        let mut rows: Vec<HeldRow> = kept.cloned().collect();
        // A line that may have been paid is this difference's to explain until another outcome has it.
        let left = before.lines.iter().filter(|line| self.seen.leaves(line, &before.row));
        let mut lines: Vec<HeldLine> = left.cloned().collect();
        let is_elsewhere = rows == before.rows && lines == before.lines && !is_own;
        match outcome {
            Some(outcome)
                if rows.is_empty() && lines.iter().all(|line| outcome.lines.contains(line)) =>
            {
                self.differs(tx, before, (Facts::of(outcome), Some(outcome)))
            }
            None if is_elsewhere => Ok(()),
            None if rows.is_empty() && lines.is_empty() => self.clear(tx, ids, before, None),
            // What is still owed, perhaps of several settlements.
            None if rows.is_empty() && before.rows.is_empty() => {
                self.keep(before, lines);
                Ok(())
            }
            _ => {
                if let Some(outcome) = outcome {
                    rows.extend(outcome.rows.iter().cloned());
                    let known = |line: &HeldLine| lines.iter().any(|other| other.key == line.key);
                    let new: Vec<_> =
                        outcome.lines.iter().filter(|line| !known(line)).cloned().collect();
                    lines.extend(new);
                }
                if says_the_same(&before, (&lines[..], &rows[..])) {
                    return Ok(());
                }
                let facts = Facts::together(lines, rows)?;
                let facts = facts.no_milder_than(&before.row.status, outcome);
                if facts.status.is_exception() {
                    return self.differs(tx, before, (facts, outcome));
                }
                self.explain(tx, &facts)?;
                self.clear(tx, ids, before, Some(facts))
            }
        }
    }

    /// What is due is paid with this recording.
    fn explain(&mut self, tx: &mut Connection, facts: &Facts) -> Result<(), NotReconciled> {
        let view = self.prepared.base.view;
        if view.merchant != 0 {
            return Ok(());
        }
        for line in &facts.lines {
            let settlement = tx.settlement_by_reference(view.bank, &line.settlement)?;
            let owed = settlement.filter(|settlement| settlement.paid_by.is_none());
            self.explained.payments.extend(owed.as_ref().map(Payment::of));
        }
        self.explained.fees.extend(HeldRow::fees(&facts.rows));
        Ok(())
    }

    fn differs(
        &mut self,
        tx: &mut Connection,
        before: Before,
        (facts, outcome): (Facts, Option<&Judged>),
    ) -> Result<(), NotReconciled> {
        let Before { mut row, rows, .. } = before;
        let is_same = row.status == facts.status.as_str()
            && row.ledger == facts.ledger
            && row.bank == facts.bank;
        let own_alone = facts.rows.iter().all(|row| row.seen_by == 0);
        if let Some(outcome) = outcome.filter(|_| !is_same || (own_alone && row.state != RESOLVED))
        {
            row.detail.clone_from(&outcome.detail);
        }
        row.lines = HeldLine::text(&facts.lines);
        if is_same && row.state != CLEARED {
            // What is decided stays with the day for which it was.
            if own_alone && row.state != RESOLVED {
                row.reconciliation = self.id;
            }
            self.put(row, &rows, &facts.rows);
            return Ok(());
        }
        let note = format!(
            "{} {} / {}",
            facts.status.as_str(),
            facts.ledger.map_or_else(|| "-".to_owned(), |due| due.to_string()),
            facts.bank.as_deref().unwrap_or("-")
        );
        row.reconciliation = self.id;
        facts.status.as_str().clone_into(&mut row.status);
        (row.ledger, row.bank) = (facts.ledger, facts.bank);
        (row.state, row.resolution, row.decided_by) = (OPEN, None, None);
        self.put_rows(row.id, &rows, &facts.rows);
        self.tell(tx, row, ("changed", &note), None)
    }

    /// Clears a difference that no longer exists, because its rows are explained together (`facts`)
    /// or now belong elsewhere. Its money in suspense goes back.
    fn clear(
        &mut self,
        tx: &mut Connection,
        ids: &IdSource,
        before: Before,
        facts: Option<Facts>,
    ) -> Result<(), NotReconciled> {
        let Before { mut row, rows, .. } = before;
        let is_explained = facts.is_some();
        if let Some(facts) = &facts {
            (row.ledger, row.bank) = (facts.ledger, facts.bank.clone());
        }
        let facts = facts.map(|facts| (facts.lines, facts.rows)).unwrap_or_default();
        row.lines = HeldLine::text(&facts.0);
        let parked = tx.parked_for(row.id)?;
        let view = row.view;
        let transfer = match parked.checked_neg().filter(|change| *change != 0) {
            Some(back) => Some(park(tx, ids, (view.bank, back, row.id), self.now)?),
            None => None,
        };
        let ends = is_open(row.state) || (row.state == RESOLVED && is_explained);
        if transfer.is_none() && !ends {
            self.put(row, &rows, &facts.1);
            return Ok(());
        }
        row.state = CLEARED;
        self.put_rows(row.id, &rows, &facts.1);
        self.tell(tx, row, ("cleared", ""), transfer.map(|(id, anchor)| (id.0, anchor.0)))
    }

    fn keep(&mut self, before: Before, lines: Vec<HeldLine>) {
        let Before { mut row, rows, .. } = before;
        row.lines = HeldLine::text(&lines);
        self.put(row, &rows, &rows);
    }

    /// Writes a row without recording an event.
    fn put(&mut self, row: ExceptionRow, before: &[HeldRow], rows: &[HeldRow]) {
        self.put_rows(row.id, before, rows);
        let read = row.events;
        self.changed.push((row, read));
    }

    fn put_rows(&mut self, exception: i64, before: &[HeldRow], rows: &[HeldRow]) {
        let mut now = rows.to_vec();
        for row in &mut now {
            row.seen_by = if row.seen_by == 0 { self.id } else { row.seen_by };
        }
        now.sort_by(|one, other| one.print.cmp(&other.print));
        if *before != *now {
            self.emptied.push(exception);
            self.rows.extend(rows.iter().map(|row| row.to_keep(exception, self.id)));
        }
    }

    fn tell(
        &mut self,
        tx: &mut Connection,
        mut row: ExceptionRow,
        (event, note): (&str, &str),
        transfer: Option<(i64, i64)>,
    ) -> Result<(), NotReconciled> {
        let read = row.events;
        row.events = read.max(tx.last_exception_event(row.id)?).saturating_add(1);
        let mut told = self.event((row.id, row.events), (event, note));
        (told.transfer_id, told.anchor_id) = transfer.unzip();
        self.events.push(told);
        self.changed.push((row, read));
        Ok(())
    }

    fn event(
        &self,
        (exception_id, number): (i64, i32),
        (event, note): (&str, &str),
    ) -> NewExceptionEvent {
        NewExceptionEvent {
            exception_id,
            number,
            event: event.to_owned(),
            client_id: self.prepared.base.client,
            created_at: self.now.as_millis(),
            note: note.to_owned(),
            transfer_id: None,
            anchor_id: None,
            amount: 0,
        }
    }

    fn write(mut self, tx: &mut Connection, ids: &IdSource) -> Result<Explained, NotReconciled> {
        let found = std::mem::take(&mut self.found);
        let mut new = Vec::with_capacity(found.len());
        if !found.is_empty() {
            let block = ids.block(found.len(), 0, self.now)?;
            for (outcome, place) in found.into_iter().zip(0..) {
                new.push(self.find(block.id(place), outcome));
            }
        }
        for (row, read) in &self.changed {
            if !tx.update_exception(row, *read)? {
                return Err(Trouble::Unavailable.into());
            }
        }
        NewException::insert_all(tx, new)?;
        NewExceptionEvent::insert_all(tx, self.events)?;
        tx.forget_exception_rows(&self.emptied)?;
        NewExceptionRow::insert_all(tx, self.rows)?;
        Ok(self.explained)
    }
}
