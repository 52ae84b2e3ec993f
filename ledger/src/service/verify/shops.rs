//! What stands beside purchases: shops' states and data, refused inquiries, wrong PINs, receipts'
//! references, recorded times.

use std::collections::BTreeMap;

use crate::domain::calendar::{Instant, Zone};
use crate::domain::policy::PriceZone;
use crate::store::StoreError;
use crate::store::connection::Connection;

use super::{Run, require};

/// Clocks of nodes may differ by so much, and a purchase may be under way when its shop's data change.
const UNDER_WAY_MILLIS: i64 = 10_000;

/// Checks shops, and what no transfer has.
pub(super) fn run(run: &mut Run<'_>) -> Result<(), StoreError> {
    run.check("shop_changes", |connection, check| {
        check.note_rules(connection.broken_shops()?);
        Ok(())
    })?;
    run.check("inquiries", |connection, check| {
        check.rows = u64::try_from(connection.count_refused()?.0).unwrap_or(0);
        check.note_rules(connection.broken_inquiries()?);
        Ok(())
    })?;
    run.check("wrong_pins", |connection, check| {
        check.rows = u64::try_from(connection.count_refused()?.1).unwrap_or(0);
        let [pin, refusal, number] = connection.wrong_pins_astray()?;
        check.note(pin.map_or(Ok(()), |id| {
            Err(format!("wrong_pins {id}: nothing was refused for it at that terminal then"))
        }));
        check.note(refusal.map_or(Ok(()), |id| {
            Err(format!("wrong_pins: {id} was refused for one, and it is not kept"))
        }));
        check
            .note(number.map_or(Ok(()), |id| {
                Err(format!("wrong_pins {id}: its number is not the card's"))
            }));
        check.note_rules(connection.broken_uncounted()?);
        Ok(())
    })?;
    run.check("retrieval_references", |connection, check| {
        check.note_rules(connection.broken_retrieval_references()?);
        Ok(())
    })
}

/// What merchants' zones were before they were changed.
#[derive(Debug, Default)]
pub(super) struct Zones(BTreeMap<i64, Vec<Before>>);

/// What stood in a column until a change.
#[derive(Debug)]
struct Before {
    until: Instant,
    column: String,
    value: String,
}

impl Zones {
    pub(super) fn read(connection: &mut Connection) -> Result<Self, StoreError> {
        let mut merchants: BTreeMap<i64, Vec<Before>> = BTreeMap::new();
        for (merchant, until, column, value) in connection.zones_before()? {
            let before = Before { until: Instant::from_millis(until), column, value };
            merchants.entry(merchant).or_default().push(before);
        }
        Ok(Self(merchants))
    }

    /// What a merchant's zone and price zone may have been when something was decided: what stood there a
    /// moment before and a moment after, by what stands there now.
    pub(super) fn at(
        &self,
        merchant: i64,
        when: Instant,
        now: (Zone, PriceZone),
    ) -> [(Zone, PriceZone); 2] {
        let Some(changes) = self.0.get(&merchant) else { return [now, now] };
        [-UNDER_WAY_MILLIS, UNDER_WAY_MILLIS].map(|millis| {
            let at = when.plus_millis(millis);
            let stood = |column: &str| {
                let later = changes.iter().filter(|change| change.column == column);
                later.filter(|change| change.until > at).map(|change| change.value.as_str()).next()
            };
            let zone = stood("zone").and_then(zone_of).unwrap_or(now.0);
            let number = stood("price_zone").and_then(|text| text.parse().ok());
            (zone, number.map_or(now.1, PriceZone))
        })
    }
}

/// The zone of an offset such as `+07:00`.
fn zone_of(offset: &str) -> Option<Zone> {
    let hours = offset.strip_suffix(":00")?.parse().ok()?;
    Zone::from_hours(hours).ok()
}

/// Where banks' days stand in the log: the places of the first and the last batch with a purchase.
#[derive(Debug, Default)]
pub(super) struct Spans(BTreeMap<(i64, i64), (i64, i64)>);

impl Spans {
    /// A sealed purchase of a bank's day, in a batch that begins at a place.
    pub(super) fn add(&mut self, day: (i64, i64), place: i64) {
        let span = self.0.entry(day).or_insert((place, place));
        *span = (span.0.min(place), span.1.max(place));
    }

    /// Checks recorded times and days' spans; spans only where all purchases were seen.
    pub(super) fn check(&self, run: &mut Run<'_>) -> Result<(), StoreError> {
        run.check("log_times", |connection, check| {
            check.note_rules(connection.broken_times()?);
            Ok(())
        })?;
        if !run.is_whole() {
            return Ok(());
        }
        run.check("day_spans", |connection, check| {
            let mut kept = BTreeMap::new();
            for (bank, day, first, last) in connection.day_spans()? {
                kept.insert((bank, day), (first, last));
                check.seen(require(self.0.get(&(bank, day)) == Some(&(first, last)), || {
                    format!("day_spans of bank {bank}, {day}: its purchases stand elsewhere")
                }));
            }
            let missing = self.0.keys().find(|day| !kept.contains_key(*day));
            check.note(missing.map_or(Ok(()), |(bank, day)| {
                Err(format!("day_spans of bank {bank}, {day}: it is missing"))
            }));
            Ok(())
        })
    }
}
