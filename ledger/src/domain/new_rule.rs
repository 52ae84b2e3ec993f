//! Rules that are to hold from a day on: a policy or a price ceiling as the programme enters it, and
//! what it closes of the rules that are there.
//!
//! A rule is never changed. One that is entered begins on a day that has begun nowhere in the country
//! yet, and what would hold on that day ends on the day before; so nothing that was decided, or is
//! decided today, is judged by it.

use super::calendar::{Date, Instant, Zone};
use super::money::Rupiah;
use super::policy::{Good, PolicyBook, PriceZone, Validity};

/// What the programme hands out: rice, of a grade and by weight to the gram, and eggs, counted or by
/// weight. The till, the shops' goods and the price ceilings know no other food, so no rule may name one.
const FOODS: [Food; 5] = [
    Food { commodity: "rice", grade: Some("medium"), unit: "kg", decimals: 3 },
    Food { commodity: "rice", grade: Some("premium"), unit: "kg", decimals: 3 },
    Food { commodity: "eggs", grade: None, unit: "piece", decimals: 0 },
    Food { commodity: "eggs", grade: None, unit: "tray", decimals: 0 },
    Food { commodity: "eggs", grade: None, unit: "kg", decimals: 3 },
];

/// The highest amount of a rule, in rupiah: far above any month or price there was, and low enough that
/// no sum over all families comes near the end of the numbers.
const HIGHEST_AMOUNT: i64 = 1_000_000_000;

/// A food of the programme as it may be sold.
struct Food {
    commodity: &'static str,
    grade: Option<&'static str>,
    unit: &'static str,
    /// The most decimals that a quantity of it may have.
    decimals: u32,
}

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
    /// Something that the programme does not hand out, or not in this way.
    #[error(
        "the programme's foods are rice, `medium` or `premium`, by `kg`, and eggs, without a grade, \
         by `piece`, `tray` or `kg`"
    )]
    Food,
    /// No good may be bought.
    #[error("a policy names at least one good")]
    Goods,
    /// Two goods are the same.
    #[error("two goods have the same commodity, grade and unit")]
    SameGood,
    /// A finer quantity than the food is sold by.
    #[error("what is counted has 0 decimals, what is weighed by `kg` at most 3")]
    Decimals,
    /// No money, or more than a rule may say.
    #[error("an amount is 1 to 1000000000")]
    Amount,
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
        amount(monthly_amount)?;
        if goods.is_empty() {
            return Err(NotRule::Goods);
        }
        for (place, good) in goods.iter().enumerate() {
            let Good { commodity, grade, unit, decimals } = good;
            if *decimals > food(commodity, grade.as_deref(), unit)?.decimals {
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
        let is_some = |food: &&Food| food.commodity == self.commodity && food.unit == self.unit;
        match self.grade.as_deref() {
            // A ceiling of all grades.
            None => FOODS.iter().find(is_some).map(|_food| ()).ok_or(NotRule::Food)?,
            grade => food(&self.commodity, grade, &self.unit).map(|_food| ())?,
        }
        amount(self.price)?;
        if matches!(self.zone.0, 1..=3) { Ok(self) } else { Err(NotRule::Zone) }
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

fn food(commodity: &str, grade: Option<&str>, unit: &str) -> Result<&'static Food, NotRule> {
    let known = FOODS
        .iter()
        .find(|food| (food.commodity, food.grade, food.unit) == (commodity, grade, unit));
    known.ok_or(NotRule::Food)
}

fn amount(amount: Rupiah) -> Result<(), NotRule> {
    if (1..=HIGHEST_AMOUNT).contains(&amount.get()) { Ok(()) } else { Err(NotRule::Amount) }
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
        let odd = NewCeiling { commodity: "Rice/".to_owned(), ..ceiling.clone() };
        assert_eq!(odd.new(), Err(NotRule::Food));
        let dear = NewCeiling { price: rupiah(1_000_000_001), ..ceiling };
        assert_eq!(dear.new(), Err(NotRule::Amount));
    }

    #[test]
    fn only_the_programmes_foods_can_be_named() {
        let policy = |commodity: &str, grade: Option<&str>, unit: &str, decimals| {
            let (grade, unit) = (grade.map(str::to_owned), unit.to_owned());
            let good = Good { commodity: commodity.to_owned(), grade, unit, decimals };
            NewPolicy::new(date(3), Rupiah::new(110_000).unwrap(), vec![good]).map(|_| ())
        };
        for food in &FOODS {
            assert_eq!(policy(food.commodity, food.grade, food.unit, food.decimals), Ok(()));
            let finer = policy(food.commodity, food.grade, food.unit, food.decimals + 1);
            assert_eq!(finer, Err(NotRule::Decimals));
        }
        for (commodity, grade, unit) in [
            ("sugar", None, "kg"),
            ("tobacco", None, "piece"),
            ("rice", None, "kg"),
            ("rice", Some("broken"), "kg"),
            ("rice", Some("premium"), "piece"),
            ("eggs", Some("premium"), "piece"),
            ("eggs", None, "sack"),
            ("Rice", Some("premium"), "kg"),
        ] {
            assert_eq!(policy(commodity, grade, unit, 0), Err(NotRule::Food), "{commodity}");
        }
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
