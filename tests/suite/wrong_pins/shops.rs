//! A bank says which of its merchants and terminals may be used.

use ewarong_tests::{World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{EGG, assert_members, buy, fresh_key, goods, listed, outcome, text};

on_both_backends! {
    /// Felt at the next purchase, recorded, and only by the bank that settles with it.
    fn a_bank_stops_and_starts_a_merchant_and_a_terminal(backend) {
        let world = World::start(backend);
        let (till, beside) = (world.till("JKT-1"), world.till("JKT-2"));
        let (bank, card) = (world.bank("bri"), world.fresh_card("bni"));
        let bought = buy(&till, &card, &goods(EGG)).expect(201);
        let set = |path: &str, state: &str| {
            let body = json!({"state": state, "reason": "alat dilaporkan hilang"});
            bank.api.post(&format!("/v1/{path}/state"), &body).expect(200)
        };
        let told = |path: &str, state: &str| {
            set(path, state);
            [&till, &beside].map(|till| outcome(&buy(till, &card, &goods(EGG))))
        };
        let (shop, terminal) = ("merchants/EW-JAKARTA", "terminals/JKT-1");
        assert_eq!(told(terminal, "suspended"), ["terminal_suspended", "approved"]);
        let take_back = || till.reverse(&fresh_key(), text(&bought, "id"), "salah").problem(402);
        assert_eq!(take_back(), "terminal_suspended");
        assert_eq!(told(terminal, "inactive"), ["terminal_inactive", "approved"]);
        assert_eq!(told(shop, "suspended"), ["merchant_inactive"; 2]);
        assert_eq!(told(shop, "inactive"), ["merchant_inactive"; 2]);
        assert_eq!(told(shop, "active"), ["terminal_inactive", "approved"]);
        assert_eq!(told(terminal, "active"), ["approved"; 2]);

        let answer = set(shop, "inactive");
        assert_members(&answer, &["merchant_id", "state", "changed_at"]);
        assert_eq!(set(shop, "inactive"), answer, "the same again changes nothing");
        assert_eq!(text(&answer, "merchant_id"), "EW-JAKARTA");
        set(shop, "active");
        world.verify();
    }

    /// What is another's or nobody's is not there, and what can't be read changes nothing.
    fn a_state_is_set_by_the_right_bank_with_a_reason(backend) {
        let world = World::shared(backend);
        let (bank, other) = (world.bank("bri"), world.bank("mandiri"));
        let body = json!({"state": "inactive", "reason": "x"});
        for path in ["/v1/merchants/EW-JAKARTA/state", "/v1/terminals/JKT-1/state"] {
            assert_eq!(other.api.post(path, &body).problem(404), "not_found", "{path}");
            for by in [&world.till("JKT-1").api, &world.auditor().api, &world.programme().api] {
                assert_eq!(by.post(path, &body).problem(403), "role_not_allowed", "{path}");
            }
            for wrong in [
                json!({"state": "closed", "reason": "x"}),
                json!({"state": "Active", "reason": "x"}),
                json!({"state": "inactive", "reason": " "}),
                json!({"state": "inactive", "reason": "\u{202e}"}),
                json!({"state": "inactive"}),
                json!({"state": "inactive", "reason": "x", "bank": "bri"}),
            ] {
                assert_eq!(bank.api.post(path, &wrong).problem(422), "request_invalid", "{wrong}");
            }
        }
        for path in ["/v1/merchants/EW-X/state", "/v1/terminals/JKT-9/state", "/v1/terminals/x/state"] {
            assert_eq!(bank.api.post(path, &body).problem(404), "not_found", "{path}");
        }
        let card = world.fresh_card("bri");
        assert_eq!(outcome(&buy(&world.till("JKT-1"), &card, &goods(EGG))), "approved");
    }

    /// A bank's own, an auditor's all.
    fn terminals_are_listed(backend) {
        let world = World::shared(backend);
        let codes = |list: Vec<Value>| {
            list.iter().map(|one| text(one, "terminal_id").to_owned()).collect::<Vec<_>>()
        };
        let all = listed(&world.auditor().api, "/v1/terminals");
        assert_eq!(all.len(), 7);
        for terminal in &all {
            assert_eq!((text(terminal, "state"), &terminal["reason"]), ("active", &Value::Null));
        }
        let own = codes(listed(&world.bank("bni").api, "/v1/terminals"));
        assert_eq!(own, ["KPG-1", "AMB-1"]);
        let auditor = world.auditor();
        assert_eq!(codes(listed(&auditor.api, "/v1/terminals?bank=btn")), ["JPR-1"]);
        assert_eq!(listed(&auditor.api, "/v1/terminals?state=inactive"), Vec::<Value>::new());
        for query in ["state=off", "bank=BRI", "merchant_id=ew", "x=1"] {
            let answer = auditor.api.get(&format!("/v1/terminals?{query}"));
            assert_eq!(answer.problem(422), "request_invalid", "{query}");
        }
        for role in [&world.till("JKT-1").api, &world.programme().api] {
            assert_eq!(role.get("/v1/terminals").problem(403), "role_not_allowed");
        }
    }
}
