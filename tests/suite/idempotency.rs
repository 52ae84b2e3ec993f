//! The same request twice is one purchase with one answer, whatever happens in between.

use std::sync::Barrier;
use std::thread;

use ewarong_tests::client::{eggs, rice};
use ewarong_tests::demo::Card;
use ewarong_tests::{Answer, Backend, Merchant, Server, World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{fresh_key, goods, outcome, text, wrong_pin};

/// Sends every request at the same moment, each in a thread of its own, and collects the answers.
fn at_once<T: Sync>(requests: &[T], send: impl Fn(&T) -> Answer + Sync) -> Vec<Answer> {
    let start = Barrier::new(requests.len());
    thread::scope(|scope| {
        let sending = |request| {
            let (start, send) = (&start, &send);
            scope.spawn(move || {
                start.wait();
                send(request)
            })
        };
        let threads = requests.iter().map(sending).collect::<Vec<_>>();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// One purchase, answered to everyone with the same bytes; all answers but one are replays.
fn assert_one_purchase(answers: &[Answer]) {
    let (first, rest) = answers.split_first().unwrap();
    assert_eq!(first.status, 201, "{}", first.text());
    for answer in rest {
        assert_eq!((answer.status, answer.text()), (first.status, first.text()));
    }
    let fresh = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_none());
    assert_eq!(fresh.count(), 1, "exactly one answer is the first");
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

/// How many batches the server has had to run again since it started.
fn batches_run_again(till: &Merchant) -> u64 {
    let metrics = till.api.request("GET", "/metrics", &[], b"").unwrap().text();
    let count =
        metrics.lines().find_map(|line| line.strip_prefix("ewarong_lane_batches_again_total "));
    count.unwrap().parse().unwrap()
}

/// Purchases by two tills of what the card pays for twelve times: floor(110,000 / 9,000).
fn race_for_one_card(world: &World, tills: [&Merchant; 2], card: &Card) {
    let requests = (0..50).map(|n| (tills[n % 2], fresh_key())).collect::<Vec<_>>();
    let answers = at_once(&requests, |(till, key)| {
        till.redeem(key, &card.card_number, &card.pin, &[eggs("5", 1_800)])
    });
    let outcomes = answers.iter().map(outcome).collect::<Vec<_>>();
    assert_eq!(
        outcomes.iter().filter(|outcome| *outcome == "approved").count(),
        12,
        "{outcomes:?}"
    );
    let refused = outcomes.iter().filter(|outcome| *outcome == "balance_insufficient");
    assert_eq!(refused.count(), 38, "{outcomes:?}");
    let mut left = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .map(|answer| answer.json()["balance_after"].as_i64().unwrap())
        .collect::<Vec<_>>();
    left.sort_unstable();
    assert_eq!(left, (0..12).map(|n| 2_000 + n * 9_000).collect::<Vec<_>>());
    assert_eq!(world.balance(card), 2_000);
}

on_both_backends! {
    /// Approved: byte for byte, one debit.
    fn the_same_purchase_again_is_answered_again_and_not_made_again(backend) {
        let world = World::shared(backend);
        let (card, till, key) = (world.fresh_card("bri"), world.till("JBI-1"), fresh_key());
        let items = [rice("premium", "5", 12_500), eggs("10", 2_000)];
        let first = till.redeem(&key, &card.card_number, &card.pin, &items);
        first.expect(201);
        for _ in 0..3 {
            let again = till.redeem(&key, &card.card_number, &card.pin, &items);
            assert_eq!((again.status, &again.body), (201, &first.body));
            assert!(replayed(&again) && !replayed(&first));
        }
        assert_eq!(world.balance(&card), 27_500);
    }

    /// Refused: byte for byte too, also when the reason is gone.
    fn a_refusal_again_is_the_same_refusal(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        for (pin, items) in [
            (card.pin.clone(), goods("sugar 1 kg 14000")),
            (card.pin.clone(), goods("eggs 1 piece 110001")),
            (wrong_pin(&card), goods("eggs 1 piece 2000")),
        ] {
            let key = fresh_key();
            let first = till.redeem(&key, &card.card_number, &pin, &items);
            let again = till.redeem(&key, &card.card_number, &pin, &items);
            assert_eq!((first.status, again.status), (402, 402));
            assert_eq!(again.body, first.body);
            assert_eq!(again.header("content-type"), Some("application/problem+json"));
            assert!(replayed(&again) && !replayed(&first));
        }
        assert_eq!(world.balance(&card), 110_000);
    }

    /// What is compared is what was meant, not how it was written.
    fn another_spelling_of_the_same_request_is_the_same_request(backend) {
        let world = World::shared(backend);
        let (card, till, key) = (world.fresh_card("bri"), world.till("JBI-1"), fresh_key());
        let buy = |quantity: &str| {
            till.redeem(&key, &card.card_number, &card.pin, &[rice("medium", quantity, 9_000)])
        };
        let first = buy("5");
        first.expect(201);
        for quantity in ["5.0", "5.000000000", "000005"] {
            let again = buy(quantity);
            assert_eq!((again.status, &again.body), (201, &first.body), "{quantity}");
        }
        let spaced = format!(
            "{{ \"pin\": \"{}\",\n \"items\": [ {} ], \"card_number\": \"{}\" }}",
            card.pin,
            rice("medium", "5", 9_000),
            card.card_number,
        );
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
        let again =
            till.api.request("POST", "/v1/redemptions", &headers, spaced.as_bytes()).unwrap();
        assert_eq!(again.body, first.body);
        assert_eq!(world.balance(&card), 65_000);
    }

    /// A key belongs to one request.
    fn a_key_with_another_request_is_refused_and_changes_nothing(backend) {
        let world = World::shared(backend);
        let (card, till, key) = (world.fresh_card("bri"), world.till("JBI-1"), fresh_key());
        let first = till.redeem(&key, &card.card_number, &card.pin, &goods("eggs 5 piece 2000"));
        first.expect(201);
        for (pin, bought) in [
            (card.pin.clone(), "eggs 6 piece 2000"),
            (card.pin.clone(), "eggs 5 piece 2001"),
            (card.pin.clone(), "eggs 5 tray 2000"),
            (card.pin.clone(), "eggs 5 piece 2000 + eggs 5 piece 2000"),
            (wrong_pin(&card), "eggs 5 piece 2000"),
        ] {
            let other = till.redeem(&key, &card.card_number, &pin, &goods(bought));
            assert_eq!(other.problem(422), "idempotency_key_reused", "{bought}");
        }
        let again = till.redeem(&key, &card.card_number, &card.pin, &goods("eggs 5 piece 2000"));
        assert_eq!(again.body, first.body);
        assert_eq!(world.balance(&card), 100_000);
    }

    /// Both at once in one batch: one is decided, the other is told so.
    fn two_requests_with_one_key_at_once_are_one_purchase_and_one_conflict(backend) {
        let world = World::shared(backend);
        let (card, till, key) = (world.fresh_card("bri"), world.till("JBI-1"), fresh_key());
        let requests = ["1", "2"].repeat(4);
        let answers = at_once(&requests, |quantity| {
            till.redeem(&key, &card.card_number, &card.pin, &[eggs(quantity, 2_000)])
        });
        let (made, conflicts): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 201);
        assert_one_purchase(&made);
        assert_eq!((made.len(), conflicts.len()), (4, 4));
        for conflict in conflicts {
            assert_eq!(conflict.problem(422), "idempotency_key_reused");
        }
    }

    /// A family's wallet and a shop: the same key elsewhere is another purchase.
    fn a_key_belongs_to_one_shop_and_one_family(backend) {
        let world = World::shared(backend);
        let (one, two, key) = (world.fresh_card("bri"), world.fresh_card("bri"), fresh_key());
        let bought = goods("eggs 5 piece 2000");
        let buy = |till: &Merchant, card: &Card| {
            let answer = till.redeem(&key, &card.card_number, &card.pin, &bought);
            assert!(!replayed(&answer));
            text(&answer.expect(201), "id").to_owned()
        };
        let (jambi, jakarta) = (world.till("JBI-1"), world.till("JKT-1"));
        let first = buy(&jambi, &one);
        assert_ne!(first, buy(&jambi, &two));
        assert_ne!(first, buy(&jakarta, &one));
        assert_eq!((world.balance(&one), world.balance(&two)), (90_000, 100_000));
    }

    /// The scope is the merchant, not the terminal.
    fn two_terminals_of_one_shop_share_its_keys(backend) {
        let world = World::shared(backend);
        let (card, key) = (world.fresh_card("bri"), fresh_key());
        let bought = goods("eggs 5 piece 2000");
        let buy = |terminal: &str| {
            world.till(terminal).redeem(&key, &card.card_number, &card.pin, &bought)
        };
        let first = buy("JKT-1");
        assert_eq!(first.expect(201)["terminal_id"], "JKT-1");
        let again = buy("JKT-2");
        assert_eq!((again.status, &again.body), (201, &first.body));
        assert!(replayed(&again));
        assert_eq!(world.balance(&card), 100_000);
    }

    /// 1 to 128 visible ASCII characters, required.
    fn a_purchase_needs_a_sound_key(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let body = json!({
            "card_number": card.card_number, "pin": wrong_pin(&card), "items": [eggs("1", 2_000)],
        });
        let answer = till.api.post("/v1/redemptions", &body);
        assert_eq!(answer.problem(400), "idempotency_key_missing");
        let json_type = ("Content-Type", "application/json");
        let send = |headers: &[(&str, &str)]| {
            let body = body.to_string();
            till.api.request("POST", "/v1/redemptions", headers, body.as_bytes()).unwrap()
        };
        for key in ["", "two words", "k\u{e9}y", "tab\tkey", &"k".repeat(129)] {
            let answer = send(&[json_type, ("Idempotency-Key", key)]);
            assert_eq!(answer.problem(400), "idempotency_key_invalid", "{key:?}");
        }
        let twice = [json_type, ("Idempotency-Key", "one"), ("Idempotency-Key", "two")];
        assert_eq!(send(&twice).problem(400), "idempotency_key_invalid");
        let longest = "~".repeat(128);
        for key in [longest.as_str(), "!", "\"quoted\"", "a/b?c=d&e#f"] {
            let bought = goods("eggs 1 piece 2000");
            till.redeem(key, &card.card_number, &card.pin, &bought).expect(201);
        }
    }

    /// They wait for the first and get its answer.
    fn twenty_requests_at_once_are_one_purchase(backend) {
        let world = World::shared(backend);
        let (card, till, key) = (world.fresh_card("bri"), world.till("JBI-1"), fresh_key());
        let answers = at_once(&[(); 20], |()| {
            till.redeem(&key, &card.card_number, &card.pin, &goods("rice medium 5 kg 9000"))
        });
        assert_one_purchase(&answers);
        assert_eq!(world.balance(&card), 65_000);
    }

    /// On one server.
    fn fifty_purchases_at_once_never_overdraw_a_card(backend) {
        let world = World::shared(backend);
        let card = world.fresh_card("bri");
        race_for_one_card(world, [&world.till("JBI-1"), &world.till("AMB-1")], &card);
    }

    /// Kept for good, and rendered the same.
    fn a_restarted_server_gives_the_same_bytes(backend) {
        let mut world = World::start(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let (approved, refused) = (fresh_key(), fresh_key());
        let requests = |till: &Merchant| {
            [(&approved, "eggs 5 piece 2000"), (&refused, "sugar 1 kg 1")]
                .map(|(key, bought)| till.redeem(key, &card.card_number, &card.pin, &goods(bought)))
        };
        let before = requests(&till);
        world.server.restart();
        let after = requests(&till);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((after.status, after.text()), (before.status, before.text()));
            assert!(replayed(after) && !replayed(before));
        }
        assert_eq!(world.balance(&card), 100_000);
        world.verify();
    }

    /// A server that was restarted recalls no key: what shops that were cut off send again comes
    /// together with new purchases, and with a key that now stands for something else.
    fn what_comes_again_after_a_restart_is_known_among_new_purchases(backend) {
        let mut world = World::start(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let keys: Vec<String> = (0..10).map(|_| fresh_key()).collect();
        let send = |till: &Merchant, (key, bought): &(&String, &str)| {
            till.redeem(key, &card.card_number, &card.pin, &goods(bought))
        };
        let (old, new) = keys.split_at(5);
        let before: Vec<_> =
            old.iter().map(|key| send(&till, &(key, "eggs 5 piece 2000"))).collect();
        world.server.restart();
        let mut requests: Vec<_> = keys.iter().map(|key| (key, "eggs 5 piece 2000")).collect();
        requests.extend(old.iter().map(|key| (key, "eggs 6 piece 2000")));
        let answers = at_once(&requests, |request| send(&till, request));
        let (again, rest) = answers.split_at(old.len());
        for (again, before) in again.iter().zip(&before) {
            assert_eq!((again.status, again.text()), (201, before.text()));
            assert!(replayed(again));
        }
        let (bought, other) = rest.split_at(new.len());
        assert!(bought.iter().all(|answer| answer.status == 201 && !replayed(answer)));
        assert!(other.iter().all(|answer| answer.problem(422) == "idempotency_key_reused"));
        assert!(batches_run_again(&till) >= 1);
        assert_eq!(world.balance(&card), 10_000);
        world.verify();
    }

    /// Nor does it count a wrong PIN again that comes again, before it knows that it does.
    fn a_wrong_pin_that_comes_again_after_a_restart_counts_once(backend) {
        let mut world = World::start(backend);
        let (card, till, key) = (world.fresh_card("bri"), world.till("JBI-1"), fresh_key());
        let guess = |key: &str| {
            till.redeem(key, &card.card_number, &wrong_pin(&card), &goods("eggs 5 piece 2000"))
        };
        let first = guess(&key);
        assert_eq!(outcome(&first), "pin_wrong");
        world.server.restart();
        for again in at_once(&[&key; 5], |key| guess(key)) {
            assert_eq!((again.status, again.text()), (402, first.text()));
        }
        assert!(batches_run_again(&till) >= 1);
        for expected in ["pin_wrong", "pin_wrong", "card_pin_blocked"] {
            assert_eq!(outcome(&guess(&fresh_key())), expected);
        }
    }
}

/// A second server on the world's `PostgreSQL` database, and the till's client there.
fn second_node(world: &World, terminal: &str) -> (Server, Merchant) {
    let node = Server::start(world.server.database_url(), &world.keys());
    let credentials = world.credentials(&format!("till-{terminal}"));
    let till = Merchant::new(&node.base_url(), credentials);
    (node, till)
}

#[test]
fn one_key_at_once_on_two_nodes_is_one_purchase() {
    let world = World::start(Backend::Postgres);
    let here = world.till("JBI-1");
    let (node, there) = second_node(&world, "JBI-1");
    for _ in 0..20 {
        let (card, key) = (world.fresh_card("bri"), fresh_key());
        let tills = [&here, &there, &here, &there];
        let answers = at_once(&tills, |till| {
            till.redeem(&key, &card.card_number, &card.pin, &goods("rice medium 5 kg 9000"))
        });
        assert_one_purchase(&answers);
        assert_eq!(world.balance(&card), 65_000);
    }
    drop(node);
    world.verify();
}

#[test]
fn two_nodes_never_overdraw_a_card_between_them() {
    let world = World::start(Backend::Postgres);
    let here = world.till("JBI-1");
    let (node, there) = second_node(&world, "JBI-1");
    for _ in 0..5 {
        race_for_one_card(&world, [&here, &there], &world.fresh_card("bri"));
    }
    drop(node);
    world.verify();
}

#[test]
fn wrong_pins_at_once_on_two_nodes_are_compared_three_times() {
    let world = World::start(Backend::Postgres);
    let here = world.till("JBI-1");
    let (_node, there) = second_node(&world, "JBI-1");
    let card = world.fresh_card("bri");
    let requests = (0..20).map(|n| if n % 2 == 0 { &here } else { &there }).collect::<Vec<_>>();
    let answers = at_once(&requests, |till| {
        till.redeem(&fresh_key(), &card.card_number, &wrong_pin(&card), &goods("eggs 1 piece 2000"))
    });
    let outcomes = answers.iter().map(outcome).collect::<Vec<_>>();
    let count = |code: &str| outcomes.iter().filter(|outcome| *outcome == code).count();
    assert_eq!((count("pin_wrong"), count("card_pin_blocked")), (3, 17), "{outcomes:?}");
    let right: Value = here.inquire(&card.card_number, &card.pin).expect(402);
    assert_eq!(right["code"], "card_pin_blocked");
}
