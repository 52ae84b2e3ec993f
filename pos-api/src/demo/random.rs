//! The demo's own chance: seeded, so that every demo is the same, and guessable, so that it is good
//! for nothing else.

/// The seed of everything that the demo makes up.
const SEED: u64 = 0x1571_2018_0904;

/// A small generator (splitmix64): the same numbers on every machine.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    /// A stream of its own for each purpose: what one draws more or less changes no other.
    pub(super) fn stream(purpose: &str) -> Self {
        let fold = |seed: u64, byte: u8| Self(seed ^ u64::from(byte)).next();
        Self(purpose.bytes().fold(SEED, fold))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next()).wrapping_mul(u128::from(bound));
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// A place in a list of `length`.
    pub(super) fn place(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(bound)).unwrap_or(0)
    }

    /// One of `low`, `low + step`, ... up to `high`.
    pub(super) fn stepped(&mut self, low: i64, high: i64, step: u32) -> i64 {
        let span = u64::try_from(high.saturating_sub(low)).unwrap_or(0);
        let steps = span.checked_div(step.into()).unwrap_or(0).saturating_add(1);
        let taken = self.below(steps).saturating_mul(step.into());
        low.saturating_add(i64::try_from(taken).unwrap_or(0))
    }

    /// Whether something happens that happens so many times in a thousand.
    pub(super) fn happens(&mut self, in_a_thousand: u64) -> bool {
        self.below(1000) < in_a_thousand
    }

    /// Fills `bytes`.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            let drawn = self.next().to_le_bytes();
            part.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
        }
    }

    /// Puts `items` in another order (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for left in (2..=items.len()).rev() {
            let other = self.place(left);
            items.swap(left.saturating_sub(1), other);
        }
    }
}
