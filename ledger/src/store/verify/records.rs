//! What is held against a second record of it: reference data, cards' states, wallets' last ids.

use diesel::sql_types::{BigInt, Nullable, Text};

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

/// The last record of each row of reference data.
macro_rules! last_records {
    () => {
        "(SELECT c.table_name, c.row_key, c.content FROM registry_changes c
          JOIN (SELECT table_name, row_key, MAX(revision) AS revision FROM registry_changes
                GROUP BY table_name, row_key) m
            ON m.table_name = c.table_name AND m.row_key = c.row_key AND m.revision = c.revision)"
    };
}

statement! {
    both RowsAgainstRecords {} -> (Text, Text);
    "SELECT r.table_name, r.row_key FROM registry_rows r LEFT JOIN " (last_records!()) " l
        ON l.table_name = r.table_name AND l.row_key = r.row_key
     WHERE l.content IS NULL OR l.content <> r.content
     ORDER BY r.table_name, r.row_key LIMIT 1"
}

statement! {
    both RecordsWithoutRow {} -> (Text, Text);
    "SELECT l.table_name, l.row_key FROM " (last_records!()) " l LEFT JOIN registry_rows r
        ON r.table_name = l.table_name AND r.row_key = l.row_key
     WHERE r.row_key IS NULL AND l.content IS NOT NULL
     ORDER BY l.table_name, l.row_key LIMIT 1"
}

statement! {
    /// The revision; how many revisions have a record, and the highest of them. The first has none.
    both Revisions {} -> (BigInt, BigInt, BigInt);
    "SELECT CAST(h.revision AS BIGINT), COUNT(DISTINCT c.revision),
            CAST(COALESCE(MAX(c.revision), 1) AS BIGINT)
     FROM registry_head h LEFT JOIN registry_changes c ON 1 = 1 WHERE h.id = 1 GROUP BY h.revision"
}

statement! {
    both CountRecords {} -> BigInt;
    "SELECT COUNT(*) FROM registry_changes"
}

statement! {
    /// A card, then its changes in their order: card, state it was entered in or was changed from, state
    /// it has or was changed to.
    both CardsAndChanges {} -> (BigInt, BigInt, BigInt, BigInt, BigInt);
    "SELECT wallet_id, id, CAST(0 AS BIGINT), CAST(issued_state AS BIGINT), CAST(state AS BIGINT)
     FROM cards
     UNION ALL
     SELECT wallet_id, card_id, id, CAST(from_state AS BIGINT), CAST(to_state AS BIGINT)
     FROM card_changes
     ORDER BY 1, 2, 3"
}

statement! {
    /// Ends of batches and last ids of wallets, the ends before the others of the same number; of a wallet
    /// how many of its cards' changes and whether it has been moved since it was opened.
    both EndsAndLastIds {} -> (BigInt, BigInt, BigInt, BigInt);
    "SELECT last_id, CAST(0 AS BIGINT), id, CAST(0 AS BIGINT) FROM batches
     UNION ALL
     SELECT w.last_id, CAST(1 AS BIGINT), w.id, COALESCE(c.changes, 0)
     FROM wallets w
     LEFT JOIN (SELECT wallet_id, COUNT(*) AS changes FROM card_changes GROUP BY wallet_id) c
        ON c.wallet_id = w.id
     ORDER BY 1, 2"
}

statement! {
    /// Of each node that made batches: its number, the highest id that it used, its mark.
    both NodesAndBatches {} -> (BigInt, BigInt, Nullable<BigInt>);
    "SELECT x.node, x.highest, n.high_water FROM (
        SELECT (id >> 12) & 1023 AS node, MAX(last_id) AS highest FROM batches
        GROUP BY (id >> 12) & 1023
     ) x LEFT JOIN nodes n ON n.node_no = x.node ORDER BY x.node"
}

/// A card or one of its changes: its states before and after.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CardStep {
    pub(crate) card: (i64, i64),
    /// The change's id; 0 for the card itself.
    pub(crate) change: i64,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// A place in the order of ids.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LastId {
    /// A batch ends here.
    Batch(i64),
    /// A wallet's last id is this.
    Wallet { last_id: i64, wallet: i64, card_changes: i64 },
}

impl Connection {
    /// How many records of reference data there are.
    pub(crate) fn count_records(&mut self) -> Result<i64, StoreError> {
        self.first(CountRecords {}).map(Option::unwrap_or_default)
    }

    /// The first row of reference data that its last record does not say, and the first record whose row
    /// is gone: table and key.
    pub(crate) fn rows_against_records(
        &mut self,
    ) -> Result<[Option<(String, String)>; 2], StoreError> {
        Ok([self.first(RowsAgainstRecords {})?, self.first(RecordsWithoutRow {})?])
    }

    /// The registry's revision, how many have records, and the highest that has.
    pub(crate) fn registry_revisions(&mut self) -> Result<Option<(i64, i64, i64)>, StoreError> {
        self.first(Revisions {})
    }

    /// Every card, each followed by its changes in their order.
    pub(crate) fn each_card_step(
        &mut self,
        each: &mut dyn FnMut(CardStep) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut row = |(wallet, card, change, from, to): (i64, i64, i64, i64, i64)| {
            each(CardStep { card: (wallet, card), change, from, to })
        };
        self.stream(CardsAndChanges {}, &mut row)
    }

    /// The ends of all batches and the last ids of all wallets, in their order.
    pub(crate) fn each_last_id(
        &mut self,
        each: &mut dyn FnMut(LastId) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut row = |(last_id, kind, id, card_changes): (i64, i64, i64, i64)| {
            each(match kind {
                0 => LastId::Batch(last_id),
                _ => LastId::Wallet { last_id, wallet: id, card_changes },
            })
        };
        self.stream(EndsAndLastIds {}, &mut row)
    }

    /// For each node that made batches: its number, the highest id it used, its high-water mark.
    pub(crate) fn nodes_and_batches(&mut self) -> Result<Vec<(i64, i64, Option<i64>)>, StoreError> {
        self.load(NodesAndBatches {})
    }
}
