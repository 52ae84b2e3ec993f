//! Reading back what the lock and the look-up return, into domain types.

use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, SmallInt};

use crate::domain::bank::BankId;
use crate::domain::calendar::{CutOff, Date, Zone};
use crate::domain::card::CardState;
use crate::domain::ids::{AccountId, CardId};
use crate::domain::keys::{KEY_VERSION, StoredPin};
use crate::domain::merchant::ShopState;
use crate::domain::money::Rupiah;
use crate::domain::policy::PriceZone;
use crate::domain::redemption::{CardFacts, PointOfSale, ShopFacts};
use crate::store::error::StoreError;

use super::{Facts, FactsQuery, RowPlace, WalletState};

/// The SQL types of a wallet: id, balance, last id, bank, state, pseudonym.
pub(super) type WalletSql = (BigInt, BigInt, BigInt, SmallInt, SmallInt, Binary);
/// The same where there may be none.
pub(super) type SomeWalletSql = Nullable<WalletSql>;

/// A wallet as the driver reads it.
pub(super) type WalletRow = (i64, i64, i64, i16, i16, Vec<u8>);

/// The state of a wallet that may be used.
const OPEN: i16 = 1;

pub(super) fn wallet(row: WalletRow, place: RowPlace) -> Result<WalletState, StoreError> {
    let (id, balance, last_id, bank, state, pseudonym) = row;
    let corrupt = |what: &str| StoreError::corrupt(format!("wallet {id}: {what}"));
    Ok(WalletState {
        id: AccountId(id),
        balance: Rupiah::new(balance).map_err(|_below| corrupt("its balance is below zero"))?,
        last_id,
        place,
        issuer: BankId(bank),
        open: state == OPEN,
        pseudonym: bytes(&pseudonym).ok_or_else(|| corrupt("its pseudonym is not 16 bytes"))?,
    })
}

/// The shop's part: client not revoked, merchant's and terminal's status, time zone, price zone,
/// bank, its cut-off and open day, and the registry's revision.
pub(super) type ShopSql =
    (Bool, SmallInt, SmallInt, SmallInt, SmallInt, SmallInt, SmallInt, Integer, Integer);
pub(super) type ShopRow = (bool, i16, i16, i16, i16, i16, i16, i32, i32);

/// The card's part: state, tries, last day, PIN's key version, tag and salt.
pub(super) type CardSql = (
    Nullable<SmallInt>,
    Nullable<SmallInt>,
    Nullable<Integer>,
    Nullable<SmallInt>,
    Nullable<Binary>,
    Nullable<Binary>,
);
pub(super) type CardRow =
    (Option<i16>, Option<i16>, Option<i32>, Option<i16>, Option<Vec<u8>>, Option<Vec<u8>>);

/// The recorded attempt's part: its id and the hash of its request.
pub(super) type RecordedSql = (Nullable<BigInt>, Nullable<Binary>);
pub(super) type RecordedRow = (Option<i64>, Option<Vec<u8>>);

pub(super) fn facts(
    query: &FactsQuery,
    (wallet, place): (Option<WalletRow>, RowPlace),
    card: CardRow,
    recorded: RecordedRow,
) -> Result<Facts, StoreError> {
    let recorded = match recorded {
        (Some(id), Some(mac)) => {
            let mac = bytes(&mac).ok_or_else(|| {
                StoreError::corrupt(format!("redemption {id}: its request's hash is not 16 bytes"))
            })?;
            Some((id, mac))
        }
        _ => None,
    };
    Ok(Facts {
        wallet: wallet.map(|row| self::wallet(row, place)).transpose()?,
        card: card_facts(query, card)?,
        recorded,
    })
}

/// A shop's facts, and the registry's revision.
pub(super) fn shop(pos: &PointOfSale, row: ShopRow) -> Result<(ShopFacts, i32), StoreError> {
    let (client, merchant, terminal, zone, price_zone, bank, cut_off, open_day, revision) = row;
    let corrupt = |error| StoreError::corrupt(format!("merchant {}: {error}", pos.merchant.0));
    let state = |number| {
        let lacking = || StoreError::corrupt(format!("merchant {}: no state", pos.merchant.0));
        ShopState::from_number(number).ok_or_else(lacking)
    };
    let facts = ShopFacts {
        client_active: client,
        merchant: state(merchant)?,
        terminal: state(terminal)?,
        zone: Zone::from_hours(zone).map_err(corrupt)?,
        price_zone: PriceZone(price_zone),
        acquirer: BankId(bank),
        cut_off: CutOff::from_minute(cut_off).map_err(corrupt)?,
        open_business_date: Date::from_number(open_day).map_err(corrupt)?,
    };
    Ok((facts, revision))
}

/// What is reported when a client names what is not there.
pub(super) fn no_shop() -> StoreError {
    StoreError::corrupt("a client's terminal, merchant or bank is not there")
}

/// A card's facts. The wallet's part is not known here: `issuer` and `wallet_open` are set by whoever
/// has the wallet's state.
fn card_facts(query: &FactsQuery, row: CardRow) -> Result<Option<CardFacts>, StoreError> {
    let (Some(id), (Some(state), Some(tries), Some(expires), version, tag, salt)) =
        (query.card, row)
    else {
        return Ok(None);
    };
    let CardId(number) = id;
    let corrupt = |what: &str| StoreError::corrupt(format!("card {number}: {what}"));
    let pin = match (version, tag, salt) {
        (Some(key_version), ..) if key_version != KEY_VERSION => {
            return Err(corrupt("its PIN was made with another version of the keys"));
        }
        (Some(key_version), Some(tag), Some(salt)) => Some(StoredPin {
            tag: bytes(&tag).ok_or_else(|| corrupt("its PIN's tag is not 32 bytes"))?,
            salt: bytes(&salt).ok_or_else(|| corrupt("its PIN's salt is not 16 bytes"))?,
            key_version,
        }),
        _ => None,
    };
    Ok(Some(CardFacts {
        id,
        state: CardState::from_number(state).ok_or_else(|| corrupt("its state is unknown"))?,
        issuer: BankId(0),
        expires: Date::from_number(expires)
            .map_err(|_no_date| corrupt("its last day is no date"))?,
        pin,
        tries,
        wallet_open: false,
    }))
}

/// The bytes as an array, when there are as many.
pub(super) fn bytes<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}
