//! The part of a set that is already registered: looked up by key, never by reading whole tables.

use std::collections::{HashMap, HashSet};

use crate::domain::bank::{BankCode, BankId};
use crate::domain::ids::MerchantId;
use crate::domain::keys::CardIndex;
use crate::domain::merchant::MerchantCode;
use crate::store::StoreError;
use crate::store::connection::Connection;

use super::error::{BadRow, Flaw, ImportFile};
use super::set::ImportSet;
use super::write::Plan;

/// What the database knows of a set's names and numbers.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) banks: HashMap<String, BankId>,
    pub(super) merchants: HashMap<String, MerchantId>,
    clearing_codes: HashSet<String>,
    terminals: HashSet<String>,
    niks: HashSet<Vec<u8>>,
    cards: HashSet<CardIndex>,
}

impl Registered {
    /// Asks for everything that `plan` names.
    pub(super) fn read(tx: &mut Connection, plan: &Plan) -> Result<Self, StoreError> {
        let set = &plan.set;
        let (mut banks, mut clearing_codes) = (HashMap::new(), HashSet::new());
        for bank in tx.registered_banks()? {
            banks.insert(bank.code, bank.id);
            clearing_codes.insert(bank.clearing_code);
        }
        let mut merchants: Vec<&str> =
            set.merchants.iter().map(|row| row.entry.code.as_str()).collect();
        merchants.extend(set.terminals.iter().map(|row| row.entry.merchant.as_str()));
        merchants.sort_unstable();
        merchants.dedup();
        let terminals: Vec<&str> =
            set.terminals.iter().map(|row| row.entry.code.as_str()).collect();
        let niks: Vec<&[u8]> = plan.nik_hashes.iter().map(<[u8; 32]>::as_slice).collect();
        Ok(Self {
            banks,
            clearing_codes,
            merchants: tx.merchants_by_code(&merchants)?,
            terminals: tx.taken_terminal_codes(&terminals)?,
            niks: tx.taken_niks(&niks)?,
            cards: tx.cards_by_number(&plan.card_hashes)?.into_keys().collect(),
        })
    }

    /// Every row that is there already, or that names an unknown bank or merchant.
    pub(super) fn objections(&self, plan: &Plan) -> Vec<BadRow> {
        let mut bad = Vec::new();
        self.banks_and_shops(&plan.set, &mut bad);
        let mut object = |file, line, column, flaw| {
            bad.push(BadRow { file, line, column: Some(column), flaw });
        };
        let set = &plan.set;
        for (row, hash) in set.households.iter().zip(&plan.nik_hashes) {
            if self.niks.contains(hash.as_slice()) {
                object(ImportFile::Households, row.line, "nik", Flaw::Registered);
            }
        }
        for (row, hash) in set.cards.iter().zip(&plan.card_hashes) {
            if self.cards.contains(hash) {
                let flaw = Flaw::CardRegistered(row.entry.number.masked());
                object(ImportFile::Cards, row.line, "card_number", flaw);
            }
        }
        bad
    }

    fn banks_and_shops(&self, set: &ImportSet, bad: &mut Vec<BadRow>) {
        let mut object = |file, line, column, flaw| {
            bad.push(BadRow { file, line, column: Some(column), flaw });
        };
        for row in &set.banks {
            if self.banks.contains_key(row.entry.code.as_str()) {
                object(ImportFile::Banks, row.line, "bank", Flaw::Registered);
            }
            if self.clearing_codes.contains(&row.entry.clearing_code) {
                object(ImportFile::Banks, row.line, "clearing_code", Flaw::Registered);
            }
        }
        let new_banks: HashSet<&BankCode> = set.banks.iter().map(|row| &row.entry.code).collect();
        let is_bank = |code: &BankCode| {
            new_banks.contains(code)
                || self.banks.contains_key(code.as_str())
                || set.unread.banks.may_be(code)
        };
        for row in &set.merchants {
            if self.merchants.contains_key(row.entry.code.as_str()) {
                object(ImportFile::Merchants, row.line, "merchant_id", Flaw::Registered);
            }
            if !is_bank(&row.entry.bank) {
                let flaw = Flaw::NoBank(row.entry.bank.clone());
                object(ImportFile::Merchants, row.line, "bank", flaw);
            }
        }
        let new_merchants: HashSet<&MerchantCode> =
            set.merchants.iter().map(|row| &row.entry.code).collect();
        for row in &set.terminals {
            if self.terminals.contains(row.entry.code.as_str()) {
                object(ImportFile::Terminals, row.line, "terminal_id", Flaw::Registered);
            }
            let merchant = &row.entry.merchant;
            let known = new_merchants.contains(merchant)
                || self.merchants.contains_key(merchant.as_str())
                || set.unread.merchants.may_be(merchant);
            if !known {
                let flaw = Flaw::NoMerchant(merchant.clone());
                object(ImportFile::Terminals, row.line, "merchant_id", flaw);
            }
        }
        for row in &set.wallets {
            if !is_bank(&row.entry.bank) {
                let flaw = Flaw::NoBank(row.entry.bank.clone());
                object(ImportFile::Wallets, row.line, "bank", flaw);
            }
        }
    }
}
