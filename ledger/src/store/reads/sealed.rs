//! Transfers by their places in the log. A batch gives its transfers consecutive ones, in the order of
//! their ids: so a stretch of the log is read as its batches' ranges of ids.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::{BigInt, Integer, Nullable};
use diesel::sqlite::Sqlite;

use crate::domain::ids::node_of;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

/// Places in the log: from the start of a batch to any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogSpan {
    /// The first place; a batch starts there.
    pub(crate) from: i64,
    /// One above the last.
    pub(crate) to: i64,
}

/// Which batches are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batches {
    /// Those of purchases, which hold nothing else.
    Purchases,
    /// All others: fundings, credits, reversals.
    WithoutPurchases,
}

/// A stretch of the log by its batches.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    span: LogSpan,
    batches: Batches,
    /// The batch that ends behind the span, and the last of its ids within.
    cut: (i64, i64),
}

/// Declares the rows of a table in a stretch of the log, to stand in a FROM, each with its batch and
/// where that starts. As with the unsealed ones, the batches come first and each range is read by key.
macro_rules! sealed_rows {
    ($(#[$doc:meta])* $name:ident, $table:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(in crate::store) struct $name(Bounds);

        sealed_rows!(
            @on Sqlite, $name,
            concat!(
                "(SELECT x.*, b.id AS batch_id, b.log_start FROM batches b CROSS JOIN ",
                $table,
                " x WHERE "
            ),
            " AND "
        );
        sealed_rows!(
            @on Pg, $name,
            concat!(
                "(SELECT y.*, b.id AS batch_id, b.log_start FROM batches b
                  CROSS JOIN LATERAL (SELECT x.* FROM ",
                $table,
                " x WHERE "
            ),
            " OFFSET 0) y WHERE "
        );
    };
    (@on $backend:ty, $name:ident, $head:expr, $between:literal) => {
        impl QueryFragment<$backend> for $name {
            fn walk_ast<'walk>(
                &'walk self,
                mut out: AstPass<'_, 'walk, $backend>,
            ) -> diesel::QueryResult<()> {
                let Bounds { span, batches, cut } = &self.0;
                out.push_sql($head);
                out.push_sql("x.id > b.id AND x.id <= CASE b.id WHEN ");
                out.push_bind_param::<BigInt, _>(&cut.0)?;
                out.push_sql(" THEN ");
                out.push_bind_param::<BigInt, _>(&cut.1)?;
                out.push_sql(" ELSE b.last_id END AND ((x.id >> 12) & 1023) = ((b.id >> 12) & 1023)");
                out.push_sql($between);
                out.push_sql("b.log_start >= ");
                out.push_bind_param::<BigInt, _>(&span.from)?;
                out.push_sql(" AND b.log_start < ");
                out.push_bind_param::<BigInt, _>(&span.to)?;
                let (least, most) = batches.attempts();
                out.push_sql(" AND b.attempts >= ");
                out.push_bind_param::<Integer, _>(least)?;
                out.push_sql(" AND b.attempts <= ");
                out.push_bind_param::<Integer, _>(most)?;
                out.push_sql(")");
                Ok(())
            }
        }
    };
}

sealed_rows!(
    /// Transfers.
    SealedTransfers, "transfers"
);
sealed_rows!(
    /// Attempts at purchases: an approved one says what its transfer moved, and from which bank's wallet.
    SealedPurchases, "redemptions"
);

/// The wallet `w` that a transfer `t` is stored with, to stand behind it in a FROM; and for a credit,
/// instead, the bank `k` that it comes from, which is the wallet's. Wallets are looked up row by row:
/// there are millions.
#[derive(Debug)]
pub(in crate::store) struct AnchorWallet;

macro_rules! anchor_wallet {
    ($backend:ty, $text:literal) => {
        impl QueryFragment<$backend> for AnchorWallet {
            fn walk_ast<'walk>(
                &'walk self,
                mut out: AstPass<'_, 'walk, $backend>,
            ) -> diesel::QueryResult<()> {
                out.push_sql(
                    " LEFT JOIN banks k ON t.kind = 2 AND k.unallocated_account = t.debit_account",
                );
                out.push_sql($text);
                Ok(())
            }
        }
    };
}

anchor_wallet!(Sqlite, " LEFT JOIN wallets w ON t.kind <> 2 AND w.id = t.anchor_id");
anchor_wallet!(
    Pg,
    " LEFT JOIN LATERAL (SELECT v.id, v.bank_id FROM wallets v
        WHERE t.kind <> 2 AND v.id = t.anchor_id OFFSET 0) w ON TRUE"
);

statement! {
    both LastBatchBelow { place: i64 } -> (BigInt, BigInt, BigInt, Integer);
    "SELECT id, last_id, log_start, transfers FROM batches
     WHERE log_start < " [place: BigInt] " AND transfers > 0 ORDER BY log_start DESC LIMIT 1"
}

statement! {
    both BatchEndFrom { place: i64 } -> BigInt;
    "SELECT log_start FROM batches WHERE log_start >= " [place: BigInt] " ORDER BY log_start LIMIT 1"
}

statement! {
    both BatchOf { id: i64, node: i64 } -> (BigInt, BigInt, Nullable<BigInt>, Integer);
    "SELECT id, last_id, log_start, transfers FROM batches WHERE id < " [id: BigInt]
    " AND ((id >> 12) & 1023) = " [node: BigInt] " ORDER BY id DESC LIMIT 1"
}

statement! {
    both IdAtRank { first: i64, last: i64, node: i64, rank: i64 } -> BigInt;
    "SELECT id FROM transfers WHERE id > " [first: BigInt] " AND id <= " [last: BigInt]
    " AND ((id >> 12) & 1023) = " [node: BigInt] " ORDER BY id LIMIT 1 OFFSET " [rank: BigInt]
}

statement! {
    both RankOf { first: i64, id: i64, node: i64 } -> BigInt;
    "SELECT COUNT(*) FROM transfers WHERE id > " [first: BigInt] " AND id < " [id: BigInt]
    " AND ((id >> 12) & 1023) = " [node: BigInt]
}

impl Batches {
    /// How many attempts they have, at the least and at the most.
    const fn attempts(self) -> (&'static i32, &'static i32) {
        match self {
            Self::Purchases => (&1, &i32::MAX),
            Self::WithoutPurchases => (&0, &0),
        }
    }
}

impl SealedTransfers {
    /// Those beside purchases of a span that ends where a batch does.
    pub(in crate::store) const fn of_whole_batches(span: LogSpan) -> Self {
        Self(Bounds { span, batches: Batches::WithoutPurchases, cut: (0, 0) })
    }
}

impl SealedPurchases {
    /// Those of a span that ends where a batch does.
    pub(in crate::store) const fn of_whole_batches(span: LogSpan) -> Self {
        Self(Bounds { span, batches: Batches::Purchases, cut: (0, 0) })
    }
}

impl Connection {
    /// The transfers, beside purchases, of any span.
    pub(in crate::store) fn sealed_transfers(
        &mut self,
        span: LogSpan,
    ) -> Result<SealedTransfers, StoreError> {
        let (batches, cut) = (Batches::WithoutPurchases, self.cut_at(span.to)?);
        Ok(SealedTransfers(Bounds { span, batches, cut }))
    }

    /// The attempts at purchases of any span, refused ones too.
    pub(in crate::store) fn sealed_purchases(
        &mut self,
        span: LogSpan,
    ) -> Result<SealedPurchases, StoreError> {
        let (batches, cut) = (Batches::Purchases, self.cut_at(span.to)?);
        Ok(SealedPurchases(Bounds { span, batches, cut }))
    }

    /// The batch that a place in the log lies within, and the id of the transfer before it; none where
    /// a batch ends there.
    fn cut_at(&mut self, place: i64) -> Result<(i64, i64), StoreError> {
        let last: Option<(i64, i64, i64, i32)> = self.first(LastBatchBelow { place })?;
        let Some((first, last, log_start, count)) = last else { return Ok((0, 0)) };
        let within = place.saturating_sub(log_start);
        if within >= i64::from(count) {
            return Ok((0, 0));
        }
        let (node, rank) = (node_of(first), within.saturating_sub(1));
        let id = self.first(IdAtRank { first, last, node, rank })?;
        let id = id.ok_or_else(|| {
            StoreError::corrupt(format!("batch {first} lacks some of its transfers"))
        })?;
        Ok((first, id))
    }

    /// Where the first batch ends that does so at this place or behind it; `size` is the log's.
    pub(crate) fn batch_end_from(&mut self, place: i64, size: i64) -> Result<i64, StoreError> {
        Ok(self.first(BatchEndFrom { place })?.unwrap_or(size))
    }

    /// Whether a transfer has a place in the log below `place`.
    pub(crate) fn is_placed_below(&mut self, id: i64, place: i64) -> Result<bool, StoreError> {
        let node = node_of(id);
        let batch: Option<(i64, i64, Option<i64>, i32)> = self.first(BatchOf { id, node })?;
        let batch = batch.filter(|(_, last, ..)| id <= *last);
        let (first, _, log_start, count) =
            batch.ok_or_else(|| StoreError::corrupt(format!("transfer {id} is in no batch")))?;
        let Some(within) = log_start.map(|start| place.saturating_sub(start)) else {
            return Ok(false);
        };
        if within <= 0 || within >= i64::from(count) {
            return Ok(within > 0);
        }
        let rank = self.first(RankOf { first, id, node })?.unwrap_or(0);
        Ok(rank < within)
    }
}
