//! The keys of attempts, newest first.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, SmallInt};

use crate::domain::bank::BankId;
use crate::domain::calendar::Instant;
use crate::domain::ids::{CardId, MerchantId, WalletId};
use crate::store::attempts::{AttemptRow, AttemptSql, attempt_columns};
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::history::{NamesRow, NamesSql, ShownRow, names_columns, names_joins, shown};
use crate::store::statement::statement;

use super::stretches::Range;
use super::{RowKey, Sight, UnsealedAttempts, key};

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStatus {
    /// Approved, and not taken back.
    Approved,
    /// Refused.
    Refused,
    /// Approved, and taken back.
    Reversed,
}

impl AttemptStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Approved, Self::Refused, Self::Reversed];

    /// Its name in answers and filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Reversed => "reversed",
        }
    }

    const fn number(self) -> i16 {
        match self {
            Self::Approved => 1,
            Self::Refused => 2,
            Self::Reversed => 3,
        }
    }
}

statement! {
    /// Which attempts are wanted: a condition on `redemptions r` with its reversal `v`.
    both AttemptConditions {
        own_merchant: Option<i64>, own_bank: Option<i16>, from: i64, to: i64,
        status: Option<i16>, card: Option<i64>, merchant: Option<i64>, bank: Option<i16>,
        key_hash: Option<Vec<u8>>,
    };
    "(" [own_merchant: Nullable<BigInt>] " IS NULL OR r.merchant_id = "
    [own_merchant: Nullable<BigInt>] ") AND (" [own_bank: Nullable<SmallInt>]
    " IS NULL OR r.acquirer = " [own_bank: Nullable<SmallInt>] " OR r.issuer = "
    [own_bank: Nullable<SmallInt>] ") AND r.created_at >= " [from: BigInt]
    " AND r.created_at < " [to: BigInt]
    " AND (" [status: Nullable<SmallInt>] " IS NULL OR " [status: Nullable<SmallInt>]
    " = CASE WHEN r.refusal <> 0 THEN 2 WHEN v.transfer_id IS NULL THEN 1 ELSE 3 END)"
    " AND (" [card: Nullable<BigInt>] " IS NULL OR r.card_id = " [card: Nullable<BigInt>]
    ") AND (" [merchant: Nullable<BigInt>] " IS NULL OR r.merchant_id = "
    [merchant: Nullable<BigInt>] ") AND (" [bank: Nullable<SmallInt>]
    " IS NULL OR r.acquirer = " [bank: Nullable<SmallInt>] " OR r.issuer = "
    [bank: Nullable<SmallInt>] ") AND (" [key_hash: Nullable<Binary>]
    " IS NULL OR r.key_hash = " [key_hash: Nullable<Binary>] ")"
}

macro_rules! with_reversal {
    () => {
        " LEFT JOIN reversals v ON v.redemption_id = r.id AND v.wallet_id = r.wallet_id "
    };
}

statement! {
    both ByTime { below: i64, lowest: i64, wanted: AttemptConditions, limit: i64 }
        -> (BigInt, BigInt);
    "SELECT r.id, r.wallet_id FROM redemptions r" (with_reversal!())
    "WHERE r.id < " [below: BigInt] " AND r.id >= " [lowest: BigInt] " AND " {wanted}
    " ORDER BY r.id DESC LIMIT " [limit: BigInt]
}

statement! {
    // `+` keeps the planner on the wallet's key instead of walking all rows in order.
    both OfWallet { wallet: i64, below: i64, wanted: AttemptConditions, limit: i64 }
        -> (BigInt, BigInt);
    "SELECT r.id, r.wallet_id FROM redemptions r" (with_reversal!())
    "WHERE r.wallet_id = " [wallet: BigInt] " AND +r.id < " [below: BigInt] " AND " {wanted}
    " ORDER BY +r.id DESC LIMIT " [limit: BigInt]
}

statement! {
    // What was unsealed when the first page was read: it still is, or its number is above the last
    // one of then.
    both Tail {
        unsealed: UnsealedAttempts, merchant: i64, above: i64, below: i64, wanted: AttemptConditions, limit: i64,
    } -> (BigInt, BigInt);
    "SELECT k.id, k.wallet_id FROM (
        SELECT r.id, r.wallet_id FROM " {unsealed} " r" (with_reversal!())
    "   WHERE +r.merchant_id = " [merchant: BigInt] " AND r.id < " [below: BigInt] " AND " {wanted}
    "   UNION ALL
        SELECT r.id, r.wallet_id FROM attempt_log a
        JOIN redemptions r ON r.id = a.redemption_id AND r.wallet_id = a.wallet_id"
            (with_reversal!())
    "   WHERE a.merchant_id = " [merchant: BigInt] " AND a.attempt_no > " [above: BigInt]
    "       AND r.id < " [below: BigInt] " AND " {wanted}
    ") k ORDER BY k.id DESC LIMIT " [limit: BigInt]
}

statement! {
    both Sealed { merchant: i64, below: i64, lowest: i64, wanted: AttemptConditions, limit: i64 }
        -> (BigInt, BigInt, BigInt);
    "SELECT a.attempt_no, r.id, r.wallet_id FROM attempt_log a
     JOIN redemptions r ON r.id = a.redemption_id AND r.wallet_id = a.wallet_id" (with_reversal!())
    "WHERE a.merchant_id = " [merchant: BigInt] " AND a.attempt_no < " [below: BigInt]
    " AND a.attempt_no >= " [lowest: BigInt] " AND " {wanted}
    " ORDER BY a.attempt_no DESC LIMIT " [limit: BigInt]
}

statement! {
    postgres ShownByKeys<'a> { ids: &'a [i64], wallets: &'a [i64] } -> (AttemptSql, NamesSql);
    (attempt_columns!()) (names_columns!())
    " FROM unnest(" [ids: Array<BigInt>] ", " [wallets: Array<BigInt>] ") AS k (id, wallet_id)
     JOIN redemptions r ON r.id = k.id AND r.wallet_id = k.wallet_id" (names_joins!())
}

/// Which attempts are wanted. Without anything set: all that may be seen.
#[derive(Clone, Debug)]
pub(crate) struct AttemptFilter {
    sight: Sight,
    /// Decided then or later.
    pub(crate) from: Option<Instant>,
    /// Decided before.
    pub(crate) to: Option<Instant>,
    pub(crate) status: Option<AttemptStatus>,
    pub(crate) card: Option<CardId>,
    pub(crate) merchant: Option<MerchantId>,
    /// As issuer or acquirer.
    pub(crate) bank: Option<BankId>,
    /// The hash of the idempotency key.
    pub(crate) key_hash: Option<[u8; 16]>,
}

impl AttemptFilter {
    /// Everything within `sight`.
    pub(crate) const fn within(sight: Sight) -> Self {
        Self {
            sight,
            from: None,
            to: None,
            status: None,
            card: None,
            merchant: None,
            bank: None,
            key_hash: None,
        }
    }

    pub(super) fn conditions(&self) -> AttemptConditions {
        AttemptConditions {
            own_merchant: self.sight.merchant(),
            own_bank: self.sight.bank(),
            from: self.from.map_or(i64::MIN, Instant::as_millis),
            to: self.to.map_or(i64::MAX, Instant::as_millis),
            status: self.status.map(AttemptStatus::number),
            card: self.card.map(|card| card.0),
            merchant: self.merchant.map(|merchant| merchant.0),
            bank: self.bank.map(|bank| bank.0),
            key_hash: self.key_hash.map(|hash| hash.to_vec()),
        }
    }
}

impl Connection {
    /// The wanted attempts with ids from `lowest` to below `below`.
    pub(crate) fn attempts_by_time(
        &mut self,
        filter: &AttemptFilter,
        (below, lowest): Range,
        limit: i64,
    ) -> Result<Vec<RowKey>, StoreError> {
        let wanted = filter.conditions();
        let rows: Vec<(i64, i64)> = self.load(ByTime { below, lowest, wanted, limit })?;
        Ok(rows.into_iter().map(key).collect())
    }

    /// The wanted attempts on a wallet with ids below `below`.
    pub(crate) fn attempts_of_wallet(
        &mut self,
        filter: &AttemptFilter,
        wallet: WalletId,
        below: i64,
        limit: i64,
    ) -> Result<Vec<RowKey>, StoreError> {
        let wanted = filter.conditions();
        let statement = OfWallet { wallet: wallet.0, below, wanted, limit };
        Ok(self.load(statement)?.into_iter().map(key).collect())
    }

    /// A merchant's wanted attempts that were not sealed when `above` was its last number.
    pub(crate) fn attempts_in_tail(
        &mut self,
        filter: &AttemptFilter,
        merchant: MerchantId,
        (above, below): (i64, i64),
        limit: i64,
    ) -> Result<Vec<RowKey>, StoreError> {
        let (merchant, wanted) = (merchant.0, filter.conditions());
        let statement = Tail { unsealed: UnsealedAttempts, merchant, above, below, wanted, limit };
        Ok(self.load(statement)?.into_iter().map(key).collect())
    }

    /// A merchant's wanted sealed attempts, with their numbers from `lowest` to below `below`.
    pub(crate) fn sealed_attempts(
        &mut self,
        filter: &AttemptFilter,
        merchant: MerchantId,
        (below, lowest): Range,
        limit: i64,
    ) -> Result<Vec<(i64, RowKey)>, StoreError> {
        let (merchant, wanted) = (merchant.0, filter.conditions());
        let statement = Sealed { merchant, below, lowest, wanted, limit };
        let rows: Vec<(i64, i64, i64)> = self.load(statement)?;
        Ok(rows.into_iter().map(|(number, id, wallet)| (number, key((id, wallet)))).collect())
    }

    /// The attempts with these keys as they are shown, in any order.
    pub(crate) fn shown_attempts(&mut self, keys: &[RowKey]) -> Result<Vec<ShownRow>, StoreError> {
        match self {
            Self::Postgres(postgres) => {
                let (ids, wallets): (Vec<i64>, Vec<i64>) =
                    keys.iter().map(|(id, wallet)| (id.0, wallet.0)).unzip();
                let rows: Vec<(AttemptRow, NamesRow)> =
                    ShownByKeys { ids: &ids, wallets: &wallets }.load(postgres)?;
                rows.into_iter().map(shown).collect()
            }
            Self::Sqlite(_) => {
                let mut rows = Vec::with_capacity(keys.len());
                for (id, wallet) in keys {
                    rows.extend(self.shown_attempt(*id, *wallet)?);
                }
                Ok(rows)
            }
        }
    }
}
