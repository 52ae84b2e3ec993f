//! Fundings and credit runs on the wire.

use ledger::domain::bank::BankCode;
use ledger::domain::calendar::Period;
use ledger::domain::ids::{AccountId, RowId};
use ledger::domain::keys::Keys;
use ledger::domain::money::Rupiah;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{CreditRun, Funded};
use serde::{Deserialize, Serialize};

use super::{invalid, text};
use crate::problem::Problem;

const MAX_REFERENCE: usize = 64;

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
    pub(crate) reference: String,
}

impl FundingBody {
    pub(crate) fn parse(self) -> Result<Funding, Problem> {
        let amount = Rupiah::new(self.amount).ok().filter(|amount| !amount.is_zero());
        Ok(Funding {
            bank: self.bank.parse().map_err(|error| invalid("/bank", error))?,
            amount: amount.ok_or_else(|| invalid("/amount", "has to be more than nothing"))?,
            reference: text("/reference", &self.reference, MAX_REFERENCE)?,
        })
    }
}

/// A recorded funding.
#[derive(Serialize)]
pub(crate) struct FundingAnswer<'a> {
    transfer_id: String,
    bank: &'a str,
    amount: i64,
    reference: &'a str,
    created_at: String,
}

impl<'a> FundingAnswer<'a> {
    pub(crate) fn of(keys: &Keys, funding: &'a Funding, funded: &Funded) -> Self {
        Self {
            transfer_id: public_id::encode(keys, IdKind::Transfer, funded.transfer, funded.anchor),
            bank: funding.bank.as_str(),
            amount: funding.amount.get(),
            reference: &funding.reference,
            created_at: funded.created_at.rfc3339(),
        }
    }
}

/// The body of `POST /v1/credit-runs`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreditRunBody {
    period: String,
}

impl CreditRunBody {
    pub(crate) fn parse(self) -> Result<Period, Problem> {
        self.period.parse().map_err(|error| invalid("/period", error))
    }
}

/// A run and how it stands.
#[derive(Serialize)]
pub(crate) struct CreditRunAnswer {
    id: String,
    period: String,
    status: &'static str,
    banks: Vec<ShareAnswer>,
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
        Self {
            id: public_id::encode(keys, IdKind::CreditRun, id, AccountId(id.0)),
            period: run.period.to_string(),
            status: run.status.as_str(),
            banks: shares.collect(),
        }
    }
}
