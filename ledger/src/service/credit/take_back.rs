//! Reversing a run that should not have been: two people want it, and then each family's credit goes back
//! as far as it is unspent, chunk by chunk, resumed after a crash where it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::bank::BankCode;
use crate::domain::calendar::Instant;
use crate::domain::credit::{PROGRAMME, RunStatus, take_back};
use crate::domain::ids::RowId;
use crate::domain::money::Rupiah;
use crate::domain::proposal::Act;
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;
use crate::store::banks::BankRecord;
use crate::store::batch::WalletState;
use crate::store::connection::Connection;
use crate::store::credits::{
    CreditToTakeBack, NewCreditReversal, NewRunReversal, ReversalRow, ReversalShare,
};

use super::super::error::Trouble;
use super::super::ids::IdSource;
use super::super::ledger::Ledger;
use super::super::posting::{Movement, Posting};
use super::super::proposals::{Agreed, Agreement, Decided, Wanted, agree};
use super::super::shared::{Contended, Shared};

/// Wallets of one transaction: few enough that a purchase that waits for one of them hardly notices.
const CHUNK: i64 = 500;
const RUNNING: i16 = RunStatus::Running.number();

/// Why a run's credits are not taken back.
#[derive(Debug, thiserror::Error)]
pub enum NotTakenBack {
    /// There is no such run.
    #[error("there is no such run")]
    NotFound,
    /// The run, or another run or reversal of its period, is under way.
    #[error("a run or a reversal of this period is under way")]
    UnderWay,
    /// The client's access was withdrawn.
    #[error("the client's access was withdrawn")]
    ClientRevoked,
    /// Nothing was done, or it is not known.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for NotTakenBack {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Contended for NotTakenBack {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

/// Which run is to be reversed, by whom and why.
#[derive(Clone, Debug)]
pub struct TakeBackRequest {
    /// The client's row.
    pub client: i64,
    /// The run.
    pub run: i64,
    /// Why.
    pub reason: String,
}

/// A run's reversal and how it stands.
#[derive(Clone, Debug)]
pub struct RunReversal {
    /// Its id.
    pub id: i64,
    /// The run.
    pub run: i64,
    /// Under way or completed.
    pub status: RunStatus,
    /// Why, in the words of the one who wanted it first.
    pub reason: String,
    /// The client that wanted it first.
    pub proposed_by: String,
    /// The client that agreed.
    pub agreed_by: String,
    /// When it began.
    pub started_at: Instant,
    /// When it was done.
    pub finished_at: Option<Instant>,
    /// Each bank's part.
    pub shares: Vec<TakenBackShare>,
}

/// A bank's part of a reversal: families and rupiah.
#[derive(Clone, Debug)]
pub struct TakenBackShare {
    /// The bank.
    pub bank: BankCode,
    /// Families of whom something was taken back so far.
    pub families: i64,
    /// How much.
    pub amount: i64,
    /// How much could not be taken back, because it is spent.
    pub spent: i64,
}

impl Ledger {
    /// Proposes that a run is reversed; another client's same request begins it. It has to be carried on with
    /// [`Ledger::run_reversal_in_background`].
    ///
    /// # Errors
    /// [`NotTakenBack`]; then nothing was done, unless it says that it is not known.
    pub fn take_run_back(
        &self,
        request: TakeBackRequest,
    ) -> Result<Decided<RunReversal>, NotTakenBack> {
        let (clock, ids) = (Arc::clone(&self.shared.clock), Arc::clone(&self.shared.ids));
        let begun = self.shared.write(move |tx| begin(tx, &ids, &request, clock.now()))?;
        let begun_as = |id| {
            let reversal = self.shared.read(|connection| load(connection, id))?;
            reversal.ok_or(NotTakenBack::NotFound)
        };
        Ok(match begun {
            Decided::Proposed(proposal) => Decided::Proposed(proposal),
            Decided::Done(id) => Decided::Done(begun_as(id)?),
            Decided::Agreed(id) => Decided::Agreed(begun_as(id)?),
        })
    }

    /// The reversals of a run, newest first; `None` without such a run.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn reversals_of_run(&self, run: i64) -> Result<Option<Vec<RunReversal>>, StoreError> {
        self.shared.read(|connection| {
            connection.snapshot(|snapshot| {
                if snapshot.run_by_id(run)?.is_none() {
                    return Ok(None);
                }
                let rows = snapshot.reversals_of_run(run)?;
                let shown = rows.into_iter().map(|row| shown(snapshot, row));
                shown.collect::<Result<_, _>>().map(Some)
            })
        })
    }
}

/// The reversal's id, if it is begun or was.
fn begin(
    tx: &mut Connection,
    ids: &IdSource,
    request: &TakeBackRequest,
    now: Instant,
) -> Result<Decided<i64>, NotTakenBack> {
    let client = request.client;
    if !tx.client_stands(client)? {
        return Err(NotTakenBack::ClientRevoked);
    }
    // Locked, so that of requests at the same moment the later find what the first began.
    let run = tx.lock_run(request.run)?.ok_or(NotTakenBack::NotFound)?;
    // A run is reversed once: what a family had spent by then stays with it on any repeat.
    if let Some(reversal) = tx.reversals_of_run(run.id)?.first() {
        return Ok(Decided::Done(reversal.id));
    }
    let other = tx.running_reversal(PROGRAMME, run.period)?.is_some();
    if other || run.status == RUNNING || tx.running_run(PROGRAMME, run.period)?.is_some() {
        return Err(NotTakenBack::UnderWay);
    }
    let credited = tx.shares_of_run(run.id)?.into_iter().map(|share| Rupiah::new(share.amount));
    let credited: Result<Vec<Rupiah>, _> = credited.collect();
    let stake = credited.ok().and_then(Rupiah::checked_sum);
    let stake = stake.ok_or_else(|| StoreError::corrupt("a run's credits can't be counted"))?;
    let act = Act::RunReversal { run: RowId(run.id) };
    let detail = request.reason.as_str();
    let wanted = Wanted { act: &act, client, stake, detail, key_hash: None };
    let agreed: Box<Agreed> = match agree(tx, ids, &wanted, now)? {
        Agreement::Waits(proposal) => return Ok(Decided::Proposed(proposal)),
        Agreement::Reached(agreed) => agreed,
    };
    let id = agreed.row.id;
    let banks: Vec<_> = tx.banks()?.into_iter().map(|bank| bank.id).collect();
    let reversal = NewRunReversal {
        id,
        run_id: run.id,
        programme: run.programme,
        period: run.period,
        status: RUNNING,
        last_wallet: 0,
        started_at: now.as_millis(),
        begun_by: agreed.row.by,
        agreed_by: client,
        reason: agreed.row.detail.clone(),
    };
    reversal.begin(tx, banks.into_iter())?;
    agreed.carried_out(tx, id, now)?;
    Ok(Decided::Agreed(id))
}

/// Carries a reversal on to its end.
pub(super) fn carry_on(shared: &Arc<Shared>, id: i64) -> Result<(), NotTakenBack> {
    loop {
        let (clock, ids) = (Arc::clone(&shared.clock), Arc::clone(&shared.ids));
        if shared.write(move |tx| step(tx, &ids, id, clock.now()))? {
            return Ok(());
        }
    }
}

/// Takes the next credits back; `true` when there are no more.
fn step(tx: &mut Connection, ids: &IdSource, id: i64, now: Instant) -> Result<bool, NotTakenBack> {
    let reversal = tx.lock_run_reversal(id)?.ok_or(NotTakenBack::NotFound)?;
    if reversal.status != RUNNING {
        return Ok(true);
    }
    let credits = tx.credits_to_take_back(&reversal, CHUNK)?;
    let Some(last) = credits.last().map(|credit| credit.wallet.0) else {
        tx.finish_reversal(id, now.as_millis())?;
        return Ok(true);
    };
    let numbers: Vec<i64> = credits.iter().map(|credit| credit.wallet.0).collect();
    let wallets = tx.lock_wallets(&numbers)?;
    let banks = tx.banks()?;
    let newest = wallets.iter().map(|wallet| wallet.last_id).fold(0, i64::max);
    let block = ids.block(credits.len().saturating_add(1), newest, now)?;
    let mut chunk = Chunk {
        reversal: &reversal,
        banks: &banks,
        now,
        posting: Posting::new(block, now),
        rows: Vec::new(),
        shares: BTreeMap::new(),
    };
    for credit in &credits {
        let wallet = wallets.iter().find(|wallet| wallet.id == credit.wallet);
        let missing = || StoreError::corrupt("a credited wallet is not there");
        chunk.take(credit, wallet.ok_or_else(missing)?)?;
    }
    let Chunk { posting, rows, shares, .. } = chunk;
    posting.write(tx)?;
    NewCreditReversal::insert_all(tx, rows)?;
    // Last, as for credits: all who write a bank's families meet here.
    for share in shares.values().filter(|share| share.amount > 0) {
        tx.change_funds(share.bank, (share.amount, 0), block.last())?;
    }
    tx.advance_reversal(id, last, shares.into_values())?;
    Ok(false)
}

/// Credits that are taken back in one transaction.
struct Chunk<'a> {
    reversal: &'a ReversalRow,
    banks: &'a [BankRecord],
    now: Instant,
    posting: Posting,
    rows: Vec<NewCreditReversal>,
    shares: BTreeMap<i16, ReversalShare>,
}

impl Chunk<'_> {
    fn take(&mut self, credit: &CreditToTakeBack, wallet: &WalletState) -> Result<(), StoreError> {
        let bank = self.banks.iter().find(|bank| bank.id == wallet.issuer);
        let bank = bank.ok_or_else(|| StoreError::corrupt("a wallet's bank is not there"))?;
        let (taken, spent) =
            take_back(credit.amount, credit.before, (wallet.balance, credit.later));
        let none = ReversalShare { bank: bank.id, families: 0, amount: 0, spent: 0 };
        let share = self.shares.entry(bank.id.0).or_insert(none);
        share.spent = share.spent.saturating_add(spent.get());
        if taken.is_zero() {
            return Ok(());
        }
        share.families = share.families.saturating_add(1);
        share.amount = share.amount.saturating_add(taken.get());
        let movement = Movement {
            kind: TransferKind::CreditReversal,
            debit: wallet.id,
            credit: bank.unallocated,
            amount: taken,
            business_date: bank.business_date(self.now),
            subject: Some(credit.transfer.0),
        };
        let transfer = self.posting.pay_out(movement, wallet)?;
        self.rows.push(NewCreditReversal {
            wallet_id: wallet.id.0,
            programme: self.reversal.programme,
            round: credit.round,
            period: self.reversal.period,
            reversal_id: self.reversal.id,
            transfer_id: transfer.0,
            amount: taken.get(),
        });
        Ok(())
    }
}

fn load(connection: &mut Connection, id: i64) -> Result<Option<RunReversal>, StoreError> {
    let row = connection.run_reversal(id)?;
    row.map(|row| shown(connection, row)).transpose()
}

fn shown(connection: &mut Connection, row: ReversalRow) -> Result<RunReversal, StoreError> {
    let corrupt = |what: &str| StoreError::corrupt(format!("run reversal {}: {what}", row.id));
    let banks = connection.banks()?;
    let shares = connection.shares_of_reversal(row.id)?.into_iter().map(|share| {
        let bank = banks.iter().find(|bank| bank.id == share.bank);
        let bank = bank.ok_or_else(|| corrupt("a bank is not there"))?.code.clone();
        let ReversalShare { families, amount, spent, .. } = share;
        Ok(TakenBackShare { bank, families, amount, spent })
    });
    Ok(RunReversal {
        id: row.id,
        run: row.run,
        status: RunStatus::from_number(row.status)
            .ok_or_else(|| corrupt("its status is unknown"))?,
        shares: shares.collect::<Result<_, StoreError>>()?,
        reason: row.reason,
        proposed_by: row.begun_by,
        agreed_by: row.agreed_by,
        started_at: Instant::from_millis(row.started_at),
        finished_at: row.finished_at.map(Instant::from_millis),
    })
}
