//! Counters of the lanes' work since the start, kept where they cost nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use super::health::Health;

/// The counters that the lanes share.
#[derive(Debug, Default)]
pub(super) struct Counters {
    batches: AtomicU64,
    again: AtomicU64,
    commands: AtomicU64,
    last_batch: AtomicU64,
    pub(super) health: Health,
}

/// What the lanes did since the start, and what waits for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneFigures {
    /// Batches that were answered.
    pub batches: u64,
    /// How many had to be run again: something had changed meanwhile, or a key was recorded already.
    pub again: u64,
    /// Commands in them.
    pub commands: u64,
    /// Commands in the latest of them.
    pub last_batch: u64,
    /// Requests that wait for a lane now.
    pub waiting: u64,
}

impl Counters {
    /// Counts a batch of `commands`.
    pub(super) fn count(&self, commands: usize) {
        let commands = wide(commands);
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.commands.fetch_add(commands, Ordering::Relaxed);
        self.last_batch.store(commands, Ordering::Relaxed);
    }

    /// Counts a batch that is run again.
    pub(super) fn count_again(&self) {
        self.again.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted, beside `waiting`.
    pub(super) fn read(&self, waiting: usize) -> LaneFigures {
        LaneFigures {
            batches: self.batches.load(Ordering::Relaxed),
            again: self.again.load(Ordering::Relaxed),
            commands: self.commands.load(Ordering::Relaxed),
            last_batch: self.last_batch.load(Ordering::Relaxed),
            waiting: wide(waiting),
        }
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
