//! People decide about differences, and sign days off.

use ewarong_tests::World;
use ewarong_tests::on_both_backends;
use ewarong_tests::seed::{clear_of_midnight, today};
use serde_json::{Value, json};

use super::desk::{Desk, bank_file};
use crate::till::{listed, number, text};

/// The worked example's day, recorded: a settlement paid twice, and a payment of somebody else's.
fn recorded(desk: &Desk<'_>) -> (Value, String) {
    let sold = desk.worked_day();
    let [first, second] = [sold.reference("EW-JAMBI"), sold.reference("EW-JAKARTA")];
    let rows = format!("{first} +175000\n{second} +110000\n{second} +110000\nSETOR TUNAI +20000");
    let file = bank_file(0, &rows, None);
    (desk.record(&[("statement.csv", &file)]).expect(201), file)
}

on_both_backends! {
    /// Each decision is a balanced posting or none, and a later recording leaves it.
    fn a_decision_is_posted_once_and_survives_a_new_file(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let (day, _file) = recorded(&desk);
        let twice = desk.open_one("duplicate_in_bank");
        let stranger = desk.open_one("bank_only");
        assert_eq!((text(&twice, "severity"), &twice["owner"]), ("high", &Value::Null));
        assert_eq!(twice["evidence"]["bank_rows"].as_array().unwrap().len(), 2);
        let holding = desk.balance("holding:bri");

        let clerk = desk.bank();
        assert_eq!(Desk::decide(&clerk, &stranger, "accept_bank").problem(409), "resolution_not_applicable");
        assert_eq!(Desk::decide(&clerk, &stranger, "forget").problem(422), "request_invalid");
        let done = Desk::decide(&clerk, &twice, "duplicate_confirmed").expect(200);
        assert_eq!((text(&done, "state"), text(&done, "resolution")), ("resolved", "duplicate_confirmed"));
        assert_eq!(desk.payable("EW-JAKARTA"), 0);
        assert_eq!(desk.balance("suspense:bri"), -110_000);
        assert_eq!(desk.balance("holding:bri"), holding - 220_000);
        Desk::decide(&clerk, &stranger, "suspense").expect(200);
        assert_eq!(desk.balance("suspense:bri"), -130_000);
        // The same again changes nothing; another decision is too late.
        Desk::decide(&clerk, &stranger, "suspense").expect(200);
        assert_eq!(Desk::decide(&clerk, &stranger, "claim").problem(409), "exception_closed");
        assert_eq!(desk.balance("suspense:bri"), -130_000);
        world.verify();

        // Another file of the day: what was decided stays so.
        let more = bank_file(415_000, "BUNGA +100", None);
        let again = desk.record(&[("more.csv", &more)]).expect(201);
        assert_eq!((&again["id"], number(&again, "open_exceptions")), (&day["id"], 0));
        assert_eq!(desk.balance("suspense:bri"), -130_000);
        let path = format!("/v1/exceptions/{}", text(&twice, "id"));
        let shown = world.auditor().api.get(&path).expect(200);
        let events: Vec<&str> =
            shown["history"].as_array().unwrap().iter().map(|one| text(one, "event")).collect();
        assert_eq!(events, ["found", "resolved"]);
        assert!(shown["history"][1]["transfer_id"].is_string(), "{shown}");
        world.verify();
    }

    /// A row that was decided for one day is none of the next day's, whose file has it too.
    fn what_is_decided_for_a_day_is_not_found_again_on_the_next(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let before = today().minus_days(1);
        desk.have_closed(before);
        let clerk = desk.bank();
        let early = bank_file(0, "SETOR TUNAI +20000", None);
        Desk::record_day(&clerk.api, before, &[("early.csv", &early)]).expect(201);
        Desk::decide(&clerk, &desk.open_one("bank_only"), "suspense").expect(200);
        let rows = format!(
            "SETOR TUNAI +20000\n{} +175000\n{} +110000",
            sold.reference("EW-JAMBI"),
            sold.reference("EW-JAKARTA")
        );
        let recorded = desk.record(&[("today.csv", &bank_file(0, &rows, None))]).expect(201);
        assert_eq!(number(&recorded, "open_exceptions"), 0);
        assert_eq!(desk.results(text(&recorded, "id")).len(), 2);
        assert_eq!(desk.balance("suspense:bri"), -20_000);
        world.verify();
    }

    /// A large decision takes two; the first of them may not be the second.
    fn a_large_decision_takes_two_people(backend) {
        clear_of_midnight();
        let world = World::start_with(backend, &["--four-eyes-above", "50000"]);
        let desk = Desk::of(&world);
        recorded(&desk);
        let (one, two) = (desk.bank(), desk.second());
        let twice = desk.open_one("duplicate_in_bank");
        let proposed = Desk::decide(&one, &twice, "duplicate_confirmed").expect(202);
        assert_eq!(text(&proposed, "state"), "proposed");
        assert_eq!(desk.balance("suspense:bri"), 0);
        assert_eq!(
            Desk::decide(&one, &twice, "duplicate_confirmed").problem(409),
            "second_person_required"
        );
        // Whoever sees it otherwise makes another proposal.
        Desk::decide(&two, &twice, "suspense").expect(202);
        Desk::decide(&one, &twice, "duplicate_confirmed").expect(202);
        let done = Desk::decide(&two, &twice, "duplicate_confirmed").expect(200);
        assert_eq!(text(&done, "state"), "resolved");
        assert_eq!(desk.balance("suspense:bri"), -110_000);
        // A small one takes one.
        let stranger = desk.open_one("bank_only");
        Desk::decide(&one, &stranger, "suspense").expect(200);
        world.verify();
    }

    fn a_day_is_signed_off_by_another_and_reopened_with_a_reason(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let (day, _file) = recorded(&desk);
        let (one, two) = (desk.bank(), desk.second());
        let path = format!("/v1/reconciliations/{}", text(&day, "id"));
        let sign = |clerk: &ewarong_tests::client::Bank| {
            clerk.api.post(&format!("{path}/sign-off"), &json!({}))
        };
        assert_eq!(sign(&one).problem(409), "second_person_required");
        assert_eq!(sign(&two).problem(409), "exceptions_open");
        for (status, resolution) in [("duplicate_in_bank", "duplicate_confirmed"), ("bank_only", "claim")] {
            Desk::decide(&one, &desk.open_one(status), resolution).expect(200);
        }
        assert_eq!(text(&sign(&two).expect(200), "status"), "signed_off");
        assert_eq!(sign(&two).problem(409), "signed_off");
        assert!(desk.stages().iter().all(|(_, stage)| stage == "signed_off"), "{:?}", desk.stages());
        let late = bank_file(415_000, "BUNGA +100", None);
        assert_eq!(desk.record(&[("late.csv", &late)]).problem(409), "signed_off");
        let reopen = |reason: &str| {
            two.api.post(&format!("{path}/reopenings"), &json!({"reason": reason}))
        };
        assert_eq!(reopen("").problem(422), "request_invalid");
        assert_eq!(text(&reopen("berkas susulan").expect(200), "status"), "recorded");
        assert_eq!(reopen("berkas susulan").problem(409), "signed_off");
        let again = desk.record(&[("late.csv", &late)]).expect(201);
        assert_eq!(number(&again, "revision"), 4, "recorded, signed, reopened, recorded");
        assert_eq!(world.bank("bni").api.get(&path).problem(404), "not_found");
        world.verify();
    }

    fn notes_owners_and_bulk_decisions(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        recorded(&desk);
        let clerk = desk.bank();
        let one = desk.open_one("bank_only");
        let path = format!("/v1/exceptions/{}/notes", text(&one, "id"));
        let body = json!({"note": "ditanyakan ke cabang", "owner": "meja 3"});
        let noted = clerk.api.post(&path, &body).expect(201);
        assert_eq!((text(&noted, "owner"), text(&noted["history"][1], "event")), ("meja 3", "note"));
        assert_eq!(world.auditor().api.post(&path, &body).problem(403), "role_not_allowed");
        assert_eq!(world.bank("bni").api.post(&path, &body).problem(404), "not_found");
        let ids: Vec<String> = desk.open().iter().map(|one| text(one, "id").to_owned()).collect();
        let mut all = ids.clone();
        all.push("exc_aaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned());
        let body = json!({"ids": all, "resolution": "claim", "reason": "diklaim ke bank"});
        let done = clerk.api.post("/v1/exceptions/resolutions", &body).expect(200);
        let states: Vec<&Value> =
            done["data"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
        assert_eq!(states, [&json!("resolved"), &json!("resolved"), &Value::Null]);
        assert_eq!(done["data"][2]["code"], "not_found");
        assert!(desk.open().is_empty());
        assert_eq!(listed(&clerk.api, "/v1/exceptions?state=all").len(), ids.len());
        assert_eq!(desk.balance("suspense:bri"), -240_000, "what the bank moved and is asked for");
        world.verify();
    }
}
