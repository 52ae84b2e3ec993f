//! Cards as their bank manages them: read under the wallet's lock, changed by their own keys.

use diesel::sql_types::{BigInt, Binary, Bool, Integer, SmallInt, Text};
use diesel::{PgConnection, RunQueryDsl};

use crate::domain::bank::BankId;
use crate::domain::calendar::{Date, Instant};
use crate::domain::card::{CardState, MaskedCard};
use crate::domain::ids::{AccountId, CardId, HouseholdId, WalletId};
use crate::domain::keys::StoredPin;
use crate::domain::redemption::{CardRef, CardStanding};

use super::bulk::bulk_insert;
use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

/// A card's columns: id, state, tries, last day, issued at, whether it has a PIN, first six and last
/// four digits.
type CardSql = (BigInt, SmallInt, SmallInt, Integer, BigInt, Bool, Text, Text);
type CardRow = (i64, i16, i16, i32, i64, bool, String, String);

bulk_insert! {
    /// What a bank changed about a card, and why.
    NewCardChange, CardChangeColumns, "card_changes",
    wallet_id: i64 => BigInt, id: i64 => BigInt, card_id: i64 => BigInt, client_id: i64 => BigInt,
    changed_at: i64 => BigInt, from_state: i16 => SmallInt, to_state: i16 => SmallInt,
    reason: String => Text,
}

macro_rules! card_columns {
    () => {
        "SELECT c.id, c.state, c.pin_tries, c.expires, c.issued_at, c.pin_tag IS NOT NULL,
                c.first_six, c.last_four
         FROM cards c "
    };
}

statement! {
    both CardOfBank { bank: i16, wallet: i64, card: i64 } -> CardSql;
    (card_columns!()) "JOIN wallets w ON w.id = c.wallet_id AND w.bank_id = " [bank: SmallInt]
    " WHERE c.wallet_id = " [wallet: BigInt] " AND c.id = " [card: BigInt]
}

statement! {
    both CardsOfWallet { wallet: i64 } -> CardSql;
    (card_columns!()) "WHERE c.wallet_id = " [wallet: BigInt] " ORDER BY c.id"
}

statement! {
    both SetPin<'a> {
        version: i16, tag: &'a [u8], salt: &'a [u8], tries: i16, state: i16, wallet: i64, card: i64,
    };
    "UPDATE cards SET pin_key_version = " [version: SmallInt] ", pin_tag = " [tag: Binary]
    ", pin_salt = " [salt: Binary] ", pin_tries = " [tries: SmallInt] ", state = " [state: SmallInt]
    " WHERE wallet_id = " [wallet: BigInt] " AND id = " [card: BigInt]
}

statement! {
    both RaiseWallet { id: i64 };
    "UPDATE wallets SET last_id = last_id + 1 WHERE id = " [id: BigInt]
}

statement! {
    both HouseholdOfWallet { wallet: i64 } -> (BigInt, Binary);
    "SELECT h.id, h.identity FROM wallets w JOIN households h ON h.id = w.household_id
     WHERE w.id = " [wallet: BigInt]
}

statement! {
    sqlite HouseholdByNik<'a> { hash: &'a [u8] } -> BigInt;
    "SELECT id FROM households WHERE nik_hash = " [hash: Binary]
}

statement! {
    postgres LockHouseholdByNik<'a> { hash: &'a [u8] } -> BigInt;
    "SELECT id FROM households WHERE nik_hash = " [hash: Binary] " FOR NO KEY UPDATE"
}

statement! {
    both WalletsOfHousehold { household: i64 } -> (BigInt, SmallInt);
    "SELECT id, bank_id FROM wallets WHERE household_id = " [household: BigInt] " ORDER BY id"
}

/// A card as its bank sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredCard {
    pub(crate) card: CardRef,
    pub(crate) state: CardState,
    pub(crate) tries: i16,
    pub(crate) expires: Date,
    pub(crate) issued_at: Instant,
    pub(crate) has_pin: bool,
    pub(crate) shown: MaskedCard,
}

fn stored(wallet: WalletId, row: CardRow) -> Result<StoredCard, StoreError> {
    let (id, state, tries, expires, issued_at, has_pin, first_six, last_four) = row;
    let corrupt = |what: &str| StoreError::corrupt(format!("card {id}: {what}"));
    Ok(StoredCard {
        card: CardRef { card: CardId(id), wallet },
        state: CardState::from_number(state).ok_or_else(|| corrupt("its state is unknown"))?,
        tries,
        expires: Date::from_number(expires)
            .map_err(|_no_date| corrupt("its last day is no date"))?,
        issued_at: Instant::from_millis(issued_at),
        has_pin,
        shown: MaskedCard::from_parts(&first_six, &last_four)
            .ok_or_else(|| corrupt("its shown digits are not ten"))?,
    })
}

impl Connection {
    /// A card on a wallet at this bank.
    pub(crate) fn card_of_bank(
        &mut self,
        bank: BankId,
        card: CardRef,
    ) -> Result<Option<StoredCard>, StoreError> {
        let (wallet, id) = (card.wallet.0, card.card.0);
        let row = self.first(CardOfBank { bank: bank.0, wallet, card: id })?;
        row.map(|row| stored(card.wallet, row)).transpose()
    }

    /// All cards of a wallet, in the order they were issued. What is to hold until it is changed is
    /// read under the wallet's lock.
    pub(crate) fn cards_of_wallet(
        &mut self,
        wallet: WalletId,
    ) -> Result<Vec<StoredCard>, StoreError> {
        let rows: Vec<CardRow> = self.load(CardsOfWallet { wallet: wallet.0 })?;
        rows.into_iter().map(|row| stored(wallet, row)).collect()
    }

    /// Sets a card's PIN, its counter and its state. Its wallet is locked.
    pub(crate) fn set_card_pin(
        &mut self,
        card: CardRef,
        pin: &StoredPin,
        change: CardStanding,
    ) -> Result<(), StoreError> {
        let statement = SetPin {
            version: pin.key_version,
            tag: &pin.tag,
            salt: &pin.salt,
            tries: change.tries,
            state: change.state.number(),
            wallet: card.wallet.0,
            card: card.card.0,
        };
        self.execute(statement).map(|_| ())
    }

    /// Says that something about a wallet or its cards has changed, to whoever read it before. It is
    /// locked.
    pub(crate) fn raise_wallet(&mut self, wallet: WalletId) -> Result<(), StoreError> {
        self.execute(RaiseWallet { id: wallet.0 }).map(|_| ())
    }

    /// Whose a wallet is, and that household's sealed identity.
    pub(crate) fn household_of_wallet(
        &mut self,
        wallet: WalletId,
    ) -> Result<Option<(HouseholdId, Vec<u8>)>, StoreError> {
        let row: Option<(i64, Vec<u8>)> = self.first(HouseholdOfWallet { wallet: wallet.0 })?;
        Ok(row.map(|(id, identity)| (HouseholdId(id), identity)))
    }

    /// The household with this NIK's keyed hash, locked against everyone who would open a wallet
    /// for it.
    pub(crate) fn lock_household_by_nik(
        &mut self,
        hash: &[u8; 32],
    ) -> Result<Option<HouseholdId>, StoreError> {
        let rows: Vec<i64> = match self {
            Self::Sqlite(sqlite) => HouseholdByNik { hash }.load(sqlite)?,
            Self::Postgres(postgres) => lock_household(postgres, hash)?,
        };
        Ok(rows.into_iter().next().map(HouseholdId))
    }

    /// The wallets of a household with their banks: one, or none yet.
    pub(crate) fn wallets_of_household(
        &mut self,
        household: HouseholdId,
    ) -> Result<Vec<(WalletId, BankId)>, StoreError> {
        let rows: Vec<(i64, i16)> = self.load(WalletsOfHousehold { household: household.0 })?;
        Ok(rows.into_iter().map(|(id, bank)| (AccountId(id), BankId(bank))).collect())
    }
}

fn lock_household(postgres: &mut PgConnection, hash: &[u8]) -> Result<Vec<i64>, StoreError> {
    Ok(LockHouseholdByNik { hash }.load(postgres)?)
}
