//! Figures for whoever watches the service: nothing about anybody in particular.

use crate::store::StoreError;
use crate::store::connection::Connection;

use super::super::lane::LaneFigures;
use super::super::ledger::Ledger;

/// How the service is doing.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// The lanes since the start.
    pub lanes: LaneFigures,
    /// Transfers that have their place in the log.
    pub log_size: i64,
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
            Ok::<_, StoreError>((connection.log_size()?, connection.suspended_terminals()?))
        };
        let (log_size, suspended_terminals) = self.shared.read(counts)?;
        Ok(Figures { lanes: self.lanes.figures(), log_size, suspended_terminals })
    }
}
