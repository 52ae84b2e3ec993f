//! A run's reversal that is killed in its middle goes on where it was, and takes nothing back twice.

use ewarong_tests::on_both_backends;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::{PATIENCE, finished_run};
use serde_json::Value;

use super::town::Town;
use crate::folder::MONTHLY;

/// Many transactions of a reversal.
const FAMILIES: usize = 20_000;

on_both_backends! {
    fn a_killed_reversal_takes_everything_back_once(backend) {
        let mut town = Town::start(backend, FAMILIES);
        town.fund("a month", 1);
        let (office, second) = (town.office(), town.second_office());
        let run = finished_run(&office, "2018-10");
        let id = run["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/credit-runs/{id}/reversals");
        let all = i64::try_from(FAMILIES).unwrap() * MONTHLY;

        office.reverse_run(&id, "the wrong month").expect(202);
        second.reverse_run(&id, "it is").expect(202);
        let (mut before, mut kills) = (0, 0);
        let mut stands = Value::Null;
        while kills < 3 {
            let moved = wait_until(PATIENCE, || {
                stands = office.api.get(&path).expect(200)["data"][0].clone();
                taken(&stands) > before || stands["status"] == "completed"
            });
            assert!(moved, "the reversal stands still: {stands}");
            if stands["status"] == "completed" {
                break;
            }
            before = taken(&stands);
            kills += 1;
            town.server.kill9();
            town.server.restart();
        }
        assert!(kills > 0, "it was never killed in its middle");
        let done = wait_until(PATIENCE, || {
            stands = office.api.get(&path).expect(200)["data"][0].clone();
            stands["status"] == "completed"
        });
        assert!(done, "the reversal does not end: {stands}");
        assert_eq!(taken(&stands), all, "{stands}");
        let till = town.till_at(&town.server, "T-1");
        for card in town.cards.iter().step_by(FAMILIES / 40) {
            assert_eq!(Town::balance(&till, card), 0);
        }
        assert_eq!(taken(&finished_run(&office, "2018-10")), all);
        town.verify();
    }
}

/// What a reversal took back so far, or a run gave.
fn taken(reversal: &Value) -> i64 {
    let banks = reversal["banks"].as_array().unwrap().iter();
    banks.map(|part| part["amount"].as_i64().unwrap()).sum()
}
