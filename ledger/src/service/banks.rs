//! The banks' codes, remembered: they are few and never change.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::domain::bank::{BankCode, BankId};
use crate::store::StoreError;
use crate::store::connection::Connection;

use super::ledger::Ledger;

/// The codes that were seen so far.
#[derive(Debug, Default)]
pub(super) struct BankCodes(RwLock<HashMap<BankId, BankCode>>);

impl BankCodes {
    /// Remembers every bank's code.
    pub(super) fn learn(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let codes = connection.bank_codes()?;
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (number, code) in codes {
            let code = code.parse().map_err(|error| StoreError::corrupt(format!("{error}")))?;
            known.insert(BankId(number), code);
        }
        Ok(())
    }

    fn get(&self, bank: BankId) -> Option<BankCode> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&bank).cloned()
    }
}

impl Ledger {
    /// The bank with this code, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't tell.
    pub fn bank_id(&self, code: &str) -> Result<Option<BankId>, StoreError> {
        Ok(self.shared.read(|connection| connection.bank_by_code(code))?.map(BankId))
    }

    /// A bank's code.
    ///
    /// # Errors
    /// [`StoreError`] when the bank is not known, and the database can't tell.
    pub fn bank_code(&self, bank: BankId) -> Result<BankCode, StoreError> {
        if let Some(code) = self.banks.get(bank) {
            return Ok(code);
        }
        self.shared.read(|connection| self.banks.learn(connection))?;
        let missing = || StoreError::corrupt(format!("bank {} is not there", bank.0));
        self.banks.get(bank).ok_or_else(missing)
    }
}
