//! Finding cards by their numbers' keyed hashes.

use std::collections::HashMap;

use diesel::RunQueryDsl;
use diesel::sql_types::{Array, BigInt, Binary};

use crate::domain::ids::{AccountId, CardId};
use crate::domain::keys::CardIndex;
use crate::domain::redemption::CardRef;

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    both CardByNumber<'a> { hash: &'a [u8] } -> (Binary, BigInt, BigInt);
    "SELECT number_hash, card_id, wallet_id FROM card_numbers WHERE number_hash = " [hash: Binary]
}

statement! {
    postgres CardsByNumber<'a> { hashes: &'a [&'a [u8]] } -> (Binary, BigInt, BigInt);
    "SELECT n.number_hash, n.card_id, n.wallet_id FROM unnest(" [hashes: Array<Binary>] ") AS k (hash)
     JOIN card_numbers n ON n.number_hash = k.hash"
}

impl Connection {
    /// The cards with these numbers; a number that belongs to none is left out.
    pub(crate) fn cards_by_number(
        &mut self,
        hashes: &[CardIndex],
    ) -> Result<HashMap<CardIndex, CardRef>, StoreError> {
        let mut rows: Vec<(Vec<u8>, i64, i64)> = Vec::with_capacity(hashes.len());
        match self {
            Self::Postgres(postgres) => {
                let hashes: Vec<&[u8]> = hashes.iter().map(<[u8; 32]>::as_slice).collect();
                rows = CardsByNumber { hashes: &hashes }.load(postgres)?;
            }
            Self::Sqlite(sqlite) => {
                for hash in hashes {
                    rows.extend(CardByNumber { hash }.load::<(Vec<u8>, i64, i64)>(sqlite)?);
                }
            }
        }
        rows.into_iter()
            .map(|(hash, card, wallet)| {
                let hash = hash.try_into().map_err(|_length| {
                    StoreError::corrupt("a card number's hash is not 32 bytes")
                })?;
                Ok((hash, CardRef { card: CardId(card), wallet: AccountId(wallet) }))
            })
            .collect()
    }
}
