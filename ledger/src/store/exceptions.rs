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
    row_prints: String => Text, fee_rows: String => Text,
    state: i16 => SmallInt, found_at: i64 => BigInt, events: i32 => Integer,
}

bulk_insert! {
    /// What happened to a difference.
    NewExceptionEvent, ExceptionEventColumns, "exception_events",
    exception_id: i64 => BigInt, number: i32 => Integer, event: String => Text,
    client_id: i64 => BigInt, created_at: i64 => BigInt, note: String => Text,
    transfer_id: Option<i64> => Nullable<BigInt>, anchor_id: Option<i64> => Nullable<BigInt>,
}

type RowSql = (
    (BigInt, BigInt, SmallInt, Text, BigInt, Integer, Text, Text),
    (Nullable<BigInt>, Nullable<Text>, Text, Text, Text, SmallInt, BigInt),
    (Nullable<Text>, Nullable<Text>, Nullable<BigInt>, Integer),
);
type Row = (
    (i64, i64, i16, String, i64, i32, String, String),
    (Option<i64>, Option<String>, String, String, String, i16, i64),
    (Option<String>, Option<String>, Option<i64>, i32),
);

macro_rules! columns {
    () => {
        "SELECT e.id, e.reconciliation_id, e.bank_id, b.code, e.merchant_id, e.business_date,
                e.result_key, e.status, e.ledger_amount, e.bank_amount, e.detail, e.row_prints,
                e.fee_rows, e.state,
                e.found_at, e.owner, e.resolution, e.decided_by, e.events
         FROM exceptions e JOIN banks b ON b.id = e.bank_id "
    };
}

statement! {
    both OfReconciliation { bank: i16, merchant: i64, from: i32, reconciliation: i64 } -> RowSql;
    (columns!()) "WHERE e.bank_id = " [bank: SmallInt] " AND e.merchant_id = " [merchant: BigInt]
    " AND (e.business_date >= " [from: Integer] " OR e.reconciliation_id = "
    [reconciliation: BigInt] ") ORDER BY e.id"
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
    both Update<'a> {
        reconciliation: i64, status: &'a str, ledger: Option<i64>, bank_amount: Option<&'a str>,
        detail: &'a str, row_prints: &'a str, fee_rows: &'a str, state: i16, owner: Option<&'a str>, resolution: Option<&'a str>,
        decided_by: Option<i64>, events: i32, id: i64,
    };
    "UPDATE exceptions SET reconciliation_id = " [reconciliation: BigInt] ", status = "
    [status: Text] ", ledger_amount = " [ledger: Nullable<BigInt>] ", bank_amount = "
    [bank_amount: Nullable<Text>] ", detail = " [detail: Text] ", row_prints = " [row_prints: Text] ", fee_rows = "
    [fee_rows: Text] ", state = " [state: SmallInt]
    ", owner = " [owner: Nullable<Text>] ", resolution = " [resolution: Nullable<Text>]
    ", decided_by = " [decided_by: Nullable<BigInt>] ", events = " [events: Integer]
    " WHERE id = " [id: BigInt]
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
    pub(crate) row_prints: String,
    pub(crate) fee_rows: String,
    pub(crate) state: i16,
    pub(crate) found_at: i64,
    pub(crate) owner: Option<String>,
    pub(crate) resolution: Option<String>,
    pub(crate) decided_by: Option<i64>,
    pub(crate) events: i32,
}

fn exception(row: Row) -> Result<ExceptionRow, StoreError> {
    let ((id, reconciliation, bank_id, bank_code, merchant, day, key, status), facts, work) = row;
    let (ledger, bank, detail, row_prints, fee_rows, state, found_at) = facts;
    let (owner, resolution, decided_by, events) = work;
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
        row_prints,
        fee_rows,
        state,
        found_at,
        owner,
        resolution,
        decided_by,
        events,
    })
}

impl Connection {
    /// What a recording has to compare with: the differences from a business date on, and all of
    /// this reconciliation.
    pub(crate) fn exceptions_since(
        &mut self,
        View { bank, merchant }: View,
        from: Date,
        reconciliation: i64,
    ) -> Result<Vec<ExceptionRow>, StoreError> {
        let from = from.as_number();
        let rows: Vec<Row> =
            self.load(OfReconciliation { bank: bank.0, merchant, from, reconciliation })?;
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

    /// Writes a difference's row as it is now.
    pub(crate) fn update_exception(&mut self, row: &ExceptionRow) -> Result<(), StoreError> {
        self.execute(Update {
            reconciliation: row.reconciliation,
            status: &row.status,
            ledger: row.ledger,
            bank_amount: row.bank.as_deref(),
            detail: &row.detail,
            row_prints: &row.row_prints,
            fee_rows: &row.fee_rows,
            state: row.state,
            owner: row.owner.as_deref(),
            resolution: row.resolution.as_deref(),
            decided_by: row.decided_by,
            events: row.events,
            id: row.id,
        })
        .map(|_| ())
    }

    /// What happened to a difference, the oldest first.
    pub(crate) fn exception_events(&mut self, id: i64) -> Result<Vec<EventRow>, StoreError> {
        self.load(EventsOf { exception: id })
    }
}
