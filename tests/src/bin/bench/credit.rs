//! The monthly credit against the same in plain set-based SQL, on copies of one database.

use std::time::Instant;

use anyhow::{Context, ensure};
use ewarong_tests::Demo;
use ewarong_tests::process::command;
use serde::Deserialize;

use crate::bench::Bench;
use crate::databases::{Database, name_of, run, say};
use crate::rows::{Figure, Floor, Row};
use crate::served::Served;

/// More than every family's month, in rupiah.
const FUNDS: i64 = 10_000_000_000_000;
/// The month after the demo's.
const PERIOD: &str = "2018-10";
/// One client funds and one command credits, whatever the sum: the limit's setting, in rupiah.
const ALONE: (&str, &str) = ("EWARONG_PROGRAMME_FOUR_EYES_ABOVE", "1000000000000000");

/// What the plain SQL did, as `nation credit-reference` says it.
#[derive(Debug, Deserialize)]
struct Plain {
    credits: u64,
    millis: u64,
}

/// Credits a month twice, on `PostgreSQL`: by `pos-api credit` and by plain SQL.
pub(crate) fn measure(bench: &mut Bench, database: &Database) -> anyhow::Result<()> {
    let on = name_of(database.backend);
    let copy = database.copy()?;
    fund(&copy)?;
    let before = wal(bench)?;
    let started = Instant::now();
    let mut credit = command("pos-api");
    credit.args(["credit", "--log", "warn", "--period", PERIOD, "--database-url", &copy.url]);
    credit.env(ALONE.0, ALONE.1);
    let told = run(credit)?;
    let millis = u64::try_from(started.elapsed().as_millis())?.max(1);
    let bytes = wal(bench)?.saturating_sub(before);
    let credits = credited(&told)?;
    let rate = a_second(credits, millis);
    say(format_args!("{on}, a month for {credits} families: {rate}"));
    bench.rows.push(Row::new("credits of a month", on, rate));
    let each = bytes.checked_div(credits).unwrap_or(0);
    let row = Row::new("bytes of WAL a credit", on, Figure::Bytes(each));
    bench.rows.push(row.floor(Floor::AtMost(Figure::Bytes(450))));
    drop(copy);

    let copy = database.copy()?;
    let mut plain = command("nation");
    plain.args(["credit-reference", "--database-url", &copy.url]);
    let Plain { credits, millis } = serde_json::from_str(&run(plain)?)?;
    let plain = a_second(credits, millis.max(1));
    bench.rows.push(Row::new("credits in plain SQL", on, plain));
    let row = Row::new("credits, as plain SQL", on, rate.times(plain));
    bench.rows.push(row.floor(Floor::AtLeast(Figure::Hundredths(50))));
    Ok(())
}

/// Every bank gets more than its families' month.
fn fund(database: &Database) -> anyhow::Result<()> {
    let served = Served::pos_api(database, &[ALONE])?;
    let mut demo = Demo::read(&database.demo)?;
    served.base_url().clone_into(&mut demo.base_url);
    let programme = demo.programme();
    for bank in demo.clients.bank.keys() {
        let answer = programme.fund("bench", bank, FUNDS, &format!("BENCH/{bank}"));
        ensure!(answer.status == 201, "the funding was answered with {}", answer.text());
    }
    served.stop()
}

/// The bytes of WAL that were ever written.
fn wal(bench: &Bench) -> anyhow::Result<u64> {
    let query = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";
    Ok(bench.cluster.sql("postgres", query).parse()?)
}

/// The families that `pos-api credit` says it credited: a line a bank, with its number third.
fn credited(told: &str) -> anyhow::Result<u64> {
    let numbers = told.lines().filter_map(|line| {
        let families = line.split('\t').nth(2)?.strip_suffix(" families")?;
        families.parse::<u64>().ok()
    });
    let credited: u64 = numbers.sum();
    (credited > 0).then_some(credited).with_context(|| format!("nobody was credited:\n{told}"))
}

fn a_second(count: u64, millis: u64) -> Figure {
    Figure::PerSecond(count.saturating_mul(1_000).checked_div(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credited_families_are_added_up() {
        let told = "bri\tcompleted\t453 families\tRp49.830.000\nbtn\tcompleted\t47 families\tRp1\n";
        assert_eq!(credited(told).unwrap(), 500);
        assert!(credited("bri\trefused_funds\tneeds Rp1, holds Rp0\n").is_err());
    }

    #[test]
    fn a_pace_is_what_there_was_in_a_second() {
        assert_eq!(a_second(100_000, 500), Figure::PerSecond(200_000));
    }
}
