//! Who guesses from card to card is stopped with the terminal; its bank lifts it; failed inquiries tell
//! which terminal it was.

mod shops;
mod times;

use ewarong_tests::demo::Card;
use ewarong_tests::seed::folder::unknown_number;
use ewarong_tests::{Backend, Bank, Merchant, Server, World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{
    EGG, REFUSAL, assert_members, buy, buy_with_wrong_pin, code_of, fresh_key, goods, listed,
    outcome, refused, text, wrong_pin,
};

/// As `serve` has it where nothing is said.
const LIMIT: [&str; 2] = ["--wrong-pins", "10"];

fn world(backend: Backend) -> World {
    World::start_with(backend, &LIMIT)
}

/// Sets a terminal's state, as its bank does.
fn set_terminal(bank: &Bank, terminal: &str, state: &str) -> Value {
    let body = json!({"state": state, "reason": "diperiksa di tempat"});
    bank.api.post(&format!("/v1/terminals/{terminal}/state"), &body).expect(200)
}

/// Tries so many numbers that no card has, from this one on: half of them as purchases.
fn guess(till: &Merchant, from: usize, numbers: usize) {
    for serial in from..from + numbers {
        let number = unknown_number(serial);
        let answer = if serial % 2 == 0 {
            till.inquire(&number, "271828")
        } else {
            till.redeem(&fresh_key(), &number, "271828", &goods(EGG))
        };
        assert_eq!(code_of(&answer), refused("pin_wrong", "55"), "{serial}");
    }
}

fn suspended(bank: &Bank) -> Vec<Value> {
    listed(&bank.api, "/v1/terminals?state=suspended")
}

on_both_backends! {
    /// Purchases and inquiries, known cards and unknown numbers: the eleventh number is one too many.
    fn eleven_cards_with_wrong_pins_suspend_their_terminal(backend) {
        let world = world(backend);
        let (till, beside) = (world.till("JKT-1"), world.till("JKT-2"));
        let (bank, card) = (world.bank("bri"), world.fresh_card("bri"));
        for place in 0..5 {
            let tried = world.fresh_card("bri");
            let answer = if place % 2 == 0 {
                buy_with_wrong_pin(&till, &tried, &goods(EGG))
            } else {
                till.inquire(&tried.card_number, &wrong_pin(&tried))
            };
            assert_eq!(code_of(&answer), refused("pin_wrong", "55"));
        }
        guess(&till, 300, 5);
        assert_eq!(outcome(&buy(&till, &card, &goods(EGG))), "approved", "ten are not too many");
        assert_eq!(suspended(&bank), Vec::<Value>::new());
        guess(&till, 305, 1);

        let stopped = refused("terminal_suspended", "58");
        assert_eq!(code_of(&buy(&till, &card, &goods(EGG))), stopped);
        assert_eq!(code_of(&till.inquire(&card.card_number, &card.pin)), stopped);
        let unknown = till.inquire(&unknown_number(306), "271828");
        assert_eq!(code_of(&unknown), stopped);
        assert_members(&unknown.json(), &REFUSAL);
        assert_eq!(outcome(&buy(&beside, &card, &goods(EGG))), "approved", "another terminal");

        let list = suspended(&bank);
        assert_eq!(list.len(), 1, "{list:?}");
        let members = [
            "terminal_id", "merchant_id", "merchant_name", "bank", "state", "changed_at", "reason",
            "changed_by",
        ];
        assert_members(&list[0], &members);
        assert_eq!(text(&list[0], "terminal_id"), "JKT-1");
        assert_eq!(text(&list[0], "merchant_id"), "EW-JAKARTA");
        assert_eq!(list[0]["changed_by"], Value::Null);
        assert_eq!(suspended(&world.bank("bni")), Vec::<Value>::new(), "another bank's");
        assert_eq!(listed(&world.auditor().api, "/v1/terminals?state=suspended"), list);
        let metrics = bank.api.get("/metrics").text();
        assert!(metrics.contains("\newarong_terminals_suspended 1\n"), "{metrics}");
        world.verify();
    }

    /// A family that forgot its PIN is not a guesser: one number counts once.
    fn many_wrong_pins_on_few_cards_suspend_nothing(backend) {
        let world = world(backend);
        let till = world.till("JBI-1");
        for _ in 0..10 {
            let card = world.fresh_card("bri");
            for _ in 0..3 {
                assert_eq!(buy_with_wrong_pin(&till, &card, &goods(EGG)).problem(402), "pin_wrong");
            }
            let blocked = buy_with_wrong_pin(&till, &card, &goods(EGG));
            assert_eq!(blocked.problem(402), "card_pin_blocked");
        }
        let card = world.fresh_card("bri");
        assert_eq!(outcome(&buy(&till, &card, &goods(EGG))), "approved");
    }

    /// The same request again is not another try.
    fn a_replay_counts_nothing(backend) {
        let world = world(backend);
        let till = world.till("JBI-1");
        let keys: Vec<String> = (0..10).map(|_| fresh_key()).collect();
        for _ in 0..3 {
            for (key, serial) in keys.iter().zip(320..) {
                let answer = till.redeem(key, &unknown_number(serial), "271828", &goods(EGG));
                assert_eq!(answer.problem(402), "pin_wrong");
            }
        }
        guess(&till, 320, 10);
        let card = world.fresh_card("bri");
        assert_eq!(outcome(&buy(&till, &card, &goods(EGG))), "approved");
    }

    /// Its bank's reason is kept, and what was before it does not count again.
    fn its_bank_lifts_a_suspension(backend) {
        let world = world(backend);
        let (till, card) = (world.till("JBI-1"), world.fresh_card("bri"));
        let (bank, other) = (world.bank("bri"), world.bank("bni"));
        guess(&till, 340, 11);
        assert_eq!(outcome(&buy(&till, &card, &goods(EGG))), "terminal_suspended");
        let body = json!({"state": "active", "reason": "x"});
        let path = "/v1/terminals/JBI-1/state";
        assert_eq!(other.api.post(path, &body).problem(404), "not_found");
        assert_eq!(till.api.post(path, &body).problem(403), "role_not_allowed");
        assert_eq!(world.auditor().api.post(path, &body).problem(403), "role_not_allowed");
        assert_eq!(outcome(&buy(&till, &card, &goods(EGG))), "terminal_suspended");

        let lifted = set_terminal(&bank, "JBI-1", "active");
        assert_members(&lifted, &["terminal_id", "merchant_id", "state", "changed_at"]);
        assert_eq!(set_terminal(&bank, "JBI-1", "active"), lifted, "the same again");
        assert_eq!(outcome(&buy(&till, &card, &goods(EGG))), "approved");
        let terminals = listed(&bank.api, "/v1/terminals?merchant_id=EW-JAMBI");
        assert_eq!(terminals[0]["changed_at"], lifted["changed_at"]);
        assert_eq!(text(&terminals[0], "reason"), "diperiksa di tempat");
        assert_eq!(text(&terminals[0], "changed_by"), "bank-bri");

        guess(&till, 351, 10);
        assert_eq!(outcome(&buy(&till, &card, &goods(EGG))), "approved");
        guess(&till, 361, 1);
        assert_eq!(outcome(&buy(&till, &card, &goods(EGG))), "terminal_suspended");
        world.verify();
    }

    /// Whatever is sent at once: few are decided before it stands still, and those that wait are
    /// answered.
    fn guesses_at_once_are_few(backend) {
        let world = world(backend);
        let till = world.till("JBI-1");
        till.api.token();
        let told = std::thread::scope(|scope| {
            let guesses = (400..480).map(|serial| {
                let till = &till;
                scope.spawn(move || till.inquire(&unknown_number(serial), "271828"))
            });
            let guesses: Vec<_> = guesses.collect();
            guesses.into_iter().map(|guess| guess.join().unwrap().problem(402)).collect::<Vec<_>>()
        });
        let compared = told.iter().filter(|code| *code == "pin_wrong").count();
        assert!((11..=11 + 8).contains(&compared), "{compared} of {}", told.len());
        assert_eq!(told.iter().filter(|code| *code == "terminal_suspended").count(), 80 - compared);
    }

    /// Which terminal asked about which card, and why it was told nothing.
    fn refused_inquiries_are_listed(backend) {
        let world = world(backend);
        let (till, card) = (world.till("KPG-1"), world.fresh_card("bri"));
        let wrong = till.inquire(&card.card_number, &wrong_pin(&card));
        let body = wrong.expect(402);
        assert_members(&body, &REFUSAL);
        assert!(text(&body, "id").starts_with("inq_"), "{body}");
        assert_eq!(body["request_id"], body["id"]);
        let unknown = till.inquire(&unknown_number(500), "271828").expect(402);
        till.inquire(&card.card_number, &card.pin).expect(200);

        let path = "/v1/balance-inquiries";
        let all = listed(&world.auditor().api, path);
        assert_eq!(all.len(), 2, "{all:?}");
        let members = [
            "id", "status", "code", "response_code", "card", "bank", "acquirer", "merchant_id",
            "terminal_id", "created_at",
        ];
        for inquiry in &all {
            assert_members(inquiry, &members);
            assert_eq!((text(inquiry, "terminal_id"), text(inquiry, "acquirer")), ("KPG-1", "bni"));
        }
        assert_eq!((&all[0]["id"], text(&all[0], "code")), (&unknown["id"], "card_unknown"));
        assert_eq!((&all[1]["id"], text(&all[1], "code")), (&body["id"], "pin_wrong"));
        assert_eq!((&all[0]["card"], &all[0]["bank"]), (&Value::Null, &Value::Null));
        let (head, tail) = (card.card_number.split_at(6).0, card.card_number.split_at(12).1);
        let card_shown = format!("{head}******{tail}");
        assert_eq!((text(&all[1], "card"), text(&all[1], "bank")), (card_shown.as_str(), "bri"));

        // The card's bank sees the one, the shop's bank both, others none, and the shop has no list.
        assert_eq!(listed(&world.bank("bri").api, path), all[1..]);
        assert_eq!(listed(&world.bank("bni").api, path), all);
        assert_eq!(listed(&world.bank("btn").api, path), Vec::<Value>::new());
        assert_eq!(till.api.get(path).problem(403), "role_not_allowed");
        assert_eq!(world.programme().api.get(path).problem(403), "role_not_allowed");
        let auditor = world.auditor();
        let found = |query: &str| listed(&auditor.api, &format!("{path}?{query}")).len();
        assert_eq!(found("terminal_id=KPG-1"), 2);
        assert_eq!(found("terminal_id=JKT-1"), 0);
        assert_eq!(found("merchant_id=EW-KUPANG&bank=bri"), 1);
        let at = text(&all[1], "created_at");
        assert_eq!(found(&format!("to={at}")), 0);
        assert_eq!(found(&format!("from={at}")), 2);
        assert_eq!(auditor.api.get(&format!("{path}?terminal_id=x")).problem(422), "request_invalid");

        // They are not purchases.
        assert_eq!(listed(&auditor.api, "/v1/redemptions?merchant_id=EW-KUPANG"), Vec::<Value>::new());
        world.verify();
    }
}

/// Both nodes' wrong PINs count together, and both turn the terminal away.
#[test]
fn two_nodes_count_a_terminals_wrong_pins_together() {
    let world = world(Backend::Postgres);
    let node = Server::start_with(world.server.database_url(), &world.keys(), &LIMIT);
    let here = world.till("JBI-1");
    let there = Merchant::new(&node.base_url(), world.credentials("till-JBI-1"));
    let cards: Vec<Card> = (0..2).map(|_| world.fresh_card("bri")).collect();
    guess(&here, 600, 5);
    guess(&there, 605, 5);
    for (till, card) in [&here, &there].into_iter().zip(&cards) {
        assert_eq!(outcome(&buy(till, card, &goods(EGG))), "approved");
    }
    guess(&there, 610, 1);
    for (till, card) in [&here, &there].into_iter().zip(&cards) {
        assert_eq!(outcome(&buy(till, card, &goods(EGG))), "terminal_suspended");
    }
    set_terminal(&world.bank("bri"), "JBI-1", "active");
    for (till, card) in [&here, &there].into_iter().zip(&cards) {
        assert_eq!(outcome(&buy(till, card, &goods(EGG))), "approved");
    }
    // At once on both: each sees the other's, whichever commits first.
    let told = std::thread::scope(|scope| {
        let guesses = (620..660).map(|serial| {
            let till = if serial % 2 == 0 { &here } else { &there };
            scope.spawn(move || till.inquire(&unknown_number(serial), "271828").problem(402))
        });
        let guesses: Vec<_> = guesses.collect();
        guesses.into_iter().map(|guess| guess.join().unwrap()).collect::<Vec<_>>()
    });
    let compared = told.iter().filter(|code| *code == "pin_wrong").count();
    assert!((11..=11 + 2 * 8).contains(&compared), "{compared}");
    for (till, card) in [&here, &there].into_iter().zip(&cards) {
        assert_eq!(outcome(&buy(till, card, &goods(EGG))), "terminal_suspended");
    }
    world.verify();
}
