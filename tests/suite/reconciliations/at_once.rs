//! Several clerks at the same differences at once: nobody's decision or note is lost, and nothing is
//! left in a state that nothing gets out of.

use std::collections::BTreeSet;
use std::thread;

use ewarong_tests::World;
use ewarong_tests::on_both_backends;
use ewarong_tests::seed::clear_of_midnight;
use serde_json::{Value, json};

use super::desk::{Desk, bank_file};
use crate::till::{listed, text};

const ROUNDS: usize = 25;

on_both_backends! {
    /// One decides, one decides otherwise, one writes notes, and one records more files, all at once.
    fn nobodys_decision_is_lost(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        desk.worked_day();
        let (one, two) = (desk.bank(), desk.second());
        let mut opening = 0;
        let (mut notes, mut decided) = (0, Vec::new());
        for round in 0..ROUNDS {
            let rows = format!("SETOR TUNAI {round} +1000");
            desk.record(&[(&format!("{round}a.csv"), &bank_file(opening, &rows, None))]).expect(201);
            opening += 1_000;
            let found = desk.open_one("bank_only");
            let path = format!("/v1/exceptions/{}/notes", text(&found, "id"));
            let more = bank_file(opening, &format!("BUNGA {round} +10"), None);
            opening += 10;
            let name = format!("{round}b.csv");
            let (first, second, note, recorded) = thread::scope(|scope| {
                let first = scope.spawn(|| Desk::decide(&one, &found, "suspense"));
                let second = scope.spawn(|| Desk::decide(&two, &found, "claim"));
                let note = scope.spawn(|| two.api.post(&path, &json!({"note": "ditanyakan"})));
                let recorded = scope.spawn(|| desk.record(&[(&name, &more)]));
                let done = |answer: thread::ScopedJoinHandle<'_, ewarong_tests::Answer>| {
                    answer.join().unwrap()
                };
                (done(first), done(second), done(note), done(recorded))
            });
            let mut statuses = [first.status, second.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", first.text(), second.text());
            let lost = if first.status == 409 { &first } else { &second };
            assert_eq!(lost.problem(409), "exception_closed");
            note.expect(201);
            notes += 1;
            if recorded.status == 503 {
                // It was in the others' way: nothing was done, and it is sent again.
                desk.record(&[(&name, &more)]).expect(201);
            } else {
                recorded.expect(201);
            }
            let winner = if first.status == 200 { "suspense" } else { "claim" };
            decided.push((text(&found, "id").to_owned(), winner));
        }
        // Either decision parks what the bank moved, and only the winner's does.
        assert_eq!(desk.balance("suspense:bri"), -1_000 * i64::try_from(decided.len()).unwrap());
        let mut told = 0;
        for (id, winner) in &decided {
            let shown = one.api.get(&format!("/v1/exceptions/{id}")).expect(200);
            assert_eq!((text(&shown, "state"), text(&shown, "resolution")), ("resolved", *winner));
            let history = shown["history"].as_array().unwrap();
            let events: Vec<&str> = history.iter().map(|event| text(event, "event")).collect();
            told += events.iter().filter(|event| **event == "note").count();
            assert_eq!(events.iter().filter(|event| **event == "resolved").count(), 1, "{events:?}");
        }
        assert_eq!(told, notes);
        world.verify();
    }

    /// A row that says less than its events, as a lost write left it, takes the next one all the same.
    fn a_row_that_does_not_fit_its_events_is_worked_on(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        desk.worked_day();
        desk.record(&[("a.csv", &bank_file(0, "SETOR TUNAI +1000", None))]).expect(201);
        let found = desk.open_one("bank_only");
        let path = format!("/v1/exceptions/{}", text(&found, "id"));
        let clerk = desk.bank();
        let note = json!({"note": "ditanyakan"});
        clerk.api.post(&format!("{path}/notes"), &note).expect(201);
        world.sql("UPDATE exceptions SET events = 1");
        clerk.api.post(&format!("{path}/notes"), &note).expect(201);
        world.sql("UPDATE exceptions SET events = 1");
        Desk::decide(&clerk, &found, "suspense").expect(200);
        world.sql("UPDATE exceptions SET events = 1");
        // The same row once more, beside another: the difference changes.
        let again = "SETOR TUNAI +1000\nRC SETOR TUNAI -1000";
        desk.record(&[("b.csv", &bank_file(0, again, None))]).expect(201);
        let shown = clerk.api.get(&path).expect(200);
        let numbers: BTreeSet<String> =
            shown["history"].as_array().unwrap().iter().map(Value::to_string).collect();
        assert!(numbers.len() >= 5, "{shown}");
        assert_eq!(desk.balance("suspense:bri"), 0, "what was parked was taken back");
        assert!(listed(&clerk.api, "/v1/exceptions").is_empty());
        world.verify();
    }
}
