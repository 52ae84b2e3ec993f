//! Attempts as they are shown: with the codes of everyone who took part.

use diesel::sql_types::{BigInt, Nullable, Text};

use crate::domain::card::MaskedCard;
use crate::domain::ids::{AccountId, RowId};
use crate::domain::redemption::Attempt;

use super::attempts::{AttemptRow, AttemptSql, attempt, attempt_columns};
use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

/// The names beside an attempt: card digits, issuer, acquirer, merchant, terminal; the reversal.
pub(super) type NamesSql =
    (Nullable<Text>, Nullable<Text>, Nullable<Text>, Text, Text, Text, Nullable<BigInt>);
pub(super) type NamesRow =
    (Option<String>, Option<String>, Option<String>, String, String, String, Option<i64>);

macro_rules! names_columns {
    () => {
        ", c.first_six, c.last_four, i.code, a.code, m.code, e.code, v.transfer_id"
    };
}

macro_rules! names_joins {
    () => {
        " LEFT JOIN transfers t ON t.id = r.id AND t.anchor_id = r.wallet_id
          LEFT JOIN cards c ON c.wallet_id = r.wallet_id AND c.id = r.card_id
          LEFT JOIN banks i ON i.id = r.issuer
          JOIN banks a ON a.id = r.acquirer
          JOIN merchants m ON m.id = r.merchant_id
          JOIN terminals e ON e.id = r.terminal_id
          LEFT JOIN reversals v ON v.redemption_id = r.id AND v.wallet_id = r.wallet_id "
    };
}

pub(super) use {names_columns, names_joins};

statement! {
    both ShownById { id: i64, wallet: i64 } -> (AttemptSql, NamesSql);
    (attempt_columns!()) (names_columns!()) " FROM redemptions r" (names_joins!())
    "WHERE r.id = " [id: BigInt] " AND r.wallet_id = " [wallet: BigInt]
}

/// An attempt with the names of everyone who took part.
#[derive(Clone, Debug)]
pub(crate) struct ShownRow {
    pub(crate) attempt: Attempt,
    pub(crate) card: Option<MaskedCard>,
    pub(crate) issuer: Option<String>,
    pub(crate) acquirer: String,
    pub(crate) merchant: String,
    pub(crate) terminal: String,
    /// The transfer that took it back.
    pub(crate) reversal: Option<RowId>,
}

pub(super) fn shown((row, names): (AttemptRow, NamesRow)) -> Result<ShownRow, StoreError> {
    let (first_six, last_four, issuer, acquirer, merchant, terminal, reversal) = names;
    let card = first_six.zip(last_four);
    let card = card.and_then(|(first, last)| MaskedCard::from_parts(&first, &last));
    let reversal = reversal.map(RowId);
    Ok(ShownRow { attempt: attempt(row)?, card, issuer, acquirer, merchant, terminal, reversal })
}

impl Connection {
    /// The attempt with this id as it is shown, if there is one.
    pub(crate) fn shown_attempt(
        &mut self,
        id: RowId,
        wallet: AccountId,
    ) -> Result<Option<ShownRow>, StoreError> {
        self.first::<_, (AttemptRow, NamesRow)>(ShownById { id: id.0, wallet: wallet.0 })?
            .map(shown)
            .transpose()
    }
}
