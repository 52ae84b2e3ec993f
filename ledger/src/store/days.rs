//! Banks' business days: the marker that closes one, and when it is closed in truth.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt};

use crate::domain::bank::BankId;
use crate::domain::calendar::Date;

use super::connection::Connection;
use super::error::StoreError;
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
    both MarkDay { bank: i16, day: i32, now: i64 };
    "INSERT INTO business_days (bank_id, business_date, status, marked_at, fence) VALUES ("
    [bank: SmallInt] ", " [day: Integer] ", 1, " [now: BigInt] ", 0)"
}

statement! {
    both DaysWithSales { acquirer: i16, open: i32, day: i32, floor: i64 } -> Integer;
    "SELECT business_date FROM redemptions
     WHERE id >= " [floor: BigInt] " AND acquirer = " [acquirer: SmallInt] " AND refusal = 0
        AND business_date >= " [open: Integer] " AND business_date < " [day: Integer] "
     UNION
     SELECT business_date FROM reversals
     WHERE acquirer = " [acquirer: SmallInt] " AND business_date >= " [open: Integer]
    "   AND business_date < " [day: Integer] "
     ORDER BY 1"
}

statement! {
    both ClosingDays {} -> (SmallInt, Integer, BigInt);
    "SELECT bank_id, business_date, fence FROM business_days WHERE status = 1
     ORDER BY business_date, bank_id"
}

statement! {
    both DayRow { bank: i16, day: i32 } -> (SmallInt, Nullable<BigInt>);
    "SELECT status, log_size FROM business_days WHERE bank_id = " [bank: SmallInt]
    " AND business_date = " [day: Integer]
}

statement! {
    postgres SetFence { bank: i16, day: i32 };
    "UPDATE business_days SET fence = pg_current_xact_id()::text::bigint WHERE bank_id = "
    [bank: SmallInt] " AND business_date = " [day: Integer] " AND status = 1 AND fence = 0"
}

statement! {
    sqlite SetNoFence { bank: i16, day: i32 };
    "UPDATE business_days SET fence = 1 WHERE bank_id = " [bank: SmallInt]
    " AND business_date = " [day: Integer] " AND status = 1 AND fence = 0"
}

statement! {
    both SetClosed { now: i64, size: i64, bank: i16, day: i32 };
    "UPDATE business_days SET status = 2, closed_at = " [now: BigInt] ", log_size = " [size: BigInt]
    " WHERE bank_id = " [bank: SmallInt] " AND business_date = " [day: Integer] " AND status = 1"
}

statement! {
    postgres OldestTransaction {} -> BigInt;
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
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
        floor: i64,
    ) -> Result<Vec<Date>, StoreError> {
        let (open, day) = (open.as_number(), day.as_number());
        let days: Vec<i32> = self.load(DaysWithSales { acquirer: bank.0, open, day, floor })?;
        let date = |number| {
            Date::from_number(number)
                .map_err(|error| StoreError::corrupt(format!("a business date: {error}")))
        };
        days.into_iter().map(date).collect()
    }

    /// Marks a day as closing: from the commit on, nothing new is dated to it.
    pub(crate) fn mark_day(&mut self, bank: BankId, day: Date, now: i64) -> Result<(), StoreError> {
        self.execute(MoveOpenDay { day: day.next().as_number(), bank: bank.0 })?;
        self.execute(MarkDay { bank: bank.0, day: day.as_number(), now }).map(|_| ())
    }

    /// Days that were marked and are not closed yet, each with its fence (0: none yet).
    pub(crate) fn closing_days(&mut self) -> Result<Vec<(BankId, Date, i64)>, StoreError> {
        let rows: Vec<(i16, i32, i64)> = self.load(ClosingDays {})?;
        let day = |(bank, number, fence)| {
            let day = Date::from_number(number)
                .map_err(|error| StoreError::corrupt(format!("a business day: {error}")))?;
            Ok((BankId(bank), day, fence))
        };
        rows.into_iter().map(day).collect()
    }

    /// A day's status number, once it was marked.
    pub(crate) fn day_status(
        &mut self,
        bank: BankId,
        day: Date,
    ) -> Result<Option<i16>, StoreError> {
        let row =
            self.first::<_, (i16, Option<i64>)>(DayRow { bank: bank.0, day: day.as_number() })?;
        Ok(row.map(|(status, _)| status))
    }

    /// The oldest transaction that is still running. `SQLite` has one writer: nothing runs beside it.
    pub(crate) fn oldest_transaction(&mut self) -> Result<i64, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(i64::MAX),
            Self::Postgres(postgres) => Ok(OldestTransaction {}.get_result(postgres)?),
        }
    }

    /// Notes this transaction as the fence of a day: everything that could have read it as open began
    /// before, and has a lower number.
    pub(crate) fn set_fence(&mut self, bank: BankId, day: Date) -> Result<(), StoreError> {
        let (bank, day) = (bank.0, day.as_number());
        match self {
            Self::Sqlite(sqlite) => SetNoFence { bank, day }.execute(sqlite)?,
            Self::Postgres(postgres) => SetFence { bank, day }.execute(postgres)?,
        };
        Ok(())
    }

    /// Closes a day; `false` when another sealer was faster.
    pub(crate) fn set_closed(
        &mut self,
        (bank, day): (BankId, Date),
        size: i64,
        now: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(SetClosed { now, size, bank: bank.0, day: day.as_number() })? == 1)
    }
}
