//! Who is refused before the goods are looked at: cards by their state, PINs, unknown numbers, shops.

use ewarong_tests::demo::Card;
use ewarong_tests::seed::folder::unknown_number;
use ewarong_tests::{Answer, World, on_both_backends};
use serde_json::json;

use crate::till::{
    EGG, buy, buy_with_wrong_pin, code_of, fresh_key, goods, refused, text, wrong_pin,
};

on_both_backends! {
    /// Blocked, lost, not in use, expired: each with its number of ISO 8583, and only behind the right
    /// PIN. A card without a PIN has no right one.
    fn a_card_that_is_not_active_is_refused_by_its_state(backend) {
        let world = World::start(backend);
        let till = world.till("JBI-1");
        let wrong = refused("pin_wrong", "55");
        for (state, code, response_code) in [
            ("printed", "pin_wrong", "55"),
            ("distributed", "pin_wrong", "55"),
            ("returned", "pin_wrong", "55"),
            ("damaged", "card_not_active", "57"),
            ("replaced", "card_not_active", "57"),
            ("closed", "card_not_active", "57"),
            ("blocked_bank", "card_blocked", "62"),
            ("blocked_ministry", "card_blocked", "62"),
            ("lost", "card_blocked", "62"),
            ("blocked_pin", "card_pin_blocked", "75"),
            ("expired", "card_expired", "54"),
            ("overdue", "card_expired", "54"),
        ] {
            let card = world.card_in(state);
            let expected = refused(code, response_code);
            let guessed = if state == "blocked_pin" { &expected } else { &wrong };
            // A right PIN forgets the wrong ones, here too.
            for _ in 0..2 {
                assert_eq!(code_of(&buy(&till, &card, &goods(EGG))), expected, "{state}");
                let guess = buy_with_wrong_pin(&till, &card, &goods(EGG));
                assert_eq!(code_of(&guess), *guessed, "{state}");
                let guess = till.inquire(&card.card_number, &wrong_pin(&card));
                assert_eq!(code_of(&guess), *guessed, "{state}");
                let told = till.inquire(&card.card_number, &card.pin);
                assert_eq!(code_of(&told), expected, "{state}");
            }
        }
    }

    /// A card that may not be used is no way to find out its PIN, and the bank's block outlives the
    /// three tries.
    fn a_blocked_cards_pin_is_not_found_out(backend) {
        let world = World::shared(backend);
        let (till, bank, card) = (world.till("JBI-1"), world.bank("btn"), world.fresh_card("btn"));
        let look_up = || {
            let number = json!({"card_number": card.card_number});
            bank.api.post("/v1/card-lookups", &number).expect(200)
        };
        let id = text(&look_up(), "id").to_owned();
        let set = |state: &str| {
            let body = json!({"state": state, "reason": "laporan keluarga"});
            bank.api.post(&format!("/v1/cards/{id}/state"), &body).expect(200);
        };
        set("blocked_bank");
        for _ in 0..3 {
            assert_eq!(buy_with_wrong_pin(&till, &card, &goods(EGG)).problem(402), "pin_wrong");
        }
        assert_eq!(buy(&till, &card, &goods(EGG)).problem(402), "card_pin_blocked");
        assert_eq!(text(&look_up(), "state"), "blocked_bank");
        set("active");
        buy(&till, &card, &goods(EGG)).expect(201);
    }

    /// Three tries, then the bank has to help.
    fn the_third_wrong_pin_blocks_the_card(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        for _ in 0..2 {
            let answer = buy_with_wrong_pin(&till, &card, &goods(EGG));
            assert_eq!(code_of(&answer), refused("pin_wrong", "55"));
        }
        let third = till.inquire(&card.card_number, &wrong_pin(&card));
        assert_eq!(code_of(&third), refused("pin_wrong", "55"));
        let fourth = buy_with_wrong_pin(&till, &card, &goods(EGG));
        assert_eq!(code_of(&fourth), refused("card_pin_blocked", "75"));
        let right = buy(&till, &card, &goods(EGG));
        assert_eq!(code_of(&right), refused("card_pin_blocked", "75"));
    }

    /// Tries count in a row only, and a refused purchase with the right PIN ends the row too.
    fn a_right_pin_forgets_the_wrong_ones(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let two_wrong = || {
            for _ in 0..2 {
                let answer = buy_with_wrong_pin(&till, &card, &goods(EGG));
                assert_eq!(answer.problem(402), "pin_wrong");
            }
        };
        two_wrong();
        buy(&till, &card, &goods(EGG)).expect(201);
        two_wrong();
        assert_eq!(buy(&till, &card, &goods("sugar 1 kg 1")).problem(402), "commodity_not_allowed");
        two_wrong();
        till.inquire(&card.card_number, &card.pin).expect(200);
        two_wrong();
        buy(&till, &card, &goods(EGG)).expect(201);
    }

    /// A replay is not a try.
    fn a_replayed_wrong_pin_is_not_counted_again(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let key = fresh_key();
        for _ in 0..5 {
            let answer = till.redeem(&key, &card.card_number, &wrong_pin(&card), &goods(EGG));
            assert_eq!(answer.problem(402), "pin_wrong");
        }
        buy(&till, &card, &goods(EGG)).expect(201);
    }

    /// Nobody learns which numbers are cards.
    fn an_unknown_card_is_answered_like_a_wrong_pin(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let unknown = Card { card_number: unknown_number(1), ..card.clone() };
        let wrong = buy_with_wrong_pin(&till, &card, &goods(EGG));
        let no_card = buy(&till, &unknown, &goods(EGG));
        assert_eq!(
            wrong.headers.keys().collect::<Vec<_>>(),
            no_card.headers.keys().collect::<Vec<_>>()
        );
        let without_ids = |answer: &Answer| {
            let mut body = answer.expect(402);
            for id in ["id", "request_id"] {
                assert_eq!(text(&body, id).len(), 30, "{body}");
                body.as_object_mut().unwrap().remove(id);
            }
            body
        };
        assert_eq!(without_ids(&no_card), without_ids(&wrong));
        let told = |number: &str, pin: &str| {
            let mut body = till.inquire(number, pin).expect(402);
            for id in ["id", "request_id"] {
                assert!(body.as_object_mut().unwrap().remove(id).is_some(), "{body}");
            }
            body
        };
        let same = told(&card.card_number, &wrong_pin(&card));
        assert_eq!(told(&unknown.card_number, "271828"), same);
    }

    /// The attempt is kept under the shop's account; the family's wallet knows nothing of the key.
    fn a_number_that_is_registered_later_makes_the_same_request_another_one(backend) {
        let world = World::shared(backend);
        let (till, bank, key) = (world.till("JBI-1"), world.bank("bri"), fresh_key());
        let number = unknown_number(900);
        let send = || till.redeem(&key, &number, "271828", &goods(EGG));
        let unknown = send();
        assert_eq!(code_of(&unknown), refused("pin_wrong", "55"));
        assert_eq!(send().text(), unknown.text());
        let family = json!({
            "card_number": number, "nik": "3174010101900900", "name": "R4",
            "region_code": "3174010001", "expires": "2099-12-31",
        });
        let card = bank.api.post("/v1/cards", &family).expect(201);
        let path = |what: &str| format!("/v1/cards/{}/{what}", text(&card, "id"));
        let handed = json!({"state": "distributed", "reason": "diserahkan"});
        bank.api.post(&path("state"), &handed).expect(200);
        bank.api.post(&path("pin"), &json!({"pin": "271828"})).expect(200);
        let decided = send();
        assert_eq!(code_of(&decided), refused("balance_insufficient", "51"));
        assert_eq!(decided.header("idempotent-replayed"), None);
        assert_eq!(send().text(), decided.text(), "from now on it is the family's");
    }

    /// A shop, a till or a wallet that was stopped; the shop comes first.
    fn a_stopped_shop_till_or_wallet_is_refused(backend) {
        let world = World::start(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let unknown = Card { card_number: unknown_number(3), ..card.clone() };
        let bought = buy(&till, &card, &goods(EGG)).expect(201);
        let take_back = || till.reverse(&fresh_key(), text(&bought, "id"), "salah");
        world.sql("UPDATE terminals SET status = 2 WHERE code = 'JBI-1'");
        for card in [&card, &unknown] {
            let answer = buy(&till, card, &goods(EGG));
            assert_eq!(code_of(&answer), refused("terminal_inactive", "58"));
        }
        assert_eq!(code_of(&take_back()), refused("terminal_inactive", "58"));
        world.sql("UPDATE merchants SET status = 2 WHERE code = 'EW-JAMBI'");
        for card in [&card, &unknown] {
            let answer = buy_with_wrong_pin(&till, card, &goods("salt 1 kg 1"));
            assert_eq!(code_of(&answer), refused("merchant_inactive", "58"));
        }
        let inquiry = till.inquire(&card.card_number, &card.pin);
        assert_eq!(code_of(&inquiry), refused("merchant_inactive", "58"));
        assert_eq!(code_of(&take_back()), refused("merchant_inactive", "58"));
        buy(&world.till("JKT-1"), &card, &goods(EGG)).expect(201);
        world.sql("UPDATE wallets SET state = 2 WHERE balance = 106000");
        let answer = buy(&world.till("JKT-1"), &card, &goods(EGG));
        assert_eq!(code_of(&answer), refused("card_not_active", "57"));
        // No door freezes a wallet, so `verify` would find this one.
        world.sql("UPDATE wallets SET state = 1 WHERE state = 2");
        world.verify();
    }
}
