//! What the terminals ask for: the mix of requests, and the randomness that they are drawn with.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use anyhow::{Context, bail, ensure};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

/// A seeded generator; streams of one seed are unlike each other.
pub(crate) fn random(seed: u64, stream: u64) -> SmallRng {
    SmallRng::seed_from_u64(seed.wrapping_add(stream.wrapping_mul(0xd134_2543_de82_ef95)))
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
    /// One of the terminal's approved purchases is taken back.
    Reversal,
}

const KINDS: [(&str, Kind); 5] = [
    ("redeem", Kind::Redeem),
    ("inquiry", Kind::Inquiry),
    ("replay", Kind::Replay),
    ("refused", Kind::Refused),
    ("reversal", Kind::Reversal),
];

/// Shares of the kinds, by their place in [`KINDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mix([u64; KINDS.len()]);

impl Mix {
    /// Draws a kind.
    pub(crate) fn draw(&self, random: &mut SmallRng) -> Kind {
        let mut left = random.random_range(0..self.0.iter().sum());
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
                let known = KINDS.map(|(kind, _)| kind).join(", ");
                bail!("unknown kind `{name}`\nhint: {known}");
            };
            *slot = u64::from(share.parse::<u16>().context("a share is a small whole number")?);
        }
        ensure!(shares.iter().any(|&share| share > 0), "some share must be above 0");
        Ok(Self(shares))
    }
}

impl Display for Mix {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let shares = self.0.iter().zip(KINDS).filter(|&(&share, _)| share > 0);
        for (place, (share, (name, _))) in shares.enumerate() {
            write!(f, "{}{name}={share}", if place == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_draws_its_shares() {
        let mix: Mix = "redeem=90,refused=10".parse().unwrap();
        let mut random = random(1, 0);
        let drawn = (0..10_000).map(|_| mix.draw(&mut random)).collect::<Vec<_>>();
        let refused = drawn.iter().filter(|&&kind| kind == Kind::Refused).count();
        assert!((900..1_100).contains(&refused), "{refused}");
        assert!(!drawn.contains(&Kind::Replay));
        assert!(mix.has(Kind::Redeem) && !mix.has(Kind::Inquiry));
        assert_eq!(mix.to_string(), "redeem=90,refused=10");
    }

    #[test]
    fn a_mix_that_means_nothing_is_refused() {
        for text in ["", "redeem", "redeem=0", "steal=1", "redeem=-1"] {
            assert!(text.parse::<Mix>().is_err(), "{text}");
        }
    }

    #[test]
    fn streams_of_a_seed_differ_and_come_again() {
        let draw = |seed, stream| random(seed, stream).random::<u64>();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }
}
