//! The ledger against a model of it: whatever is asked in whatever order, `SQLite` and `PostgreSQL`
//! answer as a few maps in memory do. One command at a time, the clock set by hand.

mod bench;
mod operations;
mod reference;

use ewarong_tests::on_both_backends;

use crate::chance::Chance;
use bench::Bench;
use operations::Operation;
use reference::Reference;

/// The same sequences on both databases, so that they are held against each other as well.
const SEEDS: std::ops::Range<u64> = 1..13;
const OPERATIONS: usize = 80;

on_both_backends! {
    /// Twelve sequences; a failure shows its seed and how it came about.
    fn every_answer_is_the_models(backend) {
        for seed in SEEDS {
            let mut chance = Chance::of(seed);
            let mut reference = Reference::new();
            let mut bench = Bench::open(backend, reference.now);
            let mut story = Vec::new();
            for _ in 0..OPERATIONS {
                let (purchases, approved) = (reference.purchases(), reference.approved());
                let operation = Operation::any(&mut chance, purchases, &approved);
                let expected = reference.answer(operation);
                let answer = bench.answer(operation, reference.now);
                story.push(format!("{operation:?} -> {answer}"));
                assert_eq!(answer, expected, "seed {seed}:\n{}", story.join("\n"));
            }
            let story = story.join("\n");
            assert_eq!(bench.balances(), reference.balances(), "seed {seed}:\n{story}");
            assert_eq!(bench.settlements(), reference.settlements(), "seed {seed}:\n{story}");
            bench.verify(&format!("seed {seed}:\n{story}"));
        }
    }
}
