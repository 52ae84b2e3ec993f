//! Which card buys next, and for how much, so that runs of minutes stay approvals.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use anyhow::{Context, ensure};
use ewarong_tests::demo;
use rand::RngExt as _;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;
use rand_distr::{Distribution as _, Zipf};

/// How often a card with money is drawn for before the next one in line is taken.
const DRAWS: usize = 8;
/// From this balance down a card buys for one rupiah only.
const NEARLY_SPENT: u32 = 2_000;

/// How the cards are chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Choice {
    /// Each as likely as any other.
    Uniform,
    /// The card of rank k with a likelihood of `1/k^s`.
    Zipf(Exponent),
}

/// The `s` of Zipf's law.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exponent(Real);

#[expect(clippy::disallowed_types, reason = "a likelihood is no money")]
type Real = f64;

impl FromStr for Choice {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        if text == "uniform" {
            return Ok(Self::Uniform);
        }
        let s = text.strip_prefix("zipf:").context("expected `uniform` or `zipf:S`")?;
        let exponent = Exponent(s.parse().context("`S` is a number like 1.0")?);
        ensure!(exponent.0.is_finite() && exponent.0 >= 0.0, "`S` is not below 0");
        Ok(Self::Zipf(exponent))
    }
}

impl Display for Choice {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => f.write_str("uniform"),
            Self::Zipf(Exponent(s)) => write!(f, "zipf:{s}"),
        }
    }
}

/// A card as it is typed into a terminal.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    /// Its digits.
    pub(crate) number: [u8; 16],
    /// Its PIN's digits.
    pub(crate) pin: [u8; 6],
    /// What should be left on it, in rupiah.
    left: u32,
}

/// What is bought, in fields of fixed width; by default a tenth of a kilogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Purchase {
    /// The card's place in the deck.
    pub(crate) card: usize,
    /// Kilograms of rice.
    pub(crate) quantity: &'static [u8; 5],
    /// Rupiah a kilogram, four digits.
    pub(crate) unit_price: u32,
    /// What comes of it, in rupiah.
    pub(crate) amount: u32,
}

impl Default for Purchase {
    fn default() -> Self {
        Self { card: 0, quantity: b"0.100", unit_price: 5_000, amount: 500 }
    }
}

/// All cards of a run; never empty.
#[derive(Debug)]
pub(crate) struct Deck {
    cards: Vec<Card>,
    /// Draws a rank; `None` when all are alike.
    ranks: Option<Zipf<Real>>,
}

impl Deck {
    /// The cards in an order of chance: a card's rank says nothing of where its row lies.
    pub(crate) fn new(
        cards: &[demo::Card],
        choice: Choice,
        random: &mut SmallRng,
    ) -> anyhow::Result<Self> {
        ensure!(!cards.is_empty(), "the demo has no cards");
        let mut cards = cards.iter().map(Card::new).collect::<anyhow::Result<Vec<_>>>()?;
        cards.shuffle(random);
        let ranks = match choice {
            Choice::Uniform => None,
            Choice::Zipf(Exponent(s)) => Some(Zipf::new(u32::try_from(cards.len())?.into(), s)?),
        };
        Ok(Self { cards, ranks })
    }

    /// The card at this place of the deck.
    pub(crate) fn card(&self, place: usize) -> Option<&Card> {
        self.cards.get(place)
    }

    /// Draws a card, whatever is left on it.
    pub(crate) fn draw(&self, random: &mut SmallRng) -> usize {
        match &self.ranks {
            None => random.random_range(0..self.cards.len()),
            Some(ranks) => place_of(ranks.sample(random)),
        }
    }

    /// Draws a purchase that the card can pay, as far as is known, and takes the money off.
    ///
    /// A tenth of a kilogram at 5,000 to 9,000 rupiah, whole and under every zone's ceiling: a
    /// month's Rp110,000 is enough for some 150 of them, and for 2,000 of one rupiah after that.
    /// Under Zipf's law all are of one rupiah, so that the first ranks can buy 110,000 times.
    pub(crate) fn buy(&mut self, random: &mut SmallRng) -> Purchase {
        let mut place = self.draw(random);
        for _ in 1..DRAWS {
            if self.left(place) > 0 {
                break;
            }
            place = self.draw(random);
        }
        if self.left(place) == 0 {
            let following =
                self.cards.iter().enumerate().skip(place).chain(self.cards.iter().enumerate());
            place = following
                .filter(|(_, card)| card.left > 0)
                .map(|(next, _)| next)
                .next()
                .unwrap_or(place);
        }
        let (quantity, unit_price, amount) =
            if self.ranks.is_some() || self.left(place) <= NEARLY_SPENT {
                (b"0.001", 1_000, 1)
            } else {
                let amount = random.random_range(500..=900_u32);
                (b"0.100", amount.saturating_mul(10), amount)
            };
        self.change(place, |left| left.saturating_sub(amount));
        Purchase { card: place, quantity, unit_price, amount }
    }

    /// A purchase was taken back.
    pub(crate) fn give_back(&mut self, place: usize, amount: u32) {
        self.change(place, |left| left.saturating_add(amount));
    }

    /// The ledger says that there is not enough on the card: it was used before this run.
    pub(crate) fn is_spent(&mut self, place: usize) {
        self.change(place, |_| 0);
    }

    fn left(&self, place: usize) -> u32 {
        self.cards.get(place).map_or(0, |card| card.left)
    }

    fn change(&mut self, place: usize, by: impl FnOnce(u32) -> u32) {
        if let Some(card) = self.cards.get_mut(place) {
            card.left = by(card.left);
        }
    }
}

impl Card {
    fn new(card: &demo::Card) -> anyhow::Result<Self> {
        Ok(Self {
            number: card.card_number.as_bytes().try_into().context("16 digits make a card")?,
            pin: card.pin.as_bytes().try_into().context("6 digits make a PIN")?,
            left: u32::try_from(card.balance).context("a balance is a small amount")?,
        })
    }
}

/// Ranks count from one.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number between one and the number of cards"
)]
fn place_of(rank: Real) -> usize {
    (rank as usize).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::random;

    fn deck(cards: usize, balance: i64, choice: &str) -> Deck {
        let card = |number| demo::Card {
            card_number: format!("{number:016}"),
            pin: "135790".to_owned(),
            bank: "bri".to_owned(),
            balance,
        };
        let cards = (0..cards).map(card).collect::<Vec<_>>();
        Deck::new(&cards, choice.parse().unwrap(), &mut random(1, 0)).unwrap()
    }

    /// How often each place was drawn.
    fn counts(deck: &Deck, draws: usize) -> Vec<usize> {
        let mut random = random(3, 1);
        let places = (0..draws).map(|_| deck.draw(&mut random)).collect::<Vec<_>>();
        let count = |place| places.iter().filter(|&&drawn| drawn == place).count();
        (0..deck.cards.len()).map(count).collect()
    }

    #[test]
    fn uniform_cards_are_drawn_alike() {
        for count in counts(&deck(100, 0, "uniform"), 100_000) {
            assert!((850..1_150).contains(&count), "{count}");
        }
    }

    #[test]
    fn the_ranks_of_zipf_fall_as_the_law_says() {
        // The sum of 1/k for 100 ranks is 5.187.
        let counts = counts(&deck(100, 0, "zipf:1.0"), 518_738);
        for rank in [1, 2, 5, 10, 100] {
            let expected = 100_000 / rank;
            let off = counts[rank - 1].abs_diff(expected);
            assert!(off < expected / 10, "rank {rank}: {} and not {expected}", counts[rank - 1]);
        }
    }

    #[test]
    fn an_exponent_of_zero_is_uniform() {
        let counts = counts(&deck(10, 0, "zipf:0"), 10_000);
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
    }

    #[test]
    fn what_is_no_choice_is_refused() {
        for text in ["", "zipf", "zipf:", "zipf:-1", "zipf:NaN", "zipf:inf", "pareto:1"] {
            assert!(text.parse::<Choice>().is_err(), "{text}");
        }
        assert_eq!("zipf:1.1".parse::<Choice>().unwrap().to_string(), "zipf:1.1");
    }

    #[test]
    fn the_order_is_one_of_chance() {
        let deck = deck(100, 0, "zipf:1");
        let in_place =
            (0..100).filter(|&place| deck.cards[place].number == format!("{place:016}").as_bytes());
        assert!(in_place.count() < 10);
    }

    #[test]
    fn no_card_pays_more_than_it_has_until_all_are_spent() {
        for choice in ["uniform", "zipf:1.2"] {
            let mut deck = deck(5, 4_000, choice);
            let mut random = random(7, 1);
            let mut spent = [0; 5];
            while spent.iter().sum::<u32>() < 5 * 4_000 {
                let purchase = deck.buy(&mut random);
                let kilos = std::str::from_utf8(purchase.quantity).unwrap();
                let thousandths = kilos.replace('.', "").parse::<u32>().unwrap();
                assert_eq!(thousandths * purchase.unit_price, purchase.amount * 1_000);
                assert!((1_000..=9_000).contains(&purchase.unit_price));
                spent[purchase.card] += purchase.amount;
                assert!(spent[purchase.card] <= 4_000, "{choice}: {spent:?}");
            }
            deck.give_back(2, 10);
            assert_eq!(deck.buy(&mut random).card, 2);
            deck.is_spent(2);
            assert_eq!(deck.left(2), 0);
        }
    }
}
