//! One step of a run: a chunk of wallets gets its credit, and the run notes how far it came, all in one
//! transaction.
//!
//! A chunk is first tried *straight*: its wallets are changed without being read before, which
//! costs one pass over them instead of two. If that fails (another writer gave a wallet a later id,
//! a bank promised less than is needed), it is undone and done again with the banks' funds and the
//! wallets *locked* first. Either way wallets are locked by ascending ids, as the lanes do it.

use crate::domain::bank::BankId;
use crate::domain::calendar::{Date, Instant};
use crate::domain::credit::{RunStatus, ShareStatus};
use crate::domain::ids::{IdBlock, RowId, has_ids_above};
use crate::domain::leaf::{LeafContext, leaf_hash};
use crate::domain::money::Rupiah;
use crate::domain::transfer::{Sides, Transfer, TransferKind};
use crate::store::connection::Connection;
use crate::store::credits::{Chunk, ChunkRows, NewCredit, NewPart, PaidWallet, Payer, RunRow};
use crate::store::{Backend, StoreError};

use super::super::ids::IdSource;
use super::super::shared::Contended;
use super::CreditError;
use super::top_up::top_up;

/// How a chunk is gone about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// What is changed is locked by changing it.
    Straight,
    /// Funds and wallets are locked first.
    Locked,
}

/// Where a step left the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is more to do.
    More,
    /// What is left is in the hands of other sessions.
    Waits,
    /// The run is done.
    Done,
}

/// Why a step did nothing.
#[derive(Debug)]
pub(super) enum Halt {
    /// It needs its locks first.
    NeedsLocks,
    /// It failed.
    Failed(CreditError),
}

impl<E: Into<CreditError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Contended for Halt {
    fn is_contended(&self) -> bool {
        match self {
            Self::NeedsLocks => false,
            Self::Failed(error) => error.is_contended(),
        }
    }
}

/// How many wallets are taken at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// In one transaction: few enough that a purchase that waits for one of them hardly notices.
    chunk: usize,
    /// In one session's hands: many chunks, so that sessions seldom meet.
    part: i64,
}

impl Sizes {
    pub(super) const fn of(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self { chunk: 2000, part: 64_000 },
            Backend::Postgres => Self { chunk: 1024, part: 16_384 },
        }
    }
}

/// One step, in a transaction that the caller commits unless it fails.
pub(super) fn step(
    tx: &mut Connection,
    (ids, now): (&IdSource, Instant),
    id: i64,
    (sizes, way): (Sizes, Way),
) -> Result<Step, Halt> {
    let Some(part) = tx.take_part(id)? else {
        return open_part(tx, id, (sizes, ids), now);
    };
    let run = tx.run_by_id(id)?.ok_or_else(|| missing(id))?;
    let most = i64::try_from(sizes.chunk).unwrap_or(i64::MAX);
    let to = tx.last_of_next(part.last, part.until, most)?.unwrap_or(part.until);
    let (payers, all_pay) = tx.payers(id, way == Way::Locked)?;
    let banks: Vec<i16> = payers.iter().map(|payer| payer.bank.0).collect();
    let mut purses: Vec<Purse> = payers.into_iter().map(|payer| Purse::of(payer, now)).collect();
    let fresh = !tx.has_credits((run.programme, run.period), (part.last, to))?;
    let chunk = Chunk {
        programme: run.programme,
        period: run.period,
        after: part.last,
        to,
        banks: &banks,
        all_pay,
        without: &[],
        fresh,
    };
    let (without, newest) = match way {
        Way::Straight => (Vec::new(), 0),
        Way::Locked => measure(tx, &chunk, run.amount, &purses)?,
    };
    // Above the fundings that are spent, so that the log has them in order, and above the wallets' last.
    let highest = purses.iter().map(|purse| purse.payer.last_id).fold(newest, i64::max);
    let block = ids.block(sizes.chunk.saturating_add(1), highest, now)?;
    let amount = Rupiah::new(run.amount)
        .map_err(|_below| StoreError::corrupt("a run's amount is below zero"))?;
    let chunk = Chunk { without: &without, ..chunk };
    let paid = tx.pay_wallets(&chunk, amount, (block.first(), block.last()))?;
    if paid.iter().any(|wallet| wallet.last_id != block.last()) {
        return Err(Halt::NeedsLocks);
    }
    if !paid.is_empty() {
        let rows = rows(&run, amount, (block, now), (&mut purses, &paid))?;
        tx.write_chunk(rows)?;
        for purse in &purses {
            pay(tx, &run, (purse, block.last()), way)?;
        }
    }
    tx.advance_part(id, part, to)?;
    Ok(Step::More)
}

fn missing(id: i64) -> StoreError {
    StoreError::corrupt(format!("credit run {id} is not there"))
}

/// Starts on the next wallets; when none are left and no session holds a part, credits taken back
/// are given again, and then the run is done.
fn open_part(
    tx: &mut Connection,
    id: i64,
    (sizes, ids): (Sizes, &IdSource),
    now: Instant,
) -> Result<Step, Halt> {
    let run = tx.lock_run(id)?.ok_or_else(|| missing(id))?;
    if run.status != RunStatus::Running.number() {
        return Ok(Step::Done);
    }
    if let Some(until) = tx.last_of_next(run.last_wallet, run.until_wallet, sizes.part)? {
        let part = NewPart { run_id: id, until_wallet: until, last_wallet: run.last_wallet };
        NewPart::insert_all(tx, vec![part])?;
        tx.advance_run(id, until)?;
        return Ok(Step::More);
    }
    if tx.has_parts(id)? {
        return Ok(Step::Waits);
    }
    if top_up(tx, (ids, now), &run)? {
        return Ok(Step::More);
    }
    finish(tx, &run, now)?;
    Ok(Step::Done)
}

/// A bank that pays, while a chunk is counted.
#[derive(Clone, Copy, Debug)]
struct Purse {
    payer: Payer,
    /// The bank's day.
    day: Date,
    families: i64,
}

impl Purse {
    fn of(payer: Payer, now: Instant) -> Self {
        Self { payer, day: payer.business_date(now), families: 0 }
    }

    /// What its families get, at `amount` each.
    fn sum(&self, amount: i64) -> Result<i64, CreditError> {
        amount.checked_mul(self.families).ok_or(CreditError::TooMuch(self.payer.bank.0))
    }
}

fn purse_of(purses: &mut [Purse], bank: BankId) -> Result<&mut Purse, StoreError> {
    let purse = purses.iter_mut().find(|purse| purse.payer.bank == bank);
    purse.ok_or_else(|| StoreError::corrupt("a wallet of another bank was credited"))
}

/// Locks a chunk's wallets, and finds those whose bank has no more for them, which are left for another
/// run; and the last id of all. A wallet that was opened while the run counted is not among those the bank
/// promised to, and is paid from what is free.
fn measure(
    tx: &mut Connection,
    chunk: &Chunk<'_>,
    amount: i64,
    purses: &[Purse],
) -> Result<(Vec<i64>, i64), Halt> {
    let mut purses = purses.to_vec();
    let (mut without, mut newest) = (Vec::new(), 0);
    for (wallet, last_id, bank) in tx.lock_unpaid(chunk)? {
        if !has_ids_above(last_id) {
            tracing::error!(
                wallet,
                last_id,
                "a wallet gets no credit: no ids are made above its last one"
            );
            without.push(wallet);
            continue;
        }
        let purse = purse_of(&mut purses, bank)?;
        purse.families = purse.families.saturating_add(1);
        if purse.sum(amount)? > purse.payer.promised.saturating_add(purse.payer.free) {
            purse.families = purse.families.saturating_sub(1);
            without.push(wallet);
        }
        newest = last_id.max(newest);
    }
    Ok((without, newest))
}

/// What is written of the wallets that were paid: their transfers with leaves, and their credits.
fn rows(
    run: &RunRow,
    amount: Rupiah,
    (block, now): (IdBlock, Instant),
    (purses, paid): (&mut [Purse], &[PaidWallet]),
) -> Result<ChunkRows, StoreError> {
    let anchor = paid.first().ok_or_else(|| StoreError::corrupt("nobody was paid"))?.id;
    let mut transfers = Vec::with_capacity(paid.len());
    let mut leaves = Vec::with_capacity(paid.len().saturating_mul(32));
    let mut credits = Vec::with_capacity(paid.len());
    for (wallet, place) in paid.iter().zip(1..) {
        let purse = purse_of(purses, wallet.bank)?;
        purse.families = purse.families.saturating_add(1);
        let payer = &purse.payer;
        let id = RowId(block.id(place));
        let sides =
            Sides { debit: payer.unallocated_account, credit: wallet.id, anchor: wallet.id };
        let dates = (now, purse.day);
        let kind = TransferKind::Credit;
        let transfer = Transfer::new(id, kind, sides, amount, Some(wallet.balance), dates)
            .map_err(|error| StoreError::corrupt(error.to_string()))?
            .about(Some(run.period.into()));
        let named = Some((wallet.id, wallet.pseudonym));
        let context = LeafContext { wallet: named, ..LeafContext::default() };
        leaves.extend_from_slice(&leaf_hash(&transfer, &context));
        transfers.push(transfer);
        credits.push(NewCredit {
            wallet_id: wallet.id.0,
            programme: run.programme,
            round: 1,
            period: run.period,
            transfer_id: id.0,
            run_id: run.id,
        });
    }
    let ids = (block.first(), block.last());
    Ok(ChunkRows { ids, anchor, created_at: now.as_millis(), transfers, leaves, credits })
}

/// Takes what a bank's families got from what it holds and promised: the last thing a chunk does, because
/// all sessions meet here.
fn pay(
    tx: &mut Connection,
    run: &RunRow,
    (purse, last_id): (&Purse, i64),
    way: Way,
) -> Result<(), Halt> {
    let Purse { payer, families, .. } = *purse;
    if families == 0 {
        return Ok(());
    }
    let (bank, sum) = (payer.bank, purse.sum(run.amount)?);
    if way == Way::Locked && sum > payer.promised {
        let extra = sum.saturating_sub(payer.promised);
        tx.reserve_more(run.id, bank, extra)?;
        tx.change_funds(bank, (0, extra), last_id)?;
    }
    if !tx.keep_promise(run.id, bank, (families, sum))? {
        return Err(Halt::NeedsLocks);
    }
    tx.change_funds(bank, (sum.saturating_neg(), sum.saturating_neg()), last_id)?;
    Ok(())
}

/// Ends a run: what was promised and not needed is free again.
fn finish(tx: &mut Connection, run: &RunRow, now: Instant) -> Result<(), StoreError> {
    for share in tx.shares_of_run(run.id)? {
        if share.status != ShareStatus::Running.number() {
            continue;
        }
        tx.change_funds(share.bank, (0, share.reserved.saturating_neg()), 0)?;
        tx.finish_share(run.id, share.bank)?;
    }
    tx.finish_run(run.id, now.as_millis())
}
