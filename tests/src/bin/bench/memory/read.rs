//! Cards and shops of a real database, of either kind.
#![expect(clippy::disallowed_types, reason = "diesel's derive knows all types, floats too")]

use anyhow::Context;
use diesel::connection::Connection as _;
use diesel::{JoinOnDsl as _, PgConnection, QueryDsl as _, RunQueryDsl as _, SqliteConnection};
use ledger::domain::bank::BankId;
use ledger::domain::calendar::{CutOff, Date, Zone};
use ledger::domain::card::CardState;
use ledger::domain::ids::{AccountId, CardId};
use ledger::domain::keys::StoredPin;
use ledger::domain::merchant::ShopState;
use ledger::domain::money::Rupiah;
use ledger::domain::policy::PriceZone;
use ledger::domain::redemption::{CardFacts, ShopFacts};
use ledger::service::batch::{RowPlace, WalletState};

use super::Town;
use crate::databases::file_of;

/// A connection to either database.
#[derive(diesel::MultiConnection)]
enum Any {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

diesel::table! {
    wallets (id) {
        id -> BigInt,
        balance -> BigInt,
        last_id -> BigInt,
        bank_id -> SmallInt,
        pseudonym -> Binary,
    }
}

diesel::table! {
    cards (id) {
        wallet_id -> BigInt,
        id -> BigInt,
        state -> SmallInt,
        pin_tries -> SmallInt,
        expires -> Integer,
        pin_key_version -> Nullable<SmallInt>,
        pin_tag -> Nullable<Binary>,
        pin_salt -> Nullable<Binary>,
    }
}

diesel::table! {
    merchants (id) {
        id -> BigInt,
        zone -> SmallInt,
        price_zone -> SmallInt,
        bank_id -> SmallInt,
    }
}

diesel::table! {
    banks (id) {
        id -> SmallInt,
        cutoff_minute -> SmallInt,
        open_business_date -> Integer,
    }
}

diesel::allow_tables_to_appear_in_same_query!(merchants, banks);

/// Everything that purchases stand on.
pub(super) fn town(database_url: &str) -> anyhow::Result<Town> {
    let mut any = if database_url.starts_with("sqlite:") {
        Any::Sqlite(SqliteConnection::establish(file_of(database_url))?)
    } else {
        Any::Postgres(PgConnection::establish(database_url)?)
    };
    let mut town = Town::default();
    for row in wallets::table.load(&mut any)? {
        let wallet = wallet(row)?;
        town.wallets.insert(wallet.id, wallet);
    }
    for row in cards::table.load(&mut any)? {
        let card = card(row)?;
        town.cards.insert(card.id, card);
    }
    let shops = merchants::table
        .inner_join(banks::table.on(diesel::ExpressionMethods::eq(merchants::bank_id, banks::id)));
    for (merchant, bank) in shops.load(&mut any)? {
        let (id, shop) = shop(merchant, bank)?;
        town.shops.insert(AccountId(id), shop);
    }
    Ok(town)
}

type WalletRow = (i64, i64, i64, i16, Vec<u8>);

fn wallet((id, balance, last_id, bank, pseudonym): WalletRow) -> anyhow::Result<WalletState> {
    Ok(WalletState {
        id: AccountId(id),
        balance: Rupiah::new(balance)?,
        last_id,
        place: RowPlace::default(),
        issuer: BankId(bank),
        open: true,
        pseudonym: array(&pseudonym)?,
    })
}

type CardRow = (i64, i64, i16, i16, i32, Option<i16>, Option<Vec<u8>>, Option<Vec<u8>>);

fn card((_, id, state, tries, expires, version, tag, salt): CardRow) -> anyhow::Result<CardFacts> {
    let pin = version.zip(tag).zip(salt).map(|((key_version, tag), salt)| {
        anyhow::Ok(StoredPin { tag: array(&tag)?, salt: array(&salt)?, key_version })
    });
    Ok(CardFacts {
        id: CardId(id),
        state: CardState::from_number(state).context("a card's state")?,
        issuer: BankId(0),
        expires: Date::from_number(expires)?,
        pin: pin.transpose()?,
        tries,
        wallet_open: true,
    })
}

type MerchantRow = (i64, i16, i16, i16);
type BankRow = (i16, i16, i32);

fn shop(
    (id, zone, price_zone, bank): MerchantRow,
    (_, cut_off, open): BankRow,
) -> anyhow::Result<(i64, ShopFacts)> {
    let shop = ShopFacts {
        client_active: true,
        merchant: ShopState::Active,
        terminal: ShopState::Active,
        zone: Zone::from_hours(zone)?,
        price_zone: PriceZone(price_zone),
        acquirer: BankId(bank),
        cut_off: CutOff::from_minute(cut_off)?,
        open_business_date: Date::from_number(open)?,
    };
    Ok((id, shop))
}

fn array<const N: usize>(bytes: &[u8]) -> anyhow::Result<[u8; N]> {
    bytes.try_into().with_context(|| format!("{} bytes and not {N}", bytes.len()))
}
