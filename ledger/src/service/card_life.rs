//! A card's life as its bank leads it: issue, look-up, state, PIN, replacement. No money moves.
//!
//! Every change locks the wallet first and reads the card in the next statement, as the lanes do:
//! so a wrong PIN at a terminal and a block at the bank happen one after the other. These functions
//! block, and are not to be called from an asynchronous task.

mod types;

use std::sync::Arc;

use crate::domain::account::AccountKind;
use crate::domain::bank::BankId;
use crate::domain::calendar::{Date, Instant, Zone};
use crate::domain::card::{CardNumber, CardState, Pin};
use crate::domain::household::RegionCode;
use crate::domain::ids::{AccountId, CardId, HouseholdId, WalletId};
use crate::domain::keys::{CardIndex, Keys};
use crate::domain::leaf::Pseudonym;
use crate::domain::redemption::{CardRef, CardStanding};
use crate::store::StoreError;
use crate::store::batch::{BatchStore as _, CardChange, WalletState};
use crate::store::card_life::{NewCardChange, StoredCard};
use crate::store::connection::Connection;
use crate::store::registry::{NewAccount, NewCard, NewCardNumber, NewHousehold, NewWallet};

use super::keyfile::random_bytes;
use super::ledger::Ledger;

pub use types::{BankCard, CardLifeError, NewBankCard, Teller};

impl Ledger {
    /// The bank's card with this number.
    ///
    /// # Errors
    /// [`CardLifeError::NotFound`] for an unknown number and another bank's alike.
    pub fn find_card(&self, by: Teller, number: &CardNumber) -> Result<BankCard, CardLifeError> {
        let index = self.keys.card_index(number);
        let bank = by.bank;
        self.shared.read(|connection| {
            still_acts(connection, by)?;
            let card = connection.cards_by_number(&[index])?.remove(&index);
            card_of_bank(connection, bank, card.ok_or(CardLifeError::NotFound)?)
        })
    }

    /// One of the bank's cards.
    ///
    /// # Errors
    /// [`CardLifeError::NotFound`] when there is none, or it is another bank's.
    pub fn card(&self, bank: BankId, card: CardRef) -> Result<BankCard, CardLifeError> {
        self.shared.read(|connection| card_of_bank(connection, bank, card))
    }

    /// Registers a printed card; the same request again finds the card it registered. For a household with a new NIK, with its wallet at this bank; for a
    /// known one, on the wallet it has, if none of its cards is in use.
    ///
    /// # Errors
    /// [`CardLifeError`]: the number taken, the household with a card or at another bank.
    pub fn issue_card(&self, by: Teller, new: NewBankCard) -> Result<BankCard, CardLifeError> {
        self.expires_later(new.expires)?;
        let (shared, now) = (&self.shared, self.shared.clock.now());
        let (nonce, pseudonym) = (random_bytes::<12>()?, random_bytes::<16>()?);
        let ids = shared.ids.block(3, 0, now)?;
        let household = HouseholdId(ids.id(0));
        let family = NewFamily {
            bank: by.bank,
            household,
            wallet: AccountId(ids.id(1)),
            nik_hash: self.keys.nik_index(new.identity.nik.as_str()),
            identity: self.keys.seal_identity(household, nonce, &new.identity)?,
            region: new.region,
            pseudonym,
            now,
        };
        let (card, index) = (CardId(ids.id(2)), self.keys.card_index(&new.number));
        let keys = Arc::clone(&self.keys);
        shared.write(move |tx| {
            still_acts(tx, by)?;
            if let Some(card) = tx.cards_by_number(&[index])?.remove(&index) {
                return same_card(tx, (by, &keys), card, &family.nik_hash, new.expires);
            }
            let household = family.household_found_or_added(tx)?;
            let wallet = family.wallet_found_or_opened(tx, household)?;
            register(tx, CardRef { card, wallet }, (&new.number, &keys), new.expires, now)
        })
    }

    /// Moves a card to another state as [`CardState::may_become`] allows, and records why. Unblocking forgets wrong
    /// PINs; a card that never had a PIN goes back to `distributed` and not to `active`.
    ///
    /// # Errors
    /// [`CardLifeError::StateConflict`] where the state it is in does not allow it.
    pub fn set_card_state(
        &self,
        by: Teller,
        card: CardRef,
        next: CardState,
        reason: String,
    ) -> Result<BankCard, CardLifeError> {
        let now = self.shared.clock.now();
        let id = self.shared.ids.block(1, 0, now)?.first();
        self.shared.write(move |tx| {
            let (_, stored) = lock_card(tx, by, card)?;
            let (state, tries) = match (next == CardState::Active, stored.has_pin) {
                (true, true) => (CardState::Active, 0),
                (true, false) => (CardState::Distributed, 0),
                (false, _) => (next, stored.tries),
            };
            if stored.state == next && (stored.state, stored.tries) == (state, tries) {
                // The same again: it was done before.
                return Ok(stored.into());
            }
            if !stored.state.may_become(next) {
                return Err(CardLifeError::StateConflict { from: stored.state });
            }
            tx.set_card_standing(&[standing(&stored, CardStanding { tries, state })])?;
            let change = (stored.state, state, reason.as_str());
            note(tx, (id, now), by, card, change)?;
            Ok(StoredCard { state, tries, ..stored }.into())
        })
    }

    /// Sets a card's PIN and forgets wrong ones; a distributed card and one that wrong PINs blocked
    /// become active.
    ///
    /// # Errors
    /// [`CardLifeError::WeakPin`] for repeats, runs, the card's own digits and the cardholder's birth
    /// date; [`CardLifeError::StateConflict`] where no PIN may be set.
    pub fn set_card_pin(
        &self,
        by: Teller,
        card: CardRef,
        pin: Pin,
    ) -> Result<BankCard, CardLifeError> {
        let salt: [u8; 16] = random_bytes()?;
        let now = self.shared.clock.now();
        let id = self.shared.ids.block(1, 0, now)?.first();
        let keys = Arc::clone(&self.keys);
        self.shared.write(move |tx| {
            let (_, stored) = lock_card(tx, by, card)?;
            let from = stored.state;
            let state = from.with_new_pin().ok_or(CardLifeError::StateConflict { from })?;
            pin.strong_for(stored.shown)?;
            if let Some((household, sealed)) = tx.household_of_wallet(card.wallet)?
                && keys.open_identity(household, &sealed)?.nik.gives_away(pin)
            {
                return Err(CardLifeError::WeakPin);
            }
            let pin = keys.seal_pin(card.card, salt, pin);
            tx.set_card_pin(card, &pin, CardStanding { tries: 0, state })?;
            note(tx, (id, now), by, card, (from, state, "pin set"))?;
            Ok(StoredCard { state, tries: 0, has_pin: true, ..stored }.into())
        })
    }

    /// Registers a printed card on the same wallet in another's place; that one is `replaced` from
    /// now on. No money moves.
    ///
    /// # Errors
    /// [`CardLifeError`]: the number taken, the old card's state, another card in use.
    pub fn replace_card(
        &self,
        by: Teller,
        old: CardRef,
        number: CardNumber,
        expires: Date,
    ) -> Result<BankCard, CardLifeError> {
        self.expires_later(expires)?;
        let now = self.shared.clock.now();
        let ids = self.shared.ids.block(2, 0, now)?;
        let id = CardId(ids.first());
        let (index, keys) = (self.keys.card_index(&number), Arc::clone(&self.keys));
        self.shared.write(move |tx| {
            let (wallet, stored) = lock_card(tx, by, old)?;
            if stored.state == CardState::Replaced
                && let Some(card) = tx.cards_by_number(&[index])?.remove(&index)
                && card.wallet == old.wallet
                && let Some(new) = tx.card_of_bank(by.bank, card)?
                && new.expires == expires
            {
                // The same again: it was done before.
                return Ok(new.into());
            }
            if !stored.state.may_be_replaced() {
                return Err(CardLifeError::StateConflict { from: stored.state });
            }
            if !wallet.open {
                return Err(CardLifeError::WalletNotOpen);
            }
            no_card_in_use(tx, old.wallet, Some(old.card))?;
            number_is_free(tx, &index)?;
            let change = CardStanding { tries: stored.tries, state: CardState::Replaced };
            tx.set_card_standing(&[standing(&stored, change)])?;
            let change = (stored.state, CardState::Replaced, "replaced by another card");
            note(tx, (ids.id(1), now), by, old, change)?;
            let card = CardRef { card: id, wallet: old.wallet };
            register(tx, card, (&number, &keys), expires, now)
        })
    }

    /// Cards end by the banks' date.
    fn expires_later(&self, expires: Date) -> Result<(), CardLifeError> {
        let today = Date::from(self.shared.clock.now().date_in(Zone::Wib));
        if expires < today { Err(CardLifeError::ExpiresInThePast) } else { Ok(()) }
    }
}

fn card_of_bank(
    connection: &mut Connection,
    bank: BankId,
    card: CardRef,
) -> Result<BankCard, CardLifeError> {
    let card = connection.card_of_bank(bank, card)?;
    card.map(BankCard::from).ok_or(CardLifeError::NotFound)
}

/// What a family is registered with, unless it is there already.
#[derive(Clone)]
struct NewFamily {
    bank: BankId,
    household: HouseholdId,
    wallet: WalletId,
    nik_hash: [u8; 32],
    identity: Vec<u8>,
    region: RegionCode,
    pseudonym: Pseudonym,
    now: Instant,
}

impl NewFamily {
    /// The household with this NIK, locked where it was there before.
    fn household_found_or_added(&self, tx: &mut Connection) -> Result<HouseholdId, StoreError> {
        if let Some(known) = tx.lock_household_by_nik(&self.nik_hash)? {
            return Ok(known);
        }
        let row = NewHousehold {
            id: self.household.0,
            nik_hash: self.nik_hash.to_vec(),
            identity: self.identity.clone(),
            region_code: self.region.as_str().to_owned(),
            registered_at: self.now.as_millis(),
        };
        NewHousehold::insert_all(tx, vec![row])?;
        Ok(self.household)
    }

    /// The household's wallet, locked and without a card in use.
    fn wallet_found_or_opened(
        &self,
        tx: &mut Connection,
        household: HouseholdId,
    ) -> Result<WalletId, CardLifeError> {
        if let Some((wallet, issuer)) = tx.wallets_of_household(household)?.first() {
            return wallet_without_card(tx, self.bank, *wallet, *issuer);
        }
        let (id, bank_id) = (self.wallet.0, self.bank.0);
        let kind = AccountKind::Wallet.number();
        NewAccount::insert_all(tx, vec![NewAccount { id, kind, bank_id }])?;
        let row = NewWallet::open(id, household, bank_id, &self.pseudonym, self.now);
        NewWallet::insert_all(tx, vec![row])?;
        Ok(self.wallet)
    }
}

/// Refuses a client whose access was withdrawn since its token was issued.
fn still_acts(tx: &mut Connection, by: Teller) -> Result<(), CardLifeError> {
    if tx.client_stands(by.client)? { Ok(()) } else { Err(CardLifeError::ClientRevoked) }
}

/// How a card stands from now on.
const fn standing(stored: &StoredCard, now: CardStanding) -> CardChange {
    let seen = CardStanding { tries: stored.tries, state: stored.state };
    CardChange { wallet: stored.card.wallet, card: stored.card.card, seen, now }
}

/// Records what was changed about a card, by whom and why. A purchase that read the card before, and is
/// not written yet, is decided again.
fn note(
    tx: &mut Connection,
    (id, now): (i64, Instant),
    by: Teller,
    card: CardRef,
    (from, to, reason): (CardState, CardState, &str),
) -> Result<(), CardLifeError> {
    tx.raise_wallet(card.wallet)?;
    let change = NewCardChange {
        wallet_id: card.wallet.0,
        id,
        card_id: card.card.0,
        client_id: by.client,
        changed_at: now.as_millis(),
        from_state: from.number(),
        to_state: to.number(),
        reason: reason.to_owned(),
    };
    Ok(NewCardChange::insert_all(tx, vec![change])?)
}

/// Locks the card's wallet, then reads the card.
fn lock_card(
    tx: &mut Connection,
    by: Teller,
    card: CardRef,
) -> Result<(WalletState, StoredCard), CardLifeError> {
    still_acts(tx, by)?;
    let wallet = tx.lock_wallets(&[card.wallet.0])?.into_iter().next();
    let wallet = wallet.ok_or(CardLifeError::NotFound)?;
    let card = tx.card_of_bank(by.bank, card)?.ok_or(CardLifeError::NotFound)?;
    Ok((wallet, card))
}

/// A household's wallet, locked, when a card may be issued on it.
fn wallet_without_card(
    tx: &mut Connection,
    bank: BankId,
    wallet: WalletId,
    issuer: BankId,
) -> Result<WalletId, CardLifeError> {
    if issuer != bank {
        return Err(CardLifeError::HouseholdElsewhere);
    }
    let locked = tx.lock_wallets(&[wallet.0])?.into_iter().next();
    if !locked.is_some_and(|locked| locked.open) {
        return Err(CardLifeError::WalletNotOpen);
    }
    no_card_in_use(tx, wallet, None)?;
    Ok(wallet)
}

fn no_card_in_use(
    tx: &mut Connection,
    wallet: WalletId,
    except: Option<CardId>,
) -> Result<(), CardLifeError> {
    let other = |card: &StoredCard| card.state.is_in_use() && Some(card.card.card) != except;
    if tx.cards_of_wallet(wallet)?.iter().any(other) {
        return Err(CardLifeError::HouseholdHasCard);
    }
    Ok(())
}

/// The card that has the number, when it is what is asked for again: the same family's, with the same
/// last day.
fn same_card(
    tx: &mut Connection,
    (by, keys): (Teller, &Keys),
    card: CardRef,
    nik_hash: &[u8; 32],
    expires: Date,
) -> Result<BankCard, CardLifeError> {
    let stored = tx.card_of_bank(by.bank, card)?.filter(|stored| stored.expires == expires);
    let stored = stored.ok_or(CardLifeError::NumberTaken)?;
    let family = tx.household_of_wallet(card.wallet)?.ok_or(CardLifeError::NumberTaken)?;
    let identity = keys.open_identity(family.0, &family.1)?;
    if keys.nik_index(identity.nik.as_str()) == *nik_hash {
        Ok(stored.into())
    } else {
        Err(CardLifeError::NumberTaken)
    }
}

fn number_is_free(tx: &mut Connection, index: &CardIndex) -> Result<(), CardLifeError> {
    let taken = !tx.cards_by_number(&[*index])?.is_empty();
    if taken { Err(CardLifeError::NumberTaken) } else { Ok(()) }
}

/// Writes a printed card, then its number.
fn register(
    tx: &mut Connection,
    card: CardRef,
    (number, keys): (&CardNumber, &Keys),
    expires: Date,
    now: Instant,
) -> Result<BankCard, CardLifeError> {
    let (state, shown) = (CardState::Printed, number.masked());
    let row = NewCard::without_pin(card, shown, state, expires, now);
    let of_number = NewCardNumber::of(&row, &keys.card_index(number), keys);
    NewCard::insert_all(tx, vec![row])?;
    NewCardNumber::insert_all(tx, vec![of_number])?;
    Ok(BankCard { card, state, shown, expires, issued_at: now, has_pin: false })
}

#[cfg(test)]
mod tests;
