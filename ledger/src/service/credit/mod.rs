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
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::domain::bank::BankCode;
use crate::domain::calendar::Period;
use crate::domain::credit::{RunStatus, ShareStatus};
use crate::store::connection::Connection;
use crate::store::{DatabaseUrl, StoreError};

use super::clock::Clock;
use super::error::Trouble;
use super::keeper;
use super::keyfile::KeysError;
use super::ledger::Ledger;
use super::shared::{Contended, Shared};

pub(super) use runner::CreditRunner;

/// Why no run is started or carried on.
#[derive(Debug, thiserror::Error)]
pub enum CreditError {
    /// No policy holds in that month.
    #[error("no policy holds in {0}: there is no amount to credit")]
    NoPolicy(Period),
    /// The sum does not fit.
    #[error("the families of bank {0} need more than can be counted")]
    TooMuch(i16),
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditRun {
    /// Its id.
    pub id: i64,
    /// The month.
    pub period: Period,
    /// Under way, completed or failed.
    pub status: RunStatus,
    /// Each bank's part.
    pub shares: Vec<CreditShare>,
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
    /// Starts the run of a period, or joins the one under way. It has to be carried on with
    /// [`Ledger::carry_on_credit_run`].
    ///
    /// # Errors
    /// [`CreditError`] when no policy holds, or nothing could be done.
    pub fn start_credit_run(&self, period: Period) -> Result<CreditRun, CreditError> {
        start::start(&self.shared, period)
    }

    /// Carries a run on to its end; `progress` is told how it stands every now and then, and at the end.
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
        self.credits.start(&self.shared, id);
    }

    /// How a run stands.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    pub fn credit_run(&self, id: i64) -> Result<Option<CreditRun>, StoreError> {
        self.shared.read(|connection| load(connection, id))
    }

    /// The runs that are under way or were interrupted.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn unfinished_credit_runs(&self) -> Result<Vec<i64>, StoreError> {
        self.shared.read_own(Connection::running_runs)
    }
}

/// Runs the credit of a period to its end, beside the service and without its keys.
///
/// # Errors
/// [`CreditError`] when a step fails; the same call carries the run on.
pub fn credit_period(
    url: &DatabaseUrl,
    clock: Arc<dyn Clock>,
    period: Period,
    progress: impl FnMut(&CreditRun) + Send,
) -> Result<CreditRun, CreditError> {
    let shared = Arc::new(Shared::open(url, clock)?);
    let keeper = keeper::start(&shared)?;
    let done =
        start::start(&shared, period).and_then(|run| sessions::carry_on(&shared, run.id, progress));
    keeper.stop();
    shared.release()?;
    done
}

/// A run with its banks' parts.
fn load(connection: &mut Connection, id: i64) -> Result<Option<CreditRun>, StoreError> {
    let Some(run) = connection.run_by_id(id)? else { return Ok(None) };
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
    }))
}
