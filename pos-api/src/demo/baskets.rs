//! What families put into their baskets, and what can be wrong with one.

use ledger::domain::basket::{Basket, Line, LineClaim};

use super::random::Random;
use super::town::Prices;

/// How often a basket is drawn again when it costs more than there is.
const DRAWS: usize = 8;

fn line(
    (commodity, grade): (&str, Option<&str>),
    quantity: &str,
    unit: &str,
    unit_price: i64,
) -> anyhow::Result<Line> {
    let claim = LineClaim { commodity, grade, quantity, unit, unit_price };
    Line::read(claim).map_err(|(field, error)| anyhow::anyhow!("{field} {error}"))
}

const PREMIUM: (&str, Option<&str>) = ("rice", Some("premium"));
const MEDIUM: (&str, Option<&str>) = ("rice", Some("medium"));
const EGGS: (&str, Option<&str>) = ("eggs", None);

/// Half kilograms as a quantity: 5 of them are `2.5`.
fn half_kilograms(halves: u64) -> String {
    let (whole, rest) = (halves / 2, if halves % 2 == 1 { ".5" } else { "" });
    format!("{whole}{rest}")
}

/// A basket that costs at most `most`: several are drawn, then the smallest is tried. `None` when
/// even that is too dear.
pub(super) fn honest(
    random: &mut Random,
    prices: &Prices,
    most: i64,
) -> anyhow::Result<Option<Basket>> {
    for _ in 0..DRAWS {
        let basket = Basket::new(drawn(random, prices)?)?;
        if costs_at_most(&basket, most) {
            return Ok(Some(basket));
        }
    }
    let smallest = Basket::new(vec![line(EGGS, "1", "piece", prices.egg)?])?;
    Ok(Some(smallest).filter(|basket| costs_at_most(basket, most)))
}

fn costs_at_most(basket: &Basket, most: i64) -> bool {
    basket.total().is_some_and(|total| total.get() <= most)
}

fn drawn(random: &mut Random, prices: &Prices) -> anyhow::Result<Vec<Line>> {
    let rice = half_kilograms(random.below(13).saturating_add(2));
    let pieces = random.below(16).saturating_add(4).to_string();
    let (premium, medium) = (prices.premium, prices.medium);
    Ok(match random.below(10) {
        0 => vec![line(PREMIUM, &rice, "kg", premium)?],
        1 => vec![line(MEDIUM, &rice, "kg", medium)?],
        2 | 3 => {
            vec![line(PREMIUM, &rice, "kg", premium)?, line(EGGS, &pieces, "piece", prices.egg)?]
        }
        4 | 5 => {
            vec![line(MEDIUM, &rice, "kg", medium)?, line(EGGS, &pieces, "piece", prices.egg)?]
        }
        6 => vec![line(PREMIUM, &rice, "kg", premium)?, line(EGGS, "1", "tray", prices.tray)?],
        7 => {
            let quantity = half_kilograms(random.below(4).saturating_add(1));
            vec![line(EGGS, &quantity, "kg", prices.eggs_kg)?, line(MEDIUM, &rice, "kg", medium)?]
        }
        8 => vec![
            line(PREMIUM, "2", "kg", premium)?,
            line(MEDIUM, &rice, "kg", medium)?,
            line(EGGS, &pieces, "piece", prices.egg)?,
        ],
        _ => vec![line(EGGS, &pieces, "piece", prices.egg)?],
    })
}

/// Two kilograms of rice, for where it does not come to the basket.
pub(super) fn small(prices: &Prices) -> anyhow::Result<Basket> {
    Ok(Basket::new(vec![line(MEDIUM, "2", "kg", prices.medium)?])?)
}

/// More than a month's credit buys.
pub(super) fn too_dear(prices: &Prices) -> anyhow::Result<Basket> {
    Ok(Basket::new(vec![line(PREMIUM, "12", "kg", prices.premium)?])?)
}

/// What no policy of the programme allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Sugar.
    Sugar,
    /// Rice of a grade that nobody knows.
    Grade,
    /// Rice by the sack.
    Sack,
    /// A tenth of a gram of rice.
    TooFine,
    /// Half an egg.
    HalfAnEgg,
    /// Premium rice one rupiah above the ceiling of zone 2.
    AbovePremiumCeiling,
    /// Medium rice one rupiah above it.
    AboveMediumCeiling,
    /// Eggs for nothing.
    Free,
}

/// A basket with this flaw.
pub(super) fn flawed(flaw: Flaw, prices: &Prices) -> anyhow::Result<Basket> {
    let bad = match flaw {
        Flaw::Sugar => line(("sugar", None), "1", "kg", 12_500)?,
        Flaw::Grade => line(("rice", Some("ketan")), "1", "kg", 13_000)?,
        Flaw::Sack => line(MEDIUM, "1", "sack", 90_000)?,
        Flaw::TooFine => line(PREMIUM, "2.0001", "kg", prices.premium)?,
        Flaw::HalfAnEgg => line(EGGS, "2.5", "piece", prices.egg)?,
        Flaw::AbovePremiumCeiling => line(PREMIUM, "5", "kg", 13_301)?,
        Flaw::AboveMediumCeiling => line(MEDIUM, "5", "kg", 9_951)?,
        Flaw::Free => line(EGGS, "4", "piece", 0)?,
    };
    Ok(Basket::new(vec![line(MEDIUM, "1", "kg", prices.medium)?, bad])?)
}
