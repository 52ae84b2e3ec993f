//! What the terminals ask for: seeded randomness, the mix of requests, cards and prices.

use std::str::FromStr;

use anyhow::{Context, bail, ensure};

/// A small seeded generator (splitmix64): fast, and the same on every machine.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Terminals of one seed draw from unlike streams.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut start = Self(seed.wrapping_add(stream.wrapping_mul(0xd134_2543_de82_ef95)));
        Self(start.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`: the upper half of a 64 by 64 bit product.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next()).wrapping_mul(u128::from(bound));
        u64::try_from(product >> 64).unwrap_or(0)
    }
}

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A new purchase of rice.
    Redeem,
    /// A balance inquiry.
    Inquiry,
    /// The terminal's last purchase again, under the same key.
    Replay,
    /// A purchase of what the programme does not sell.
    Refused,
}

const KINDS: [(&str, Kind); 4] = [
    ("redeem", Kind::Redeem),
    ("inquiry", Kind::Inquiry),
    ("replay", Kind::Replay),
    ("refused", Kind::Refused),
];

/// Shares of the kinds, by their place in [`KINDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mix([u64; KINDS.len()]);

impl Mix {
    /// Draws a kind.
    pub(crate) fn draw(&self, random: &mut Random) -> Kind {
        let mut left = random.below(self.0.iter().sum());
        for (share, (_, kind)) in self.0.into_iter().zip(KINDS) {
            match left.checked_sub(share) {
                Some(rest) => left = rest,
                None => return kind,
            }
        }
        Kind::Redeem
    }

    /// Whether there are any of this kind.
    pub(crate) fn has(&self, wanted: Kind) -> bool {
        self.0.into_iter().zip(KINDS).any(|(share, (_, kind))| kind == wanted && share > 0)
    }
}

impl FromStr for Mix {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let mut shares = [0; KINDS.len()];
        for part in text.split(',') {
            let (name, share) = part.split_once('=').context("expected `kind=share`")?;
            let place = KINDS.iter().position(|&(kind, _)| kind == name);
            let Some(slot) = place.and_then(|place| shares.get_mut(place)) else {
                bail!("unknown kind `{name}`\nhint: redeem, inquiry, replay, refused");
            };
            *slot = u64::from(share.parse::<u16>().context("a share is a small whole number")?);
        }
        ensure!(shares.iter().any(|&share| share > 0), "some share must be above 0");
        Ok(Self(shares))
    }
}

/// What all terminals of a run have in common.
#[derive(Debug)]
pub(crate) struct Workload {
    /// Shares of the kinds of requests.
    pub(crate) mix: Mix,
    /// Card numbers with their PINs; never empty.
    pub(crate) cards: Vec<(String, String)>,
    /// The beginning of every idempotency key.
    pub(crate) run_id: String,
}

impl Workload {
    /// Draws a card, each as likely as any other.
    pub(crate) fn card(&self, random: &mut Random) -> (&str, &str) {
        let count = u64::try_from(self.cards.len()).unwrap_or(u64::MAX);
        let place = usize::try_from(random.below(count)).unwrap_or(0);
        self.cards.get(place).map_or(("", ""), |(number, pin)| (number, pin))
    }

    /// Draws a price of a kilogram of medium rice, 5,000 to 9,000 rupiah in steps of 10: a tenth of
    /// a kilogram then costs 500 to 900, whole, under every zone's ceiling, and a month's
    /// Rp110,000 is enough for more than a hundred purchases.
    pub(crate) fn unit_price(random: &mut Random) -> u64 {
        random.below(401).saturating_mul(10).saturating_add(5_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_draws_its_shares() {
        let mix: Mix = "redeem=90,refused=10".parse().unwrap();
        let mut random = Random::new(1, 0);
        let drawn = (0..10_000).map(|_| mix.draw(&mut random)).collect::<Vec<_>>();
        let refused = drawn.iter().filter(|&&kind| kind == Kind::Refused).count();
        assert!((900..1_100).contains(&refused), "{refused}");
        assert!(!drawn.contains(&Kind::Replay));
        assert!(mix.has(Kind::Redeem) && !mix.has(Kind::Inquiry));
    }

    #[test]
    fn a_mix_that_means_nothing_is_refused() {
        for text in ["", "redeem", "redeem=0", "steal=1", "redeem=-1"] {
            assert!(text.parse::<Mix>().is_err(), "{text}");
        }
    }

    #[test]
    fn prices_make_whole_amounts() {
        let mut random = Random::new(2, 7);
        for _ in 0..10_000 {
            let price = Workload::unit_price(&mut random);
            assert!((5_000..=9_000).contains(&price) && price.is_multiple_of(10));
        }
    }
}
