//! Registering banks, merchants, terminals, households, wallets and cards: all of a set or nothing.
//!
//! A folder holds any of these CSV files, each with a header row that names its columns in any order:
//!
//! | file | columns |
//! |---|---|
//! | `banks.csv` | `bank` (`bri`), `name`, `clearing_code` (3 digits), `account_number`, `cutoff` (`22:00`, WIB), `open_business_date` (`2018-09-01`; at most the day that a purchase made now is dated to: today in WIB, from the cut-off on tomorrow), optional `settlement_lag` (0: paid on the day, 1: the day after; 1) |
//! | `merchants.csv` | `merchant_id` (at most 15 of A-Z, 0-9, `-`), `name`, `kind`, `address`, `region_code` (10 digits), `bank`, `zone` (WIB, WITA, WIT), `price_zone` (1 to 3), optional `account_number` (5 to 20 digits: its account at the bank, with which its statements are compared; otherwise its first recording fixes it) |
//! | `terminals.csv` | `terminal_id` (at most 8 of A-Z, 0-9, `-`), `merchant_id` |
//! | `households.csv` | `household` (a name within the set), `nik` (16 digits), `name`, `region_code` |
//! | `wallets.csv` | `household`, `bank`; one wallet for a household |
//! | `cards.csv` | `card_number`, `household`, `state`, `pin` (6 digits; an active card needs one, the column may be left out), `expires` (`2099-12-31`) |
//!
//! Merchants and wallets may name banks that are registered already, terminals such merchants;
//! households, wallets and cards come together.

mod cells;
mod check;
mod error;
mod read;
mod registered;
mod set;
#[cfg(test)]
mod tests;
mod update;
mod write;

use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};

use super::keyfile::KeysError;
use super::ledger::Ledger;

pub use error::{BadRow, Flaw, ImportErrors, ImportFile};
pub use read::read_folder;
pub use set::{
    BankEntry, CardEntry, HouseholdEntry, HouseholdRef, ImportSet, MerchantEntry, NotHouseholdRef,
    Row, TerminalEntry, WalletEntry,
};
pub use update::MerchantChange;

/// Fills bytes that can't be guessed: pseudonyms, salts, nonces.
pub type Random<'a> = dyn FnMut(&mut [u8]) -> Result<(), KeysError> + 'a;

/// How many of each were registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Banks.
    pub banks: usize,
    /// Merchants.
    pub merchants: usize,
    /// Terminals.
    pub terminals: usize,
    /// Households.
    pub households: usize,
    /// Wallets.
    pub wallets: usize,
    /// Cards.
    pub cards: usize,
}

impl Ledger {
    /// Registers everything in `set`, or nothing. Blocks until it is done; while it lasts, `SQLite`
    /// writes nothing else.
    ///
    /// # Errors
    /// [`ImportErrors::Rows`] names every row that is bad in itself, in its set or next to what is
    /// registered already.
    pub fn import(&self, set: ImportSet) -> Result<Imported, ImportErrors> {
        let system = SystemRandom::new();
        self.import_with(set, &mut |bytes| {
            system.fill(bytes).map_err(|_unspecified| KeysError::NoRandomness)
        })
    }

    /// The same with randomness from elsewhere. Only the demo may make it guessable.
    ///
    /// # Errors
    /// As [`Ledger::import`].
    pub fn import_with(
        &self,
        set: ImportSet,
        random: &mut Random<'_>,
    ) -> Result<Imported, ImportErrors> {
        let plan = Arc::new(write::Plan::new(set, &self.shared, Arc::clone(&self.keys), random)?);
        self.shared.write(move |tx| plan.carry_out(tx))
    }
}
