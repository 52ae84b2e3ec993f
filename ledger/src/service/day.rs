//! A bank's day, as the bank marks it: the mark moves the bank's open day on, so that nothing new is
//! dated to the old one. The sealer closes it (`closing`).

use std::sync::Arc;

use crate::domain::bank::BankId;
use crate::domain::calendar::{Date, Zone};
use crate::domain::settlement::DayStatus;
use crate::store::StoreError;
use crate::store::connection::Connection;

use super::closing::first_id_of;
use super::error::Trouble;
use super::ledger::Ledger;
use super::shared::Contended;

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
