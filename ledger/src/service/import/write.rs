//! Carrying a set out: what the database has to say about it, then its rows, in one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::account::AccountKind;
use crate::domain::calendar::Instant;
use crate::domain::card::{CardState, PIN_TRIES};
use crate::domain::ids::{AccountId, CardId, HouseholdId, IdBlock};
use crate::domain::keys::{CardIndex, Keys};
use crate::service::keyfile::KeysError;
use crate::service::ledger::Shared;
use crate::store::connection::Connection;
use crate::store::registry::{
    NewAccount, NewBank, NewBankFunds, NewCard, NewCardNumber, NewHousehold, NewMerchant,
    NewTerminal, NewWallet, STATUS_ACTIVE, WALLET_OPEN,
};

use super::check;
use super::error::{BadRow, ImportErrors};
use super::registered::Registered;
use super::set::{CardEntry, HouseholdRef, ImportSet};
use super::{Imported, Random};

/// Ids that one block can surely have: the node's mark is written about 40 million ahead.
const MOST_IDS: usize = 30_000_000;
/// Banks are numbered by a small integer.
const MOST_BANKS: usize = 10_000;

/// A set with all it needs to be written, so that the transaction can be tried again as it is.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) set: ImportSet,
    /// What is wrong with it before the database is asked.
    bad: Vec<BadRow>,
    pub(super) nik_hashes: Vec<[u8; 32]>,
    pub(super) card_hashes: Vec<CardIndex>,
    nonces: Vec<[u8; 12]>,
    pseudonyms: Vec<[u8; 16]>,
    salts: Vec<[u8; 16]>,
    ids: IdBlock,
    now: Instant,
    keys: Arc<Keys>,
}

impl Plan {
    /// Checks the set in itself, and draws its ids and randomness.
    pub(super) fn new(
        mut set: ImportSet,
        shared: &Shared,
        random: &mut Random<'_>,
    ) -> Result<Self, ImportErrors> {
        let needed = ids_needed(&set);
        if needed > MOST_IDS {
            return Err(ImportErrors::TooLarge { needed, most: MOST_IDS });
        }
        if set.banks.len() > MOST_BANKS {
            return Err(ImportErrors::TooLarge { needed: set.banks.len(), most: MOST_BANKS });
        }
        let mut bad = std::mem::take(&mut set.bad);
        bad.extend(check::within(&set));
        let (now, keys) = (shared.clock.now(), Arc::clone(&shared.keys));
        Ok(Self {
            bad,
            nik_hashes: set
                .households
                .iter()
                .map(|row| keys.nik_index(row.entry.identity.nik.as_str()))
                .collect(),
            card_hashes: set.cards.iter().map(|row| keys.card_index(&row.entry.number)).collect(),
            nonces: draw(set.households.len(), random)?,
            pseudonyms: draw(set.wallets.len(), random)?,
            salts: draw(set.cards.len(), random)?,
            ids: shared.ids.block(needed, 0, now)?,
            now,
            keys,
            set,
        })
    }

    /// Asks the database for what stands in the way, and writes everything if nothing does.
    pub(super) fn carry_out(&self, tx: &mut Connection) -> Result<Imported, ImportErrors> {
        let registered = Registered::read(tx, self)?;
        let mut bad = self.bad.clone();
        bad.extend(registered.objections(self));
        if !bad.is_empty() {
            bad.sort_by_key(|row| (row.file, row.line));
            return Err(ImportErrors::Rows(bad));
        }
        let mut ids = Ids { block: self.ids, taken: 0 };
        let banks = self.write_banks(tx, registered, &mut ids)?;
        self.write_shops(tx, &banks, &mut ids)?;
        let households = self.write_households(tx, &mut ids)?;
        let wallets = self.write_wallets(tx, &banks, &households, &mut ids)?;
        self.write_cards(tx, &wallets, &mut ids)?;
        let set = &self.set;
        Ok(Imported {
            banks: set.banks.len(),
            merchants: set.merchants.len(),
            terminals: set.terminals.len(),
            households: set.households.len(),
            wallets: set.wallets.len(),
            cards: set.cards.len(),
        })
    }
}
