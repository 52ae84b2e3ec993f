//! Beginning a run: what each bank's families need, against what the bank holds.

use std::sync::Arc;

use crate::domain::calendar::{Instant, Period};
use crate::domain::credit::{PROGRAMME, RunStatus, Share, ShareStatus, plan_share};
use crate::domain::money::Rupiah;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::credits::{NewRun, NewShare};

use super::super::error::Trouble;
use super::super::ids::IdSource;
use super::super::shared::Shared;
use super::{CreditError, CreditRun, load};

/// How often is counted anew when another run comes between.
const COUNTS: u32 = 5;

/// What was counted before the run begins; counting reads every wallet and holds nobody up.
#[derive(Clone, Debug)]
struct Count {
    /// The latest run of the period then; a run that came between makes the count worthless.
    latest: Option<(i64, i16)>,
    until: i64,
    /// Each bank's wallets to be credited.
    wallets: Vec<(i16, i64)>,
}

/// Starts a run, or joins the one under way.
pub(super) fn start(shared: &Arc<Shared>, period: Period) -> Result<CreditRun, CreditError> {
    for _ in 0..COUNTS {
        if let Some(run) = try_start(shared, period)? {
            return Ok(run);
        }
    }
    Err(CreditError::Trouble(Trouble::Unavailable))
}

fn try_start(shared: &Arc<Shared>, period: Period) -> Result<Option<CreditRun>, CreditError> {
    let count = shared.read_own(|connection| {
        connection.snapshot::<_, StoreError>(|tx| {
            tx.prepare_for_count()?;
            let latest = tx.latest_run(PROGRAMME, period.as_number())?;
            let until = tx.last_wallet()?;
            let wallets = tx.wallets_to_credit(PROGRAMME, period.as_number(), until)?;
            Ok(Count { latest, until, wallets })
        })
    })?;
    let (clock, ids) = (Arc::clone(&shared.clock), Arc::clone(&shared.ids));
    match shared.write(move |tx| begin(tx, &ids, period, &count, clock.now()))? {
        Some(id) => Ok(shared.read_own(|connection| load(connection, id))?),
        None => Ok(None),
    }
}

/// The run's id; `None` when the count is out of date.
fn begin(
    tx: &mut Connection,
    ids: &IdSource,
    period: Period,
    count: &Count,
    now: Instant,
) -> Result<Option<i64>, CreditError> {
    if let Some(run) = tx.running_run(PROGRAMME, period.as_number())? {
        return Ok(Some(run.id));
    }
    if tx.latest_run(PROGRAMME, period.as_number())? != count.latest {
        return Ok(None);
    }
    let book = tx.policy_book()?;
    let policy = book.policy_on(period.first_day(), now).ok_or(CreditError::NoPolicy(period))?;
    let id = ids.block(1, 0, now)?.first();
    let mut shares = Vec::new();
    for bank in tx.banks()? {
        let funds = tx.lock_funds(bank.id)?;
        let available = Rupiah::new(funds.unallocated.saturating_sub(funds.reserved))
            .map_err(|_below| StoreError::corrupt("a bank promised more than it holds"))?;
        let families = count.wallets.iter().find(|(number, _)| *number == bank.id.0);
        let families = families.map_or(0, |(_, families)| u64::try_from(*families).unwrap_or(0));
        let share = plan_share(bank.id, families, policy.monthly_amount, available);
        let share = share.ok_or(CreditError::TooMuch(bank.id.0))?;
        if share.status == ShareStatus::Running {
            tx.change_funds(bank.id, (0, share.needed.get()), 0)?;
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
    Ok(Some(id))
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
