//! A day is closed when nobody can have read it as open any more, on `PostgreSQL`: whoever may have holds
//! the batches' lock. Nobody else is waited for.

use std::process::Command;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use ewarong_tests::process::{run, stdout_of, wait_until};
use ewarong_tests::seed::{PATIENCE, clear_of_midnight, today};
use ewarong_tests::{Backend, Cluster, Server, World};
use serde_json::Value;

use super::{closed, days, mark, sell};
use crate::till::{listed, number, text};

fn connect(url: &str) -> PgConnection {
    PgConnection::establish(url).unwrap()
}

/// Whether the day stays as it is while so much is sold.
fn stays_closing(world: &World) -> bool {
    sell(world, "JKT-1", 3);
    std::thread::sleep(Duration::from_millis(500));
    !closed(world, "bri", today())
}

#[test]
fn a_transaction_of_another_database_holds_no_day_open() {
    clear_of_midnight();
    let (world, day) = (World::start(Backend::Postgres), today());
    sell(&world, "JBI-1", 1);
    let mut other = connect(&Cluster::shared().create_database());
    other
        .batch_execute(
            "CREATE TABLE batches (id int); BEGIN; INSERT INTO batches VALUES (1);
             SELECT pg_current_xact_id()",
        )
        .unwrap();
    // Nor does one of this database that can't write what is dated.
    let mut reader = connect(world.server.database_url());
    reader.batch_execute("BEGIN; SELECT * FROM batches; SELECT pg_current_xact_id()").unwrap();
    world.bank("bri").close_early(&day.to_string()).expect(202);
    assert!(wait_until(PATIENCE, || closed(&world, "bri", day)), "{}", world.server.log());
    drop((other, reader));
    world.verify();
}

#[test]
fn who_may_have_read_the_day_as_open_is_waited_for() {
    clear_of_midnight();
    let (world, day) = (World::start(Backend::Postgres), today());
    sell(&world, "JBI-1", 2);
    let mut holder = connect(world.server.database_url());
    holder.batch_execute("BEGIN; LOCK TABLE batches IN ROW EXCLUSIVE MODE").unwrap();
    world.bank("bri").close_early(&day.to_string()).expect(202);
    assert!(stays_closing(&world), "it may still date something to the day");
    // Nobody else's day waits, and whoever begins now is of the next one.
    let mut later = connect(world.server.database_url());
    later.batch_execute("BEGIN; LOCK TABLE batches IN ROW EXCLUSIVE MODE").unwrap();
    let bank = world.bank("bri");
    let told = || days(&bank.api, "").first().map(|one| one["problem"].clone());
    let alarmed = || told().is_some_and(|problem| problem != Value::Null);
    assert!(wait_until(PATIENCE, alarmed), "{}", world.server.log());
    assert!(told().unwrap().as_str().unwrap().contains("a transaction of the database's process"));
    holder.batch_execute("COMMIT").unwrap();
    assert!(wait_until(PATIENCE, || closed(&world, "bri", day)), "{}", world.server.log());
    let settled = listed(&bank.api, &format!("/v1/settlements?business_date={day}"));
    assert_eq!(settled.iter().map(|one| number(one, "net")).collect::<Vec<_>>(), [20_000]);
    drop(later);
    world.verify();
}

#[test]
fn a_prepared_transaction_elsewhere_holds_no_day_open() {
    clear_of_midnight();
    let cluster = Cluster::start_with("max_prepared_transactions = 4\n", &[]);
    let prepared = cluster.create_database();
    let mut other = connect(&prepared);
    other
        .batch_execute(
            "CREATE TABLE batches (id int); BEGIN; INSERT INTO batches VALUES (1);
             PREPARE TRANSACTION 'elsewhere'",
        )
        .unwrap();
    close_a_copy(&cluster);
    other.batch_execute("ROLLBACK PREPARED 'elsewhere'").unwrap();
}

#[test]
fn a_day_that_closes_in_one_cluster_closes_where_its_dump_is_restored() {
    clear_of_midnight();
    close_a_copy(&Cluster::start());
}

/// Restores a dump of a world, in which a day is marked and held open, in another cluster, and waits
/// until it is closed there.
fn close_a_copy(cluster: &Cluster) {
    let (mut world, day) = (World::start(Backend::Postgres), today());
    sell(&world, "JBI-1", 2);
    let mut holder = connect(world.server.database_url());
    holder.batch_execute("BEGIN; LOCK TABLE batches IN ROW EXCLUSIVE MODE").unwrap();
    mark(&world, "bri", day);
    assert!(stays_closing(&world));
    world.server.kill9();
    let mut dump = Command::new(cluster.program("pg_dump"));
    dump.arg("--dbname").arg(world.server.database_url());
    let dump = run(dump, b"");
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    let restored = cluster.create_database();
    let mut restore = Command::new(cluster.program("psql"));
    restore.args(["--quiet", "--set=ON_ERROR_STOP=1", "--dbname", &restored, "--file=-"]);
    stdout_of(&run(restore, &dump.stdout));
    drop(holder);

    let server = Server::start(&restored, &world.keys());
    let bank = ewarong_tests::Bank::new(&server.base_url(), world.credentials("bank-bri"));
    let is_closed = || {
        let days = days(&bank.api, &format!("?business_date={day}"));
        days.iter().any(|one| text(one, "state") == "closed")
    };
    assert!(wait_until(PATIENCE, is_closed), "{}", server.log());
    let settled = listed(&bank.api, &format!("/v1/settlements?business_date={day}"));
    assert_eq!(settled.iter().map(|one| number(one, "net")).collect::<Vec<_>>(), [20_000]);
}
