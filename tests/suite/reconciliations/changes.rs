//! Decisions on differences whose facts change: only the change is posted, what is explained is
//! cleared, and the money that moves decides whether one person is enough.

use ewarong_tests::World;
use ewarong_tests::on_both_backends;
use ewarong_tests::seed::{clear_of_midnight, today};
use serde_json::{Value, json};

use super::desk::{Desk, bank_file, bank_file_of};
use crate::till::{number, text};

/// The difference of a key.
fn of_key(desk: &Desk<'_>, key: &str) -> Value {
    let all = crate::till::listed(&desk.bank().api, "/v1/exceptions?state=all");
    let found = all.iter().find(|one| one["key"] == key);
    found.unwrap_or_else(|| panic!("no difference of {key} in {all:?}")).clone()
}

/// Holding and suspense, less what the bank held before.
fn moved(desk: &Desk<'_>, held: i64) -> [i64; 2] {
    [desk.balance("holding:bri") - held, desk.balance("suspense:bri")]
}

on_both_backends! {
    /// 100,000 are parked, then the bank moves 50,000 more: 50,000 are posted. What it moves at last
    /// pays the shop, and suspense is empty.
    fn a_reopened_difference_gets_the_change_alone(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let (held, clerk) = (desk.balance("holding:bri"), desk.bank());
        let first = sold.reference("EW-JAMBI").to_owned();
        desk.record(&[("1.csv", &bank_file(0, &format!("{first} +100000"), None))]).expect(201);
        Desk::decide(&clerk, &of_key(&desk, &first), "suspense").expect(200);
        assert_eq!(moved(&desk, held), [-100_000, -100_000]);
        desk.record(&[("2.csv", &bank_file(100_000, &format!("{first} +50000"), None))]).expect(201);
        let again = of_key(&desk, &first);
        assert_eq!((text(&again, "state"), text(&again, "bank_amount")), ("open", "150000"));
        assert_eq!(moved(&desk, held), [-100_000, -100_000], "a recording decides nothing");
        Desk::decide(&clerk, &again, "suspense").expect(200);
        assert_eq!(moved(&desk, held), [-150_000, -150_000]);
        // The bank takes some of it back.
        let back = bank_file(150_000, &format!("RC {first} -50000"), None);
        desk.record(&[("3.csv", &back)]).expect(201);
        Desk::decide(&clerk, &of_key(&desk, &first), "suspense").expect(200);
        assert_eq!(moved(&desk, held), [-100_000, -100_000]);
        world.verify();
        let rest = bank_file(100_000, &format!("{first} +75000"), None);
        desk.record(&[("4.csv", &rest)]).expect(201);
        assert_eq!(text(&of_key(&desk, &first), "state"), "cleared");
        assert_eq!((moved(&desk, held), desk.payable("EW-JAMBI")), ([-175_000, 0], 45_000));
        world.verify();
    }

    /// Accepted less 10,000; the bank pays the 10,000 with the next day's file.
    fn what_was_accepted_short_is_cleared_when_the_rest_is_paid(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let (held, clerk, next) = (desk.balance("holding:bri"), desk.bank(), today().plus_days(2));
        let [first, second] = [sold.reference("EW-JAMBI"), sold.reference("EW-JAKARTA")];
        let short = format!("{first} +165000\n{second} +100000");
        let day = desk.record(&[("1.csv", &bank_file(0, &short, None))]).expect(201);
        for key in [first, second] {
            Desk::decide(&clerk, &of_key(&desk, key), "accept_bank").expect(200);
        }
        assert_eq!(moved(&desk, held), [-265_000, 20_000]);
        assert_eq!([desk.payable("EW-JAMBI"), desk.payable("EW-JAKARTA")], [45_000, 0]);
        // The same day's file explains the one, the next day's the other.
        let rest = bank_file(265_000, &format!("{first} +10000"), None);
        desk.record(&[("2.csv", &rest)]).expect(201);
        assert_eq!(moved(&desk, held), [-275_000, 10_000]);
        desk.have_closed(next);
        let late = bank_file_of(next, 275_000, &format!("{second} +10000"), None);
        Desk::record_day(&clerk.api, next, &[("3.csv", &late)]).expect(201);
        assert_eq!(moved(&desk, held), [-285_000, 0]);
        for key in [first, second] {
            assert_eq!(text(&of_key(&desk, key), "state"), "cleared");
        }
        assert!(desk.open().is_empty());
        world.verify();
        // The first day's files again, with a row more that has nothing to do with it.
        let more = bank_file(275_000, "BUNGA +7", None);
        desk.record(&[("4.csv", &more)]).expect(201);
        assert_eq!((moved(&desk, held), desk.open().len()), ([-285_000, 0], 0));
        let path = format!("/v1/reconciliations/{}/sign-off", text(&day, "id"));
        desk.second().api.post(&path, &json!({})).expect(200);
        world.verify();
    }

    /// Two days' rows of one settlement are one difference, and pay it together.
    fn parts_in_two_days_files_pay_together(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let (held, clerk, next) = (desk.balance("holding:bri"), desk.bank(), today().plus_days(2));
        let first = sold.reference("EW-JAMBI");
        desk.record(&[("1.csv", &bank_file(0, &format!("{first} +90000"), None))]).expect(201);
        desk.have_closed(next);
        let rest = bank_file_of(next, 90_000, &format!("{first} +85000"), None);
        Desk::record_day(&clerk.api, next, &[("2.csv", &rest)]).expect(201);
        assert_eq!(text(&of_key(&desk, first), "state"), "cleared");
        assert_eq!((moved(&desk, held), desk.payable("EW-JAMBI")), ([-175_000, 0], 45_000));
        // Finished once more, as after a crash behind the recording itself: nothing is posted twice.
        world.sql("UPDATE reconciliations SET state = 1");
        Desk::record_day(&clerk.api, next, &[("2.csv", &rest)]).expect(201);
        assert_eq!(text(&of_key(&desk, first), "state"), "cleared");
        assert_eq!((moved(&desk, held), desk.payable("EW-JAMBI")), ([-175_000, 0], 45_000));
        // A third payment of what is paid is the bank's, on whichever day.
        let more = bank_file(90_000, &format!("{first} +30000"), None);
        desk.record(&[("3.csv", &more)]).expect(201);
        let reopened = of_key(&desk, first);
        assert_eq!((text(&reopened, "state"), text(&reopened, "bank_amount")), ("open", "205000"));
        Desk::decide(&clerk, &reopened, "suspense").expect(200);
        assert_eq!(moved(&desk, held), [-205_000, -30_000]);
        world.verify();
    }

    /// A day whose suspense is not what was decided can't be signed.
    fn a_day_whose_suspense_does_not_add_up_is_not_signed(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let rows = format!(
            "{} +175000\n{} +110000\nSETOR TUNAI +20000",
            sold.reference("EW-JAMBI"), sold.reference("EW-JAKARTA")
        );
        let day = desk.record(&[("1.csv", &bank_file(0, &rows, None))]).expect(201);
        Desk::decide(&desk.bank(), &desk.open_one("bank_only"), "suspense").expect(200);
        let (second, path) = (desk.second(), format!("/v1/reconciliations/{}/sign-off", text(&day, "id")));
        world.sql("UPDATE exceptions SET state = 4");
        assert_eq!(second.api.post(&path, &json!({})).problem(409), "suspense_differs");
        world.sql("UPDATE exceptions SET state = 3");
        second.api.post(&path, &json!({})).expect(200);
        world.verify();
    }

    /// One rupiah is at stake, and all of it would be moved.
    fn the_money_that_a_decision_moves_takes_two_people(backend) {
        clear_of_midnight();
        let world = World::start_with(backend, &["--four-eyes-above", "150000"]);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let first = sold.reference("EW-JAMBI");
        let (one, two) = (desk.bank(), desk.second());
        desk.record(&[("1.csv", &bank_file(0, &format!("{first} +174999"), None))]).expect(201);
        let found = of_key(&desk, first);
        let proposed = Desk::decide(&one, &found, "suspense").expect(202);
        let by = &one.credentials.client_id;
        assert_eq!((text(&proposed, "state"), &proposed["proposed_by"]), ("proposed", &json!(by)));
        let whose = json!({"role": "bank", "bank": "bri", "except": by});
        assert_eq!(proposed["may_agree"], whose);
        assert_eq!(of_key(&desk, first)["may_agree"], whose);
        assert_eq!(Desk::decide(&one, &found, "suspense").problem(409), "second_person_required");
        assert_eq!(desk.balance("suspense:bri"), 0);
        let done = Desk::decide(&two, &found, "suspense").expect(200);
        assert_eq!((&done["proposed_by"], desk.balance("suspense:bri")), (&Value::Null, -174_999));
        // What was moved before counts: a small change after it takes two as well.
        desk.record(&[("2.csv", &bank_file(174_999, &format!("{first} +10"), None))]).expect(201);
        Desk::decide(&two, &of_key(&desk, first), "suspense").expect(202);
        Desk::decide(&one, &of_key(&desk, first), "suspense").expect(200);
        assert_eq!(desk.balance("suspense:bri"), -175_009);
        world.verify();
    }

    /// Many small decisions of one client on one day come to a large one.
    fn a_clients_day_takes_two_people(backend) {
        clear_of_midnight();
        let world = World::start_with(backend, &["--four-eyes-day-above", "50000"]);
        let desk = Desk::of(&world);
        desk.worked_day();
        let rows = "SETOR TUNAI A +20000\nSETOR TUNAI B +20000\nSETOR TUNAI C +20000\nSETOR D +9";
        desk.record(&[("1.csv", &bank_file(0, rows, None))]).expect(201);
        let (one, two, open) = (desk.bank(), desk.second(), desk.open());
        let amounts: Vec<i64> = open.iter().map(|one| text(one, "bank_amount").parse().unwrap()).collect();
        let mut alone = 0;
        for (found, amount) in open.iter().zip(amounts) {
            let within = alone + amount <= 50_000;
            let decided = Desk::decide(&one, found, "suspense").expect(if within { 200 } else { 202 });
            assert_eq!(decided["state"] == "resolved", within);
            alone += if within { amount } else { 0 };
        }
        assert_eq!(desk.open().len(), 1, "one of the large ones waits");
        let waits = desk.open();
        Desk::decide(&two, &waits[0], "suspense").expect(200);
        assert_eq!(desk.balance("suspense:bri"), -60_009);
        assert_eq!(number(&desk.bank().api.get("/v1/reconciliations").expect(200)["data"][0], "open_exceptions"), 0);
        world.verify();
    }
}
