//! Merchants' and terminals' states: read under their row's lock, changed with a record of it; and the
//! list of terminals.

use diesel::sql_types::{BigInt, Nullable, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::calendar::Instant;
use crate::domain::merchant::ShopState;

use super::connection::Connection;
use super::error::StoreError;
use super::reads::Sight;
use super::statement::statement;

/// Whose state is meant, by its code.
#[derive(Clone, Debug)]
pub(crate) enum ShopSubject {
    Merchant(String),
    Terminal(String),
}

/// A merchant or terminal: its row, the bank, its state, its merchant's and its own code; when it was last
/// changed, and the latest of all that its next change has to follow.
#[derive(Clone, Debug)]
pub(crate) struct StoredShop {
    pub(crate) id: i64,
    pub(crate) bank: BankId,
    pub(crate) state: ShopState,
    pub(crate) merchant: String,
    pub(crate) terminal: Option<String>,
    pub(crate) changed_at: Option<Instant>,
    pub(crate) latest: Option<Instant>,
}

/// A change of a state, with who made it and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewShopChange<'a> {
    pub(crate) subject: i64,
    pub(crate) id: i64,
    pub(crate) client: i64,
    pub(crate) changed_at: Instant,
    pub(crate) from: ShopState,
    pub(crate) to: ShopState,
    pub(crate) reason: &'a str,
}

/// Which terminals are wanted, by codes.
#[derive(Clone, Debug)]
pub(crate) struct TerminalFilter {
    pub(crate) merchant: Option<String>,
    pub(crate) bank: Option<String>,
    pub(crate) state: Option<ShopState>,
}

/// A terminal with its shop, its bank and the last change of its state.
#[derive(Clone, Debug)]
pub(crate) struct TerminalRow {
    pub(crate) id: i64,
    pub(crate) terminal: String,
    pub(crate) merchant: String,
    pub(crate) name: String,
    pub(crate) bank: String,
    pub(crate) state: ShopState,
    pub(crate) changed: Option<(Instant, String, Option<String>)>,
}

statement! {
    // `SQLite` has one writer, which needs no lock.
    postgres LockMerchant<'a> { code: &'a str } -> BigInt;
    "SELECT id FROM merchants WHERE code = " [code: Text] " FOR NO KEY UPDATE"
}

statement! {
    postgres LockTerminal<'a> { code: &'a str } -> BigInt;
    "SELECT id FROM terminals WHERE code = " [code: Text] " FOR NO KEY UPDATE"
}

type ShopSql =
    (BigInt, SmallInt, SmallInt, Text, Nullable<Text>, Nullable<BigInt>, Nullable<BigInt>);
type ShopRow = (i64, i16, i16, String, Option<String>, Option<i64>, Option<i64>);

statement! {
    both MerchantState<'a> { code: &'a str } -> ShopSql;
    "SELECT m.id, m.bank_id, m.status, m.code, NULL,
            (SELECT MAX(c.changed_at) FROM merchant_changes c WHERE c.merchant_id = m.id), NULL
     FROM merchants m WHERE m.code = " [code: Text]
}

statement! {
    both TerminalState<'a> { code: &'a str } -> ShopSql;
    "SELECT t.id, m.bank_id, t.status, m.code, t.code,
            (SELECT MAX(c.changed_at) FROM terminal_changes c WHERE c.terminal_id = t.id),
            (SELECT MAX(p.created_at) FROM wrong_pins p WHERE p.terminal_id = t.id)
     FROM terminals t JOIN merchants m ON m.id = t.merchant_id WHERE t.code = " [code: Text]
}

statement! {
    both SetMerchantState { state: i16, id: i64 };
    "UPDATE merchants SET status = " [state: SmallInt] " WHERE id = " [id: BigInt]
}

statement! {
    both SetTerminalState { state: i16, id: i64 };
    "UPDATE terminals SET status = " [state: SmallInt] " WHERE id = " [id: BigInt]
}

statement! {
    both NoteMerchantChange<'a> {
        subject: i64, id: i64, client: i64, changed_at: i64, from: i16, to: i16, reason: &'a str,
    };
    "INSERT INTO merchant_changes (merchant_id, id, client_id, changed_at, from_state, to_state,
        reason) VALUES (" [subject: BigInt] ", " [id: BigInt] ", " [client: BigInt] ", "
    [changed_at: BigInt] ", " [from: SmallInt] ", " [to: SmallInt] ", " [reason: Text] ")"
}

statement! {
    both NoteTerminalChange<'a> {
        subject: i64, id: i64, client: i64, changed_at: i64, from: i16, to: i16, reason: &'a str,
    };
    "INSERT INTO terminal_changes (terminal_id, id, client_id, changed_at, from_state, to_state,
        reason) VALUES (" [subject: BigInt] ", " [id: BigInt] ", " [client: BigInt] ", "
    [changed_at: BigInt] ", " [from: SmallInt] ", " [to: SmallInt] ", " [reason: Text] ")"
}

type TerminalSql =
    (BigInt, Text, Text, Text, Text, SmallInt, Nullable<BigInt>, Nullable<Text>, Nullable<Text>);
type TerminalColumns =
    (i64, String, String, String, String, i16, Option<i64>, Option<String>, Option<String>);

macro_rules! terminals_with_changes {
    () => {
        "SELECT t.id, t.code, m.code, m.name, b.code, t.status, c.changed_at, c.reason, k.client_id
         FROM terminals t
         JOIN merchants m ON m.id = t.merchant_id
         JOIN banks b ON b.id = m.bank_id
         LEFT JOIN terminal_changes c ON c.terminal_id = t.id AND c.id = (
            SELECT x.id FROM terminal_changes x WHERE x.terminal_id = t.id
            ORDER BY x.changed_at DESC, x.id DESC LIMIT 1)
         LEFT JOIN clients k ON k.id = c.client_id "
    };
}

statement! {
    both Terminals {
        after: i64, own_merchant: Option<i64>, own_bank: Option<i16>, merchant: Option<String>,
        bank: Option<String>, state: Option<i16>, limit: i64,
    } -> TerminalSql;
    (terminals_with_changes!()) "WHERE t.id > " [after: BigInt]
    " AND (" [own_merchant: Nullable<BigInt>] " IS NULL OR m.id = " [own_merchant: Nullable<BigInt>]
    ") AND (" [own_bank: Nullable<SmallInt>] " IS NULL OR m.bank_id = "
    [own_bank: Nullable<SmallInt>] ") AND (" [merchant: Nullable<Text>] " IS NULL OR m.code = "
    [merchant: Nullable<Text>] ") AND (" [bank: Nullable<Text>] " IS NULL OR b.code = "
    [bank: Nullable<Text>] ") AND (" [state: Nullable<SmallInt>] " IS NULL OR t.status = "
    [state: Nullable<SmallInt>] ") ORDER BY t.id LIMIT " [limit: BigInt]
}

statement! {
    both SuspendedTerminals {} -> BigInt;
    "SELECT COUNT(*) FROM terminals WHERE status = 3"
}

impl Connection {
    /// A merchant or terminal, locked against everyone who would change its state.
    pub(crate) fn lock_shop(
        &mut self,
        subject: &ShopSubject,
    ) -> Result<Option<StoredShop>, StoreError> {
        if let Self::Postgres(postgres) = self {
            use diesel::RunQueryDsl as _;
            let _locked: Vec<i64> = match subject {
                ShopSubject::Merchant(code) => LockMerchant { code }.load(postgres)?,
                ShopSubject::Terminal(code) => LockTerminal { code }.load(postgres)?,
            };
        }
        let row: Option<ShopRow> = match subject {
            ShopSubject::Merchant(code) => self.first(MerchantState { code })?,
            ShopSubject::Terminal(code) => self.first(TerminalState { code })?,
        };
        row.map(|(id, bank, status, merchant, terminal, changed_at, typed_at)| {
            let (changed_at, typed_at) =
                (changed_at.map(Instant::from_millis), typed_at.map(Instant::from_millis));
            Ok(StoredShop {
                id,
                bank: BankId(bank),
                state: state(id, status)?,
                merchant,
                terminal,
                changed_at,
                latest: changed_at.max(typed_at),
            })
        })
        .transpose()
    }

    /// Sets the state and records it. The row is locked.
    pub(crate) fn change_shop(
        &mut self,
        subject: &ShopSubject,
        change: &NewShopChange<'_>,
    ) -> Result<(), StoreError> {
        let NewShopChange { subject: row, id, client, changed_at, reason, .. } = *change;
        let (from, to) = (change.from.number(), change.to.number());
        let changed_at = changed_at.as_millis();
        match subject {
            ShopSubject::Merchant(_) => {
                self.execute(SetMerchantState { state: to, id: row })?;
                self.execute(NoteMerchantChange {
                    subject: row,
                    id,
                    client,
                    changed_at,
                    from,
                    to,
                    reason,
                })?;
            }
            ShopSubject::Terminal(_) => {
                self.execute(SetTerminalState { state: to, id: row })?;
                self.execute(NoteTerminalChange {
                    subject: row,
                    id,
                    client,
                    changed_at,
                    from,
                    to,
                    reason,
                })?;
            }
        }
        Ok(())
    }

    /// The wanted terminals within `sight` behind the row `after`.
    pub(crate) fn terminals(
        &mut self,
        sight: Sight,
        filter: TerminalFilter,
        (after, limit): (i64, i64),
    ) -> Result<Vec<TerminalRow>, StoreError> {
        let rows: Vec<TerminalColumns> = self.load(Terminals {
            after,
            own_merchant: sight.merchant(),
            own_bank: sight.bank(),
            merchant: filter.merchant,
            bank: filter.bank,
            state: filter.state.map(ShopState::number),
            limit,
        })?;
        let row = |columns: TerminalColumns| {
            let (id, terminal, merchant, name, bank, status, at, reason, client) = columns;
            let changed =
                at.zip(reason).map(|(at, reason)| (Instant::from_millis(at), reason, client));
            let state = state(id, status)?;
            Ok(TerminalRow { id, terminal, merchant, name, bank, state, changed })
        };
        rows.into_iter().map(row).collect()
    }

    /// How many terminals are suspended.
    pub(crate) fn suspended_terminals(&mut self) -> Result<i64, StoreError> {
        Ok(self.first(SuspendedTerminals {})?.unwrap_or(0))
    }
}

fn state(id: i64, number: i16) -> Result<ShopState, StoreError> {
    let unknown =
        || StoreError::corrupt(format!("merchant or terminal {id}: its state is unknown"));
    ShopState::from_number(number).ok_or_else(unknown)
}
