//! One step of a run: the next wallets get their credit, and the run notes how far it came.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::domain::bank::BankId;
use crate::domain::calendar::Instant;
use crate::domain::credit::{RunStatus, ShareStatus};
use crate::domain::money::Rupiah;
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;
use crate::store::banks::BankRecord;
use crate::store::batch::LockedWallet;
use crate::store::connection::Connection;
use crate::store::credits::{NewCredit, RunRow};

use super::super::ids::IdSource;
use super::super::posting::{Movement, Posting};
use super::super::shared::Shared;
use super::{CreditError, CreditRun, load};

/// Wallets of one step: few enough that purchases between two steps hardly wait.
const CHUNK: i64 = 1000;

/// Carries a run on to its end.
pub(super) fn carry_on(
    shared: &Arc<Shared>,
    id: i64,
    mut progress: impl FnMut(&CreditRun),
) -> Result<CreditRun, CreditError> {
    loop {
        let (clock, ids) = (Arc::clone(&shared.clock), Arc::clone(&shared.ids));
        let more = shared.write(move |tx| step(tx, &ids, id, clock.now()))?;
        let run = shared.read(|connection| load(connection, id))?;
        let run =
            run.ok_or_else(|| StoreError::corrupt(format!("credit run {id} is not there")))?;
        progress(&run);
        if !more {
            return Ok(run);
        }
    }
}

/// One step; `false` when the run is done.
fn step(tx: &mut Connection, ids: &IdSource, id: i64, now: Instant) -> Result<bool, CreditError> {
    let missing = || StoreError::corrupt(format!("credit run {id} is not there"));
    let run = tx.lock_run(id)?.ok_or_else(missing)?;
    if run.status != RunStatus::Running.number() {
        return Ok(false);
    }
    let paying: Vec<BankRecord> = paying_banks(tx, id)?;
    let wallets = tx.next_wallets(run.last_wallet, run.until_wallet, CHUNK)?;
    let (Some(first), Some(last)) = (wallets.first(), wallets.last()) else {
        finish(tx, &run, now)?;
        return Ok(false);
    };
    let done: HashSet<i64> =
        tx.credited_between((run.programme, run.period), *first, *last)?.into_iter().collect();
    let open: Vec<LockedWallet> = tx
        .lock_wallets(&wallets)?
        .into_iter()
        .filter(|wallet| wallet.open && !done.contains(&wallet.id.0))
        .collect();
    credit(tx, ids, &run, (&paying, &open), now)?;
    tx.advance_run(id, *last)?;
    Ok(true)
}

/// The banks whose families are credited by this run.
fn paying_banks(tx: &mut Connection, run: i64) -> Result<Vec<BankRecord>, StoreError> {
    let running = ShareStatus::Running.number();
    let shares = tx.shares_of_run(run)?;
    let pays = |bank: &BankRecord| {
        shares.iter().any(|share| share.bank == bank.id && share.status == running)
    };
    Ok(tx.banks()?.into_iter().filter(pays).collect())
}

/// Credits the wallets of the paying banks, and takes the money from what those promised.
fn credit(
    tx: &mut Connection,
    ids: &IdSource,
    run: &RunRow,
    (banks, wallets): (&[BankRecord], &[LockedWallet]),
    now: Instant,
) -> Result<(), CreditError> {
    let amount = Rupiah::new(run.amount)
        .map_err(|_below| StoreError::corrupt("a run's amount is below zero"))?;
    let bank_of = |wallet: &LockedWallet| banks.iter().find(|bank| bank.id == wallet.issuer);
    let highest = wallets.iter().map(|wallet| wallet.last_id).max().unwrap_or(0);
    let block = ids.block(wallets.len().saturating_add(1), highest, now)?;
    let mut posting = Posting::new(block, now);
    let mut credits = Vec::with_capacity(wallets.len());
    let mut families: BTreeMap<BankId, i64> = BTreeMap::new();
    for wallet in wallets {
        let Some(bank) = bank_of(wallet) else { continue };
        let movement = Movement {
            kind: TransferKind::Credit,
            debit: bank.unallocated,
            credit: wallet.id,
            amount,
            business_date: bank.business_date(now),
        };
        let (transfer, _) = posting.pay_in(movement, wallet)?;
        credits.push(NewCredit {
            wallet_id: wallet.id.0,
            programme: run.programme,
            period: run.period,
            transfer_id: transfer.0,
            run_id: run.id,
        });
        let count = families.entry(bank.id).or_default();
        *count = count.saturating_add(1);
    }
    posting.write(tx)?;
    NewCredit::insert_all(tx, credits)?;
    for (bank, families) in families {
        let sum = run.amount.checked_mul(families).ok_or(CreditError::TooMuch(bank.0))?;
        tx.change_funds(bank, sum.saturating_neg(), sum.saturating_neg())?;
        tx.advance_share(run.id, bank, families, sum)?;
    }
    Ok(())
}

/// Ends a run: what was promised and not needed is free again.
fn finish(tx: &mut Connection, run: &RunRow, now: Instant) -> Result<(), CreditError> {
    for share in tx.shares_of_run(run.id)? {
        if share.status != ShareStatus::Running.number() {
            continue;
        }
        tx.change_funds(share.bank, 0, share.reserved.saturating_neg())?;
        tx.finish_share(run.id, share.bank)?;
    }
    tx.finish_run(run.id, now.as_millis())?;
    Ok(())
}
