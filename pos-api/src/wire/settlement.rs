//! Settlements on the wire.

use ledger::domain::bank::BankCode;
use ledger::domain::calendar::{Date, Instant};
use ledger::domain::ids::{AccountId, RowId};
use ledger::domain::keys::Keys;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{MarkedDay, Settlement, SettlementItem};
use serde::{Deserialize, Serialize};

use super::{invalid, text};
use crate::problem::Problem;

const MAX_REASON: usize = 200;

/// The body of `POST /v1/settlements`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseBody {
    #[serde(default)]
    bank: Option<String>,
    business_date: String,
    #[serde(default)]
    early: bool,
    #[serde(default)]
    reason: Option<String>,
}

impl CloseBody {
    /// The day, and why it is closed before its cut-off where that is asked for; a bank named in the body
    /// has to be the caller's.
    pub(crate) fn parse(self, own: &BankCode) -> Result<(Date, Option<String>), Problem> {
        if self.bank.is_some_and(|bank| bank != own.as_str()) {
            return Err(invalid("/bank", "is not the caller's"));
        }
        let day = self.business_date.parse().map_err(|error| invalid("/business_date", error))?;
        let early = match (self.early, self.reason) {
            (false, None) => None,
            (true, Some(reason)) if !reason.trim().is_empty() => {
                Some(text("/reason", &reason, MAX_REASON)?)
            }
            (true, _) => return Err(invalid("/reason", "is needed to close a day early")),
            (false, Some(_)) => return Err(invalid("/reason", "is given with `early` only")),
        };
        Ok((day, early))
    }
}

/// A day that was marked.
#[derive(Serialize)]
pub(crate) struct ClosingAnswer {
    pub(crate) bank: String,
    pub(crate) business_date: String,
    pub(crate) state: &'static str,
}

/// A page of settlements, and the marked days beside it.
#[derive(Serialize)]
pub(crate) struct SettlementsAnswer<'a> {
    pub(crate) data: Vec<SettlementAnswer<'a>>,
    pub(crate) next_cursor: Option<String>,
    pub(crate) days: Vec<DayAnswer<'a>>,
}

/// A bank's day that was marked.
#[derive(Serialize)]
pub(crate) struct DayAnswer<'a> {
    bank: &'a str,
    business_date: String,
    state: &'static str,
    marked_at: String,
    closed_at: Option<String>,
    early_reason: Option<&'a str>,
    tries: i32,
    problem: Option<&'a str>,
}

impl<'a> From<&'a MarkedDay> for DayAnswer<'a> {
    fn from(day: &'a MarkedDay) -> Self {
        Self {
            bank: day.bank.as_str(),
            business_date: day.business_date.to_string(),
            state: day.state.as_str(),
            marked_at: day.marked_at.rfc3339(),
            closed_at: day.closed_at.map(Instant::rfc3339),
            early_reason: day.early_reason.as_deref(),
            tries: day.tries,
            problem: day.problem.as_deref(),
        }
    }
}

/// The query of `GET /v1/settlements`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettlementParams {
    pub(crate) bank: Option<String>,
    business_date: Option<String>,
    pub(crate) merchant_id: Option<String>,
    pub(crate) limit: Option<String>,
    pub(crate) cursor: Option<String>,
}

impl SettlementParams {
    /// The day that is asked for.
    pub(crate) fn business_date(&self) -> Result<Option<Date>, Problem> {
        let day = self.business_date.as_deref().map(str::parse).transpose();
        day.map_err(|error| invalid("/business_date", error))
    }
}

/// A settlement.
#[derive(Serialize)]
pub(crate) struct SettlementAnswer<'a> {
    id: Option<String>,
    bank: &'a str,
    merchant_id: &'a str,
    merchant_name: &'a str,
    business_date: String,
    state: &'static str,
    stage: &'static str,
    paid: bool,
    settlement_lag: i16,
    reference: Option<&'a str>,
    redemptions: i64,
    reversals: i64,
    gross: i64,
    reversed: i64,
    net: i64,
    carried: i64,
    set_off: i64,
    due: i64,
    issuers: Vec<IssuerAnswer<'a>>,
}

#[derive(Serialize)]
struct IssuerAnswer<'a> {
    bank: &'a str,
    net: i64,
}

impl<'a> SettlementAnswer<'a> {
    pub(crate) fn of(keys: &Keys, settlement: &'a Settlement) -> Self {
        let issuers = settlement.issuers.iter().map(|(bank, net)| IssuerAnswer { bank, net: *net });
        // An open day's sales so far are not a settlement yet and have no id.
        let id = settlement.reference.is_some().then(|| {
            public_id::encode(
                keys,
                IdKind::Settlement,
                RowId(settlement.id),
                AccountId(settlement.id),
            )
        });
        Self {
            id,
            bank: settlement.bank.as_str(),
            merchant_id: &settlement.merchant_code,
            merchant_name: &settlement.merchant_name,
            business_date: settlement.business_date.to_string(),
            state: settlement.state.as_str(),
            stage: settlement.stage.as_str(),
            paid: settlement.stage.is_paid(),
            settlement_lag: settlement.lag,
            reference: settlement.reference.as_deref(),
            redemptions: settlement.redemptions,
            reversals: settlement.reversals,
            gross: settlement.gross,
            reversed: settlement.reversed,
            net: settlement.net(),
            carried: settlement.carried,
            set_off: settlement.sums().amount(),
            due: settlement.sums().due(),
            issuers: issuers.collect(),
        }
    }
}

/// A purchase or a reversal of a settlement; a reversal's amount is less than nothing.
#[derive(Serialize)]
pub(crate) struct ItemAnswer {
    kind: &'static str,
    redemption_id: String,
    transfer_id: String,
    rrn: String,
    amount: i64,
    created_at: String,
}

impl ItemAnswer {
    pub(crate) fn of(keys: &Keys, item: &SettlementItem) -> Self {
        let reversal = item.row != item.redemption;
        let amount = item.amount.get();
        Self {
            kind: if reversal { "reversal" } else { "redemption" },
            redemption_id: public_id::encode(
                keys,
                IdKind::Redemption,
                item.redemption,
                item.wallet,
            ),
            transfer_id: public_id::encode(keys, IdKind::Transfer, item.row, item.wallet),
            rrn: item.reference.to_string(),
            amount: if reversal { amount.saturating_neg() } else { amount },
            created_at: item.created_at.rfc3339(),
        }
    }
}
