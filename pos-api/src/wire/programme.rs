//! Fundings and credit runs on the wire.

use ledger::domain::bank::BankCode;
use ledger::domain::calendar::Period;
use ledger::domain::ids::{AccountId, RowId};
use ledger::domain::keys::Keys;
use ledger::domain::money::Rupiah;
use ledger::domain::public_id::{self, IdKind};
use ledger::domain::reference::Reference;
use ledger::service::{
    CreditRun, Funded, Proposal, Returned, RunReversal, ShownFunding, ShownReturn,
};
use serde::{Deserialize, Serialize};

use super::proposal::MayAgree;
use super::{invalid, json, text};
use crate::problem::Problem;

const MAX_REASON: usize = 200;

/// The body of `POST /v1/fundings`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FundingBody {
    bank: String,
    amount: i64,
    reference: String,
}

/// A funding, read.
pub(crate) struct Funding {
    pub(crate) bank: BankCode,
    pub(crate) amount: Rupiah,
    pub(crate) reference: Reference,
}

impl FundingBody {
    pub(crate) fn parse(self) -> Result<Funding, Problem> {
        let reference = Reference::new(&self.reference);
        Ok(Funding {
            bank: self.bank.parse().map_err(|error| invalid("/bank", error))?,
            amount: some_money(self.amount)?,
            reference: reference.map_err(|error| invalid("/reference", error))?,
        })
    }
}

/// More than nothing.
fn some_money(amount: i64) -> Result<Rupiah, Problem> {
    let amount = Rupiah::new(amount).ok().filter(|amount| !amount.is_zero());
    amount.ok_or_else(|| invalid("/amount", "has to be more than nothing"))
}

/// The filter of `GET /v1/fundings`, with its page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FundingParams {
    pub(crate) bank: Option<String>,
    pub(crate) limit: Option<String>,
    pub(crate) cursor: Option<String>,
}

/// A recorded funding.
#[derive(Serialize)]
pub(crate) struct FundingAnswer<'a> {
    id: String,
    transfer_id: String,
    bank: &'a str,
    amount: i64,
    reference: &'a str,
    created_at: String,
}

impl<'a> FundingAnswer<'a> {
    pub(crate) fn of(
        keys: &Keys,
        (bank, amount): (&'a BankCode, Rupiah),
        funded: &'a Funded,
    ) -> Self {
        Self {
            id: public_id::encode(keys, IdKind::Funding, funded.transfer, funded.anchor),
            transfer_id: public_id::encode(keys, IdKind::Transfer, funded.transfer, funded.anchor),
            bank: bank.as_str(),
            amount: amount.get(),
            reference: &funded.reference,
            created_at: funded.created_at.rfc3339(),
        }
    }
}

/// A funding as it is listed.
#[derive(Serialize)]
pub(crate) struct FundingLine {
    id: String,
    transfer_id: String,
    bank: String,
    amount: i64,
    reference: String,
    created_at: String,
    recorded_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed_by: Option<String>,
    returned: i64,
    returns: Vec<ReturnLine>,
}

/// What went back of it.
#[derive(Serialize)]
struct ReturnLine {
    transfer_id: String,
    amount: i64,
    reason: String,
    created_at: String,
    recorded_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed_by: Option<String>,
}

impl FundingLine {
    pub(crate) fn of(keys: &Keys, funding: &ShownFunding) -> Self {
        let anchor = funding.anchor;
        let line = |back: &ShownReturn| ReturnLine {
            transfer_id: public_id::encode(keys, IdKind::Transfer, back.transfer, anchor),
            amount: back.amount.get(),
            reason: back.reason.clone(),
            created_at: back.created_at.rfc3339(),
            recorded_by: back.recorded_by.clone(),
            agreed_by: back.agreed_by.clone(),
        };
        Self {
            id: public_id::encode(keys, IdKind::Funding, funding.transfer, anchor),
            transfer_id: public_id::encode(keys, IdKind::Transfer, funding.transfer, anchor),
            bank: funding.bank.to_string(),
            amount: funding.amount.get(),
            reference: funding.reference.clone(),
            created_at: funding.created_at.rfc3339(),
            recorded_by: funding.recorded_by.clone(),
            agreed_by: funding.agreed_by.clone(),
            returned: funding.returned.get(),
            returns: funding.returns.iter().map(line).collect(),
        }
    }
}

/// The body of `POST /v1/fundings/{id}/returns`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnBody {
    amount: i64,
    reason: String,
}

impl ReturnBody {
    pub(crate) fn parse(self) -> Result<(Rupiah, String), Problem> {
        Ok((some_money(self.amount)?, text("/reason", &self.reason, MAX_REASON)?))
    }
}

/// Money of a funding that went back.
#[derive(Serialize)]
pub(crate) struct ReturnAnswer {
    transfer_id: String,
    funding_id: String,
    amount: i64,
    reason: String,
    left: i64,
    created_at: String,
}

impl ReturnAnswer {
    pub(crate) fn of(keys: &Keys, returned: &Returned) -> Self {
        let anchor = returned.anchor;
        Self {
            transfer_id: public_id::encode(keys, IdKind::Transfer, returned.transfer, anchor),
            funding_id: public_id::encode(keys, IdKind::Funding, returned.funding, anchor),
            amount: returned.amount.get(),
            reason: returned.reason.clone(),
            left: returned.left.get(),
            created_at: returned.created_at.rfc3339(),
        }
    }

    pub(crate) fn json(&self) -> String {
        json(self)
    }
}

/// The page of `GET /v1/credit-runs`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunParams {
    pub(crate) limit: Option<String>,
    pub(crate) cursor: Option<String>,
}

/// The body of `POST /v1/credit-runs`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreditRunBody {
    period: String,
    #[serde(default)]
    allow: bool,
}

impl CreditRunBody {
    /// The period, and whether it may lie outside the window.
    pub(crate) fn parse(self) -> Result<(Period, bool), Problem> {
        let period = self.period.parse().map_err(|error| invalid("/period", error))?;
        Ok((period, self.allow))
    }
}

/// A run and how it stands. One that is proposed says by whom, and who may agree.
#[derive(Serialize)]
pub(crate) struct CreditRunAnswer {
    id: String,
    period: String,
    status: &'static str,
    banks: Vec<ShareAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_agree: Option<MayAgree>,
}

#[derive(Serialize)]
struct ShareAnswer {
    bank: String,
    status: &'static str,
    credited: i64,
    amount: i64,
    needed: i64,
    available: i64,
}

impl CreditRunAnswer {
    pub(crate) fn of(keys: &Keys, run: &CreditRun) -> Self {
        let id = RowId(run.id);
        let shares = run.shares.iter().map(|share| ShareAnswer {
            bank: share.bank.to_string(),
            status: share.status.as_str(),
            credited: share.credited,
            amount: share.amount,
            needed: share.needed,
            available: share.available,
        });
        let proposal: Option<&Proposal> = run.proposal.as_deref();
        Self {
            id: public_id::encode(keys, IdKind::CreditRun, id, AccountId(id.0)),
            period: run.period.to_string(),
            status: run.status.as_str(),
            banks: shares.collect(),
            state: proposal.map(|proposal| proposal.state.as_str()),
            proposed_by: proposal.map(|proposal| proposal.proposed_by.clone()),
            may_agree: proposal.and_then(MayAgree::of),
        }
    }
}

/// The body of `POST /v1/credit-runs/{id}/reversals`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunReversalBody {
    reason: String,
}

impl RunReversalBody {
    pub(crate) fn parse(self) -> Result<String, Problem> {
        text("/reason", &self.reason, MAX_REASON)
    }
}

/// A run's reversal and how it stands.
#[derive(Serialize)]
pub(crate) struct RunReversalAnswer {
    id: String,
    credit_run_id: String,
    status: &'static str,
    reason: String,
    proposed_by: String,
    agreed_by: String,
    started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    banks: Vec<TakenBackAnswer>,
}

#[derive(Serialize)]
struct TakenBackAnswer {
    bank: String,
    families: i64,
    amount: i64,
    spent: i64,
}

impl RunReversalAnswer {
    pub(crate) fn of(keys: &Keys, reversal: &RunReversal) -> Self {
        let shares = reversal.shares.iter().map(|share| TakenBackAnswer {
            bank: share.bank.to_string(),
            families: share.families,
            amount: share.amount,
            spent: share.spent,
        });
        let shown = |kind, id| public_id::encode(keys, kind, RowId(id), AccountId(id));
        Self {
            id: shown(IdKind::RunReversal, reversal.id),
            credit_run_id: shown(IdKind::CreditRun, reversal.run),
            status: reversal.status.as_str(),
            reason: reversal.reason.clone(),
            proposed_by: reversal.proposed_by.clone(),
            agreed_by: reversal.agreed_by.clone(),
            started_at: reversal.started_at.rfc3339(),
            finished_at: reversal.finished_at.map(ledger::domain::calendar::Instant::rfc3339),
            banks: shares.collect(),
        }
    }
}
