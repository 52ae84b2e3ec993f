//! Lists and totals: what is read of the history, page by page.
//!
//! A list is read in two steps. First the keys of a page: by time along the primary key, by a
//! family's own key, or by a shop's or account's log with the unsealed tail before it. Then the rows
//! of those keys with the names of everyone who took part. Nothing is indexed for it on the hot
//! tables.

mod accounts;
mod attempts;
mod shown;
mod totals;
mod transfers;

pub(crate) use accounts::{AccountRow, Turnover};
pub(crate) use attempts::AttemptFilter;
pub use attempts::AttemptStatus;
pub(crate) use shown::ShownTransferRow;
pub(crate) use totals::TurnoverLine;
pub(crate) use transfers::{LogBounds, LogKey, TransferFilter};

use crate::domain::bank::BankId;
use crate::domain::ids::{AccountId, MerchantId, RowId};

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
    const fn merchant(self) -> Option<i64> {
        match self {
            Self::Merchant(merchant) => Some(merchant.0),
            Self::Bank(_) | Self::All => None,
        }
    }

    /// The one bank, as it is bound.
    const fn bank(self) -> Option<i16> {
        match self {
            Self::Bank(bank) => Some(bank.0),
            Self::Merchant(_) | Self::All => None,
        }
    }
}

/// A row of redemptions or transfers: its id, and the account it is stored with.
pub(crate) type RowKey = (RowId, AccountId);

/// The next rows of a table in descending order: how many there are, and the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// How many were looked at.
    pub(crate) rows: i64,
    /// The place of the last one; `None` when there is none.
    pub(crate) lowest: Option<i64>,
    /// The lowest id among them.
    pub(crate) lowest_id: Option<i64>,
}

fn key((id, anchor): (i64, i64)) -> RowKey {
    (RowId(id), AccountId(anchor))
}

/// The rows of one batch, which are its range of ids with its node's bits, and no other batch's that
/// lie among them. `CROSS JOIN` keeps `SQLite` from walking the rows first.
macro_rules! unsealed_rows {
    ($table:literal, $row:literal) => {
        concat!(" FROM batches b CROSS JOIN ", $table, " ", $row, " ")
    };
}

/// What belongs to a batch without a place in the log.
macro_rules! unsealed_condition {
    ($row:literal) => {
        concat!(
            " WHERE b.log_start IS NULL AND ",
            $row,
            ".id > b.id AND ",
            $row,
            ".id <= b.last_id AND ((",
            $row,
            ".id >> 12) & 1023) = ((b.id >> 12) & 1023) "
        )
    };
}

use {unsealed_condition, unsealed_rows};
