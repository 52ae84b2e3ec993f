//! The server under other conditions: on a slow disk, at a fixed rate of arrivals, and what a
//! purchase leaves behind in a database.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use ewarong_tests::process::wait_until;
use ewarong_tests::{Backend, Cluster, Demo};
use serde_json::Value;

use crate::bench::Bench;
use crate::databases::{Database, advised_settings, name_of, new_folder};
use crate::disk::SlowDisk;
use crate::loads::Load;
use crate::rows::{Figure, Floor, Latency, Row};
use crate::served::Served;

/// Arrivals a second of the open loop.
const RATE: u32 = 12_000;
/// How long the sealer may take for what is left when the load ends.
const SEALED: Duration = Duration::from_mins(1);

/// 256 connections while every `fsync` takes a millisecond longer: of the server on `SQLite`, of
/// `PostgreSQL` in a cluster of its own.
pub(crate) fn slow_disk(
    bench: &mut Bench,
    databases: &[Database],
    cards: u32,
) -> anyhow::Result<()> {
    let disk = SlowDisk::compile();
    let folder = new_folder()?;
    let [fast, slow] = disk.probe(folder.path())?;
    for (what, time) in [("an `fsync` here", fast), ("an `fsync` of the slow disk", slow)] {
        let micros = u64::try_from(time.as_micros())?;
        bench.rows.push(Row::new(what, "", Figure::Micros(micros)));
    }
    let environment = disk.environment();
    let variables = environment.each_ref().map(|(name, value)| format!("{name}={value}"));
    let server = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    for database in databases {
        let backend = database.backend;
        let what = format!("{}, 256 connections, slow disk", name_of(backend));
        let load = Load::closed(256, bench.effort.seconds);
        let measured = match backend {
            Backend::Sqlite => bench.measure(&what, (database, &server), load)?,
            Backend::Postgres => {
                let variables = variables.each_ref().map(String::as_str);
                let cluster = Arc::new(Cluster::start_with(&advised_settings(), &variables));
                let slow = Database::with_cards((backend, &cluster), cards)?;
                let load = Load { warm_up: bench.effort.rows, ..load };
                bench.measure_here(&what, &slow, load)?
            }
        };
        let mut row = Row::new(
            "purchases, 256 connections, fsync 1 ms slower",
            name_of(backend),
            measured.run.rate(),
        );
        row.latency = Some(measured.run.latency()?);
        row.others_permille = measured.run.others_permille();
        bench.rows.push(row.floor(Floor::AtLeast(Figure::PerSecond(15_000))));
    }
    Ok(())
}

/// How long answers take when purchases arrive at a fixed rate, whether the server keeps up or not.
pub(crate) fn arrivals(bench: &mut Bench, databases: &[Database]) -> anyhow::Result<()> {
    for database in databases {
        let backend = database.backend;
        let what = format!("{}, {RATE} arrivals a second", name_of(backend));
        let seconds = bench.effort.seconds.saturating_mul(2);
        let load = Load { rate: Some(RATE), ..Load::closed(256, seconds) };
        let measured = bench.measure(&what, (database, &[]), load)?;
        let latency @ Latency { p99, .. } = measured.run.latency()?;
        let most = if backend == Backend::Postgres { 15_000 } else { 10_000 };
        let mut row =
            Row::new("p99 at 12,000 arrivals a second", name_of(backend), Figure::Micros(p99));
        row.latency = Some(latency);
        row.others_permille = measured.run.others_permille();
        bench.rows.push(row.floor(Floor::AtMost(Figure::Micros(most))));
    }
    Ok(())
}

/// What a purchase takes of a `PostgreSQL` database with all its tables, indexes and logs, and
/// whether everything that was acknowledged is there.
pub(crate) fn bytes(bench: &mut Bench, database: &Database) -> anyhow::Result<()> {
    let copy = database.copy()?;
    let served = Served::pos_api(&copy, &[])?;
    let mut demo = Demo::read(&copy.demo)?;
    served.base_url().clone_into(&mut demo.base_url);
    let logged = log_size(&demo)?;
    let before = copy.bytes().context("only PostgreSQL says how large a database is")?;
    let load = Load { check: true, ..Load::closed(256, bench.effort.seconds) };
    let run = load.run(&copy.demo, served.base_url(), &[])?;
    let bought = run.report.approved.count;
    let wanted = logged.saturating_add(bought);
    let sealed = wait_until(SEALED, || log_size(&demo).is_ok_and(|size| size >= wanted));
    ensure!(sealed, "the sealer has not caught up after {SEALED:?}");
    let after = copy.bytes().context("only PostgreSQL says how large a database is")?;
    bench.keep("PostgreSQL, bytes a purchase", &run);
    let each = after.saturating_sub(before).checked_div(bought).context("nothing was bought")?;
    let row = Row::new("bytes a purchase, everything included", "PostgreSQL", Figure::Bytes(each));
    bench.rows.push(row.floor(Floor::AtMost(Figure::Bytes(650))));
    Ok(())
}

/// The transfers that have their place in the log.
fn log_size(demo: &Demo) -> anyhow::Result<u64> {
    let answer = demo.programme().trial_balance();
    ensure!(answer.status == 200, "the trial balance is answered with {}", answer.status);
    answer.json().get("log_size").and_then(Value::as_u64).context("no log size")
}
