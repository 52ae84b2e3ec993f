//! What `SQLite` can do at the most: rows as long as a purchase's, written in batches by prepared
//! statements in one thread, each batch durable.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::{ExpressionMethods as _, RunQueryDsl as _, SqliteConnection};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::rows::Figure;

/// Rows of a batch, the most that the server's lane takes.
const BATCH: i64 = 512;
/// Rows before the measurement.
const BEFORE: i64 = 200_000;

diesel::table! {
    written (id) {
        id -> BigInt,
        wallet -> BigInt,
        amount -> BigInt,
        key_hash -> Binary,
        lines -> Text,
    }
}

/// How rows follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ids {
    /// Each row's id is above the last one's.
    Ascending,
    /// Ids are random: every row dirties a page of its own.
    Random,
}

/// Rows a second, in a new database in this folder.
pub(crate) fn rows_a_second(folder: &Path, ids: Ids, duration: Duration) -> anyhow::Result<Figure> {
    let file = folder.join("batches.db");
    let mut connection = SqliteConnection::establish(&file.display().to_string())?;
    connection.batch_execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 50000;
         CREATE TABLE written (id INTEGER PRIMARY KEY, wallet BIGINT NOT NULL,
            amount BIGINT NOT NULL, key_hash BLOB NOT NULL, lines TEXT NOT NULL);",
    )?;
    let mut rows = Rows { ids, next: 0, random: SmallRng::seed_from_u64(1) };
    while rows.next < BEFORE {
        rows.write(&mut connection)?;
    }
    let (started, before) = (Instant::now(), rows.next);
    while started.elapsed() < duration {
        rows.write(&mut connection)?;
    }
    let written = u128::try_from(rows.next.saturating_sub(before))?.saturating_mul(1_000);
    let rate = written.checked_div(started.elapsed().as_millis()).unwrap_or(0);
    Ok(Figure::PerSecond(u64::try_from(rate)?))
}

struct Rows {
    ids: Ids,
    next: i64,
    random: SmallRng,
}

impl Rows {
    /// Writes one batch.
    fn write(&mut self, connection: &mut SqliteConnection) -> anyhow::Result<()> {
        use written::{amount, id, key_hash, lines, wallet};
        let text = r#"[{"c":1,"g":1,"u":1,"q":"0.1","p":7000,"a":700,"commodity":"rice"}]"#;
        connection.immediate_transaction::<(), diesel::result::Error, _>(|connection| {
            for _ in 0..BATCH {
                self.next = self.next.saturating_add(1);
                let own = match self.ids {
                    Ids::Ascending => self.next,
                    Ids::Random => self.random.random_range(0..i64::MAX),
                };
                let key = self.random.random::<[u8; 16]>();
                let of = self.random.random_range(0..100_000_i64);
                let row = (
                    id.eq(own),
                    wallet.eq(of),
                    amount.eq(700),
                    key_hash.eq(&key[..]),
                    lines.eq(text),
                );
                diesel::insert_into(written::table).values(row).execute(connection)?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_whatever_their_ids() {
        for ids in [Ids::Ascending, Ids::Random] {
            let folder = tempfile::tempdir().unwrap();
            let rate = rows_a_second(folder.path(), ids, Duration::from_millis(20)).unwrap();
            assert!(rate.number() > 0, "{ids:?}");
        }
    }
}
