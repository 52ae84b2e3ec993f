//! What a batch keeps of refused inquiries and wrong PINs, and the terminals that it suspends for them.
//!
//! A wrong PIN is an inserted row; nothing counts per terminal, so that no row is hot. Only a batch that
//! holds one locks the terminals it came from, after wallets and cards and before the registry, and then
//! counts: of two nodes with wrong PINs of one terminal the later one sees the other's. An unknown
//! number goes through the same statements as a card's wrong PIN.

use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, SmallInt, Text};
use diesel::{PgConnection, RunQueryDsl, SqliteConnection};

use crate::domain::calendar::Instant;
use crate::domain::inquiry::RefusedInquiry;
use crate::domain::merchant::ShopState;
use crate::domain::wrong_pins::{WrongPin, WrongPinLimit};
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::postgres::column;
use super::{BatchRows, RefusedRows, count};

statement! {
    // A card that is not as it was read is not updated. The terminals come back locked, those that are
    // still in use.
    postgres WriteRefused<'a> {
        c_wallet: &'a [i64], c_card: &'a [i64], c_tries: &'a [i16], c_state: &'a [i16],
        c_seen_tries: &'a [i16], c_seen_state: &'a [i16],
        created_at: i64,
        i_id: &'a [i64], i_wallet: &'a [i64], i_card: &'a [Option<i64>], i_merchant: &'a [i64],
        i_terminal: &'a [i64], i_issuer: &'a [Option<i16>], i_acquirer: &'a [i16],
        i_refusal: &'a [i16],
        p_terminal: &'a [i64], p_id: &'a [i64], p_number: &'a [&'a [u8]],
        u_number: &'a [&'a [u8]], u_id: &'a [i64],
        inquiries: i32, batch: i64, anchor: i64,
        terminals: &'a [i64],
    } -> (BigInt, Nullable<BigInt>);
    "WITH standing AS (
        UPDATE cards SET pin_tries = k.tries, state = k.state
        FROM unnest(" [c_wallet: Array<BigInt>] ", " [c_card: Array<BigInt>] ", "
    [c_tries: Array<SmallInt>] ", " [c_state: Array<SmallInt>] ", "
    [c_seen_tries: Array<SmallInt>] ", " [c_seen_state: Array<SmallInt>] ")
            AS k (wallet_id, id, tries, state, seen_tries, seen_state)
        WHERE cards.wallet_id = k.wallet_id AND cards.id = k.id
            AND cards.pin_tries = k.seen_tries AND cards.state = k.seen_state
        RETURNING 1
     ), untold AS (
        INSERT INTO inquiries (created_at, id, wallet_id, card_id, merchant_id, terminal_id, issuer,
            acquirer, refusal)
        SELECT " [created_at: BigInt] ", k.* FROM unnest(" [i_id: Array<BigInt>] ", "
    [i_wallet: Array<BigInt>] ", " [i_card: Array<Nullable<BigInt>>] ", "
    [i_merchant: Array<BigInt>] ", " [i_terminal: Array<BigInt>] ", "
    [i_issuer: Array<Nullable<SmallInt>>] ", " [i_acquirer: Array<SmallInt>] ", "
    [i_refusal: Array<SmallInt>] ") AS k
     ), pins AS (
        INSERT INTO wrong_pins (created_at, terminal_id, id, number_hash)
        SELECT " [created_at: BigInt] ", k.* FROM unnest(" [p_terminal: Array<BigInt>] ", "
    [p_id: Array<BigInt>] ", " [p_number: Array<Binary>] ") AS k
     ), uncounted AS (
        INSERT INTO uncounted_pins (number_hash, id)
        SELECT k.* FROM unnest(" [u_number: Array<Binary>] ", " [u_id: Array<BigInt>] ") AS k
     ), counted AS (
        UPDATE batches SET inquiries = " [inquiries: Integer] "
        WHERE " [inquiries: Integer] " > 0 AND id = " [batch: BigInt] " AND anchor_id = "
    [anchor: BigInt] "
     ), locked AS (
        SELECT t.id FROM terminals t WHERE t.id = ANY (" [terminals: Array<BigInt>] ")
            AND t.status = 1 ORDER BY t.id FOR NO KEY UPDATE
     )
     SELECT (SELECT COUNT(*) FROM standing), locked.id
     FROM (SELECT 1) one LEFT JOIN locked ON TRUE"
}

macro_rules! numbers_of_terminal {
    ($terminal:literal, $since:literal) => {
        concat!(
            "SELECT COUNT(DISTINCT p.number_hash) FROM wrong_pins p WHERE p.terminal_id = ",
            $terminal,
            " AND p.created_at > ",
            $since,
            " AND p.created_at > COALESCE((
                SELECT MAX(c.changed_at) FROM terminal_changes c
                WHERE c.terminal_id = ",
            $terminal,
            " AND c.to_state = 1), 0)"
        )
    };
}

statement! {
    // Wrong PINs before the bank lifted a suspension do not count again.
    postgres NumbersOfTerminals<'a> { since: i64, terminals: &'a [i64] } -> (BigInt, BigInt);
    "SELECT k.id, (" (numbers_of_terminal!("k.id", "k.since")) ")
     FROM (SELECT t.id, a.since FROM (SELECT CAST(" [since: BigInt] " AS BIGINT) AS since) a
        CROSS JOIN unnest(" [terminals: Array<BigInt>] ") AS t (id)) k"
}

statement! {
    sqlite NumbersOfTerminal { terminal: i64, since: i64 } -> BigInt;
    "SELECT (" (numbers_of_terminal!("k.id", "k.since")) ")
     FROM (SELECT " [terminal: BigInt] " AS id, " [since: BigInt] " AS since) k"
}

statement! {
    both SuspendTerminal { terminal: i64 };
    "UPDATE terminals SET status = 3 WHERE id = " [terminal: BigInt]
}

statement! {
    both NoteSuspension<'a> { terminal: i64, id: i64, changed_at: i64, reason: &'a str };
    "INSERT INTO terminal_changes (terminal_id, id, client_id, changed_at, from_state, to_state,
        reason)
     VALUES (" [terminal: BigInt] ", " [id: BigInt] ", NULL, " [changed_at: BigInt] ", 1, 3, "
    [reason: Text] ")"
}

statement! {
    sqlite InsertInquiry {
        id: i64, wallet: i64, card: Option<i64>, merchant: i64, terminal: i64, created_at: i64,
        issuer: Option<i16>, acquirer: i16, refusal: i16,
    };
    "INSERT INTO inquiries (id, wallet_id, card_id, merchant_id, terminal_id, created_at, issuer,
        acquirer, refusal) VALUES ("
    [id: BigInt] ", " [wallet: BigInt] ", " [card: Nullable<BigInt>] ", " [merchant: BigInt] ", "
    [terminal: BigInt] ", " [created_at: BigInt] ", " [issuer: Nullable<SmallInt>] ", "
    [acquirer: SmallInt] ", " [refusal: SmallInt] ")"
}

statement! {
    sqlite InsertWrongPin<'a> { terminal: i64, id: i64, number: &'a [u8], created_at: i64 };
    "INSERT INTO wrong_pins (terminal_id, id, number_hash, created_at) VALUES ("
    [terminal: BigInt] ", " [id: BigInt] ", " [number: Binary] ", " [created_at: BigInt] ")"
}

statement! {
    sqlite InsertUncountedPin<'a> { number: &'a [u8], id: i64 };
    "INSERT INTO uncounted_pins (number_hash, id) VALUES (" [number: Binary] ", " [id: BigInt] ")"
}

statement! {
    // A card's tries and its wallet are two statements, an uncounted PIN is one: this is the other, and
    // changes nothing, as no wallet has the id of an attempt.
    sqlite TouchNobody { id: i64 };
    "UPDATE wallets SET last_id = last_id WHERE id = " [id: BigInt]
}

statement! {
    sqlite StatusOfTerminal { terminal: i64 } -> SmallInt;
    "SELECT status FROM terminals WHERE id = " [terminal: BigInt]
}

/// Writes what was refused, with the cards that changed, after everything else of the batch.
pub(super) fn write_postgres(
    postgres: &mut PgConnection,
    rows: &BatchRows,
) -> Result<(), StoreError> {
    let RefusedRows { inquiries, wrong_pins, limit } = &rows.refused;
    let suspects = limit.map_or_else(Vec::new, |_| terminals_of(&rows.refused));
    let cards = &rows.cards;
    let uncounted: Vec<&WrongPin> = wrong_pins.iter().filter(|pin| !pin.counted).collect();
    let done: Vec<(i64, Option<i64>)> = WriteRefused {
        c_wallet: &column(cards, |change| change.wallet.0),
        c_card: &column(cards, |change| change.card.0),
        c_tries: &column(cards, |change| change.now.tries),
        c_state: &column(cards, |change| change.now.state.number()),
        c_seen_tries: &column(cards, |change| change.seen.tries),
        c_seen_state: &column(cards, |change| change.seen.state.number()),
        created_at: rows.created_at,
        i_id: &column(inquiries, |inquiry| inquiry.id.0),
        i_wallet: &column(inquiries, |inquiry| inquiry.wallet.0),
        i_card: &column(inquiries, |inquiry| inquiry.card.map(|card| card.0)),
        i_merchant: &column(inquiries, |inquiry| inquiry.merchant.0),
        i_terminal: &column(inquiries, |inquiry| inquiry.terminal.0),
        i_issuer: &column(inquiries, |inquiry| inquiry.issuer.map(|bank| bank.0)),
        i_acquirer: &column(inquiries, |inquiry| inquiry.acquirer.0),
        i_refusal: &column(inquiries, |inquiry| inquiry.refusal.number()),
        p_terminal: &column(wrong_pins, |pin| pin.terminal.0),
        p_id: &column(wrong_pins, |pin| pin.id.0),
        p_number: &wrong_pins.iter().map(|pin| pin.number.as_slice()).collect::<Vec<_>>(),
        u_number: &uncounted.iter().map(|pin| pin.number.as_slice()).collect::<Vec<_>>(),
        u_id: &column(&uncounted, |pin| pin.id.0),
        inquiries: count(inquiries.len()),
        batch: rows.id,
        anchor: rows.anchor.0,
        terminals: &suspects,
    }
    .load(postgres)?;
    let changed = done.first().map(|(changed, _)| *changed);
    if changed.and_then(|changed| usize::try_from(changed).ok()) != Some(cards.len()) {
        return Err(StoreError::corrupt("a card is not as it was read"));
    }
    let in_use: Vec<i64> = done.into_iter().filter_map(|(_, terminal)| terminal).collect();
    let Some(limit) = limit.filter(|_| !in_use.is_empty()) else { return Ok(()) };
    let since = counted_after(limit, rows);
    let numbers: Vec<(i64, i64)> =
        NumbersOfTerminals { since, terminals: &in_use }.load(postgres)?;
    for (terminal, _) in numbers.into_iter().filter(|(_, count)| limit.is_exceeded_by(*count)) {
        tracing::warn!(terminal, "wrong PINs suspend a terminal");
        SuspendTerminal { terminal }.execute(postgres)?;
        suspension(terminal, &limit.reason(), rows).execute(postgres)?;
    }
    Ok(())
}

/// The same on `SQLite`, where wallets and cards are written with all others.
pub(super) fn write_sqlite(
    sqlite: &mut SqliteConnection,
    rows: &BatchRows,
) -> Result<(), StoreError> {
    let RefusedRows { inquiries, wrong_pins, limit } = &rows.refused;
    for inquiry in inquiries {
        insert_inquiry(sqlite, inquiry)?;
    }
    for pin in wrong_pins {
        let (terminal, id, created_at) = (pin.terminal.0, pin.id.0, rows.created_at);
        InsertWrongPin { terminal, id, number: &pin.number, created_at }.execute(sqlite)?;
        if !pin.counted {
            InsertUncountedPin { number: &pin.number, id }.execute(sqlite)?;
            TouchNobody { id }.execute(sqlite)?;
        }
    }
    let Some(limit) = *limit else { return Ok(()) };
    let since = counted_after(limit, rows);
    for terminal in terminals_of(&rows.refused) {
        let numbers: i64 = NumbersOfTerminal { terminal, since }.get_result(sqlite)?;
        if !limit.is_exceeded_by(numbers) {
            continue;
        }
        let status: i16 = StatusOfTerminal { terminal }.get_result(sqlite)?;
        if status == ShopState::Active.number() {
            tracing::warn!(terminal, "wrong PINs suspend a terminal");
            SuspendTerminal { terminal }.execute(sqlite)?;
            suspension(terminal, &limit.reason(), rows).execute(sqlite)?;
        }
    }
    Ok(())
}

fn insert_inquiry(
    sqlite: &mut SqliteConnection,
    inquiry: &RefusedInquiry,
) -> Result<(), StoreError> {
    InsertInquiry {
        id: inquiry.id.0,
        wallet: inquiry.wallet.0,
        card: inquiry.card.map(|card| card.0),
        merchant: inquiry.merchant.0,
        terminal: inquiry.terminal.0,
        created_at: inquiry.created_at.as_millis(),
        issuer: inquiry.issuer.map(|bank| bank.0),
        acquirer: inquiry.acquirer.0,
        refusal: inquiry.refusal.number(),
    }
    .execute(sqlite)?;
    Ok(())
}

/// The terminals of the wrong PINs, each once, in ascending order.
fn terminals_of(refused: &RefusedRows) -> Vec<i64> {
    let mut terminals = column(&refused.wrong_pins, |pin| pin.terminal.0);
    terminals.sort_unstable();
    terminals.dedup();
    terminals
}

fn counted_after(limit: WrongPinLimit, rows: &BatchRows) -> i64 {
    limit.counted_after(Instant::from_millis(rows.created_at)).as_millis()
}

/// The record of a suspension, under the id of the terminal's last wrong PIN.
fn suspension<'a>(terminal: i64, reason: &'a str, rows: &BatchRows) -> NoteSuspension<'a> {
    let of_terminal = rows.refused.wrong_pins.iter().filter(|pin| pin.terminal.0 == terminal);
    let id = of_terminal.map(|pin| pin.id.0).max().unwrap_or(rows.id);
    NoteSuspension { terminal, id, changed_at: rows.created_at, reason }
}
