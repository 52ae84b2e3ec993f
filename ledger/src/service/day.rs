//! A bank's day: marked by the bank, closed by the sealer once all of it is sealed.
//!
//! The mark moves the bank's open day on, so that nothing new is dated to the old one. Requests that
//! read the old day just before may still be under way: the day stays `closing` until none can be and
//! everything visible is sealed. So no purchase falls between two settlements.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::bank::BankId;
use crate::domain::calendar::{Date, Instant, Zone};
use crate::domain::settlement::{DayStatus, SettlementReference};
use crate::store::StoreError;
use crate::store::banks::BankRecord;
use crate::store::connection::Connection;
use crate::store::settlements::{DaySum, NewIssuerPart, NewSettlement};

use super::error::Trouble;
use super::ids::IdSource;
use super::ledger::Ledger;
use super::settlements::first_id_of;
use super::shared::{Contended, Shared};

/// Why a day is not closed.
#[derive(Debug, thiserror::Error)]
pub enum NotClosed {
    /// The bank closed it before without a mark, or it has not begun.
    #[error("this is no open business day of the bank")]
    NotOpen,
    /// The client's access was withdrawn.
    #[error("the client's access was withdrawn")]
    ClientRevoked,
    /// Nothing was done, or it is not known.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for NotClosed {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Contended for NotClosed {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

impl Ledger {
    /// Marks a bank's day as closing, and with it every day before that it has not closed; a day that
    /// was marked before stays as it is. It may be marked from its first minute in WIB on.
    ///
    /// # Errors
    /// [`NotClosed`]; then nothing was done, unless it says that it is not known.
    pub fn close_day(&self, client: i64, bank: BankId, day: Date) -> Result<DayStatus, NotClosed> {
        let clock = Arc::clone(&self.shared.clock);
        self.shared.write(move |tx| {
            if !tx.client_stands(client)? {
                return Err(NotClosed::ClientRevoked);
            }
            let now = clock.now();
            let open = tx.lock_open_day(bank)?;
            if let Some(status) = tx.day_status(bank, day)? {
                let status = DayStatus::from_number(status);
                return Ok(status.ok_or_else(|| StoreError::corrupt("a day's status is unknown"))?);
            }
            if day < open || day > Date::from(now.date_in(Zone::Wib)) {
                return Err(NotClosed::NotOpen);
            }
            for skipped in days_before(tx, bank, (open, day))? {
                tx.mark_day(bank, skipped, now.as_millis())?;
            }
            tx.mark_day(bank, day, now.as_millis())?;
            Ok(DayStatus::Closing)
        })
    }

    /// Where a bank's day stands.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    pub fn day_status(&self, bank: BankId, day: Date) -> Result<DayStatus, StoreError> {
        let status = self.shared.read(|connection| connection.day_status(bank, day))?;
        Ok(status.and_then(DayStatus::from_number).unwrap_or(DayStatus::Open))
    }
}

/// The days from `open` to the one before `day` that have to be closed with it: those with purchases
/// or reversals. The last week's are taken in any case: a purchase that is under way now may be dated
/// to one of them, and is not seen yet.
fn days_before(
    tx: &mut Connection,
    bank: BankId,
    (open, day): (Date, Date),
) -> Result<Vec<Date>, StoreError> {
    let mut days = if open < day {
        tx.days_with_sales(bank, (open, day), first_id_of(open))?
    } else {
        Vec::new()
    };
    days.extend((1..=7).map(|back| day.minus_days(back)).filter(|date| *date >= open));
    days.sort_unstable();
    days.dedup();
    Ok(days)
}

/// Closes every marked day that is complete.
pub(super) fn close_settled_days(shared: &Arc<Shared>) -> Result<(), Trouble> {
    for (bank, day, fence) in shared.read(Connection::closing_days)? {
        if fence == 0 {
            let (_, next) = shared.read(Connection::snapshot_bounds)?;
            shared.write::<_, Trouble>(move |tx| Ok(tx.set_fence(bank, day, next)?))?;
        } else if is_complete(shared, fence)? {
            close(shared, bank, day)?;
        }
    }
    Ok(())
}

/// Whether everything that could have read the day as open has ended, and what it wrote is sealed.
fn is_complete(shared: &Shared, fence: i64) -> Result<bool, Trouble> {
    shared.read(|connection| {
        let (oldest, _) = connection.snapshot_bounds()?;
        // Asked in this order: what ended before the first look is visible to the second.
        Ok(oldest >= fence && connection.unsealed_batches(1)?.is_empty())
    })
}

/// What a merchant sold on a day, by issuer: counts and rupiah.
#[derive(Debug, Default)]
struct MerchantDay {
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
    let (sold, taken_back, banks) = shared.read(|connection| {
        let sold = connection.sold_on(bank, day, floor)?;
        let taken_back = connection.taken_back_on(bank, day)?;
        Ok::<_, StoreError>((sold, taken_back, connection.banks()?))
    })?;
    let record = banks.into_iter().find(|record| record.id == bank);
    let record = record.ok_or_else(|| StoreError::corrupt("a closing day's bank is not there"))?;
    let merchants = Arc::new(by_merchant(&sold, &taken_back));
    let (clock, ids) = (Arc::clone(&shared.clock), Arc::clone(&shared.ids));
    shared.write(move |tx| record_day(tx, &ids, (&record, day), &merchants, clock.now()))
}

fn by_merchant(sold: &[DaySum], taken_back: &[DaySum]) -> BTreeMap<i64, MerchantDay> {
    let mut merchants: BTreeMap<i64, MerchantDay> = BTreeMap::new();
    for (merchant, issuer, count, sum) in sold {
        merchants.entry(*merchant).or_default().sold(*issuer, *count, *sum);
    }
    for (merchant, issuer, count, sum) in taken_back {
        merchants.entry(*merchant).or_default().taken_back(*issuer, *count, *sum);
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
            reference: reference.as_str().to_owned(),
            redemptions: count(sums.redemptions),
            reversals: count(sums.reversals),
            gross: sums.gross,
            reversed: sums.reversed,
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
