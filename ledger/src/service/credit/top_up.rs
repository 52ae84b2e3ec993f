//! Giving again what was taken back: once all families without a credit have theirs, a run goes through
//! those whose credits were reversed, and gives each what is missing of the period's amount.

use std::collections::BTreeMap;

use crate::domain::calendar::Instant;
use crate::domain::credit::rest_of;
use crate::domain::money::Rupiah;
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;
use crate::store::batch::WalletState;
use crate::store::connection::Connection;
use crate::store::credits::{NewCredit, Payer, RunRow, TakenBack};

use super::super::ids::IdSource;
use super::super::posting::{Movement, Posting};
use super::CreditError;

/// Wallets of one transaction.
const CHUNK: i64 = 500;

/// What a bank's families get in this transaction.
#[derive(Clone, Copy, Debug, Default)]
struct Paid {
    families: i64,
    sum: i64,
}

/// Gives the next wallets what is missing; `false` when there are no more. The run's row is locked, so
/// that no other session credits or takes back in this period meanwhile.
pub(super) fn top_up(
    tx: &mut Connection,
    (ids, now): (&IdSource, Instant),
    run: &RunRow,
) -> Result<bool, CreditError> {
    let span = (run.topped_wallet, run.until_wallet);
    let wallets = tx.taken_back((run.programme, run.period), span, CHUNK)?;
    let Some(last) = wallets.last().map(|wallet| wallet.wallet) else { return Ok(false) };
    let (payers, _) = tx.payers(run.id, true)?;
    let numbers: Vec<i64> = wallets.iter().map(|wallet| wallet.wallet).collect();
    let locked = tx.lock_wallets(&numbers)?;
    let mut paid: BTreeMap<i16, Paid> = BTreeMap::new();
    let wanted = wanted(run, (&wallets, &locked), (&payers, &mut paid))?;
    let highest = wanted.iter().map(|(wallet, ..)| wallet.last_id);
    let highest = highest.chain(payers.iter().map(|payer| payer.last_id)).fold(0, i64::max);
    let block = ids.block(wanted.len().saturating_add(1), highest, now)?;
    let mut posting = Posting::new(block, now);
    let mut credits = Vec::with_capacity(wanted.len());
    for (wallet, payer, rest, round) in wanted {
        let movement = Movement {
            kind: TransferKind::Credit,
            debit: payer.unallocated_account,
            credit: wallet.id,
            amount: rest,
            business_date: payer.business_date(now),
            subject: Some(run.period.into()),
        };
        let (transfer, _) = posting.pay_in(movement, wallet)?;
        credits.push(NewCredit {
            wallet_id: wallet.id.0,
            programme: run.programme,
            round,
            period: run.period,
            transfer_id: transfer.0,
            run_id: run.id,
        });
    }
    posting.write(tx)?;
    NewCredit::insert_all(tx, credits)?;
    for payer in &payers {
        if let Some(paid) = paid.get(&payer.bank.0) {
            settle(tx, run, (payer, *paid), block.last())?;
        }
    }
    tx.advance_topping(run.id, last)?;
    Ok(true)
}

/// A wallet that gets something, from whom, how much, in which round.
type Wanted<'a> = (&'a WalletState, &'a Payer, Rupiah, i16);

/// The wallets that get something. One whose bank has no more for it is left for another run.
fn wanted<'a>(
    run: &RunRow,
    (wallets, locked): (&[TakenBack], &'a [WalletState]),
    (payers, paid): (&'a [Payer], &mut BTreeMap<i16, Paid>),
) -> Result<Vec<Wanted<'a>>, CreditError> {
    let amount = Rupiah::new(run.amount)
        .map_err(|_below| StoreError::corrupt("a run's amount is below zero"))?;
    let mut wanted = Vec::new();
    for standing in wallets {
        let wallet = locked.iter().find(|wallet| wallet.id.0 == standing.wallet);
        let Some(wallet) = wallet.filter(|wallet| wallet.open) else { continue };
        let payer = payers.iter().find(|payer| payer.bank == wallet.issuer);
        let Some(payer) = payer else { continue };
        let rest = rest_of(amount, standing.credited, standing.taken);
        let so_far = paid.entry(payer.bank.0).or_default();
        let sum = so_far.sum.saturating_add(rest.get());
        if rest.is_zero() || sum > payer.promised.saturating_add(payer.free) {
            continue;
        }
        let families = so_far.families.saturating_add(1);
        *so_far = Paid { families, sum };
        let round = standing.round.checked_add(1);
        let round = round.ok_or_else(|| StoreError::corrupt("a credit has too many rounds"))?;
        wanted.push((wallet, payer, rest, round));
    }
    Ok(wanted)
}

/// Takes what a bank's families got from what it holds and promised, and from what is free.
fn settle(
    tx: &mut Connection,
    run: &RunRow,
    (payer, Paid { families, sum }): (&Payer, Paid),
    last_id: i64,
) -> Result<(), StoreError> {
    if families == 0 {
        return Ok(());
    }
    if sum > payer.promised {
        let extra = sum.saturating_sub(payer.promised);
        tx.reserve_more(run.id, payer.bank, extra)?;
        tx.change_funds(payer.bank, (0, extra), last_id)?;
    }
    if !tx.keep_promise(run.id, payer.bank, (families, sum))? {
        return Err(StoreError::corrupt("a bank promised less than it has locked"));
    }
    tx.change_funds(payer.bank, (sum.saturating_neg(), sum.saturating_neg()), last_id)
}
