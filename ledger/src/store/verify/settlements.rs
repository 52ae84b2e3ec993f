//! Days, settlements, and all that belongs to one merchant's day.

use diesel::sql_types::{BigInt, Nullable};

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

statement! {
    /// All that counts for one merchant's day at its bank, side by side; and whether the bank has
    /// closed that day. Parts: 0 the settlement, 1 a settlement's issuer, 2 a redemption,
    /// 3 a reversal.
    both PartsOfDays { since: i64 } -> (
        (BigInt, BigInt, BigInt, BigInt, BigInt),
        (Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>),
    );
    "SELECT x.bank, x.day, x.merchant, x.part, x.id, x.a, x.b, x.c, x.d, CAST(y.status AS BIGINT)
     FROM (
        SELECT CAST(bank_id AS BIGINT) AS bank, CAST(business_date AS BIGINT) AS day,
               merchant_id AS merchant, CAST(0 AS BIGINT) AS part, id,
               CAST(redemptions AS BIGINT) AS a, CAST(reversals AS BIGINT) AS b,
               gross AS c, reversed AS d
        FROM settlements
        UNION ALL
        SELECT CAST(s.bank_id AS BIGINT), CAST(s.business_date AS BIGINT), s.merchant_id,
               CAST(1 AS BIGINT), i.settlement_id, CAST(i.issuer AS BIGINT), i.net,
               CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)
        FROM settlement_issuers i JOIN settlements s ON s.id = i.settlement_id
        UNION ALL
        SELECT CAST(acquirer AS BIGINT), CAST(business_date AS BIGINT), merchant_id,
               CAST(2 AS BIGINT), id, CAST(issuer AS BIGINT), amount,
               CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)
        FROM redemptions WHERE refusal = 0
        UNION ALL
        SELECT CAST(v.acquirer AS BIGINT), CAST(v.business_date AS BIGINT), v.merchant_id,
               CAST(3 AS BIGINT), v.redemption_id, CAST(r.issuer AS BIGINT), r.amount,
               CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)
        FROM reversals v
        LEFT JOIN redemptions r ON r.id = v.redemption_id AND r.wallet_id = v.wallet_id
     ) x
     LEFT JOIN business_days y ON y.bank_id = x.bank AND y.business_date = x.day
     WHERE COALESCE(y.log_size, " [since: BigInt] ") >= " [since: BigInt] "
     ORDER BY 1, 2, 3, 4, 5"
}

statement! {
    both DaysAndBanks {} -> (
        (BigInt, BigInt, BigInt, Nullable<BigInt>, Nullable<BigInt>), (BigInt, BigInt)
    );
    "SELECT CAST(d.bank_id AS BIGINT), CAST(d.business_date AS BIGINT), CAST(d.status AS BIGINT),
            d.closed_at, d.log_size, CAST(b.open_business_date AS BIGINT), h.size
     FROM business_days d JOIN banks b ON b.id = d.bank_id CROSS JOIN log_head h
     ORDER BY d.bank_id, d.business_date"
}

/// What belongs to a merchant's day.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DayPart {
    /// The settlement: how many redemptions and reversals, and their rupiah.
    Settlement { redemptions: i64, reversals: i64, gross: i64, reversed: i64 },
    /// What the settlement says one issuer has to pay.
    Issuer { issuer: i64, net: i64 },
    /// An approved redemption.
    Redemption { issuer: i64, amount: i64 },
    /// A reversal, with its redemption's issuer and amount.
    Reversal { issuer: i64, amount: i64 },
}

/// One part of a merchant's day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartOfDay {
    /// Bank, business date, merchant.
    pub(crate) day: (i64, i64, i64),
    /// The settlement's or redemption's id.
    pub(crate) id: i64,
    pub(crate) part: DayPart,
    /// Whether the bank has a row for the day, and whether it is closed.
    pub(crate) closed: Option<bool>,
}

/// A day that a bank closes or has closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DayRecord {
    pub(crate) bank: i64,
    pub(crate) date: i64,
    pub(crate) closed: bool,
    /// Whether it says when it was closed and how long the log was.
    pub(crate) closed_at: Option<i64>,
    pub(crate) log_size: Option<i64>,
    /// The bank's first open day.
    pub(crate) open: i64,
    /// The log's size now.
    pub(crate) log_head: i64,
}

const CLOSED: i64 = 2;

impl Connection {
    /// All parts of all merchants' days that are open or were closed at or after a size of the log, sorted
    /// by bank, date, merchant and part.
    pub(crate) fn each_part_of_day(
        &mut self,
        since: i64,
        each: &mut dyn FnMut(PartOfDay) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        type Wide = Option<i64>;
        type Row = ((i64, i64, i64, i64, i64), (Wide, Wide, Wide, Wide, Wide));
        let mut row = |((bank, date, merchant, part, id), (a, b, c, d, status)): Row| {
            let missing = || {
                StoreError::corrupt(format!("redemptions {id}: its issuer or amount is missing"))
            };
            let (first, second) = (a.ok_or_else(missing)?, b.ok_or_else(missing)?);
            let part = match part {
                0 => DayPart::Settlement {
                    redemptions: first,
                    reversals: second,
                    gross: c.unwrap_or(0),
                    reversed: d.unwrap_or(0),
                },
                1 => DayPart::Issuer { issuer: first, net: second },
                2 => DayPart::Redemption { issuer: first, amount: second },
                _ => DayPart::Reversal { issuer: first, amount: second },
            };
            let closed = status.map(|status| status == CLOSED);
            each(PartOfDay { day: (bank, date, merchant), id, part, closed })
        };
        self.stream(PartsOfDays { since }, &mut row)
    }

    /// All days that banks close or have closed.
    pub(crate) fn each_business_day(
        &mut self,
        each: &mut dyn FnMut(DayRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        type Row = ((i64, i64, i64, Option<i64>, Option<i64>), (i64, i64));
        let mut row = |((bank, date, status, closed_at, log_size), (open, log_head)): Row| {
            let closed = status == CLOSED;
            each(DayRecord { bank, date, closed, closed_at, log_size, open, log_head })
        };
        self.stream(DaysAndBanks {}, &mut row)
    }
}
