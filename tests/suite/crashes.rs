//! Servers and databases that are killed in the middle of their work: what was acknowledged is
//! there, nothing is there twice, and whoever got no answer gets it by asking again.

mod clerk;
mod clocks;
mod commits;
mod database;
mod disk;
mod ground;
mod month;
mod nodes;
mod pulse;
mod reversal;
mod town;

use std::sync::atomic::Ordering;
use std::thread;

use ewarong_tests::on_both_backends;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::PATIENCE;

use crate::chance::{Chance, seed};
use clerk::{Clerk, Round, audit, guesses, settle};
use town::Town;

const ROUNDS: usize = 20;
/// Families that buy.
const BUYERS: usize = 60;

/// Two clerks at each till.
fn clerks_of(town: &Town, chance: &mut Chance) -> Vec<Clerk> {
    let tills = town.tills().into_iter().chain(town.tills());
    tills.map(|till| Clerk::new(till, Chance::of(chance.next()))).collect()
}

on_both_backends! {
    /// Twenty times under load.
    fn a_killed_server_loses_and_doubles_nothing(backend) {
        let mut chance = Chance::of(seed());
        let mut town = Town::start(backend, BUYERS + ROUNDS).credited();
        let mut clerks = clerks_of(&town, &mut chance);
        let cards = town.cards.clone();
        let (buyers, guessed) = cards.split_at(BUYERS);
        let mut unanswered = 0;
        for (number, guessed) in (1..).zip(guessed) {
            let round = Round::default();
            thread::scope(|scope| {
                for clerk in &mut clerks {
                    scope.spawn(|| clerk.work(buyers, guessed, &round));
                }
                let enough = 5 + chance.below(300);
                let busy = || round.answered.load(Ordering::Acquire) >= enough;
                assert!(wait_until(PATIENCE, busy), "nothing is answered:\n{}", town.server.log());
                town.server.kill9();
                round.over.store(true, Ordering::Release);
            });
            town.server.restart();
            unanswered += round.unanswered.into_inner();
            settle(&mut clerks);
            assert!(guesses(&clerks, guessed) <= 3, "a PIN was guessed at more than three times");
            if number % 5 == 0 {
                town.verify();
            }
        }
        audit(&mut clerks, buyers);
        assert!(unanswered >= ROUNDS, "{unanswered} requests without an answer: it was no load");
    }
}
