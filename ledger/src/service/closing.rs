//! Closing the days that banks marked.
//!
//! Requests that read the old day just before the mark may still be under way: the day stays
//! `closing` until none can be, and until everything that was visible then is sealed. So no purchase
//! falls between two settlements.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveTime;

use crate::domain::bank::BankId;
use crate::domain::calendar::{Date, Instant, Zone};
use crate::domain::ids::lowest_at;
use crate::domain::settlement::SettlementReference;
use crate::store::StoreError;
use crate::store::banks::BankRecord;
use crate::store::connection::Connection;
use crate::store::settlements::{DaySum, NewIssuerPart, NewSettlement};

use super::error::Trouble;
use super::ids::IdSource;
use super::shared::Shared;

/// Below every id of a purchase that is dated to `day`. It was made after the midnight before the day
/// began; a day more is left for clocks that do not agree.
pub(super) fn first_id_of(day: Date) -> i64 {
    lowest_at(Instant::at(day.minus_days(2).naive(), NaiveTime::MIN, Zone::Wib))
}

/// Closes marked days, and remembers how far each has come.
#[derive(Debug, Default)]
pub(super) struct DayCloser {
    /// The last batch that was visible when nothing could read the day as open any more. Only what
    /// is up to it has to be sealed: under load there are always later ones.
    bounds: HashMap<(BankId, Date), i64>,
}

impl DayCloser {
    /// Closes every marked day that is complete, a bank's days in their order: what a merchant owes after
    /// one is carried into the next.
    pub(super) fn close_complete_days(&mut self, shared: &Arc<Shared>) -> Result<(), Trouble> {
        let mut waiting = HashSet::new();
        for (bank, day, fence) in shared.read_own(Connection::closing_days)? {
            if fence == 0 {
                // Its transaction begins after the mark is visible: whatever read the day as open
                // began before, and has a lower number.
                shared.write::<_, Trouble>(move |tx| Ok(tx.set_fence(bank, day)?))?;
                waiting.insert(bank);
            } else if !waiting.contains(&bank) && self.is_complete(shared, (bank, day), fence)? {
                close(shared, bank, day)?;
                self.bounds.remove(&(bank, day));
            } else {
                waiting.insert(bank);
            }
        }
        Ok(())
    }

    /// Whether everything that could have read the day as open has ended, and what it wrote is
    /// sealed.
    fn is_complete(
        &mut self,
        shared: &Shared,
        day: (BankId, Date),
        fence: i64,
    ) -> Result<bool, Trouble> {
        shared.read_own(|connection| {
            if let Some(bound) = self.bounds.get(&day) {
                return Ok(connection.unsealed_batches(1)?.first().is_none_or(|b| b.id > *bound));
            }
            // Asked in this order: what ended before the first look is visible to the second.
            if connection.oldest_transaction()? < fence {
                return Ok(false);
            }
            let bound = connection.last_unsealed_batch()?;
            if let Some(bound) = bound {
                self.bounds.insert(day, bound);
            }
            Ok(bound.is_none())
        })
    }
}

/// What a merchant sold on a day, by issuer: counts and rupiah; and what it owes of the days before.
#[derive(Debug, Default)]
struct MerchantDay {
    carried: i64,
    redemptions: i64,
    reversals: i64,
    gross: i64,
    reversed: i64,
    issuers: BTreeMap<i16, i64>,
}

impl MerchantDay {
    fn sold(&mut self, issuer: i16, count: i64, sum: i64) {
        self.redemptions = self.redemptions.saturating_add(count);
        self.gross = self.gross.saturating_add(sum);
        let net = self.issuers.entry(issuer).or_default();
        *net = net.saturating_add(sum);
    }

    fn taken_back(&mut self, issuer: i16, count: i64, sum: i64) {
        self.reversals = self.reversals.saturating_add(count);
        self.reversed = self.reversed.saturating_add(sum);
        let net = self.issuers.entry(issuer).or_default();
        *net = net.saturating_sub(sum);
    }
}

fn close(shared: &Arc<Shared>, bank: BankId, day: Date) -> Result<(), Trouble> {
    // The day changes no more, so its sums may be read before the transaction that records them.
    let floor = first_id_of(day);
    let (sold, taken_back, left, banks) = shared.read_own(|connection| {
        let left = connection.left_before((bank, 0), day)?;
        let sold = connection.sold_on(bank, day, floor)?;
        let taken_back = connection.taken_back_on(bank, day)?;
        Ok::<_, StoreError>((sold, taken_back, left, connection.banks()?))
    })?;
    let record = banks.into_iter().find(|record| record.id == bank);
    let record = record.ok_or_else(|| StoreError::corrupt("a closing day's bank is not there"))?;
    let merchants = Arc::new(by_merchant(&sold, &taken_back, &left));
    let (clock, ids) = (Arc::clone(&shared.clock), Arc::clone(&shared.ids));
    shared.write(move |tx| record_day(tx, &ids, (&record, day), &merchants, clock.now()))
}

fn by_merchant(
    sold: &[DaySum],
    taken_back: &[DaySum],
    left: &[(i64, i64)],
) -> BTreeMap<i64, MerchantDay> {
    let mut merchants: BTreeMap<i64, MerchantDay> = BTreeMap::new();
    for (merchant, issuer, count, sum) in sold {
        merchants.entry(*merchant).or_default().sold(*issuer, *count, *sum);
    }
    for (merchant, issuer, count, sum) in taken_back {
        merchants.entry(*merchant).or_default().taken_back(*issuer, *count, *sum);
    }
    // Who neither sold nor took back has no settlement, and goes on owing.
    for (merchant, left) in left {
        if let Some(day) = merchants.get_mut(merchant) {
            day.carried = *left;
        }
    }
    merchants
}

fn record_day(
    tx: &mut Connection,
    ids: &IdSource,
    (bank, day): (&BankRecord, Date),
    merchants: &BTreeMap<i64, MerchantDay>,
    now: Instant,
) -> Result<(), Trouble> {
    let size = tx.log_size()?;
    if !tx.set_closed((bank.id, day), size, now.as_millis())? {
        return Ok(());
    }
    let block = ids.block(merchants.len().max(1), 0, now)?;
    let (mut settlements, mut parts) = (Vec::new(), Vec::new());
    for ((merchant, sums), number) in merchants.iter().zip(1_u32..) {
        let reference = SettlementReference::new(&bank.clearing_code, day, number);
        let reference = reference.ok_or_else(|| StoreError::corrupt("too many settlements"))?;
        let id = block.id(i64::from(number).saturating_sub(1));
        let count = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
        settlements.push(NewSettlement {
            id,
            bank_id: bank.id.0,
            merchant_id: *merchant,
            business_date: day.as_number(),
            reference: reference.to_string(),
            redemptions: count(sums.redemptions),
            reversals: count(sums.reversals),
            gross: sums.gross,
            reversed: sums.reversed,
            carried: sums.carried,
        });
        let part = |(issuer, net): (&i16, &i64)| NewIssuerPart {
            settlement_id: id,
            issuer: *issuer,
            net: *net,
        };
        parts.extend(sums.issuers.iter().map(part));
    }
    NewSettlement::insert_all(tx, settlements)?;
    NewIssuerPart::insert_all(tx, parts)?;
    Ok(())
}
