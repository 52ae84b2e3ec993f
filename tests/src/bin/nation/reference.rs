//! The month's credit as plain SQL does it, on a copy of the wallets: what the ledger's own run is measured
//! against. It makes no leaves, promises no money and knows no crash.

use std::fs;
use std::io::{self, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use clap::Args;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection};
use serde_json::json;

/// The period that is credited: none that a ledger has.
const PERIOD: i32 = 299_901;
/// Ids above all others.
const FIRST_ID: i64 = 1 << 62;

/// What is run.
#[derive(Debug, Args)]
pub(crate) struct Reference {
    /// The database whose wallets are copied.
    #[arg(long)]
    database_url: String,
    /// How many sessions credit at once, each its own part of the wallets; `SQLite` has one.
    #[arg(long, default_value_t = 1)]
    sessions: usize,
    /// Wallets of one transaction.
    #[arg(long, default_value_t = 20_000)]
    chunk: i64,
}

/// The wallets of one transaction: after `first` up to `last`; `credited` come before them.
#[derive(Debug, QueryableByName)]
struct Chunk {
    #[diesel(sql_type = BigInt)]
    first: i64,
    #[diesel(sql_type = BigInt)]
    last: i64,
    #[diesel(sql_type = BigInt)]
    credited: i64,
}

#[derive(Debug, QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

struct Measured {
    credits: i64,
    took: Duration,
    /// Bytes of the log, where the database counts them.
    log: Option<i64>,
}

/// Runs it and prints what it took.
pub(crate) fn run(args: &Reference) -> anyhow::Result<()> {
    ensure!(args.sessions > 0 && args.chunk > 0, "there is no part to credit");
    let measured = match args.database_url.strip_prefix("sqlite:") {
        Some(path) => sqlite(path, args)?,
        None => postgres(args)?,
    };
    let Measured { credits, took, log } = measured;
    let millis = i64::try_from(took.as_millis())?;
    let report = json!({
        "credits": credits,
        "sessions": args.sessions,
        "chunk": args.chunk,
        "millis": millis,
        "credits_per_second": credits.saturating_mul(1000).checked_div(millis),
        "wal_bytes_per_credit": log.and_then(|log| log.checked_div(credits)),
    });
    writeln!(io::stdout().lock(), "{report}")?;
    Ok(())
}

const POSTGRES_COPY: &str = "
    DROP SCHEMA IF EXISTS credit_reference CASCADE;
    CREATE SCHEMA credit_reference;
    SET search_path = credit_reference;
    CREATE TABLE wallets (LIKE public.wallets INCLUDING CONSTRAINTS INCLUDING INDEXES)
        WITH (fillfactor = 48);
    CREATE TABLE credits (LIKE public.credits INCLUDING CONSTRAINTS INCLUDING INDEXES);
    CREATE TABLE transfers (LIKE public.transfers INCLUDING CONSTRAINTS INCLUDING INDEXES);
    INSERT INTO wallets SELECT * FROM public.wallets ORDER BY id;";

fn postgres(args: &Reference) -> anyhow::Result<Measured> {
    let url = &args.database_url;
    let mut connection = PgConnection::establish(url)?;
    connection.batch_execute(POSTGRES_COPY)?;
    connection.batch_execute("VACUUM (FREEZE, ANALYZE) credit_reference.wallets")?;
    let chunks: Vec<Chunk> = diesel::sql_query(chunks(args.chunk)).load(&mut connection)?;
    connection.batch_execute("CHECKPOINT")?;
    let before = log_position(&mut connection)?;
    let started = Instant::now();
    thread::scope(|scope| {
        let each = chunks.len().div_ceil(args.sessions).max(1);
        let parts = chunks.chunks(each).map(|part| scope.spawn(|| credit_part(url, part)));
        let parts = parts.collect::<Vec<_>>();
        parts.into_iter().try_for_each(|part| part.join().map_err(|_panic| anyhow!("a part"))?)
    })?;
    let took = started.elapsed();
    let log = log_position(&mut connection)?.saturating_sub(before);
    let credits = count(&mut connection)?;
    connection.batch_execute("DROP SCHEMA credit_reference CASCADE")?;
    Ok(Measured { credits, took, log: Some(log) })
}

fn credit_part(url: &str, chunks: &[Chunk]) -> anyhow::Result<()> {
    let mut connection = PgConnection::establish(url)?;
    connection.batch_execute("SET search_path = credit_reference, public")?;
    for Chunk { first, last, credited } in chunks {
        // One statement is a transaction of its own.
        connection.batch_execute(&format!(
            "WITH chosen AS (
                SELECT id, row_number() OVER (ORDER BY id) AS place FROM wallets
                WHERE id > {first} AND id <= {last} AND state = 1
             ), credited AS (
                INSERT INTO credits (wallet_id, programme, round, period, transfer_id, run_id)
                SELECT id, 1, 1, {PERIOD}, {FIRST_ID} + {credited} + place, 1 FROM chosen
                ON CONFLICT DO NOTHING RETURNING wallet_id, transfer_id
             ), paid AS (
                UPDATE wallets w SET balance = balance + 110000, last_id = c.transfer_id
                FROM credited c WHERE w.id = c.wallet_id
                RETURNING w.id, w.balance, w.bank_id, c.transfer_id
             )
             INSERT INTO transfers (id, anchor_id, debit_account, credit_account, amount,
                balance_after, subject, created_at, business_date, kind)
             SELECT p.transfer_id, p.id, b.unallocated_account, p.id, 110000, p.balance, {PERIOD},
                1535760000000, 20180903, 2
             FROM paid p JOIN banks b ON b.id = p.bank_id"
        ))?;
    }
    Ok(())
}

fn log_position(connection: &mut PgConnection) -> anyhow::Result<i64> {
    let query = "SELECT CAST(pg_current_wal_insert_lsn() - '0/0' AS BIGINT) AS number";
    let number: Number = diesel::sql_query(query).get_result(connection)?;
    Ok(number.number)
}

fn count(connection: &mut PgConnection) -> anyhow::Result<i64> {
    let query = "SELECT COUNT(*) AS number FROM credit_reference.credits";
    let number: Number = diesel::sql_query(query).get_result(connection)?;
    Ok(number.number)
}

/// The wallets in parts of equal size, in the order of their ids.
fn chunks(size: i64) -> String {
    format!(
        "SELECT MIN(id) - 1 AS first, MAX(id) AS last, part * {size} AS credited
         FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) / {size} AS part FROM wallets) w
         GROUP BY part ORDER BY part"
    )
}

fn sqlite(path: &str, args: &Reference) -> anyhow::Result<Measured> {
    let copy = format!("{path}-reference");
    let mut original = SqliteConnection::establish(path)?;
    original.batch_execute(&format!("VACUUM INTO '{copy}'"))?;
    let done = credit_copy(&copy, args);
    for part in ["", "-wal", "-shm"] {
        // What is not there need not go.
        drop(fs::remove_file(format!("{copy}{part}")));
    }
    done
}

fn credit_copy(copy: &str, args: &Reference) -> anyhow::Result<Measured> {
    let mut connection = SqliteConnection::establish(copy)?;
    connection.batch_execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA wal_autocheckpoint = 50000; PRAGMA cache_size = -16000;",
    )?;
    let chunks: Vec<Chunk> = diesel::sql_query(chunks(args.chunk)).load(&mut connection)?;
    let started = Instant::now();
    for Chunk { first, last, credited } in &chunks {
        let those = format!(
            "c.programme = 1 AND c.period = {PERIOD} AND c.wallet_id > {first}
            AND c.wallet_id <= {last}"
        );
        connection.batch_execute(&format!(
            "BEGIN IMMEDIATE;
             INSERT INTO credits (wallet_id, programme, round, period, transfer_id, run_id)
             SELECT id, 1, 1, {PERIOD}, {FIRST_ID} + {credited} + row_number() OVER (ORDER BY id), 1
             FROM wallets WHERE id > {first} AND id <= {last} AND state = 1
             ON CONFLICT DO NOTHING;
             UPDATE wallets SET balance = balance + 110000, last_id = c.transfer_id
             FROM credits c WHERE wallets.id = c.wallet_id AND {those};
             INSERT INTO transfers (id, anchor_id, debit_account, credit_account, amount,
                balance_after, subject, created_at, business_date, kind)
             SELECT c.transfer_id, w.id, b.unallocated_account, w.id, 110000, w.balance, {PERIOD},
                1535760000000, 20180903, 2
             FROM credits c JOIN wallets w ON w.id = c.wallet_id JOIN banks b ON b.id = w.bank_id
             WHERE {those};
             COMMIT;"
        ))?;
    }
    let took = started.elapsed();
    let query = format!("SELECT COUNT(*) AS number FROM credits WHERE period = {PERIOD}");
    let counted: Number = diesel::sql_query(query).get_result(&mut connection)?;
    let credits = Some(counted.number).filter(|number| *number > 0);
    Ok(Measured { credits: credits.context("there are no wallets")?, took, log: None })
}
