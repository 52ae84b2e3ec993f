//! Totals over everything that moved.

use diesel::sql_types::{BigInt, Nullable, SmallInt, Text};

use crate::domain::account::AccountKind;
use crate::domain::bank::BankId;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::Turnover;

statement! {
    // Both sides of every transfer, by account first, so that few rows are kept at a time; then a
    // bank's wallets together.
    both TrialBalance { bank: Option<i16> } -> (SmallInt, Text, Nullable<Text>, BigInt, BigInt);
    "SELECT g.kind, b.code, m.code, g.debit, g.credit FROM (
        SELECT a.kind, a.bank_id, CASE WHEN a.kind = 3 THEN 0 ELSE a.id END AS account_id,
            CAST(SUM(x.debit) AS BIGINT) AS debit, CAST(SUM(x.credit) AS BIGINT) AS credit
        FROM (SELECT debit_account AS account_id, SUM(amount) AS debit, 0 AS credit
            FROM transfers GROUP BY debit_account
            UNION ALL
            SELECT credit_account, 0, SUM(amount) FROM transfers GROUP BY credit_account) x
        JOIN accounts a ON a.id = x.account_id
        WHERE " [bank: Nullable<SmallInt>] " IS NULL OR a.bank_id = " [bank: Nullable<SmallInt>] "
        GROUP BY a.kind, a.bank_id, CASE WHEN a.kind = 3 THEN 0 ELSE a.id END
     ) g
     JOIN banks b ON b.id = g.bank_id
     LEFT JOIN merchants m ON m.id = g.account_id
     ORDER BY g.kind, b.code, m.code"
}

/// What moved on one account, or on all wallets of one bank.
#[derive(Clone, Debug)]
pub(crate) struct TurnoverLine {
    pub(crate) kind: AccountKind,
    pub(crate) bank_code: String,
    /// The merchant's code, where it is a payable.
    pub(crate) merchant: Option<String>,
    pub(crate) turnover: Turnover,
}

impl Connection {
    /// What moved on every account that anything moved on, or on those of one bank.
    pub(crate) fn trial_balance(
        &mut self,
        bank: Option<BankId>,
    ) -> Result<Vec<TurnoverLine>, StoreError> {
        let rows: Vec<(i16, String, Option<String>, i64, i64)> =
            self.load(TrialBalance { bank: bank.map(|bank| bank.0) })?;
        rows.into_iter()
            .map(|(kind, bank_code, merchant, debit, credit)| {
                let kind = AccountKind::from_number(kind).ok_or_else(|| {
                    StoreError::corrupt(format!("account kind {kind} is unknown"))
                })?;
                Ok(TurnoverLine { kind, bank_code, merchant, turnover: Turnover { debit, credit } })
            })
            .collect()
    }
}
