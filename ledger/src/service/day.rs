//! A bank's day, as the bank marks it: the mark moves the bank's open day on, so that nothing new is
//! dated to the old one. The sealer closes it (`closing`).

use std::sync::Arc;

use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::{CutOff, Date, Instant, Zone, business_date};
use crate::domain::settlement::DayStatus;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::days::DayRow;

use super::error::Trouble;
use super::history::Reader;
use super::ledger::Ledger;
use super::settlements::SettlementQuery;
use super::shared::Contended;

/// A bank's day that was marked.
#[derive(Clone, Debug)]
pub struct MarkedDay {
    /// The bank.
    pub bank: BankCode,
    /// The day.
    pub business_date: Date,
    /// Where it stands.
    pub state: DayStatus,
    /// When it was marked.
    pub marked_at: Instant,
    /// When it was closed.
    pub closed_at: Option<Instant>,
    /// Why it was closed before its cut-off, where it was.
    pub early_reason: Option<String>,
    /// How often it was noted that something keeps it open.
    pub tries: i32,
    /// What that is.
    pub problem: Option<String>,
}

/// Why a day is not closed.
#[derive(Debug, thiserror::Error)]
pub enum NotClosed {
    /// The bank closed it before without a mark, or it has not begun.
    #[error("this is no open business day of the bank")]
    NotOpen,
    /// Its cut-off is still to come, and the request does not close it early.
    #[error("the business day is not over yet")]
    NotOver,
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
    /// was marked before stays as it is. It may be marked from its first minute in WIB on; before its
    /// cut-off only with a reason (`early`), which is kept.
    ///
    /// # Errors
    /// [`NotClosed`]; then nothing was done, unless it says that it is not known.
    pub fn close_day(
        &self,
        client: i64,
        bank: BankId,
        day: Date,
        early: Option<String>,
    ) -> Result<DayStatus, NotClosed> {
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
            let record = tx.banks()?.into_iter().find(|record| record.id == bank);
            let record = record.ok_or_else(|| StoreError::corrupt("a bank is not there"))?;
            let early = early.as_deref().filter(|_| !is_over(day, record.cut_off, now));
            if early.is_none() && !is_over(day, record.cut_off, now) {
                return Err(NotClosed::NotOver);
            }
            let by = (client, now.as_millis());
            for skipped in days_before(tx, bank, (open, day))? {
                tx.mark_day(bank, skipped, by)?;
            }
            tx.mark_day(bank, day, by)?;
            if let Some(reason) = early {
                tx.keep_early_reason(bank, day, reason)?;
            }
            Ok(DayStatus::Closing)
        })
    }

    /// The marked days that are not closed yet, or those of the date that is asked for, closed or not. A
    /// merchant sees its bank's, without what keeps them open.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn marked_days(
        &self,
        reader: Reader,
        query: &SettlementQuery,
    ) -> Result<Vec<MarkedDay>, StoreError> {
        let rows = self.shared.read(|tx| {
            let asked = query.bank.as_deref().map(|code| tx.bank_by_code(code)).transpose()?;
            let asked = asked.map(|found| found.map(BankId));
            let (bank, merchant) = match (reader, asked) {
                (_, Some(None)) => return Ok(Vec::new()),
                (Reader::Bank(own), Some(Some(bank))) if own != bank => return Ok(Vec::new()),
                (Reader::Bank(own), _) => (Some(own), None),
                (Reader::Merchant(merchant), bank) => (bank.flatten(), Some(merchant)),
                (Reader::All, bank) => (bank.flatten(), None),
            };
            tx.days_shown((bank, merchant), query.business_date)
        })?;
        let inside = !matches!(reader, Reader::Merchant(_));
        rows.into_iter().map(|row| marked_day(row, inside)).collect()
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

fn marked_day(row: DayRow, inside: bool) -> Result<MarkedDay, StoreError> {
    let state = DayStatus::from_number(row.status);
    let (tries, problem) = row.trouble.unzip();
    // It is not tried before the earlier one is closed, so nothing else is known of it.
    let behind = row.behind.map(|day| format!("the bank's day {day} is still closing"));
    let problem = behind.or(problem);
    Ok(MarkedDay {
        bank: row.bank.parse().map_err(|error| StoreError::corrupt(format!("{error}")))?,
        business_date: row.day,
        state: state.ok_or_else(|| StoreError::corrupt("a day's status is unknown"))?,
        marked_at: Instant::from_millis(row.marked_at),
        closed_at: row.closed_at.map(Instant::from_millis),
        early_reason: row.early_reason.filter(|_| inside),
        tries: tries.filter(|_| inside).unwrap_or(0),
        problem: problem.filter(|_| inside),
    })
}

/// Whether what happens now is dated to a later day even where this one is open.
fn is_over(day: Date, cut_off: CutOff, now: Instant) -> bool {
    business_date(now, cut_off, day) > day
}

/// The days from `open` to the one before `day` that have to be closed with it: those with purchases
/// or reversals. The last week's are taken in any case: a purchase that is under way now may be dated
/// to one of them, and is not seen yet.
fn days_before(
    tx: &mut Connection,
    bank: BankId,
    (open, day): (Date, Date),
) -> Result<Vec<Date>, StoreError> {
    let mut days = if open < day { tx.days_with_sales(bank, (open, day))? } else { Vec::new() };
    days.extend((1..=7).map(|back| day.minus_days(back)).filter(|date| *date >= open));
    days.sort_unstable();
    days.dedup();
    Ok(days)
}
