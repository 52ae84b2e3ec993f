//! Banks' business days: the marker that closes one, and when it is closed in truth.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::calendar::Date;
use crate::domain::ids::MerchantId;

use super::connection::Connection;
use super::error::StoreError;
use super::reads::{LogSpan, UnsealedAttempts};
use super::statement::statement;

statement! {
    postgres LockBank { bank: i16 } -> Integer;
    "SELECT open_business_date FROM banks WHERE id = " [bank: SmallInt] " FOR UPDATE"
}

statement! {
    sqlite ReadBank { bank: i16 } -> Integer;
    "SELECT open_business_date FROM banks WHERE id = " [bank: SmallInt]
}

statement! {
    both MoveOpenDay { day: i32, bank: i16 };
    "UPDATE banks SET open_business_date = " [day: Integer] " WHERE id = " [bank: SmallInt]
}

statement! {
    both MarkDay { bank: i16, day: i32, now: i64, client: i64 };
    "INSERT INTO business_days (bank_id, business_date, status, marked_at, marked_by) VALUES ("
    [bank: SmallInt] ", " [day: Integer] ", 1, " [now: BigInt] ", " [client: BigInt] ")"
}

statement! {
    both KeepEarlyReason<'a> { bank: i16, day: i32, reason: &'a str };
    "INSERT INTO early_closes (bank_id, business_date, reason) VALUES (" [bank: SmallInt] ", "
    [day: Integer] ", " [reason: Text] ")"
}

statement! {
    // What is sealed, what is not sealed yet, and what was taken back.
    both DaysWithSales { unsealed: UnsealedAttempts, acquirer: i16, open: i32, day: i32 } -> Integer;
    "SELECT business_date FROM day_spans
     WHERE bank_id = " [acquirer: SmallInt] " AND business_date >= " [open: Integer]
    "   AND business_date < " [day: Integer] "
     UNION
     SELECT u.business_date FROM " {unsealed} " u
     WHERE u.acquirer = " [acquirer: SmallInt] " AND u.refusal = 0 AND u.business_date >= "
    [open: Integer] " AND u.business_date < " [day: Integer] "
     UNION
     SELECT business_date FROM reversals
     WHERE acquirer = " [acquirer: SmallInt] " AND business_date >= " [open: Integer]
    "   AND business_date < " [day: Integer] "
     ORDER BY 1"
}

statement! {
    both ClosingDays {} -> (SmallInt, Integer);
    "SELECT bank_id, business_date FROM business_days WHERE status = 1
     ORDER BY business_date, bank_id"
}

statement! {
    both CountClosing {} -> (BigInt, BigInt);
    "SELECT COUNT(*), COUNT(t.tries) FROM business_days d
     LEFT JOIN closing_troubles t ON t.bank_id = d.bank_id AND t.business_date = d.business_date
     WHERE d.status = 1"
}

statement! {
    both SpanOfDay { bank: i16, day: i32 } -> (BigInt, BigInt);
    "SELECT first_place, last_place FROM day_spans WHERE bank_id = " [bank: SmallInt]
    " AND business_date = " [day: Integer]
}

statement! {
    both StatusOfDay { bank: i16, day: i32 } -> (SmallInt, Nullable<BigInt>);
    "SELECT status, log_size FROM business_days WHERE bank_id = " [bank: SmallInt]
    " AND business_date = " [day: Integer]
}

statement! {
    both SetClosed { now: i64, size: i64, bank: i16, day: i32 };
    "UPDATE business_days SET status = 2, closed_at = " [now: BigInt] ", log_size = " [size: BigInt]
    " WHERE bank_id = " [bank: SmallInt] " AND business_date = " [day: Integer] " AND status = 1"
}

statement! {
    both NoteTrouble<'a> { bank: i16, day: i32, now: i64, problem: &'a str };
    "INSERT INTO closing_troubles (bank_id, business_date, tries, tried_at, problem) VALUES ("
    [bank: SmallInt] ", " [day: Integer] ", 1, " [now: BigInt] ", " [problem: Text] ")
     ON CONFLICT (bank_id, business_date) DO UPDATE SET tries = closing_troubles.tries + 1,
        tried_at = excluded.tried_at, problem = excluded.problem"
}

statement! {
    both ForgetTrouble { bank: i16, day: i32 };
    "DELETE FROM closing_troubles WHERE bank_id = " [bank: SmallInt] " AND business_date = "
    [day: Integer]
}

statement! {
    // Transactions of this database that may write a batch. One that is prepared has no process.
    postgres WritersOfBatches {} -> (Text, Nullable<Integer>);
    "SELECT l.virtualtransaction, l.pid FROM pg_locks l
     WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'RowExclusiveLock'
        AND l.relation = 'batches'::regclass
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
}

statement! {
    both IsSealed { id: i64 } -> Bool;
    "SELECT log_start IS NOT NULL FROM batches WHERE id = " [id: BigInt]
}

statement! {
    both DaysShown { merchant: Option<i64>, bank: Option<i16>, day: Option<i32> } -> DayShownSql;
    "SELECT b.code, d.business_date, d.status, d.marked_at, d.closed_at, e.reason, t.tries, t.problem,
        (SELECT MIN(o.business_date) FROM business_days o WHERE o.bank_id = d.bank_id
            AND o.business_date < d.business_date AND o.status = 1 AND d.status = 1)
     FROM business_days d JOIN banks b ON b.id = d.bank_id
     LEFT JOIN early_closes e ON e.bank_id = d.bank_id AND e.business_date = d.business_date
     LEFT JOIN closing_troubles t ON t.bank_id = d.bank_id AND t.business_date = d.business_date
     WHERE (d.status = 1 OR d.business_date = " [day: Nullable<Integer>] ")
        AND (" [day: Nullable<Integer>] " IS NULL OR d.business_date = " [day: Nullable<Integer>] ")
        AND (" [bank: Nullable<SmallInt>] " IS NULL OR d.bank_id = " [bank: Nullable<SmallInt>] ")
        AND (" [merchant: Nullable<BigInt>] " IS NULL OR d.bank_id =
            (SELECT m.bank_id FROM merchants m WHERE m.id = " [merchant: Nullable<BigInt>] "))
     ORDER BY d.business_date, b.id"
}

type DayShownSql = (
    (Text, Integer, SmallInt, BigInt),
    (Nullable<BigInt>, Nullable<Text>),
    (Nullable<Integer>, Nullable<Text>, Nullable<Integer>),
);
/// A bank's day, its status and when it was marked; its close; what keeps it from being closed.
type DayShownRow = (
    (String, i32, i16, i64),
    (Option<i64>, Option<String>),
    (Option<i32>, Option<String>, Option<i32>),
);

/// A marked day as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct DayRow {
    pub(crate) bank: String,
    pub(crate) day: Date,
    pub(crate) status: i16,
    pub(crate) marked_at: i64,
    pub(crate) closed_at: Option<i64>,
    /// Why it was closed before its cut-off.
    pub(crate) early_reason: Option<String>,
    /// What keeps it from being closed, and how often that was tried.
    pub(crate) trouble: Option<(i32, String)>,
    /// The bank's first day before it that is not closed.
    pub(crate) behind: Option<Date>,
}

/// A transaction that may write a batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Writer {
    transaction: String,
    /// The process at the database; none when it is prepared.
    pub(crate) process: Option<i32>,
}

impl Connection {
    /// The first day a bank has not closed, locked against another close.
    pub(crate) fn lock_open_day(&mut self, bank: BankId) -> Result<Date, StoreError> {
        let rows: Vec<i32> = match self {
            Self::Sqlite(sqlite) => ReadBank { bank: bank.0 }.load(sqlite)?,
            Self::Postgres(postgres) => LockBank { bank: bank.0 }.load(postgres)?,
        };
        let day = rows.into_iter().next().and_then(|number| Date::from_number(number).ok());
        day.ok_or_else(|| StoreError::corrupt(format!("bank {} has no open day", bank.0)))
    }

    /// The days from `open` to the one before `day` on which something was sold or taken back.
    pub(crate) fn days_with_sales(
        &mut self,
        bank: BankId,
        (open, day): (Date, Date),
    ) -> Result<Vec<Date>, StoreError> {
        let (acquirer, open, day) = (bank.0, open.as_number(), day.as_number());
        let unsealed = UnsealedAttempts;
        let days: Vec<i32> = self.load(DaysWithSales { unsealed, acquirer, open, day })?;
        days.into_iter().map(date).collect()
    }

    /// Marks a day as closing for a client: from the commit on, nothing new is dated to it.
    pub(crate) fn mark_day(
        &mut self,
        bank: BankId,
        day: Date,
        (client, now): (i64, i64),
    ) -> Result<(), StoreError> {
        self.execute(MoveOpenDay { day: day.next().as_number(), bank: bank.0 })?;
        self.execute(MarkDay { bank: bank.0, day: day.as_number(), now, client }).map(|_| ())
    }

    /// Keeps why a day was closed before its cut-off.
    pub(crate) fn keep_early_reason(
        &mut self,
        bank: BankId,
        day: Date,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.execute(KeepEarlyReason { bank: bank.0, day: day.as_number(), reason }).map(|_| ())
    }

    /// Days that were marked and are not closed yet, the oldest first.
    pub(crate) fn closing_days(&mut self) -> Result<Vec<(BankId, Date)>, StoreError> {
        let rows: Vec<(i16, i32)> = self.load(ClosingDays {})?;
        rows.into_iter().map(|(bank, number)| Ok((BankId(bank), date(number)?))).collect()
    }

    /// How many days were marked and are not closed yet, and for how many of them that was tried in vain.
    pub(crate) fn count_closing_days(&mut self) -> Result<(i64, i64), StoreError> {
        Ok(self.first(CountClosing {})?.unwrap_or_default())
    }

    /// Where a bank's purchases of a day stand in the log; `None` when it has none there.
    pub(crate) fn span_of_day(
        &mut self,
        bank: BankId,
        day: Date,
    ) -> Result<Option<LogSpan>, StoreError> {
        let span: Option<(i64, i64)> =
            self.first(SpanOfDay { bank: bank.0, day: day.as_number() })?;
        Ok(span.map(|(from, last)| LogSpan { from, to: last.saturating_add(1) }))
    }

    /// The marked days that are not closed, or those of one date whether they are closed or not; of one
    /// bank, of a merchant's own, or of all.
    pub(crate) fn days_shown(
        &mut self,
        (bank, merchant): (Option<BankId>, Option<MerchantId>),
        day: Option<Date>,
    ) -> Result<Vec<DayRow>, StoreError> {
        let (bank, merchant) = (bank.map(|bank| bank.0), merchant.map(|merchant| merchant.0));
        let day = day.map(Date::as_number);
        let rows: Vec<DayShownRow> = self.load(DaysShown { merchant, bank, day })?;
        rows.into_iter()
            .map(|((bank, day, status, marked_at), closing, (tries, problem, behind))| {
                let (closed_at, early_reason) = closing;
                let (day, trouble) = (date(day)?, tries.zip(problem));
                let behind = behind.map(date).transpose()?;
                Ok(DayRow {
                    bank,
                    day,
                    status,
                    marked_at,
                    closed_at,
                    early_reason,
                    trouble,
                    behind,
                })
            })
            .collect()
    }

    /// A day's status number, once it was marked.
    pub(crate) fn day_status(
        &mut self,
        bank: BankId,
        day: Date,
    ) -> Result<Option<i16>, StoreError> {
        let row = self
            .first::<_, (i16, Option<i64>)>(StatusOfDay { bank: bank.0, day: day.as_number() })?;
        Ok(row.map(|(status, _)| status))
    }

    /// Transactions that may write a batch: all that date something hold the table's lock before they
    /// read a bank's open day. `SQLite` has one writer: nothing runs at the same time.
    pub(crate) fn writers_of_batches(&mut self) -> Result<Vec<Writer>, StoreError> {
        let Self::Postgres(postgres) = self else { return Ok(Vec::new()) };
        let rows: Vec<(String, Option<i32>)> = WritersOfBatches {}.load(postgres)?;
        let writer = |(transaction, process)| Writer { transaction, process };
        Ok(rows.into_iter().map(writer).collect())
    }

    /// Whether a batch has its place in the log.
    pub(crate) fn is_sealed(&mut self, batch: i64) -> Result<bool, StoreError> {
        Ok(self.first(IsSealed { id: batch })?.unwrap_or(true))
    }

    /// Keeps what keeps a day from being closed, and counts how often that was tried.
    pub(crate) fn note_trouble(
        &mut self,
        (bank, day): (BankId, Date),
        problem: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        self.execute(NoteTrouble { bank: bank.0, day: day.as_number(), now, problem }).map(|_| ())
    }

    /// Closes a day; `false` when another sealer was faster.
    pub(crate) fn set_closed(
        &mut self,
        (bank, day): (BankId, Date),
        size: i64,
        now: i64,
    ) -> Result<bool, StoreError> {
        let (bank, day) = (bank.0, day.as_number());
        let closed = self.execute(SetClosed { now, size, bank, day })? == 1;
        if closed {
            self.execute(ForgetTrouble { bank, day })?;
        }
        Ok(closed)
    }
}

fn date(number: i32) -> Result<Date, StoreError> {
    Date::from_number(number)
        .map_err(|error| StoreError::corrupt(format!("a business date: {error}")))
}

#[cfg(test)]
mod fixture;
