//! Transfers as they are read for lists, and the accounts beside them.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, SmallInt, Text};

use crate::domain::account::AccountKind;
use crate::domain::bank::BankId;
use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::{AccountId, CardId, RowId};
use crate::domain::money::Rupiah;
use crate::domain::transfer::{Sides, Transfer, TransferKind};
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::AccountRow;

/// The SQL types of a transfer `t` and of its purchase `r`.
pub(super) type TransferSql = (
    (BigInt, BigInt, SmallInt, BigInt, BigInt),
    (BigInt, Nullable<BigInt>, Nullable<BigInt>, BigInt, Integer),
    (Nullable<BigInt>, Nullable<SmallInt>),
);

/// The same as the driver reads it.
pub(super) type TransferColumns = (
    (i64, i64, i16, i64, i64),
    (i64, Option<i64>, Option<i64>, i64, i32),
    (Option<i64>, Option<i16>),
);

macro_rules! transfer_columns {
    () => {
        "t.id, t.anchor_id, t.kind, t.debit_account, t.credit_account, t.amount, t.balance_after,
            t.subject, t.created_at, t.business_date, r.card_id, r.issuer"
    };
}

/// A purchase's transfer has its id, what took it back is about it.
macro_rules! with_purchase {
    () => {
        " LEFT JOIN redemptions r ON r.wallet_id = t.anchor_id
            AND r.id = CASE t.kind WHEN 3 THEN t.id WHEN 4 THEN t.subject END "
    };
}

pub(super) use {transfer_columns, with_purchase};

type AccountSql = (BigInt, SmallInt, SmallInt, Text, Nullable<Text>);
type AccountColumns = (i64, i16, i16, String, Option<String>);

macro_rules! account_columns {
    () => {
        "SELECT a.id, a.kind, a.bank_id, b.code, m.code FROM "
    };
}

macro_rules! with_bank_and_shop {
    () => {
        " JOIN banks b ON b.id = a.bank_id LEFT JOIN merchants m ON m.id = a.id "
    };
}

statement! {
    sqlite AccountById { id: i64 } -> AccountSql;
    (account_columns!()) "accounts a" (with_bank_and_shop!()) "WHERE a.id = " [id: BigInt]
}

statement! {
    postgres AccountsById<'a> { ids: &'a [i64] } -> AccountSql;
    (account_columns!()) "unnest(" [ids: Array<BigInt>] ") AS k (id) JOIN accounts a ON a.id = k.id"
    (with_bank_and_shop!())
}

/// A transfer with what a list shows of the purchase that it is or that it took back.
#[derive(Clone, Debug)]
pub(crate) struct TransferRow {
    pub(crate) transfer: Transfer,
    /// The card of that purchase.
    pub(crate) card: Option<CardId>,
    /// The bank of that card, whose wallet it opens.
    pub(crate) issuer: Option<BankId>,
}

impl TransferRow {
    /// The purchase that it is, or that it took back.
    pub(crate) fn purchase(&self) -> Option<RowId> {
        match self.transfer.kind() {
            TransferKind::Redemption => Some(self.transfer.id()),
            TransferKind::Reversal => self.transfer.subject().map(RowId),
            TransferKind::Funding
            | TransferKind::Credit
            | TransferKind::Settlement
            | TransferKind::Sweep
            | TransferKind::Return
            | TransferKind::Adjustment
            | TransferKind::CreditReversal => None,
        }
    }
}

impl Connection {
    /// These accounts, in any order.
    pub(crate) fn accounts_by_id(
        &mut self,
        ids: &[AccountId],
    ) -> Result<Vec<AccountRow>, StoreError> {
        let mut rows: Vec<AccountColumns> = Vec::with_capacity(ids.len());
        match self {
            Self::Postgres(postgres) => {
                let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
                rows = AccountsById { ids: &ids }.load(postgres)?;
            }
            Self::Sqlite(sqlite) => {
                for id in ids {
                    rows.extend(AccountById { id: id.0 }.load::<AccountColumns>(sqlite)?);
                }
            }
        }
        rows.into_iter().map(account_row).collect()
    }
}

fn account_row(columns: AccountColumns) -> Result<AccountRow, StoreError> {
    let (id, kind, bank, bank_code, merchant) = columns;
    let kind = AccountKind::from_number(kind)
        .ok_or_else(|| StoreError::corrupt(format!("account {id}: its kind is unknown")))?;
    Ok(AccountRow { id: AccountId(id), kind, bank: BankId(bank), bank_code, merchant })
}

/// Reads a transfer's row, and refuses one that nothing could have made.
pub(super) fn transfer_row(columns: TransferColumns) -> Result<TransferRow, StoreError> {
    let ((id, anchor, kind, debit, credit), moved, (card, issuer)) = columns;
    let (amount, balance_after, subject, created_at, business_date) = moved;
    let corrupt = |what: &str| StoreError::corrupt(format!("transfer {id}: {what}"));
    let money = |amount| Rupiah::new(amount).map_err(|_below| corrupt("an amount is below zero"));
    let kind = TransferKind::from_number(kind).ok_or_else(|| corrupt("its kind is unknown"))?;
    let date = Date::from_number(business_date)
        .map_err(|_no_date| corrupt("its business date is no date"))?;
    let sides =
        Sides { debit: AccountId(debit), credit: AccountId(credit), anchor: AccountId(anchor) };
    let transfer = Transfer::new(
        RowId(id),
        kind,
        sides,
        money(amount)?,
        balance_after.map(money).transpose()?,
        (Instant::from_millis(created_at), date),
    )
    .map_err(|error| corrupt(&error.to_string()))?
    .about(subject);
    Ok(TransferRow { transfer, card: card.map(CardId), issuer: issuer.map(BankId) })
}
