//! Files of many megabytes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ewarong_tests::World;
use ewarong_tests::on_both_backends;
use ewarong_tests::seed::clear_of_midnight;
use serde_json::json;

use super::desk::{Desk, bank_file};
use crate::till::{listed, number, text};

const MIB: usize = 1024 * 1024;

/// Rows that concern nobody, of so many bytes in all.
fn interest(bytes: usize) -> String {
    let long = "A".repeat(8_000);
    let mut rows = String::new();
    for number in 0.. {
        if rows.len() > bytes {
            break;
        }
        writeln!(rows, "BUNGA {number} {long} +1").unwrap();
    }
    rows
}

/// How many outcomes a reconciliation has, by pages.
fn count(desk: &Desk<'_>, id: &str) -> i64 {
    let api = desk.bank().api;
    let (mut seen, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let path = format!("/v1/reconciliations/{id}/results?limit=1000{cursor}");
        let page = api.get(&path).expect(200);
        for one in page["data"].as_array().unwrap() {
            assert!(seen.insert(text(one, "key").to_owned()), "{one} comes twice");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return i64::try_from(seen.len()).unwrap(),
        }
    }
}

on_both_backends! {
    /// More than a part, more than a page of outcomes: kept byte for byte, posted, and gone on from.
    fn a_file_of_many_megabytes_is_recorded(backend) {
        clear_of_midnight();
        let world = World::start_with(backend, &["--max-bank-files", "24"]);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let large = interest(17 * MIB);
        let of_nobody = i64::try_from(large.lines().count()).unwrap();
        let rows = format!("{large}{} +175000", sold.reference("EW-JAMBI"));
        let file = bank_file(0, &rows, None);
        assert!(file.len() > 17 * MIB);
        assert_eq!(Desk::record_as(&world.till("JBI-1").api, &[("large.csv", &file)]).problem(413), "payload_too_large");
        let recorded = desk.record(&[("large.csv", &file)]).expect(201);
        let totals = recorded["summary"]["totals"].as_array().unwrap();
        let of = |status: &str| totals.iter().find(|one| one["status"] == status).unwrap();
        assert_eq!(number(of("out_of_scope"), "rows"), of_nobody);
        assert_eq!(number(of("matched"), "rows"), 1);
        assert_eq!(desk.payable("EW-JAMBI"), 45_000);
        let id = text(&recorded, "id");
        assert_eq!(count(&desk, id), of_nobody + 2, "one is paid, one is not yet");
        desk.record(&[("large.csv", &file)]).expect(200);
        // What is kept of it is matched again with the rest.
        let rest = bank_file(of_nobody + 175_000, &format!("{} +110000", sold.reference("EW-JAKARTA")), None);
        let more = desk.record(&[("rest.csv", &rest)]).expect(201);
        assert_eq!((&more["id"], number(&more, "revision")), (&recorded["id"], 2));
        assert_eq!(count(&desk, id), of_nobody + 2);
        assert_eq!(desk.payable("EW-JAKARTA"), 0);
        world.verify();
    }

    fn what_is_larger_than_is_configured_is_refused_unread(backend) {
        clear_of_midnight();
        let world = World::start_with(backend, &["--max-bank-files", "1"]);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let paid = format!("{} +175000", sold.reference("EW-JAMBI"));
        let file = bank_file(0, &format!("{}{paid}", interest(2 * MIB)), None);
        assert_eq!(desk.record(&[("large.csv", &file)]).problem(413), "payload_too_large");
        assert!(listed(&desk.bank().api, "/v1/reconciliations").is_empty());
        let small = bank_file(0, &format!("{}{paid}", interest(MIB / 2)), None);
        let recorded = desk.record(&[("small.csv", &small)]).expect(201);
        assert_eq!(recorded["files"][0]["name"], json!("small.csv"));
        assert_eq!(desk.payable("EW-JAMBI"), 45_000);
    }
}
