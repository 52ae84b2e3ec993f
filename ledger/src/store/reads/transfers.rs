//! Transfers, newest first: everyone's by time, a family's by its own keys, an account's by its logs.

use diesel::sql_types::{BigInt, Nullable, SmallInt};

use crate::domain::bank::BankId;
use crate::domain::calendar::Instant;
use crate::domain::ids::{AccountId, CardId, MerchantId, WalletId};
use crate::domain::money::Rupiah;
use crate::domain::transfer::TransferKind;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::shown::{
    TransferColumns, TransferRow, TransferSql, transfer_columns, transfer_row, with_purchase,
};
use super::stretches::{BATCH_SPAN, Range};
use super::{JoinEach, Sight, UnsealedTransfers};

statement! {
    /// A bank's transfers are the purchases with its cards or at its merchants, and what touches an
    /// account of its own, a wallet or a merchant's payable.
    both OfBank { bank: Option<i16> };
    "(" [bank: Nullable<SmallInt>] " IS NULL OR CASE WHEN t.kind IN (3, 4)
        THEN r.issuer = " [bank: Nullable<SmallInt>] " OR r.acquirer = " [bank: Nullable<SmallInt>]
    "   ELSE EXISTS (SELECT 1 FROM accounts x WHERE x.id IN (t.debit_account,
            CASE t.kind WHEN 2 THEN t.debit_account ELSE t.credit_account END)
            AND x.bank_id = " [bank: Nullable<SmallInt>] ") END)"
}

statement! {
    /// Of transfers that are not surely sealed, those whose batch has a place in the log below a size.
    /// A batch's rows lie behind its id with its node's bits, none further than so many ids.
    both SealedBelow { surely: i64, span: i64, size: i64 };
    "(t.id < " [surely: BigInt] " OR EXISTS (SELECT 1 FROM batches b
        WHERE b.id < t.id AND b.id > t.id - " [span: BigInt] " AND b.last_id >= t.id
            AND ((b.id >> 12) & 1023) = ((t.id >> 12) & 1023)
            AND b.log_start < " [size: BigInt] "))"
}

statement! {
    /// Which transfers are wanted: a condition on `transfers t` with its purchase `r`. Of purchases and
    /// what took them back, a card's are those made with it; what else moved on its wallet has no card.
    both TransferConditions {
        own_merchant: Option<i64>, own_bank: OfBank, from: i64, to: i64, kind: Option<i16>,
        least: i64, most: i64, bank: OfBank, account: Option<i64>, merchant: Option<i64>,
        wallet: Option<i64>, card: Option<i64>, sealed: SealedBelow,
    };
    "(" [own_merchant: Nullable<BigInt>] " IS NULL OR t.debit_account = "
    [own_merchant: Nullable<BigInt>] " OR t.credit_account = " [own_merchant: Nullable<BigInt>]
    ") AND t.created_at >= " [from: BigInt] " AND t.created_at < " [to: BigInt]
    " AND (" [kind: Nullable<SmallInt>] " IS NULL OR t.kind = " [kind: Nullable<SmallInt>]
    ") AND t.amount >= " [least: BigInt] " AND t.amount <= " [most: BigInt]
    " AND (" [account: Nullable<BigInt>] " IS NULL OR t.debit_account = "
    [account: Nullable<BigInt>] " OR t.credit_account = " [account: Nullable<BigInt>]
    ") AND (" [merchant: Nullable<BigInt>] " IS NULL OR t.debit_account = "
    [merchant: Nullable<BigInt>] " OR t.credit_account = " [merchant: Nullable<BigInt>]
    ") AND (" [wallet: Nullable<BigInt>] " IS NULL OR t.anchor_id = " [wallet: Nullable<BigInt>]
    ") AND (" [card: Nullable<BigInt>] " IS NULL OR t.kind NOT IN (3, 4) OR r.card_id = "
    [card: Nullable<BigInt>] ") AND " {own_bank} " AND " {bank} " AND " {sealed}
}

statement! {
    both ByTime { below: i64, lowest: i64, wanted: TransferConditions, limit: i64 } -> TransferSql;
    "SELECT " (transfer_columns!()) " FROM transfers t" (with_purchase!())
    "WHERE t.id < " [below: BigInt] " AND t.id >= " [lowest: BigInt] " AND " {wanted}
    " ORDER BY t.id DESC LIMIT " [limit: BigInt]
}

statement! {
    /// Everything that moved on a wallet, to stand in a FROM as `t` beside its ids `k`: what has an index
    /// of its own, what is filed in the account's log, and what is not filed yet. Credits are looked up for
    /// each period that was ever credited, as their key goes by periods. `id > 0` is for readers that
    /// price a table's scan at 10^10: beside that all plans look alike, and a bad one was taken.
    both WalletRows { unsealed: UnsealedTransfers, wallet: i64, then: JoinEach };
    "(SELECT id FROM redemptions WHERE wallet_id = " [wallet: BigInt] " AND refusal = 0
        UNION ALL
        SELECT c.transfer_id FROM (SELECT DISTINCT programme, period FROM credit_runs WHERE id > 0) p" {then}
    "   credits c ON c.programme = p.programme AND c.period = p.period
            AND c.wallet_id = " [wallet: BigInt] "
        UNION ALL
        SELECT transfer_id FROM account_log WHERE account_id = " [wallet: BigInt] "
        UNION ALL
        SELECT t.id FROM " {unsealed} " t
        WHERE +t.anchor_id = " [wallet: BigInt] " AND t.kind NOT IN (2, 3)
     ) k" {then} "transfers t ON t.id = k.id AND t.anchor_id = " [wallet: BigInt] " "
}

statement! {
    both OfWallet { rows: WalletRows, below: i64, wanted: TransferConditions, limit: i64 }
        -> TransferSql;
    "SELECT " (transfer_columns!()) " FROM " {rows} (with_purchase!())
    "WHERE k.id < " [below: BigInt] " AND " {wanted} " ORDER BY k.id DESC LIMIT " [limit: BigInt]
}

statement! {
    // What was unsealed when the first page was read: it still is, or lies above what was sealed then.
    both Tail {
        unsealed: UnsealedTransfers, account: i64, attempts: i64, size: i64, below: i64,
        wanted: TransferConditions, limit: i64,
    } -> TransferSql;
    "SELECT * FROM (
        SELECT " (transfer_columns!()) " FROM " {unsealed} " t" (with_purchase!())
    "   WHERE (t.debit_account = " [account: BigInt] " OR t.credit_account = " [account: BigInt]
    "       ) AND t.id < " [below: BigInt] " AND " {wanted}
    "   UNION ALL
        SELECT " (transfer_columns!()) " FROM attempt_log a
        JOIN transfers t ON t.id = a.redemption_id AND t.anchor_id = a.wallet_id" (with_purchase!())
    "   WHERE a.merchant_id = " [account: BigInt] " AND a.attempt_no > " [attempts: BigInt]
    "       AND a.log_position IS NOT NULL AND t.id < " [below: BigInt] " AND " {wanted}
    "   UNION ALL
        SELECT " (transfer_columns!()) " FROM account_log l
        JOIN transfers t ON t.id = l.transfer_id AND t.anchor_id = l.anchor_id" (with_purchase!())
    "   WHERE l.account_id = " [account: BigInt] " AND l.log_position >= " [size: BigInt]
    "       AND t.id < " [below: BigInt] " AND " {wanted}
    ") k ORDER BY k.id DESC LIMIT " [limit: BigInt]
}

statement! {
    both SealedSales {
        account: i64, below: i64, lowest: i64, wanted: TransferConditions, limit: i64,
    } -> (BigInt, BigInt, TransferSql);
    "SELECT a.attempt_no, a.log_position, " (transfer_columns!()) " FROM attempt_log a
     JOIN transfers t ON t.id = a.redemption_id AND t.anchor_id = a.wallet_id" (with_purchase!())
    "WHERE a.merchant_id = " [account: BigInt] " AND a.attempt_no < " [below: BigInt]
    " AND a.attempt_no >= " [lowest: BigInt] " AND a.log_position IS NOT NULL AND " {wanted}
    " ORDER BY a.attempt_no DESC LIMIT " [limit: BigInt]
}

statement! {
    both SealedEntries {
        account: i64, below: i64, lowest: i64, wanted: TransferConditions, limit: i64,
    } -> (BigInt, TransferSql);
    "SELECT l.log_position, " (transfer_columns!()) " FROM account_log l
     JOIN transfers t ON t.id = l.transfer_id AND t.anchor_id = l.anchor_id" (with_purchase!())
    "WHERE l.account_id = " [account: BigInt] " AND l.log_position < " [below: BigInt]
    " AND l.log_position >= " [lowest: BigInt] " AND " {wanted}
    " ORDER BY l.log_position DESC LIMIT " [limit: BigInt]
}

impl WalletRows {
    pub(super) const fn of(wallet: WalletId) -> Self {
        Self { unsealed: UnsealedTransfers, wallet: wallet.0, then: JoinEach }
    }
}

/// A size of the log, as a bound of what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogMark {
    /// Transfers with a lower place than this are wanted.
    pub(crate) size: i64,
    /// All with lower ids than this have one.
    pub(crate) surely: i64,
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
    mark: Option<LogMark>,
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
            mark: None,
        }
    }

    /// The same, of what has a place in the log below a size.
    pub(crate) fn below(self, mark: LogMark) -> Self {
        Self { mark: Some(mark), ..self }
    }

    pub(super) fn conditions(&self) -> TransferConditions {
        TransferConditions {
            own_merchant: self.sight.merchant(),
            own_bank: OfBank { bank: self.sight.bank() },
            from: self.from.map_or(i64::MIN, Instant::as_millis),
            to: self.to.map_or(i64::MAX, Instant::as_millis),
            kind: self.kind.map(TransferKind::number),
            least: self.least.map_or(0, Rupiah::get),
            most: self.most.map_or(i64::MAX, Rupiah::get),
            bank: OfBank { bank: self.bank.map(|bank| bank.0) },
            account: self.account.map(|account| account.0),
            merchant: self.merchant.map(|merchant| merchant.0),
            wallet: self.card.map(|(_, wallet)| wallet.0),
            card: self.card.map(|(card, _)| card.0),
            sealed: SealedBelow {
                surely: self.mark.map_or(i64::MAX, |mark| mark.surely),
                span: BATCH_SPAN,
                size: self.mark.map_or(i64::MAX, |mark| mark.size),
            },
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

/// A purchase: its number among its shop's attempts, its place in the log.
type Sale = (i64, i64, TransferRow);

impl Connection {
    /// The wanted transfers with ids from `lowest` to below `below`.
    pub(crate) fn transfers_by_time(
        &mut self,
        filter: &TransferFilter,
        (below, lowest): Range,
        limit: i64,
    ) -> Result<Vec<TransferRow>, StoreError> {
        let wanted = filter.conditions();
        rows(self.load(ByTime { below, lowest, wanted, limit })?)
    }

    /// A wallet's wanted transfers with ids below `below`.
    pub(crate) fn transfers_of_wallet(
        &mut self,
        filter: &TransferFilter,
        wallet: WalletId,
        below: i64,
        limit: i64,
    ) -> Result<Vec<TransferRow>, StoreError> {
        let wanted = filter.conditions();
        rows(self.load(OfWallet { rows: WalletRows::of(wallet), below, wanted, limit })?)
    }

    /// An account's wanted transfers that were not sealed when its history ended at `sealed`.
    pub(crate) fn transfers_in_tail(
        &mut self,
        filter: &TransferFilter,
        account: AccountId,
        (sealed, below): (LogBounds, i64),
        limit: i64,
    ) -> Result<Vec<TransferRow>, StoreError> {
        let attempts = sealed.attempts.saturating_sub(1);
        let (account, size, wanted) = (account.0, sealed.log, filter.conditions());
        let unsealed = UnsealedTransfers;
        rows(self.load(Tail { unsealed, account, attempts, size, below, wanted, limit })?)
    }

    /// The wanted purchases at a shop with numbers among its attempts from `lowest` to below `below`,
    /// each with its number and its place in the log.
    pub(crate) fn sealed_sales(
        &mut self,
        filter: &TransferFilter,
        account: AccountId,
        (below, lowest): Range,
        limit: i64,
    ) -> Result<Vec<Sale>, StoreError> {
        let (account, wanted) = (account.0, filter.conditions());
        let sales: Vec<(i64, i64, TransferColumns)> =
            self.load(SealedSales { account, below, lowest, wanted, limit })?;
        let sale = |(number, place, columns)| Ok((number, place, transfer_row(columns)?));
        sales.into_iter().map(sale).collect()
    }

    /// An account's wanted transfers, but purchases and credits, with places in the log from `lowest`
    /// to below `below`, each with its place.
    pub(crate) fn sealed_entries(
        &mut self,
        filter: &TransferFilter,
        account: AccountId,
        (below, lowest): Range,
        limit: i64,
    ) -> Result<Vec<(i64, TransferRow)>, StoreError> {
        let (account, wanted) = (account.0, filter.conditions());
        placed(self.load(SealedEntries { account, below, lowest, wanted, limit })?)
    }
}

pub(super) fn rows(columns: Vec<TransferColumns>) -> Result<Vec<TransferRow>, StoreError> {
    columns.into_iter().map(transfer_row).collect()
}

pub(super) fn placed(
    columns: Vec<(i64, TransferColumns)>,
) -> Result<Vec<(i64, TransferRow)>, StoreError> {
    columns.into_iter().map(|(place, columns)| Ok((place, transfer_row(columns)?))).collect()
}
