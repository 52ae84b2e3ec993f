//! Lists and totals: what is read of the history, page by page.
//!
//! A list is read by time along the primary key, by a family's own key, or by a shop's or account's log
//! with the unsealed tail before it; whichever looks at the fewest rows. Names of who took part are
//! read for the rows that are shown. Nothing is indexed for it on the hot tables.

mod accounts;
mod attempts;
mod funds;
mod sealed;
mod shown;
mod stretches;
mod times;
mod totals;
mod transfers;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails by panicking")]
pub(crate) mod fixture;
#[cfg(test)]
mod plans;

pub(crate) use accounts::{AccountRow, Extent, Turnover};
pub(crate) use attempts::AttemptFilter;
pub use attempts::AttemptStatus;
pub(crate) use sealed::LogSpan;
pub(in crate::store) use sealed::{AnchorWallet, SealedPurchases, SealedTransfers};
pub(crate) use shown::TransferRow;
pub(crate) use stretches::{Range, Stretch};
pub(crate) use times::Times;
pub(crate) use totals::KnownAccount;
pub(crate) use transfers::{LogBounds, LogMark, TransferFilter};

use crate::domain::bank::BankId;
use crate::domain::ids::{AccountId, MerchantId, RowId};
use crate::store::connection::Connection;
use crate::store::error::StoreError;

/// Whose rows may be read: a filter can't be made without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// What happened at this merchant.
    Merchant(MerchantId),
    /// What concerns this bank.
    Bank(BankId),
    /// Everything.
    All,
}

impl Sight {
    /// The one merchant, as it is bound.
    pub(crate) const fn merchant(self) -> Option<i64> {
        match self {
            Self::Merchant(merchant) => Some(merchant.0),
            Self::Bank(_) | Self::All => None,
        }
    }

    /// The one bank, as it is bound.
    pub(crate) const fn bank(self) -> Option<i16> {
        match self {
            Self::Bank(bank) => Some(bank.0),
            Self::Merchant(_) | Self::All => None,
        }
    }
}

/// A row of redemptions or transfers: its id, and the account it is stored with.
pub(crate) type RowKey = (RowId, AccountId);

/// The statements of lists go by keys. They are planned once, for whatever is asked, and never so that
/// a whole table is read or that helpers are started for a few rows.
const BY_KEYS: &str = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; \
     SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
     SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off;";

impl Connection {
    /// From here to its end this transaction reads lists.
    pub(crate) fn read_by_keys(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => self.run(BY_KEYS),
        }
    }
}

fn key((id, anchor): (i64, i64)) -> RowKey {
    (RowId(id), AccountId(anchor))
}

/// A join whose right side is looked up for each row of the left one: `SQLite` would rather walk the
/// right one, which is long, and keeps to the order with `CROSS JOIN`.
#[derive(Debug)]
pub(in crate::store) struct JoinEach;

macro_rules! join_each {
    ($backend:ty, $text:literal) => {
        impl diesel::query_builder::QueryFragment<$backend> for JoinEach {
            fn walk_ast<'walk>(
                &'walk self,
                mut out: diesel::query_builder::AstPass<'_, 'walk, $backend>,
            ) -> diesel::QueryResult<()> {
                out.push_sql($text);
                Ok(())
            }
        }
    };
}

join_each!(diesel::sqlite::Sqlite, " CROSS JOIN ");
join_each!(diesel::pg::Pg, " JOIN ");

/// Declares the rows of a table that belong to batches without a place in the log, to stand in a
/// FROM: of each batch its range of ids with its node's bits, and no other batch's that lie among
/// them. The batches come first and each range is read by key: `SQLite` keeps to that with
/// `CROSS JOIN` (and `+` before a column that is compared, or it makes itself an index of the whole
/// table); `PostgreSQL`, which would rather read the whole table too, with a subquery that `OFFSET`
/// keeps apart.
macro_rules! unsealed_rows {
    ($name:ident, $table:literal) => {
        #[derive(Debug)]
        pub(in crate::store) struct $name;

        impl diesel::query_builder::QueryFragment<diesel::sqlite::Sqlite> for $name {
            fn walk_ast<'walk>(
                &'walk self,
                mut out: diesel::query_builder::AstPass<'_, 'walk, diesel::sqlite::Sqlite>,
            ) -> diesel::QueryResult<()> {
                out.push_sql(concat!(
                    "(SELECT x.* FROM batches b CROSS JOIN ",
                    $table,
                    " x WHERE b.log_start IS NULL AND x.id > b.id AND x.id <= b.last_id
                        AND ((x.id >> 12) & 1023) = ((b.id >> 12) & 1023))"
                ));
                Ok(())
            }
        }

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name {
            fn walk_ast<'walk>(
                &'walk self,
                mut out: diesel::query_builder::AstPass<'_, 'walk, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                out.push_sql(concat!(
                    "(SELECT y.* FROM batches b CROSS JOIN LATERAL (SELECT x.* FROM ",
                    $table,
                    " x WHERE x.id > b.id AND x.id <= b.last_id
                        AND ((x.id >> 12) & 1023) = ((b.id >> 12) & 1023) OFFSET 0) y
                      WHERE b.log_start IS NULL)"
                ));
                Ok(())
            }
        }
    };
}

unsealed_rows!(UnsealedAttempts, "redemptions");
unsealed_rows!(UnsealedTransfers, "transfers");
