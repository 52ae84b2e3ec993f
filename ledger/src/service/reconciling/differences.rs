//! What a recording does to the differences: new ones are found, others change or are cleared, and
//! what a person decided stays decided as long as the facts are the same.

use std::collections::{HashMap, HashSet};

use crate::domain::calendar::{Date, Instant};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::exceptions::{ExceptionRow, NewException, NewExceptionEvent};

use super::super::fees::FeeRow;
use super::super::ids::IdSource;
use super::NotReconciled;
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

/// What is written of differences.
struct Changes {
    client: i64,
    now: Instant,
    new: Vec<NewException>,
    changed: Vec<ExceptionRow>,
    events: Vec<NewExceptionEvent>,
}

pub(super) fn merge(
    tx: &mut Connection,
    ids: &IdSource,
    (id, prepared): (i64, &Prepared),
    now: Instant,
) -> Result<(), NotReconciled> {
    let base = &prepared.base;
    let earliest = prepared.outcomes.iter().map(|outcome| outcome.day).min().unwrap_or(base.day);
    let before = tx.exceptions_since(base.view, earliest, id)?;
    let mut known: HashMap<(Date, String), ExceptionRow> =
        before.into_iter().map(|row| ((row.day, row.key.clone()), row)).collect();
    let mut changes = Changes {
        client: base.client,
        now,
        new: Vec::new(),
        changed: Vec::new(),
        events: Vec::new(),
    };
    let mut seen = HashSet::new();
    for outcome in &prepared.outcomes {
        let place = (outcome.day, outcome.key.clone());
        match (outcome.status.is_exception(), known.remove(&place)) {
            (true, None) => changes.find(id, prepared, outcome),
            (true, Some(row)) => changes.see_again(id, row, outcome),
            (false, Some(row)) => changes.clear(row),
            (false, None) => {}
        }
        seen.insert(place);
    }
    // What this day's recording found before and does not find any more.
    for (place, row) in known {
        if row.reconciliation == id && !seen.contains(&place) {
            changes.clear(row);
        }
    }
    changes.write(tx, ids)
}

impl Changes {
    fn find(&mut self, id: i64, prepared: &Prepared, outcome: &Judged) {
        self.new.push(NewException {
            // Numbered when all are known.
            id: 0,
            reconciliation_id: id,
            bank_id: prepared.base.view.bank.0,
            merchant_id: prepared.base.view.merchant,
            business_date: outcome.day.as_number(),
            result_key: outcome.key.clone(),
            status: outcome.status.as_str().to_owned(),
            ledger_amount: outcome.ledger,
            bank_amount: outcome.bank.clone(),
            detail: outcome.detail.clone(),
            row_prints: outcome.row_prints.clone(),
            fee_rows: FeeRow::text(&outcome.fees),
            state: OPEN,
            found_at: self.now.as_millis(),
            events: 1,
        });
    }

    fn see_again(&mut self, id: i64, mut row: ExceptionRow, outcome: &Judged) {
        let is_same = row.status == outcome.status.as_str()
            && row.ledger == outcome.ledger
            && row.bank == outcome.bank;
        // What is decided stays with the day for which it was.
        if is_same && row.state == RESOLVED {
            return;
        }
        row.reconciliation = id;
        row.detail.clone_from(&outcome.detail);
        row.row_prints.clone_from(&outcome.row_prints);
        row.fee_rows = FeeRow::text(&outcome.fees);
        if is_same && row.state != CLEARED {
            self.changed.push(row);
            return;
        }
        let note = format!(
            "{} {} / {}",
            outcome.status.as_str(),
            outcome.ledger.map_or_else(|| "-".to_owned(), |due| due.to_string()),
            outcome.bank.as_deref().unwrap_or("-")
        );
        outcome.status.as_str().clone_into(&mut row.status);
        row.ledger = outcome.ledger;
        row.bank.clone_from(&outcome.bank);
        (row.state, row.resolution, row.decided_by) = (OPEN, None, None);
        self.tell(row, "changed", &note);
    }

    fn clear(&mut self, mut row: ExceptionRow) {
        if is_open(row.state) {
            row.state = CLEARED;
            self.tell(row, "cleared", "");
        }
    }

    fn tell(&mut self, mut row: ExceptionRow, event: &str, note: &str) {
        row.events = row.events.saturating_add(1);
        self.events.push(NewExceptionEvent {
            exception_id: row.id,
            number: row.events,
            event: event.to_owned(),
            client_id: self.client,
            created_at: self.now.as_millis(),
            note: note.to_owned(),
            transfer_id: None,
            anchor_id: None,
        });
        self.changed.push(row);
    }

    fn write(mut self, tx: &mut Connection, ids: &IdSource) -> Result<(), NotReconciled> {
        if !self.new.is_empty() {
            let block = ids.block(self.new.len(), 0, self.now)?;
            for (exception, place) in self.new.iter_mut().zip(0..) {
                exception.id = block.id(place);
                self.events.push(NewExceptionEvent {
                    exception_id: exception.id,
                    number: 1,
                    event: "found".to_owned(),
                    client_id: self.client,
                    created_at: self.now.as_millis(),
                    note: exception.status.clone(),
                    transfer_id: None,
                    anchor_id: None,
                });
            }
        }
        for row in &self.changed {
            tx.update_exception(row)?;
        }
        NewException::insert_all(tx, self.new)?;
        Ok::<_, StoreError>(NewExceptionEvent::insert_all(tx, self.events)?)?;
        Ok(())
    }
}
