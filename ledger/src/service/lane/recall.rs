//! Which idempotency keys a lane looks up before it decides.
//!
//! Nearly every key is new, and its look-up finds nothing. A key recorded before is also detected
//! when the attempt is written: the unique key refuses the batch. So a lane looks up only the
//! keys that it was asked for lately; after a batch had to be rerun it looks up all, for a while.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::store::batch::FactsQuery;

use super::Command;

/// Keys that are remembered, at least; twice as many at the most, in 10 MB. A lane was never seen to decide
/// more than 26,000 a second: a key is kept for longer than anybody waits for its answer
/// ([`super::PATIENCE`]).
const KEPT: usize = 450_000;
/// How long every key is looked up after a batch had to be run again: shops that were cut off send again
/// what another process, or this one before its restart, may have recorded, and seldom one alone.
const WARY: Duration = Duration::from_secs(1);

/// What a lane remembers of the keys that it was asked for: half of each hash. Two that share it cost
/// one look-up.
#[derive(Debug)]
pub(super) struct Recall {
    young: HashSet<u64>,
    old: HashSet<u64>,
    wary_until: Option<Instant>,
}

impl Recall {
    /// Nothing is remembered. There is room for all from the start, as growing would stop the lane.
    pub(super) fn new() -> Self {
        let [young, old] = [(); 2].map(|()| HashSet::with_capacity(KEPT));
        Self { young, old, wary_until: None }
    }

    /// What is to be read for each command.
    pub(super) fn queries(&mut self, commands: &[&Command]) -> Vec<FactsQuery> {
        commands.iter().map(|command| self.query(command)).collect()
    }

    /// From now on, for a while, every key is looked up.
    pub(super) fn be_wary(&mut self) {
        self.wary_until = Instant::now().checked_add(WARY);
    }

    fn query(&mut self, command: &Command) -> FactsQuery {
        let key_hash = match command {
            Command::Redeem(redeem) => Some(redeem.key_hash).filter(|key| self.note(*key)),
            Command::Inquire(_) => None,
        };
        FactsQuery {
            anchor: command.anchor(),
            card: command.card().map(|card| card.card),
            merchant: command.pos().merchant,
            key_hash,
        }
    }

    /// Notes that a key was asked for, and says whether it is to be looked up.
    fn note(&mut self, key: [u8; 16]) -> bool {
        self.note_known(key) || self.wary_until.is_some_and(|until| Instant::now() < until)
    }

    /// Notes that a key was asked for, and says whether it was before.
    fn note_known(&mut self, key: [u8; 16]) -> bool {
        if self.young.len() >= KEPT {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        let half = half(key);
        !self.young.insert(half) || self.old.contains(&half)
    }
}

/// The last eight bytes.
fn half(key: [u8; 16]) -> u64 {
    key.last_chunk().map_or(0, |half| u64::from_be_bytes(*half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_recalled_the_second_time_and_forgotten_among_very_many() {
        let mut recall = Recall::new();
        let key = |n: usize| u128::try_from(n).unwrap().to_be_bytes();
        assert!(!recall.note_known(key(0)));
        assert!(recall.note_known(key(0)));
        for n in 1..KEPT {
            assert!(!recall.note_known(key(n)), "{n}");
        }
        assert!(recall.note_known(key(1)), "of the last ones");
        assert!(!recall.note_known(key(2 * KEPT)));
        let room = recall.young.capacity();
        for n in 1..=2 * KEPT {
            recall.note_known(key(10 * KEPT + n));
        }
        assert!(!recall.note_known(key(0)), "memory is bounded");
        assert_eq!((recall.young.capacity(), recall.old.capacity()), (room, room));
    }

    #[test]
    fn after_a_batch_was_run_again_every_key_is_looked_up_for_a_while() {
        let mut recall = Recall::new();
        assert!(!recall.note([1; 16]));
        recall.be_wary();
        assert!(recall.note([2; 16]));
        recall.wary_until = Some(Instant::now());
        assert!(!recall.note([3; 16]) && recall.note([2; 16]));
    }
}
