//! Rules that two clients entered: the new row, what it closes, and who wanted it.

use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text};

use crate::domain::calendar::{Date, Instant};
use crate::domain::new_rule::{NewCeiling, NewPolicy};
use crate::domain::policy::{Good, Policy, PriceCeiling};

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    both HoldRegistry {};
    "UPDATE registry_head SET revision = revision"
}

statement! {
    both ClosePolicy { to: i32, version: i32 };
    "UPDATE policies SET valid_to = " [to: Integer] " WHERE version = " [version: Integer]
}

statement! {
    both InsertPolicy {
        version: i32, from: i32, to: Option<i32>, known: i64, amount: i64, proposal: i64,
    };
    "INSERT INTO policies (version, valid_from, valid_to, known_from, monthly_amount, proposal_id) VALUES ("
    [version: Integer] ", " [from: Integer] ", " [to: Nullable<Integer>] ", " [known: BigInt] ", "
    [amount: BigInt] ", " [proposal: BigInt] ")"
}

statement! {
    both InsertGood<'a> {
        version: i32, commodity: &'a str, grade: &'a str, unit: &'a str, decimals: i16,
    };
    "INSERT INTO policy_goods (version, commodity, grade, unit, decimals) VALUES ("
    [version: Integer] ", " [commodity: Text] ", " [grade: Text] ", " [unit: Text] ", "
    [decimals: SmallInt] ")"
}

statement! {
    both CloseCeiling<'a> {
        to: i32, zone: i16, commodity: &'a str, grade: &'a str, unit: &'a str, from: i32, known: i64,
    };
    "UPDATE price_ceilings SET valid_to = " [to: Integer] " WHERE price_zone = " [zone: SmallInt]
    " AND commodity = " [commodity: Text] " AND grade = " [grade: Text] " AND unit = " [unit: Text]
    " AND valid_from = " [from: Integer] " AND known_from = " [known: BigInt]
}

statement! {
    both InsertCeiling<'a> {
        zone: i16, commodity: &'a str, grade: &'a str, unit: &'a str, from: i32, to: Option<i32>,
        known: i64, price: i64, proposal: i64,
    };
    "INSERT INTO price_ceilings (price_zone, commodity, grade, unit, valid_from, valid_to, known_from, price,
        proposal_id) VALUES (" [zone: SmallInt] ", " [commodity: Text] ", " [grade: Text] ", "
    [unit: Text] ", " [from: Integer] ", " [to: Nullable<Integer>] ", " [known: BigInt] ", "
    [price: BigInt] ", " [proposal: BigInt] ")"
}

statement! {
    both PolicyOrigins {} -> (Integer, Text, Text, Nullable<Text>);
    "SELECT p.version, o.detail, f.client_id, s.client_id
     FROM policies p JOIN proposals o ON o.id = p.proposal_id
     JOIN clients f ON f.id = o.proposed_by LEFT JOIN clients s ON s.id = o.agreed_by"
}

statement! {
    both CeilingOrigins {} -> (SmallInt, Text, Text, Text, Integer, BigInt, Text, Text, Nullable<Text>);
    "SELECT c.price_zone, c.commodity, c.grade, c.unit, c.valid_from, c.known_from,
            o.detail, f.client_id, s.client_id
     FROM price_ceilings c JOIN proposals o ON o.id = c.proposal_id
     JOIN clients f ON f.id = o.proposed_by LEFT JOIN clients s ON s.id = o.agreed_by"
}

/// Why a rule was entered, and the two clients that wanted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OriginRow {
    pub(crate) reason: String,
    pub(crate) proposed_by: String,
    pub(crate) agreed_by: Option<String>,
}

type CeilingKey = (i16, String, String, String, i32, i64);

/// What a ceiling is known by.
pub(crate) fn ceiling_key(ceiling: &PriceCeiling) -> CeilingKey {
    (
        ceiling.zone.0,
        ceiling.commodity.clone(),
        ceiling.grade.clone().unwrap_or_default(),
        ceiling.unit.clone(),
        ceiling.validity.from.as_number(),
        ceiling.validity.known_from.as_millis(),
    )
}

impl Connection {
    /// Locks all rules until the transaction ends. The change that follows notifies the lanes.
    pub(crate) fn hold_rules(&mut self) -> Result<(), StoreError> {
        self.execute(HoldRegistry {}).map(|_| ())
    }

    /// Ends a policy on a day.
    pub(crate) fn close_policy(&mut self, policy: &Policy, to: Date) -> Result<(), StoreError> {
        let statement = ClosePolicy { to: to.as_number(), version: policy.version };
        self.execute(statement).map(|_| ())
    }

    /// Adds a policy that `proposal` became.
    pub(crate) fn add_policy(
        &mut self,
        policy: &NewPolicy,
        (version, to, known): (i32, Option<Date>, Instant),
        proposal: i64,
    ) -> Result<(), StoreError> {
        self.execute(InsertPolicy {
            version,
            from: policy.from.as_number(),
            to: to.map(Date::as_number),
            known: known.as_millis(),
            amount: policy.monthly_amount.get(),
            proposal,
        })?;
        for Good { commodity, grade, unit, decimals } in &policy.goods {
            let grade = grade.as_deref().unwrap_or_default();
            let decimals = i16::try_from(*decimals).unwrap_or(i16::MAX);
            self.execute(InsertGood { version, commodity, grade, unit, decimals })?;
        }
        Ok(())
    }

    /// Ends a ceiling on a day.
    pub(crate) fn close_ceiling(
        &mut self,
        ceiling: &PriceCeiling,
        to: Date,
    ) -> Result<(), StoreError> {
        let (zone, commodity, grade, unit, from, known) = &ceiling_key(ceiling);
        let (zone, from, known) = (*zone, *from, *known);
        let to = to.as_number();
        self.execute(CloseCeiling { to, zone, commodity, grade, unit, from, known }).map(|_| ())
    }

    /// Adds a ceiling that `proposal` became.
    pub(crate) fn add_ceiling(
        &mut self,
        ceiling: &NewCeiling,
        (to, known): (Option<Date>, Instant),
        proposal: i64,
    ) -> Result<(), StoreError> {
        let statement = InsertCeiling {
            zone: ceiling.zone.0,
            commodity: &ceiling.commodity,
            grade: ceiling.grade.as_deref().unwrap_or_default(),
            unit: &ceiling.unit,
            from: ceiling.from.as_number(),
            to: to.map(Date::as_number),
            known: known.as_millis(),
            price: ceiling.price.get(),
            proposal,
        };
        self.execute(statement).map(|_| ())
    }

    /// Where policies come from that two clients entered, by version.
    pub(crate) fn policy_origins(&mut self) -> Result<Vec<(i32, OriginRow)>, StoreError> {
        let rows: Vec<(i32, String, String, Option<String>)> = self.load(PolicyOrigins {})?;
        let origin = |(version, reason, proposed_by, agreed_by)| {
            (version, OriginRow { reason, proposed_by, agreed_by })
        };
        Ok(rows.into_iter().map(origin).collect())
    }

    /// Where ceilings come from that two clients entered.
    pub(crate) fn ceiling_origins(&mut self) -> Result<Vec<(CeilingKey, OriginRow)>, StoreError> {
        type Row = (i16, String, String, String, i32, i64, String, String, Option<String>);
        let rows: Vec<Row> = self.load(CeilingOrigins {})?;
        let origin =
            |(zone, commodity, grade, unit, from, known, reason, proposed_by, agreed_by): Row| {
                let key = (zone, commodity, grade, unit, from, known);
                (key, OriginRow { reason, proposed_by, agreed_by })
            };
        Ok(rows.into_iter().map(origin).collect())
    }
}
