//! The programme's rules with their dates: the month's amount, the goods, the price ceilings.
//!
//! Rules are data. A change of amount, goods or ceilings is a row with a date, never a release.

use rust_decimal::Decimal;

use super::basket::{Basket, Line, line_amount};
use super::calendar::{Date, Instant};
use super::money::Rupiah;
use super::refusal::Refusal;

/// When a rule holds: on days from the first to the last if there is one, for what is decided once it
/// is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first day.
    pub from: Date,
    /// The last day; `None` while no end is known.
    pub to: Option<Date>,
    /// When it was entered. A rule that is entered late changes nothing that was decided before.
    pub known_from: Instant,
}

impl Validity {
    /// Whether the rule holds on `day` for what is decided at `now`.
    pub fn holds(&self, day: Date, now: Instant) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to) && self.known_from <= now
    }
}

/// A region of price ceilings: 1 (Jawa and others), 2 (other Sumatera and others), 3 (Maluku, Papua).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PriceZone(pub i16);

/// Something that may be bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Good {
    /// `rice`, `eggs`.
    pub commodity: String,
    /// Its grade; `None` where a grade does not matter.
    pub grade: Option<String>,
    /// The unit it is sold by.
    pub unit: String,
    /// How many decimals a quantity of it may have; 0 for what is counted.
    pub decimals: u32,
}

/// The rules of the programme while they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The version that redemptions are recorded with.
    pub version: i32,
    /// When it holds.
    pub validity: Validity,
    /// What a family gets for a period.
    pub monthly_amount: Rupiah,
    /// What may be bought.
    pub goods: Vec<Good>,
}

/// The highest price of a good in a zone (HET).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceCeiling {
    /// Where.
    pub zone: PriceZone,
    /// When.
    pub validity: Validity,
    /// Of what.
    pub commodity: String,
    /// Of which grade; `None` for all.
    pub grade: Option<String>,
    /// For one of this unit.
    pub unit: String,
    /// Rupiah for one unit.
    pub price: Rupiah,
}

/// All rules there are and were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyBook {
    /// Changes whenever a rule is added.
    pub revision: i32,
    /// All policies; the latest that holds on a day is that day's.
    pub policies: Vec<Policy>,
    /// All ceilings.
    pub ceilings: Vec<PriceCeiling>,
}

/// The rules of one day in one zone.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    book: &'a PolicyBook,
    /// The policy of that day.
    pub policy: &'a Policy,
    zone: PriceZone,
    day: Date,
    now: Instant,
}

/// Why a basket is refused, where, and which ceiling it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Objection {
    /// The reason; the first in precedence of all lines'.
    pub refusal: Refusal,
    /// The line, counted from 0; `None` for the whole basket.
    pub line: Option<i16>,
    /// The ceiling that a price was above.
    pub ceiling: Option<Rupiah>,
}

impl PolicyBook {
    /// The policy that holds on `day` for what is decided at `now`; of several the latest to begin.
    pub fn policy_on(&self, day: Date, now: Instant) -> Option<&Policy> {
        self.policies
            .iter()
            .filter(|policy| policy.validity.holds(day, now))
            .max_by_key(|policy| (policy.validity.from, policy.version))
    }

    /// The rules for a shop in `zone` on its local date `day`, for what is decided at `now`.
    pub fn rules(&self, day: Date, zone: PriceZone, now: Instant) -> Option<Rules<'_>> {
        self.policy_on(day, now).map(|policy| Rules { book: self, policy, zone, day, now })
    }
}

impl<'a> Rules<'a> {
    /// The ceiling of a good on that day in that zone, where there is one: its own grade's before one
    /// for all grades, and of several the latest to begin.
    pub fn ceiling(&self, good: &Good) -> Option<Rupiah> {
        self.book
            .ceilings
            .iter()
            .filter(|ceiling| {
                ceiling.zone == self.zone
                    && ceiling.commodity == good.commodity
                    && ceiling.unit == good.unit
                    && (ceiling.grade.is_none() || ceiling.grade == good.grade)
                    && ceiling.validity.holds(self.day, self.now)
            })
            .max_by_key(|ceiling| (ceiling.grade.is_some(), ceiling.validity.from))
            .map(|ceiling| ceiling.price)
    }

    /// What may be bought, each with its ceiling: the shop's catalogue.
    pub fn catalogue(&self) -> impl Iterator<Item = (&'a Good, Option<Rupiah>)> + use<'a> {
        let rules = *self;
        rules.policy.goods.iter().map(move |good| (good, rules.ceiling(good)))
    }

    /// The amount of an allowed basket: more than nothing, the exact sum of its lines.
    ///
    /// # Errors
    /// The objection that comes first: by precedence, then by line.
    pub fn price(&self, basket: &Basket) -> Result<Rupiah, Objection> {
        let objections = basket.lines().iter().zip(0_i16..).filter_map(|(line, at)| {
            self.judge(line).err().map(|(refusal, ceiling)| Objection {
                refusal,
                line: Some(at),
                ceiling,
            })
        });
        if let Some(first) = objections.min() {
            return Err(first);
        }
        basket.total().filter(|total| !total.is_zero()).ok_or(Objection {
            refusal: Refusal::AmountInvalid,
            line: None,
            ceiling: None,
        })
    }

    fn judge(&self, line: &Line) -> Result<(), (Refusal, Option<Rupiah>)> {
        let named = |good: &&Good| {
            good.commodity == line.commodity()
                && (good.grade.is_none() || good.grade.as_deref() == line.grade())
        };
        let mut goods = self.policy.goods.iter().filter(named).peekable();
        if goods.peek().is_none() {
            return Err((Refusal::CommodityNotAllowed, None));
        }
        let good =
            goods.find(|good| good.unit == line.unit()).ok_or((Refusal::UnitNotAllowed, None))?;
        let quantity = line.quantity();
        if quantity <= Decimal::ZERO || quantity.scale() > good.decimals {
            return Err((Refusal::QuantityInvalid, None));
        }
        if let Some(ceiling) = self.ceiling(good) {
            let most = line_amount(quantity, ceiling.get());
            if line.unit_price() > ceiling.get() || line.amount() > most {
                return Err((Refusal::PriceAboveCeiling, Some(ceiling)));
            }
        }
        match line.amount() {
            Some(amount) if line.unit_price() > 0 && !amount.is_zero() => Ok(()),
            _ => Err((Refusal::AmountInvalid, None)),
        }
    }
}
