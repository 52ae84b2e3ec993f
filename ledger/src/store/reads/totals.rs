//! All accounts that are not wallets, with the figures kept for each.

use diesel::sql_types::{BigInt, Nullable, SmallInt, Text};

use crate::domain::account::AccountKind;
use crate::domain::bank::BankId;
use crate::domain::ids::AccountId;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::Turnover;

type KnownSql = ((BigInt, SmallInt, Text, Nullable<Text>), (Nullable<BigInt>, Nullable<BigInt>));
type KnownRow = ((i64, i16, String, Option<String>), (Option<i64>, Option<i64>));

statement! {
    both KnownAccounts { size: i64, bank: Option<i16> } -> KnownSql;
    "SELECT k.id, k.kind, b.code, k.merchant, r.debit, r.credit
     FROM (
        SELECT id, CAST(4 AS SMALLINT) AS kind, bank_id, code AS merchant FROM merchants
        UNION ALL SELECT holding_account, CAST(1 AS SMALLINT), id, NULL FROM banks
        UNION ALL SELECT unallocated_account, CAST(2 AS SMALLINT), id, NULL FROM banks
        UNION ALL SELECT suspense_account, CAST(5 AS SMALLINT), id, NULL FROM banks
        UNION ALL SELECT fees_account, CAST(6 AS SMALLINT), id, NULL FROM banks
     ) k
     JOIN banks b ON b.id = k.bank_id
     LEFT JOIN account_rollups r ON r.account_id = k.id AND r.log_size = (
        SELECT MAX(x.log_size) FROM account_rollups x
        WHERE x.account_id = k.id AND x.log_size <= " [size: BigInt] ")
     WHERE " [bank: Nullable<SmallInt>] " IS NULL OR b.id = " [bank: Nullable<SmallInt>]
}

/// An account that is not a wallet, and the figures kept for it.
#[derive(Clone, Debug)]
pub(crate) struct KnownAccount {
    pub(crate) id: AccountId,
    pub(crate) kind: AccountKind,
    pub(crate) bank_code: String,
    /// The merchant's code, where it is a payable.
    pub(crate) merchant: Option<String>,
    /// What moved up to the roll-up.
    pub(crate) turnover: Turnover,
}

impl Connection {
    /// All accounts that are not wallets, or those of one bank, with the figures kept at a size of
    /// the log or below it.
    pub(crate) fn known_accounts(
        &mut self,
        size: i64,
        bank: Option<BankId>,
    ) -> Result<Vec<KnownAccount>, StoreError> {
        let rows: Vec<KnownRow> =
            self.load(KnownAccounts { size, bank: bank.map(|bank| bank.0) })?;
        rows.into_iter()
            .map(|((id, kind, bank_code, merchant), (debit, credit))| {
                let kind = AccountKind::from_number(kind).ok_or_else(|| {
                    StoreError::corrupt(format!("account kind {kind} is unknown"))
                })?;
                let turnover = Turnover { debit: debit.unwrap_or(0), credit: credit.unwrap_or(0) };
                Ok(KnownAccount { id: AccountId(id), kind, bank_code, merchant, turnover })
            })
            .collect()
    }
}
