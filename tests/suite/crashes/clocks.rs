//! Clocks that are wrong, that are set while the service runs, and that differ between machines: no family is
//! held up, no number is taken from anybody, and time goes on.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use ewarong_tests::client::{ApiClient, eggs};
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::{PATIENCE, finished_run};
use ewarong_tests::shim::WrongClock;
use ewarong_tests::{Answer, Backend, Cluster, on_both_backends};
use serde_json::Value;

use super::nodes::{at_once, count};
use super::town::Town;
use crate::chance::{Chance, seed};
use crate::till::{buy, text};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

pub(super) fn is_ready(api: &ApiClient) -> bool {
    api.send("GET", "/readyz", &[], b"").is_ok_and(|answer| answer.status == 200)
}

fn created(answer: &Answer) -> String {
    text(&answer.expect(201), "created_at").to_owned()
}

/// Credits another month, and how many families got it.
fn credit_again(town: &Town) -> i64 {
    town.fund("again", 1);
    let run: Value = finished_run(&town.office(), "2018-10");
    assert_eq!(run["status"], "completed", "{run}");
    let banks = run["banks"].as_array().unwrap().iter();
    banks.map(|bank| bank["credited"].as_i64().unwrap()).sum()
}

/// A town with a month's credit, whose machine and database server go by this clock.
fn town_by(clock: &WrongClock, backend: Backend, families: usize) -> (Town, Option<Cluster>) {
    let environment = clock.environment();
    let cluster = (backend == Backend::Postgres).then(|| {
        let environment = environment.clone().map(|(name, value)| format!("{name}={value}"));
        Cluster::start_with("", &environment.each_ref().map(String::as_str))
    });
    let town = match &cluster {
        Some(cluster) => Town::start_in(cluster.create_database(), families),
        None => Town::start(backend, families),
    };
    let mut town = town.credited();
    town.server.restart_in(&environment);
    (town, cluster)
}

on_both_backends! {
    /// What was sold while it was ahead has ids and times hours ahead, also after a crash. Nobody waits
    /// for the clock to get there.
    fn a_clock_that_was_hours_ahead_holds_nobody_up(backend) {
        let clock = WrongClock::right();
        let (mut town, _cluster) = town_by(&clock, backend, 24);
        town.server.kill9();
        clock.set_ahead(6 * HOUR);
        town.server.restart_in(&clock.environment());
        let till = town.till_at(&town.server, "T-1");
        let ahead = [0, 1].map(|at| created(&buy(&till, &town.cards[at], &[eggs("1", 900)])));
        town.server.kill9();
        clock.set_ahead(Duration::ZERO);
        town.server.restart_in(&clock.environment());
        let (tills, cards) = (town.tills(), &town.cards);
        let answers = thread::scope(|scope| {
            let sell = |(card, till)| scope.spawn(move || buy(till, card, &[eggs("1", 900)]));
            let sales = cards.iter().zip(tills.iter().cycle()).map(sell).collect::<Vec<_>>();
            sales.into_iter().map(|sale| sale.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(count(&answers, "approved"), cards.len());
        let first = answers.iter().map(created).min().unwrap();
        assert!(ahead[0] <= ahead[1] && ahead[1] <= first, "{ahead:?} and then {first}");
        assert!(is_ready(&tills[0].api));
        assert_eq!(usize::try_from(credit_again(&town)).unwrap(), cards.len());
        town.verify();
    }

    /// It fails by itself, and neither others that buy at the same moment nor the month's run.
    fn a_spoilt_last_id_stops_one_family_alone(backend) {
        let town = Town::start(backend, 16).credited();
        let spoilt = i64::MAX - 7;
        let wallet = "(SELECT MIN(wallet_id) FROM card_numbers)";
        town.sql(&format!("UPDATE wallets SET last_id = {spoilt} WHERE id = {wallet}"));
        let (tills, cards) = (town.tills(), &town.cards);
        for _ in 0..3 {
            let statuses = thread::scope(|scope| {
                let sell = |(card, till)| scope.spawn(move || buy(till, card, &[eggs("1", 900)]));
                let sales = cards.iter().zip(tills.iter().cycle()).map(sell).collect::<Vec<_>>();
                sales.into_iter().map(|sale| sale.join().unwrap().status).collect::<Vec<_>>()
            });
            let sold = statuses.iter().filter(|status| **status == 201);
            assert_eq!(sold.count(), cards.len() - 1, "{statuses:?}");
        }
        assert!(is_ready(&tills[0].api));
        assert_eq!(usize::try_from(credit_again(&town)).unwrap(), cards.len() - 1);
    }

    /// Set by a minute, and set back, in both directions.
    fn a_clock_that_is_set_while_it_runs_stops_deciding_until_it_agrees(backend) {
        let clock = WrongClock::right();
        let (town, _cluster) = town_by(&clock, backend, 4);
        let till = town.till_at(&town.server, "T-1");
        let mut before = created(&buy(&till, &town.cards[0], &[eggs("1", 900)]));
        for set in [WrongClock::set_ahead, WrongClock::set_behind] {
            set(&clock, Duration::from_mins(1));
            let stopped = wait_until(PATIENCE, || !is_ready(&till.api));
            assert!(stopped, "it is ready:\n{}", town.server.log());
            let answer = buy(&till, &town.cards[0], &[eggs("1", 900)]);
            assert_eq!(answer.problem(503), "unavailable");
            set(&clock, Duration::ZERO);
            let goes_on = wait_until(PATIENCE, || is_ready(&till.api));
            assert!(goes_on, "it is not ready:\n{}", town.server.log());
            let after = created(&buy(&till, &town.cards[0], &[eggs("1", 900)]));
            assert!(before < after, "{before} and then {after}");
            before = after;
        }
        town.verify();
    }

    fn a_day_ahead_that_is_corrected_neither_stops_time_nor_keeps_tokens(backend) {
        let clock = WrongClock::right();
        let (mut town, _cluster) = town_by(&clock, backend, 4);
        town.server.kill9();
        clock.set_ahead(DAY);
        town.server.restart_in(&clock.environment());
        let early = town.till_at(&town.server, "T-1");
        let mut last = created(&buy(&early, &town.cards[0], &[eggs("1", 900)]));
        town.server.kill9();
        clock.set_ahead(Duration::ZERO);
        town.server.restart_in(&clock.environment());
        assert_eq!(early.api.get("/v1/me").problem(401), "token_invalid", "it was issued tomorrow");
        assert!(town.server.log().contains("half pace"), "{}", town.server.log());
        let till = town.till_at(&town.server, "T-2");
        for card in &town.cards {
            let moved = wait_until(PATIENCE, || {
                let now = created(&buy(&till, card, &[eggs("1", 10)]));
                assert!(last <= now, "{last} and then {now}");
                let moved = last < now;
                last = now;
                moved
            });
            assert!(moved, "time stands still at {last}");
        }
        till.api.get("/v1/me").expect(200);
        clock.set_ahead(Duration::from_mins(11));
        assert_eq!(till.api.get("/v1/me").problem(401), "token_invalid", "it has expired");
        town.verify();
    }

    /// Where it is accepted, an era begins, which the next start needs nobody to accept.
    fn a_clock_that_is_months_behind_is_refused_until_somebody_accepts_it(backend) {
        let clock = WrongClock::right();
        let (mut town, _cluster) = town_by(&clock, backend, 2);
        let till = town.till_at(&town.server, "T-1");
        let before = created(&buy(&till, &town.cards[0], &[eggs("1", 900)]));
        town.server.kill9();
        clock.set_behind(60 * DAY);
        let environment = clock.environment();
        for words in [town.serve(), town.command(&["credit", "--period", "2018-10"])] {
            let said = town.refused(&words, &environment);
            assert!(said.contains("--accept-clock"), "{said}");
        }
        let reason = "the battery was changed";
        let mut server = town.second_node_in(&environment, &["--accept-clock", reason]);
        let there = town.till_at(&server, "T-1");
        let sold = created(&buy(&there, &town.cards[0], &[eggs("1", 900)]));
        assert!(sold < before, "{before} and then {sold}");
        server.kill9();
        assert_eq!(town.asked("SELECT reason AS told FROM clock_eras"), [reason]);
        let server = town.second_node_in(&environment, &[]);
        let there = town.till_at(&server, "T-1");
        let later = created(&buy(&there, &town.cards[0], &[eggs("1", 900)]));
        assert!(sold < later && later < before, "{sold} and then {later}");
        town.verify();
    }
}

/// Under clocks that are anywhere within a day, some of the ends crashes.
#[test]
fn time_goes_on_across_restarts_whatever_the_clock_says() {
    let mut chance = Chance::of(seed());
    let clock = WrongClock::right();
    let (mut town, _none) = town_by(&clock, Backend::Sqlite, 4);
    let mut last = String::new();
    for round in 0..8 {
        let off = Duration::from_mins(u64::try_from(chance.below(20 * 60)).unwrap());
        if chance.one_in(2) {
            town.server.kill9();
        } else {
            let ended = town.server.terminate();
            assert!(ended.success(), "round {round}: {ended}\n{}", town.server.log());
        }
        if chance.one_in(2) {
            clock.set_ahead(off);
        } else {
            clock.set_behind(off);
        }
        town.server.restart_in(&clock.environment());
        let till = town.till_at(&town.server, "T-1");
        for card in &town.cards {
            let now = created(&buy(&till, card, &[eggs("1", 100)]));
            assert!(last <= now, "round {round}, {off:?} off: {last} and then {now}");
            last = now;
        }
    }
    town.verify();
}

/// It neither starts nor decides, and nobody loses a number to it.
#[test]
fn a_node_with_another_time_than_the_database_takes_nobodys_place() {
    let clock = WrongClock::right();
    let town = Town::start(Backend::Postgres, 4).credited();
    let till = town.till_at(&town.server, "T-1");
    clock.set_ahead(HOUR);
    let folder = town.folder().display().to_string();
    let keys = town.folder().join("ewarong.keys").display().to_string();
    for words in [
        town.serve(),
        town.command(&["credit", "--period", "2018-10"]),
        town.command(&["import", &folder, "--keys", &keys]),
    ] {
        let said = town.refused(&words, &clock.environment());
        assert!(said.contains("away from the database's"), "{said}");
    }
    // Another one's clock goes wrong later.
    clock.set_ahead(Duration::ZERO);
    let node = town.second_node_in(&clock.environment(), &[]);
    let there = town.till_at(&node, "T-2");
    buy(&there, &town.cards[0], &[eggs("1", 900)]).expect(201);
    clock.set_ahead(Duration::from_secs(4));
    assert!(wait_until(PATIENCE, || !is_ready(&there.api)), "it is ready:\n{}", node.log());
    assert_eq!(buy(&there, &town.cards[0], &[eggs("1", 900)]).problem(503), "unavailable");
    buy(&till, &town.cards[0], &[eggs("1", 900)]).expect(201);
    assert!(is_ready(&till.api));
    clock.set_ahead(Duration::ZERO);
    assert!(wait_until(PATIENCE, || is_ready(&there.api)), "it is not ready:\n{}", node.log());
    buy(&there, &town.cards[0], &[eggs("1", 900)]).expect(201);
    town.verify();
}

/// In the same milliseconds, on two nodes.
#[test]
fn no_two_purchases_of_two_nodes_have_one_retrieval_reference() {
    let town = Town::start(Backend::Postgres, 8).credited();
    let node = town.second_node();
    let tills = [town.till_at(&town.server, "T-1"), town.till_at(&node, "T-1")];
    let mut references = BTreeSet::new();
    for card in &town.cards {
        let answers = at_once(50, &tills, |till| buy(till, card, &[eggs("1", 10)]));
        assert_eq!(count(&answers, "approved"), answers.len());
        references.extend(answers.iter().map(|answer| text(&answer.json(), "rrn").to_owned()));
    }
    assert_eq!(references.len(), 50 * town.cards.len());
    let digits = |rrn: &String| rrn.len() == 12 && rrn.bytes().all(|byte| byte.is_ascii_digit());
    assert!(references.iter().all(digits), "{references:?}");
    town.verify();
}
