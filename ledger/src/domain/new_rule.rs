//! Rules that are to hold from a day on: a policy or a price ceiling as the programme enters it, and
//! what it closes of the rules that are there.
//!
//! A rule is never changed. One that is entered begins on a day that has begun nowhere in the country
//! yet, and what would hold on that day ends on the day before; so nothing that was decided, or is
//! decided today, is judged by it.

use super::calendar::{Date, Instant, Zone};
use super::money::Rupiah;
use super::policy::{Good, PolicyBook, PriceZone, Validity};

/// The longest name of a commodity, a grade or a unit: what a request may send of one.
const LONGEST_NAME: usize = 32;
/// The most goods of a policy.
const MOST_GOODS: usize = 100;
/// The most decimals that a quantity can have.
const MOST_DECIMALS: u32 = 9;

/// A policy that is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPolicy {
    /// The first day.
    pub from: Date,
    /// What a family gets for a period.
    pub monthly_amount: Rupiah,
    /// What may be bought.
    pub goods: Vec<Good>,
}

/// A price ceiling (HET) that is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCeiling {
    /// The first day.
    pub from: Date,
    /// Where.
    pub zone: PriceZone,
    /// Of what: a good's commodity.
    pub commodity: String,
    /// Of which grade; `None` for all.
    pub grade: Option<String>,
    /// For one of this unit.
    pub unit: String,
    /// Rupiah for one unit.
    pub price: Rupiah,
}

/// Why a rule can't be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRule {
    /// A commodity, grade or unit is no name.
    #[error("a name has 1 to 32 of a-z, 0-9 and `_`")]
    Name,
    /// No good may be bought, or too many.
    #[error("a policy has 1 to 100 goods")]
    Goods,
    /// Two goods are the same.
    #[error("two goods have the same commodity, grade and unit")]
    SameGood,
    /// More decimals than a quantity can have.
    #[error("a quantity has at most 9 decimals")]
    Decimals,
    /// No money.
    #[error("has to be more than nothing")]
    Nothing,
    /// No region of price ceilings.
    #[error("a region of price ceilings is 1, 2 or 3")]
    Zone,
}

impl NewPolicy {
    /// A policy, checked.
    ///
    /// # Errors
    /// [`NotRule`].
    pub fn new(from: Date, monthly_amount: Rupiah, mut goods: Vec<Good>) -> Result<Self, NotRule> {
        if monthly_amount.is_zero() {
            return Err(NotRule::Nothing);
        }
        if goods.is_empty() || goods.len() > MOST_GOODS {
            return Err(NotRule::Goods);
        }
        for (place, good) in goods.iter().enumerate() {
            names(&good.commodity, good.grade.as_deref(), &good.unit)?;
            if good.decimals > MOST_DECIMALS {
                return Err(NotRule::Decimals);
            }
            let same = |other: &Good| {
                (&other.commodity, &other.grade, &other.unit)
                    == (&good.commodity, &good.grade, &good.unit)
            };
            if goods.iter().take(place).any(same) {
                return Err(NotRule::SameGood);
            }
        }
        // As they are read back, so that the same goods in another order are the same policy.
        goods.sort_by(|one, other| {
            let rest = |good: &Good| (good.grade.clone(), good.unit.clone());
            other.commodity.cmp(&one.commodity).then_with(|| rest(one).cmp(&rest(other)))
        });
        Ok(Self { from, monthly_amount, goods })
    }

    /// As it is stored and compared: [`NewPolicy::read`] reads it.
    pub fn text(&self) -> String {
        let good = |Good { commodity, grade, unit, decimals }: &Good| {
            let grade = grade.as_deref().unwrap_or_default();
            format!("{commodity}/{grade}/{unit}/{decimals}")
        };
        let goods: Vec<String> = self.goods.iter().map(good).collect();
        format!("{} {} {}", self.from, self.monthly_amount.get(), goods.join(" "))
    }

    /// The policy of such a text.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let from = words.next()?.parse().ok()?;
        let amount = Rupiah::new(words.next()?.parse().ok()?).ok()?;
        let goods = words.map(good).collect::<Option<_>>()?;
        Self::new(from, amount, goods).ok()
    }
}

fn good(text: &str) -> Option<Good> {
    let mut parts = text.split('/');
    let mut next = || parts.next();
    Some(Good {
        commodity: next()?.to_owned(),
        grade: some_name(next()?),
        unit: next()?.to_owned(),
        decimals: next()?.parse().ok()?,
    })
}

impl NewCeiling {
    /// A ceiling, checked.
    ///
    /// # Errors
    /// [`NotRule`].
    pub fn new(self) -> Result<Self, NotRule> {
        names(&self.commodity, self.grade.as_deref(), &self.unit)?;
        match (self.price.is_zero(), self.zone.0) {
            (true, _) => Err(NotRule::Nothing),
            (false, 1..=3) => Ok(self),
            (false, _) => Err(NotRule::Zone),
        }
    }

    /// As it is stored and compared: [`NewCeiling::read`] reads it.
    pub fn text(&self) -> String {
        let Self { from, zone, commodity, grade, unit, price } = self;
        let grade = grade.as_deref().unwrap_or_default();
        format!("{from} {} {commodity}/{grade}/{unit} {}", zone.0, price.get())
    }

    /// The ceiling of such a text.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut next = || words.next();
        let (from, zone) = (next()?.parse().ok()?, PriceZone(next()?.parse().ok()?));
        let mut parts = next()?.split('/');
        let mut part = || parts.next();
        let (commodity, grade, unit) = (part()?.to_owned(), some_name(part()?), part()?.to_owned());
        let price = Rupiah::new(next()?.parse().ok()?).ok()?;
        Self { from, zone, commodity, grade, unit, price }.new().ok()
    }
}

fn some_name(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn names(commodity: &str, grade: Option<&str>, unit: &str) -> Result<(), NotRule> {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    let is_name = |text: &str| (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(plain);
    let all = is_name(commodity) && grade.is_none_or(is_name) && is_name(unit);
    if all { Ok(()) } else { Err(NotRule::Name) }
}

/// The first day that has begun nowhere in the country at `now`: days begin in the east.
pub fn first_free_day(now: Instant) -> Date {
    Date::from(now.date_in(Zone::Wit)).next()
}

/// Where a rule that begins on `from` ends, and which of `others`, the rules of its kind, end before
/// it instead of when they would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its last day: the one before the next rule that is there already begins.
    pub to: Option<Date>,
    /// The places in `others` of those that end on the day before it begins. One that would have begun
    /// on the same day never holds.
    pub closed: Vec<usize>,
}

/// The place of a rule that begins on `from` among `others`.
pub fn place_of(from: Date, others: &[Validity]) -> Place {
    let holds = |validity: &Validity| validity.to.is_none_or(|to| from <= to);
    let next = others
        .iter()
        .filter(|other| other.from > from && other.to.is_none_or(|to| other.from <= to));
    let to = next.map(|other| other.from).min().map(|next| next.minus_days(1));
    let begun = others.iter().enumerate().filter(|(_, other)| other.from <= from && holds(other));
    Place { to, closed: begun.map(|(place, _)| place).collect() }
}

impl PolicyBook {
    /// The next policy's version.
    pub fn next_version(&self) -> i32 {
        self.policies.iter().map(|policy| policy.version).max().unwrap_or(0).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(day: u64) -> Date {
        "2019-01-01".parse::<Date>().unwrap().plus_days(day)
    }

    #[test]
    fn texts_are_read_back() {
        let rupiah = |amount| Rupiah::new(amount).unwrap();
        let good = |commodity: &str, grade: Option<&str>, unit: &str, decimals| Good {
            commodity: commodity.to_owned(),
            grade: grade.map(str::to_owned),
            unit: unit.to_owned(),
            decimals,
        };
        let goods = vec![good("rice", Some("premium"), "kg", 3), good("eggs", None, "piece", 0)];
        let policy = NewPolicy::new(date(3), rupiah(150_000), goods.clone()).unwrap();
        assert_eq!(policy.text(), "2019-01-04 150000 rice/premium/kg/3 eggs//piece/0");
        assert_eq!(NewPolicy::read(&policy.text()), Some(policy));
        let twice = [goods.clone(), goods].concat();
        assert_eq!(NewPolicy::new(date(3), rupiah(1), twice), Err(NotRule::SameGood));
        assert_eq!(NewPolicy::new(date(3), rupiah(1), Vec::new()), Err(NotRule::Goods));
        let ceiling = NewCeiling {
            from: date(0),
            zone: PriceZone(2),
            commodity: "rice".to_owned(),
            grade: None,
            unit: "kg".to_owned(),
            price: rupiah(14_000),
        };
        assert_eq!(ceiling.text(), "2019-01-01 2 rice//kg 14000");
        assert_eq!(NewCeiling::read(&ceiling.text()), Some(ceiling.clone()));
        let nowhere = NewCeiling { zone: PriceZone(4), ..ceiling.clone() };
        assert_eq!(nowhere.new(), Err(NotRule::Zone));
        let odd = NewCeiling { commodity: "Rice/".to_owned(), ..ceiling };
        assert_eq!(odd.new(), Err(NotRule::Name));
    }

    #[test]
    fn a_day_is_free_when_it_has_begun_nowhere() {
        let free = |now: &str| first_free_day(now.parse().unwrap()).to_string();
        // 23:59 in WIT, and a minute later.
        assert_eq!(free("2019-01-01T14:59:00Z"), "2019-01-02");
        assert_eq!(free("2019-01-01T15:00:00Z"), "2019-01-03");
    }

    proptest! {
        /// Whatever is entered in whatever order: on each day at most one rule holds, days before the
        /// new one's keep theirs, and its first day is its own.
        #[test]
        fn rules_never_overlap(entered in prop::collection::vec(0_u64..40, 1..12)) {
            let known_from = Instant::from_millis(0);
            let mut rules: Vec<Validity> = Vec::new();
            for day in entered {
                let from = date(day);
                let before = rules.clone();
                let Place { to, closed } = place_of(from, &rules);
                for place in closed {
                    rules[place].to = Some(from.minus_days(1));
                }
                rules.push(Validity { from, to, known_from });
                for day in (0..41).map(date) {
                    let holding = |rules: &[Validity]| {
                        let holds = |rule: &&Validity| rule.holds(day, known_from);
                        rules.iter().filter(holds).map(|rule| rule.from).collect::<Vec<_>>()
                    };
                    let now = holding(&rules);
                    prop_assert!(now.len() <= 1, "{day}: {now:?}");
                    if day < from {
                        prop_assert_eq!(now, holding(&before), "{}", day);
                    } else if day == from {
                        prop_assert_eq!(now, vec![from]);
                    }
                }
            }
        }
    }
}
