//! The monthly run is interrupted, and completes.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ewarong_tests::client::eggs;
use ewarong_tests::demo::Card;
use ewarong_tests::process::{command, stdout_of, wait_until};
use ewarong_tests::seed::{PATIENCE, finished_run};
use ewarong_tests::{Answer, Cluster, Merchant, Programme, on_both_backends};
use serde_json::{Value, json};

use super::town::Town;
use crate::folder::{BANKS, MONTHLY};
use crate::till::buy;

/// Several steps of a run.
const FAMILIES: usize = 10_000;

/// Families that were credited so far.
fn credited(run: &Value) -> i64 {
    let banks = run["banks"].as_array().unwrap().iter();
    banks.map(|share| share["credited"].as_i64().unwrap()).sum()
}

fn start(office: &Programme, period: &str) -> Value {
    office.api.post("/v1/credit-runs", &json!({"period": period})).expect(202)
}

/// The run as it stands.
fn read(office: &Programme, run: &Value) -> Value {
    ask(office, run).expect(200)
}

fn ask(office: &Programme, run: &Value) -> Answer {
    office.api.get(&format!("/v1/credit-runs/{}", run["id"].as_str().unwrap()))
}

/// Waits until some families of the run were credited and others not.
fn under_way(office: &Programme, run: &Value) {
    let before = credited(&read(office, run));
    let moved = wait_until(PATIENCE, || credited(&read(office, run)) > before);
    assert!(moved, "the run stands still");
}

/// Waits for the run's end. A database that was away may leave a reader without an answer.
fn completed(office: &Programme, run: &Value) -> Value {
    let mut answer = ask(office, run);
    let done = wait_until(PATIENCE, || {
        answer = ask(office, run);
        answer.status != 503 && answer.expect(200)["status"] == "completed"
    });
    assert!(done, "the run does not end: {}", answer.text());
    answer.json()
}

fn assert_all_credited(town: &Town, run: &Value) {
    for share in run["banks"].as_array().unwrap() {
        let families = town.families_of(share["bank"].as_str().unwrap());
        assert_eq!(share["status"], "completed", "{run}");
        assert_eq!(share["credited"], families, "{run}");
        assert_eq!(share["amount"], families * MONTHLY, "{run}");
    }
}

/// A few families all over the town hold this much.
fn assert_balances(town: &Town, till: &Merchant, balance: i64) {
    for card in town.cards.iter().step_by(FAMILIES / 40).skip(1) {
        assert_eq!(Town::balance(till, card), balance, "{}", card.card_number);
    }
}

/// What the trial balance says of an account.
fn account(totals: &Value, name: &str) -> i64 {
    let lines = totals["accounts"].as_array().unwrap();
    let line = lines.iter().find(|line| line["account"] == name);
    line.unwrap_or_else(|| panic!("no `{name}` in {totals}"))["balance"].as_i64().unwrap()
}

/// Buys one egg after the other until told to stop; gives how many.
fn shop(till: &Merchant, card: &Card, goes_on: impl Fn() -> bool) -> i64 {
    let mut bought = 0;
    while goes_on() {
        buy(till, card, &[eggs("1", 100)]).expect(201);
        bought += 1;
    }
    bought
}

/// What all families hold.
fn wallets(office: &Programme) -> i64 {
    let totals = office.trial_balance().expect(200);
    BANKS.iter().map(|bank| account(&totals, &format!("wallets:{bank}"))).sum()
}

/// `pos-api credit` beside the server, killed once the first families have their money, while one of
/// them buys; gives how much it bought.
fn killed_command(town: &Town, period: &str, till: &Merchant, card: &Card) -> i64 {
    let office = town.office();
    let before = wallets(&office);
    let mut credit = command("pos-api");
    credit.args(town.command(&["credit", "--period", period]));
    let mut child = credit.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let shopping = scope.spawn(|| shop(till, card, || !over.load(Ordering::Acquire)));
        let moved = wait_until(PATIENCE, || wallets(&office) > before);
        child.kill().unwrap();
        child.wait().unwrap();
        over.store(true, Ordering::Release);
        assert!(moved, "the run stands still");
        shopping.join().unwrap()
    })
}

on_both_backends! {
    /// By the server itself when it is started again, or by `pos-api credit`.
    fn an_interrupted_month_completes_and_credits_everyone_once(backend) {
        let mut town = Town::start(backend, FAMILIES);
        town.fund("two months", 2);
        let office = town.office();
        office.api.token();
        let till = town.till_at(&town.server, "T-1");

        // Killed at its very start, then in its middle; the server carries it on.
        let first = start(&office, "2018-09");
        town.server.kill9();
        town.server.restart();
        under_way(&office, &first);
        town.server.kill9();
        town.server.restart();
        assert_all_credited(&town, &completed(&office, &first));
        let log = town.server.log();
        assert!(log.contains("an interrupted credit run is carried on"), "nothing was interrupted");
        assert_balances(&town, &till, MONTHLY);

        // A command dies, then the server; a command brings it to its end. A family buys meanwhile.
        let card = &town.cards[0];
        let spent = 100 * killed_command(&town, "2018-10", &till, card);
        start(&office, "2018-10");
        town.server.kill9();
        stdout_of(&town.run(&["credit", "--period", "2018-10"]));
        town.server.restart();
        assert_balances(&town, &till, 2 * MONTHLY);
        assert_eq!(Town::balance(&till, card), 2 * MONTHLY - spent);
        nothing_is_left_to_do(&town, spent);
        town.verify();
    }
}

/// The server stays up and tries again by itself.
#[test]
fn a_month_goes_on_when_the_database_is_back() {
    let cluster = Cluster::start();
    let town = Town::start_in(cluster.create_database(), FAMILIES);
    town.fund("one month", 1);
    let office = town.office();
    let run = start(&office, "2018-09");
    under_way(&office, &run);
    cluster.stop_immediate();
    cluster.restart();
    let ready = || town.office().api.send("GET", "/readyz", &[], b"").unwrap().status == 200;
    assert!(wait_until(PATIENCE, ready), "not ready again:\n{}", town.server.log());
    assert_all_credited(&town, &completed(&office, &run));
    let log = town.server.log();
    assert!(log.contains("the credit run is tried again"), "nothing was interrupted:\n{log}");
    town.verify();
}

/// The same months again change nothing; nothing is promised that is not needed.
fn nothing_is_left_to_do(town: &Town, spent: i64) {
    let office = town.office();
    let before = office.trial_balance().expect(200);
    assert_eq!(before["debit"], before["credit"]);
    let mut given = 0;
    for bank in BANKS {
        let funded = 2 * MONTHLY * town.families_of(bank);
        assert_eq!(account(&before, &format!("holding:{bank}")), funded);
        assert_eq!(account(&before, &format!("unallocated:{bank}")), 0);
        given += funded;
    }
    for period in ["2018-09", "2018-10"] {
        assert_eq!(credited(&finished_run(&office, period)), 0, "{period}");
        stdout_of(&town.run(&["credit", "--period", period]));
    }
    let after = office.trial_balance().expect(200);
    assert_eq!(after["accounts"], before["accounts"]);
    // What was promised is free again: a third month is refused for want of all of it.
    let third = finished_run(&office, "2018-11");
    for share in third["banks"].as_array().unwrap() {
        assert_eq!((&share["status"], &share["available"]), (&json!("refused_funds"), &json!(0)));
    }
    assert_eq!(wallets(&office), given - spent);
}
