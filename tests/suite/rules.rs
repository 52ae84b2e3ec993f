//! Policies and price ceilings as two clients of the programme enter them.

use ewarong_tests::{Programme, World, on_both_backends};
use ledger::domain::calendar::{Date, Zone};
use ledger::service::{Clock as _, SystemClock};
use serde_json::{Value, json};

/// The first day that has begun nowhere in the country.
fn free_day() -> Date {
    Date::from(SystemClock::default().now().date_in(Zone::Wit)).next()
}

fn policy(from: Date, amount: i64) -> Value {
    json!({
        "valid_from": from.to_string(), "monthly_amount": amount, "reason": "Surat keputusan uji",
        "goods": [
            {"commodity": "rice", "grade": "premium", "unit": "kg", "decimals": 3},
            {"commodity": "eggs", "unit": "piece", "decimals": 0},
        ],
    })
}

fn ceiling(from: Date, price: i64) -> Value {
    json!({
        "price_zone": 2, "commodity": "rice", "grade": "premium", "unit": "kg",
        "valid_from": from.to_string(), "price": price, "reason": "HET uji",
    })
}

fn listed(programme: &Programme, path: &str) -> Vec<Value> {
    programme.api.get(path).expect(200)["data"].as_array().unwrap().clone()
}

on_both_backends! {
    fn a_policy_begins_on_a_free_day_once_two_want_it(backend) {
        let world = World::start(backend);
        let (first, second) = (world.programme(), world.second_programme());
        let (from, today) = (free_day().next(), free_day().minus_days(1));
        let refused = first.api.post("/v1/policies", &policy(today, 150_000));
        assert_eq!(refused.problem(422), "request_invalid");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/valid_from");

        // Only the programme's foods, and an amount that adds up over all families.
        for (field, value, pointer) in [
            ("goods", json!([{"commodity": "sugar", "unit": "kg", "decimals": 3}]), "/goods"),
            ("goods", json!([{"commodity": "eggs", "unit": "piece", "decimals": 1}]), "/goods"),
            ("goods", json!([]), "/goods"),
            ("monthly_amount", json!(1_000_000_001), "/monthly_amount"),
        ] {
            let mut body = policy(from, 150_000);
            body[field] = value;
            let answer = first.api.post("/v1/policies", &body);
            assert_eq!(answer.problem(422), "request_invalid", "{body}");
            assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
        }

        let wanted = policy(from, 150_000);
        let proposed = first.api.post("/v1/policies", &wanted).expect(202);
        assert_eq!(proposed["state"], "proposed", "{proposed}");
        let again = first.api.post("/v1/policies", &wanted).expect(202);
        assert_eq!(again["id"], proposed["id"], "a client does not agree with itself");
        assert_eq!(listed(&first, "/v1/policies").len(), 1);
        // Another amount is another proposal.
        let other = second.api.post("/v1/policies", &policy(from, 160_000)).expect(202);
        assert_ne!(other["id"], proposed["id"]);

        let entered = second.api.post("/v1/policies", &wanted).expect(201);
        assert_eq!((&entered["version"], &entered["monthly_amount"]), (&json!(2), &json!(150_000)));
        assert_eq!(entered["reason"], "Surat keputusan uji");
        let same = first.api.post("/v1/policies", &wanted).expect(201);
        assert_eq!(same, entered, "what is there is known again");
        let all = listed(&first, "/v1/policies");
        assert_eq!(all.len(), 2, "{all:?}");
        assert_eq!(all[0]["valid_to"], from.minus_days(1).to_string());
        assert_eq!(all[1]["valid_to"], Value::Null);

        // One that begins on the same day takes its place; the replaced one never holds.
        let last = first.api.post("/v1/policies", &policy(from, 160_000)).expect(201);
        assert_eq!(last["version"], 3);
        assert_eq!(listed(&first, "/v1/policies")[1]["valid_to"], from.minus_days(1).to_string());
        world.verify();
    }

    fn ceilings_are_entered_by_two_and_read_by_all(backend) {
        let world = World::start(backend);
        let (first, second) = (world.programme(), world.second_programme());
        let from = free_day();
        first.api.post("/v1/price-ceilings", &ceiling(from, 14_000)).expect(202);
        let entered = second.api.post("/v1/price-ceilings", &ceiling(from, 14_000)).expect(201);
        assert_eq!((&entered["price"], &entered["price_zone"]), (&json!(14_000), &json!(2)));
        let before = listed(&first, "/v1/price-ceilings");
        let premium: Vec<&Value> = before
            .iter()
            .filter(|row| row["price_zone"] == 2 && row["grade"] == "premium")
            .collect();
        assert_eq!(premium.len(), 2);
        assert_eq!(premium[0]["valid_to"], from.minus_days(1).to_string());

        for (client, wanted) in [
            (world.till("JBI-1").api, before.clone()),
            (world.bank("bri").api, before.clone()),
            (world.auditor().api, before.clone()),
        ] {
            assert_eq!(client.get("/v1/price-ceilings").expect(200)["data"], json!(wanted));
            assert_eq!(client.get("/v1/policies").expect(200)["data"].as_array().unwrap().len(), 1);
            assert_eq!(client.post("/v1/policies", &policy(from, 1)).problem(403), "role_not_allowed");
        }
        for (bad, pointer) in [
            (json!({"price_zone": 4}), "/price_zone"),
            (json!({"commodity": "Beras"}), "/commodity"),
            (json!({"commodity": "tobacco", "grade": null}), "/commodity"),
            (json!({"grade": "broken"}), "/commodity"),
            (json!({"unit": "sack"}), "/commodity"),
            (json!({"price": 0}), "/price"),
            (json!({"price": 1_000_000_001}), "/price"),
        ] {
            let mut body = ceiling(from, 14_500);
            body.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
            let answer = first.api.post("/v1/price-ceilings", &body);
            assert_eq!(answer.problem(422), "request_invalid", "{bad}");
            assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{bad}");
        }
        world.verify();
    }
}
