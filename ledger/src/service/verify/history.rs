//! The one walk through batches, transfers and attempts in order of their ids, in which each is
//! seen beside what belongs to it.

use crate::domain::policy::PolicyBook;
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::verify::{AttemptRecord, BatchRecord, Pages, TransferRecord};

use super::batches::Batches;
use super::dates::Days;
use super::rollups::Sums;
use super::shops::{Spans, Zones};
use super::transfer::Turnovers;
use super::{Check, Milestone, Run, attempt, require, transfer};

#[derive(Debug)]
struct Walk {
    book: PolicyBook,
    transfers: Check,
    redemptions: Check,
    baskets: Check,
    batches: Batches,
    turnovers: Turnovers,
    sums: Sums,
    days: Days,
    zones: Zones,
    spans: Spans,
    dates: Check,
    last_transfer: Option<i64>,
}

/// Walks, and gives the totals and the days' spans for what comes after.
pub(super) fn run(run: &mut Run<'_>) -> Result<(Turnovers, Spans), StoreError> {
    let mut walk = Walk {
        book: run.connection.policy_book()?,
        transfers: Check::new("transfers"),
        redemptions: Check::new("redemptions"),
        baskets: Check::new("baskets"),
        batches: Batches::new(),
        turnovers: Turnovers::default(),
        sums: if run.is_whole() { Sums::new(run.connection)? } else { Sums::none() },
        days: Days::read(run.connection)?,
        zones: Zones::read(run.connection)?,
        spans: Spans::default(),
        dates: Check::new("business_dates"),
        last_transfer: None,
    };
    let walked = walk.through((run.connection, run.from), run.progress);
    let Walk { transfers, redemptions, baskets, dates, batches, turnovers, spans, .. } = walk;
    let checks = vec![transfers, redemptions, baskets, dates, batches.ranges, batches.leaves];
    run.add(checks, walked)?;
    Ok((turnovers, spans))
}

impl Walk {
    fn through(
        &mut self,
        (connection, from): (&mut Connection, i64),
        progress: &mut dyn FnMut(&str, u64),
    ) -> Result<(), StoreError> {
        let mut batches = Pages::<BatchRecord>::from(from);
        let mut transfers = Pages::<TransferRecord>::from(from);
        let mut attempts = Pages::<AttemptRecord>::from(from);
        let mut milestone = Milestone::first();
        loop {
            let next = [
                batches.next_id(connection)?,
                transfers.next_id(connection)?,
                attempts.next_id(connection)?,
            ];
            let Some(id) = next.into_iter().flatten().min() else { break };
            // A batch comes before its rows: its own id is the first of its range.
            if let Some(batch) = batches.take(connection, id)? {
                self.batches.begin(batch);
                continue;
            }
            let transfer = transfers.take(connection, id)?;
            let attempt = attempts.take(connection, id)?;
            self.look_at(transfer.as_ref(), attempt.as_ref());
            self.batches.flush(connection, false)?;
            self.sums.flush(connection, false)?;
            if milestone.is_due(self.transfers.rows) {
                progress(self.transfers.name, self.transfers.rows);
            }
        }
        self.batches.finish();
        self.batches.flush(connection, true)?;
        self.sums.flush(connection, true)?;
        let orphan = connection.leaves_without_batch()?;
        self.batches.leaves.note(match orphan {
            Some(id) => Err(format!("batch_leaves {id}: there is no such batch")),
            None => Ok(()),
        });
        Ok(())
    }

    /// A transfer and an attempt with the same id, or one of them.
    fn look_at(&mut self, transfer: Option<&TransferRecord>, attempt: Option<&AttemptRecord>) {
        let mut place = None;
        if let Some(transfer) = transfer {
            let again = self.last_transfer.replace(transfer.id) == Some(transfer.id);
            self.transfers.seen(transfer::check(transfer).and(require(!again, || {
                format!("transfers {}: the id is used twice", transfer.id)
            })));
            self.turnovers.add(transfer);
            place = self.batches.transfer(transfer, attempt);
            if let Some(place) = place {
                self.sums.add(transfer, place);
            }
            if attempt.is_none() {
                self.redemptions.note(no_redemption(transfer));
            }
        }
        if let Some(attempt) = attempt {
            self.redemptions.seen(attempt::check(attempt, transfer));
            self.baskets.seen(attempt::check_basket(attempt, &self.book, &self.zones));
            self.dates.seen(self.days.check(attempt));
            if let Some((day, place)) = self.batches.attempt(attempt, place) {
                self.spans.add(day, place);
            }
        }
    }
}

fn no_redemption(record: &TransferRecord) -> Result<(), String> {
    let Ok(transfer) = &record.transfer else { return Ok(()) };
    require(transfer.kind() != TransferKind::Redemption, || {
        format!("transfers {} (wallet {}): there is no redemption", record.id, record.anchor)
    })
}
