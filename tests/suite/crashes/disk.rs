//! A disk that fails and loses what it was given: what could not be made durable is never answered, and whoever
//! opens the database again finds everything that was.

use std::fs;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use ewarong_tests::Backend;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::PATIENCE;
use ewarong_tests::shim::Shim;

use super::clerk::{Round, audit, settle};
use super::clerks_of;
use super::town::Town;
use crate::chance::{Chance, seed};

const BUYERS: usize = 60;
/// How long a server may take to fill a log that is worth carrying over: about 160 MB.
const FULL_LOG: Duration = Duration::from_mins(3);

/// Has clerks buy while the files fail whose names end so. `noticed` is how long the server may take to see it.
fn nothing_is_lost_when_flushing_fails(files: &str, noticed: Duration) {
    let mut chance = Chance::of(seed());
    let mut town = Town::start(Backend::Sqlite, BUYERS + 1).credited();
    let disk = Shim::compile("failing_fsync");
    let fails = town.folder().join("the disk fails");
    let when = fails.display().to_string();
    let disk = [disk.preloaded(), ("FAIL_FSYNC_OF", files.to_owned()), ("FAIL_FSYNC_WHEN", when)];
    town.server.restart_in(&disk);
    let mut clerks = clerks_of(&town, &mut chance);
    let cards = town.cards.clone();
    let (buyers, guessed) = cards.split_at(BUYERS);
    let round = Round::default();
    thread::scope(|scope| {
        for clerk in &mut clerks {
            scope.spawn(|| clerk.work(buyers, &guessed[0], &round));
        }
        let busy = || round.answered.load(Ordering::Acquire) >= 100;
        let sold = wait_until(PATIENCE, busy);
        fs::write(&fails, "").unwrap();
        let ended = sold && wait_until(noticed, || town.server.ended().is_some());
        round.over.store(true, Ordering::Release);
        assert!(sold && ended, "sold: {sold}, ended: {ended}\n{}", town.server.log());
    });
    let ended = town.server.ended().and_then(|status| status.code());
    assert_eq!(ended, Some(1), "it did not end as it should:\n{}", town.server.log());
    assert!(town.server.log().contains("the storage failed"), "{}", town.server.log());
    town.server.restart();
    settle(&mut clerks);
    town.verify();
    audit(&mut clerks, buyers);
}

/// A commit that fails.
#[test]
fn a_log_that_cannot_be_flushed_ends_the_service_and_loses_nothing() {
    nothing_is_lost_when_flushing_fails("-wal", PATIENCE);
}

/// The log is carried over, and the file that it is carried into fails.
#[test]
fn a_database_that_cannot_be_flushed_ends_the_service_and_loses_nothing() {
    nothing_is_lost_when_flushing_fails(".db", FULL_LOG);
}
