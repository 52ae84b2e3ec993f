//! `PostgreSQL` dies while the server stays up.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use ewarong_tests::Cluster;
use ewarong_tests::client::eggs;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::PATIENCE;

use super::clerk::{Round, audit, guesses, settle};
use super::clerks_of;
use super::town::Town;
use crate::chance::{Chance, seed};
use crate::till::fresh_key;

const ROUNDS: usize = 6;
const BUYERS: usize = 60;

/// By `kill -9` of its first process and by an immediate stop, in turns.
#[test]
fn a_killed_database_loses_and_doubles_nothing() {
    let mut chance = Chance::of(seed());
    let cluster = Cluster::start();
    let town = Town::start_in(cluster.create_database(), BUYERS + ROUNDS).credited();
    let mut clerks = clerks_of(&town, &mut chance);
    let (buyers, guessed) = town.cards.split_at(BUYERS);
    for (number, guessed) in guessed.iter().enumerate() {
        let round = Round::default();
        let enough = 5 + chance.below(300);
        thread::scope(|scope| {
            for clerk in &mut clerks {
                scope.spawn(|| clerk.work(buyers, guessed, &round));
            }
            let decided = |more: usize| {
                let until = round.answered.load(Ordering::Acquire) + more;
                let busy = || round.answered.load(Ordering::Acquire) >= until;
                assert!(wait_until(PATIENCE, busy), "no answers:\n{}", town.server.log());
            };
            decided(enough);
            if number % 2 == 0 {
                cluster.kill9();
            } else {
                cluster.stop_immediate();
            }
            let noticed = || round.unanswered.load(Ordering::Acquire) >= clerks_wait(number);
            assert!(wait_until(PATIENCE, noticed), "nobody noticed");
            cluster.restart();
            decided(20);
            round.over.store(true, Ordering::Release);
        });
        settle(&mut clerks);
        assert!(guesses(&clerks, guessed) <= 3, "a PIN was guessed at more than three times");
        town.verify();
    }
    audit(&mut clerks, buyers);
}

/// How many requests go unanswered before the database comes back: from one outage to the next
/// longer.
const fn clerks_wait(number: usize) -> usize {
    4 + 20 * number
}

/// A lone shop that asks less than once a second is served again as well: nothing that the server
/// does now and then may be what fails each time.
#[test]
fn a_quiet_shop_is_served_again_after_the_database_died() {
    let cluster = Cluster::start();
    let town = Town::start_in(cluster.create_database(), 2).credited();
    let (till, card) = (town.till_at(&town.server, "T-1"), &town.cards[0]);
    let key = fresh_key();
    let buy = || till.redeem(&key, &card.card_number, &card.pin, &[eggs("1", 2_000)]);
    let inquire = || {
        thread::sleep(Duration::from_millis(1_100)); // the shop's pace
        till.inquire(&card.card_number, &card.pin)
    };
    buy().expect(201);
    cluster.stop_immediate();
    let gone = inquire();
    assert!([503, 504].contains(&gone.status), "{}", gone.text());
    cluster.restart();
    let served = (0..4).any(|_| inquire().status == 200);
    assert!(served, "not served again:\n{}", town.server.log());
    assert_eq!(buy().header("idempotent-replayed"), Some("true"));
    assert_eq!(Town::balance(&till, card), 108_000);
}
