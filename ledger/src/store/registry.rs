//! Who takes part: adding banks, merchants, terminals, households, wallets and cards, and asking
//! whether they are there already.

use std::collections::{HashMap, HashSet};

use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, SmallInt, Text};
use diesel::{PgConnection, RunQueryDsl, SqliteConnection};

use crate::domain::bank::BankId;
use crate::domain::calendar::{Date, Instant};
use crate::domain::card::{CardState, MaskedCard};
use crate::domain::ids::{AccountId, HouseholdId, MerchantId};
use crate::domain::keys::{CardIndex, EnteredCard, Keys};
use crate::domain::leaf::Pseudonym;
use crate::domain::redemption::CardRef;

use super::bulk::bulk_insert;
use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

/// The state of a wallet that may be used.
const WALLET_OPEN: i16 = 1;
/// The status of a merchant or terminal that may be used.
pub(crate) const STATUS_ACTIVE: i16 = 1;

bulk_insert! {
    /// A bank and its accounts.
    NewBank, NewBanks, "banks", id: i16 => SmallInt,
    code: String => Text,
    name: String => Text,
    clearing_code: String => Text,
    account_number: String => Text,
    cutoff_minute: i16 => SmallInt,
    settlement_lag: i16 => SmallInt,
    open_business_date: i32 => Integer,
    holding_account: i64 => BigInt,
    unallocated_account: i64 => BigInt,
    suspense_account: i64 => BigInt,
    fees_account: i64 => BigInt,
}

bulk_insert! {
    /// What a bank holds for families.
    NewBankFunds, NewBanksFunds, "bank_funds", bank_id: i16 => SmallInt,
    unallocated: i64 => BigInt,
    reserved: i64 => BigInt,
    last_id: i64 => BigInt,
}

bulk_insert! {
    /// An account of any kind.
    NewAccount, NewAccounts, "accounts", id: i64 => BigInt,
    kind: i16 => SmallInt,
    bank_id: i16 => SmallInt,
}

bulk_insert! {
    /// A merchant; its account is written before it.
    NewMerchant, NewMerchants, "merchants", id: i64 => BigInt,
    code: String => Text,
    name: String => Text,
    kind: String => Text,
    address: String => Text,
    region_code: String => Text,
    bank_id: i16 => SmallInt,
    zone: i16 => SmallInt,
    price_zone: i16 => SmallInt,
    status: i16 => SmallInt,
}

bulk_insert! {
    /// A terminal.
    NewTerminal, NewTerminals, "terminals", id: i64 => BigInt,
    code: String => Text,
    merchant_id: i64 => BigInt,
    status: i16 => SmallInt,
}

bulk_insert! {
    /// A household, its identity sealed.
    NewHousehold, NewHouseholds, "households", id: i64 => BigInt,
    nik_hash: Vec<u8> => Binary,
    identity: Vec<u8> => Binary,
    region_code: String => Text,
    registered_at: i64 => BigInt,
}

bulk_insert! {
    /// A wallet; its account is written before it.
    NewWallet, NewWallets, "wallets", id: i64 => BigInt,
    household_id: i64 => BigInt,
    balance: i64 => BigInt,
    last_id: i64 => BigInt,
    opened_at: i64 => BigInt,
    bank_id: i16 => SmallInt,
    state: i16 => SmallInt,
    pseudonym: Vec<u8> => Binary,
}

bulk_insert! {
    /// A card, without its number.
    NewCard, NewCards, "cards", wallet_id: i64 => BigInt,
    id: i64 => BigInt,
    issued_at: i64 => BigInt,
    issued_state: i16 => SmallInt,
    expires: i32 => Integer,
    state: i16 => SmallInt,
    pin_tries: i16 => SmallInt,
    pin_key_version: Option<i16> => Nullable<SmallInt>,
    first_six: String => Text,
    last_four: String => Text,
    pin_tag: Option<Vec<u8>> => Nullable<Binary>,
    pin_salt: Option<Vec<u8>> => Nullable<Binary>,
}

bulk_insert! {
    /// A card's number, written after the card: a number that is found has a card.
    NewCardNumber, NewCardNumbers, "card_numbers", number_hash: Vec<u8> => Binary,
    card_id: i64 => BigInt,
    wallet_id: i64 => BigInt,
    seal: Vec<u8> => Binary,
}

impl NewWallet {
    /// An open, empty wallet. Its own id is the last one that happened to it.
    pub(crate) fn open(
        id: i64,
        household: HouseholdId,
        bank_id: i16,
        pseudonym: &Pseudonym,
        now: Instant,
    ) -> Self {
        Self {
            id,
            household_id: household.0,
            balance: 0,
            last_id: id,
            opened_at: now.as_millis(),
            bank_id,
            state: WALLET_OPEN,
            pseudonym: pseudonym.to_vec(),
        }
    }
}

impl NewCard {
    /// A card without a PIN.
    pub(crate) fn without_pin(
        card: CardRef,
        shown: MaskedCard,
        state: CardState,
        expires: Date,
        now: Instant,
    ) -> Self {
        Self {
            wallet_id: card.wallet.0,
            id: card.card.0,
            issued_at: now.as_millis(),
            issued_state: state.number(),
            expires: expires.as_number(),
            state: state.number(),
            pin_tries: 0,
            pin_key_version: None,
            first_six: shown.first_six(),
            last_four: shown.last_four(),
            pin_tag: None,
            pin_salt: None,
        }
    }
}

impl NewCardNumber {
    /// The number of a new card, by its keyed hash.
    pub(crate) fn of(card: &NewCard, hash: &CardIndex, keys: &Keys) -> Self {
        let entered = EnteredCard {
            wallet: card.wallet_id,
            id: card.id,
            shown: &[card.first_six.as_str(), card.last_four.as_str()].concat(),
            expires: card.expires.into(),
            issued_at: card.issued_at,
        };
        Self {
            number_hash: hash.to_vec(),
            card_id: card.id,
            wallet_id: card.wallet_id,
            seal: keys.card_seal(hash, &entered).to_vec(),
        }
    }
}

statement! {
    both RegisteredBanks {} -> (SmallInt, Text, Text);
    "SELECT id, code, clearing_code FROM banks ORDER BY id"
}

statement! {
    sqlite MerchantByCode<'a> { code: &'a str } -> (Text, BigInt);
    "SELECT code, id FROM merchants WHERE code = " [code: Text]
}

statement! {
    postgres MerchantsByCode<'a> { codes: &'a [&'a str] } -> (Text, BigInt);
    "SELECT code, id FROM merchants WHERE code = ANY (" [codes: Array<Text>] ")"
}

statement! {
    sqlite TerminalCode<'a> { code: &'a str } -> Text;
    "SELECT code FROM terminals WHERE code = " [code: Text]
}

statement! {
    postgres TerminalCodes<'a> { codes: &'a [&'a str] } -> Text;
    "SELECT code FROM terminals WHERE code = ANY (" [codes: Array<Text>] ")"
}

statement! {
    sqlite NikHash<'a> { hash: &'a [u8] } -> Binary;
    "SELECT nik_hash FROM households WHERE nik_hash = " [hash: Binary]
}

statement! {
    postgres NikHashes<'a> { hashes: &'a [&'a [u8]] } -> Binary;
    "SELECT nik_hash FROM households WHERE nik_hash = ANY (" [hashes: Array<Binary>] ")"
}

/// A bank as it is registered.
#[derive(Clone, Debug)]
pub(crate) struct RegisteredBank {
    pub(crate) id: BankId,
    pub(crate) code: String,
    pub(crate) clearing_code: String,
}

/// Keys asked for in one statement on `PostgreSQL`.
const ASKED_AT_ONCE: usize = 4096;

impl Connection {
    /// All banks: a handful.
    pub(crate) fn registered_banks(&mut self) -> Result<Vec<RegisteredBank>, StoreError> {
        let rows: Vec<(i16, String, String)> = self.load(RegisteredBanks {})?;
        let bank =
            |(id, code, clearing_code)| RegisteredBank { id: BankId(id), code, clearing_code };
        Ok(rows.into_iter().map(bank).collect())
    }

    /// The merchants with these codes; a code that belongs to none is left out.
    pub(crate) fn merchants_by_code(
        &mut self,
        codes: &[&str],
    ) -> Result<HashMap<String, MerchantId>, StoreError> {
        let rows: Vec<(String, i64)> = self.of_keys(
            codes,
            |sqlite, code| MerchantByCode { code }.load(sqlite),
            |postgres, codes| MerchantsByCode { codes }.load(postgres),
        )?;
        Ok(rows.into_iter().map(|(code, id)| (code, AccountId(id))).collect())
    }

    /// Those of these codes that a terminal has.
    pub(crate) fn taken_terminal_codes(
        &mut self,
        codes: &[&str],
    ) -> Result<HashSet<String>, StoreError> {
        let rows: Vec<String> = self.of_keys(
            codes,
            |sqlite, code| TerminalCode { code }.load(sqlite),
            |postgres, codes| TerminalCodes { codes }.load(postgres),
        )?;
        Ok(rows.into_iter().collect())
    }

    /// Those of these NIKs' keyed hashes that a household has.
    pub(crate) fn taken_niks(&mut self, hashes: &[&[u8]]) -> Result<HashSet<Vec<u8>>, StoreError> {
        let rows: Vec<Vec<u8>> = self.of_keys(
            hashes,
            |sqlite, hash| NikHash { hash }.load(sqlite),
            |postgres, hashes| NikHashes { hashes }.load(postgres),
        )?;
        Ok(rows.into_iter().collect())
    }

    /// The rows of all `keys`: one statement a key on `SQLite`, a few thousand keys a statement on
    /// `PostgreSQL`.
    fn of_keys<K: Copy, R>(
        &mut self,
        keys: &[K],
        one: impl Fn(&mut SqliteConnection, K) -> diesel::QueryResult<Vec<R>>,
        many: impl Fn(&mut PgConnection, &[K]) -> diesel::QueryResult<Vec<R>>,
    ) -> Result<Vec<R>, StoreError> {
        let mut rows = Vec::new();
        match self {
            Self::Sqlite(sqlite) => {
                for key in keys {
                    rows.extend(one(sqlite, *key)?);
                }
            }
            Self::Postgres(postgres) => {
                for keys in keys.chunks(ASKED_AT_ONCE) {
                    rows.extend(many(postgres, keys)?);
                }
            }
        }
        Ok(rows)
    }
}
