//! The write path on `PostgreSQL`: arrays in, one round trip for each step.
//!
//! Every text here is planned once, generically, by the lane's settings (`store::connection`): all
//! joins go by keys, from the few rows of the arrays to the large tables.

use std::io::Write as _;

use diesel::deserialize::{self, FromSql};
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, SmallInt, SqlType, Text};
use diesel::{Connection as _, PgConnection, RunQueryDsl};

use crate::domain::calendar::Instant;
use crate::domain::money::Rupiah;
use crate::domain::redemption::{PointOfSale, ShopFacts};
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::facts::{
    CardRow, CardSql, RecordedRow, RecordedSql, ShopRow, ShopSql, SomeWalletSql, WalletRow,
    WalletSql,
};
use super::sqlite::outcome_columns;
use super::{BatchRows, CardChange, Facts, FactsQuery, Ground, RowPlace, WalletState};

/// The SQL type `tid`, by its number in `pg_type`.
#[derive(Clone, Copy, Debug, QueryId, SqlType)]
#[diesel(postgres_type(oid = 27, array_oid = 1010))]
pub struct Tid;

impl FromSql<Tid, Pg> for RowPlace {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(value.as_bytes().try_into()?))
    }
}

impl ToSql<Tid, Pg> for RowPlace {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&self.0)?;
        Ok(IsNull::No)
    }
}

statement! {
    postgres LockWallets<'a> { ids: &'a [i64] } -> (WalletSql, Tid);
    "SELECT w.id, w.balance, w.last_id, w.bank_id, w.state, w.pseudonym, w.ctid
     FROM unnest(" [ids: Array<BigInt>] ") AS k (id)
     JOIN wallets w ON w.id = k.id
     ORDER BY w.id
     FOR NO KEY UPDATE OF w"
}

statement! {
    // Rows come in any order, so that nothing is sorted; each says whose it is.
    postgres GroundOf<'a> {
        place: &'a [i32], anchor: &'a [i64], card: &'a [Option<i64>], merchant: &'a [i64],
        key_hash: &'a [Option<&'a [u8]>],
    } -> (Integer, SomeWalletSql, Nullable<Tid>, CardSql, RecordedSql, HeadSql);
    "SELECT k.place, w.id, w.balance, w.last_id, w.bank_id, w.state, w.pseudonym, w.ctid,
            c.state, c.pin_tries, c.expires, c.pin_key_version, c.pin_tag, c.pin_salt,
            r.id, r.request_mac, (SELECT revision FROM registry_head WHERE id = 1),
            (SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT))
     FROM unnest(" [place: Array<Integer>] ", " [anchor: Array<BigInt>] ", "
    [card: Array<Nullable<BigInt>>] ", " [merchant: Array<BigInt>] ", "
    [key_hash: Array<Nullable<Binary>>] ") AS k (place, anchor_id, card_id, merchant_id, key_hash)
     LEFT JOIN wallets w ON w.id = k.anchor_id
     LEFT JOIN cards c ON c.wallet_id = k.anchor_id AND c.id = k.card_id
     LEFT JOIN redemptions r ON r.wallet_id = k.anchor_id AND r.merchant_id = k.merchant_id
        AND r.key_hash = k.key_hash"
}

statement! {
    postgres ShopsOf<'a> {
        place: &'a [i32], merchant: &'a [i64], terminal: &'a [i64], client: &'a [i64],
    } -> ShopSql;
    "SELECT cl.revoked_at IS NULL, m.status, t.status, m.zone, m.price_zone, m.bank_id,
            b.cutoff_minute, b.open_business_date, h.revision
     FROM unnest(" [place: Array<Integer>] ", " [merchant: Array<BigInt>] ", "
    [terminal: Array<BigInt>] ", " [client: Array<BigInt>] ")
        AS k (place, merchant_id, terminal_id, client_id)
     JOIN terminals t ON t.id = k.terminal_id AND t.merchant_id = k.merchant_id
     JOIN merchants m ON m.id = k.merchant_id
     JOIN banks b ON b.id = m.bank_id
     JOIN clients cl ON cl.id = k.client_id
     JOIN registry_head h ON h.id = 1
     ORDER BY k.place"
}

statement! {
    // One statement writes a batch, and checks what it stands on. A wallet is looked for where its row was
    // read, without going through the index again. One that is not as it was read, or not there, is not
    // updated; then, or when the registry's revision has grown, the batch gets no last id, its row is refused,
    // and nothing of it is written; nor when a key is recorded already. The statement holds the batches' lock from its begin on, and so before
    // the revision is asked for, which has to be asked for then, not by the statement's snapshot: see `DayCloser`.
    postgres WriteBatch<'a> {
        batch: i64, anchor: i64, last_id: i64, created_at: i64, transfer_count: i32,
        attempt_count: i32, leaves: &'a [u8],
        a_id: &'a [i64], a_wallet: &'a [i64], a_card: &'a [Option<i64>], a_merchant: &'a [i64],
        a_terminal: &'a [i64], a_amount: &'a [Option<i64>], a_ceiling: &'a [Option<i64>],
        a_date: &'a [i32], a_policy: &'a [i32], a_issuer: &'a [Option<i16>],
        a_acquirer: &'a [i16], a_refusal: &'a [i16], a_line: &'a [Option<i16>],
        a_key: &'a [&'a [u8]], a_mac: &'a [&'a [u8]], a_lines: &'a [&'a str],
        t_id: &'a [i64], t_anchor: &'a [i64], t_debit: &'a [i64], t_credit: &'a [i64],
        t_amount: &'a [i64], t_after: &'a [Option<i64>],
        t_subject: &'a [Option<i64>], t_date: &'a [i32], t_kind: &'a [i16],
        w_place: &'a [RowPlace], w_id: &'a [i64], w_balance: &'a [i64], w_seen: &'a [i64],
        w_count: i64,
        revision: Option<i32>,
    };
    "WITH attempts AS (
        INSERT INTO redemptions (created_at, id, wallet_id, card_id, merchant_id, terminal_id,
            amount, refusal_ceiling, business_date, policy_version, issuer, acquirer, refusal,
            refusal_line, key_hash, request_mac, lines)
        SELECT " [created_at: BigInt] ", k.* FROM unnest(" [a_id: Array<BigInt>] ", "
    [a_wallet: Array<BigInt>] ", " [a_card: Array<Nullable<BigInt>>] ", "
    [a_merchant: Array<BigInt>] ", " [a_terminal: Array<BigInt>] ", "
    [a_amount: Array<Nullable<BigInt>>] ", " [a_ceiling: Array<Nullable<BigInt>>] ", "
    [a_date: Array<Integer>] ", " [a_policy: Array<Integer>] ", "
    [a_issuer: Array<Nullable<SmallInt>>] ", " [a_acquirer: Array<SmallInt>] ", "
    [a_refusal: Array<SmallInt>] ", " [a_line: Array<Nullable<SmallInt>>] ", "
    [a_key: Array<Binary>] ", " [a_mac: Array<Binary>] ", " [a_lines: Array<Text>] ") AS k
        RETURNING 1
     ), moved AS (
        INSERT INTO transfers (created_at, id, anchor_id, debit_account, credit_account, amount,
            balance_after, subject, business_date, kind)
        SELECT " [created_at: BigInt] ", k.* FROM unnest(" [t_id: Array<BigInt>] ", "
    [t_anchor: Array<BigInt>] ", " [t_debit: Array<BigInt>] ", " [t_credit: Array<BigInt>] ", "
    [t_amount: Array<BigInt>] ", " [t_after: Array<Nullable<BigInt>>] ", "
    [t_subject: Array<Nullable<BigInt>>] ", "
    [t_date: Array<Integer>] ", " [t_kind: Array<SmallInt>] ") AS k
     ), balances AS (
        UPDATE wallets SET balance = k.balance, last_id = " [last_id: BigInt] "
        FROM unnest(" [w_place: Array<Tid>] ", " [w_id: Array<BigInt>] ", "
    [w_balance: Array<BigInt>] ", " [w_seen: Array<BigInt>] ") AS k (place, id, balance, seen)
        WHERE wallets.ctid = k.place AND wallets.id = k.id AND wallets.last_id = k.seen
        RETURNING 1
     ), leaves AS (
        INSERT INTO batch_leaves (batch_id, anchor_id, leaves) VALUES ("
    [batch: BigInt] ", " [anchor: BigInt] ", " [leaves: Binary] ")
     )
     INSERT INTO batches (id, anchor_id, created_at, transfers, attempts, last_id) VALUES ("
    [batch: BigInt] ", " [anchor: BigInt] ", " [created_at: BigInt] ", "
    [transfer_count: Integer] ", " [attempt_count: Integer] ",
        CASE WHEN (SELECT COUNT(*) FROM balances) = " [w_count: BigInt] " THEN
        CASE WHEN (SELECT COUNT(*) FROM attempts) = " [attempt_count: Integer] " THEN
        CASE WHEN " [revision: Nullable<Integer>] " IS NULL OR registry_revision() = "
    [revision: Nullable<Integer>] " THEN " [last_id: BigInt] " END END END)"
}

statement! {
    // A card that is not as it was read is not updated.
    postgres SetCardStanding<'a> {
        wallet: &'a [i64], card: &'a [i64], tries: &'a [i16], state: &'a [i16],
        seen_tries: &'a [i16], seen_state: &'a [i16],
    };
    "UPDATE cards SET pin_tries = k.tries, state = k.state
     FROM unnest(" [wallet: Array<BigInt>] ", " [card: Array<BigInt>] ", "
    [tries: Array<SmallInt>] ", " [state: Array<SmallInt>] ", "
    [seen_tries: Array<SmallInt>] ", " [seen_state: Array<SmallInt>] ")
        AS k (wallet_id, id, tries, state, seen_tries, seen_state)
     WHERE cards.wallet_id = k.wallet_id AND cards.id = k.id
        AND cards.pin_tries = k.seen_tries AND cards.state = k.seen_state"
}

/// Locks the wallets in ascending order; one that does not exist is left out.
pub(super) fn lock_wallets(
    postgres: &mut PgConnection,
    wallets: &[i64],
) -> Result<Vec<WalletState>, StoreError> {
    if wallets.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(WalletRow, RowPlace)> = LockWallets { ids: wallets }.load(postgres)?;
    rows.into_iter().map(|(row, place)| super::facts::wallet(row, place)).collect()
}

/// The same for all rows: the registry's revision, and the database's time.
type HeadSql = (Integer, BigInt);

/// A query's place, its wallet and where that was read, its card, its attempt, what is the same for all.
type GroundRow = (i32, Option<WalletRow>, Option<RowPlace>, CardRow, RecordedRow, (i32, i64));

pub(super) fn ground(
    postgres: &mut PgConnection,
    queries: &[FactsQuery],
) -> Result<Ground, StoreError> {
    let rows: Vec<GroundRow> = GroundOf {
        place: &places(queries),
        anchor: &column(queries, |query| query.anchor.0),
        card: &column(queries, |query| query.card.map(|card| card.0)),
        merchant: &column(queries, |query| query.merchant.0),
        key_hash: &queries
            .iter()
            .map(|query| query.key_hash.as_ref().map(<[u8; 16]>::as_slice))
            .collect::<Vec<_>>(),
    }
    .load(postgres)?;
    let lacking = || StoreError::corrupt("a look-up gave no row");
    let (revision, now) = rows.first().map(|row| row.5).ok_or_else(lacking)?;
    let mut found: Vec<Option<Facts>> = queries.iter().map(|_| None).collect();
    for (place, wallet, at, card, recorded, _) in rows {
        let place = usize::try_from(place).map_err(|_negative| lacking())?;
        let (query, slot) = queries.get(place).zip(found.get_mut(place)).ok_or_else(lacking)?;
        *slot = Some(super::facts::facts(query, (wallet, at.unwrap_or_default()), card, recorded)?);
    }
    let facts: Option<Vec<Facts>> = found.into_iter().collect();
    let now = Some(Instant::from_millis(now));
    Ok(Ground { facts: facts.ok_or_else(lacking)?, revision, now })
}

pub(super) fn shops(
    postgres: &mut PgConnection,
    shops: &[PointOfSale],
) -> Result<(Vec<ShopFacts>, i32), StoreError> {
    let rows: Vec<ShopRow> = ShopsOf {
        place: &places(shops),
        merchant: &column(shops, |pos| pos.merchant.0),
        terminal: &column(shops, |pos| pos.terminal.0),
        client: &column(shops, |pos| pos.client),
    }
    .load(postgres)?;
    if rows.len() != shops.len() {
        return Err(super::facts::no_shop());
    }
    let mut revision = 0;
    let read = shops.iter().zip(rows).map(|(pos, row)| {
        let (facts, at) = super::facts::shop(pos, row)?;
        revision = at;
        Ok(facts)
    });
    let facts = read.collect::<Result<_, StoreError>>()?;
    Ok((facts, revision))
}

/// Few batches change a card or hold a wrong PIN. They are written in further statements, wallets before
/// cards as everywhere, so that all others have one that knows nothing of these.
pub(super) fn write(postgres: &mut PgConnection, rows: &BatchRows) -> Result<(), StoreError> {
    if rows.cards.is_empty() && rows.refused.is_empty() {
        return write_rows(postgres, rows);
    }
    let both = |postgres: &mut PgConnection| {
        write_rows(postgres, rows)?;
        if rows.refused.is_empty() {
            set_card_standing(postgres, &rows.cards)
        } else {
            super::refused::write_postgres(postgres, rows)
        }
    };
    match rows.revision {
        Some(_) => postgres.transaction(both),
        // Under locks there is a transaction already.
        None => both(postgres),
    }
}

fn write_rows(postgres: &mut PgConnection, rows: &BatchRows) -> Result<(), StoreError> {
    let (attempts, transfers) = (&rows.attempts, &rows.transfers);
    let outcomes: Vec<_> = attempts.iter().map(|a| outcome_columns(&a.outcome)).collect();
    WriteBatch {
        batch: rows.id,
        anchor: rows.anchor.0,
        last_id: rows.last_id,
        created_at: rows.created_at,
        transfer_count: super::count(transfers.len()),
        attempt_count: super::count(attempts.len()),
        leaves: &rows.leaves,
        a_id: &column(attempts, |a| a.id.0),
        a_wallet: &column(attempts, |a| a.wallet.0),
        a_card: &column(attempts, |a| a.card.map(|card| card.0)),
        a_merchant: &column(attempts, |a| a.merchant.0),
        a_terminal: &column(attempts, |a| a.terminal.0),
        a_amount: &column(attempts, |a| a.basket.total().map(Rupiah::get)),
        a_ceiling: &column(&outcomes, |(_, _, ceiling)| *ceiling),
        a_date: &column(attempts, |a| a.business_date.as_number()),
        a_policy: &column(attempts, |a| a.policy_version),
        a_issuer: &column(attempts, |a| a.issuer.map(|bank| bank.0)),
        a_acquirer: &column(attempts, |a| a.acquirer.0),
        a_refusal: &column(&outcomes, |(refusal, _, _)| *refusal),
        a_line: &column(&outcomes, |(_, line, _)| *line),
        a_key: &attempts.iter().map(|a| a.key_hash.as_slice()).collect::<Vec<_>>(),
        a_mac: &attempts.iter().map(|a| a.request.as_slice()).collect::<Vec<_>>(),
        a_lines: &attempts.iter().map(|a| a.basket.record()).collect::<Vec<_>>(),
        t_id: &column(transfers, |t| t.id().0),
        t_anchor: &column(transfers, |t| t.anchor().0),
        t_debit: &column(transfers, |t| t.debit().0),
        t_credit: &column(transfers, |t| t.credit().0),
        t_amount: &column(transfers, |t| t.amount().get()),
        t_after: &column(transfers, |t| t.balance_after().map(Rupiah::get)),
        t_subject: &column(transfers, crate::domain::transfer::Transfer::subject),
        t_date: &column(transfers, |t| t.business_date().as_number()),
        t_kind: &column(transfers, |t| t.kind().number()),
        w_place: &column(&rows.wallets, |change| change.place),
        w_id: &column(&rows.wallets, |change| change.wallet.0),
        w_balance: &column(&rows.wallets, |change| change.balance.get()),
        w_seen: &column(&rows.wallets, |change| change.seen),
        w_count: i64::from(super::count(rows.wallets.len())),
        revision: rows.revision,
    }
    .execute(postgres)?;
    Ok(())
}

pub(super) fn set_card_standing(
    postgres: &mut PgConnection,
    changes: &[CardChange],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let updated = SetCardStanding {
        wallet: &column(changes, |change| change.wallet.0),
        card: &column(changes, |change| change.card.0),
        tries: &column(changes, |change| change.now.tries),
        state: &column(changes, |change| change.now.state.number()),
        seen_tries: &column(changes, |change| change.seen.tries),
        seen_state: &column(changes, |change| change.seen.state.number()),
    }
    .execute(postgres)?;
    if updated == changes.len() {
        Ok(())
    } else {
        Err(StoreError::corrupt("a card is not as it was read"))
    }
}

/// The rows' places, from 0.
fn places<R>(rows: &[R]) -> Vec<i32> {
    (0..).take(rows.len()).collect()
}

/// One field of every row: what a bind array is made of.
pub(super) fn column<R, T>(rows: &[R], field: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(field).collect()
}
