//! Four eyes on the programme's acts: what one client wants waits until another wants the same. That
//! one's request carries it out, in one transaction with the record of who proposed and who agreed.

use crate::domain::calendar::Instant;
use crate::domain::keys::sha256;
use crate::domain::money::Rupiah;
use crate::domain::proposal::{Act, Meeting, ProposalState, Waiting};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::fundings::Doers;
use crate::store::proposals::{NewProposal, ProposalRow};

use super::error::Trouble;
use super::ids::IdSource;
use super::ledger::Ledger;

/// What one client wants and another has to agree to.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Its id.
    pub id: i64,
    /// What is wanted.
    pub act: Act,
    /// Where it stands.
    pub state: ProposalState,
    /// How much money it is about.
    pub stake: Rupiah,
    /// Further detail: a reason, or what each bank needs.
    pub detail: String,
    /// The client that proposed it.
    pub proposed_by: String,
    /// When.
    pub proposed_at: Instant,
    /// The client that agreed.
    pub agreed_by: Option<String>,
    /// When.
    pub agreed_at: Option<Instant>,
    /// The transfer, run or reversal that it became.
    pub outcome: Option<i64>,
}

/// Something that was done, or that another client has to want, too.
#[derive(Clone, Debug)]
pub enum Decided<T> {
    /// It was done, now or before.
    Done(T),
    /// It was done now, because another client had proposed it.
    Agreed(T),
    /// It waits.
    Proposed(Box<Proposal>),
}

impl<T> Decided<T> {
    /// What was done now, by one client or two.
    pub(super) fn by(agreed: Option<&Agreed>, done: T) -> Self {
        if agreed.is_some() { Self::Agreed(done) } else { Self::Done(done) }
    }
}

/// What a client wants.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) act: &'a Act,
    pub(super) client: i64,
    pub(super) stake: Rupiah,
    pub(super) detail: &'a str,
    /// The hash of the client's idempotency key, where the act has one.
    pub(super) key_hash: Option<&'a [u8]>,
}

/// Whether two want it.
pub(super) enum Agreement {
    /// This is the second: it is to be carried out, and then [`Agreed::carried_out`].
    Reached(Box<Agreed>),
    /// This is the first, or the first again.
    Waits(Box<Proposal>),
}

/// A proposal that another client agreed to.
pub(super) struct Agreed {
    pub(super) row: ProposalRow,
    client: i64,
}

impl Agreed {
    /// Who wanted it first and who agreed.
    pub(super) const fn doers(&self) -> Doers {
        Doers { first: self.row.by, second: Some(self.client) }
    }

    /// Notes what the act became.
    pub(super) fn carried_out(
        &self,
        tx: &mut Connection,
        outcome: i64,
        now: Instant,
    ) -> Result<(), StoreError> {
        tx.carry_out_proposal(self.row.id, (self.client, now), outcome)
    }
}

/// Agrees to the same act that another client proposed, or proposes it. The same client's again is the
/// same proposal.
pub(super) fn agree(
    tx: &mut Connection,
    ids: &IdSource,
    wanted: &Wanted<'_>,
    now: Instant,
) -> Result<Agreement, Trouble> {
    let kind = wanted.act.number();
    let hash = sha256(&[wanted.act.sameness().as_bytes()]);
    if let Some(row) = tx.lock_waiting_proposal(kind, &hash)? {
        let waiting = Waiting {
            by: row.by,
            proposer_stands: row.proposer_stands,
            since: row.at,
            stake: row.stake,
        };
        match waiting.met_by(wanted.client, wanted.stake, now) {
            Meeting::Own => return Ok(Agreement::Waits(Box::new(row.into()))),
            Meeting::Agreed => {
                return Ok(Agreement::Reached(Box::new(Agreed { row, client: wanted.client })));
            }
            Meeting::Void => tx.void_proposal(row.id)?,
        }
    }
    let id = ids.block(1, 0, now)?.first();
    tx.propose(&NewProposal {
        id,
        act: wanted.act,
        hash: &hash,
        stake: wanted.stake,
        detail: wanted.detail,
        key_hash: wanted.key_hash,
        by: wanted.client,
        at: now,
    })?;
    tracing::info!(id, act = wanted.act.as_str(), client = wanted.client, "an act was proposed");
    let row = tx.proposal(id)?.ok_or_else(|| StoreError::corrupt("a proposal is not there"))?;
    Ok(Agreement::Waits(Box::new(row.into())))
}

impl From<ProposalRow> for Proposal {
    fn from(row: ProposalRow) -> Self {
        Self {
            id: row.id,
            act: row.act,
            state: row.state,
            stake: row.stake,
            detail: row.detail,
            proposed_by: row.by_name,
            proposed_at: row.at,
            agreed_by: row.agreed_name,
            agreed_at: row.agreed_at,
            outcome: row.outcome,
        }
    }
}

impl Ledger {
    /// What was proposed, newest first: those in a state, with ids below one.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn proposals(
        &self,
        state: Option<ProposalState>,
        below: i64,
        most: i64,
    ) -> Result<Vec<Proposal>, StoreError> {
        let rows = self.shared.read(|connection| connection.proposals(state, below, most))?;
        Ok(rows.into_iter().map(Proposal::from).collect())
    }
}
