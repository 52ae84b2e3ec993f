//! Deciding a difference: proposed by one person or carried out, with what it posts.

use chrono::NaiveTime;

use crate::domain::calendar::{Instant, Zone};
use crate::domain::ids::{AccountId, RowId};
use crate::domain::matching::MatchStatus;
use crate::domain::money::Rupiah;
use crate::domain::resolution::{Difference, FourEyes, Plan, Resolution, Stake, Standing};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::exceptions::ExceptionRow;
use crate::store::payments::OwedSettlement;
use crate::store::reconciliations::View;

use super::super::fees::{FeeRow, post_fees, unposted_sum};
use super::super::ids::IdSource;
use super::super::paying::{Payment, park, pay};
use super::super::reconciling::differences::{PROPOSED, RESOLVED, is_open};
use super::super::reconciling::held::{HeldLine, HeldRow};
use super::{Clerk, NotResolved, Told, tell};

/// A decision that is being taken.
pub(super) struct Decision<'a> {
    pub(super) clerk: Clerk,
    pub(super) resolution: Resolution,
    pub(super) reason: &'a str,
    /// What may be moved without a second person.
    pub(super) limits: FourEyes,
}

/// A difference with what is posted for it.
pub(in crate::service) struct Weighed {
    pub(in crate::service) about: Difference,
    /// The one settlement that it is about.
    settlement: Option<OwedSettlement>,
    fees: Vec<FeeRow>,
}

impl Weighed {
    /// Weighs a difference as it is now.
    pub(in crate::service) fn of(
        tx: &mut Connection,
        row: &ExceptionRow,
    ) -> Result<Self, StoreError> {
        let corrupt = |what: &str| StoreError::corrupt(format!("exception {}: {what}", row.id));
        let rows = tx.rows_of_exception(row.id)?.into_iter().map(HeldRow::read);
        let rows: Vec<HeldRow> = rows.collect::<Result<_, _>>()?;
        let (moved, fees) = HeldRow::sums(&rows)?;
        let lines = HeldLine::read(&row.lines)?;
        let (mut due, mut paid) = (0_i64, 0_i64);
        let mut settlements = Vec::with_capacity(lines.len());
        for line in &lines {
            let settlement = tx.settlement_by_reference(row.view.bank, &line.settlement)?;
            due = due.saturating_add(line.amount);
            if settlement.as_ref().is_some_and(|settlement| settlement.paid_by.is_some()) {
                paid = paid.saturating_add(line.amount);
            }
            settlements.push(settlement);
        }
        let only = settlements.pop().filter(|_| settlements.is_empty());
        let settlement = only.flatten().filter(|_| lines.iter().all(HeldLine::is_settlement));
        let standing = |settlement: &OwedSettlement| match settlement.paid_by {
            Some(_reconciliation) => Standing::Paid,
            None => Standing::Owed,
        };
        let rupiah = |sum: i64| Rupiah::new(sum).map_err(|_below| corrupt("its sum is none"));
        let about = Difference {
            status: MatchStatus::named(&row.status)
                .ok_or_else(|| corrupt("its status is unknown"))?,
            due: rupiah(due)?,
            paid: rupiah(paid)?,
            moved,
            fees,
            settlement: settlement.as_ref().map(standing),
            parked: tx.parked_for(row.id)?,
        };
        Ok(Self { about, settlement, fees: HeldRow::fees(&rows) })
    }

    /// What a decision weighs towards the limits of four eyes: what it moves in all, or what is at stake
    /// where that is more, as when a claim closes a difference and moves nothing.
    fn money(&self, tx: &mut Connection, (view, plan): (View, Plan)) -> Result<i64, StoreError> {
        if view.merchant != 0 {
            return Ok(0);
        }
        let fees = unposted_sum(tx, (view.bank, &self.fees))?;
        let paid = if plan.pays_settlement { self.about.due.get() } else { 0 };
        let moves = plan.to_suspense.saturating_abs().saturating_add(paid).saturating_add(fees);
        let at_stake = i64::try_from(self.about.at_stake().ceil()).unwrap_or(i64::MAX);
        Ok(moves.max(at_stake))
    }
}

impl Decision<'_> {
    pub(super) fn take(
        &self,
        tx: &mut Connection,
        ids: &IdSource,
        mut row: ExceptionRow,
        now: Instant,
    ) -> Result<ExceptionRow, NotResolved> {
        let (client, name) = (self.clerk.client, self.resolution.as_str());
        let is_same = row.resolution.as_deref() == Some(name);
        let is_own = row.decided_by == Some(client);
        if !is_open(row.state) {
            return if is_same && is_own { Ok(row) } else { Err(NotResolved::Closed) };
        }
        let weighed = Weighed::of(tx, &row)?;
        let plan = self.resolution.plan(&weighed.about)?;
        let moves = weighed.money(tx, (row.view, plan))?;
        let stake = self.stake(tx, (&row, moves), now)?;
        let is_agreed = row.state == PROPOSED && is_same && !is_own;
        if self.limits.needs_two(stake, &weighed.about) && !is_agreed {
            if row.state == PROPOSED && is_same {
                return Err(NotResolved::SecondPerson);
            }
            row.state = PROPOSED;
            (row.resolution, row.decided_by) = (Some(name.to_owned()), Some(client));
            let told = Told { event: "proposed", note: self.reason, transfer: None, amount: 0 };
            tell(tx, &mut row, (client, now), told)?;
            return Ok(row);
        }
        let transfer = self.carry_out(tx, ids, (&row, plan, &weighed), now)?;
        row.state = RESOLVED;
        (row.resolution, row.decided_by) = (Some(name.to_owned()), Some(client));
        let told = Told { event: "resolved", note: self.reason, transfer, amount: stake.now };
        tell(tx, &mut row, (client, now), told)?;
        Ok(row)
    }

    /// What the decision weighs, with what was decided before. The client's day is added up by one at a time.
    fn stake(
        &self,
        tx: &mut Connection,
        (row, moves): (&ExceptionRow, i64),
        now: Instant,
    ) -> Result<Stake, StoreError> {
        let today = now.date_in(Zone::Wib);
        let midnight = Instant::at(today, NaiveTime::MIN, Zone::Wib);
        let day = (midnight.as_millis(), midnight.plus_millis(86_400_000).as_millis());
        Ok(Stake {
            now: moves,
            before: tx.moved_on(row.id)?,
            of_day: tx.moved_by(self.clerk.client, day)?,
        })
    }

    /// Posts what the decision moves; a merchant's own view moves nothing.
    fn carry_out(
        &self,
        tx: &mut Connection,
        ids: &IdSource,
        (row, plan, weighed): (&ExceptionRow, Plan, &Weighed),
        now: Instant,
    ) -> Result<Option<(RowId, AccountId)>, NotResolved> {
        let View { bank, merchant } = row.view;
        if merchant != 0 {
            return Ok(None);
        }
        if let Some(settlement) = weighed.settlement.as_ref().filter(|_owed| plan.pays_settlement) {
            let by = (row.reconciliation, self.clerk.client, now);
            pay(tx, ids, (&[Payment::of(settlement)], bank), by)?;
        }
        post_fees(tx, ids, (bank, &weighed.fees), (row.reconciliation, now))?;
        if plan.to_suspense == 0 {
            return Ok(None);
        }
        Ok(Some(park(tx, ids, (bank, plan.to_suspense, row.id), now)?))
    }
}
