//! Reversals on the wire.

use ledger::domain::keys::Keys;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::Reversed;
use serde::{Deserialize, Serialize};

use super::{json, text};
use crate::problem::Problem;

const MAX_REASON: usize = 200;

/// The body of `POST /v1/redemptions/{id}/reversals`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReversalBody {
    reason: String,
}

impl ReversalBody {
    /// The reason.
    pub(crate) fn parse(self) -> Result<String, Problem> {
        text("/reason", &self.reason, MAX_REASON)
    }
}

/// A redemption that was taken back.
#[derive(Serialize)]
pub(crate) struct ReversalAnswer {
    id: String,
    status: &'static str,
    amount: i64,
    transfer_id: String,
    created_at: String,
    business_date: String,
}

impl ReversalAnswer {
    pub(crate) fn of(keys: &Keys, reversed: &Reversed) -> Self {
        let (redemption, wallet) = (reversed.redemption, reversed.wallet);
        Self {
            id: public_id::encode(keys, IdKind::Redemption, redemption, wallet),
            status: "reversed",
            amount: reversed.amount.get(),
            transfer_id: public_id::encode(keys, IdKind::Transfer, reversed.transfer, wallet),
            created_at: reversed.created_at.rfc3339(),
            business_date: reversed.business_date.to_string(),
        }
    }

    pub(crate) fn json(&self) -> String {
        json(self)
    }
}
