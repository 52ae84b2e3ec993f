//! The keys of transfers, newest first.

use diesel::sql_types::{BigInt, Nullable, SmallInt};

use crate::domain::bank::BankId;
use crate::domain::calendar::Instant;
use crate::domain::ids::{AccountId, CardId, MerchantId, WalletId};
use crate::domain::money::Rupiah;
use crate::domain::transfer::TransferKind;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::{RowKey, Sight, Stretch, UnsealedTransfers, key};

/// A bank's transfers touch one of its accounts, its cards' wallets or its merchants' payables: every
/// account has its bank.
macro_rules! touches_bank {
    () => {
        " IS NULL OR EXISTS (SELECT 1 FROM accounts x
            WHERE x.id IN (t.debit_account, t.credit_account) AND x.bank_id = "
    };
}

statement! {
    /// Which transfers are wanted: a condition on `transfers t`. Of purchases and what took them
    /// back, a card's are those made with it; what else moved on its wallet has no card.
    both TransferConditions {
        own_merchant: Option<i64>, own_bank: Option<i16>, from: i64, to: i64, kind: Option<i16>,
        least: i64, most: i64, bank: Option<i16>, account: Option<i64>, merchant: Option<i64>,
        wallet: Option<i64>, card: Option<i64>,
    };
    "(" [own_merchant: Nullable<BigInt>] " IS NULL OR t.debit_account = "
    [own_merchant: Nullable<BigInt>] " OR t.credit_account = " [own_merchant: Nullable<BigInt>]
    ") AND (" [own_bank: Nullable<SmallInt>] (touches_bank!()) [own_bank: Nullable<SmallInt>]
    ")) AND t.created_at >= " [from: BigInt] " AND t.created_at < " [to: BigInt]
    " AND (" [kind: Nullable<SmallInt>] " IS NULL OR t.kind = " [kind: Nullable<SmallInt>]
    ") AND t.amount >= " [least: BigInt] " AND t.amount <= " [most: BigInt]
    " AND (" [bank: Nullable<SmallInt>] (touches_bank!()) [bank: Nullable<SmallInt>]
    ")) AND (" [account: Nullable<BigInt>] " IS NULL OR t.debit_account = "
    [account: Nullable<BigInt>] " OR t.credit_account = " [account: Nullable<BigInt>]
    ") AND (" [merchant: Nullable<BigInt>] " IS NULL OR t.debit_account = "
    [merchant: Nullable<BigInt>] " OR t.credit_account = " [merchant: Nullable<BigInt>]
    ") AND (" [wallet: Nullable<BigInt>] " IS NULL OR t.anchor_id = " [wallet: Nullable<BigInt>]
    ") AND (" [card: Nullable<BigInt>] " IS NULL OR t.kind NOT IN (3, 4)
        OR EXISTS (SELECT 1 FROM redemptions x
            WHERE t.kind = 3 AND x.id = t.id AND x.wallet_id = t.anchor_id AND x.card_id = "
    [card: Nullable<BigInt>] ")
        OR EXISTS (SELECT 1 FROM redemptions x
            JOIN reversals y ON y.redemption_id = x.id AND y.wallet_id = x.wallet_id
            WHERE t.kind = 4 AND x.wallet_id = t.anchor_id AND y.transfer_id = t.id
                AND x.card_id = " [card: Nullable<BigInt>] "))"
}

statement! {
    both NextByTime { below: i64, lowest: i64, rows: i64 } -> (BigInt, Nullable<BigInt>);
    "SELECT COUNT(*), MIN(k.id) FROM (
        SELECT id FROM transfers WHERE id < " [below: BigInt] " AND id >= " [lowest: BigInt]
    "   ORDER BY id DESC LIMIT " [rows: BigInt] ") k"
}

statement! {
    both ByTime { below: i64, lowest: i64, wanted: TransferConditions, limit: i64 }
        -> (BigInt, BigInt);
    "SELECT t.id, t.anchor_id FROM transfers t
     WHERE t.id < " [below: BigInt] " AND t.id >= " [lowest: BigInt] " AND " {wanted}
    " ORDER BY t.id DESC LIMIT " [limit: BigInt]
}

statement! {
    /// The ids of everything that moved on a wallet: what has an index of its own, what is filed in
    /// the account's log, and what is not filed yet.
    both WalletRows { unsealed: UnsealedTransfers, wallet: i64 };
    "(SELECT id FROM redemptions WHERE wallet_id = " [wallet: BigInt] " AND refusal = 0
        UNION ALL
        SELECT transfer_id FROM credits WHERE wallet_id = " [wallet: BigInt] "
        UNION ALL
        SELECT transfer_id FROM account_log WHERE account_id = " [wallet: BigInt] "
        UNION ALL
        SELECT t.id FROM " {unsealed} " t
        WHERE +t.anchor_id = " [wallet: BigInt] " AND t.kind NOT IN (2, 3)
     ) k JOIN transfers t ON t.id = k.id AND t.anchor_id = " [wallet: BigInt] " "
}

statement! {
    both OfWallet { rows: WalletRows, below: i64, wanted: TransferConditions, limit: i64 }
        -> (BigInt, BigInt);
    "SELECT t.id, t.anchor_id FROM " {rows} "WHERE k.id < " [below: BigInt] " AND " {wanted}
    " ORDER BY k.id DESC LIMIT " [limit: BigInt]
}

statement! {
    // What was unsealed when the first page was read: it still is, or lies above what was sealed then.
    both Tail {
        unsealed: UnsealedTransfers, account: i64, attempts: i64, size: i64, below: i64,
        wanted: TransferConditions, limit: i64,
    } -> (BigInt, BigInt);
    "SELECT k.id, k.anchor_id FROM (
        SELECT t.id, t.anchor_id FROM " {unsealed} " t
        WHERE (t.debit_account = " [account: BigInt] " OR t.credit_account = " [account: BigInt]
    "       ) AND t.id < " [below: BigInt] " AND " {wanted}
    "   UNION ALL
        SELECT t.id, t.anchor_id FROM attempt_log a
        JOIN transfers t ON t.id = a.redemption_id AND t.anchor_id = a.wallet_id
        WHERE a.merchant_id = " [account: BigInt] " AND a.attempt_no > " [attempts: BigInt]
    "       AND a.log_position IS NOT NULL AND t.id < " [below: BigInt] " AND " {wanted}
    "   UNION ALL
        SELECT t.id, t.anchor_id FROM account_log l
        JOIN transfers t ON t.id = l.transfer_id AND t.anchor_id = l.anchor_id
        WHERE l.account_id = " [account: BigInt] " AND l.log_position >= " [size: BigInt]
    "       AND t.id < " [below: BigInt] " AND " {wanted}
    ") k ORDER BY k.id DESC LIMIT " [limit: BigInt]
}

statement! {
    both SealedSales {
        account: i64, below: i64, lowest: i64, wanted: TransferConditions, limit: i64,
    }
        -> (BigInt, BigInt, BigInt, BigInt);
    "SELECT a.log_position, a.attempt_no, t.id, t.anchor_id FROM attempt_log a
     JOIN transfers t ON t.id = a.redemption_id AND t.anchor_id = a.wallet_id
     WHERE a.merchant_id = " [account: BigInt] " AND a.attempt_no < " [below: BigInt]
    " AND a.attempt_no >= " [lowest: BigInt] " AND a.log_position IS NOT NULL AND " {wanted}
    " ORDER BY a.attempt_no DESC LIMIT " [limit: BigInt]
}

statement! {
    both SealedEntries { account: i64, below: i64, wanted: TransferConditions, limit: i64 }
        -> (BigInt, BigInt, BigInt, BigInt);
    "SELECT l.log_position, l.log_position, t.id, t.anchor_id FROM account_log l
     JOIN transfers t ON t.id = l.transfer_id AND t.anchor_id = l.anchor_id
     WHERE l.account_id = " [account: BigInt] " AND l.log_position < " [below: BigInt] " AND " {wanted}
    " ORDER BY l.log_position DESC LIMIT " [limit: BigInt]
}

impl WalletRows {
    pub(super) const fn of(wallet: WalletId) -> Self {
        Self { unsealed: UnsealedTransfers, wallet: wallet.0 }
    }
}

/// Which transfers are wanted. Without anything set: all that may be seen.
#[derive(Clone, Debug)]
pub(crate) struct TransferFilter {
    sight: Sight,
    /// Decided then or later.
    pub(crate) from: Option<Instant>,
    /// Decided before.
    pub(crate) to: Option<Instant>,
    pub(crate) kind: Option<TransferKind>,
    /// At least so much.
    pub(crate) least: Option<Rupiah>,
    /// At most so much.
    pub(crate) most: Option<Rupiah>,
    /// With an account of this bank, its cards or its merchants on either side.
    pub(crate) bank: Option<BankId>,
    /// With this account on either side.
    pub(crate) account: Option<AccountId>,
    /// With this merchant's payable on either side.
    pub(crate) merchant: Option<MerchantId>,
    /// On this card's wallet, and no purchase with another card of it.
    pub(crate) card: Option<(CardId, WalletId)>,
}

impl TransferFilter {
    /// Everything within `sight`.
    pub(crate) const fn within(sight: Sight) -> Self {
        Self {
            sight,
            from: None,
            to: None,
            kind: None,
            least: None,
            most: None,
            bank: None,
            account: None,
            merchant: None,
            card: None,
        }
    }

    fn conditions(&self) -> TransferConditions {
        TransferConditions {
            own_merchant: self.sight.merchant(),
            own_bank: self.sight.bank(),
            from: self.from.map_or(i64::MIN, Instant::as_millis),
            to: self.to.map_or(i64::MAX, Instant::as_millis),
            kind: self.kind.map(TransferKind::number),
            least: self.least.map_or(0, Rupiah::get),
            most: self.most.map_or(i64::MAX, Rupiah::get),
            bank: self.bank.map(|bank| bank.0),
            account: self.account.map(|account| account.0),
            merchant: self.merchant.map(|merchant| merchant.0),
            wallet: self.card.map(|(_, wallet)| wallet.0),
            card: self.card.map(|(card, _)| card.0),
        }
    }
}

/// Up to where an account's sealed history is read, in the two logs that hold it: a number among a
/// shop's attempts and a place in the log, both left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogBounds {
    /// For the purchases at a shop.
    pub(crate) attempts: i64,
    /// For everything else.
    pub(crate) log: i64,
}

/// A sealed transfer of an account: its place in the log, its place in the list it was read from,
/// its key.
pub(crate) type LogKey = (i64, i64, RowKey);

fn log_key((position, place, id, anchor): (i64, i64, i64, i64)) -> LogKey {
    (position, place, key((id, anchor)))
}

impl Connection {
    /// The next `rows` of all transfers below an id, down to `lowest`.
    pub(crate) fn next_transfers(
        &mut self,
        below: i64,
        lowest: i64,
        rows: i64,
    ) -> Result<Stretch, StoreError> {
        let found: Option<(i64, Option<i64>)> = self.first(NextByTime { below, lowest, rows })?;
        let (rows, lowest) = found.unwrap_or_default();
        Ok(Stretch { rows, lowest, lowest_id: lowest })
    }

    /// The wanted transfers with ids from `lowest` to below `below`.
    pub(crate) fn transfers_by_time(
        &mut self,
        filter: &TransferFilter,
        (below, lowest): (i64, i64),
        limit: i64,
    ) -> Result<Vec<RowKey>, StoreError> {
        let wanted = filter.conditions();
        let rows: Vec<(i64, i64)> = self.load(ByTime { below, lowest, wanted, limit })?;
        Ok(rows.into_iter().map(key).collect())
    }

    /// A wallet's wanted transfers with ids below `below`.
    pub(crate) fn transfers_of_wallet(
        &mut self,
        filter: &TransferFilter,
        wallet: WalletId,
        below: i64,
        limit: i64,
    ) -> Result<Vec<RowKey>, StoreError> {
        let wanted = filter.conditions();
        let statement = OfWallet { rows: WalletRows::of(wallet), below, wanted, limit };
        Ok(self.load(statement)?.into_iter().map(key).collect())
    }

    /// An account's wanted transfers that were not sealed when its history ended at `sealed`.
    pub(crate) fn transfers_in_tail(
        &mut self,
        filter: &TransferFilter,
        account: AccountId,
        sealed: LogBounds,
        below: i64,
        limit: i64,
    ) -> Result<Vec<RowKey>, StoreError> {
        let attempts = sealed.attempts.saturating_sub(1);
        let (account, size, wanted) = (account.0, sealed.log, filter.conditions());
        let statement =
            Tail { unsealed: UnsealedTransfers, account, attempts, size, below, wanted, limit };
        Ok(self.load(statement)?.into_iter().map(key).collect())
    }

    /// The wanted purchases at a shop with numbers among its attempts from `lowest` to below `below`.
    pub(crate) fn sealed_sales(
        &mut self,
        filter: &TransferFilter,
        account: AccountId,
        (below, lowest): (i64, i64),
        limit: i64,
    ) -> Result<Vec<LogKey>, StoreError> {
        let wanted = filter.conditions();
        let statement = SealedSales { account: account.0, below, lowest, wanted, limit };
        Ok(self.load(statement)?.into_iter().map(log_key).collect())
    }

    /// An account's wanted transfers, but purchases and credits, below a place in the log.
    pub(crate) fn sealed_entries(
        &mut self,
        filter: &TransferFilter,
        account: AccountId,
        below: i64,
        limit: i64,
    ) -> Result<Vec<LogKey>, StoreError> {
        let wanted = filter.conditions();
        let statement = SealedEntries { account: account.0, below, wanted, limit };
        Ok(self.load(statement)?.into_iter().map(log_key).collect())
    }
}
