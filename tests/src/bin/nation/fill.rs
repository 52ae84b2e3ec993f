//! Filling the tables that grow with the number of cards: on `PostgreSQL` all of them at once, a connection
//! each, the keys that are in no order made afterwards; on `SQLite` one after the other.

use std::thread;

use anyhow::{Context as _, anyhow};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use ledger::domain::keys::Keys;

use crate::people::Nation;
use crate::rows::{Account, Card, Household, Make, NumberedCard, Row, Wallet};
use crate::say;

/// Rows of one transaction on `SQLite`.
const SQLITE_ROWS: usize = 200_000;

const SQLITE: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; \
    PRAGMA cache_size = -400000; PRAGMA wal_autocheckpoint = 100000;";

/// Keys whose order is chance: a tree that is built of sorted rows takes a fraction of the time.
const NUMBERS_KEY: (&str, &str) = ("card_numbers_pk", "PRIMARY KEY (number_hash)");
const NIK_KEY: (&str, &str) = ("households_nik", "UNIQUE (nik_hash)");

/// Writes every family's rows to a database at `url` that has none.
pub(crate) fn fill(url: &str, nation: &Nation, keys: &Keys) -> anyhow::Result<()> {
    match url.strip_prefix("sqlite:") {
        Some(path) => sqlite(path, nation, keys),
        None => postgres(url, nation, keys),
    }
}

fn postgres(url: &str, nation: &Nation, keys: &Keys) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let tables = [
            scope.spawn(|| copy(url, nation, None, &|place| Ok(Account::of(nation, place)))),
            scope.spawn(|| copy(url, nation, None, &|place| Ok(Wallet::of(nation, place)))),
            scope.spawn(|| {
                let make = |place| Household::of(nation, keys, place);
                copy(url, nation, Some(NIK_KEY), &make)
            }),
            scope.spawn(|| copy(url, nation, None, &|place| Card::of(nation, keys, place))),
            scope.spawn(|| {
                let make = |place| NumberedCard::of(nation, keys, place);
                copy(url, nation, Some(NUMBERS_KEY), &make)
            }),
        ];
        let done = tables.map(|table| table.join().map_err(|_panic| anyhow!("a table's thread")));
        done.into_iter().try_for_each(|done| done?)
    })?;
    let mut connection = PgConnection::establish(url)?;
    Ok(connection.batch_execute("ANALYZE; CHECKPOINT")?)
}

/// Fills one table; frozen, so that nothing has to be looked at again.
fn copy<R: Row>(
    url: &str,
    nation: &Nation,
    key: Option<(&str, &str)>,
    make: Make<'_, R>,
) -> anyhow::Result<()> {
    let table = R::TABLE;
    let mut connection = PgConnection::establish(url)?;
    connection.batch_execute("SET maintenance_work_mem = '512MB'")?;
    connection.transaction(|tx| {
        tx.batch_execute(&format!("TRUNCATE {table}"))?;
        if let Some((name, _)) = key {
            tx.batch_execute(&format!("ALTER TABLE {table} DROP CONSTRAINT {name}"))?;
        }
        R::copy(tx, nation.families, make).with_context(|| format!("`{table}`"))?;
        say(&format!("{table}: written"));
        if let Some((name, key)) = key {
            tx.batch_execute(&format!("ALTER TABLE {table} ADD CONSTRAINT {name} {key}"))?;
            say(&format!("{table}: its key is there"));
        }
        anyhow::Ok(())
    })
}

fn sqlite(path: &str, nation: &Nation, keys: &Keys) -> anyhow::Result<()> {
    let mut connection = SqliteConnection::establish(path)?;
    let connection = &mut connection;
    connection.batch_execute(SQLITE)?;
    let places = || 0..nation.families;
    insert(connection, places().map(|place| Ok(Account::of(nation, place))))?;
    insert(connection, places().map(|place| Household::of(nation, keys, place)))?;
    insert(connection, places().map(|place| Ok(Wallet::of(nation, place))))?;
    insert(connection, places().map(|place| Card::of(nation, keys, place)))?;
    // In the order of their key: a tree that grows at its end is written once.
    let numbers = places().map(|place| NumberedCard::of(nation, keys, place));
    let mut numbers: Vec<NumberedCard> = numbers.collect::<anyhow::Result<_>>()?;
    numbers.sort_unstable_by(|one, other| one.hash().cmp(other.hash()));
    insert(connection, numbers.into_iter().map(Ok))?;
    Ok(connection.batch_execute("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);")?)
}

fn insert<R: Row>(
    connection: &mut SqliteConnection,
    rows: impl Iterator<Item = anyhow::Result<R>>,
) -> anyhow::Result<()> {
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        connection.transaction(|tx| {
            rows.by_ref().take(SQLITE_ROWS).try_for_each(|row| row?.insert(tx))
        })?;
    }
    say(&format!("{}: written", R::TABLE));
    Ok(())
}
