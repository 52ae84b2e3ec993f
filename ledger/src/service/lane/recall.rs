//! Which idempotency keys a lane looks up before it decides.
//!
//! Nearly every key is new, and its look-up finds nothing. Whether it was recorded before is told as well
//! when the attempt is written, by the unique key, which then refuses the batch. So a lane looks up only
//! the keys that it was asked for lately; after a batch was refused it looks up all, for a while.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::store::batch::FactsQuery;

use super::Command;

/// Keys that are remembered, at least; twice as many at the most. Some minutes of a busy lane, in 4 MB.
const KEPT: usize = 65_536;
/// How long every key is looked up after a batch was refused: shops that were cut off send again what
/// another process, or this one before its restart, may have recorded.
const WARY: Duration = Duration::from_secs(1);

/// What a lane remembers of the keys that it was asked for.
#[derive(Debug, Default)]
pub(super) struct Recall {
    young: HashSet<[u8; 16]>,
    old: HashSet<[u8; 16]>,
    wary_until: Option<Instant>,
}

impl Recall {
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
            Command::Redeem(redeem) => Some(redeem.key_hash).filter(|key| self.looks_up(*key)),
            Command::Inquire(_) => None,
        };
        FactsQuery {
            anchor: command.anchor(),
            card: command.card().map(|card| card.card),
            merchant: command.pos().merchant,
            key_hash,
        }
    }

    /// Whether a key is to be looked up; from now on it was asked for.
    fn looks_up(&mut self, key: [u8; 16]) -> bool {
        self.recalls(key) || self.wary_until.is_some_and(|until| Instant::now() < until)
    }

    /// Whether it was asked for lately; from now on it was.
    fn recalls(&mut self, key: [u8; 16]) -> bool {
        if self.young.len() >= KEPT {
            self.old = std::mem::take(&mut self.young);
        }
        !self.young.insert(key) || self.old.contains(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_recalled_the_second_time_and_forgotten_among_very_many() {
        let mut recall = Recall::default();
        let key = |n: usize| u128::try_from(n).unwrap().to_be_bytes();
        assert!(!recall.recalls(key(0)));
        assert!(recall.recalls(key(0)));
        for n in 1..KEPT {
            assert!(!recall.recalls(key(n)), "{n}");
        }
        assert!(recall.recalls(key(1)), "of the last ones");
        assert!(!recall.recalls(key(2 * KEPT)));
        for n in 1..=2 * KEPT {
            recall.recalls(key(10 * KEPT + n));
        }
        assert!(!recall.recalls(key(0)), "memory is bounded");
        assert!(recall.young.len() + recall.old.len() <= 2 * KEPT);
    }

    #[test]
    fn after_a_batch_was_refused_every_key_is_looked_up_for_a_while() {
        let mut recall = Recall::default();
        assert!(!recall.looks_up([1; 16]));
        recall.be_wary();
        assert!(recall.looks_up([2; 16]));
        recall.wary_until = Some(Instant::now());
        assert!(!recall.looks_up([3; 16]) && recall.looks_up([2; 16]));
    }
}
