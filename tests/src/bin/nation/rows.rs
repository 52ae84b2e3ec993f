//! The tables that grow with the number of cards: each one's row, made from a family's place, and how it is
//! written: by `COPY` on `PostgreSQL`, one by one on `SQLite`.

use diesel::pg::CopyFormat;
use diesel::{
    ExecuteCopyFromDsl as _, Insertable, PgConnection, RunQueryDsl as _, SqliteConnection,
};
use ledger::domain::account::AccountKind;
use ledger::domain::calendar::Date;
use ledger::domain::card::CardState;
use ledger::domain::keys::{EnteredCard, Keys};

use crate::people::{Nation, Purpose};

/// The wallets' state, and the cards' last day.
const OPEN: i16 = 1;
const EXPIRES: &str = "2099-12-31";
/// The bytes that are handed to the driver at once.
const BUFFER: usize = 1 << 16;
/// What a binary `COPY` begins and ends with.
const MAGIC: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = [0xff; 2];

/// Makes the row of the family at a place.
pub(crate) type Make<'a, R> = &'a (dyn Fn(u64) -> anyhow::Result<R> + Sync);

/// A row of one of the tables.
pub(crate) trait Row: Sized {
    /// The table.
    const TABLE: &'static str;

    /// Writes the rows of all families in one statement; the table was emptied in this transaction.
    fn copy(
        connection: &mut PgConnection,
        families: u64,
        make: Make<'_, Self>,
    ) -> anyhow::Result<()>;

    /// Writes one row.
    fn insert(&self, connection: &mut SqliteConnection) -> anyhow::Result<()>;
}

/// A value as binary `COPY` has it.
trait Field {
    fn put(&self, out: &mut Vec<u8>);
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&i32::try_from(bytes.len()).unwrap_or(-1).to_be_bytes());
    out.extend_from_slice(bytes);
}

macro_rules! fields {
    ($($ty:ty: $value:ident => $bytes:expr),+) => {$(
        impl Field for $ty {
            fn put(&self, out: &mut Vec<u8>) {
                let $value = self;
                put_bytes($bytes, out);
            }
        }
    )+};
}

fields! {
    i64: value => &value.to_be_bytes(),
    i32: value => &value.to_be_bytes(),
    i16: value => &value.to_be_bytes(),
    String: value => value.as_bytes(),
    Vec<u8>: value => value
}

macro_rules! row {
    (
        $(#[$doc:meta])*
        $row:ident, $table:ident ($($key:ident),+): $columns:literal
        { $($column:ident: $ty:ty => $sql:ty),+ $(,)? }
    ) => {
        diesel::table! { $table ($($key),+) { $($column -> $sql,)+ } }

        $(#[$doc])*
        #[derive(Debug, Insertable)]
        #[diesel(table_name = $table)]
        pub(crate) struct $row { $($column: $ty),+ }

        impl Row for $row {
            const TABLE: &'static str = stringify!($table);

            fn copy(
                connection: &mut PgConnection,
                families: u64,
                make: Make<'_, Self>,
            ) -> anyhow::Result<()> {
                let write = |out: &mut dyn std::io::Write| {
                    let columns: i16 = $columns;
                    let mut buffer = MAGIC.to_vec();
                    for place in 0..families {
                        let row = make(place).map_err(|error| unmade(error.into()))?;
                        buffer.extend_from_slice(&columns.to_be_bytes());
                        $(row.$column.put(&mut buffer);)+
                        if buffer.len() >= BUFFER {
                            out.write_all(&buffer).map_err(|error| unmade(error.into()))?;
                            buffer.clear();
                        }
                    }
                    buffer.extend_from_slice(&TRAILER);
                    out.write_all(&buffer).map_err(|error| unmade(error.into()))
                };
                diesel::copy_from($table::table)
                    .from_raw_data($table::table, write)
                    .with_format(CopyFormat::Binary)
                    .with_freeze(true)
                    .execute(connection)?;
                Ok(())
            }

            fn insert(&self, connection: &mut SqliteConnection) -> anyhow::Result<()> {
                diesel::insert_into($table::table).values(self).execute(connection)?;
                Ok(())
            }
        }
    };
}

fn unmade(error: Box<dyn std::error::Error + Send + Sync>) -> diesel::result::Error {
    diesel::result::Error::SerializationError(error)
}

row! {
    /// A household, its identity sealed.
    Household, households (id): 5 {
        id: i64 => BigInt,
        nik_hash: Vec<u8> => Binary,
        identity: Vec<u8> => Binary,
        region_code: String => Text,
        registered_at: i64 => BigInt,
    }
}

row! {
    /// A wallet's account.
    Account, accounts (id): 3 { id: i64 => BigInt, kind: i16 => SmallInt, bank_id: i16 => SmallInt }
}

row! {
    /// A wallet, open and empty.
    Wallet, wallets (id): 8 {
        id: i64 => BigInt,
        household_id: i64 => BigInt,
        balance: i64 => BigInt,
        last_id: i64 => BigInt,
        opened_at: i64 => BigInt,
        bank_id: i16 => SmallInt,
        state: i16 => SmallInt,
        pseudonym: Vec<u8> => Binary,
    }
}

row! {
    /// An active card with its PIN.
    Card, cards (wallet_id, id): 12 {
        wallet_id: i64 => BigInt,
        id: i64 => BigInt,
        issued_at: i64 => BigInt,
        issued_state: i16 => SmallInt,
        expires: i32 => Integer,
        state: i16 => SmallInt,
        pin_tries: i16 => SmallInt,
        pin_key_version: i16 => SmallInt,
        first_six: String => Text,
        last_four: String => Text,
        pin_tag: Vec<u8> => Binary,
        pin_salt: Vec<u8> => Binary,
    }
}

row! {
    /// A card's number, by its keyed hash.
    NumberedCard, card_numbers (number_hash): 4 {
        number_hash: Vec<u8> => Binary,
        card_id: i64 => BigInt,
        wallet_id: i64 => BigInt,
        seal: Vec<u8> => Binary,
    }
}

impl Household {
    pub(crate) fn of(nation: &Nation, keys: &Keys, place: u64) -> anyhow::Result<Self> {
        let (id, region_code) = (nation.household(place), nation.region(place));
        let identity = nation.identity(place, &region_code)?;
        let nonce = nation.bytes(Purpose::Nonce, place);
        Ok(Self {
            id: id.0,
            nik_hash: keys.nik_index(identity.nik.as_str()).to_vec(),
            identity: keys.seal_identity(id, nonce, &identity)?,
            region_code,
            registered_at: nation.registered.as_millis(),
        })
    }
}

impl Account {
    pub(crate) fn of(nation: &Nation, place: u64) -> Self {
        let (bank_id, _) = nation.bank(Purpose::Bank, place);
        Self { id: nation.wallet(place).0, kind: AccountKind::Wallet.number(), bank_id }
    }
}

impl Wallet {
    pub(crate) fn of(nation: &Nation, place: u64) -> Self {
        let (id, (bank_id, _)) = (nation.wallet(place).0, nation.bank(Purpose::Bank, place));
        Self {
            id,
            household_id: nation.household(place).0,
            balance: 0,
            last_id: id,
            opened_at: nation.registered.as_millis(),
            bank_id,
            state: OPEN,
            pseudonym: nation.bytes::<16>(Purpose::Pseudonym, place).to_vec(),
        }
    }
}

impl Card {
    pub(crate) fn of(nation: &Nation, keys: &Keys, place: u64) -> anyhow::Result<Self> {
        let (id, number) = (nation.card(place), nation.number(place)?);
        let salt = nation.bytes(Purpose::Salt, place);
        let pin = keys.seal_pin(id, salt, nation.pin(place, &number)?);
        let (shown, expires) = (number.masked(), EXPIRES.parse::<Date>()?);
        Ok(Self {
            wallet_id: nation.wallet(place).0,
            id: id.0,
            issued_at: nation.registered.as_millis(),
            issued_state: CardState::Active.number(),
            expires: expires.as_number(),
            state: CardState::Active.number(),
            pin_tries: 0,
            pin_key_version: pin.key_version,
            first_six: shown.first_six(),
            last_four: shown.last_four(),
            pin_tag: pin.tag.to_vec(),
            pin_salt: pin.salt.to_vec(),
        })
    }
}

impl NumberedCard {
    pub(crate) fn of(nation: &Nation, keys: &Keys, place: u64) -> anyhow::Result<Self> {
        let (wallet, card, number) =
            (nation.wallet(place), nation.card(place), nation.number(place)?);
        let (hash, shown) = (keys.card_index(&number), number.masked());
        let entered = EnteredCard {
            wallet: wallet.0,
            id: card.0,
            shown: &[shown.first_six(), shown.last_four()].concat(),
            expires: EXPIRES.parse::<Date>()?.as_number().into(),
            issued_at: nation.registered.as_millis(),
        };
        Ok(Self {
            number_hash: hash.to_vec(),
            card_id: card.0,
            wallet_id: wallet.0,
            seal: keys.card_seal(&hash, &entered).to_vec(),
        })
    }

    pub(crate) fn hash(&self) -> &[u8] {
        &self.number_hash
    }
}
