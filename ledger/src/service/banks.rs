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

impl Ledger {
    /// A bank's code.
    ///
    /// # Errors
    /// [`StoreError`] when the bank is not known, and the database can't tell.
    pub fn bank_code(&self, bank: BankId) -> Result<BankCode, StoreError> {
        let known = self.banks.0.read().unwrap_or_else(PoisonError::into_inner).get(&bank).cloned();
        if let Some(code) = known {
            return Ok(code);
        }
        let codes = self.shared.read(Connection::bank_codes)?;
        let mut known = self.banks.0.write().unwrap_or_else(PoisonError::into_inner);
        for (number, code) in codes {
            let code = code.parse().map_err(|error| StoreError::corrupt(format!("{error}")))?;
            known.insert(BankId(number), code);
        }
        let missing = || StoreError::corrupt(format!("bank {} is not there", bank.0));
        known.get(&bank).cloned().ok_or_else(missing)
    }
}
