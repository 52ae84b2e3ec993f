//! A purchase is taken back: in full, once, on its day.

use std::thread;

use ewarong_tests::demo::Card;
use ewarong_tests::seed::{clear_of_midnight, today};
use ewarong_tests::{Merchant, World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{assert_members, buy, fresh_key, goods, text};

const REASON: &str = "barang salah";

/// The id of a purchase of 45,000 rupiah.
fn purchase(till: &Merchant, card: &Card) -> String {
    text(&buy(till, card, &goods("rice medium 5 kg 9000")).expect(201), "id").to_owned()
}

on_both_backends! {
    /// The money is back on the wallet and can be spent again.
    fn a_purchase_is_taken_back_whole(backend) {
        clear_of_midnight();
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let id = purchase(&till, &card);
        let body = till.reverse(&fresh_key(), &id, REASON).expect(201);
        let members = ["id", "status", "amount", "transfer_id", "created_at", "business_date"];
        assert_members(&body, &members);
        assert_eq!((text(&body, "id"), text(&body, "status")), (id.as_str(), "reversed"));
        assert_eq!(body["amount"], 45_000);
        assert_eq!(body["business_date"], json!(today().to_string()));
        assert!(text(&body, "transfer_id").starts_with("trf_"));
        assert_eq!(world.balance(&card), 110_000);
        let all = buy(&till, &card, &goods("eggs 1 piece 110000")).expect(201);
        assert_eq!(all["balance_after"], 0);
    }

    /// The answer to the purchase stays what it was; later reads show the reversal.
    fn a_reversed_purchase_replays_as_approved_and_reads_as_reversed(backend) {
        let world = World::shared(backend);
        let (card, till, key) = (world.fresh_card("bni"), world.till("JBI-1"), fresh_key());
        let bought = goods("rice medium 5 kg 9000");
        let first = till.redeem(&key, &card.card_number, &card.pin, &bought);
        let mut expected = first.expect(201);
        let id = text(&expected, "id").to_owned();
        till.reverse(&fresh_key(), &id, REASON).expect(201);
        let again = till.redeem(&key, &card.card_number, &card.pin, &bought);
        assert_eq!((again.status, &again.body), (201, &first.body));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(world.balance(&card), 110_000, "a replay debits nothing");
        expected["status"] = json!("reversed");
        assert_eq!(till.redemption(&id).expect(200), expected);
        let path = format!("/v1/redemptions/{id}");
        assert_eq!(world.bank("bni").api.get(&path).expect(200), expected);
        assert_eq!(world.auditor().api.get(&path).expect(200), expected);
    }

    /// Same key: same bytes. Another key: there is nothing left to take back.
    fn a_purchase_is_taken_back_once(backend) {
        let world = World::shared(backend);
        let (card, till, key) = (world.fresh_card("bri"), world.till("JBI-1"), fresh_key());
        let id = purchase(&till, &card);
        let first = till.reverse(&key, &id, REASON);
        first.expect(201);
        assert_eq!(first.header("idempotent-replayed"), None);
        for _ in 0..3 {
            let again = till.reverse(&key, &id, REASON);
            assert_eq!((again.status, &again.body), (201, &first.body));
            assert_eq!(again.header("content-type"), first.header("content-type"));
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
        }
        assert_eq!(till.reverse(&fresh_key(), &id, REASON).problem(409), "already_reversed");
        assert_eq!(till.reverse(&key, &id, "lain").problem(422), "idempotency_key_reused");
        let other = purchase(&till, &card);
        assert_eq!(till.reverse(&key, &other, REASON).problem(422), "idempotency_key_reused");
        assert_eq!(world.balance(&card), 65_000);
    }

    /// Ten tills at once: the money comes back once.
    fn reversals_at_once_are_one(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        for shared_key in [true, false] {
            let id = purchase(&till, &card);
            let key = fresh_key();
            let answers = thread::scope(|scope| {
                let reversing = |_| {
                    let key = if shared_key { key.clone() } else { fresh_key() };
                    let (till, id) = (&till, &id);
                    scope.spawn(move || till.reverse(&key, id, REASON))
                };
                let threads = (0..10).map(reversing).collect::<Vec<_>>();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
            });
            let (done, rest): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.status == 201);
            assert_eq!(done.len(), if shared_key { 10 } else { 1 });
            assert!(done.iter().all(|answer| answer.body == done[0].body));
            for answer in rest {
                assert_eq!(answer.problem(409), "already_reversed");
            }
            assert_eq!(world.balance(&card), 110_000);
        }
    }

    /// There is nothing to take back.
    fn a_refused_purchase_is_not_taken_back(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let refused: Value = buy(&till, &card, &goods("sugar 1 kg 14000")).expect(402);
        let answer = till.reverse(&fresh_key(), text(&refused, "id"), REASON);
        assert_eq!(answer.problem(409), "not_approved");
        assert_eq!(world.balance(&card), 110_000);
    }

    /// The merchant may, at either of its tills; others don't know of it.
    fn only_the_shop_that_sold_takes_back(backend) {
        let world = World::shared(backend);
        let card = world.fresh_card("bri");
        let id = purchase(&world.till("JKT-1"), &card);
        let other = world.till("JBI-1").reverse(&fresh_key(), &id, REASON);
        assert_eq!(other.problem(404), "not_found");
        assert_eq!(world.balance(&card), 65_000);
        world.till("JKT-2").reverse(&fresh_key(), &id, REASON).expect(201);
        assert_eq!(world.balance(&card), 110_000);
        let till = world.till("JKT-1");
        for id in ["rdm_x", "rdm_aaaaaaaaaaaaaaaaaaaaaaaaaa", &id.replace("rdm_", "trf_")] {
            assert_eq!(till.reverse(&fresh_key(), id, REASON).problem(404), "not_found", "{id}");
        }
    }

    /// A key and a reason are required.
    fn a_reversal_that_cannot_be_read_changes_nothing(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let id = purchase(&till, &card);
        let path = format!("/v1/redemptions/{id}/reversals");
        let body = json!({"reason": REASON});
        assert_eq!(till.api.post(&path, &body).problem(400), "idempotency_key_missing");
        let answer = till.api.post_keyed(&path, &"k".repeat(129), &body);
        assert_eq!(answer.problem(400), "idempotency_key_invalid");
        for body in [
            json!({}),
            json!({"reason": ""}),
            json!({"reason": 5}),
            json!({"reason": "a\nb"}),
            json!({"reason": "x".repeat(201)}),
            json!({"reason": REASON, "amount": 1}),
        ] {
            let answer = till.api.post_keyed(&path, &fresh_key(), &body);
            assert_eq!(answer.problem(422), "request_invalid", "{body}");
        }
        assert_eq!(world.balance(&card), 65_000);
    }

    /// From the close's mark on.
    fn a_purchase_of_a_closed_day_is_not_taken_back(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let (early, late) = (purchase(&till, &card), purchase(&till, &card));
        let key = fresh_key();
        let first = till.reverse(&key, &early, REASON);
        first.expect(201);
        world.bank("bri").close_early(&today().to_string()).expect(202);
        assert_eq!(till.reverse(&fresh_key(), &late, REASON).problem(409), "day_closed");
        assert_eq!(till.reverse(&fresh_key(), &early, REASON).problem(409), "already_reversed");
        let again = till.reverse(&key, &early, REASON);
        assert_eq!((again.status, again.body), (201, first.body));
        assert_eq!(world.balance(&card), 65_000);
        // What is bought from now on is dated to the next day, which is open.
        let next = purchase(&till, &card);
        let body = till.reverse(&fresh_key(), &next, REASON).expect(201);
        assert_eq!(body["business_date"], json!(today().next().to_string()));
        world.verify();
    }
}
