//! A bank's files against what it owes: recorded, posted, worked on by people, signed off.

mod at_once;
mod bounds;
mod changes;
mod command_line;
mod decisions;
pub(crate) mod desk;
mod fees;
mod large;
mod money;

use ewarong_tests::seed::{clear_of_midnight, today};
use ewarong_tests::{World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{listed, number, text};
use desk::{Desk, bank_file};

/// A result row as `status ledger bank`.
fn told(row: &Value) -> String {
    format!("{} {} {}", text(row, "status"), row["ledger_amount"], text(row, "bank_amount"))
}

on_both_backends! {
    /// BANKFILES' worked example, both times: the wrong closing balance first, then the right one.
    fn the_worked_example_is_refused_and_then_recorded(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let [first, second] = [sold.reference("EW-JAMBI"), sold.reference("EW-JAKARTA")];
        let rows = format!(
            "{first} +175000\nBIAYA ADM {first} -1500\n{second} +110000\n{second} +110000\n\
             {rrn} +110000\nRC {rrn} -110000\nSETOR TUNAI +20000",
            rrn = sold.reversed_rrn
        );
        let broken = bank_file(1_000_000, &rows, Some(1_303_500));
        let refused = desk.record(&[("statement.csv", &broken)]);
        assert_eq!(refused.problem(422), "file_refused");
        let why = refused.json()["errors"][0]["detail"].to_string();
        assert!(why.contains("balance_break") && why.contains("110000"), "{why}");
        assert!(listed(&desk.bank().api, "/v1/reconciliations").is_empty(), "nothing was used");

        let whole = bank_file(1_000_000, &rows, None);
        let recorded = desk.record(&[("statement.csv", &whole)]).expect(201);
        assert_eq!((text(&recorded, "status"), number(&recorded, "revision")), ("recorded", 1));
        let control = &recorded["summary"]["control"];
        assert_eq!((&control["movement"], &control["holds"]), (&json!("413500"), &json!(true)));
        let id = text(&recorded, "id");
        let results = desk.results(id);
        let mut told: Vec<String> = results.iter().map(told).collect();
        told.sort();
        assert_eq!(
            told,
            [
                "bank_only 0 20000",
                "duplicate_in_bank 110000 220000",
                "matched 0 0",
                "matched_with_fee 175000 173500",
            ]
        );
        // What is paid is posted; what is held is still owed.
        assert_eq!(desk.stages(), [("EW-JAKARTA", "submitted"), ("EW-JAMBI", "confirmed")].map(
            |(merchant, stage)| (merchant.to_owned(), stage.to_owned())
        ));
        assert_eq!(desk.payable("EW-JAMBI"), 45_000, "only what was sold after the close");
        assert_eq!(desk.payable("EW-JAKARTA"), 110_000);
        world.verify();

        let again = desk.record(&[("statement.csv", &whole)]).expect(200);
        assert_eq!((&again["revision"], &again["id"]), (&json!(1), &recorded["id"]));
        assert_eq!(desk.open().len(), 2);
        world.verify();
    }

    /// What a later file pays is carried and clears its difference.
    fn what_is_paid_later_is_carried_and_cleared(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let first = format!("{} +175000", sold.reference("EW-JAMBI"));
        let recorded = desk.record(&[("one.csv", &bank_file(0, &first, None))]).expect(201);
        let states: Vec<String> = desk.results(text(&recorded, "id")).iter().map(told).collect();
        assert!(states.contains(&"pending_bank 110000 0".to_owned()), "{states:?}");
        assert!(desk.open().is_empty(), "the bank has until tomorrow");
        // The rest comes in a second file of the day; the first is not sent again.
        let rest = format!("{} +110000", sold.reference("EW-JAKARTA"));
        let more = desk.record(&[("two.csv", &bank_file(175_000, &rest, None))]).expect(201);
        assert_eq!((&more["id"], number(&more, "revision")), (&recorded["id"], 2));
        assert_eq!(more["files"].as_array().unwrap().len(), 2);
        assert!(desk.stages().iter().all(|(_, stage)| stage == "confirmed"));
        assert_eq!(desk.payable("EW-JAKARTA"), 0);
        // An export that overlaps with both changes nothing but the list of files.
        let all = bank_file(0, &format!("{first}\n{rest}"), None);
        let overlap = desk.record(&[("all.csv", &all)]);
        assert!(matches!(overlap.status, 201 | 422), "{}", overlap.text());
        assert_eq!(desk.payable("EW-JAMBI"), 45_000);
        world.verify();
    }

    fn what_can_not_be_recorded_is_refused(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let file = bank_file(0, "SETOR TUNAI +1", None);
        assert_eq!(desk.record(&[("a.csv", &file)]).problem(409), "day_not_closed");
        desk.worked_day();
        assert_eq!(desk.record(&[]).problem(422), "file_missing");
        assert_eq!(desk.record(&[("a.csv", "no statement")]).problem(422), "file_refused");
        let day = today().to_string();
        let send = |body: Value| desk.bank().api.post("/v1/reconciliations", &body);
        let bad = |member: &str, value: Value| {
            let mut body = json!({"bank": "bri", "business_date": day, "files": []});
            body[member] = value;
            send(body).problem(422)
        };
        assert_eq!(bad("bank", json!("bni")), "request_invalid");
        assert_eq!(bad("business_date", json!("today")), "request_invalid");
        assert_eq!(bad("more", json!(1)), "request_invalid");
        for (member, value) in [("content", "###"), ("format", "pdf"), ("name", "")] {
            let mut one = json!({"name": "a.csv", "content": ""});
            one[member] = json!(value);
            assert_eq!(bad("files", json!([one])), "request_invalid", "{member}");
        }
        let body = json!({"bank": "bri", "business_date": day, "files": []});
        for api in [&world.auditor().api, &world.programme().api] {
            assert_eq!(api.post("/v1/reconciliations", &body).problem(403), "role_not_allowed");
        }
        world.verify();
    }

    /// A shop reconciles its own account: it records and posts nothing for the bank.
    fn a_shop_reconciles_its_own_day(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let file = bank_file(0, &format!("{} +175000", sold.reference("EW-JAMBI")), None);
        let shop = world.till("JBI-1").api;
        let recorded = Desk::record_as(&shop, &[("mine.csv", &file)]).expect(201);
        let told: Vec<String> = Desk::results_of(&shop, text(&recorded, "id")).iter().map(told).collect();
        assert_eq!(told, ["matched 175000 175000"]);
        assert_eq!(desk.payable("EW-JAMBI"), 220_000, "the bank's own file counts");
        assert!(listed(&desk.bank().api, "/v1/reconciliations").is_empty());
        let path = format!("/v1/reconciliations/{}", text(&recorded, "id"));
        assert_eq!(world.till("JKT-1").api.get(&path).problem(404), "not_found");
        assert_eq!(world.auditor().api.get(&path).expect(200)["id"], recorded["id"]);
        world.verify();
    }

    /// The five daily reconciliations see what differs, each its own.
    fn the_five_daily_reconciliations_hold_or_say_why(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let report = |closing: Option<i64>| {
            let closing = closing.map(|sum| format!("&holding_closing={sum}")).unwrap_or_default();
            let path = format!("/v1/daily-reconciliations?bank=bri&business_date={}{closing}", today());
            let body = desk.bank().api.get(&path).expect(200);
            let states = body["checks"].as_array().unwrap().iter();
            let states: Vec<String> =
                states.map(|one| format!("{} {}", text(one, "name"), text(one, "state"))).collect();
            (states.join(", "), body["holds"].as_bool().unwrap())
        };
        let open = "credits holds, wallets holds, terminals not_yet, settlements not_yet, holding not_yet";
        assert_eq!(report(None), (open.to_owned(), true));
        let sold = desk.worked_day();
        let unpaid = "credits holds, wallets holds, terminals holds, settlements differs, holding differs";
        assert_eq!(report(Some(1)), (unpaid.to_owned(), false));
        let rows = format!("{} +175000\n{} +110000", sold.reference("EW-JAMBI"), sold.reference("EW-JAKARTA"));
        desk.record(&[("all.csv", &bank_file(0, &rows, None))]).expect(201);
        let all = "credits holds, wallets holds, terminals holds, settlements holds, holding holds";
        assert_eq!(report(Some(desk.balance("holding:bri"))), (all.to_owned(), true));
        let other = format!("/v1/daily-reconciliations?bank=bni&business_date={}", today());
        assert_eq!(desk.bank().api.get(&other).problem(404), "not_found");
        // What is wrong behind the ledger's back is seen by the one that looks there.
        world.sql("UPDATE wallets SET balance = balance + 1 WHERE id = (SELECT MIN(id) FROM wallets WHERE bank_id = 1)");
        let wrong = "credits holds, wallets differs, terminals holds, settlements holds, holding not_yet";
        assert_eq!(report(None), (wrong.to_owned(), false));
    }

    /// The banks' positions against each other add up to zero.
    fn net_positions_add_up_to_zero(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        desk.buy("JBI-1", "bni", 30_000);
        desk.buy("JBI-1", "bri", 10_000);
        desk.close();
        let path = format!("/v1/net-positions?business_date={}", today());
        let body = world.auditor().api.get(&path).expect(200);
        let net = |bank: &str| {
            let of = body["positions"].as_array().unwrap();
            number(of.iter().find(|one| one["bank"] == bank).unwrap(), "net")
        };
        assert_eq!((net("bri"), net("bni")), (30_000, -30_000));
        let pairs = json!([{"issuer": "bni", "acquirer": "bri", "amount": 30_000}]);
        assert_eq!(body["pairs"], pairs);
        let own = world.bank("bri").api.get(&path).expect(200);
        assert_eq!(own["positions"].as_array().unwrap().len(), 1);
        assert_eq!(world.till("JBI-1").api.get(&path).problem(403), "role_not_allowed");
    }
}
