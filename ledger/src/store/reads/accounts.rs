//! Accounts: finding them by what they are called, and what moved on them.

use diesel::sql_types::{BigInt, SmallInt, Text};

use crate::domain::account::AccountKind;
use crate::domain::bank::BankId;
use crate::domain::ids::{AccountId, WalletId};
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::UnsealedTransfers;
use super::transfers::WalletRows;

statement! {
    both PayableByCode<'a> { code: &'a str } -> (BigInt, SmallInt, Text);
    "SELECT m.id, b.id, b.code FROM merchants m JOIN banks b ON b.id = m.bank_id
     WHERE m.code = " [code: Text]
}

statement! {
    both WalletById { id: i64 } -> (BigInt, SmallInt, Text);
    "SELECT w.id, b.id, b.code FROM wallets w JOIN banks b ON b.id = w.bank_id
     WHERE w.id = " [id: BigInt]
}

statement! {
    both BankAccounts<'a> { code: &'a str } -> (SmallInt, BigInt, BigInt, BigInt, BigInt);
    "SELECT id, holding_account, unallocated_account, suspense_account, fees_account
     FROM banks WHERE code = " [code: Text]
}

statement! {
    both WalletBalance { id: i64 } -> BigInt;
    "SELECT balance FROM wallets WHERE id = " [id: BigInt]
}

/// The two sums of an account's transfers `t`.
macro_rules! two_sums {
    () => {
        "SELECT CAST(COALESCE(SUM(s.debit), 0) AS BIGINT),
                CAST(COALESCE(SUM(s.credit), 0) AS BIGINT) FROM ("
    };
}

statement! {
    both Sides { account: i64 };
    "SELECT CASE WHEN t.debit_account = " [account: BigInt] " THEN t.amount ELSE 0 END AS debit,
        CASE WHEN t.credit_account = " [account: BigInt] " THEN t.amount ELSE 0 END AS credit "
}

statement! {
    both WalletTurnover { sides: Sides, rows: WalletRows } -> (BigInt, BigInt);
    (two_sums!()) {sides} " FROM " {rows} ") s"
}

statement! {
    // The purchases at a shop, what is filed in the account's log, and what is not filed yet.
    both LoggedTurnover { unsealed: UnsealedTransfers, account: i64, sides: Sides } -> (BigInt, BigInt);
    (two_sums!()) {sides} " FROM attempt_log a
        JOIN transfers t ON t.id = a.redemption_id AND t.anchor_id = a.wallet_id
        WHERE a.merchant_id = " [account: BigInt] " AND a.log_position IS NOT NULL
        UNION ALL " {sides} " FROM account_log l
        JOIN transfers t ON t.id = l.transfer_id AND t.anchor_id = l.anchor_id
        WHERE l.account_id = " [account: BigInt] "
        UNION ALL " {sides} " FROM " {unsealed} " t
        WHERE (t.debit_account = " [account: BigInt] " OR t.credit_account = " [account: BigInt] ")) s"
}

statement! {
    both ScannedTurnover { account: i64, sides: Sides } -> (BigInt, BigInt);
    (two_sums!()) {sides} " FROM transfers t
        WHERE t.debit_account = " [account: BigInt] " OR t.credit_account = " [account: BigInt] ") s"
}

/// An account, and the bank it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct AccountRow {
    pub(crate) id: AccountId,
    pub(crate) kind: AccountKind,
    pub(crate) bank: BankId,
    pub(crate) bank_code: String,
    /// The merchant's code, where it is a payable.
    pub(crate) merchant: Option<String>,
}

/// What was debited and credited to an account: rupiah.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turnover {
    pub(crate) debit: i64,
    pub(crate) credit: i64,
}

impl From<(i64, i64)> for Turnover {
    fn from((debit, credit): (i64, i64)) -> Self {
        Self { debit, credit }
    }
}

impl Connection {
    /// What is owed to the merchant with this code.
    pub(crate) fn payable_account(
        &mut self,
        merchant: &str,
    ) -> Result<Option<AccountRow>, StoreError> {
        let found: Option<(i64, i16, String)> = self.first(PayableByCode { code: merchant })?;
        Ok(found.map(|(id, bank, bank_code)| AccountRow {
            id: AccountId(id),
            kind: AccountKind::Payable,
            bank: BankId(bank),
            bank_code,
            merchant: Some(merchant.to_owned()),
        }))
    }

    /// The wallet with this id.
    pub(crate) fn wallet_account(
        &mut self,
        wallet: WalletId,
    ) -> Result<Option<AccountRow>, StoreError> {
        let found: Option<(i64, i16, String)> = self.first(WalletById { id: wallet.0 })?;
        Ok(found.map(|(id, bank, bank_code)| AccountRow {
            id: AccountId(id),
            kind: AccountKind::Wallet,
            bank: BankId(bank),
            bank_code,
            merchant: None,
        }))
    }

    /// One of a bank's own accounts; `None` for the kinds of which a bank has many.
    pub(crate) fn bank_account(
        &mut self,
        bank_code: &str,
        kind: AccountKind,
    ) -> Result<Option<AccountRow>, StoreError> {
        let found: Option<(i16, i64, i64, i64, i64)> =
            self.first(BankAccounts { code: bank_code })?;
        Ok(found.and_then(|(bank, holding, unallocated, suspense, fees)| {
            let id = match kind {
                AccountKind::Holding => holding,
                AccountKind::Unallocated => unallocated,
                AccountKind::Suspense => suspense,
                AccountKind::Fees => fees,
                AccountKind::Wallet | AccountKind::Payable => return None,
            };
            Some(AccountRow {
                id: AccountId(id),
                kind,
                bank: BankId(bank),
                bank_code: bank_code.to_owned(),
                merchant: None,
            })
        }))
    }

    /// What a wallet holds, by its row.
    pub(crate) fn wallet_balance(&mut self, wallet: WalletId) -> Result<Option<i64>, StoreError> {
        self.first(WalletBalance { id: wallet.0 })
    }

    /// What moved on an account, summed up from its transfers. Credits to families are in no log but
    /// the families' own, so `unallocated` takes a walk over all transfers.
    pub(crate) fn turnover(
        &mut self,
        account: AccountId,
        kind: AccountKind,
    ) -> Result<Turnover, StoreError> {
        let account = account.0;
        let sides = Sides { account };
        let sums: Option<(i64, i64)> = match kind {
            AccountKind::Wallet => {
                self.first(WalletTurnover { sides, rows: WalletRows::of(AccountId(account)) })
            }
            AccountKind::Unallocated => self.first(ScannedTurnover { account, sides }),
            AccountKind::Holding
            | AccountKind::Payable
            | AccountKind::Suspense
            | AccountKind::Fees => {
                self.first(LoggedTurnover { unsealed: UnsealedTransfers, account, sides })
            }
        }?;
        Ok(sums.unwrap_or_default().into())
    }
}
