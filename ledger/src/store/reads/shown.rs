//! Transfers as they are shown: with their accounts' names, and the purchase they belong to.

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

use super::{AccountRow, RowKey};

type TransferSql = (
    (BigInt, BigInt, SmallInt, BigInt, Nullable<BigInt>, BigInt, Integer),
    (BigInt, SmallInt, SmallInt, Text, Nullable<Text>),
    (BigInt, SmallInt, SmallInt, Text, Nullable<Text>),
    (Nullable<BigInt>, Nullable<BigInt>),
);
type AccountColumns = (i64, i16, i16, String, Option<String>);
type TransferRow = (
    (i64, i64, i16, i64, Option<i64>, i64, i32),
    AccountColumns,
    AccountColumns,
    (Option<i64>, Option<i64>),
);

/// A purchase's transfer has its id. What took it back is found among the wallet's purchases at that
/// shop.
macro_rules! transfer_columns {
    () => {
        "SELECT t.id, t.anchor_id, t.kind, t.amount, t.balance_after, t.created_at, t.business_date,
            d.id, d.kind, d.bank_id, db.code, dm.code, c.id, c.kind, c.bank_id, cb.code, cm.code,
            r.id, r.card_id"
    };
}

macro_rules! transfer_joins {
    () => {
        " JOIN accounts d ON d.id = t.debit_account
          JOIN banks db ON db.id = d.bank_id
          LEFT JOIN merchants dm ON dm.id = d.id
          JOIN accounts c ON c.id = t.credit_account
          JOIN banks cb ON cb.id = c.bank_id
          LEFT JOIN merchants cm ON cm.id = c.id
          LEFT JOIN redemptions r ON r.wallet_id = t.anchor_id AND r.id = CASE t.kind
            WHEN 3 THEN t.id
            WHEN 4 THEN (SELECT o.id FROM redemptions o
                JOIN reversals v ON v.redemption_id = o.id AND v.wallet_id = o.wallet_id
                WHERE o.wallet_id = t.anchor_id AND o.merchant_id = t.debit_account
                    AND v.transfer_id = t.id)
            END "
    };
}

statement! {
    sqlite ShownById { id: i64, anchor: i64 } -> TransferSql;
    (transfer_columns!()) " FROM transfers t" (transfer_joins!())
    "WHERE t.id = " [id: BigInt] " AND t.anchor_id = " [anchor: BigInt]
}

statement! {
    postgres ShownByKeys<'a> { ids: &'a [i64], anchors: &'a [i64] } -> TransferSql;
    (transfer_columns!())
    " FROM unnest(" [ids: Array<BigInt>] ", " [anchors: Array<BigInt>] ") AS k (id, anchor_id)
     JOIN transfers t ON t.id = k.id AND t.anchor_id = k.anchor_id" (transfer_joins!())
}

/// A transfer with its accounts' names and the purchase it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct ShownTransferRow {
    pub(crate) transfer: Transfer,
    pub(crate) debit: AccountRow,
    pub(crate) credit: AccountRow,
    /// The purchase that it is, or that it took back.
    pub(crate) redemption: Option<RowId>,
    /// The card of that purchase.
    pub(crate) card: Option<CardId>,
}

impl Connection {
    /// The transfers with these keys as they are shown, in any order.
    pub(crate) fn shown_transfers(
        &mut self,
        keys: &[RowKey],
    ) -> Result<Vec<ShownTransferRow>, StoreError> {
        let mut rows: Vec<TransferRow> = Vec::with_capacity(keys.len());
        match self {
            Self::Postgres(postgres) => {
                let (ids, anchors): (Vec<i64>, Vec<i64>) =
                    keys.iter().map(|(id, anchor)| (id.0, anchor.0)).unzip();
                rows = ShownByKeys { ids: &ids, anchors: &anchors }.load(postgres)?;
            }
            Self::Sqlite(sqlite) => {
                for (id, anchor) in keys {
                    let statement = ShownById { id: id.0, anchor: anchor.0 };
                    rows.extend(statement.load::<TransferRow>(sqlite)?);
                }
            }
        }
        rows.into_iter().map(shown).collect()
    }
}

/// Reads a transfer's row, and refuses one that nothing could have made.
fn shown(
    (own, debit, credit, (redemption, card)): TransferRow,
) -> Result<ShownTransferRow, StoreError> {
    let (id, anchor, kind, amount, balance_after, created_at, business_date) = own;
    let corrupt = |what: &str| StoreError::corrupt(format!("transfer {id}: {what}"));
    let money = |amount| Rupiah::new(amount).map_err(|_below| corrupt("an amount is below zero"));
    let account = |(id, kind, bank, bank_code, merchant): AccountColumns| {
        let kind = AccountKind::from_number(kind)
            .ok_or_else(|| corrupt("an account's kind is unknown"))?;
        let (id, bank) = (AccountId(id), BankId(bank));
        Ok::<_, StoreError>(AccountRow { id, kind, bank, bank_code, merchant })
    };
    let (debit, credit) = (account(debit)?, account(credit)?);
    let kind = TransferKind::from_number(kind).ok_or_else(|| corrupt("its kind is unknown"))?;
    let date = Date::from_number(business_date)
        .map_err(|_no_date| corrupt("its business date is no date"))?;
    let transfer = Transfer::new(
        RowId(id),
        kind,
        Sides { debit: debit.id, credit: credit.id, anchor: AccountId(anchor) },
        money(amount)?,
        balance_after.map(money).transpose()?,
        (Instant::from_millis(created_at), date),
    )
    .map_err(|error| corrupt(&error.to_string()))?;
    let (redemption, card) = (redemption.map(RowId), card.map(CardId));
    Ok(ShownTransferRow { transfer, debit, credit, redemption, card })
}
