//! Several servers on one database, and several threads on one server, all at the same moment.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use ewarong_tests::client::eggs;
use ewarong_tests::demo::Card;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::{PATIENCE, clear_of_midnight, today};
use ewarong_tests::{Answer, Backend, Merchant, on_both_backends};
use serde_json::Value;

use super::town::Town;
use crate::chance::{Chance, seed};
use crate::folder::MONTHLY;
use crate::till::{buy, fresh_key, number, outcome, text, wrong_pin};

const AT_ONCE: usize = 50;

/// Sends so many requests at the same moment, shared out among the tills, and collects the answers.
pub(super) fn at_once(
    count: usize,
    tills: &[Merchant],
    send: impl Fn(&Merchant) -> Answer + Sync,
) -> Vec<Answer> {
    let start = Barrier::new(count);
    thread::scope(|scope| {
        let threads = (0..count).map(|place| {
            let (start, send) = (&start, &send);
            scope.spawn(move || {
                start.wait();
                send(&tills[place % tills.len()])
            })
        });
        let threads = threads.collect::<Vec<_>>();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

pub(super) fn count(answers: &[Answer], wanted: &str) -> usize {
    answers.iter().filter(|answer| outcome(answer) == wanted).count()
}

#[test]
fn two_nodes_approve_what_a_card_pays_for_and_no_more() {
    let mut chance = Chance::of(seed());
    let town = Town::start(Backend::Postgres, 8).credited();
    let node = town.second_node();
    let tills = [town.till_at(&town.server, "T-1"), town.till_at(&node, "T-2")];
    for card in &town.cards {
        let price = chance.amount(2_300, 30_000);
        let answers = at_once(AT_ONCE, &tills, |till| buy(till, card, &[eggs("1", price)]));
        let approved = usize::try_from(MONTHLY / price).unwrap();
        assert_eq!(count(&answers, "approved"), approved, "at {price}");
        assert_eq!(count(&answers, "balance_insufficient"), AT_ONCE - approved, "at {price}");
        assert_eq!(Town::balance(&tills[0], card), MONTHLY % price, "at {price}");
    }
    town.verify();
}

#[test]
fn one_key_fifty_times_at_once_on_two_nodes_is_one_purchase() {
    let town = Town::start(Backend::Postgres, 8).credited();
    let node = town.second_node();
    let tills = [town.till_at(&town.server, "T-1"), town.till_at(&node, "T-1")];
    for card in &town.cards {
        let key = fresh_key();
        let answers = at_once(AT_ONCE, &tills, |till| {
            till.redeem(&key, &card.card_number, &card.pin, &[eggs("7", 1_000)])
        });
        let told = answers.iter().map(|answer| (answer.status, answer.text()));
        assert_eq!(told.collect::<BTreeSet<_>>().len(), 1);
        let first = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_none());
        assert_eq!((answers[0].status, first.count()), (201, 1));
        assert_eq!(Town::balance(&tills[1], card), MONTHLY - 7_000);
    }
    town.verify();
}

on_both_backends! {
    /// Whatever is asked at the same moment: three are compared.
    fn a_hundred_guesses_at_once_are_three(backend) {
        let town = Town::start(backend, 3).credited();
        let tills = [town.till_at(&town.server, "T-1"), town.till_at(&town.server, "T-4")];
        let [guessed, asked, _] = town.cards.as_slice() else { panic!("three families") };
        let answers = at_once(100, &tills, |till| {
            till.redeem(&fresh_key(), &guessed.card_number, &wrong_pin(guessed), &[eggs("1", 100)])
        });
        assert_eq!((count(&answers, "pin_wrong"), count(&answers, "card_pin_blocked")), (3, 97));
        // A question for the balance is a try too.
        let answers = at_once(100, &tills, |till| {
            till.inquire(&asked.card_number, &wrong_pin(asked))
        });
        assert_eq!((count(&answers, "pin_wrong"), count(&answers, "card_pin_blocked")), (3, 97));
        for card in [guessed, asked] {
            let right = tills[0].inquire(&card.card_number, &card.pin);
            assert_eq!(outcome(&right), "card_pin_blocked");
        }
        town.verify();
    }

    /// Each is dated to the day before or to the day after, and counted there.
    fn a_day_closed_under_load_counts_every_purchase_once(backend) {
        clear_of_midnight();
        let town = Town::start(backend, 16).credited();
        let node = (backend == Backend::Postgres).then(|| town.second_node());
        let there = node.as_ref().unwrap_or(&town.server);
        let tills = [town.till_at(&town.server, "T-1"), town.till_at(there, "T-1")];
        let sales = Sales::default();
        thread::scope(|scope| {
            for (till, cards) in tills.iter().cycle().zip(town.cards.chunks(4)) {
                scope.spawn(|| sales.sell(till, cards));
            }
            let sold = |more: usize| {
                let until = sales.count.load(Ordering::Acquire) + more;
                let enough = || sales.count.load(Ordering::Acquire) >= until;
                assert!(wait_until(PATIENCE, enough), "nothing is sold:\n{}", town.server.log());
            };
            sold(40);
            let marked = town.bank("bri").close_early(&today().to_string()).expect(202);
            assert_eq!(marked["state"], "closing");
            sold(40);
            sales.over.store(true, Ordering::Release);
        });
        let (days, till) = (sales.days.into_inner().unwrap(), &tills[0]);
        let [before, after] = [today(), today().next()].map(|day| settlement(till, &day.to_string()));
        assert_eq!((text(&before, "state"), text(&after, "state")), ("closed", "open"));
        assert_sums(&before, &days.0);
        assert_sums(&after, &days.1);
        let path = format!("/v1/settlements/{}/items?limit=1000", text(&before, "id"));
        let items = till.api.get(&path).expect(200);
        let items = items["data"].as_array().unwrap();
        let sold = items.iter().filter(|item| item["kind"] == "redemption");
        let ids = sold.map(|item| text(item, "redemption_id").to_owned()).collect::<Vec<_>>();
        assert_eq!(ids.len(), days.0.ids.len(), "none stands there twice");
        assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), days.0.ids);
        town.verify();
    }
}

/// A day as its shop knows it.
#[derive(Debug, Default)]
struct Day {
    ids: BTreeSet<String>,
    gross: i64,
    reversals: i64,
    reversed: i64,
}

/// What a shop sells on two days: the one that is closed meanwhile, and the next.
#[derive(Debug, Default)]
struct Sales {
    over: AtomicBool,
    count: AtomicUsize,
    days: Mutex<(Day, Day)>,
}

impl Sales {
    /// Sells one egg after the other and takes every fifth back, where its day still allows it.
    fn sell(&self, till: &Merchant, cards: &[Card]) {
        let (closing, mut turn) = (today().to_string(), 0);
        while !self.over.load(Ordering::Acquire) {
            turn += 1;
            let bought = buy(till, &cards[turn % cards.len()], &[eggs("1", 301)]).expect(201);
            let id = text(&bought, "id").to_owned();
            let taken_back = (turn % 5 == 0).then(|| till.reverse(&fresh_key(), &id, "salah"));
            let mut days = self.days.lock().unwrap();
            let mut of = |answer: &Value, note: &mut dyn FnMut(&mut Day)| {
                note(if text(answer, "business_date") == closing {
                    &mut days.0
                } else {
                    &mut days.1
                });
            };
            of(&bought, &mut |day| {
                day.gross += number(&bought, "amount");
                day.ids.insert(id.clone());
            });
            match taken_back.map(|answer| (answer.status, answer.json())) {
                Some((201, body)) => of(&body, &mut |day| {
                    day.reversals += 1;
                    day.reversed += number(&body, "amount");
                }),
                Some((409, body)) => assert_eq!(body["code"], "day_closed"),
                Some(other) => panic!("not taken back: {other:?}"),
                None => {}
            }
            self.count.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// The shop's settlement of that day, once nothing is under way.
fn settlement(till: &Merchant, day: &str) -> Value {
    let mut found = Value::Null;
    let settled = wait_until(PATIENCE, || {
        let list = till.api.get(&format!("/v1/settlements?business_date={day}")).expect(200);
        found = list["data"][0].clone();
        ["closed", "open"].iter().any(|state| found["state"] == *state)
    });
    assert!(settled, "the day stays: {found}");
    found
}

fn assert_sums(settlement: &Value, day: &Day) {
    let told =
        ["redemptions", "gross", "reversals", "reversed"].map(|member| number(settlement, member));
    let sold = i64::try_from(day.ids.len()).unwrap();
    assert_eq!(told, [sold, day.gross, day.reversals, day.reversed], "{settlement}");
}
