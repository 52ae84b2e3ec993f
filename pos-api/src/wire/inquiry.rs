//! Refused balance inquiries on the wire, as banks and auditors read them.

use ledger::domain::calendar::Instant;
use ledger::domain::keys::Keys;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{InquiryQuery, ShownInquiry};
use serde::{Deserialize, Serialize};

use super::invalid;
use super::paging::PageQuery;
use crate::problem::Problem;

/// The query of `GET /v1/balance-inquiries`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InquiryParams {
    from: Option<String>,
    to: Option<String>,
    merchant_id: Option<String>,
    terminal_id: Option<String>,
    bank: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

impl InquiryParams {
    /// The filters and the page.
    pub(crate) fn parse(&self) -> Result<(InquiryQuery, PageQuery), Problem> {
        let time = |pointer: &str, text: &Option<String>| {
            text.as_deref()
                .map(str::parse::<Instant>)
                .transpose()
                .map_err(|error| invalid(pointer, error))
        };
        let merchant = self.merchant_id.as_deref().map(str::parse).transpose();
        let terminal = self.terminal_id.as_deref().map(str::parse).transpose();
        let bank = self.bank.as_deref().map(str::parse).transpose();
        let query = InquiryQuery {
            from: time("/from", &self.from)?,
            to: time("/to", &self.to)?,
            merchant: merchant.map_err(|error| invalid("/merchant_id", error))?,
            terminal: terminal.map_err(|error| invalid("/terminal_id", error))?,
            bank: bank.map_err(|error| invalid("/bank", error))?,
        };
        Ok((query, PageQuery::read(self.limit.as_deref(), self.cursor.as_deref())?))
    }
}

/// A refused inquiry.
#[derive(Serialize)]
pub(crate) struct InquiryAnswer<'a> {
    id: String,
    status: &'static str,
    code: &'static str,
    response_code: &'static str,
    card: Option<String>,
    bank: Option<&'a str>,
    acquirer: &'a str,
    merchant_id: &'a str,
    terminal_id: &'a str,
    created_at: String,
}

impl<'a> InquiryAnswer<'a> {
    pub(crate) fn of(keys: &Keys, shown: &'a ShownInquiry) -> Self {
        let inquiry = &shown.inquiry;
        Self {
            id: public_id::encode(keys, IdKind::Inquiry, inquiry.id, inquiry.wallet),
            status: "refused",
            code: inquiry.refusal.code(),
            response_code: inquiry.refusal.response_code(),
            card: shown.card.map(|card| card.to_string()),
            bank: shown.issuer.as_deref(),
            acquirer: &shown.acquirer,
            merchant_id: &shown.merchant,
            terminal_id: &shown.terminal,
            created_at: inquiry.created_at.rfc3339(),
        }
    }
}
