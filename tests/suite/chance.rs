//! Chance that can be had again: a small generator whose seed the test prints.

use ledger::service::{Clock as _, SystemClock};

/// `SplitMix64`: the same seed gives the same numbers.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The numbers of this seed.
    pub(crate) const fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 on, below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap();
        usize::try_from(self.next() % bound).unwrap()
    }

    /// An amount from `low` on, below `high`.
    pub(crate) fn amount(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(usize::try_from(high - low).unwrap())).unwrap()
    }

    /// One of them.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// The seed of this run: `EWARONG_SEED` when the tests are built with it, else another each time.
/// It is printed, so that a failure shows it.
#[expect(clippy::print_stderr, reason = "a failed test shows what it printed")]
pub(crate) fn seed() -> u64 {
    let fresh = || u64::try_from(SystemClock::default().now().as_millis()).unwrap();
    let seed = option_env!("EWARONG_SEED").map_or_else(fresh, |text| text.parse().unwrap());
    eprintln!("the seed is {seed}: build the tests with EWARONG_SEED={seed} to have it again");
    seed
}
