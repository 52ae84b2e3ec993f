//! Carrying a set out: what the database has to say about it, then its rows, in one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::account::AccountKind;
use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::Instant;
use crate::domain::card::{CardState, PIN_TRIES};
use crate::domain::ids::{AccountId, CardId, HouseholdId, IdBlock, WalletId};
use crate::domain::keys::{CardIndex, Keys};
use crate::domain::redemption::CardRef;
use crate::service::keyfile::KeysError;
use crate::service::shared::Shared;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::kept::NewMerchantAccount;
use crate::store::registry::{
    NewAccount, NewBank, NewBankFunds, NewCard, NewCardNumber, NewHousehold, NewMerchant,
    NewTerminal, NewWallet, STATUS_ACTIVE,
};

use super::check;
use super::error::{BadRow, ImportErrors};
use super::registered::Registered;
use super::set::{HouseholdRef, ImportSet, Row};
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
        keys: Arc<Keys>,
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
        let now = shared.clock.now();
        bad.extend(check::within(&set, now));
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

    /// Asks the database for conflicts, and writes everything if there are none.
    pub(super) fn carry_out(&self, tx: &mut Connection) -> Result<Imported, ImportErrors> {
        let registered = Registered::read(tx, self)?;
        let mut bad = self.bad.clone();
        bad.extend(registered.objections(self));
        if !bad.is_empty() {
            bad.sort_by_key(|row| (row.file, row.line));
            return Err(ImportErrors::Rows(bad));
        }
        let mut writer = Writer { plan: self, tx, registered, taken: 0 };
        writer.banks()?;
        let households = writer.households()?;
        let wallets = writer.wallets(&households)?;
        writer.cards(&wallets)?;
        // Last, and quick: these raise the registry's revision, which whoever closes a day waits for.
        writer.merchants()?;
        writer.terminals()?;
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

/// An id for each account, terminal, household and card.
fn ids_needed(set: &ImportSet) -> usize {
    let of_banks = set.banks.len().saturating_mul(AccountKind::PER_BANK.len());
    [set.merchants.len(), set.terminals.len(), set.households.len(), set.wallets.len()]
        .into_iter()
        .chain([set.cards.len()])
        .fold(of_banks, usize::saturating_add)
}

fn draw<const N: usize>(count: usize, random: &mut Random<'_>) -> Result<Vec<[u8; N]>, KeysError> {
    let mut drawn = vec![[0; N]; count];
    drawn.iter_mut().try_for_each(|bytes| random(bytes))?;
    Ok(drawn)
}

type HouseholdIds<'a> = HashMap<&'a HouseholdRef, HouseholdId>;
type WalletIds<'a> = HashMap<&'a HouseholdRef, WalletId>;

/// Writes one file after the other; every id is taken in the rows' order.
struct Writer<'a> {
    plan: &'a Plan,
    tx: &'a mut Connection,
    /// Grows by what is written.
    registered: Registered,
    taken: i64,
}

impl<'a> Writer<'a> {
    fn next_id(&mut self) -> i64 {
        let id = self.plan.ids.id(self.taken);
        self.taken = self.taken.saturating_add(1);
        id
    }

    fn bank(&self, code: &BankCode) -> Result<i16, StoreError> {
        let known = self.registered.banks.get(code.as_str()).map(|bank| bank.0);
        known.ok_or_else(|| StoreError::corrupt(format!("bank `{code}` went away")))
    }

    fn banks(&mut self) -> Result<(), StoreError> {
        let (mut banks, mut funds, mut accounts) = (Vec::new(), Vec::new(), Vec::new());
        let mut id = self.registered.banks.values().map(|bank| bank.0).max().unwrap_or(0);
        for Row { entry, .. } in &self.plan.set.banks {
            id =
                id.checked_add(1).ok_or_else(|| StoreError::corrupt("no bank's number is left"))?;
            let [holding_account, unallocated_account, suspense_account, fees_account] =
                AccountKind::PER_BANK.map(|kind| {
                    let account = self.next_id();
                    accounts.push(NewAccount { id: account, kind: kind.number(), bank_id: id });
                    account
                });
            banks.push(NewBank {
                id,
                code: entry.code.as_str().to_owned(),
                name: entry.name.clone(),
                clearing_code: entry.clearing_code.clone(),
                account_number: entry.account_number.clone(),
                cutoff_minute: entry.cut_off.minute(),
                settlement_lag: entry.settlement_lag.into(),
                open_business_date: entry.open_business_date.as_number(),
                holding_account,
                unallocated_account,
                suspense_account,
                fees_account,
            });
            funds.push(NewBankFunds { bank_id: id, unallocated: 0, reserved: 0, last_id: 0 });
            self.registered.banks.insert(entry.code.as_str().to_owned(), BankId(id));
        }
        NewBank::insert_all(self.tx, banks)?;
        NewBankFunds::insert_all(self.tx, funds)?;
        NewAccount::insert_all(self.tx, accounts)
    }

    fn merchants(&mut self) -> Result<(), StoreError> {
        let (mut merchants, mut accounts, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        for Row { entry, .. } in &self.plan.set.merchants {
            let (id, bank_id) = (self.next_id(), self.bank(&entry.bank)?);
            accounts.push(NewAccount { id, kind: AccountKind::Payable.number(), bank_id });
            merchants.push(NewMerchant {
                id,
                code: entry.code.as_str().to_owned(),
                name: entry.name.clone(),
                kind: entry.kind.as_str().to_owned(),
                address: entry.address.clone(),
                region_code: entry.region.as_str().to_owned(),
                bank_id,
                zone: entry.zone.hours(),
                price_zone: entry.price_zone.0,
                status: STATUS_ACTIVE,
            });
            numbers.extend(entry.account_number.clone().map(|account_number| {
                let set_at = self.plan.now.as_millis();
                NewMerchantAccount { merchant_id: id, account_number, client_id: None, set_at }
            }));
            let code = entry.code.as_str().to_owned();
            self.registered.merchants.insert(code, AccountId(id));
        }
        NewAccount::insert_all(self.tx, accounts)?;
        NewMerchant::insert_all(self.tx, merchants)?;
        NewMerchantAccount::insert_all(self.tx, numbers)
    }

    fn terminals(&mut self) -> Result<(), StoreError> {
        let mut terminals = Vec::new();
        for Row { entry, .. } in &self.plan.set.terminals {
            let merchant = self.registered.merchants.get(entry.merchant.as_str()).copied();
            let merchant = merchant.ok_or_else(|| {
                StoreError::corrupt(format!("merchant `{}` went away", entry.merchant))
            })?;
            terminals.push(NewTerminal {
                id: self.next_id(),
                code: entry.code.as_str().to_owned(),
                merchant_id: merchant.0,
                status: STATUS_ACTIVE,
            });
        }
        NewTerminal::insert_all(self.tx, terminals)
    }

    fn households(&mut self) -> Result<HouseholdIds<'a>, ImportErrors> {
        let plan = self.plan;
        let mut ids = HashMap::with_capacity(plan.set.households.len());
        let mut households = Vec::with_capacity(plan.set.households.len());
        let secrets = plan.nik_hashes.iter().zip(&plan.nonces);
        for (Row { entry, .. }, (nik_hash, nonce)) in plan.set.households.iter().zip(secrets) {
            let id = HouseholdId(self.next_id());
            ids.insert(&entry.household, id);
            households.push(NewHousehold {
                id: id.0,
                nik_hash: nik_hash.to_vec(),
                identity: plan.keys.seal_identity(id, *nonce, &entry.identity)?,
                region_code: entry.region.as_str().to_owned(),
                registered_at: plan.now.as_millis(),
            });
        }
        NewHousehold::insert_all(self.tx, households)?;
        Ok(ids)
    }

    fn wallets(&mut self, households: &HouseholdIds<'a>) -> Result<WalletIds<'a>, StoreError> {
        let plan = self.plan;
        let mut ids = HashMap::with_capacity(plan.set.wallets.len());
        let (mut wallets, mut accounts) = (Vec::new(), Vec::new());
        for (Row { entry, .. }, pseudonym) in plan.set.wallets.iter().zip(&plan.pseudonyms) {
            let (id, bank_id) = (self.next_id(), self.bank(&entry.bank)?);
            let household = households.get(&entry.household).copied().ok_or_else(unnamed)?;
            ids.insert(&entry.household, AccountId(id));
            accounts.push(NewAccount { id, kind: AccountKind::Wallet.number(), bank_id });
            wallets.push(NewWallet::open(id, household, bank_id, pseudonym, plan.now));
        }
        NewAccount::insert_all(self.tx, accounts)?;
        NewWallet::insert_all(self.tx, wallets)?;
        Ok(ids)
    }

    fn cards(&mut self, wallets: &WalletIds<'a>) -> Result<(), StoreError> {
        let plan = self.plan;
        let (mut cards, mut numbers) = (Vec::new(), Vec::new());
        let secrets = plan.card_hashes.iter().zip(&plan.salts);
        for (Row { entry, .. }, (hash, salt)) in plan.set.cards.iter().zip(secrets) {
            let wallet = wallets.get(&entry.household).copied().ok_or_else(unnamed)?;
            let card = CardRef { card: CardId(self.next_id()), wallet };
            let pin = entry.pin.map(|pin| plan.keys.seal_pin(card.card, *salt, pin));
            let card = NewCard {
                pin_key_version: pin.as_ref().map(|pin| pin.key_version),
                pin_tag: pin.as_ref().map(|pin| pin.tag.to_vec()),
                pin_salt: pin.as_ref().map(|pin| pin.salt.to_vec()),
                pin_tries: if entry.state == CardState::BlockedPin { PIN_TRIES } else { 0 },
                ..NewCard::without_pin(
                    card,
                    entry.number.masked(),
                    entry.state,
                    entry.expires,
                    plan.now,
                )
            };
            numbers.push(NewCardNumber::of(&card, hash, &plan.keys));
            cards.push(card);
        }
        NewCard::insert_all(self.tx, cards)?;
        NewCardNumber::insert_all(self.tx, numbers)
    }
}

/// References are checked before anything is written.
fn unnamed() -> StoreError {
    StoreError::corrupt("a household of the set went away")
}
