//! I12: each purchase of a closed day is in exactly one settlement, and its totals are right.

use std::collections::BTreeMap;

use crate::domain::calendar::Date;
use crate::domain::settlement::SettlementReference;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::verify::{DayPart, DayRecord, PartOfDay};

use super::{Check, Run, require};

/// Checks settlements and banks' days.
pub(super) fn run(run: &mut Run<'_>) -> Result<(), StoreError> {
    let since = run.since;
    run.check("settlements", |connection, check| settlements(connection, check, since))?;
    run.check("settlement_references", references)?;
    run.check("settlement_payments", |connection, check| {
        let rules = connection.broken_payments()?;
        check.rows = u64::try_from(connection.count_payments()?).unwrap_or(0);
        check.note_rules(rules);
        Ok(())
    })?;
    run.check("business_days", |connection, check| {
        connection.each_business_day(&mut |day| {
            check.seen(check_day(&day));
            Ok(())
        })?;
        check.note_rules(connection.broken_days()?);
        check.note_rules(connection.broken_marks()?);
        check.note(connection.early_close_of_nothing()?.map_or(Ok(()), |bank| {
            Err(format!("early_closes of bank {bank}: its day was not marked"))
        }));
        Ok(())
    })
}

/// One merchant's day at its bank, while its parts go by.
#[derive(Debug)]
struct Day {
    key: (i64, i64, i64),
    closed: Option<bool>,
    settlement: Option<i64>,
    stated: (i64, i64, i64, i64),
    counted: (i64, i64, i64, i64),
    /// For each issuer, what is stated and what is counted.
    nets: BTreeMap<i64, (i64, i64)>,
}

impl Day {
    const fn new(key: (i64, i64, i64), closed: Option<bool>) -> Self {
        let none = (0, 0, 0, 0);
        let nets = BTreeMap::new();
        Self { key, closed, settlement: None, stated: none, counted: none, nets }
    }

    fn add(&mut self, part: PartOfDay) -> Result<(), String> {
        let (redemptions, reversals, gross, reversed) = &mut self.counted;
        match part.part {
            DayPart::Settlement { redemptions, reversals, gross, reversed } => {
                self.stated = (redemptions, reversals, gross, reversed);
                if let Some(before) = self.settlement.replace(part.id) {
                    return Err(format!(
                        "settlements {}: {before} is for the same merchant and day",
                        part.id
                    ));
                }
            }
            DayPart::Issuer { issuer, net } => {
                let nets = self.nets.entry(issuer).or_default();
                nets.0 = nets.0.saturating_add(net);
            }
            DayPart::Redemption { issuer, amount } => {
                (*redemptions, *gross) =
                    (redemptions.saturating_add(1), gross.saturating_add(amount));
                let nets = self.nets.entry(issuer).or_default();
                nets.1 = nets.1.saturating_add(amount);
            }
            DayPart::Reversal { issuer, amount } => {
                (*reversals, *reversed) =
                    (reversals.saturating_add(1), reversed.saturating_add(amount));
                let nets = self.nets.entry(issuer).or_default();
                nets.1 = nets.1.saturating_sub(amount);
            }
        }
        Ok(())
    }

    /// What was found once all parts have gone by.
    fn judge(&self) -> Result<(), String> {
        let (bank, date, merchant) = self.key;
        let Some(id) = self.settlement else {
            return require(self.closed != Some(true), || {
                format!(
                    "business_days of bank {bank}, {date}: closed, and merchant {merchant} has no \
                     settlement"
                )
            });
        };
        require(self.closed == Some(true), || {
            format!("settlements {id}: bank {bank} has not closed {date}")
        })?;
        require(self.stated == self.counted, || {
            let told = |(redemptions, reversals, gross, reversed): (i64, i64, i64, i64)| {
                format!("{redemptions} redemptions of {gross}, {reversals} reversals of {reversed}")
            };
            format!(
                "settlements {id}: it states {} but there are {}",
                told(self.stated),
                told(self.counted)
            )
        })?;
        let wrong = self.nets.iter().find(|(_, (stated, counted))| stated != counted);
        match wrong {
            Some((issuer, (stated, counted))) => Err(format!(
                "settlement_issuers {id} (issuer {issuer}): net {stated} but there is {counted}"
            )),
            None => Ok(()),
        }
    }
}

/// The parts come sorted by bank, date and merchant, so that one merchant's day is in memory.
fn settlements(
    connection: &mut Connection,
    check: &mut Check,
    since: i64,
) -> Result<(), StoreError> {
    let mut day: Option<Day> = None;
    connection.each_part_of_day(since, &mut |part| {
        if let Some(before) = day.take_if(|day| day.key != part.day) {
            check.seen(before.judge());
        }
        let current = day.get_or_insert_with(|| Day::new(part.day, part.closed));
        check.note(current.add(part));
        Ok(())
    })?;
    if let Some(last) = day {
        check.seen(last.judge());
    }
    Ok(())
}

/// Each is made of the bank's clearing code, the day and the merchant's place in it.
fn references(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    let (mut day, mut place) = (None, 0_u32);
    connection.each_settlement_reference(&mut |(id, bank, date, code, reference)| {
        place = if day == Some((bank, date)) { place.saturating_add(1) } else { 1 };
        day = Some((bank, date));
        let on = i32::try_from(date).ok().and_then(|date| Date::from_number(date).ok());
        let made = on.and_then(|on| SettlementReference::new(&code, on, place));
        let made = made.map(|made| made.to_string());
        check.seen(require(made.as_deref() == Some(reference.as_str()), || {
            format!("settlements {id}: its reference `{reference}` is not {made:?}")
        }));
        Ok(())
    })
}

fn check_day(day: &DayRecord) -> Result<(), String> {
    let at = |what: String| format!("business_days of bank {}, {}: {what}", day.bank, day.date);
    let is_date =
        |number: i64| i32::try_from(number).is_ok_and(|number| Date::from_number(number).is_ok());
    require(is_date(day.date), || at("that is no date".to_owned()))?;
    require(is_date(day.open) && day.open > day.date, || {
        at(format!("the bank's open day is {}", day.open))
    })?;
    if !day.closed {
        return Ok(());
    }
    require(day.closed_at.is_some(), || at("closed, and not when".to_owned()))?;
    let within = day.log_size.is_some_and(|size| (0..=day.log_head).contains(&size));
    require(within, || at(format!("closed at a log size that was not: {:?}", day.log_size)))
}
