//! Differences that wait for a person, and their history.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::calendar::Date;

use super::bulk::bulk_insert;
use super::connection::Connection;
use super::error::StoreError;
use super::reconciliations::View;
use super::statement::statement;

bulk_insert! {
    /// A difference that was found.
    NewException, ExceptionColumns, "exceptions",
    id: i64 => BigInt, reconciliation_id: i64 => BigInt, bank_id: i16 => SmallInt,
    merchant_id: i64 => BigInt, business_date: i32 => Integer, result_key: String => Text,
    status: String => Text, ledger_amount: Option<i64> => Nullable<BigInt>,
    bank_amount: Option<String> => Nullable<Text>, detail: String => Text,
    lines: String => Text,
    state: i16 => SmallInt, found_at: i64 => BigInt, events: i32 => Integer,
}

bulk_insert! {
    /// What happened to a difference.
    NewExceptionEvent, ExceptionEventColumns, "exception_events",
    exception_id: i64 => BigInt, number: i32 => Integer, event: String => Text,
    client_id: i64 => BigInt, created_at: i64 => BigInt, note: String => Text,
    transfer_id: Option<i64> => Nullable<BigInt>, anchor_id: Option<i64> => Nullable<BigInt>,
    amount: i64 => BigInt,
}

type RowSql = (
    (BigInt, BigInt, SmallInt, Text, BigInt, Integer, Text, Text),
    (Nullable<BigInt>, Nullable<Text>, Text, Text, SmallInt, BigInt),
    (Nullable<Text>, Nullable<Text>, Nullable<BigInt>, Nullable<Text>, Integer),
);
type Row = (
    (i64, i64, i16, String, i64, i32, String, String),
    (Option<i64>, Option<String>, String, String, i16, i64),
    (Option<String>, Option<String>, Option<i64>, Option<String>, i32),
);

macro_rules! columns {
    () => {
        "SELECT e.id, e.reconciliation_id, e.bank_id, b.code, e.merchant_id, e.business_date,
                e.result_key, e.status, e.ledger_amount, e.bank_amount, e.detail, e.lines,
                e.state, e.found_at, e.owner, e.resolution, e.decided_by, c.client_id,
                e.events
         FROM exceptions e JOIN banks b ON b.id = e.bank_id
         LEFT JOIN clients c ON c.id = e.decided_by "
    };
}

statement! {
    sqlite OfReconciliation { bank: i16, merchant: i64, from: i32, reconciliation: i64 } -> RowSql;
    (columns!()) "WHERE e.bank_id = " [bank: SmallInt] " AND e.merchant_id = " [merchant: BigInt]
    " AND (e.business_date >= " [from: Integer] " OR e.reconciliation_id = "
    [reconciliation: BigInt] " OR e.id IN (SELECT x.exception_id FROM exception_rows x
        WHERE x.reconciliation_id = " [reconciliation: BigInt] ")) ORDER BY e.id"
}

statement! {
    postgres LockOfReconciliation { bank: i16, merchant: i64, from: i32, reconciliation: i64 }
        -> RowSql;
    (columns!()) "WHERE e.bank_id = " [bank: SmallInt] " AND e.merchant_id = " [merchant: BigInt]
    " AND (e.business_date >= " [from: Integer] " OR e.reconciliation_id = "
    [reconciliation: BigInt] " OR e.id IN (SELECT x.exception_id FROM exception_rows x
        WHERE x.reconciliation_id = " [reconciliation: BigInt] ")) ORDER BY e.id FOR UPDATE OF e"
}

statement! {
    both ById { id: i64 } -> RowSql;
    (columns!()) "WHERE e.id = " [id: BigInt]
}

statement! {
    postgres LockById { id: i64 } -> RowSql;
    (columns!()) "WHERE e.id = " [id: BigInt] " FOR UPDATE OF e"
}

statement! {
    // States 1 and 2 are open; a merchant sees its own reconciliations' only.
    both ExceptionsAfter {
        bank: Option<i16>, merchant: Option<i64>, day: Option<i32>, all: bool, after: i64, most: i64,
    } -> RowSql;
    (columns!()) "WHERE e.id > " [after: BigInt]
    " AND (" [bank: Nullable<SmallInt>] " IS NULL OR e.bank_id = " [bank: Nullable<SmallInt>]
    ") AND (" [merchant: Nullable<BigInt>] " IS NULL OR e.merchant_id = "
    [merchant: Nullable<BigInt>]
    ") AND (" [day: Nullable<Integer>] " IS NULL OR e.business_date = " [day: Nullable<Integer>]
    ") AND (" [all: diesel::sql_types::Bool] " OR e.state <= 2) ORDER BY e.id LIMIT "
    [most: BigInt]
}

statement! {
    both CountOpen<'a> { reconciliation: i64, but: &'a str } -> BigInt;
    "SELECT COUNT(*) FROM exceptions WHERE state <= 2 AND reconciliation_id = "
    [reconciliation: BigInt] " AND status <> " [but: Text]
}

statement! {
    // What was written in between is never overwritten: its writer raised the events.
    both Update<'a> {
        reconciliation: i64, status: &'a str, ledger: Option<i64>, bank_amount: Option<&'a str>,
        detail: &'a str, lines: &'a str, state: i16, owner: Option<&'a str>,
        resolution: Option<&'a str>, decided_by: Option<i64>, events: i32, id: i64, read: i32,
    };
    "UPDATE exceptions SET reconciliation_id = " [reconciliation: BigInt] ", status = "
    [status: Text] ", ledger_amount = " [ledger: Nullable<BigInt>] ", bank_amount = "
    [bank_amount: Nullable<Text>] ", detail = " [detail: Text] ", lines = " [lines: Text]
    ", state = " [state: SmallInt]
    ", owner = " [owner: Nullable<Text>] ", resolution = " [resolution: Nullable<Text>]
    ", decided_by = " [decided_by: Nullable<BigInt>] ", events = " [events: Integer]
    " WHERE id = " [id: BigInt] " AND events = " [read: Integer]
}

statement! {
    both LastEvent { exception: i64 } -> Nullable<Integer>;
    "SELECT MAX(number) FROM exception_events WHERE exception_id = " [exception: BigInt]
}

statement! {
    both MovedBefore { exception: i64 } -> Nullable<BigInt>;
    "SELECT CAST(SUM(amount) AS BIGINT) FROM exception_events
     WHERE exception_id = " [exception: BigInt]
}

statement! {
    both MovedBy { client: i64, from: i64, to: i64 } -> Nullable<BigInt>;
    "SELECT CAST(SUM(amount) AS BIGINT) FROM exception_events WHERE amount > 0 AND client_id = "
    [client: BigInt] " AND created_at >= " [from: BigInt] " AND created_at < " [to: BigInt]
}

statement! {
    // By the transfers themselves: above zero what went to suspense / holding.
    both Parked { exception: i64 } -> Nullable<BigInt>;
    "SELECT CAST(SUM(CASE WHEN t.debit_account = b.suspense_account THEN t.amount
                          ELSE -t.amount END) AS BIGINT)
     FROM exception_events v
     JOIN exceptions e ON e.id = v.exception_id
     JOIN banks b ON b.id = e.bank_id
     JOIN transfers t ON t.id = v.transfer_id AND t.anchor_id = v.anchor_id
     WHERE v.exception_id = " [exception: BigInt]
}

statement! {
    both ByDay { reconciliation: i64 } -> RowSql;
    (columns!()) "WHERE e.reconciliation_id = " [reconciliation: BigInt] " ORDER BY e.id"
}

statement! {
    both EventsOf { exception: i64 }
        -> (Integer, Text, Text, BigInt, Text, Nullable<BigInt>, Nullable<BigInt>);
    "SELECT v.number, v.event, c.client_id, v.created_at, v.note, v.transfer_id, v.anchor_id
     FROM exception_events v JOIN clients c ON c.id = v.client_id
     WHERE v.exception_id = " [exception: BigInt] " ORDER BY v.number"
}

/// An event: number, event, the client's id, when, note, the transfer with its anchor.
pub(crate) type EventRow = (i32, String, String, i64, String, Option<i64>, Option<i64>);

/// A difference's row.
#[derive(Clone, Debug)]
pub(crate) struct ExceptionRow {
    pub(crate) id: i64,
    pub(crate) reconciliation: i64,
    pub(crate) view: View,
    pub(crate) bank_code: String,
    pub(crate) day: Date,
    pub(crate) key: String,
    pub(crate) status: String,
    pub(crate) ledger: Option<i64>,
    pub(crate) bank: Option<String>,
    pub(crate) detail: String,
    /// The ledger's lines that it is about, as a text.
    pub(crate) lines: String,
    pub(crate) state: i16,
    pub(crate) found_at: i64,
    pub(crate) owner: Option<String>,
    pub(crate) resolution: Option<String>,
    pub(crate) decided_by: Option<i64>,
    /// That client's own id.
    pub(crate) decider: Option<String>,
    pub(crate) events: i32,
}

fn exception(row: Row) -> Result<ExceptionRow, StoreError> {
    let ((id, reconciliation, bank_id, bank_code, merchant, day, key, status), facts, work) = row;
    let (ledger, bank, detail, lines, state, found_at) = facts;
    let (owner, resolution, decided_by, decider, events) = work;
    Ok(ExceptionRow {
        id,
        reconciliation,
        view: View { bank: BankId(bank_id), merchant },
        bank_code,
        day: Date::from_number(day)
            .map_err(|error| StoreError::corrupt(format!("exception {id}: {error}")))?,
        key,
        status,
        ledger,
        bank,
        detail,
        lines,
        state,
        found_at,
        owner,
        resolution,
        decided_by,
        decider,
        events,
    })
}

impl Connection {
    /// What a recording has to compare with, locked against other writers: the differences from a
    /// business date on, all of this reconciliation, and all that its rows are in.
    pub(crate) fn lock_exceptions_since(
        &mut self,
        View { bank, merchant }: View,
        from: Date,
        reconciliation: i64,
    ) -> Result<Vec<ExceptionRow>, StoreError> {
        let (bank, from) = (bank.0, from.as_number());
        let rows: Vec<Row> = match self {
            Self::Sqlite(sqlite) => {
                OfReconciliation { bank, merchant, from, reconciliation }.load(sqlite)?
            }
            Self::Postgres(postgres) => {
                LockOfReconciliation { bank, merchant, from, reconciliation }.load(postgres)?
            }
        };
        rows.into_iter().map(exception).collect()
    }

    /// The differences that a reconciliation found last.
    pub(crate) fn exceptions_of(
        &mut self,
        reconciliation: i64,
    ) -> Result<Vec<ExceptionRow>, StoreError> {
        let rows: Vec<Row> = self.load(ByDay { reconciliation })?;
        rows.into_iter().map(exception).collect()
    }

    /// A difference.
    pub(crate) fn exception(&mut self, id: i64) -> Result<Option<ExceptionRow>, StoreError> {
        self.first::<_, Row>(ById { id })?.map(exception).transpose()
    }

    /// A difference, locked against other writers.
    pub(crate) fn lock_exception(&mut self, id: i64) -> Result<Option<ExceptionRow>, StoreError> {
        let rows: Vec<Row> = match self {
            Self::Sqlite(sqlite) => ById { id }.load(sqlite)?,
            Self::Postgres(postgres) => LockById { id }.load(postgres)?,
        };
        rows.into_iter().next().map(exception).transpose()
    }

    /// A page of differences, in the order in which they were found; closed ones only if `all`.
    pub(crate) fn exceptions(
        &mut self,
        (bank, merchant): (Option<BankId>, Option<i64>),
        (day, all): (Option<Date>, bool),
        (after, most): (i64, i64),
    ) -> Result<Vec<ExceptionRow>, StoreError> {
        let (bank, day) = (bank.map(|bank| bank.0), day.map(Date::as_number));
        let rows: Vec<Row> =
            self.load(ExceptionsAfter { bank, merchant, day, all, after, most })?;
        rows.into_iter().map(exception).collect()
    }

    /// How many differences of a reconciliation are open, but for those of a status.
    pub(crate) fn count_open_exceptions(
        &mut self,
        reconciliation: i64,
        but: Option<&str>,
    ) -> Result<i64, StoreError> {
        let but = but.unwrap_or_default();
        self.first(CountOpen { reconciliation, but }).map(Option::unwrap_or_default)
    }

    /// Writes a difference's row as it is now, unless it was written since `events` was read; whether
    /// it was written.
    pub(crate) fn update_exception(
        &mut self,
        row: &ExceptionRow,
        read: i32,
    ) -> Result<bool, StoreError> {
        let written = self.execute(Update {
            reconciliation: row.reconciliation,
            status: &row.status,
            ledger: row.ledger,
            bank_amount: row.bank.as_deref(),
            detail: &row.detail,
            lines: &row.lines,
            state: row.state,
            owner: row.owner.as_deref(),
            resolution: row.resolution.as_deref(),
            decided_by: row.decided_by,
            events: row.events,
            id: row.id,
            read,
        })?;
        Ok(written == 1)
    }

    /// The number of the last thing that happened to a difference; 0 before the first.
    pub(crate) fn last_exception_event(&mut self, id: i64) -> Result<i32, StoreError> {
        let last: Option<Option<i32>> = self.first(LastEvent { exception: id })?;
        Ok(last.flatten().unwrap_or(0))
    }

    /// Rupiah that decisions on a difference moved so far.
    pub(crate) fn moved_on(&mut self, id: i64) -> Result<i64, StoreError> {
        let sum: Option<Option<i64>> = self.first(MovedBefore { exception: id })?;
        Ok(sum.flatten().unwrap_or(0))
    }

    /// Rupiah that a client's decisions moved between two moments in milliseconds.
    pub(crate) fn moved_by(
        &mut self,
        client: i64,
        (from, to): (i64, i64),
    ) -> Result<i64, StoreError> {
        let sum: Option<Option<i64>> = self.first(MovedBy { client, from, to })?;
        Ok(sum.flatten().unwrap_or(0))
    }

    /// What lies in suspense for a difference, by its transfers: above zero what the bank moved beyond
    /// what is explained.
    pub(crate) fn parked_for(&mut self, id: i64) -> Result<i64, StoreError> {
        let sum: Option<Option<i64>> = self.first(Parked { exception: id })?;
        Ok(sum.flatten().unwrap_or(0))
    }

    /// What happened to a difference, the oldest first.
    pub(crate) fn exception_events(&mut self, id: i64) -> Result<Vec<EventRow>, StoreError> {
        self.load(EventsOf { exception: id })
    }
}
