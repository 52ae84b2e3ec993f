//! Settlements on the wire.

use ledger::domain::bank::BankCode;
use ledger::domain::calendar::Date;
use ledger::domain::ids::{AccountId, RowId};
use ledger::domain::keys::Keys;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{Settlement, SettlementItem};
use serde::{Deserialize, Serialize};

use super::invalid;
use crate::problem::Problem;

/// The body of `POST /v1/settlements`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseBody {
    #[serde(default)]
    bank: Option<String>,
    business_date: String,
}

impl CloseBody {
    /// The day; a bank named in the body has to be the caller's.
    pub(crate) fn parse(self, own: &BankCode) -> Result<Date, Problem> {
        if self.bank.is_some_and(|bank| bank != own.as_str()) {
            return Err(invalid("/bank", "is not the caller's"));
        }
        self.business_date.parse().map_err(|error| invalid("/business_date", error))
    }
}

/// A day that was marked.
#[derive(Serialize)]
pub(crate) struct ClosingAnswer {
    pub(crate) bank: String,
    pub(crate) business_date: String,
    pub(crate) state: &'static str,
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
        // What an open day sold so far is no settlement yet and has no id.
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
