//! What a purchase stands on changes between its reading and its writing: cards, the registry, other
//! nodes' batches. It is decided again, and nobody notices.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ewarong_tests::client::eggs;
use ewarong_tests::demo::Card;
use ewarong_tests::{Backend, Merchant, on_both_backends};
use serde_json::{Value, json};

use super::nodes::{at_once, count};
use super::town::Town;
use crate::till::{buy, fresh_key, outcome, text, wrong_pin};

/// Another clerk is registered this many times while shops sell.
const CHANGES: usize = 40;

/// Buys until told to stop, and counts what was approved.
fn buy_until(stop: &AtomicBool, till: &Merchant, card: &Card) -> usize {
    let mut approved = 0;
    while !stop.load(Ordering::Acquire) {
        let bought = buy(till, card, &[eggs("1", 10)]);
        match outcome(&bought).as_str() {
            "approved" => approved += 1,
            "card_blocked" => {}
            other => panic!("{other}: {}", bought.text()),
        }
    }
    approved
}

/// How many purchases the bank's list has of this card.
fn approved_of(town: &Town, card: &str) -> usize {
    let path = format!("/v1/transfers?card_id={card}&kind=redemption&limit=1000");
    let list = town.bank("bri").api.get(&path).expect(200);
    list["data"].as_array().map_or(0, Vec::len)
}

on_both_backends! {
    /// Once the bank has its answer, no purchase is added, however many are under way.
    fn a_blocked_card_buys_nothing_more(backend) {
        let town = Town::start(backend, 4).credited();
        let node = (backend == Backend::Postgres).then(|| town.second_node());
        let there = node.as_ref().unwrap_or(&town.server);
        let tills = [town.till_at(&town.server, "T-1"), town.till_at(there, "T-2")];
        let bank = town.bank("bri");
        for card in town.cards.iter().filter(|card| card.bank == "bri") {
            let lookup = json!({"card_number": card.card_number});
            let found = bank.api.post("/v1/card-lookups", &lookup).expect(200);
            let (id, stop) = (text(&found, "id").to_owned(), AtomicBool::new(false));
            let seen = thread::scope(|scope| {
                let buyers = [&tills[0], &tills[1], &tills[0], &tills[1]]
                    .map(|till| scope.spawn(|| buy_until(&stop, till, card)));
                while approved_of(&town, &id) < 20 {
                    assert!(buyers.iter().all(|buyer| !buyer.is_finished()), "a buyer gave up");
                }
                let block = json!({"state": "blocked_bank", "reason": "laporan hilang"});
                bank.api.post(&format!("/v1/cards/{id}/state"), &block).expect(200);
                let seen = approved_of(&town, &id);
                stop.store(true, Ordering::Release);
                let approved = buyers.map(|buyer| buyer.join().unwrap()).iter().sum::<usize>();
                assert_eq!(approved, seen, "approved after the card was blocked");
                seen
            });
            assert_eq!(approved_of(&town, &id), seen);
        }
        town.verify();
    }

    /// Every change raises the registry's revision, under every purchase that is being written.
    fn a_registry_that_changes_refuses_nobody(backend) {
        let town = Town::start(backend, 8).credited();
        let (till, stop) = (town.till_at(&town.server, "T-1"), AtomicBool::new(false));
        thread::scope(|scope| {
            let buyers = town.cards.chunks(2).map(|cards| {
                let (till, stop) = (&till, &stop);
                scope.spawn(move || buy_until(stop, till, &cards[0]))
            });
            let buyers = buyers.collect::<Vec<_>>();
            for change in 0..CHANGES {
                let name = format!("petugas-{change}");
                let added = town.run(&["client", "add", &name, "--role", "auditor"]);
                assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
            }
            stop.store(true, Ordering::Release);
            for buyer in buyers {
                assert!(buyer.join().unwrap() > 0, "one of them bought nothing");
            }
        });
        town.verify();
    }
}

/// The counter is compared when it is written, so that no node's guess is lost.
#[test]
fn a_hundred_guesses_at_once_on_two_nodes_are_three() {
    let town = Town::start(Backend::Postgres, 4).credited();
    let node = town.second_node();
    let tills = [town.till_at(&town.server, "T-1"), town.till_at(&node, "T-2")];
    let compared = |answers: &[ewarong_tests::Answer]| {
        (count(answers, "pin_wrong"), count(answers, "card_pin_blocked"))
    };
    for (turn, card) in town.cards.iter().enumerate() {
        let answers = at_once(100, &tills, |till| {
            if turn % 2 == 0 {
                till.redeem(&fresh_key(), &card.card_number, &wrong_pin(card), &[eggs("1", 100)])
            } else {
                till.inquire(&card.card_number, &wrong_pin(card))
            }
        });
        assert_eq!(compared(&answers), (3, 97));
    }
    town.verify();
}

/// A wrong PIN beside purchases with the right one: each is answered as if it came alone.
#[test]
fn a_guess_beside_purchases_on_two_nodes_stops_none_of_them() {
    let town = Town::start(Backend::Postgres, 4).credited();
    let node = town.second_node();
    let tills = [town.till_at(&town.server, "T-1"), town.till_at(&node, "T-2")];
    for card in &town.cards {
        let wrong = wrong_pin(card);
        let answers = at_once(20, &tills, |till| buy(till, card, &[eggs("1", 100)]));
        assert_eq!(count(&answers, "approved"), 20);
        let guess = tills[1].redeem(&fresh_key(), &card.card_number, &wrong, &[eggs("1", 100)]);
        assert_eq!(outcome(&guess), "pin_wrong");
        let told: Value = tills[0].inquire(&card.card_number, &card.pin).expect(200);
        assert_eq!(told["balance"], 110_000 - 2_000);
    }
    town.verify();
}
