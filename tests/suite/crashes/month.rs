//! The monthly run is interrupted, and completes.

use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ewarong_tests::client::eggs;
use ewarong_tests::demo::Card;
use ewarong_tests::process::{command, stdout_of, wait_until};
use ewarong_tests::seed::{PATIENCE, finished_run};
use ewarong_tests::{Answer, Cluster, Merchant, Programme, on_both_backends};
use serde_json::{Value, json};

use super::town::Town;
use crate::chance::{Chance, seed};
use crate::folder::{BANKS, MONTHLY};
use crate::till::buy;

/// Several steps of a run, and on `PostgreSQL` more than one session's part of it.
const FAMILIES: usize = 20_000;

/// How often a run is killed at least, in its middle.
const KILLS: usize = 4;

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

/// The same with one card after the other, from all over the town; gives whose they were.
fn shop_around(
    till: &Merchant,
    cards: &[Card],
    first: usize,
    goes_on: impl Fn() -> bool,
) -> Vec<usize> {
    // Prime to the number of families, and so large that each visit is in another chunk.
    let visits = (0..).map(|nth| (first * 997 + nth * 4_001) % cards.len());
    let visits = visits.take_while(|_| goes_on());
    visits.inspect(|card| drop(buy(till, &cards[*card], &[eggs("1", 100)]).expect(201))).collect()
}

/// What all families hold.
fn wallets(office: &Programme) -> i64 {
    let totals = office.trial_balance().expect(200);
    BANKS.iter().map(|bank| account(&totals, &format!("wallets:{bank}"))).sum()
}

/// `pos-api credit`, started.
fn credit_command(town: &Town, period: &str) -> Child {
    let mut credit = command("pos-api");
    credit.args(town.command(&["credit", "--period", period]));
    credit.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn is_over(command: &mut Child) -> bool {
    command.try_wait().unwrap().is_some()
}

/// Runs a month twice at once and kills one of them, or both, at any moment, until it is done; gives how
/// often it was in the middle of it.
fn killed_until_done(town: &Town, period: &str, whole: Duration, chance: &mut Chance) -> usize {
    let office = town.office();
    let before = wallets(&office);
    let all = i64::try_from(FAMILIES).unwrap() * MONTHLY;
    let mut middle = 0;
    for round in 0.. {
        assert!(round < 50, "the month does not end");
        let mut first = credit_command(town, period);
        let mut second = credit_command(town, period);
        // Mostly when its first families are seen to be paid, which is in its middle however fast the
        // machine is; sometimes at any time.
        if chance.below(4) > 0 {
            let so_far = wallets(&office);
            wait_until(PATIENCE, || wallets(&office) > so_far || is_over(&mut first));
        } else {
            let hundredths = u32::try_from(20 + chance.below(80)).unwrap();
            thread::sleep(whole * hundredths / 100);
        }
        first.kill().unwrap();
        first.wait().unwrap();
        if chance.below(4) > 0 {
            second.kill().unwrap();
        }
        second.wait().unwrap();
        let credited = wallets(&office) - before;
        assert!(credited <= all, "{credited} rupiah where {all} were due");
        if credited == all {
            break;
        }
        middle += usize::from(credited > 0);
    }
    middle
}

/// `pos-api credit` beside the server, killed once the first families have their money, while one of
/// them buys; gives how much it bought.
fn killed_command(town: &Town, period: &str, till: &Merchant, card: &Card) -> i64 {
    let office = town.office();
    let before = wallets(&office);
    let mut child = credit_command(town, period);
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

on_both_backends! {
    /// Two commands share each month, and one or both are killed, until all families have their money:
    /// once, each month.
    fn months_killed_at_any_moment_credit_everyone_once(backend) {
        let mut chance = Chance::of(seed());
        let town = Town::start(backend, FAMILIES);
        town.fund("a year", 12);
        let till = town.till_at(&town.server, "T-1");
        let started = Instant::now();
        stdout_of(&town.run(&["credit", "--period", "2018-01"]));
        let whole = started.elapsed();
        let (mut middle, mut months) = (0, 1);
        for month in 2..=12 {
            if middle >= KILLS {
                break;
            }
            let period = format!("2018-{month:02}");
            middle += killed_until_done(&town, &period, whole, &mut chance);
            months += 1;
            stdout_of(&town.run(&["credit", "--period", &period]));
        }
        assert!(middle >= KILLS, "killed in the middle {middle} times only, of {months} months");
        assert_balances(&town, &till, months * MONTHLY);
        town.verify();
    }
}

on_both_backends! {
    /// Two commands share a month, each with as many sessions as it has, while families all over the town
    /// buy: all of them are paid once, and nothing that was bought is lost.
    fn a_shared_month_pays_everyone_once_while_they_buy(backend) {
        let town = Town::start(backend, FAMILIES).credited();
        town.fund("the second month", 1);
        let tills = town.tills();
        let over = AtomicBool::new(false);
        let visits = thread::scope(|scope| {
            let goes_on = || !over.load(Ordering::Acquire);
            let rounds = tills.iter().enumerate().map(|(first, till)| {
                let cards = &town.cards;
                scope.spawn(move || shop_around(till, cards, first, goes_on))
            });
            let rounds = rounds.collect::<Vec<_>>();
            let commands = [(); 2].map(|()| credit_command(&town, "2018-10"));
            let done = commands.map(|mut command| command.wait().unwrap());
            over.store(true, Ordering::Release);
            assert!(done.iter().all(ExitStatus::success), "{done:?}");
            rounds.into_iter().flat_map(|round| round.join().unwrap()).collect::<Vec<_>>()
        });
        let families = i64::try_from(FAMILIES).unwrap();
        let spent = 100 * i64::try_from(visits.len()).unwrap();
        assert_eq!(wallets(&town.office()), 2 * MONTHLY * families - spent);
        for visitor in visits.iter().step_by(visits.len().div_ceil(40)) {
            let times = visits.iter().filter(|other| *other == visitor).count();
            let left = 2 * MONTHLY - 100 * i64::try_from(times).unwrap();
            assert_eq!(Town::balance(&tills[0], &town.cards[*visitor]), left, "card {visitor}");
        }
        assert_eq!(credited(&finished_run(&town.office(), "2018-10")), 0);
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

/// As another node's clock may have it: its families are locked first, and paid by later ids.
#[test]
fn a_family_that_is_ahead_of_the_clock_is_paid_after_what_it_has() {
    let cluster = Cluster::start();
    let url = cluster.create_database();
    let town = Town::start_in(url.clone(), 200).credited();
    town.fund("another month", 1);
    let sql = |text: &str| cluster.sql(Cluster::name_of(&url), text);
    sql("UPDATE wallets SET last_id = last_id + (4000::bigint << 22) WHERE id % 50 = 0");
    let ahead = sql("SELECT MAX(last_id) FROM wallets");
    let run = finished_run(&town.office(), "2018-10");
    assert_all_credited(&town, &run);
    let later = "SELECT COUNT(*) FROM wallets w JOIN credits c ON c.wallet_id = w.id
        WHERE c.period = 201810 AND w.last_id >= c.transfer_id AND c.transfer_id > ";
    assert_eq!(sql(&format!("{later}{ahead}")), "200");
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
