//! Transfers on the wire.

use ledger::domain::ids::RowId;
use ledger::domain::keys::Keys;
use ledger::domain::money::Rupiah;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::ShownTransfer;
use serde::Serialize;

use super::account;

/// A transfer. Whoever may not know the family sees no balance and no card.
#[derive(Serialize)]
pub(crate) struct TransferAnswer {
    id: String,
    kind: &'static str,
    debit: String,
    credit: String,
    amount: i64,
    created_at: String,
    business_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance_after: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redemption_id: Option<String>,
}

impl TransferAnswer {
    pub(crate) fn of(keys: &Keys, shown: &ShownTransfer) -> Self {
        let transfer = &shown.transfer;
        let id = |kind, id| public_id::encode(keys, kind, id, transfer.anchor());
        Self {
            id: id(IdKind::Transfer, transfer.id()),
            kind: transfer.kind().as_str(),
            debit: account::name(keys, &shown.debit),
            credit: account::name(keys, &shown.credit),
            amount: transfer.amount().get(),
            created_at: transfer.created_at().rfc3339(),
            business_date: transfer.business_date().to_string(),
            balance_after: shown.balance_after.map(Rupiah::get),
            card_id: shown.card.map(|card| id(IdKind::Card, RowId(card.0))),
            redemption_id: shown.redemption.map(|redemption| id(IdKind::Redemption, redemption)),
        }
    }
}
