//! Checks that need the keys: that they are this database's, and that what they sealed matches the
//! data stored beside it.

use crate::domain::ids::{AccountId, HouseholdId, RowId};
use crate::domain::keys::{EnteredCard, Keys};
use crate::domain::public_id::{self, IdKind};
use crate::store::StoreError;
use crate::store::connection::Connection;

use super::{Check, Run, answers, require};

/// Checks what is keyed.
pub(super) fn run(run: &mut Run<'_>, keys: &Keys) -> Result<(), StoreError> {
    run.check("key_records", |connection, check| {
        let recorded = connection.recorded_keys()?;
        check.seen(require(recorded.as_deref().is_none_or(|id| id == keys.id()), || {
            "key_records: the database belongs to other keys than these".to_owned()
        }));
        Ok(())
    })?;
    run.check("keyed_card_numbers", |connection, check| card_numbers(connection, check, keys))?;
    run.check("keyed_households", |connection, check| households(connection, check, keys))?;
    run.check("keyed_answers", |connection, check| {
        answers::each(connection, check, "names another reversal", &|row, about| {
            let wallet = AccountId(about.wallet);
            let names =
                [(IdKind::Redemption, about.redemption), (IdKind::Transfer, about.transfer)];
            names.into_iter().all(|(kind, id)| {
                row.answer.contains(&public_id::encode(keys, kind, RowId(id), wallet))
            })
        })
    })
}

fn card_numbers(
    connection: &mut Connection,
    check: &mut Check,
    keys: &Keys,
) -> Result<(), StoreError> {
    connection.each_card_number(&mut |row| {
        let (wallet, id, issued_at, expires) = row.card;
        let entered = EnteredCard { wallet, id, shown: &row.shown, expires, issued_at };
        check.seen(require(
            keys.card_seal(&row.number_hash, &entered).as_slice() == row.seal,
            || format!("card_numbers of card {id}: the number was not entered with this card"),
        ));
        Ok(())
    })
}

fn households(
    connection: &mut Connection,
    check: &mut Check,
    keys: &Keys,
) -> Result<(), StoreError> {
    connection.each_household(&mut |(id, nik_hash, identity)| {
        let opened = keys.open_identity(HouseholdId(id), &identity);
        let is_it = opened.is_ok_and(|who| keys.nik_index(who.nik.as_str()).as_slice() == nik_hash);
        check.seen(require(is_it, || {
            format!("households {id}: its identity does not open, or has another NIK")
        }));
        Ok(())
    })
}
