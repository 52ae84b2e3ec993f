//! What is kept of recorded times and of where banks' days stand in the log, worked out again.

use diesel::sql_types::BigInt;

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

rules! {
    /// The rules of recorded times and, for each, the first row that breaks it.
    broken_times;
    // A batch without transfers begins where the one behind it does, and may be of the row before: those that
    // begin at a row's place or at the next one's may be its own, those between are.
    TimesOfBatches: "log_times at {}: its times are not those of what was sealed from there on",
        "SELECT log_start FROM (
            SELECT t.log_start, t.earliest, t.latest_before, t.latest, t.before,
                (SELECT MIN(b.created_at) FROM batches b WHERE b.log_start >= t.log_start
                    AND (t.next IS NULL OR b.log_start <= t.next)) AS lowest,
                (SELECT MAX(b.created_at) FROM batches b WHERE b.log_start >= t.log_start
                    AND (t.next IS NULL OR b.log_start <= t.next)) AS highest,
                (SELECT MIN(b.created_at) FROM batches b WHERE b.log_start > t.log_start
                    AND (t.next IS NULL OR b.log_start < t.next)) AS inner_lowest,
                (SELECT MAX(b.created_at) FROM batches b WHERE b.log_start > t.log_start
                    AND (t.next IS NULL OR b.log_start < t.next)) AS inner_highest
            FROM (SELECT log_start, earliest, latest_before, latest,
                    COALESCE(LAG(latest) OVER (ORDER BY log_start), 0) AS before,
                    LEAD(log_start) OVER (ORDER BY log_start) AS next
                FROM log_times) t
         ) x
         WHERE lowest IS NULL OR latest_before <> before OR latest < before
            OR earliest < lowest OR earliest > inner_lowest OR latest < inner_highest
            OR latest > CASE WHEN highest > before THEN highest ELSE before END
         ORDER BY log_start LIMIT 1";
    TimesFromTheBegin: "batches {}: it is sealed and before all times that are kept",
        "SELECT b.id FROM batches b WHERE b.log_start < COALESCE((SELECT MIN(log_start) FROM log_times), 1)
         ORDER BY b.id LIMIT 1";
    // Only an era of the clock sets back up to where time was recorded.
    RecordedTo: "log_head {}: what was recorded last is not when it was sealed last",
        "SELECT CAST(h.id AS BIGINT) FROM log_head h
         LEFT JOIN (SELECT MAX(began_at) AS began_at, COUNT(*) AS eras FROM clock_eras) e ON 1 = 1
         WHERE CASE WHEN e.eras = 0 THEN h.recorded_to <> h.sealed_at
            ELSE h.recorded_to > h.sealed_at END
         ORDER BY h.id LIMIT 1";
    EraOrder: "clock_eras {}: it did not begin before what was recorded, or has no place in the order",
        "SELECT CAST(e.era_no AS BIGINT) FROM clock_eras e
         LEFT JOIN log_sizes s ON s.log_size = e.log_size
         WHERE s.log_size IS NULL OR e.began_at >= e.recorded_to
            OR e.era_no <> (SELECT COUNT(*) FROM clock_eras x WHERE x.era_no <= e.era_no)
         ORDER BY e.era_no LIMIT 1";
}

rules! {
    /// More rules of banks' days and, for each, the first that breaks it: the bank's number.
    broken_marks;
    DayBy: "business_days of bank {}: its day was marked by no client of the bank",
        "SELECT CAST(d.bank_id AS BIGINT) FROM business_days d
         LEFT JOIN clients c ON c.id = d.marked_by AND c.bank_id = d.bank_id
         WHERE c.id IS NULL ORDER BY d.bank_id LIMIT 1";
    TroubleOfDay: "closing_troubles of bank {}: its day is not closing",
        "SELECT CAST(t.bank_id AS BIGINT) FROM closing_troubles t
         LEFT JOIN business_days d ON d.bank_id = t.bank_id AND d.business_date = t.business_date
            AND d.status = 1
         WHERE d.bank_id IS NULL OR t.tries < 1 ORDER BY t.bank_id LIMIT 1";
}

statement! {
    /// The recorded place of each bank's day in the log.
    both DaySpans {} -> (BigInt, BigInt, BigInt, BigInt);
    "SELECT CAST(bank_id AS BIGINT), CAST(business_date AS BIGINT), first_place, last_place
     FROM day_spans ORDER BY bank_id, business_date"
}

statement! {
    /// Days that banks marked, and when.
    both MarkedDays {} -> (BigInt, BigInt, BigInt);
    "SELECT CAST(bank_id AS BIGINT), CAST(business_date AS BIGINT), marked_at FROM business_days
     ORDER BY bank_id, business_date"
}

statement! {
    /// The first early close whose day is not marked: the bank's number.
    both EarlyCloseOfNothing {} -> BigInt;
    "SELECT CAST(e.bank_id AS BIGINT) FROM early_closes e
     LEFT JOIN business_days d ON d.bank_id = e.bank_id AND d.business_date = e.business_date
     WHERE d.bank_id IS NULL ORDER BY e.bank_id LIMIT 1"
}

statement! {
    /// When eras of the clock began, and up to where time had been recorded by then.
    both ClockEras {} -> (BigInt, BigInt);
    "SELECT began_at, recorded_to FROM clock_eras ORDER BY era_no"
}

/// A day that a bank marked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MarkedDay {
    pub(crate) bank: i64,
    pub(crate) date: i64,
    pub(crate) at: i64,
}

impl Connection {
    /// Where banks' days stand in the log, as it is kept: bank, day, first and last place.
    pub(crate) fn day_spans(&mut self) -> Result<Vec<(i64, i64, i64, i64)>, StoreError> {
        self.load(DaySpans {})
    }

    /// Every day that a bank marked.
    pub(crate) fn marks_of_days(&mut self) -> Result<Vec<MarkedDay>, StoreError> {
        let rows: Vec<(i64, i64, i64)> = self.load(MarkedDays {})?;
        let day = |(bank, date, at)| MarkedDay { bank, date, at };
        Ok(rows.into_iter().map(day).collect())
    }

    /// The eras of the clock: when each began, and up to where time had been recorded by then.
    pub(crate) fn clock_eras(&mut self) -> Result<Vec<(i64, i64)>, StoreError> {
        self.load(ClockEras {})
    }

    /// The bank of the first early close whose day is not there.
    pub(crate) fn early_close_of_nothing(&mut self) -> Result<Option<i64>, StoreError> {
        self.first(EarlyCloseOfNothing {})
    }
}
