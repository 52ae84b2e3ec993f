//! Roll-ups: what was debited and credited to every account up to certain sizes of the log. What is
//! asked of any other size is the roll-up below it and what moved since. Only the sealer writes them.

use std::collections::BTreeMap;

use diesel::RunQueryDsl as _;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, SmallInt};

use crate::domain::bank::BankId;
use crate::domain::ids::AccountId;

use super::bulk::bulk_insert;
use super::connection::Connection;
use super::error::StoreError;
use super::reads::{
    AnchorWallet, LogSpan, SealedPurchases, SealedTransfers, Turnover, UnsealedTransfers,
};
use super::statement::statement;

statement! {
    both RollupAt { size: i64 } -> (BigInt, Integer);
    "SELECT log_size, sums FROM rollups WHERE log_size <= " [size: BigInt]
    " ORDER BY log_size DESC LIMIT 1"
}

statement! {
    both InsertRollup { size: i64, sums: i32 };
    "INSERT INTO rollups (log_size, sums) VALUES (" [size: BigInt] ", " [sums: Integer] ")"
}

bulk_insert! {
    /// What moved on an account up to a roll-up.
    AccountSum, AccountSums, "account_rollups",
    account_id: i64 => BigInt,
    log_size: i64 => BigInt,
    debit: i64 => BigInt,
    credit: i64 => BigInt,
}

bulk_insert! {
    /// What moved on all wallets of a bank up to a roll-up.
    WalletSum, WalletSums, "wallet_rollups",
    bank_id: i16 => SmallInt,
    log_size: i64 => BigInt,
    debit: i64 => BigInt,
    credit: i64 => BigInt,
}

statement! {
    both AccountSumAt { account: i64, size: i64 } -> (BigInt, BigInt, BigInt);
    "SELECT log_size, debit, credit FROM account_rollups WHERE account_id = " [account: BigInt]
    " AND log_size <= " [size: BigInt] " ORDER BY log_size DESC LIMIT 1"
}

statement! {
    postgres AccountSumsAt<'a> { accounts: &'a [i64], size: i64 } -> (BigInt, BigInt, BigInt);
    "SELECT k.id, r.debit, r.credit FROM unnest(" [accounts: Array<BigInt>] ") AS k (id)
     CROSS JOIN LATERAL (SELECT debit, credit FROM account_rollups
        WHERE account_id = k.id AND log_size <= " [size: BigInt] "
        ORDER BY log_size DESC LIMIT 1) r"
}

statement! {
    both WalletSumsAt { size: i64 } -> (SmallInt, BigInt, BigInt);
    "SELECT r.bank_id, r.debit, r.credit FROM banks b
     JOIN wallet_rollups r ON r.bank_id = b.id AND r.log_size = (
        SELECT MAX(x.log_size) FROM wallet_rollups x
        WHERE x.bank_id = b.id AND x.log_size <= " [size: BigInt] ")"
}

/// What moved from whom to whom, of transfers `t` with the wallet they are stored with: a wallet is
/// null, and all of a bank are one.
macro_rules! flows_of {
    () => {
        "SELECT CASE WHEN w.id = t.debit_account THEN NULL ELSE t.debit_account END,
                CASE WHEN k.id IS NOT NULL OR w.id = t.credit_account THEN NULL
                    ELSE t.credit_account END,
                COALESCE(k.id, w.bank_id), CAST(SUM(t.amount) AS BIGINT) FROM "
    };
}

type FlowSql = (Nullable<BigInt>, Nullable<BigInt>, Nullable<SmallInt>, BigInt);
type FlowRow = (Option<i64>, Option<i64>, Option<i16>, i64);

statement! {
    // A purchase names the card's bank, so that no wallet is looked up.
    both PurchaseFlows { purchases: SealedPurchases } -> FlowSql;
    "SELECT CAST(NULL AS BIGINT), r.merchant_id, r.issuer, CAST(SUM(r.amount) AS BIGINT) FROM "
    {purchases} " r WHERE r.refusal = 0 GROUP BY r.merchant_id, r.issuer"
}

statement! {
    both OtherFlows { transfers: SealedTransfers, wallet: AnchorWallet } -> FlowSql;
    (flows_of!()) {transfers} " t" {wallet} " GROUP BY 1, 2, 3"
}

statement! {
    both UnsealedFlows { transfers: UnsealedTransfers, wallet: AnchorWallet } -> FlowSql;
    (flows_of!()) {transfers} " t" {wallet} " GROUP BY 1, 2, 3"
}

/// What is summed up as one: an account, or all wallets of a bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    /// An account that is not a wallet.
    Account(AccountId),
    /// A bank's wallets.
    Wallets(BankId),
}

/// Sums by holder.
pub(crate) type Turnovers = BTreeMap<Holder, Turnover>;

/// A size of the log up to which sums are kept, and how many had changed since the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rollup {
    pub(crate) log_size: i64,
    pub(crate) sums: i32,
}

/// Adds rows of flows to sums.
fn add_flows(sums: &mut Turnovers, flows: Vec<FlowRow>) -> Result<(), StoreError> {
    for (debit, credit, bank, amount) in flows {
        let holder = |account: Option<i64>| match (account, bank) {
            (Some(account), _) => Ok(Holder::Account(AccountId(account))),
            (None, Some(bank)) => Ok(Holder::Wallets(BankId(bank))),
            (None, None) => Err(StoreError::corrupt("a transfer's wallet has no bank")),
        };
        sums.entry(holder(debit)?).or_default().add(Turnover { debit: amount, credit: 0 })?;
        sums.entry(holder(credit)?).or_default().add(Turnover { debit: 0, credit: amount })?;
    }
    Ok(())
}

impl Connection {
    /// The last roll-up at a size of the log or below it; the empty log is one.
    pub(crate) fn rollup_at(&mut self, size: i64) -> Result<Rollup, StoreError> {
        let row: Option<(i64, i32)> = self.first(RollupAt { size })?;
        let (log_size, sums) = row.ok_or_else(|| StoreError::corrupt("there is no roll-up"))?;
        Ok(Rollup { log_size, sums })
    }

    /// What moved within a span of the log, and beyond it what has no place yet when `unsealed` is
    /// wanted.
    pub(crate) fn moved(&mut self, span: LogSpan, unsealed: bool) -> Result<Turnovers, StoreError> {
        let (purchases, transfers) = (self.sealed_purchases(span)?, self.sealed_transfers(span)?);
        let mut sums = Turnovers::new();
        add_flows(&mut sums, self.load(PurchaseFlows { purchases })?)?;
        add_flows(&mut sums, self.load(OtherFlows { transfers, wallet: AnchorWallet })?)?;
        if unsealed {
            let flows = UnsealedFlows { transfers: UnsealedTransfers, wallet: AnchorWallet };
            add_flows(&mut sums, self.load(flows)?)?;
        }
        Ok(sums)
    }

    /// What is kept of an account at a size of the log or below it, and of which size; nothing, of the
    /// empty log, where nothing moved.
    pub(crate) fn account_sum(
        &mut self,
        account: AccountId,
        size: i64,
    ) -> Result<(i64, Turnover), StoreError> {
        let row: Option<(i64, i64, i64)> = self.first(AccountSumAt { account: account.0, size })?;
        let (size, debit, credit) = row.unwrap_or_default();
        Ok((size, Turnover { debit, credit }))
    }

    /// What is kept of each bank's wallets together.
    pub(crate) fn wallet_sums(&mut self, size: i64) -> Result<Turnovers, StoreError> {
        let rows: Vec<(i16, i64, i64)> = self.load(WalletSumsAt { size })?;
        let sum =
            |(bank, debit, credit)| (Holder::Wallets(BankId(bank)), Turnover { debit, credit });
        Ok(rows.into_iter().map(sum).collect())
    }

    /// What is kept of these holders; those of which nothing is kept are left out.
    pub(crate) fn sums_of<'h>(
        &mut self,
        holders: impl Iterator<Item = &'h Holder>,
        size: i64,
    ) -> Result<Turnovers, StoreError> {
        let mut sums = self.wallet_sums(size)?;
        let accounts: Vec<i64> = holders
            .filter_map(|holder| match holder {
                Holder::Account(account) => Some(account.0),
                Holder::Wallets(_) => None,
            })
            .collect();
        let mut rows: Vec<(i64, i64, i64)> = Vec::with_capacity(accounts.len());
        match self {
            Self::Postgres(postgres) => {
                rows = AccountSumsAt { accounts: &accounts, size }.load(postgres)?;
            }
            Self::Sqlite(sqlite) => {
                for account in accounts {
                    let kept: Vec<(i64, i64, i64)> = AccountSumAt { account, size }.load(sqlite)?;
                    rows.extend(
                        kept.into_iter().map(|(_, debit, credit)| (account, debit, credit)),
                    );
                }
            }
        }
        for (account, debit, credit) in rows {
            sums.insert(Holder::Account(AccountId(account)), Turnover { debit, credit });
        }
        Ok(sums)
    }

    /// Writes a roll-up with the sums that changed.
    pub(crate) fn insert_rollup(&mut self, size: i64, sums: &Turnovers) -> Result<(), StoreError> {
        let (mut accounts, mut wallets) = (Vec::new(), Vec::new());
        for (holder, Turnover { debit, credit }) in sums {
            let (log_size, debit, credit) = (size, *debit, *credit);
            match holder {
                Holder::Account(account) => {
                    accounts.push(AccountSum { account_id: account.0, log_size, debit, credit });
                }
                Holder::Wallets(bank) => {
                    wallets.push(WalletSum { bank_id: bank.0, log_size, debit, credit });
                }
            }
        }
        AccountSum::insert_all(self, accounts)?;
        WalletSum::insert_all(self, wallets)?;
        let sums = i32::try_from(sums.len()).unwrap_or(i32::MAX);
        self.execute(InsertRollup { size, sums }).map(|_| ())
    }
}
