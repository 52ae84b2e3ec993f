//! The programme's rules read back from their tables.

use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text};

use crate::domain::calendar::{Date, Instant};
use crate::domain::money::Rupiah;
use crate::domain::policy::{Good, Policy, PolicyBook, PriceCeiling, PriceZone, Validity};

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    both AllPolicies {} -> (Integer, Integer, Nullable<Integer>, BigInt, BigInt);
    "SELECT version, valid_from, valid_to, known_from, monthly_amount FROM policies ORDER BY version"
}

statement! {
    both AllGoods {} -> (Integer, Text, Text, Text, SmallInt);
    "SELECT version, commodity, grade, unit, decimals FROM policy_goods
     ORDER BY version, commodity DESC, grade, unit"
}

statement! {
    both AllCeilings {} -> (SmallInt, Text, Text, Text, Integer, Nullable<Integer>, BigInt, BigInt);
    "SELECT price_zone, commodity, grade, unit, valid_from, valid_to, known_from, price FROM price_ceilings
     ORDER BY price_zone, commodity, grade, unit, valid_from"
}

statement! {
    both Revision {} -> Integer;
    "SELECT revision FROM registry_head"
}

impl Connection {
    /// All rules there are.
    pub(crate) fn policy_book(&mut self) -> Result<PolicyBook, StoreError> {
        let revision = self.first(Revision {})?.unwrap_or_default();
        let goods: Vec<(i32, String, String, String, i16)> = self.load(AllGoods {})?;
        let policies = self
            .load::<_, (i32, i32, Option<i32>, i64, i64)>(AllPolicies {})?
            .into_iter()
            .map(|(version, from, to, known, amount)| {
                Ok(Policy {
                    version,
                    validity: validity(from, to, known)?,
                    monthly_amount: money(amount)?,
                    goods: goods.iter().filter(|row| row.0 == version).map(good).collect(),
                })
            })
            .collect::<Result<_, StoreError>>()?;
        let ceilings = self
            .load::<_, (i16, String, String, String, i32, Option<i32>, i64, i64)>(AllCeilings {})?
            .into_iter()
            .map(|(zone, commodity, grade, unit, from, to, known, price)| {
                Ok(PriceCeiling {
                    zone: PriceZone(zone),
                    validity: validity(from, to, known)?,
                    commodity,
                    grade: some_text(&grade),
                    unit,
                    price: money(price)?,
                })
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(PolicyBook { revision, policies, ceilings })
    }
}

fn good((_, commodity, grade, unit, decimals): &(i32, String, String, String, i16)) -> Good {
    Good {
        commodity: commodity.clone(),
        grade: some_text(grade),
        unit: unit.clone(),
        decimals: u32::try_from(*decimals).unwrap_or(0),
    }
}

/// A grade that does not matter is stored as an empty text: it is part of a key.
fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn validity(from: i32, to: Option<i32>, known: i64) -> Result<Validity, StoreError> {
    let date = |number| {
        Date::from_number(number).map_err(|error| StoreError::corrupt(format!("a rule: {error}")))
    };
    let known_from = Instant::from_millis(known);
    Ok(Validity { from: date(from)?, to: to.map(date).transpose()?, known_from })
}

fn money(amount: i64) -> Result<Rupiah, StoreError> {
    Rupiah::new(amount).map_err(|error| StoreError::corrupt(format!("a rule: {error}")))
}
