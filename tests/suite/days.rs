//! A bank's day: what belongs to it, when it may be closed, and what keeps it open.

mod ahead;
mod holders;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use ewarong_tests::process::wait_until;
use ewarong_tests::seed::{PATIENCE, clear_of_midnight, today};
use ewarong_tests::{Backend, World, on_both_backends};
use ledger::domain::calendar::Date;
use serde_json::{Value, json};

use crate::shop::Shop;
use crate::till::{buy, fresh_key, goods, listed, number, text};

/// So many purchases of 10,000 rupiah at a till; their business dates.
fn sell(world: &World, terminal: &str, count: usize) -> Vec<String> {
    let sold = (0..count).map(|_| {
        let card = world.fresh_card("bri");
        let body = buy(&world.till(terminal), &card, &goods("eggs 10 piece 1000")).expect(201);
        text(&body, "business_date").to_owned()
    });
    sold.collect()
}

/// Waits until so many more transfers have their place in the log than `before`.
fn wait_for_log(world: &World, before: u64, more: u64) {
    assert!(wait_until(PATIENCE, || log_size(world) >= before + more), "nothing is sealed");
}

/// The figure of this name.
pub(crate) fn figure(world: &World, name: &str) -> u64 {
    let text = world.bank("bri").api.get("/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no `{name}` in\n{text}")).parse().unwrap()
}

fn log_size(world: &World) -> u64 {
    figure(world, "ewarong_log_size")
}

/// The marked days that a bank or a shop sees.
fn days(api: &ewarong_tests::client::ApiClient, query: &str) -> Vec<Value> {
    let body = api.get(&format!("/v1/settlements{query}")).expect(200);
    body["days"].as_array().unwrap().clone()
}

fn closed(world: &World, bank: &str, day: Date) -> bool {
    let days = days(&world.bank(bank).api, &format!("?business_date={day}"));
    days.iter().any(|one| one["state"] == "closed")
}

/// Marks a day of the bank by the database, as if it had begun.
fn mark(world: &World, bank: &str, day: Date) {
    let (number, next) = (day.as_number(), day.next().as_number());
    world.sql(&format!(
        "UPDATE banks SET open_business_date = {next} WHERE code = '{bank}';
         INSERT INTO business_days (bank_id, business_date, status, marked_at, marked_by)
         SELECT b.id, {number}, 1, 1, c.id FROM banks b JOIN clients c ON c.bank_id = b.id
         WHERE b.code = '{bank}';"
    ));
}

fn daily(world: &World, bank: &str, day: Date) -> Value {
    let path = format!("/v1/daily-reconciliations?bank={bank}&business_date={day}");
    let body = world.bank(bank).api.get(&path).expect(200);
    let checks = body["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == "terminals").unwrap().clone()
}

on_both_backends! {
    /// Before an early close, after it, and at the moment of it: each purchase has a retrieval reference of
    /// its own, whichever of the two days it is dated to.
    fn an_early_close_leaves_every_retrieval_reference_its_own(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let card = world.fresh_card("bri");
        let sold = Mutex::new(BTreeMap::new());
        let sell = |count: usize| {
            for _ in 0..count {
                let sale = buy(&world.till("JBI-1"), &card, &goods("eggs 1 piece 100")).expect(201);
                let date = text(&sale, "business_date").to_owned();
                let before = sold.lock().unwrap().insert(text(&sale, "rrn").to_owned(), date);
                assert_eq!(before, None, "one number for two: {sale}");
            }
        };
        sell(20);
        std::thread::scope(|scope| {
            scope.spawn(|| sell(60));
            world.bank("bri").close_early(&today().to_string()).expect(202);
        });
        sell(20);
        let sold = sold.into_inner().unwrap();
        let dates: BTreeSet<&String> = sold.values().collect();
        assert_eq!((sold.len(), dates.len()), (100, 2), "{sold:?}");
        world.verify();
    }

    /// A day's purchases are those that say so, however far their date is from when they were made.
    fn what_is_dated_days_ahead_is_settled_on_its_day(backend) {
        let world = World::start(backend);
        let day = today().plus_days(5);
        let open = day.as_number();
        world.sql(&format!("UPDATE banks SET open_business_date = {open} WHERE code = 'bri'"));
        let before = log_size(&world);
        let dates = [sell(&world, "JBI-1", 4), sell(&world, "JKT-1", 1), sell(&world, "JKT-2", 1)];
        assert!(dates.iter().flatten().all(|date| *date == day.to_string()), "{dates:?}");
        let till = world.till("JBI-1");
        let wrong = buy(&till, &world.fresh_card("bni"), &goods("eggs 10 piece 700")).expect(201);
        till.reverse(&fresh_key(), text(&wrong, "id"), "salah").expect(201);
        let path = format!("/v1/settlements?business_date={day}");
        let own = listed(&till.api, &path);
        assert_eq!((number(&own[0], "gross"), number(&own[0], "reversed")), (47_000, 7_000));
        wait_for_log(&world, before, 8);
        assert_eq!(listed(&till.api, &path), own, "sealed or not");

        mark(&world, "bri", day);
        assert!(wait_until(PATIENCE, || closed(&world, "bri", day)), "{}", world.server.log());
        let settled = listed(&world.bank("bri").api, &path);
        let sums = |one: &Value| (number(one, "redemptions"), number(one, "net"));
        assert_eq!(settled.iter().map(sums).collect::<Vec<_>>(), [(2, 20_000), (5, 40_000)]);
        let items = |one: &Value| {
            let path = format!("/v1/settlements/{}/items", text(one, "id"));
            listed(&world.bank("bri").api, &path).iter().map(|item| number(item, "amount")).sum()
        };
        assert_eq!(settled.iter().map(items).collect::<Vec<i64>>(), [20_000, 40_000]);
        let check = daily(&world, "bri", day);
        assert_eq!((text(&check, "state"), text(&check, "found")), ("holds", "67000"));
        world.verify();
    }

    /// The daily check does not go where the close went.
    fn a_close_that_missed_a_purchase_is_noticed_on_the_same_day(backend) {
        clear_of_midnight();
        let (world, day) = (World::start(backend), today());
        let before = log_size(&world);
        sell(&world, "JBI-1", 1);
        wait_for_log(&world, before, 1);
        sell(&world, "JBI-1", 2);
        wait_for_log(&world, before, 3);
        // As if the sealer had not seen that the day went on.
        world.sql("UPDATE day_spans SET last_place = first_place");
        world.bank("bri").close_early(&day.to_string()).expect(202);
        assert!(wait_until(PATIENCE, || closed(&world, "bri", day)), "{}", world.server.log());
        let settled = listed(&world.bank("bri").api, &format!("/v1/settlements?business_date={day}"));
        assert_eq!(number(&settled[0], "gross"), 10_000, "the close missed two");
        let check = daily(&world, "bri", day);
        let sides = (text(&check, "state"), text(&check, "expected"), text(&check, "found"));
        assert_eq!(sides, ("differs", "30000", "10000"), "{check}");
    }

    /// One bank's failure affects it alone, is reported, and is not retried without end.
    fn what_keeps_one_banks_day_open_keeps_no_other_banks(backend) {
        clear_of_midnight();
        let (world, day) = (World::start(backend), today());
        sell(&world, "KPG-1", 1);
        sell(&world, "JBI-1", 1);
        world.sql("UPDATE banks SET clearing_code = '9' WHERE code = 'bni'");
        let bni = world.bank("bni");
        // Past the bank's cut-off what was sold is of the next day already, which has not begun.
        let sold = listed(&world.till("KPG-1").api, &format!("/v1/settlements?business_date={day}"));
        bni.close_early(&day.to_string()).expect(202);
        if number(&sold[0], "net") == 0 {
            mark(&world, "bni", day.next());
        }
        let stuck = || days(&bni.api, "").into_iter().find(|one| one["problem"] != Value::Null);
        assert!(wait_until(PATIENCE, || stuck().is_some()), "{}", world.server.log());
        world.bank("bri").close_early(&day.to_string()).expect(202);
        assert!(wait_until(PATIENCE, || closed(&world, "bri", day)), "{}", world.server.log());

        let one = stuck().unwrap();
        assert_eq!((text(&one, "bank"), text(&one, "state")), ("bni", "closing"));
        assert!(text(&one, "problem").contains("clearing code `9`"), "{one}");
        assert!(number(&one, "tries") <= 8, "each time later: {one}");
        assert_eq!(figure(&world, "ewarong_days_stuck"), 1);
        assert!(world.server.log().contains("a day stays closing"), "{}", world.server.log());
        let told = &days(&world.till("KPG-1").api, "")[0];
        assert_eq!((&told["problem"], number(told, "tries")), (&Value::Null, 0), "no shop's business");
        assert!(days(&world.till("JBI-1").api, "").is_empty(), "another bank's");
        assert!(days(&world.bank("bri").api, "").is_empty(), "another bank's");
        assert_eq!(days(&world.auditor().api, ""), std::slice::from_ref(&one));
        // A later day says what it waits for.
        mark(&world, "bni", day.plus_days(2));
        let behind = &days(&bni.api, "")[1];
        let first = text(&one, "business_date");
        assert_eq!(text(behind, "problem"), format!("the bank's day {first} is still closing"));

        world.sql("UPDATE banks SET clearing_code = '009' WHERE code = 'bni'");
        assert!(wait_until(2 * PATIENCE, || days(&bni.api, "").is_empty()), "{}", world.server.log());
        assert_eq!(figure(&world, "ewarong_days_stuck"), 0);
        world.verify();
    }

    /// A day that is not over is closed by somebody who says so, and why.
    fn a_day_is_closed_before_its_cut_off_with_a_reason_only(backend) {
        clear_of_midnight();
        let (world, day) = (World::start(backend), today().to_string());
        let bank = world.bank("bri");
        let close = |body: Value| bank.api.post("/v1/settlements", &body);
        // `bri` has its cut-off a minute before midnight.
        assert_eq!(close(json!({"business_date": day})).problem(409), "day_not_over");
        let not_early = json!({"business_date": day, "early": false});
        assert_eq!(close(not_early).problem(409), "day_not_over");
        for (early, reason) in [
            (true, Value::Null),
            (true, json!("")),
            (true, json!("   ")),
            (true, json!("a\nb")),
            (true, json!("x".repeat(201))),
            (false, json!("libur")),
        ] {
            let body = json!({"business_date": day, "early": early, "reason": reason});
            assert_eq!(close(body.clone()).problem(422), "request_invalid", "{body}");
        }
        assert!(days(&bank.api, &format!("?business_date={day}")).is_empty(), "nothing was done");
        let clerk = Shop::log_in(&world, "bank-bri");
        let line = ["day", "close", "--date", &day];
        let refused = clerk.run(&line, "");
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert_eq!(clerk.run(&[&line[..], &["--early"]].concat(), "").status.code(), Some(2));
        let early = ["--early", "--reason", "libur besok"];
        let marked = clerk.json(&[&line[..], &early].concat(), "");
        assert_eq!((text(&marked[0], "bank"), text(&marked[0], "business_date")), ("bri", day.as_str()));
        // Marked again, with or without a reason, it answers how it stands, and the first reason stays.
        assert!(wait_until(PATIENCE, || {
            let again = close(json!({"business_date": day})).expect(202);
            again["state"] == "closed"
        }));
        close(json!({"business_date": day, "early": true, "reason": "lain"})).expect(202);
        let shown = days(&bank.api, &format!("?business_date={day}"));
        assert_eq!(shown.len(), 1);
        assert_eq!((text(&shown[0], "early_reason"), text(&shown[0], "state")), ("libur besok", "closed"));
        assert!(!shown[0]["closed_at"].is_null() && shown[0]["problem"].is_null(), "{shown:?}");
        let shop = days(&world.till("JBI-1").api, &format!("?business_date={day}"));
        assert!(shop[0]["early_reason"].is_null(), "{shop:?}");
        // `btn` is past its cut-off all day: its day is over as it begins.
        let btn = world.bank("btn");
        btn.api.post("/v1/settlements", &json!({"business_date": day})).expect(202);
        let shown = days(&btn.api, &format!("?business_date={day}"));
        assert!(shown[0]["early_reason"].is_null(), "{shown:?}");
        world.verify();
    }
}

#[test]
fn a_bank_opens_with_no_day_that_is_still_to_come() {
    use ewarong_tests::process::{run_pos_api, stdout_of};
    let dir = tempfile::tempdir().unwrap();
    let url = Backend::Sqlite.fresh_url(&dir);
    let import = |open: Date| {
        let bank = format!(
            "bank,name,clearing_code,account_number,cutoff,open_business_date\n\
             bri,BRI,002,020601000123303,22:00,{open}\n"
        );
        std::fs::write(dir.path().join("banks.csv"), bank).unwrap();
        let folder = dir.path().display().to_string();
        run_pos_api(dir.path(), ["import", &folder, "--database-url", &url])
    };
    let refused = import(today().plus_days(2));
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("banks.csv:2: open_business_date: later than a purchase"), "{said}");
    stdout_of(&import(today()));
}
