//! The monthly run: every open wallet gets its period's amount, once.
//!
//! A run first promises each bank's families what they need out of what the bank holds; a bank that
//! holds less is refused as a whole. Then it goes through the wallets by their ids: it takes one part after
//! the other in hand, and credits a part chunk by chunk, each one transaction that also notes how far it
//! came. Any number of sessions and processes share a run, and one that was interrupted is taken up there.

mod chunk;
mod runner;
mod sessions;
mod start;
mod take_back;
#[cfg(test)]
mod tests;
mod top_up;

use std::sync::Arc;

use crate::domain::bank::BankCode;
use crate::domain::calendar::Period;
use crate::domain::credit::{RunStatus, ShareStatus};
use crate::domain::money::Rupiah;
use crate::domain::proposal::{Act, ProposalState};
use crate::store::connection::Connection;
use crate::store::{DatabaseUrl, StoreError};

use super::clock::Clock;
use super::error::Trouble;
use super::keeper;
use super::keyfile::KeysError;
use super::ledger::Ledger;
use super::proposals::Proposal;
use super::shared::{Contended, Shared};

pub(super) use runner::CreditRunner;
pub use take_back::{NotTakenBack, RunReversal, TakeBackRequest, TakenBackShare};

/// Why no run is started or carried on.
#[derive(Debug, thiserror::Error)]
pub enum CreditError {
    /// No policy holds in that month.
    #[error("no policy holds in {0}: there is no amount to credit")]
    NoPolicy(Period),
    /// The sum does not fit.
    #[error("the families of bank {0} need more than can be counted")]
    TooMuch(i16),
    /// The period is before the programme's first or after the next one, and this was not allowed.
    #[error("{0} is neither the next month nor one since the programme began")]
    OutsideWindow(Period),
    /// Two clients have to want it, and no client is asking here.
    #[error(
        "{0} or the period needs two clients of the programme that agree\n\
         hint: each of them asks for it with `POST /v1/credit-runs`"
    )]
    NeedsTwo(Rupiah),
    /// A reversal of this period is under way.
    #[error("a reversal of this period is under way")]
    UnderWay,
    /// The client's access was withdrawn.
    #[error("the client's access was withdrawn")]
    ClientRevoked,
    /// The run's node number or its randomness can't be had.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Nothing was done in this step, or it is not known. The run can be carried on.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for CreditError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Contended for CreditError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

/// How a run stands.
#[derive(Clone, Debug)]
pub struct CreditRun {
    /// Its id.
    pub id: i64,
    /// The month.
    pub period: Period,
    /// Under way, completed or failed.
    pub status: RunStatus,
    /// Each bank's part.
    pub shares: Vec<CreditShare>,
    /// While it is only proposed, or was: what waits for whom.
    pub proposal: Option<Box<Proposal>>,
}

/// Which period is to be credited, by whom.
#[derive(Clone, Copy, Debug)]
pub struct RunRequest {
    /// The client's row.
    pub client: i64,
    /// The period.
    pub period: Period,
    /// Even if it lies outside the window, with another client's agreement.
    pub outside: bool,
}

/// A bank's part of a run: families and rupiah.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditShare {
    /// The bank.
    pub bank: BankCode,
    /// Under way, completed or refused.
    pub status: ShareStatus,
    /// Families credited so far.
    pub credited: i64,
    /// What they got.
    pub amount: i64,
    /// What all needed when the run began.
    pub needed: i64,
    /// What the bank held free when the run began.
    pub available: i64,
}

impl Ledger {
    /// Starts the run of a period, or joins the one under way; above the limit, or outside the window, it
    /// is proposed, and started when another client asks for the same. It has to be carried on with
    /// [`Ledger::carry_on_credit_run`].
    ///
    /// # Errors
    /// [`CreditError`] when no policy holds, or nothing could be done.
    pub fn start_credit_run(&self, request: RunRequest) -> Result<CreditRun, CreditError> {
        let RunRequest { client, period, outside } = request;
        let alone_up_to = self.limits.four_eyes_above;
        let wish = start::Wish { client: Some(client), period, outside, alone_up_to };
        start::start(&self.shared, wish)
    }

    /// Continues a run to its end; `progress` receives its state from time to time, and at the end.
    ///
    /// # Errors
    /// [`CreditError`] when a step fails; the run can be carried on later.
    pub fn carry_on_credit_run(
        &self,
        id: i64,
        progress: impl FnMut(&CreditRun) + Send,
    ) -> Result<CreditRun, CreditError> {
        sessions::carry_on(&self.shared, id, progress)
    }

    /// Carries a run on to its end in the background, however often a step fails.
    pub fn run_credit_in_background(&self, id: i64) {
        self.credits.start(&self.shared, runner::Job::Run(id));
    }

    /// Carries a run's reversal on to its end in the background, however often a step fails.
    pub fn run_reversal_in_background(&self, id: i64) {
        self.credits.start(&self.shared, runner::Job::Reversal(id));
    }

    /// Continues interrupted runs and reversals in the background.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn resume_credits(&self) -> Result<(), StoreError> {
        let (runs, reversals) = self.shared.read_own(|connection| {
            Ok::<_, StoreError>((connection.running_runs()?, connection.running_reversals()?))
        })?;
        let runs = runs.into_iter().map(runner::Job::Run);
        for job in runs.chain(reversals.into_iter().map(runner::Job::Reversal)) {
            self.resume(job);
        }
        Ok(())
    }

    fn resume(&self, job: runner::Job) {
        tracing::info!(?job, "an interrupted credit run is carried on");
        self.credits.start(&self.shared, job);
    }

    /// How a run stands.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    pub fn credit_run(&self, id: i64) -> Result<Option<CreditRun>, StoreError> {
        self.shared.read(|connection| load(connection, id))
    }

    /// Runs that began, newest first: those with ids below one, by whomever and wherever they were begun.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn credit_runs(&self, below: i64, most: i64) -> Result<Vec<CreditRun>, StoreError> {
        self.shared.read(|connection| {
            connection.snapshot(|snapshot| {
                let runs = snapshot.runs_below(below, most)?.into_iter();
                runs.filter_map(|id| load(snapshot, id).transpose()).collect()
            })
        })
    }
}

/// Runs the credit of a period to its end, beside the service and without its keys. More than `alone_up_to`
/// it credits only in a run that two clients agreed to.
///
/// # Errors
/// [`CreditError`] when a step fails; the same call carries the run on.
pub fn credit_period(
    url: &DatabaseUrl,
    clock: Arc<dyn Clock>,
    (period, alone_up_to): (Period, Rupiah),
    progress: impl FnMut(&CreditRun) + Send,
) -> Result<CreditRun, CreditError> {
    let shared = Arc::new(Shared::open(url, clock)?);
    let keeper = keeper::start(&shared)?;
    let wish = start::Wish { client: None, period, outside: false, alone_up_to };
    let done =
        start::start(&shared, wish).and_then(|run| sessions::carry_on(&shared, run.id, progress));
    keeper.stop();
    shared.release()?;
    done
}

/// A run with its banks' parts; one that is only proposed has no row yet.
fn load(connection: &mut Connection, id: i64) -> Result<Option<CreditRun>, StoreError> {
    let Some(run) = connection.run_by_id(id)? else { return proposed(connection, id) };
    let corrupt = |what: &str| StoreError::corrupt(format!("credit run {id}: {what}"));
    let banks = connection.banks()?;
    let shares = connection.shares_of_run(id)?.into_iter().map(|share| {
        let bank = banks.iter().find(|bank| bank.id == share.bank);
        Ok(CreditShare {
            bank: bank.ok_or_else(|| corrupt("a bank is not there"))?.code.clone(),
            status: ShareStatus::from_number(share.status)
                .ok_or_else(|| corrupt("a bank's status is unknown"))?,
            credited: share.credited,
            amount: share.amount,
            needed: share.needed,
            available: share.available,
        })
    });
    Ok(Some(CreditRun {
        id,
        period: Period::from_number(run.period)
            .map_err(|_unreadable| corrupt("its period is no month"))?,
        status: RunStatus::from_number(run.status)
            .ok_or_else(|| corrupt("its status is unknown"))?,
        shares: shares.collect::<Result<_, StoreError>>()?,
        proposal: None,
    }))
}

/// A run that one client wants.
fn proposed(connection: &mut Connection, id: i64) -> Result<Option<CreditRun>, StoreError> {
    let Some(row) = connection.proposal(id)? else { return Ok(None) };
    let Act::CreditRun { period, .. } = row.act else { return Ok(None) };
    let corrupt = || StoreError::corrupt(format!("proposal {id}: its banks can't be read"));
    let banks = connection.banks()?;
    let parts = start::parts_of(&row.detail).ok_or_else(corrupt)?;
    let shares = parts.into_iter().map(|(bank, needed, available)| {
        let bank = banks.iter().find(|known| known.id.0 == bank).ok_or_else(corrupt)?;
        let (bank, status) = (bank.code.clone(), ShareStatus::Proposed);
        Ok(CreditShare { bank, status, credited: 0, amount: 0, needed, available })
    });
    let shares = shares.collect::<Result<_, StoreError>>()?;
    let waits = row.state == ProposalState::Proposed;
    let status = if waits { RunStatus::Proposed } else { RunStatus::Failed };
    let proposal = Some(Box::new(row.into()));
    Ok(Some(CreditRun { id, period, status, shares, proposal }))
}
