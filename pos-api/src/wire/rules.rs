//! Policies and price ceilings on the wire.

use ledger::domain::calendar::Date;
use ledger::domain::money::Rupiah;
use ledger::domain::new_rule::{NewCeiling, NewPolicy, NotRule};
use ledger::domain::policy::{Good, Policy, PriceCeiling, PriceZone, Validity};
use ledger::service::{Entered, RuleOrigin};
use serde::{Deserialize, Serialize};

use super::{invalid, text};
use crate::problem::Problem;

const MAX_REASON: usize = 200;

/// The body of `POST /v1/policies`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyBody {
    valid_from: String,
    monthly_amount: i64,
    goods: Vec<GoodBody>,
    reason: String,
}

/// Something that may be bought.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct GoodBody {
    commodity: String,
    #[serde(default)]
    grade: Option<String>,
    unit: String,
    decimals: u32,
}

impl GoodBody {
    fn of(good: &Good) -> Self {
        Self {
            commodity: good.commodity.clone(),
            grade: good.grade.clone(),
            unit: good.unit.clone(),
            decimals: good.decimals,
        }
    }
}

impl PolicyBody {
    pub(crate) fn parse(self) -> Result<(NewPolicy, String), Problem> {
        let reason = text("/reason", &self.reason, MAX_REASON)?;
        let from = day(&self.valid_from)?;
        let amount = rupiah("/monthly_amount", self.monthly_amount)?;
        let good = |GoodBody { commodity, grade, unit, decimals }| Good {
            commodity,
            grade,
            unit,
            decimals,
        };
        let goods = self.goods.into_iter().map(good).collect();
        let policy = NewPolicy::new(from, amount, goods);
        Ok((policy.map_err(|error| refused(("/goods", "/monthly_amount"), error))?, reason))
    }
}

/// The body of `POST /v1/price-ceilings`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CeilingBody {
    price_zone: i16,
    commodity: String,
    #[serde(default)]
    grade: Option<String>,
    unit: String,
    valid_from: String,
    price: i64,
    reason: String,
}

impl CeilingBody {
    pub(crate) fn parse(self) -> Result<(NewCeiling, String), Problem> {
        let reason = text("/reason", &self.reason, MAX_REASON)?;
        let ceiling = NewCeiling {
            from: day(&self.valid_from)?,
            zone: PriceZone(self.price_zone),
            commodity: self.commodity,
            grade: self.grade,
            unit: self.unit,
            price: rupiah("/price", self.price)?,
        };
        Ok((ceiling.new().map_err(|error| refused(("/commodity", "/price"), error))?, reason))
    }
}

/// The problem of a rule that can't be, at the field it lies in: what it says of goods, or its amount.
fn refused((goods, amount): (&str, &str), error: NotRule) -> Problem {
    let pointer = match error {
        NotRule::Food | NotRule::Goods | NotRule::SameGood | NotRule::Decimals => goods,
        NotRule::Amount => amount,
        NotRule::Zone => "/price_zone",
    };
    invalid(pointer, error)
}

fn day(text: &str) -> Result<Date, Problem> {
    text.parse().map_err(|error| invalid("/valid_from", error))
}

fn rupiah(pointer: &str, amount: i64) -> Result<Rupiah, Problem> {
    Rupiah::new(amount).map_err(|_below| invalid(pointer, NotRule::Amount))
}

/// What a policy that is proposed says.
#[derive(Serialize)]
pub(crate) struct PolicyAbout {
    valid_from: String,
    monthly_amount: i64,
    goods: Vec<GoodBody>,
}

impl PolicyAbout {
    pub(crate) fn of(policy: &NewPolicy) -> Self {
        Self {
            valid_from: policy.from.to_string(),
            monthly_amount: policy.monthly_amount.get(),
            goods: policy.goods.iter().map(GoodBody::of).collect(),
        }
    }
}

/// What a price ceiling that is proposed says.
#[derive(Serialize)]
pub(crate) struct CeilingAbout {
    valid_from: String,
    price_zone: i16,
    commodity: String,
    grade: Option<String>,
    unit: String,
    price: i64,
}

impl CeilingAbout {
    pub(crate) fn of(ceiling: &NewCeiling) -> Self {
        Self {
            valid_from: ceiling.from.to_string(),
            price_zone: ceiling.zone.0,
            commodity: ceiling.commodity.clone(),
            grade: ceiling.grade.clone(),
            unit: ceiling.unit.clone(),
            price: ceiling.price.get(),
        }
    }
}

/// When a rule holds, and where it comes from.
#[derive(Serialize)]
struct Standing {
    valid_from: String,
    valid_to: Option<String>,
    known_from: String,
    reason: Option<String>,
    proposed_by: Option<String>,
    agreed_by: Option<String>,
}

impl Standing {
    fn of(validity: &Validity, origin: Option<&RuleOrigin>) -> Self {
        Self {
            valid_from: validity.from.to_string(),
            valid_to: validity.to.map(|to| to.to_string()),
            known_from: validity.known_from.rfc3339(),
            reason: origin.map(|origin| origin.reason.clone()),
            proposed_by: origin.map(|origin| origin.proposed_by.clone()),
            agreed_by: origin.and_then(|origin| origin.agreed_by.clone()),
        }
    }
}

/// A policy.
#[derive(Serialize)]
pub(crate) struct PolicyAnswer {
    version: i32,
    monthly_amount: i64,
    goods: Vec<GoodBody>,
    #[serde(flatten)]
    standing: Standing,
}

impl PolicyAnswer {
    pub(crate) fn of(Entered { rule, origin }: &Entered<Policy>) -> Self {
        Self {
            version: rule.version,
            monthly_amount: rule.monthly_amount.get(),
            goods: rule.goods.iter().map(GoodBody::of).collect(),
            standing: Standing::of(&rule.validity, origin.as_ref()),
        }
    }
}

/// A price ceiling.
#[derive(Serialize)]
pub(crate) struct CeilingAnswer {
    price_zone: i16,
    commodity: String,
    grade: Option<String>,
    unit: String,
    price: i64,
    #[serde(flatten)]
    standing: Standing,
}

impl CeilingAnswer {
    pub(crate) fn of(Entered { rule, origin }: &Entered<PriceCeiling>) -> Self {
        Self {
            price_zone: rule.zone.0,
            commodity: rule.commodity.clone(),
            grade: rule.grade.clone(),
            unit: rule.unit.clone(),
            price: rule.price.get(),
            standing: Standing::of(&rule.validity, origin.as_ref()),
        }
    }
}
