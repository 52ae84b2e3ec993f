//! The write path on `SQLite`: prepared statements in a loop, in one transaction that holds the
//! only write lock, so that nothing has to be locked row by row.

use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
use diesel::{RunQueryDsl, SqliteConnection};

use crate::domain::keys::RequestMac;
use crate::domain::money::Rupiah;
use crate::domain::redemption::{Attempt, Outcome, PointOfSale, ShopFacts};
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::facts::{
    CardRow, CardSql, RecordedRow, RecordedSql, ShopRow, ShopSql, SomeWalletSql, WalletRow,
    WalletSql,
};
use super::{BatchRows, CardChange, Facts, FactsQuery, Ground, RowPlace, WalletState};

statement! {
    sqlite WalletById { id: i64 } -> WalletSql;
    "SELECT id, balance, last_id, bank_id, state, pseudonym FROM wallets WHERE id = " [id: BigInt]
}

statement! {
    sqlite ShopOfTerminal { client: i64, terminal: i64, merchant: i64 } -> ShopSql;
    "SELECT c.revoked_at IS NULL, m.status, t.status, m.zone, m.price_zone, m.bank_id,
            b.cutoff_minute, b.open_business_date, h.revision
     FROM terminals t
     JOIN merchants m ON m.id = t.merchant_id
     JOIN banks b ON b.id = m.bank_id
     JOIN clients c ON c.id = " [client: BigInt] "
     CROSS JOIN registry_head h
     WHERE t.id = " [terminal: BigInt] " AND t.merchant_id = " [merchant: BigInt]
}

statement! {
    sqlite Revision {} -> Integer;
    "SELECT revision FROM registry_head WHERE id = 1"
}

statement! {
    sqlite GroundOf<'a> { anchor: i64, card: Option<i64>, merchant: i64, key_hash: Option<&'a [u8]> }
        -> (SomeWalletSql, CardSql, RecordedSql);
    "SELECT w.id, w.balance, w.last_id, w.bank_id, w.state, w.pseudonym,
            c.state, c.pin_tries, c.expires, c.pin_key_version, c.pin_tag, c.pin_salt,
            r.id, r.request_mac
     FROM (SELECT " [anchor: BigInt] " AS anchor_id, " [card: Nullable<BigInt>] " AS card_id, "
    [merchant: BigInt] " AS merchant_id, " [key_hash: Nullable<Binary>] " AS key_hash) k
     LEFT JOIN wallets w ON w.id = k.anchor_id
     LEFT JOIN cards c ON c.wallet_id = k.anchor_id AND c.id = k.card_id
     LEFT JOIN redemptions r ON r.wallet_id = k.anchor_id AND r.merchant_id = k.merchant_id
        AND r.key_hash = k.key_hash"
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
        inquiries: i32,
    };
    "INSERT INTO batches (id, anchor_id, last_id, created_at, transfers, attempts, inquiries)
     VALUES (" [id: BigInt] ", " [anchor: BigInt] ", " [last_id: BigInt] ", "
    [created_at: BigInt] ", " [transfers: Integer] ", " [attempts: Integer] ", "
    [inquiries: Integer] ")"
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
) -> Result<Vec<WalletState>, StoreError> {
    let wallet = |row| super::facts::wallet(row, RowPlace::default());
    let mut found = Vec::with_capacity(wallets.len());
    for id in wallets {
        let rows: Vec<WalletRow> = WalletById { id: *id }.load(sqlite)?;
        found.extend(rows.into_iter().next().map(wallet).transpose()?);
    }
    Ok(found)
}

pub(super) fn ground(
    sqlite: &mut SqliteConnection,
    queries: &[FactsQuery],
) -> Result<Ground, StoreError> {
    let revision: Option<i32> = Revision {}.load(sqlite)?.into_iter().next();
    let facts = queries.iter().map(|query| facts(sqlite, query)).collect::<Result<_, _>>()?;
    let revision = revision.ok_or_else(|| StoreError::corrupt("the registry has no revision"))?;
    Ok(Ground { facts, revision, now: None })
}

fn facts(sqlite: &mut SqliteConnection, query: &FactsQuery) -> Result<Facts, StoreError> {
    let statement = GroundOf {
        anchor: query.anchor.0,
        card: query.card.map(|card| card.0),
        merchant: query.merchant.0,
        key_hash: query.key_hash.as_ref().map(<[u8; 16]>::as_slice),
    };
    let row: Option<(Option<WalletRow>, CardRow, RecordedRow)> =
        statement.load(sqlite)?.into_iter().next();
    let (wallet, card, recorded) =
        row.ok_or_else(|| StoreError::corrupt("a look-up gave no row"))?;
    super::facts::facts(query, (wallet, RowPlace::default()), card, recorded)
}

pub(super) fn shops(
    sqlite: &mut SqliteConnection,
    shops: &[PointOfSale],
) -> Result<(Vec<ShopFacts>, i32), StoreError> {
    let (mut found, mut revision) = (Vec::with_capacity(shops.len()), 0);
    for pos in shops {
        let (terminal, merchant) = (pos.terminal.0, pos.merchant.0);
        let statement = ShopOfTerminal { client: pos.client, terminal, merchant };
        let row: Option<ShopRow> = statement.load(sqlite)?.into_iter().next();
        let (facts, at) = super::facts::shop(pos, row.ok_or_else(super::facts::no_shop)?)?;
        found.push(facts);
        revision = at;
    }
    Ok((found, revision))
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
    for change in &rows.wallets {
        let (id, balance) = (change.wallet.0, change.balance.get());
        SetWallet { id, balance, last_id: rows.last_id }.execute(sqlite)?;
    }
    set_card_standing(sqlite, &rows.cards)?;
    super::refused::write_sqlite(sqlite, rows)?;
    InsertLeaves { id: rows.id, anchor: rows.anchor.0, leaves: &rows.leaves }.execute(sqlite)?;
    InsertBatch {
        id: rows.id,
        anchor: rows.anchor.0,
        last_id: rows.last_id,
        created_at: rows.created_at,
        transfers: super::count(rows.transfers.len()),
        attempts: super::count(rows.attempts.len()),
        inquiries: super::count(rows.refused.inquiries.len()),
    }
    .execute(sqlite)?;
    Ok(())
}

pub(super) fn set_card_standing(
    sqlite: &mut SqliteConnection,
    changes: &[CardChange],
) -> Result<(), StoreError> {
    for CardChange { wallet, card, now, .. } in changes {
        let (tries, state) = (now.tries, now.state.number());
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
