//! What a recording brings, in its own transaction: the account that its files are of, and how much of the
//! client's day it takes.

use crate::bankfile::same_account;
use crate::domain::calendar::Instant;
use crate::store::connection::Connection;
use crate::store::kept::{NewMerchantAccount, NewRecordingCount};

use super::NotReconciled;
use super::limits::{Brought, RecordingBounds};
use super::record::{Base, Prepared};

/// Compares the account that the files name with the registered one; a shop's first recording that names
/// one registers it.
pub(super) fn keep_account(
    tx: &mut Connection,
    prepared: &Prepared,
    now: Instant,
) -> Result<(), NotReconciled> {
    let Base { view, client, .. } = &prepared.base;
    let Some((found, file)) = prepared.evidence.account() else { return Ok(()) };
    match tx.registered_account(*view)? {
        Some(wanted) if same_account(&wanted, found) => Ok(()),
        Some(wanted) => Err(NotReconciled::Refused {
            file: file.to_owned(),
            status: "wrong_account",
            reason: format!("the statement is of account `{found}`, not of `{wanted}`"),
        }),
        None => Ok(NewMerchantAccount::insert_all(
            tx,
            vec![NewMerchantAccount {
                merchant_id: view.merchant,
                account_number: found.to_owned(),
                client_id: Some(*client),
                set_at: now.as_millis(),
            }],
        )?),
    }
}

/// Counts what the recording brings towards the client's day.
pub(super) fn count(
    tx: &mut Connection,
    prepared: &Prepared,
    bounds: &RecordingBounds,
    (id, revision, now): (i64, i32, Instant),
) -> Result<(), NotReconciled> {
    if prepared.only_finishes() {
        return Ok(());
    }
    let (client, more) = (prepared.base.client, prepared.brought());
    let before = Brought::today(tx, client, now)?;
    bounds.check_day((before, more), now)?;
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let row = NewRecordingCount {
        client_id: client,
        created_at: now.as_millis(),
        reconciliation_id: id,
        revision,
        file_bytes: number(more.bytes),
        file_rows: number(more.rows),
        row_exceptions: number(more.exceptions),
    };
    Ok(NewRecordingCount::insert_all(tx, vec![row])?)
}
