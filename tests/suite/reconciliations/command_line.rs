//! The same from the bank's command line.

use std::fs;

use ewarong_tests::World;
use ewarong_tests::on_both_backends;
use ewarong_tests::seed::{clear_of_midnight, today};
use serde_json::Value;

use super::desk::{Desk, bank_file};
use crate::shop::Shop;

on_both_backends! {
    fn a_bank_records_decides_and_signs_from_its_command_line(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let rows = format!(
            "{} +175000\n{} +110000\nSETOR TUNAI +20000",
            sold.reference("EW-JAMBI"),
            sold.reference("EW-JAKARTA")
        );
        let (one, two) = (Shop::log_in(&world, "bank-bri"), Shop::log_in_as(&world, &desk.second().credentials));
        let file = one.write("bri.csv", &bank_file(0, &rows, None));
        let day = today().to_string();
        let line = ["reconcile", &file, "--bank", "bri", "--date", &day];
        let dry = one.run(&[&line[..], &["--dry-run"]].concat(), "");
        assert_eq!(dry.status.code(), Some(3), "{dry:?}");
        assert_eq!(desk.payable("EW-JAKARTA"), 110_000, "a dry run records nothing");
        let daily = ["daily", "--bank", "bri", "--date", &day];
        assert_eq!(one.run(&daily, "").status.code(), Some(3), "nothing is paid yet");
        let recorded = one.run(&line, "");
        assert_eq!(recorded.status.code(), Some(3), "{recorded:?}");
        assert_eq!(recorded.stdout, dry.stdout, "what is recorded is what was shown");
        let said = String::from_utf8_lossy(&recorded.stderr).into_owned();
        assert!(said.contains("open differences: 1") && !said.contains("the server has"), "{said}");
        assert_eq!(desk.payable("EW-JAKARTA"), 0);
        let held = one.json(&daily, "");
        assert_eq!((&held[0]["holds"], &held[0]["checks"][4]["state"]), (&true.into(), &"not_yet".into()));
        let again = one.run(&line, "");
        assert_eq!((again.status.code(), &again.stdout), (Some(3), &dry.stdout));

        let open = one.run(&["exceptions", "list", "--output", "json"], "");
        assert_eq!(open.status.code(), Some(3), "{open:?}");
        let open: Value = serde_json::from_slice(&open.stdout).unwrap();
        assert_eq!((open.as_array().unwrap().len(), &open[0]["status"]), (1, &"bank_only".into()));
        let id = open[0]["id"].as_str().unwrap();
        let noted = one.json(&["exceptions", "note", id, "--note", "dicek", "--owner", "meja 1"], "");
        assert_eq!(noted[0]["owner"], "meja 1");
        let decide = ["exceptions", "resolve", id, "--resolution", "suspense"];
        assert_eq!(one.run(&decide, "").status.code(), Some(2), "a decision needs a reason");
        let decided = one.json(&[&decide[..], &["--reason", "bukan milik kami"]].concat(), "");
        assert_eq!(decided[0]["state"], "resolved");
        assert_eq!(one.run(&["exceptions", "list"], "").status.code(), Some(0));
        assert_eq!(one.run(&line, "").status.code(), Some(0), "nothing is left to decide");

        let days = one.json(&["reconciliations", "list", "--date", &day], "");
        let id = days[0]["id"].as_str().unwrap();
        assert_eq!(one.run(&["reconciliations", "sign-off", id], "").status.code(), Some(1));
        assert_eq!(two.json(&["reconciliations", "sign-off", id], "")[0]["status"], "signed_off");
        let reopen = ["reconciliations", "reopen", id, "--reason", "berkas susulan"];
        assert_eq!(two.json(&reopen, "")[0]["status"], "recorded");
        fs::remove_file(file).unwrap();
        world.verify();
    }
}
