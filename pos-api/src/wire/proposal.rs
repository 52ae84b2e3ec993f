//! What one client of the programme wants and another has to agree to, on the wire.

use ledger::domain::calendar::Instant;
use ledger::domain::ids::{AccountId, RowId};
use ledger::domain::keys::Keys;
use ledger::domain::proposal::{Act, ProposalState};
use ledger::domain::public_id::{self, IdKind};
use ledger::domain::role::Role;
use ledger::service::Proposal;
use serde::{Deserialize, Serialize};

use super::invalid;
use super::rules::{CeilingAbout, PolicyAbout};
use crate::problem::Problem;

/// The filter of `GET /v1/proposals`, with its page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposalParams {
    state: Option<String>,
    pub(crate) limit: Option<String>,
    pub(crate) cursor: Option<String>,
}

impl ProposalParams {
    pub(crate) fn state(&self) -> Result<Option<ProposalState>, Problem> {
        let Some(text) = &self.state else { return Ok(None) };
        let known = ProposalState::ALL.into_iter().find(|state| state.as_str() == text);
        known.map(Some).ok_or_else(|| invalid("/state", "is no state of a proposal"))
    }
}

/// A proposal: what is wanted, by whom, and who may agree.
#[derive(Serialize)]
pub(crate) struct ProposalAnswer {
    id: String,
    state: &'static str,
    act: &'static str,
    /// How much money it is about: rupiah.
    stake: i64,
    about: About,
    proposed_by: String,
    proposed_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_agree: Option<MayAgree>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed_at: Option<String>,
}

/// Who may agree while a proposal waits: the role's clients but one.
#[derive(Serialize)]
pub(crate) struct MayAgree {
    role: &'static str,
    except: String,
}

impl MayAgree {
    pub(crate) fn of(proposal: &Proposal) -> Option<Self> {
        let waits = proposal.state == ProposalState::Proposed;
        waits.then(|| Self { role: Role::Programme.as_str(), except: proposal.proposed_by.clone() })
    }
}

/// What is wanted; each act has some of these.
#[derive(Default, Serialize)]
struct About {
    #[serde(skip_serializing_if = "Option::is_none")]
    bank: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    funding_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_run_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<PolicyAbout>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_ceiling: Option<CeilingAbout>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl About {
    fn of(keys: &Keys, proposal: &Proposal) -> Self {
        let run = |id: RowId| public_id::encode(keys, IdKind::CreditRun, id, AccountId(id.0));
        let reason = || Some(proposal.detail.clone());
        match &proposal.act {
            Act::Funding { bank, amount, reference } => Self {
                bank: Some(bank.to_string()),
                amount: Some(amount.get()),
                reference: Some(reference.to_string()),
                ..Self::default()
            },
            // The run has its proposal's id.
            Act::CreditRun { period, outside } => Self {
                period: Some(period.to_string()),
                allow: outside.then_some(true),
                credit_run_id: Some(run(RowId(proposal.id))),
                ..Self::default()
            },
            Act::FundingReturn { funding: (id, anchor), amount } => Self {
                funding_id: Some(public_id::encode(keys, IdKind::Funding, *id, *anchor)),
                amount: Some(amount.get()),
                reason: reason(),
                ..Self::default()
            },
            Act::RunReversal { run: id } => {
                Self { credit_run_id: Some(run(*id)), reason: reason(), ..Self::default() }
            }
            Act::Policy(policy) => {
                Self { policy: Some(PolicyAbout::of(policy)), reason: reason(), ..Self::default() }
            }
            Act::Ceiling(ceiling) => Self {
                price_ceiling: Some(CeilingAbout::of(ceiling)),
                reason: reason(),
                ..Self::default()
            },
        }
    }
}

impl ProposalAnswer {
    pub(crate) fn of(keys: &Keys, proposal: &Proposal) -> Self {
        let id = RowId(proposal.id);
        Self {
            id: public_id::encode(keys, IdKind::Proposal, id, AccountId(id.0)),
            state: proposal.state.as_str(),
            act: proposal.act.as_str(),
            stake: proposal.stake.get(),
            about: About::of(keys, proposal),
            proposed_by: proposal.proposed_by.clone(),
            proposed_at: proposal.proposed_at.rfc3339(),
            may_agree: MayAgree::of(proposal),
            agreed_by: proposal.agreed_by.clone(),
            agreed_at: proposal.agreed_at.map(Instant::rfc3339),
        }
    }
}
