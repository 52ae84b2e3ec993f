//! Signing a day off, and reopening it.

use std::sync::Arc;

use crate::domain::bank::BankId;
use crate::domain::matching::MatchStatus;
use crate::domain::resolution::Resolution;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reconciliations::{NewReconciliationEvent, ReconciliationRow};

use super::super::error::Trouble;
use super::super::exceptions::decision::Weighed;
use super::super::ledger::Ledger;
use super::super::shared::Contended;
use super::differences::RESOLVED;

const SIGNED: i16 = 2;
const REOPENED: i16 = 3;

/// Why a day is not signed off or reopened.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// There is no such reconciliation for this bank.
    #[error("there is no such reconciliation")]
    NotFound,
    /// The client that recorded it can't sign it.
    #[error("another client than the one that recorded it has to sign")]
    SamePerson,
    /// Differences are still open.
    #[error("{0} differences are open")]
    StillOpen(i64),
    /// What lies in suspense is not what its open and accepted differences say.
    #[error("suspense holds {parked} rupiah for a difference that says {says}")]
    SuspenseDiffers {
        /// The amount there for the first difference that does not add up.
        parked: i64,
        /// What should, as it was decided.
        says: i64,
    },
    /// It is signed off already, or, to be reopened, it is not.
    #[error("the day's state does not allow it")]
    OtherState,
    /// The client's access was withdrawn.
    #[error("the client's access was withdrawn")]
    ClientRevoked,
    /// Nothing was done, or it is not known.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for NotSigned {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Contended for NotSigned {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

impl Ledger {
    /// Signs a reconciled day off: a second person's word that it is right. What is still owed by the
    /// bank may be carried to the next days; everything else has to be decided.
    ///
    /// # Errors
    /// [`NotSigned`]; then nothing was done, unless it says that it is not known.
    pub fn sign_off(&self, client: i64, bank: BankId, id: i64) -> Result<(), NotSigned> {
        let clock = Arc::clone(&self.shared.clock);
        self.shared.write(move |tx| {
            let row = locked(tx, client, (bank, id))?;
            if row.signed_at.is_some() || !row.is_carried_out {
                return Err(NotSigned::OtherState);
            }
            if row.recorded_by == client {
                return Err(NotSigned::SamePerson);
            }
            let carried = MatchStatus::LedgerOnly.as_str();
            let open = tx.count_open_exceptions(id, Some(carried))?;
            if open > 0 {
                return Err(NotSigned::StillOpen(open));
            }
            suspense_adds_up(tx, id)?;
            let now = clock.now().as_millis();
            write(tx, &row, (SIGNED, client, now), "")
        })
    }

    /// Opens a signed day again, for a reason.
    ///
    /// # Errors
    /// [`NotSigned`]; then nothing was done, unless it says that it is not known.
    pub fn reopen(
        &self,
        client: i64,
        bank: BankId,
        id: i64,
        reason: String,
    ) -> Result<(), NotSigned> {
        let clock = Arc::clone(&self.shared.clock);
        self.shared.write(move |tx| {
            let row = locked(tx, client, (bank, id))?;
            if row.signed_at.is_none() {
                return Err(NotSigned::OtherState);
            }
            write(tx, &row, (REOPENED, client, clock.now().as_millis()), &reason)
        })
    }
}

/// Whether each difference of a day has in suspense what was decided; one that is not decided, or
/// that a file explained, must have nothing.
fn suspense_adds_up(tx: &mut Connection, id: i64) -> Result<(), NotSigned> {
    for row in tx.exceptions_of(id)? {
        let about = Weighed::of(tx, &row)?.about;
        let resolution = row.resolution.as_deref().filter(|_| row.state == RESOLVED);
        let resolution = resolution.and_then(Resolution::named);
        let says = resolution.map_or(Ok(0), |resolution| resolution.parks(&about)).unwrap_or(0);
        if says != about.parked {
            return Err(NotSigned::SuspenseDiffers { parked: about.parked, says });
        }
    }
    Ok(())
}

fn locked(
    tx: &mut Connection,
    client: i64,
    (bank, id): (BankId, i64),
) -> Result<ReconciliationRow, NotSigned> {
    if !tx.client_stands(client)? {
        return Err(NotSigned::ClientRevoked);
    }
    let row = tx.lock_reconciliation(id)?;
    row.filter(|row| row.view.bank == bank && row.view.merchant == 0).ok_or(NotSigned::NotFound)
}

fn write(
    tx: &mut Connection,
    row: &ReconciliationRow,
    (kind, client, now): (i16, i64, i64),
    reason: &str,
) -> Result<(), NotSigned> {
    let revision = row.revision.saturating_add(1);
    let signature = (kind == SIGNED).then_some((now, client));
    tx.sign_reconciliation((row.id, revision), signature)?;
    let event = NewReconciliationEvent {
        reconciliation_id: row.id,
        revision,
        kind,
        client_id: client,
        created_at: now,
        result_hash: row.result_hash.clone(),
        files_hash: None,
        kept_hash: None,
        reason: reason.to_owned(),
    };
    Ok(NewReconciliationEvent::insert_all(tx, vec![event])?)
}
