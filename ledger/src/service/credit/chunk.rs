//! One step of a run: the next wallets get their credit, and the run notes how far it came.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::calendar::Instant;
use crate::domain::credit::{RunStatus, ShareStatus};
use crate::domain::money::Rupiah;
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;
use crate::store::banks::BankRecord;
use crate::store::batch::WalletState;
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
    let mut purses = purses(tx, &run)?;
    let wallets = tx.next_wallets(run.last_wallet, run.until_wallet, CHUNK)?;
    let (Some(first), Some(last)) = (wallets.first(), wallets.last()) else {
        finish(tx, &run, now)?;
        return Ok(false);
    };
    let done: HashSet<i64> =
        tx.credited_between((run.programme, run.period), *first, *last)?.into_iter().collect();
    let open: Vec<WalletState> = tx
        .lock_wallets(&wallets)?
        .into_iter()
        .filter(|wallet| wallet.open && !done.contains(&wallet.id.0))
        .collect();
    credit(tx, ids, &run, (&mut purses, &open), now)?;
    tx.advance_run(id, *last)?;
    Ok(true)
}

/// A bank that pays in this run: what it promised to its families, and what it holds beside.
#[derive(Debug)]
struct Purse {
    bank: BankRecord,
    promised: i64,
    free: i64,
    /// The last transfer that changed what the bank holds.
    last_id: i64,
    families: i64,
}

impl Purse {
    /// Takes one family's amount; `false` when the bank has no more. A wallet that was opened while
    /// the run counted is not among the promised ones, and is paid from what is free.
    fn take(&mut self, amount: i64) -> bool {
        if self.promised.saturating_add(self.free) < amount {
            return false;
        }
        let from_free = amount.saturating_sub(self.promised).max(0);
        self.free = self.free.saturating_sub(from_free);
        self.promised = self.promised.saturating_sub(amount.saturating_sub(from_free));
        self.families = self.families.saturating_add(1);
        true
    }
}

/// The purses of the banks whose families are credited by this run, locked.
fn purses(tx: &mut Connection, run: &RunRow) -> Result<Vec<Purse>, StoreError> {
    let running = ShareStatus::Running.number();
    let shares = tx.shares_of_run(run.id)?;
    let mut purses = Vec::new();
    for bank in tx.banks()? {
        let share = shares.iter().find(|share| share.bank == bank.id && share.status == running);
        let Some(share) = share else { continue };
        let funds = tx.lock_funds(bank.id)?;
        purses.push(Purse {
            promised: share.reserved,
            free: funds.unallocated.saturating_sub(funds.reserved),
            last_id: funds.last_id,
            families: 0,
            bank,
        });
    }
    Ok(purses)
}

/// Credits the wallets of the paying banks, and takes the money from what those promised.
fn credit(
    tx: &mut Connection,
    ids: &IdSource,
    run: &RunRow,
    (purses, wallets): (&mut [Purse], &[WalletState]),
    now: Instant,
) -> Result<(), CreditError> {
    let amount = Rupiah::new(run.amount)
        .map_err(|_below| StoreError::corrupt("a run's amount is below zero"))?;
    // Above the wallets' last, and above the fundings that are spent: so the log has them in order.
    let lasts = wallets.iter().map(|wallet| wallet.last_id);
    let highest = lasts.chain(purses.iter().map(|purse| purse.last_id)).max().unwrap_or(0);
    let block = ids.block(wallets.len().saturating_add(1), highest, now)?;
    let mut posting = Posting::new(block, now);
    let mut credits = Vec::with_capacity(wallets.len());
    for wallet in wallets {
        let purse = purses.iter_mut().find(|purse| purse.bank.id == wallet.issuer);
        let Some(purse) = purse else { continue };
        if !purse.take(run.amount) {
            // What is left of them is for the next run.
            continue;
        }
        let movement = Movement {
            kind: TransferKind::Credit,
            debit: purse.bank.unallocated,
            credit: wallet.id,
            amount,
            business_date: purse.bank.business_date(now),
            subject: Some(run.period.into()),
        };
        let (transfer, _) = posting.pay_in(movement, wallet)?;
        credits.push(NewCredit {
            wallet_id: wallet.id.0,
            programme: run.programme,
            period: run.period,
            transfer_id: transfer.0,
            run_id: run.id,
        });
    }
    posting.write(tx)?;
    NewCredit::insert_all(tx, credits)?;
    for purse in purses.iter().filter(|purse| purse.families > 0) {
        pay(tx, run, purse, block.last())?;
    }
    Ok(())
}

/// Takes what a bank's families got from what it holds and promised.
fn pay(tx: &mut Connection, run: &RunRow, purse: &Purse, last_id: i64) -> Result<(), CreditError> {
    let bank = purse.bank.id;
    let sum = run.amount.checked_mul(purse.families).ok_or(CreditError::TooMuch(bank.0))?;
    let share = tx.shares_of_run(run.id)?.into_iter().find(|share| share.bank == bank);
    let promised = share.map_or(0, |share| share.reserved);
    let extra = sum.saturating_sub(promised).max(0);
    if extra > 0 {
        tx.change_funds(bank, (0, extra), last_id)?;
        tx.reserve_more(run.id, bank, extra)?;
    }
    tx.change_funds(bank, (sum.saturating_neg(), sum.saturating_neg()), last_id)?;
    tx.advance_share(run.id, bank, purse.families, sum)?;
    Ok(())
}

/// Ends a run: what was promised and not needed is free again.
fn finish(tx: &mut Connection, run: &RunRow, now: Instant) -> Result<(), CreditError> {
    for share in tx.shares_of_run(run.id)? {
        if share.status != ShareStatus::Running.number() {
            continue;
        }
        tx.change_funds(share.bank, (0, share.reserved.saturating_neg()), 0)?;
        tx.finish_share(run.id, share.bank)?;
    }
    tx.finish_run(run.id, now.as_millis())?;
    Ok(())
}
