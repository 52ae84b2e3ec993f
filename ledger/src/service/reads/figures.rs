//! Figures for monitoring the service; they contain nothing about any person.

use crate::store::StoreError;
use crate::store::connection::Connection;

use super::super::lane::LaneFigures;
use super::super::ledger::Ledger;

/// How the service is doing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// The lanes since the start.
    pub lanes: LaneFigures,
    /// Transfers that have their place in the log.
    pub log_size: i64,
    /// Banks' days that are marked and not closed yet.
    pub closing_days: u64,
    /// Those of them that something keeps open.
    pub stuck_days: u64,
    /// Terminals that are suspended.
    pub suspended_terminals: i64,
}

impl Ledger {
    /// How the service is doing.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't tell.
    pub fn figures(&self) -> Result<Figures, StoreError> {
        let counts = |connection: &mut Connection| {
            let days = connection.count_closing_days()?;
            Ok::<_, StoreError>((connection.log_size()?, days, connection.suspended_terminals()?))
        };
        let (log_size, (closing, stuck), suspended_terminals) = self.shared.read(counts)?;
        let count = |days: i64| u64::try_from(days).unwrap_or(0);
        let (closing_days, stuck_days) = (count(closing), count(stuck));
        let lanes = self.lanes.figures();
        Ok(Figures { lanes, log_size, closing_days, stuck_days, suspended_terminals })
    }
}
