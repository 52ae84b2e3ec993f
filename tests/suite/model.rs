//! The ledger against a model of it: whatever is asked in whatever order, `SQLite` and `PostgreSQL`
//! answer as a few maps in memory do. One command at a time, at one of two nodes where the database takes
//! two; clocks are set wrong, banks pay short and send what they sent before.

mod bench;
mod clerk;
mod operations;
mod reference;

use std::sync::atomic::{AtomicU64, Ordering};

use ewarong_tests::{Backend, on_both_backends};

use crate::chance::Chance;
use bench::Bench;
use operations::Operation;
use reference::Reference;

/// The same sequences on both databases, so that they are held against each other as well. `EWARONG_SEEDS`
/// when the tests are built asks for more.
const SEEDS: u64 = 200;
const OPERATIONS: usize = 80;
const AT_ONCE: usize = 6;

/// One sequence; a failure shows its seed and how it came about.
fn every_answer_is_the_models_from(seed: u64, backend: Backend) {
    let mut chance = Chance::of(seed);
    let mut reference = Reference::new(backend == Backend::Sqlite);
    let mut bench = Bench::open(backend, reference.wall);
    let mut story = Vec::new();
    for place in 0..OPERATIONS {
        let (purchases, approved) = (reference.purchases(), reference.approved());
        // Something is recorded before a clock is set back.
        let first = Operation::Credit { month: 0 };
        let any = Operation::any(&mut chance, purchases, &approved);
        let operation = if place == 0 { first } else { any };
        let node = chance.below(2);
        let expected = reference.answer(operation);
        let answer = bench.answer(node, operation, &reference);
        story.push(format!("{operation:?} at node {node} -> {answer}"));
        assert_eq!(answer, expected, "seed {seed}:\n{}", story.join("\n"));
    }
    let story = story.join("\n");
    assert_eq!(bench.balances(), reference.balances(), "seed {seed}:\n{story}");
    assert_eq!(bench.settlements(), reference.settlements(), "seed {seed}:\n{story}");
    bench.verify(&format!("seed {seed}:\n{story}"));
}

on_both_backends! {
    /// Two hundred sequences, so many at a time as wait for each other little.
    fn every_answer_is_the_models(backend) {
        let seeds = option_env!("EWARONG_SEEDS").map_or(SEEDS, |most| most.parse().unwrap());
        let next = AtomicU64::new(1);
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed > seeds {
                            return;
                        }
                        every_answer_is_the_models_from(seed, backend);
                    }
                });
            }
        });
    }
}
