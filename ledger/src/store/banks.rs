//! Banks: their accounts, their days, what they hold for families.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Integer, SmallInt, Text};

use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::{CutOff, Date, Instant, business_date};
use crate::domain::ids::AccountId;

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

type BankSql = (SmallInt, Text, Text, SmallInt, SmallInt, Integer, BigInt, BigInt);
type BankRow = (i16, String, String, i16, i16, i32, i64, i64);

statement! {
    both AllBankRows {} -> BankSql;
    "SELECT id, code, clearing_code, cutoff_minute, settlement_lag, open_business_date, holding_account,
            unallocated_account
     FROM banks ORDER BY id"
}

statement! {
    sqlite ReadFunds { bank: i16 } -> (BigInt, BigInt, BigInt);
    "SELECT unallocated, reserved, last_id FROM bank_funds WHERE bank_id = " [bank: SmallInt]
}

statement! {
    postgres LockFunds { bank: i16 } -> (BigInt, BigInt, BigInt);
    "SELECT unallocated, reserved, last_id FROM bank_funds WHERE bank_id = " [bank: SmallInt] " FOR UPDATE"
}

statement! {
    both ChangeFunds { unallocated: i64, reserved: i64, last_id: i64, bank: i16 };
    "UPDATE bank_funds SET unallocated = unallocated + " [unallocated: BigInt]
    ", reserved = reserved + " [reserved: BigInt] ", last_id = CASE WHEN last_id > "
    [last_id: BigInt] " THEN last_id ELSE " [last_id: BigInt] " END WHERE bank_id = " [bank: SmallInt]
}

/// A bank's row.
#[derive(Clone, Debug)]
pub(crate) struct BankRecord {
    pub(crate) id: BankId,
    pub(crate) code: BankCode,
    pub(crate) clearing_code: String,
    pub(crate) cut_off: CutOff,
    /// Days from a business day to its payment.
    pub(crate) settlement_lag: u8,
    pub(crate) open_business_date: Date,
    pub(crate) holding: AccountId,
    pub(crate) unallocated: AccountId,
}

/// What a bank holds for families: rupiah.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Funds {
    /// Received and not yet credited.
    pub(crate) unallocated: i64,
    /// What of it is promised to credit runs.
    pub(crate) reserved: i64,
    /// The last transfer that changed it.
    pub(crate) last_id: i64,
}

impl BankRecord {
    /// The bank's day of something that happens at `now`.
    pub(crate) fn business_date(&self, now: Instant) -> Date {
        business_date(now, self.cut_off, self.open_business_date)
    }
}

impl Connection {
    /// All banks. They are few.
    pub(crate) fn banks(&mut self) -> Result<Vec<BankRecord>, StoreError> {
        self.load::<_, BankRow>(AllBankRows {})?.into_iter().map(bank).collect()
    }

    /// What a bank holds for families and what is promised of it, locked.
    pub(crate) fn lock_funds(&mut self, bank: BankId) -> Result<Funds, StoreError> {
        let rows: Vec<(i64, i64, i64)> = match self {
            Self::Sqlite(sqlite) => ReadFunds { bank: bank.0 }.load(sqlite)?,
            Self::Postgres(postgres) => LockFunds { bank: bank.0 }.load(postgres)?,
        };
        let missing = || StoreError::corrupt(format!("bank {} has no funds row", bank.0));
        let (unallocated, reserved, last_id) = rows.into_iter().next().ok_or_else(missing)?;
        Ok(Funds { unallocated, reserved, last_id })
    }

    /// Adds to what a bank holds and to what is promised of it (either may be less than nothing), and
    /// notes the transfer that did it. The database refuses a promise that is not covered.
    pub(crate) fn change_funds(
        &mut self,
        bank: BankId,
        (unallocated, reserved): (i64, i64),
        last_id: i64,
    ) -> Result<(), StoreError> {
        self.execute(ChangeFunds { unallocated, reserved, last_id, bank: bank.0 }).map(|_| ())
    }
}

fn bank(row: BankRow) -> Result<BankRecord, StoreError> {
    let (id, code, clearing_code, cut_off, lag, open, holding, unallocated) = row;
    let corrupt =
        |error: &dyn std::fmt::Display| StoreError::corrupt(format!("bank {id}: {error}"));
    Ok(BankRecord {
        id: BankId(id),
        code: code.parse().map_err(|error| corrupt(&error))?,
        clearing_code,
        cut_off: CutOff::from_minute(cut_off).map_err(|error| corrupt(&error))?,
        settlement_lag: u8::try_from(lag).map_err(|error| corrupt(&error))?,
        open_business_date: Date::from_number(open).map_err(|error| corrupt(&error))?,
        holding: AccountId(holding),
        unallocated: AccountId(unallocated),
    })
}
