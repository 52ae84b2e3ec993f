//! A run that should not have been: its credits go back as far as they are unspent, and may be given again.

use ewarong_tests::client::{Programme, eggs};
use ewarong_tests::demo::Card;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::folder::MONTHLY;
use ewarong_tests::seed::{PATIENCE, finished_run};
use ewarong_tests::{World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{buy, number, text};

/// Waits until what stands at a path is no longer under way.
pub(super) fn completed(programme: &Programme, path: &str) -> Value {
    let mut found = Value::Null;
    let done = wait_until(PATIENCE, || {
        found = programme.api.get(path).expect(200);
        let stands = found["data"].get(0).unwrap_or(&found);
        stands["status"] != "running"
    });
    assert!(done, "it does not end: {found}");
    found
}

/// Credits a month: the run.
pub(super) fn credited(programme: &Programme, period: &str) -> Value {
    let run = finished_run(programme, period);
    assert_eq!(text(&run, "status"), "completed", "{run}");
    run
}

/// A bank's part of a run or a reversal.
fn part<'a>(of: &'a Value, bank: &str) -> &'a Value {
    let mut parts = of["banks"].as_array().unwrap().iter();
    parts.find(|part| part["bank"] == bank).unwrap_or_else(|| panic!("no {bank}: {of}"))
}

/// Both clients want it: families of whom something was taken back, how much, how much was spent.
fn reversed(world: &World, run: &Value, bank: &str) -> (i64, i64, i64) {
    let (programme, second) = (world.programme(), world.second_programme());
    let id = text(run, "id");
    let proposed = programme.reverse_run(id, "the wrong month").expect(202);
    assert_eq!(
        (text(&proposed, "state"), text(&proposed, "act")),
        ("proposed", "credit_run_reversal")
    );
    assert_eq!(programme.reverse_run(id, "the wrong month").expect(202), proposed);
    let begun = second.reverse_run(id, "it is").expect(202);
    assert_eq!(
        (text(&begun, "reason"), text(&begun, "agreed_by")),
        ("the wrong month", "programme-second")
    );
    let list = completed(&programme, &format!("/v1/credit-runs/{id}/reversals"));
    let newest = &list["data"][0];
    assert_eq!(newest["id"], begun["id"]);
    let part = part(newest, bank);
    (number(part, "families"), number(part, "amount"), number(part, "spent"))
}

fn spend(world: &World, card: &Card, amount: i64) {
    let till = world.till("JBI-1");
    buy(&till, card, &[eggs(&(amount / 2_000).to_string(), 2_000)]).expect(201);
}

on_both_backends! {
    /// One family bought nothing, one so much that part of the credit is gone, one all it had.
    fn a_reversed_run_takes_back_what_is_unspent_and_the_rest_is_given_again(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        let families = world.families_of("bri");
        programme.fund("-", "bri", families * MONTHLY, "OCT").expect(201);
        let run = credited(&programme, "2018-10");
        let [saves, spends, empties] = [(); 3].map(|()| world.fresh_card("bri"));
        spend(&world, &spends, 150_000);
        spend(&world, &empties, 220_000);
        let before = programme.trial_balance().expect(200);

        let back = reversed(&world, &run, "bri");
        // Of 70,000 that are left all go back; of nothing nothing.
        let spent = 40_000 + MONTHLY;
        assert_eq!(back, (families - 1, families * MONTHLY - spent, spent));
        let balances = |cards: [&Card; 3]| cards.map(|card| world.balance(card));
        assert_eq!(balances([&saves, &spends, &empties]), [MONTHLY, 0, 0]);
        let after = programme.trial_balance().expect(200);
        assert_eq!(after["debit"], after["credit"]);
        assert_eq!(number(&after, "debit") - number(&before, "debit"), back.1);
        world.verify();

        // Nobody gets more than the month's amount: what was spent of it counts.
        let again = credited(&programme, "2018-10");
        let share = part(&again, "bri");
        assert_eq!(number(share, "needed"), back.1);
        assert_eq!((number(share, "credited"), number(share, "amount")), (families - 1, back.1));
        assert_eq!(balances([&saves, &spends, &empties]), [2 * MONTHLY, 70_000, 0]);
        let nothing = credited(&programme, "2018-10");
        assert_eq!(number(part(&nothing, "bri"), "needed"), 0);
        world.verify();

        // The second round goes back, too, and comes again.
        assert_eq!(reversed(&world, &again, "bri"), (families - 1, back.1, 0));
        let third = credited(&programme, "2018-10");
        assert_eq!(number(part(&third, "bri"), "amount"), back.1);
        assert_eq!(balances([&saves, &spends, &empties]), [2 * MONTHLY, 70_000, 0]);
        world.verify();
    }

    /// What a family has spent is its oldest money: a month that was credited later is left alone, whatever was
    /// spent before it came.
    fn a_later_months_credit_stays_with_its_family(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        let families = world.families_of("bri");
        programme.fund("-", "bri", 2 * families * MONTHLY, "OCT-NOV").expect(201);
        let [saves, spends, empties] = [(); 3].map(|()| world.fresh_card("bri"));
        let wrong = credited(&programme, "2018-10");
        spend(&world, &spends, 150_000);
        spend(&world, &empties, 220_000);
        credited(&programme, "2018-11");
        let spent = 40_000 + MONTHLY;
        assert_eq!(
            reversed(&world, &wrong, "bri"),
            (families - 1, families * MONTHLY - spent, spent)
        );
        let balances = [&saves, &spends, &empties].map(|card| world.balance(card));
        assert_eq!(balances, [2 * MONTHLY, MONTHLY, MONTHLY], "November is hers");
        world.verify();
    }

    /// Whoever asks again, because the answer was lost or to see what came of it, gets the reversal that there
    /// is: what a family had spent by then is never taken from a later month.
    fn a_run_is_reversed_once_however_often_it_is_asked_for(backend) {
        let world = World::start(backend);
        let (programme, second) = (world.programme(), world.second_programme());
        programme.fund("-", "bri", 2 * world.families_of("bri") * MONTHLY, "OCT").expect(201);
        let run = credited(&programme, "2018-10");
        let family = world.fresh_card("bri");
        spend(&world, &family, 150_000);
        let first = reversed(&world, &run, "bri");
        assert_eq!(world.balance(&family), 0);
        credited(&programme, "2018-11");
        let id = text(&run, "id");
        let list = || programme.api.get(&format!("/v1/credit-runs/{id}/reversals")).expect(200);
        let was = list();
        for client in [&second, &programme, &second] {
            let again = client.reverse_run(id, "once more").expect(202);
            assert_eq!(again, was["data"][0], "{first:?}");
        }
        assert_eq!(list(), was);
        let waiting = programme.api.get("/v1/proposals?state=proposed").expect(200);
        assert_eq!(waiting["data"], json!([]));
        assert_eq!(world.balance(&family), MONTHLY);
        // It is found by the list, as is a run that was begun beside the service.
        let auditor = world.auditor().api;
        let listed = auditor.get("/v1/credit-runs").expect(200);
        let found = listed["data"].as_array().unwrap().iter().find(|one| one["id"] == id);
        assert_eq!(found, Some(&auditor.get(&format!("/v1/credit-runs/{id}")).expect(200)));
        world.verify();
    }

    /// A bank that holds less than its families need again is refused as a whole, as ever.
    fn what_was_taken_back_may_go_back_to_the_treasury(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        let need = world.families_of("btn") * MONTHLY;
        let funded = programme.fund("-", "btn", need, "OCT").expect(201);
        let run = credited(&programme, "2018-10");
        let id = text(&funded, "id");
        assert_eq!(programme.send_back("k", id, need, "wrong").problem(409), "not_returnable");
        assert_eq!(reversed(&world, &run, "btn").1, need);
        programme.send_back("k", id, need, "wrong").expect(201);
        let refused = finished_run(&programme, "2018-10");
        assert_eq!(text(part(&refused, "btn"), "status"), "refused_funds");
        assert_eq!(world.balance(&world.fresh_card("btn")), MONTHLY);
        world.verify();
    }

    fn only_a_run_that_is_there_is_reversed_and_only_by_the_programme(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        assert_eq!(programme.reverse_run("run_x", "none").problem(404), "not_found");
        let run = credited(&programme, "2018-09");
        assert_eq!(programme.reverse_run(text(&run, "id"), " ").status, 422);
        let path = format!("/v1/credit-runs/{}/reversals", text(&run, "id"));
        assert_eq!(world.auditor().api.get(&path).expect(200)["data"], serde_json::json!([]));
        assert_eq!(world.bank("bri").api.get(&path).status, 403);
        let body = serde_json::json!({"reason": "by an auditor"});
        assert_eq!(world.auditor().api.post(&path, &body).status, 403);
    }
}
