//! Accounts: finding them by what they are called, and what moved on them.

use diesel::sql_types::{BigInt, Bool, SmallInt, Text};

use crate::domain::account::AccountKind;
use crate::domain::bank::BankId;
use crate::domain::ids::{AccountId, MerchantId, WalletId};
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::transfers::WalletRows;
use super::{LogSpan, SealedTransfers, UnsealedTransfers};

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
    /// What touches an account and has no place in the log yet, when that is wanted.
    both UnsealedSides { sides: Sides, transfers: UnsealedTransfers, wanted: bool, account: i64 };
    {sides} " FROM " {transfers} " t WHERE " [wanted: Bool] " AND (t.debit_account = "
    [account: BigInt] " OR t.credit_account = " [account: BigInt] ")"
}

statement! {
    both WalletTurnover { sides: Sides, rows: WalletRows, below: i64 } -> (BigInt, BigInt);
    (two_sums!()) {sides} " FROM " {rows} "WHERE k.id < " [below: BigInt] ") s"
}

statement! {
    both WalletIds { rows: WalletRows } -> BigInt;
    "SELECT k.id FROM " {rows} "ORDER BY k.id"
}

statement! {
    // The purchases at a shop, and what is filed in its account's log.
    both PayableTurnover {
        sides: Sides, account: i64, first: i64, above: i64, from: i64, to: i64,
        unsealed: UnsealedSides,
    } -> (BigInt, BigInt);
    (two_sums!()) {sides} " FROM attempt_log a
        JOIN transfers t ON t.id = a.redemption_id AND t.anchor_id = a.wallet_id
        WHERE a.merchant_id = " [account: BigInt] " AND a.attempt_no >= " [first: BigInt]
    "       AND a.attempt_no < " [above: BigInt] " AND a.log_position IS NOT NULL
        UNION ALL " {sides} " FROM account_log l
        JOIN transfers t ON t.id = l.transfer_id AND t.anchor_id = l.anchor_id
        WHERE l.account_id = " [account: BigInt] " AND l.log_position >= " [from: BigInt]
    "       AND l.log_position < " [to: BigInt] "
        UNION ALL " {unsealed} ") s"
}

statement! {
    both NextSale { merchant: i64, attempt_no: i64 } -> BigInt;
    "SELECT log_position FROM attempt_log
     WHERE merchant_id = " [merchant: BigInt] " AND attempt_no >= " [attempt_no: BigInt]
    " AND log_position IS NOT NULL ORDER BY attempt_no LIMIT 1"
}

statement! {
    // No purchase touches a bank's own account.
    both BankTurnover {
        sides: Sides, transfers: SealedTransfers, account: i64, unsealed: UnsealedSides,
    } -> (BigInt, BigInt);
    (two_sums!()) {sides} " FROM " {transfers} " t WHERE (t.debit_account = " [account: BigInt]
    " OR t.credit_account = " [account: BigInt] ") UNION ALL " {unsealed} ") s"
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

/// How much of history an answer takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// What has its place in the log below this.
    pub(crate) size: i64,
    /// And what has no place yet.
    pub(crate) unsealed: bool,
}

impl From<(i64, i64)> for Turnover {
    fn from((debit, credit): (i64, i64)) -> Self {
        Self { debit, credit }
    }
}

impl Turnover {
    /// Adds to both sides.
    pub(crate) fn add(&mut self, more: Self) -> Result<(), StoreError> {
        let sum = |one: i64, other: i64| {
            let too_much = || StoreError::corrupt("the turnover is more than can be counted");
            one.checked_add(other).ok_or_else(too_much)
        };
        self.debit = sum(self.debit, more.debit)?;
        self.credit = sum(self.credit, more.credit)?;
        Ok(())
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

    /// What moved on a wallet in transfers with ids below `below`.
    pub(crate) fn wallet_turnover(
        &mut self,
        wallet: WalletId,
        below: i64,
    ) -> Result<Turnover, StoreError> {
        let (sides, rows) = (Sides { account: wallet.0 }, WalletRows::of(wallet));
        let sums: Option<(i64, i64)> = self.first(WalletTurnover { sides, rows, below })?;
        Ok(sums.unwrap_or_default().into())
    }

    /// The ids of everything that moved on a wallet, in order; in that order it was sealed, too.
    pub(crate) fn wallet_transfer_ids(&mut self, wallet: WalletId) -> Result<Vec<i64>, StoreError> {
        self.load(WalletIds { rows: WalletRows::of(wallet) })
    }

    /// What moved on a merchant's payable within the extent from a place in the log on. `attempts` are
    /// the first number of an attempt at the shop that is in it and the first behind it.
    pub(crate) fn payable_turnover(
        &mut self,
        account: MerchantId,
        (from, extent): (i64, Extent),
        (first, above): (i64, i64),
    ) -> Result<Turnover, StoreError> {
        let account = account.0;
        let (to, unsealed) = (extent.size, unsealed_sides(account, extent));
        let sides = Sides { account };
        let statement = PayableTurnover { sides, account, first, above, from, to, unsealed };
        let sums: Option<(i64, i64)> = self.first(statement)?;
        Ok(sums.unwrap_or_default().into())
    }

    /// The place in the log of the first purchase at a shop with this number or a higher one.
    pub(crate) fn place_of_sale(
        &mut self,
        merchant: MerchantId,
        attempt_no: i64,
    ) -> Result<Option<i64>, StoreError> {
        self.first(NextSale { merchant: merchant.0, attempt_no })
    }

    /// What moved on one of a bank's own accounts within the extent from a roll-up on.
    pub(crate) fn bank_turnover(
        &mut self,
        account: AccountId,
        from: i64,
        extent: Extent,
    ) -> Result<Turnover, StoreError> {
        let (account, span) = (account.0, LogSpan { from, to: extent.size });
        let transfers = self.sealed_transfers(span)?;
        let (sides, unsealed) = (Sides { account }, unsealed_sides(account, extent));
        let sums: Option<(i64, i64)> =
            self.first(BankTurnover { sides, transfers, account, unsealed })?;
        Ok(sums.unwrap_or_default().into())
    }
}

fn unsealed_sides(account: i64, extent: Extent) -> UnsealedSides {
    let (sides, transfers) = (Sides { account }, UnsealedTransfers);
    UnsealedSides { sides, transfers, wanted: extent.unsealed, account }
}
