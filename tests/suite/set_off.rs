//! More is taken back on a day than was sold: what the shop then owes is set off against its next
//! settlements, to the rupiah and once.

mod past;

use ewarong_tests::on_both_backends;
use ewarong_tests::seed::clear_of_midnight;
use ledger::domain::calendar::Date;
use serde_json::Value;

use crate::reconciliations::desk::{Desk, bank_file_of};
use crate::shop::Shop;
use crate::till::{listed, number, text};
use past::{Past, Present};

/// Four days of two shops of one bank, whose first purchases are taken back after the cut-off.
/// Families with even numbers have their cards of that bank, the others of another.
fn four_days(past: &mut Past) {
    let dear = past.buy(0, "T-1", 2, 45);
    let only = past.buy(0, "T-3", 4, 25);
    past.take_back_late(0, dear);
    past.take_back_late(0, only);
    past.close(0);
    past.buy(1, "T-1", 2, 10);
    past.close(1);
    past.buy(2, "T-1", 1, 25);
    past.buy(2, "T-3", 3, 25);
    past.close(2);
    past.buy(3, "T-1", 2, 11);
    past.close(3);
}

/// A shop's settlements: stage, net, carried, set off, due.
fn sums(present: &Present, shop: &str) -> Vec<String> {
    let path = format!("/v1/settlements?merchant_id={shop}");
    let sums = |one: &Value| {
        let sums = ["net", "carried", "set_off", "due"].map(|sum| number(one, sum));
        format!("{} {sums:?}", text(one, "stage"))
    };
    listed(&present.bank().api, &path).iter().map(sums).collect()
}

fn reference(present: &Present, shop: &str, day: Date) -> String {
    let path = format!("/v1/settlements?merchant_id={shop}&business_date={day}");
    text(&listed(&present.bank().api, &path)[0], "reference").to_owned()
}

fn balance(present: &Present, account: &str) -> i64 {
    let body = present.auditor().api.get("/v1/trial-balance").expect(200);
    let lines = body["accounts"].as_array().unwrap();
    lines.iter().find(|line| line["account"] == account).map_or(0, |line| number(line, "balance"))
}

/// What the shops are owed.
fn payable(present: &Present) -> [i64; 2] {
    ["T-1", "T-3"].map(|till| balance(present, &format!("payable:EW-{till}")))
}

/// Records a day's file with these rows; the results as `status ledger bank`.
fn record(present: &Present, day: Date, opening: i64, rows: &str) -> Vec<String> {
    let api = present.bank().api;
    let file = bank_file_of(day, opening, rows, None);
    let recorded = Desk::record_day(&api, day, &[("day.csv", &file)]).expect(201);
    let told = |row: &Value| {
        format!("{} {} {}", text(row, "status"), row["ledger_amount"], text(row, "bank_amount"))
    };
    Desk::results_of(&api, text(&recorded, "id")).iter().map(told).collect()
}

/// The state of a day's reconciliation of settlements, with what should be and is paid.
fn daily(present: &Present, day: Date) -> (String, i64, i64) {
    let path = format!("/v1/daily-reconciliations?bank=bri&business_date={day}");
    let body = present.bank().api.get(&path).expect(200);
    let check = body["checks"].as_array().unwrap().iter().find(|one| one["name"] == "settlements");
    let check = check.unwrap();
    let sum = |name: &str| text(check, name).parse().unwrap();
    (text(check, "state").to_owned(), sum("expected"), sum("found"))
}

on_both_backends! {
    /// Day by day: nothing is missing, nothing is paid twice, and the shops are owed what they are owed.
    fn what_a_shop_owes_is_set_off_until_it_is_used_up(backend) {
        clear_of_midnight();
        let mut past = Past::since(backend, 6);
        four_days(&mut past);
        let days = [0, 1, 2, 3].map(|day| past.day(day));
        let present = past.served();
        let first = ["closed [45000, 0, 0, 45000]", "carried [-35000, 0, 0, 0]", "carried [25000, 35000, 25000, 0]"];
        let before = [&first[..], &["closed [11000, 10000, 10000, 1000]"]].concat();
        assert_eq!(sums(&present, "EW-T-1"), before);
        let other = ["closed [25000, 0, 0, 25000]", "carried [-25000, 0, 0, 0]", "closed [25000, 25000, 25000, 0]"];
        assert_eq!(sums(&present, "EW-T-3"), other);
        assert_eq!(listed(&present.till("T-3"), "/v1/settlements").len(), 3, "the shop sees the same");
        assert_eq!(payable(&present), [46_000, 25_000]);
        present.verify();

        let paid = ["EW-T-1", "EW-T-3"].map(|shop| reference(&present, shop, days[0]));
        let rows = format!("{} +45000\n{} +25000", paid[0], paid[1]);
        assert_eq!(record(&present, days[0], 0, &rows), ["matched 45000 45000", "matched 25000 25000"]);
        assert_eq!(payable(&present), [1_000, 0]);
        // A row for a day on which the shop owes something is a difference, and pays no settlement.
        let wrong = format!("{} +5000", reference(&present, "EW-T-1", days[1]));
        assert_eq!(record(&present, days[1], 70_000, &wrong), ["bank_only 0 5000"]);
        let open = listed(&present.bank().api, "/v1/exceptions");
        let clerk = present.bank();
        assert_eq!(Desk::decide(&clerk, &open[0], "accept_bank").problem(409), "resolution_not_applicable");
        Desk::decide(&clerk, &open[0], "suspense").expect(200);
        assert_eq!((balance(&present, "suspense:bri"), payable(&present)), (-5_000, [1_000, 0]));
        assert_eq!(daily(&present, days[1]), ("holds".to_owned(), 0, 0));
        present.verify();

        // All that the second shop sold is set off: it is posted with the day, and moves the issuers' money.
        let held = ["bri", "bni"].map(|bank| balance(&present, &format!("holding:{bank}")));
        assert_eq!(record(&present, days[2], 75_000, "BUNGA +100"), ["out_of_scope 0 100"]);
        assert_eq!(payable(&present), [1_000, 0]);
        assert_eq!(balance(&present, "holding:bri"), held[0] + 25_000);
        assert_eq!(balance(&present, "holding:bni"), held[1] - 25_000);
        let confirmed = ["confirmed [25000, 0, 0, 25000]", "confirmed [-25000, 0, 0, 0]", "confirmed [25000, 25000, 25000, 0]"];
        assert_eq!(sums(&present, "EW-T-3"), confirmed);
        assert_eq!(sums(&present, "EW-T-1")[1..3], first[1..]);
        assert_eq!(daily(&present, days[2]), ("holds".to_owned(), 0, 0));
        present.verify();

        // What is left pays the first shop; the command line expects the same as the server.
        let rows = format!("{} +1000", reference(&present, "EW-T-1", days[3]));
        let clerk = Shop::log_in_at(&present.base_url(), &present.credentials("bri"));
        let file = clerk.write("last.csv", &bank_file_of(days[3], 75_100, &rows, None));
        let day = days[3].to_string();
        let line = ["reconcile", &file, "--bank", "bri", "--date", &day];
        let dry = clerk.run(&[&line[..], &["--dry-run"]].concat(), "");
        assert_eq!(dry.status.code(), Some(0), "{dry:?}");
        assert!(String::from_utf8_lossy(&dry.stderr).contains("`10000` of `11000`"), "{dry:?}");
        assert_eq!(daily(&present, days[3]), ("differs".to_owned(), 1_000, 0));
        let recorded = clerk.run(&line, "");
        assert_eq!((recorded.status.code(), recorded.stdout), (Some(0), dry.stdout));
        assert_eq!(payable(&present), [0, 0]);
        assert!(sums(&present, "EW-T-1").iter().all(|one| one.starts_with("confirmed")));
        assert_eq!(daily(&present, days[3]), ("holds".to_owned(), 1_000, 1_000));
        // All that families bought and kept was paid, by their banks' money, and nothing else.
        assert_eq!(balance(&present, "holding:bri"), 4 * 110_000 - 21_000 - 5_000);
        assert_eq!(balance(&present, "holding:bni"), 4 * 110_000 - 50_000);
        let again = clerk.run(&line, "");
        assert_eq!((again.status.code(), payable(&present)), (Some(0), [0, 0]));
        present.verify();
    }
}
