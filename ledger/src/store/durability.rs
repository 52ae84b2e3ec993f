//! What a `SQLite` connection has to be set to, so that what was acknowledged outlives a loss of
//! power and the log of changes stays bounded.

use diesel::RunQueryDsl;
use diesel::deserialize::FromSqlRow;
use diesel::dsl::sql;
use diesel::query_builder::QueryId;
use diesel::sql_types::{BigInt, HasSqlType, SingleValue, Text};
use diesel::sqlite::Sqlite;

use super::DatabaseUrl;
use super::connection::{Connection, Purpose};

/// 200 MB of pages of 4,096 bytes: a log that grows further is not checkpointed in time.
const MOST_PAGES: i64 = 51_200;

fn pragma<S, T>(connection: &mut Connection, name: &str) -> T
where
    S: SingleValue + QueryId + 'static,
    T: FromSqlRow<S, Sqlite> + 'static,
    Sqlite: HasSqlType<S>,
{
    let Connection::Sqlite(sqlite) = connection else { panic!("no SQLite") };
    sql::<S>(&format!("PRAGMA {name}")).get_result(sqlite).unwrap()
}

#[test]
fn a_commit_is_durable_and_the_log_of_changes_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::sqlite(&dir.path().join("ledger.db"));
    for purpose in [Purpose::Lane, Purpose::General] {
        let mut connection = Connection::open(&url, purpose).unwrap();
        let mut number = |name| pragma::<BigInt, i64>(&mut connection, name);
        assert_eq!(number("synchronous"), 2, "FULL: a commit waits for the disk");
        assert_eq!(number("foreign_keys"), 1);
        assert!(number("busy_timeout") > 0);
        let pages = number("wal_autocheckpoint");
        // A lane's log is carried over by `service::checkpoints`, which hears of a failure.
        let carried_over = if purpose == Purpose::Lane { 0..=0 } else { 1..=MOST_PAGES };
        assert!(carried_over.contains(&pages), "a checkpoint each {pages} pages");
        assert_eq!(number("page_size"), 4_096);
        assert_eq!(pragma::<Text, String>(&mut connection, "journal_mode"), "wal");
    }
}
