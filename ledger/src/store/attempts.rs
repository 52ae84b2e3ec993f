//! Attempts read back from their rows.

use std::sync::Arc;

use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::basket::Basket;
use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::{AccountId, CardId, RowId, TerminalId};
use crate::domain::money::Rupiah;
use crate::domain::policy::Objection;
use crate::domain::receipt::RetrievalReference;
use crate::domain::redemption::{Attempt, Debit, Outcome};
use crate::domain::refusal::Refusal;

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

/// The SQL types of an attempt: who and where, how it was decided, what was asked.
pub(super) type AttemptSql = (
    (BigInt, BigInt, Nullable<BigInt>, BigInt, BigInt, Nullable<SmallInt>, SmallInt),
    (SmallInt, Nullable<SmallInt>, Nullable<BigInt>, TransferSql, Integer, BigInt, Integer),
    (Binary, Binary, Text),
);

/// What an approved attempt's transfer says: the balance after it, and the retrieval reference.
type TransferSql = (Nullable<BigInt>, Nullable<BigInt>);

/// An attempt as the driver reads it.
pub(super) type AttemptRow = (
    (i64, i64, Option<i64>, i64, i64, Option<i16>, i16),
    (i16, Option<i16>, Option<i64>, (Option<i64>, Option<i64>), i32, i64, i32),
    (Vec<u8>, Vec<u8>, String),
);

macro_rules! attempt_columns {
    () => {
        "SELECT r.id, r.wallet_id, r.card_id, r.merchant_id, r.terminal_id, r.issuer, r.acquirer,
            r.refusal, r.refusal_line, r.refusal_ceiling, t.balance_after, t.subject,
            r.policy_version,
            r.created_at, r.business_date, r.key_hash, r.request_mac, r.lines"
    };
}

pub(super) use attempt_columns;

statement! {
    both AttemptById { id: i64, wallet: i64 } -> AttemptSql;
    (attempt_columns!()) " FROM redemptions r
     LEFT JOIN transfers t ON t.id = r.id AND t.anchor_id = r.wallet_id
     WHERE r.id = " [id: BigInt] " AND r.wallet_id = " [wallet: BigInt]
}

impl Connection {
    /// The attempt with this id, if there is one.
    pub(crate) fn attempt(
        &mut self,
        id: RowId,
        wallet: AccountId,
    ) -> Result<Option<Attempt>, StoreError> {
        self.first::<_, AttemptRow>(AttemptById { id: id.0, wallet: wallet.0 })?
            .map(attempt)
            .transpose()
    }
}

/// Reads an attempt's row, and refuses one that no request could have made.
pub(super) fn attempt(row: AttemptRow) -> Result<Attempt, StoreError> {
    let ((id, wallet, card, merchant, terminal, issuer, acquirer), decided, (key, mac, lines)) =
        row;
    let (refusal, line, ceiling, transfer, policy_version, created_at, business_date) = decided;
    let (balance_after, reference) = transfer;
    let corrupt = |what: &str| StoreError::corrupt(format!("redemption {id}: {what}"));
    let money = |amount: Option<i64>| {
        amount.map(Rupiah::new).transpose().map_err(|_below| corrupt("an amount is below zero"))
    };
    let basket = Basket::from_record(&lines);
    let reference = reference.map(|number| {
        RetrievalReference::from_stored(number).ok_or_else(|| corrupt("its reference is too long"))
    });
    let outcome = if refusal == 0 {
        let balance_after = money(balance_after)?
            .ok_or_else(|| corrupt("it is approved and has no transfer with a balance"))?;
        let basket = basket.as_ref().and_then(Basket::total);
        let debit = basket.and_then(|amount| Debit::leaving(balance_after, amount));
        Outcome::Approved(debit.ok_or_else(|| corrupt("it is approved without an amount"))?)
    } else {
        let refusal =
            Refusal::from_number(refusal).ok_or_else(|| corrupt("its refusal is unknown"))?;
        Outcome::Refused(Objection { refusal, line, ceiling: money(ceiling)? })
    };
    Ok(Attempt {
        id: RowId(id),
        wallet: AccountId(wallet),
        card: card.map(CardId),
        merchant: AccountId(merchant),
        terminal: TerminalId(terminal),
        issuer: issuer.map(BankId),
        acquirer: BankId(acquirer),
        key_hash: key.try_into().map_err(|_length| corrupt("its key's hash is not 16 bytes"))?,
        request: mac.try_into().map_err(|_length| corrupt("its request's hash is not 16 bytes"))?,
        outcome,
        reference: reference.transpose()?,
        basket: Arc::new(basket.ok_or_else(|| corrupt("its lines can't be read"))?),
        policy_version,
        created_at: Instant::from_millis(created_at),
        business_date: Date::from_number(business_date)
            .map_err(|_no_date| corrupt("its business date is no date"))?,
    })
}
