//! The write path on `SQLite`: prepared statements in a loop, in one transaction that holds the
//! only write lock, so that nothing has to be locked row by row.

use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
use diesel::{RunQueryDsl, SqliteConnection};

use crate::domain::keys::RequestMac;
use crate::domain::money::Rupiah;
use crate::domain::redemption::{Attempt, Outcome};
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::facts::{
    CardRow, CardSql, RecordedRow, RecordedSql, ShopRow, ShopSql, WalletRow, WalletSql,
};
use super::{BatchRows, CardChange, Facts, FactsQuery, LockedWallet};

statement! {
    sqlite WalletById { id: i64 } -> WalletSql;
    "SELECT id, balance, last_id, bank_id, state, pseudonym FROM wallets WHERE id = " [id: BigInt]
}

statement! {
    sqlite ShopOfTerminal { client: i64, terminal: i64 } -> ShopSql;
    "SELECT c.revoked_at IS NULL, m.status, t.status, m.zone, m.price_zone, m.bank_id,
            b.cutoff_minute, b.open_business_date, p.revision
     FROM terminals t
     JOIN merchants m ON m.id = t.merchant_id
     JOIN banks b ON b.id = m.bank_id
     JOIN clients c ON c.id = " [client: BigInt] "
     CROSS JOIN policy_head p
     WHERE t.id = " [terminal: BigInt]
}

statement! {
    sqlite CardById { wallet: i64, card: i64 } -> CardSql;
    "SELECT state, pin_tries, expires, pin_key_version, pin_tag, pin_salt
     FROM cards WHERE wallet_id = " [wallet: BigInt] " AND id = " [card: BigInt]
}

statement! {
    sqlite AttemptByKey<'a> { wallet: i64, merchant: i64, key_hash: &'a [u8] } -> RecordedSql;
    "SELECT id, request_mac FROM redemptions
     WHERE wallet_id = " [wallet: BigInt] " AND merchant_id = " [merchant: BigInt]
    " AND key_hash = " [key_hash: Binary]
}

statement! {
    sqlite InsertAttempt<'a> {
        id: i64, wallet: i64, card: Option<i64>, merchant: i64, terminal: i64, amount: Option<i64>,
        ceiling: Option<i64>, created_at: i64, business_date: i32, policy: i32,
        issuer: Option<i16>, acquirer: i16, refusal: i16, line: Option<i16>,
        key_hash: &'a [u8], request_mac: &'a [u8], lines: &'a str,
    };
    "INSERT INTO redemptions (id, wallet_id, card_id, merchant_id, terminal_id, amount,
        refusal_ceiling, created_at, business_date, policy_version, issuer, acquirer, refusal,
        refusal_line, key_hash, request_mac, lines) VALUES ("
    [id: BigInt] ", " [wallet: BigInt] ", " [card: Nullable<BigInt>] ", " [merchant: BigInt] ", "
    [terminal: BigInt] ", " [amount: Nullable<BigInt>] ", " [ceiling: Nullable<BigInt>] ", "
    [created_at: BigInt] ", " [business_date: Integer] ", " [policy: Integer] ", "
    [issuer: Nullable<SmallInt>] ", " [acquirer: SmallInt] ", " [refusal: SmallInt] ", "
    [line: Nullable<SmallInt>] ", " [key_hash: Binary] ", " [request_mac: Binary] ", "
    [lines: Text] ")"
}

statement! {
    sqlite InsertTransfer {
        id: i64, anchor: i64, debit: i64, credit: i64, amount: i64, balance_after: Option<i64>,
        subject: Option<i64>, created_at: i64, business_date: i32, kind: i16,
    };
    "INSERT INTO transfers (id, anchor_id, debit_account, credit_account, amount, balance_after,
        subject, created_at, business_date, kind) VALUES ("
    [id: BigInt] ", " [anchor: BigInt] ", " [debit: BigInt] ", " [credit: BigInt] ", "
    [amount: BigInt] ", " [balance_after: Nullable<BigInt>] ", " [subject: Nullable<BigInt>] ", "
    [created_at: BigInt] ", " [business_date: Integer] ", " [kind: SmallInt] ")"
}

statement! {
    sqlite SetWallet { id: i64, balance: i64, last_id: i64 };
    "UPDATE wallets SET balance = " [balance: BigInt] ", last_id = " [last_id: BigInt]
    " WHERE id = " [id: BigInt]
}

statement! {
    sqlite SetCardStanding { wallet: i64, card: i64, tries: i16, state: i16 };
    "UPDATE cards SET pin_tries = " [tries: SmallInt] ", state = " [state: SmallInt]
    " WHERE wallet_id = " [wallet: BigInt] " AND id = " [card: BigInt]
}

statement! {
    sqlite InsertBatch {
        id: i64, anchor: i64, last_id: i64, created_at: i64, transfers: i32, attempts: i32,
    };
    "INSERT INTO batches (id, anchor_id, last_id, created_at, transfers, attempts) VALUES ("
    [id: BigInt] ", " [anchor: BigInt] ", " [last_id: BigInt] ", " [created_at: BigInt] ", "
    [transfers: Integer] ", " [attempts: Integer] ")"
}

statement! {
    sqlite InsertLeaves<'a> { id: i64, anchor: i64, leaves: &'a [u8] };
    "INSERT INTO batch_leaves (batch_id, anchor_id, leaves) VALUES ("
    [id: BigInt] ", " [anchor: BigInt] ", " [leaves: Binary] ")"
}

/// The wallets, in their order; one that does not exist is left out.
pub(super) fn read_wallets(
    sqlite: &mut SqliteConnection,
    wallets: &[i64],
) -> Result<Vec<LockedWallet>, StoreError> {
    let mut found = Vec::with_capacity(wallets.len());
    for id in wallets {
        let rows: Vec<WalletRow> = WalletById { id: *id }.load(sqlite)?;
        found.extend(rows.into_iter().next().map(super::facts::wallet).transpose()?);
    }
    Ok(found)
}

pub(super) fn facts(
    sqlite: &mut SqliteConnection,
    queries: &[FactsQuery],
) -> Result<Vec<Facts>, StoreError> {
    queries.iter().map(|query| facts_of(sqlite, query)).collect()
}

fn facts_of(sqlite: &mut SqliteConnection, query: &FactsQuery) -> Result<Facts, StoreError> {
    let statement = ShopOfTerminal { client: query.client, terminal: query.terminal.0 };
    let shop: Option<ShopRow> = statement.load(sqlite)?.into_iter().next();
    let shop = shop.ok_or_else(|| {
        StoreError::corrupt(format!("client {}: its terminal is not there", query.client))
    })?;
    let mut card: Option<CardRow> = None;
    if let Some(id) = query.card {
        let statement = CardById { wallet: query.anchor.0, card: id.0 };
        card = statement.load(sqlite)?.into_iter().next();
    }
    let mut recorded: Option<RecordedRow> = None;
    if let Some(key_hash) = &query.key_hash {
        let (wallet, merchant) = (query.anchor.0, query.merchant.0);
        recorded = AttemptByKey { wallet, merchant, key_hash }.load(sqlite)?.into_iter().next();
    }
    super::facts::facts(query, shop, card.unwrap_or_default(), recorded.unwrap_or_default())
}

pub(super) fn write(sqlite: &mut SqliteConnection, rows: &BatchRows) -> Result<(), StoreError> {
    for attempt in &rows.attempts {
        insert_attempt(sqlite, attempt)?;
    }
    for transfer in &rows.transfers {
        InsertTransfer {
            id: transfer.id().0,
            anchor: transfer.anchor().0,
            debit: transfer.debit().0,
            credit: transfer.credit().0,
            amount: transfer.amount().get(),
            balance_after: transfer.balance_after().map(Rupiah::get),
            subject: transfer.subject(),
            created_at: transfer.created_at().as_millis(),
            business_date: transfer.business_date().as_number(),
            kind: transfer.kind().number(),
        }
        .execute(sqlite)?;
    }
    for (wallet, balance) in &rows.wallets {
        SetWallet { id: wallet.0, balance: balance.get(), last_id: rows.last_id }
            .execute(sqlite)?;
    }
    InsertLeaves { id: rows.id, anchor: rows.anchor.0, leaves: &rows.leaves }.execute(sqlite)?;
    InsertBatch {
        id: rows.id,
        anchor: rows.anchor.0,
        last_id: rows.last_id,
        created_at: rows.created_at,
        transfers: super::count(rows.transfers.len()),
        attempts: super::count(rows.attempts.len()),
    }
    .execute(sqlite)?;
    Ok(())
}

pub(super) fn set_card_standing(
    sqlite: &mut SqliteConnection,
    changes: &[CardChange],
) -> Result<(), StoreError> {
    for (wallet, card, change) in changes {
        let (tries, state) = (change.tries, change.state.number());
        SetCardStanding { wallet: wallet.0, card: card.0, tries, state }.execute(sqlite)?;
    }
    Ok(())
}

fn insert_attempt(sqlite: &mut SqliteConnection, attempt: &Attempt) -> Result<(), StoreError> {
    let (refusal, line, ceiling) = outcome_columns(&attempt.outcome);
    let request_mac: &RequestMac = &attempt.request;
    InsertAttempt {
        id: attempt.id.0,
        wallet: attempt.wallet.0,
        card: attempt.card.map(|card| card.0),
        merchant: attempt.merchant.0,
        terminal: attempt.terminal.0,
        amount: attempt.basket.total().map(Rupiah::get),
        ceiling,
        created_at: attempt.created_at.as_millis(),
        business_date: attempt.business_date.as_number(),
        policy: attempt.policy_version,
        issuer: attempt.issuer.map(|bank| bank.0),
        acquirer: attempt.acquirer.0,
        refusal,
        line,
        key_hash: &attempt.key_hash,
        request_mac,
        lines: attempt.basket.record(),
    }
    .execute(sqlite)?;
    Ok(())
}

/// How an outcome is stored: the refusal's number (0 when approved), its line and its ceiling.
pub(super) fn outcome_columns(outcome: &Outcome) -> (i16, Option<i16>, Option<i64>) {
    match outcome {
        Outcome::Approved(_) => (0, None, None),
        Outcome::Refused(objection) => {
            (objection.refusal.number(), objection.line, objection.ceiling.map(Rupiah::get))
        }
    }
}
