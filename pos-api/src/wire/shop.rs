//! Merchants' and terminals' states on the wire.

use ledger::domain::calendar::Instant;
use ledger::domain::merchant::ShopState;
use ledger::service::{ShopStanding, ShownTerminal, TerminalQuery};
use serde::{Deserialize, Serialize};

use super::paging::PageQuery;
use super::{invalid, text};
use crate::problem::Problem;

const MAX_REASON: usize = 200;

/// The body of `POST /v1/merchants/{id}/state` and `POST /v1/terminals/{id}/state`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShopStateBody {
    state: String,
    reason: String,
}

impl ShopStateBody {
    /// The state that is asked for, and why.
    pub(crate) fn parse(self) -> Result<(ShopState, String), Problem> {
        Ok((state(&self.state)?, text("/reason", &self.reason, MAX_REASON)?))
    }
}

fn state(text: &str) -> Result<ShopState, Problem> {
    let named = ShopState::named(text);
    named.ok_or_else(|| invalid("/state", "has to be active, inactive or suspended"))
}

/// A merchant or a terminal after its state was set.
#[derive(Serialize)]
pub(crate) struct ShopStateAnswer {
    merchant_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    terminal_id: Option<String>,
    state: &'static str,
    changed_at: Option<String>,
}

impl From<ShopStanding> for ShopStateAnswer {
    fn from(standing: ShopStanding) -> Self {
        Self {
            merchant_id: standing.merchant,
            terminal_id: standing.terminal,
            state: standing.state.as_str(),
            changed_at: standing.changed_at.map(Instant::rfc3339),
        }
    }
}

/// The query of `GET /v1/terminals`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TerminalParams {
    state: Option<String>,
    merchant_id: Option<String>,
    bank: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

impl TerminalParams {
    /// The filters and the page.
    pub(crate) fn parse(&self) -> Result<(TerminalQuery, PageQuery), Problem> {
        let merchant = self.merchant_id.as_deref().map(str::parse).transpose();
        let bank = self.bank.as_deref().map(str::parse).transpose();
        let query = TerminalQuery {
            state: self.state.as_deref().map(state).transpose()?,
            merchant: merchant.map_err(|error| invalid("/merchant_id", error))?,
            bank: bank.map_err(|error| invalid("/bank", error))?,
        };
        Ok((query, PageQuery::read(self.limit.as_deref(), self.cursor.as_deref())?))
    }
}

/// A terminal in the list.
#[derive(Serialize)]
pub(crate) struct TerminalAnswer {
    terminal_id: String,
    merchant_id: String,
    merchant_name: String,
    bank: String,
    state: &'static str,
    changed_at: Option<String>,
    reason: Option<String>,
    /// The client that changed it; none did where wrong PINs suspended it.
    changed_by: Option<String>,
}

impl From<ShownTerminal> for TerminalAnswer {
    fn from(shown: ShownTerminal) -> Self {
        let (changed_at, reason, changed_by) = match shown.changed {
            Some((at, reason, by)) => (Some(at.rfc3339()), Some(reason), by),
            None => (None, None, None),
        };
        Self {
            terminal_id: shown.terminal,
            merchant_id: shown.merchant,
            merchant_name: shown.name,
            bank: shown.bank,
            state: shown.state.as_str(),
            changed_at,
            reason,
            changed_by,
        }
    }
}
