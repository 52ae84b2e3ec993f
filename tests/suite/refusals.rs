//! What is refused: the rules as tables, one test for each reason.

use ewarong_tests::demo::Card;
use ewarong_tests::{Answer, Backend, World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{
    REFUSAL, assert_members, buy, buy_with_wrong_pin, fresh_key, goods, outcome, text, wrong_pin,
};
use ewarong_tests::seed::folder::unknown_number;

/// Buys every row's goods with one fresh card, and compares the outcomes and the balance left.
fn rules(backend: Backend, table: &str) {
    let world = World::shared(backend);
    let card = world.fresh_card("bri");
    let mut spent = 0;
    let mut wrong = Vec::new();
    for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (what, expected) = row.split_once("->").unwrap();
        let words = what.trim().strip_prefix("redeem ").unwrap();
        let (terminal, bought) = words.split_once(' ').unwrap();
        let answer = buy(&world.till(terminal), &card, &goods(bought.trim()));
        let got = outcome(&answer);
        if got != expected.trim() {
            wrong.push(format!("{row}\n    but: {got}"));
        }
        spent += answer.json()["amount"].as_i64().unwrap_or(0);
    }
    assert!(wrong.is_empty(), "not as the table says:\n  {}", wrong.join("\n  "));
    assert_eq!(world.balance(&card), card.balance - spent, "a refusal moved money");
}

const BREAD: &str = "eggs 1 piece 2000";

fn code_of(answer: &Answer) -> (String, String) {
    let body = answer.expect(402);
    (text(&body, "code").to_owned(), text(&body, "response_code").to_owned())
}

fn refused(code: &str, response_code: &str) -> (String, String) {
    (code.to_owned(), response_code.to_owned())
}

on_both_backends! {
    /// HET: each zone, each grade, to the rupiah.
    fn a_price_may_reach_the_zones_ceiling_and_not_pass_it(backend) {
        rules(backend, "
            redeem JKT-1 rice medium  0.5 kg  9450 -> approved
            redeem JKT-1 rice medium  0.5 kg  9451 -> price_above_ceiling
            redeem JKT-1 rice premium 0.5 kg 12800 -> approved
            redeem JKT-1 rice premium 0.5 kg 12801 -> price_above_ceiling
            redeem MKS-1 rice premium 0.5 kg 12801 -> price_above_ceiling
            redeem JBI-1 rice medium  0.5 kg  9950 -> approved
            redeem JBI-1 rice medium  0.5 kg  9951 -> price_above_ceiling
            redeem JBI-1 rice premium 0.5 kg 13300 -> approved
            redeem JBI-1 rice premium 0.5 kg 13301 -> price_above_ceiling
            redeem KPG-1 rice premium 0.5 kg 13301 -> price_above_ceiling
            redeem AMB-1 rice medium  0.5 kg 10250 -> approved
            redeem AMB-1 rice medium  0.5 kg 10251 -> price_above_ceiling
            redeem AMB-1 rice premium 0.5 kg 13600 -> approved
            redeem AMB-1 rice premium 0.5 kg 13601 -> price_above_ceiling
            redeem JPR-1 rice premium 0.5 kg 13601 -> price_above_ceiling
            redeem JBI-1 rice medium  0.5 kg 9223372036854775807 -> price_above_ceiling
            redeem JBI-1 eggs 1 piece 9000 -> approved
        ");
    }

    /// Rice and eggs, and no others' grades.
    fn only_rice_and_eggs_are_paid_for(backend) {
        rules(backend, "
            redeem JBI-1 sugar 1 kg 14000         -> commodity_not_allowed
            redeem JBI-1 sugar white 1 kg 14000   -> commodity_not_allowed
            redeem JBI-1 Rice premium 1 kg 9000   -> commodity_not_allowed
            redeem JBI-1 rice super 1 kg 9000     -> commodity_not_allowed
            redeem JBI-1 rice Premium 1 kg 9000   -> commodity_not_allowed
            redeem JBI-1 beras premium 1 kg 9000  -> commodity_not_allowed
            redeem JBI-1 eggs 1 piece 2000 + sugar 1 kg 14000 -> commodity_not_allowed
            redeem JBI-1 eggs 1 piece 2000        -> approved
        ");
    }

    /// Rice by kg; eggs by piece, tray or kg.
    fn goods_are_sold_by_their_own_units(backend) {
        rules(backend, "
            redeem JBI-1 rice medium 1 piece 9000 -> unit_not_allowed
            redeem JBI-1 rice medium 1 KG 9000    -> unit_not_allowed
            redeem JBI-1 rice medium 1 sack 9000  -> unit_not_allowed
            redeem JBI-1 eggs 1 dozen 2000        -> unit_not_allowed
            redeem JBI-1 eggs 1 piece 2000        -> approved
            redeem JBI-1 eggs 1 tray 30000        -> approved
            redeem JBI-1 eggs 1 kg 22000          -> approved
            redeem JBI-1 rice medium 1 kg 9000    -> approved
        ");
    }

    /// More than nothing, three decimals for kg, whole pieces and trays.
    fn a_quantity_is_positive_and_no_finer_than_its_unit(backend) {
        rules(backend, "
            redeem JBI-1 rice medium 0 kg 9000         -> quantity_invalid
            redeem JBI-1 rice medium 0.000 kg 9000     -> quantity_invalid
            redeem JBI-1 rice medium -0 kg 9000        -> quantity_invalid
            redeem JBI-1 rice medium -1 kg 9000        -> quantity_invalid
            redeem JBI-1 rice medium -0.001 kg 9000    -> quantity_invalid
            redeem JBI-1 rice medium 0.0001 kg 9000    -> quantity_invalid
            redeem JBI-1 rice medium 1.0001 kg 9000    -> quantity_invalid
            redeem JBI-1 eggs 1.5 piece 2000           -> quantity_invalid
            redeem JBI-1 eggs 0.5 tray 40000           -> quantity_invalid
            redeem JBI-1 eggs -3 piece 2000            -> quantity_invalid
            redeem JBI-1 eggs 0.0001 kg 22000          -> quantity_invalid
            redeem JBI-1 rice medium 0.001 kg 9000     -> approved
            redeem JBI-1 rice medium 1.500000000 kg 9000 -> approved
            redeem JBI-1 eggs 2.0 piece 2000           -> approved
            redeem JBI-1 eggs 000001 piece 2000        -> approved
        ");
    }

    /// A price and a line of at least one rupiah.
    fn a_line_costs_something(backend) {
        rules(backend, "
            redeem JBI-1 rice medium 1 kg 0                  -> amount_invalid
            redeem JBI-1 rice medium 1 kg -1                 -> amount_invalid
            redeem JBI-1 eggs 1 piece -9223372036854775808   -> amount_invalid
            redeem JBI-1 rice medium 0.001 kg 400            -> amount_invalid
            redeem JBI-1 eggs 1 piece 2000 + eggs 1 piece 0  -> amount_invalid
            redeem JBI-1 eggs 999999 piece 9223372036854775807 -> amount_invalid
            redeem JBI-1 eggs 1 piece 1                      -> approved
        ");
    }

    /// To the rupiah.
    fn a_wallet_may_be_emptied_and_not_overdrawn(backend) {
        rules(backend, "
            redeem JBI-1 eggs 1 piece 110001   -> balance_insufficient
            redeem JBI-1 eggs 10 piece 10000 + eggs 1 piece 10001 -> balance_insufficient
            redeem JBI-1 eggs 10 piece 10000   -> approved
            redeem JBI-1 eggs 1 piece 10001    -> balance_insufficient
            redeem JBI-1 eggs 1 piece 10000    -> approved
            redeem JBI-1 eggs 1 piece 1        -> balance_insufficient
        ");
    }

    /// The order of CONTRACT's list, over all lines.
    fn of_several_reasons_the_first_in_precedence_is_given(backend) {
        rules(backend, "
            redeem JBI-1 sugar -1 sack 0                     -> commodity_not_allowed
            redeem JBI-1 rice medium -1 sack 0               -> unit_not_allowed
            redeem JBI-1 rice medium -1 kg 99999             -> quantity_invalid
            redeem JBI-1 rice medium 1000 kg 99999           -> price_above_ceiling
            redeem JBI-1 eggs 100000 piece 0                 -> amount_invalid
            redeem JBI-1 rice medium 1 kg 9951 + rice medium 0 kg 9000 + eggs 1 sack 1 + salt 1 kg 1 -> commodity_not_allowed
            redeem JBI-1 rice medium 1 kg 9951 + rice medium 0 kg 9000 + eggs 1 sack 1 -> unit_not_allowed
            redeem JBI-1 rice medium 1 kg 9951 + rice medium 0 kg 9000 -> quantity_invalid
        ");
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let answer = buy_with_wrong_pin(&till, &card, &goods("sugar 1 kg 14000"));
        assert_eq!(answer.problem(402), "pin_wrong");
        let blocked = world.card_in("blocked_bank");
        assert_eq!(buy_with_wrong_pin(&till, &blocked, &goods("sugar 1 kg 1")).problem(402), "card_blocked");
    }

    /// The line and the ceiling are named.
    fn a_refusal_names_the_place_and_the_ceiling(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        for (bought, pointer, named) in [
            ("eggs 1 piece 2000 + rice premium 1 kg 13301", "/items/1/unit_price", "13300"),
            ("eggs 1 piece 2000 + sugar 1 kg 1", "/items/1/commodity", ""),
            ("rice medium 1 sack 1", "/items/0/unit", ""),
            ("rice medium 0 kg 1", "/items/0/quantity", ""),
            ("eggs 1 piece 0", "/items/0/unit_price", ""),
            ("eggs 1 piece 110001", "/items", ""),
        ] {
            let body = buy(&till, &card, &goods(bought)).expect(402);
            assert_eq!(body["errors"].as_array().map(Vec::len), Some(1), "{body}");
            assert_eq!(body["errors"][0]["pointer"], pointer, "{body}");
            assert!(text(&body["errors"][0], "detail").contains(named), "{body}");
        }
    }

    /// Blocked, lost, not in use, expired: each with its number of ISO 8583.
    fn a_card_that_is_not_active_is_refused_by_its_state(backend) {
        let world = World::shared(backend);
        let till = world.till("JBI-1");
        for (state, code, response_code) in [
            ("printed", "card_not_active", "57"),
            ("distributed", "card_not_active", "57"),
            ("damaged", "card_not_active", "57"),
            ("replaced", "card_not_active", "57"),
            ("returned", "card_not_active", "57"),
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
            assert_eq!(code_of(&buy(&till, &card, &goods(BREAD))), expected, "{state}");
            assert_eq!(code_of(&till.inquire(&card.card_number, &card.pin)), expected, "{state}");
            // No PIN is compared: a wrong one changes nothing.
            assert_eq!(code_of(&buy_with_wrong_pin(&till, &card, &goods(BREAD))), expected, "{state}");
        }
    }

    /// Each kind of refusal has its number.
    fn every_refusal_of_a_basket_has_its_response_code(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        for (bought, code, response_code) in [
            ("sugar 1 kg 1", "commodity_not_allowed", "57"),
            ("eggs 1 sack 1", "unit_not_allowed", "12"),
            ("eggs 0 piece 1", "quantity_invalid", "12"),
            ("rice medium 1 kg 9951", "price_above_ceiling", "12"),
            ("eggs 1 piece 0", "amount_invalid", "13"),
            ("eggs 1 piece 110001", "balance_insufficient", "51"),
        ] {
            assert_eq!(code_of(&buy(&till, &card, &goods(bought))), refused(code, response_code));
        }
    }

    /// Three tries, then the bank has to help.
    fn the_third_wrong_pin_blocks_the_card(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        for _ in 0..2 {
            let answer = buy_with_wrong_pin(&till, &card, &goods(BREAD));
            assert_eq!(code_of(&answer), refused("pin_wrong", "55"));
        }
        let third = till.inquire(&card.card_number, &wrong_pin(&card));
        assert_eq!(code_of(&third), refused("pin_wrong", "55"));
        let fourth = buy_with_wrong_pin(&till, &card, &goods(BREAD));
        assert_eq!(code_of(&fourth), refused("card_pin_blocked", "75"));
        let right = buy(&till, &card, &goods(BREAD));
        assert_eq!(code_of(&right), refused("card_pin_blocked", "75"));
    }

    /// Tries count in a row only, and a refused purchase with the right PIN ends the row too.
    fn a_right_pin_forgets_the_wrong_ones(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let two_wrong = || {
            for _ in 0..2 {
                let answer = buy_with_wrong_pin(&till, &card, &goods(BREAD));
                assert_eq!(answer.problem(402), "pin_wrong");
            }
        };
        two_wrong();
        buy(&till, &card, &goods(BREAD)).expect(201);
        two_wrong();
        assert_eq!(buy(&till, &card, &goods("sugar 1 kg 1")).problem(402), "commodity_not_allowed");
        two_wrong();
        till.inquire(&card.card_number, &card.pin).expect(200);
        two_wrong();
        buy(&till, &card, &goods(BREAD)).expect(201);
    }

    /// A replay is no try.
    fn a_replayed_wrong_pin_is_not_counted_again(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let key = fresh_key();
        for _ in 0..5 {
            let answer = till.redeem(&key, &card.card_number, &wrong_pin(&card), &goods(BREAD));
            assert_eq!(answer.problem(402), "pin_wrong");
        }
        buy(&till, &card, &goods(BREAD)).expect(201);
    }

    /// Nobody learns which numbers are cards.
    fn an_unknown_card_is_answered_like_a_wrong_pin(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let unknown = Card { card_number: unknown_number(1), ..card.clone() };
        let wrong = buy_with_wrong_pin(&till, &card, &goods(BREAD));
        let no_card = buy(&till, &unknown, &goods(BREAD));
        assert_eq!(wrong.headers.keys().collect::<Vec<_>>(), no_card.headers.keys().collect::<Vec<_>>());
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
            assert!(body.as_object_mut().unwrap().remove("request_id").is_some(), "{body}");
            body
        };
        let same = told(&card.card_number, &wrong_pin(&card));
        assert_eq!(told(&unknown.card_number, "271828"), same);
    }

    /// What a shop posted and what it reads later; the auditor sees the truth.
    fn a_refusal_is_recorded_and_read_as_it_was_answered(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let unknown = Card { card_number: unknown_number(2), ..card.clone() };
        for (answer, code, shown, bank) in [
            (buy(&till, &card, &goods("sugar 2 kg 14000")), "commodity_not_allowed", true, "bri"),
            (buy_with_wrong_pin(&till, &card, &goods(BREAD)), "pin_wrong", true, "bri"),
            (buy(&till, &unknown, &goods(BREAD)), "card_unknown", false, ""),
        ] {
            let body = answer.expect(402);
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            assert_members(&body, &REFUSAL);
            assert_eq!(body["request_id"], body["id"]);
            assert_eq!(body["status"], 402);
            assert_eq!(body["type"], json!(format!("urn:ewarong:problem:{}", text(&body, "code"))));
            assert!(!text(&body, "title").is_empty() && !text(&body, "pesan").is_empty());
            let path = format!("/v1/redemptions/{}", text(&body, "id"));
            assert_eq!(till.api.get(&path).expect(200), body);

            let full: Value = world.auditor().api.get(&path).expect(200);
            assert_eq!((text(&full, "status"), text(&full, "code")), ("refused", code));
            assert_eq!(full["card"].is_string(), shown, "{full}");
            assert_eq!(full["bank"].as_str().unwrap_or_default(), bank);
            assert_eq!((text(&full, "merchant_id"), text(&full, "terminal_id")), ("EW-JAMBI", "JBI-1"));
            assert_eq!(full["items"].as_array().map(Vec::len), Some(1));
        }
    }

    /// What is another's is not there.
    fn an_attempt_is_hidden_from_whom_it_does_not_concern(backend) {
        let world = World::shared(backend);
        let card = world.fresh_card("bri");
        let till = world.till("JBI-1");
        for answer in [buy(&till, &card, &goods(BREAD)), buy(&till, &card, &goods("salt 1 kg 1"))] {
            let path = format!("/v1/redemptions/{}", text(&answer.json(), "id"));
            assert_eq!(world.till("JKT-1").api.get(&path).problem(404), "not_found");
            assert_eq!(world.bank("mandiri").api.get(&path).problem(404), "not_found");
            world.bank("bri").api.get(&path).expect(200);
        }
        for id in ["rdm_", "rdm_aaaaaaaaaaaaaaaaaaaaaaaaaa", "x", "trf_asfuxhbdcaaaarn5cmusmwlcit"] {
            assert_eq!(till.redemption(id).problem(404), "not_found", "{id}");
        }
    }

    /// A shop, a till or a wallet that was stopped; the shop comes first.
    fn a_stopped_shop_till_or_wallet_is_refused(backend) {
        let world = World::start(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let unknown = Card { card_number: unknown_number(3), ..card.clone() };
        buy(&till, &card, &goods(BREAD)).expect(201);
        world.sql("UPDATE terminals SET status = 2 WHERE code = 'JBI-1'");
        for card in [&card, &unknown] {
            let answer = buy(&till, card, &goods(BREAD));
            assert_eq!(code_of(&answer), refused("terminal_inactive", "58"));
        }
        world.sql("UPDATE merchants SET status = 2 WHERE code = 'EW-JAMBI'");
        for card in [&card, &unknown] {
            let answer = buy_with_wrong_pin(&till, card, &goods("salt 1 kg 1"));
            assert_eq!(code_of(&answer), refused("merchant_inactive", "58"));
        }
        let inquiry = till.inquire(&card.card_number, &card.pin);
        assert_eq!(code_of(&inquiry), refused("merchant_inactive", "58"));
        buy(&world.till("JKT-1"), &card, &goods(BREAD)).expect(201);
        world.sql("UPDATE wallets SET state = 2 WHERE balance = 106000");
        let answer = buy(&world.till("JKT-1"), &card, &goods(BREAD));
        assert_eq!(code_of(&answer), refused("card_not_active", "57"));
        world.verify();
    }
}
