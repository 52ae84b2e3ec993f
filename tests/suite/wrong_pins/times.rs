//! Timing does not reveal which numbers are cards: an unknown one and a wrong PIN cost the same.

use std::time::{Duration, Instant};

use ewarong_tests::demo::Card;
use ewarong_tests::seed::folder::unknown_number;
use ewarong_tests::{Merchant, World, on_both_backends};

use crate::till::{EGG, fresh_key, goods, wrong_pin};

/// Pairs that are measured alternately, so that whatever else the machine does falls on both alike.
const PAIRS: usize = 200;
/// How far apart the medians may lie, in percent: far more than there is between them where nothing else
/// runs, far less than there was.
const APART: u32 = 40;
/// Rounds, of which one has to do: a busy machine takes time from both, and not always alike.
const ROUNDS: usize = 4;

/// Each of a card's tries is its first: the bank frees it before.
struct Guesser<'a> {
    world: &'a World,
    till: Merchant,
    cards: Vec<Card>,
}

impl Guesser<'_> {
    /// Forgets all tries; what the server remembers of the cards does not change.
    fn free(&self) {
        self.world
            .sql("UPDATE cards SET pin_tries = 0, state = 3 WHERE state = 4 OR pin_tries > 0");
    }

    fn ask(&self, number: &str, pin: &str, buying: bool) -> Duration {
        let started = Instant::now();
        let answer = if buying {
            self.till.redeem(&fresh_key(), number, pin, &goods(EGG))
        } else {
            self.till.inquire(number, pin)
        };
        let took = started.elapsed();
        assert_eq!(answer.problem(402), "pin_wrong");
        took
    }

    fn medians(&self, buying: bool) -> [Duration; 2] {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for pair in 0..PAIRS {
            let card = &self.cards[pair % self.cards.len()];
            if pair % self.cards.len() == 0 {
                self.free();
            }
            known.push(self.ask(&card.card_number, &wrong_pin(card), buying));
            unknown.push(self.ask(&unknown_number(10_000 + pair), "271828", buying));
        }
        [known, unknown].map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2]
        })
    }
}

on_both_backends! {
    /// A card that was used here before, so that it is remembered, and a number that nobody has.
    fn an_unknown_number_takes_as_long_as_a_wrong_pin(backend) {
        let world = World::start(backend);
        let till = world.till("JBI-1");
        let cards: Vec<Card> = (0..10).map(|_| world.fresh_card("bri")).collect();
        for card in &cards {
            till.inquire(&card.card_number, &card.pin).expect(200);
        }
        let guesser = Guesser { world: &world, till, cards };
        for buying in [false, true] {
            let mut seen = Vec::new();
            let alike = (0..ROUNDS).any(|_| {
                let [known, unknown] = guesser.medians(buying);
                seen.push((known, unknown));
                let apart = known.abs_diff(unknown);
                apart * 100 < known.min(unknown) * APART
            });
            assert!(alike, "buying {buying}, known and unknown: {seen:?}");
        }
    }
}
