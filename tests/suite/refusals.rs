//! What is refused: the rules as tables, one test for each reason.

use ewarong_tests::demo::Card;
use ewarong_tests::{Backend, World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{
    EGG, REFUSAL, assert_members, buy, buy_with_wrong_pin, code_of, goods, outcome, refused, text,
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

on_both_backends! {
    /// HET: each zone, each grade, to the rupiah.
    fn a_price_may_reach_the_zones_ceiling_and_not_pass_it(backend) {
        rules(
            backend,
            "
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
        ",
        );
    }

    /// Rice and eggs, and no others' grades.
    fn only_rice_and_eggs_are_paid_for(backend) {
        rules(
            backend,
            "
            redeem JBI-1 sugar 1 kg 14000         -> commodity_not_allowed
            redeem JBI-1 sugar white 1 kg 14000   -> commodity_not_allowed
            redeem JBI-1 Rice premium 1 kg 9000   -> commodity_not_allowed
            redeem JBI-1 rice super 1 kg 9000     -> commodity_not_allowed
            redeem JBI-1 rice Premium 1 kg 9000   -> commodity_not_allowed
            redeem JBI-1 beras premium 1 kg 9000  -> commodity_not_allowed
            redeem JBI-1 eggs 1 piece 2000 + sugar 1 kg 14000 -> commodity_not_allowed
            redeem JBI-1 eggs 1 piece 2000        -> approved
        ",
        );
    }

    /// Rice by kg; eggs by piece, tray or kg.
    fn goods_are_sold_by_their_own_units(backend) {
        rules(
            backend,
            "
            redeem JBI-1 rice medium 1 piece 9000 -> unit_not_allowed
            redeem JBI-1 rice medium 1 KG 9000    -> unit_not_allowed
            redeem JBI-1 rice medium 1 sack 9000  -> unit_not_allowed
            redeem JBI-1 eggs 1 dozen 2000        -> unit_not_allowed
            redeem JBI-1 eggs 1 piece 2000        -> approved
            redeem JBI-1 eggs 1 tray 30000        -> approved
            redeem JBI-1 eggs 1 kg 22000          -> approved
            redeem JBI-1 rice medium 1 kg 9000    -> approved
        ",
        );
    }

    /// More than nothing, three decimals for kg, whole pieces and trays.
    fn a_quantity_is_positive_and_no_finer_than_its_unit(backend) {
        rules(
            backend,
            "
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
        ",
        );
    }

    /// A price and a line of at least one rupiah.
    fn a_line_costs_something(backend) {
        rules(
            backend,
            "
            redeem JBI-1 rice medium 1 kg 0                  -> amount_invalid
            redeem JBI-1 rice medium 1 kg -1                 -> amount_invalid
            redeem JBI-1 eggs 1 piece -9223372036854775808   -> amount_invalid
            redeem JBI-1 rice medium 0.001 kg 400            -> amount_invalid
            redeem JBI-1 eggs 1 piece 2000 + eggs 1 piece 0  -> amount_invalid
            redeem JBI-1 eggs 999999 piece 9223372036854775807 -> amount_invalid
            redeem JBI-1 eggs 1 piece 1                      -> approved
        ",
        );
    }

    /// To the rupiah.
    fn a_wallet_may_be_emptied_and_not_overdrawn(backend) {
        rules(
            backend,
            "
            redeem JBI-1 eggs 1 piece 110001   -> balance_insufficient
            redeem JBI-1 eggs 10 piece 10000 + eggs 1 piece 10001 -> balance_insufficient
            redeem JBI-1 eggs 10 piece 10000   -> approved
            redeem JBI-1 eggs 1 piece 10001    -> balance_insufficient
            redeem JBI-1 eggs 1 piece 10000    -> approved
            redeem JBI-1 eggs 1 piece 1        -> balance_insufficient
        ",
        );
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
        let sugar = goods("sugar 1 kg 1");
        assert_eq!(buy_with_wrong_pin(&till, &blocked, &sugar).problem(402), "pin_wrong");
        assert_eq!(buy(&till, &blocked, &sugar).problem(402), "card_blocked");
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

    /// What a shop posted and what it reads later; the auditor sees the truth.
    fn a_refusal_is_recorded_and_read_as_it_was_answered(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let unknown = Card { card_number: unknown_number(2), ..card.clone() };
        for (answer, code, shown, bank) in [
            (buy(&till, &card, &goods("sugar 2 kg 14000")), "commodity_not_allowed", true, "bri"),
            (buy_with_wrong_pin(&till, &card, &goods(EGG)), "pin_wrong", true, "bri"),
            (buy(&till, &unknown, &goods(EGG)), "card_unknown", false, ""),
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
            assert_eq!(
                (text(&full, "merchant_id"), text(&full, "terminal_id")),
                ("EW-JAMBI", "JBI-1")
            );
            assert_eq!(full["items"].as_array().map(Vec::len), Some(1));
        }
    }

    /// What is another's is not there.
    fn an_attempt_is_hidden_from_whom_it_does_not_concern(backend) {
        let world = World::shared(backend);
        let card = world.fresh_card("bri");
        let till = world.till("JBI-1");
        for answer in [buy(&till, &card, &goods(EGG)), buy(&till, &card, &goods("salt 1 kg 1"))] {
            let path = format!("/v1/redemptions/{}", text(&answer.json(), "id"));
            assert_eq!(world.till("JKT-1").api.get(&path).problem(404), "not_found");
            assert_eq!(world.bank("mandiri").api.get(&path).problem(404), "not_found");
            world.bank("bri").api.get(&path).expect(200);
        }
        for id in ["rdm_", "rdm_aaaaaaaaaaaaaaaaaaaaaaaaaa", "x", "trf_asfuxhbdcaaaarn5cmusmwlcit"]
        {
            assert_eq!(till.redemption(id).problem(404), "not_found", "{id}");
        }
    }
}
