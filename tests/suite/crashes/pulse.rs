//! What keeps a node alive, and what it reports of itself: neither slow reads nor a database's own
//! settings stop sales, and what can't be decided shows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ewarong_tests::client::eggs;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::{PATIENCE, finished_run};
use ewarong_tests::{Backend, Cluster};

use super::clocks::is_ready;
use super::nodes::{at_once, count};
use super::town::Town;
use crate::till::{buy, text};

/// Readers that hold every connection they may have.
const READERS: usize = 16;
/// Longer than a node can go on without renewing anything.
const SLOW: Duration = Duration::from_secs(14);

#[test]
fn slow_reads_do_not_stop_sales() {
    let town = Town::start(Backend::Postgres, 4).credited();
    let till = town.till_at(&town.server, "T-1");
    let (office, over) = (town.office(), AtomicBool::new(false));
    let run = finished_run(&office, "2018-09");
    let path = format!("/v1/credit-runs/{}", text(&run, "id"));
    let stopped = thread::scope(|scope| {
        // What these reads need, no sale does.
        scope.spawn(|| town.sql("BEGIN; LOCK TABLE credit_runs; SELECT pg_sleep(16); COMMIT"));
        for _ in 0..READERS {
            scope.spawn(|| {
                // Each waits for its lock for two seconds at the most, and is sent again.
                while !over.load(Ordering::Acquire) {
                    drop(office.api.request("GET", &path, &[], b""));
                }
            });
        }
        let started = Instant::now();
        let stopped = loop {
            let sold = buy(&till, &town.cards[0], &[eggs("1", 10)]);
            let ready = is_ready(&till.api);
            if sold.status != 201 || !ready {
                break Some((started.elapsed(), ready, sold.text()));
            }
            if started.elapsed() > SLOW {
                break None;
            }
            thread::sleep(Duration::from_millis(100));
        };
        over.store(true, Ordering::Release);
        stopped
    });
    assert_eq!(stopped, None, "{}", town.server.log());
    town.verify();
}

/// What every purchase has to write can't be written.
#[test]
fn damaged_pages_show_in_what_is_ready() {
    let mut town = Town::start(Backend::Sqlite, 8).credited();
    assert!(town.server.terminate().success());
    town.spoil_page_of("sqlite_autoindex_redemptions_1");
    town.server.restart();
    let till = town.till_at(&town.server, "T-1");
    assert!(is_ready(&till.api), "nothing was asked for yet:\n{}", town.server.log());
    let answers = town.cards.iter().map(|card| buy(&till, card, &[eggs("1", 900)]).status);
    assert_eq!(answers.collect::<Vec<_>>(), [503; 8]);
    assert!(!is_ready(&till.api), "{}", town.server.log());
}

/// The service decides by its own level, whatever the database is set to.
#[test]
fn the_isolation_level_is_the_services_own() {
    let town = Town::start(Backend::Postgres, 8).credited();
    let name = Cluster::name_of(town.server.database_url());
    town.sql(&format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"));
    let node = town.second_node();
    let tills = [town.till_at(&node, "T-1"), town.till_at(&node, "T-2")];
    let traces = || {
        // Of this database's, and of this test's own transaction, which is the first.
        let query = "SELECT COUNT(DISTINCT pid) AS told FROM pg_locks
            WHERE mode = 'SIReadLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        town.asked(query)[0].clone()
    };
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // While it lasts, what serializable transactions read is remembered after they end.
            town.sql("BEGIN; SELECT * FROM banks; SELECT pg_sleep(8); COMMIT");
            ended.store(true, Ordering::Release);
        });
        assert!(wait_until(PATIENCE, || traces() == "1"), "{}", traces());
        for card in &town.cards {
            let answers = at_once(6, &tills, |till| buy(till, card, &[eggs("1", 10)]));
            assert_eq!(count(&answers, "approved"), 6);
        }
        assert_eq!(traces(), "1");
        assert!(!ended.load(Ordering::Acquire), "it ended before anything could be told");
    });
}
