//! Deciding a difference: proposed by one person or carried out, with what it posts.

use rust_decimal::Decimal;

use crate::domain::calendar::Instant;
use crate::domain::ids::{AccountId, RowId};
use crate::domain::money::Rupiah;
use crate::domain::resolution::{Difference, Plan, Resolution, Standing};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::exceptions::ExceptionRow;
use crate::store::payments::OwedSettlement;
use crate::store::reconciliations::View;

use super::super::fees::{FeeRow, post_fees, total};
use super::super::ids::IdSource;
use super::super::paying::{Payment, park, pay};
use super::super::reconciling::differences::{PROPOSED, RESOLVED, is_open};
use super::{Clerk, NotResolved, status, tell};

/// A decision that is being taken.
pub(super) struct Decision<'a> {
    pub(super) clerk: Clerk,
    pub(super) resolution: Resolution,
    pub(super) reason: &'a str,
    /// What may be at stake without a second person.
    pub(super) limit: Rupiah,
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
        let settlement = tx.settlement_by_reference(row.view.bank, &row.key)?;
        // What nothing has to be paid for is not paid by a row that names it.
        let settlement = settlement.filter(|settlement| settlement.sums.due() > 0);
        let fees = FeeRow::read(&row.fee_rows);
        let fees = fees.ok_or_else(|| StoreError::corrupt("a difference's fees are none"))?;
        let about = difference(&row, &fees, settlement.as_ref())?;
        let plan = self.resolution.plan(&about)?;
        let needs_two = about.at_stake() > Decimal::from(self.limit.get());
        let is_agreed = row.state == PROPOSED && is_same && !is_own;
        if needs_two && !is_agreed {
            if row.state == PROPOSED && is_same {
                return Err(NotResolved::SecondPerson);
            }
            row.state = PROPOSED;
            (row.resolution, row.decided_by) = (Some(name.to_owned()), Some(client));
            tell(tx, &mut row, (client, now), ("proposed", self.reason), None)?;
            return Ok(row);
        }
        let transfer = self.carry_out(tx, ids, (&row, plan, settlement), now)?;
        if plan.posts_fees && row.view.merchant == 0 {
            post_fees(tx, ids, (row.view.bank, &fees), (row.reconciliation, now))?;
        }
        row.state = RESOLVED;
        (row.resolution, row.decided_by) = (Some(name.to_owned()), Some(client));
        tell(tx, &mut row, (client, now), ("resolved", self.reason), transfer)?;
        Ok(row)
    }

    /// Posts what the decision moves; a merchant's own view moves nothing.
    fn carry_out(
        &self,
        tx: &mut Connection,
        ids: &IdSource,
        (row, plan, settlement): (&ExceptionRow, Plan, Option<OwedSettlement>),
        now: Instant,
    ) -> Result<Option<(RowId, AccountId)>, NotResolved> {
        let View { bank, merchant } = row.view;
        if merchant != 0 {
            return Ok(None);
        }
        if let Some(settlement) = settlement.filter(|_owed| plan.pays_settlement) {
            let by = (row.reconciliation, self.clerk.client, now);
            pay(tx, ids, (&[Payment::of(&settlement)], bank), by)?;
        }
        if plan.to_suspense == 0 {
            return Ok(None);
        }
        Ok(Some(park(tx, ids, (bank, plan.to_suspense, row.id), now)?))
    }
}

fn difference(
    row: &ExceptionRow,
    fees: &[FeeRow],
    settlement: Option<&OwedSettlement>,
) -> Result<Difference, StoreError> {
    let corrupt = |what: &str| StoreError::corrupt(format!("exception {}: {what}", row.id));
    let moved = row.bank.as_deref().map(str::parse::<Decimal>).transpose();
    let standing = |settlement: &OwedSettlement| match settlement.paid_by {
        Some(_reconciliation) => Standing::Paid,
        None => Standing::Owed,
    };
    Ok(Difference {
        status: status(row)?,
        due: Rupiah::new(row.ledger.unwrap_or(0))
            .map_err(|_below| corrupt("its amount is below zero"))?,
        moved: moved
            .map_err(|_unreadable| corrupt("the bank's amount is none"))?
            .unwrap_or_default(),
        fees: total(fees)?,
        settlement: settlement.map(standing),
    })
}
