//! Beginning a run: what each bank's families need, against what the bank holds.

use std::sync::Arc;

use crate::domain::calendar::{Instant, Period};
use crate::domain::credit::{PROGRAMME, RunStatus, Share, ShareStatus, plan_share};
use crate::domain::money::Rupiah;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::credits::{NewRun, NewShare};

use super::super::ids::IdSource;
use super::super::shared::Shared;
use super::{CreditError, CreditRun, load};

/// What was counted before the run begins; counting reads every wallet and holds nobody up.
#[derive(Clone, Debug)]
struct Count {
    until: i64,
    /// Each bank's wallets to be credited.
    wallets: Vec<(i16, i64)>,
}

/// Starts a run, or joins the one under way.
pub(super) fn start(shared: &Arc<Shared>, period: Period) -> Result<CreditRun, CreditError> {
    let count = shared.read(|connection| {
        connection.snapshot::<_, StoreError>(|tx| {
            let until = tx.last_wallet()?;
            let wallets = tx.wallets_to_credit(PROGRAMME, period.as_number(), until)?;
            Ok(Count { until, wallets })
        })
    })?;
    let (clock, ids) = (Arc::clone(&shared.clock), Arc::clone(&shared.ids));
    let id = shared.write(move |tx| begin(tx, &ids, period, &count, clock.now()))?;
    let run = shared.read(|connection| load(connection, id))?;
    Ok(run.ok_or_else(|| StoreError::corrupt("a run that began is not there"))?)
}

fn begin(
    tx: &mut Connection,
    ids: &IdSource,
    period: Period,
    count: &Count,
    now: Instant,
) -> Result<i64, CreditError> {
    if let Some(run) = tx.running_run(PROGRAMME, period.as_number())? {
        return Ok(run.id);
    }
    let book = tx.policy_book()?;
    let policy = book.policy_on(period.first_day()).ok_or(CreditError::NoPolicy(period))?;
    let id = ids.block(1, 0, now)?.first();
    let mut shares = Vec::new();
    for bank in tx.banks()? {
        let (held, promised) = tx.lock_funds(bank.id)?;
        let available = Rupiah::new(held.saturating_sub(promised))
            .map_err(|_below| StoreError::corrupt("a bank promised more than it holds"))?;
        let families = count.wallets.iter().find(|(number, _)| *number == bank.id.0);
        let families = families.map_or(0, |(_, families)| u64::try_from(*families).unwrap_or(0));
        let share = plan_share(bank.id, families, policy.monthly_amount, available);
        let share = share.ok_or(CreditError::TooMuch(bank.id.0))?;
        if share.status == ShareStatus::Running {
            tx.change_funds(bank.id, 0, share.needed.get())?;
        }
        shares.push(row(id, &share));
    }
    let run = NewRun {
        id,
        programme: PROGRAMME,
        period: period.as_number(),
        amount: policy.monthly_amount.get(),
        policy_version: policy.version,
        status: RunStatus::Running.number(),
        started_at: now.as_millis(),
        last_wallet: 0,
        until_wallet: count.until,
    };
    NewRun::insert_all(tx, vec![run])?;
    NewShare::insert_all(tx, shares)?;
    Ok(id)
}

fn row(run_id: i64, share: &Share) -> NewShare {
    let promised = share.status == ShareStatus::Running;
    NewShare {
        run_id,
        bank_id: share.bank.0,
        status: share.status.number(),
        needed: share.needed.get(),
        available: share.available.get(),
        reserved: if promised { share.needed.get() } else { 0 },
        credited: 0,
        amount: 0,
    }
}
