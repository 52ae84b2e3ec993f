//! A family buys rice and eggs.

use ewarong_tests::client::{eggs, rice};
use ewarong_tests::seed::{clear_of_midnight, today};
use ewarong_tests::{World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{assert_members, buy, goods, number, text};

const APPROVED: [&str; 16] = [
    "id",
    "status",
    "amount",
    "balance_before",
    "balance_after",
    "items",
    "rrn",
    "approval_code",
    "card",
    "bank",
    "acquirer",
    "merchant_id",
    "terminal_id",
    "created_at",
    "business_date",
    "transfer_id",
];

fn masked(card_number: &str) -> String {
    let (head, rest) = card_number.split_at(6);
    format!("{head}******{}", rest.split_at(6).1)
}

on_both_backends! {
    /// Every field of the answer.
    fn a_purchase_of_rice_and_eggs_is_approved(backend) {
        clear_of_midnight();
        let world = World::shared(backend);
        let card = world.fresh_card("bri");
        let items = [rice("premium", "5", 12_500), eggs("10", 2_000)];
        let answer = buy(&world.till("JBI-1"), &card, &items);
        let body = answer.expect(201);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("idempotent-replayed"), None);
        assert_members(&body, &APPROVED);
        assert_eq!(body["status"], "approved");
        assert_eq!(body["amount"], 82_500);
        assert_eq!(body["balance_before"], 110_000);
        assert_eq!(body["balance_after"], 27_500);
        assert_eq!(
            body["items"],
            json!([
                {
                    "commodity": "rice", "grade": "premium", "quantity": "5", "unit": "kg",
                    "unit_price": 12_500, "amount": 62_500,
                },
                {
                    "commodity": "eggs", "quantity": "10", "unit": "piece",
                    "unit_price": 2_000, "amount": 20_000,
                },
            ])
        );
        let rrn = text(&body, "rrn");
        assert!(rrn.len() == 12 && rrn.bytes().all(|byte| byte.is_ascii_digit()), "{rrn}");
        let code = text(&body, "approval_code");
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{code}");
        assert_eq!(body["card"], json!(masked(&card.card_number)));
        assert_eq!(body["bank"], "bri");
        assert_eq!(body["acquirer"], "bri");
        assert_eq!(body["merchant_id"], "EW-JAMBI");
        assert_eq!(body["terminal_id"], "JBI-1");
        assert_eq!(body["business_date"], json!(today().to_string()));
        let created = text(&body, "created_at");
        assert!(
            created.ends_with('Z') && created.parse::<ledger::domain::calendar::Instant>().is_ok()
        );
        assert!(text(&body, "id").starts_with("rdm_"), "{body}");
        assert!(text(&body, "transfer_id").starts_with("trf_"), "{body}");
    }

    /// The shop, the card's bank, the shop's bank and the auditor read what was answered.
    fn a_purchase_can_be_read_again_by_everyone_it_concerns(backend) {
        let world = World::shared(backend);
        let card = world.fresh_card("bni");
        let till = world.till("JBI-1");
        let body = buy(&till, &card, &goods("rice medium 2.5 kg 9000")).expect(201);
        let path = format!("/v1/redemptions/{}", text(&body, "id"));
        assert_eq!(till.api.get(&path).expect(200), body);
        for bank in ["bni", "bri"] {
            assert_eq!(world.bank(bank).api.get(&path).expect(200), body, "{bank}");
        }
        assert_eq!(world.auditor().api.get(&path).expect(200), body);
    }

    /// The family chooses when and how much.
    fn a_months_credit_may_be_spent_in_several_visits_at_several_shops(backend) {
        let world = World::shared(backend);
        let card = world.fresh_card("mandiri");
        let visits = [
            ("JKT-1", "rice medium 3 kg 9450", 110_000, 28_350),
            ("AMB-1", "eggs 1 tray 45000", 81_650, 45_000),
            ("MKS-1", "rice premium 1.25 kg 12000 + eggs 0.5 kg 23000", 36_650, 26_500),
            ("JPR-1", "eggs 5 piece 2030", 10_150, 10_150),
        ];
        for (terminal, bought, before, amount) in visits {
            let body = buy(&world.till(terminal), &card, &goods(bought)).expect(201);
            assert_eq!(number(&body, "balance_before"), before, "{terminal}");
            assert_eq!(number(&body, "amount"), amount, "{terminal}");
            assert_eq!(number(&body, "balance_after"), before - amount, "{terminal}");
        }
        assert_eq!(world.balance(&card), 0);
    }

    /// The card's bank and the shop's bank may differ.
    fn a_card_is_taken_at_another_banks_shop(backend) {
        let world = World::shared(backend);
        let card = world.fresh_card("bni");
        let body = buy(&world.till("JKT-1"), &card, &goods("eggs 1 piece 2000")).expect(201);
        assert_eq!((text(&body, "bank"), text(&body, "acquirer")), ("bni", "bri"));
    }

    /// Half to even, line by line; the lines add up to the amount.
    fn half_a_rupiah_goes_to_the_even_side(backend) {
        let world = World::shared(backend);
        let card = world.fresh_card("bri");
        let bought = goods("rice medium 0.5 kg 9001 + rice medium 0.5 kg 9003 + eggs 0.5 kg 20001");
        let body = buy(&world.till("JBI-1"), &card, &bought).expect(201);
        let amounts = body["items"].as_array().unwrap().iter().map(|line| number(line, "amount"));
        assert_eq!(amounts.collect::<Vec<_>>(), [4_500, 4_502, 10_000]);
        assert_eq!(number(&body, "amount"), 19_002);
    }

    /// Up to twenty lines.
    fn twenty_lines_fit_into_one_purchase(backend) {
        let world = World::shared(backend);
        let card = world.fresh_card("bri");
        let lines = vec![eggs("1", 1_000); 20];
        let body = buy(&world.till("JBI-1"), &card, &lines).expect(201);
        assert_eq!(number(&body, "amount"), 20_000);
        assert_eq!(body["items"].as_array().map(Vec::len), Some(20));
    }

    /// What the family hears before it buys.
    fn the_balance_is_told_to_who_knows_the_pin(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("btn"), world.till("KPG-1"));
        let body = till.inquire(&card.card_number, &card.pin).expect(200);
        assert_members(&body, &["balance", "card", "as_of"]);
        assert_eq!(body["balance"], 110_000);
        assert_eq!(body["card"], json!(masked(&card.card_number)));
        buy(&till, &card, &goods("eggs 10 piece 1500")).expect(201);
        assert_eq!(till.inquire(&card.card_number, &card.pin).expect(200)["balance"], 95_000);
    }

    /// `btn` is past its cut-off all day long.
    fn a_purchase_after_the_shops_banks_cut_off_counts_for_the_next_day(backend) {
        clear_of_midnight();
        let world = World::shared(backend);
        let card = world.fresh_card("bri");
        let late = buy(&world.till("JPR-1"), &card, &goods("eggs 1 piece 2000")).expect(201);
        assert_eq!(late["business_date"], json!(today().next().to_string()));
        let in_time = buy(&world.till("JBI-1"), &card, &goods("eggs 1 piece 2000")).expect(201);
        assert_eq!(in_time["business_date"], json!(today().to_string()));
    }

    /// Two receipts of one family don't show that they are one's.
    fn ids_are_opaque_and_differ(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let [one, two]: [Value; 2] =
            std::array::from_fn(|_| buy(&till, &card, &goods("eggs 1 piece 2000")).expect(201));
        for member in ["id", "transfer_id", "rrn", "approval_code"] {
            assert_ne!(one[member], two[member], "{member}");
        }
        let tail = |body: &Value| text(body, "id").chars().rev().take(12).collect::<String>();
        assert_ne!(tail(&one), tail(&two));
    }
}
