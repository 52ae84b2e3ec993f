//! Giving batches their places in the log, and filing what they hold under shops and accounts.

use std::collections::{BTreeMap, HashMap};

use diesel::RunQueryDsl as _;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, SmallInt};

use crate::domain::ids::node_of;

use super::bulk::bulk_insert;
use super::connection::Connection;
use super::error::StoreError;
use super::sealing::UnsealedBatch;
use super::statement::statement;

bulk_insert! {
    /// An attempt in its shop's history.
    NewAttemptLog, AttemptLogColumns, "attempt_log",
    merchant_id: i64 => BigInt, attempt_no: i64 => BigInt, log_position: Option<i64> => Nullable<BigInt>,
    redemption_id: i64 => BigInt, wallet_id: i64 => BigInt,
}

statement! {
    sqlite PlaceBatch { log_start: i64, id: i64, anchor: i64 };
    "UPDATE batches SET log_start = " [log_start: BigInt] " WHERE id = " [id: BigInt]
    " AND anchor_id = " [anchor: BigInt] " AND log_start IS NULL"
}

statement! {
    // `IS TRUE` keeps the planner off the index of unsealed batches: it would read all of them for each of `k`.
    // Whether that holds is tested by the plan (`tests/suite/plans.rs`).
    postgres PlaceBatches<'a> { log_start: &'a [i64], id: &'a [i64], anchor: &'a [i64] };
    "UPDATE batches b SET log_start = k.log_start
     FROM unnest(" [log_start: Array<BigInt>] ", " [id: Array<BigInt>] ", " [anchor: Array<BigInt>] ")
        AS k (log_start, id, anchor_id)
     WHERE b.id = k.id AND b.anchor_id = k.anchor_id AND (b.log_start IS NULL) IS TRUE"
}

statement! {
    sqlite AttemptsOfBatch { first: i64, last: i64, node: i64 }
        -> (BigInt, BigInt, BigInt, SmallInt, SmallInt, Integer);
    "SELECT id, merchant_id, wallet_id, refusal, acquirer, business_date FROM redemptions
     WHERE id > " [first: BigInt] " AND id <= " [last: BigInt]
    " AND ((id >> 12) & 1023) = " [node: BigInt] " ORDER BY id"
}

statement! {
    postgres AttemptsOfBatches<'a> {
        place: &'a [i32], first: &'a [i64], last: &'a [i64], node: &'a [i64],
    } -> (Integer, AttemptSql);
    "SELECT b.place, r.id, r.merchant_id, r.wallet_id, r.refusal, r.acquirer, r.business_date
     FROM unnest(" [place: Array<Integer>] ", " [first: Array<BigInt>] ", " [last: Array<BigInt>] ", "
    [node: Array<BigInt>] ") AS b (place, first, last, node)
     JOIN redemptions r ON r.id > b.first AND r.id <= b.last AND ((r.id >> 12) & 1023) = b.node
     ORDER BY b.place, r.id"
}

statement! {
    // The last place only grows: batches are filed in the order of the log.
    both StretchSpan { bank: i16, day: i32, first: i64, last: i64 };
    "INSERT INTO day_spans (bank_id, business_date, first_place, last_place) VALUES ("
    [bank: SmallInt] ", " [day: Integer] ", " [first: BigInt] ", " [last: BigInt]
    ") ON CONFLICT (bank_id, business_date) DO UPDATE SET last_place = excluded.last_place"
}

statement! {
    sqlite LastNumber { merchant: i64 } -> Nullable<BigInt>;
    "SELECT MAX(attempt_no) FROM attempt_log WHERE merchant_id = " [merchant: BigInt]
}

statement! {
    postgres LastNumbers<'a> { merchant: &'a [i64] } -> (BigInt, Nullable<BigInt>);
    "SELECT k.id, (SELECT MAX(a.attempt_no) FROM attempt_log a WHERE a.merchant_id = k.id)
     FROM unnest(" [merchant: Array<BigInt>] ") AS k (id)"
}

statement! {
    // Both sides of every transfer that has no index of its own (neither redemption nor credit).
    both LogTransfers { log_start: i64, first: i64, last: i64, node: i64 };
    "INSERT INTO account_log (account_id, log_position, transfer_id, anchor_id)
     SELECT s.account_id, s.log_position, s.id, s.anchor_id FROM (
        SELECT CASE side.n WHEN 1 THEN t.debit_account ELSE t.credit_account END AS account_id,
               t.log_position, t.id, t.anchor_id
        FROM (
            SELECT id, anchor_id, debit_account, credit_account, kind, " [log_start: BigInt]
    "           + row_number() OVER (ORDER BY id) - 1 AS log_position
            FROM transfers
            WHERE id > " [first: BigInt] " AND id <= " [last: BigInt]
    "         AND ((id >> 12) & 1023) = " [node: BigInt] "
        ) t
        CROSS JOIN (SELECT 1 AS n UNION ALL SELECT 2) side
        WHERE t.kind NOT IN (2, 3)
     ) s"
}

type AttemptSql = (BigInt, BigInt, BigInt, SmallInt, SmallInt, Integer);
type AttemptRow = (i64, i64, i64, i16, i16, i32);

statement! {
    // What has no transfers leaves the next slice at the same place.
    both NoteTimes { start: i64, earliest: i64, latest: i64 };
    "INSERT INTO log_times (log_start, earliest, latest_before, latest)
     SELECT k.log_start, k.earliest, k.before, CASE WHEN k.latest > k.before THEN k.latest ELSE k.before END
     FROM (SELECT " [start: BigInt] " AS log_start, " [earliest: BigInt] " AS earliest, "
    [latest: BigInt] " AS latest, COALESCE((SELECT p.latest FROM log_times p WHERE p.log_start < "
    [start: BigInt] " ORDER BY p.log_start DESC LIMIT 1), 0) AS before) k
     WHERE k.log_start >= 0
     ON CONFLICT (log_start) DO UPDATE SET
        earliest = CASE WHEN excluded.earliest < log_times.earliest THEN excluded.earliest
            ELSE log_times.earliest END,
        latest = CASE WHEN excluded.latest > log_times.latest THEN excluded.latest
            ELSE log_times.latest END"
}

/// An attempt as it is filed.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    id: i64,
    merchant: i64,
    wallet: i64,
    approved: bool,
    /// The acquirer and its business date.
    day: (i16, i32),
}

/// The places where the first and the last batch begin that hold a purchase of an acquirer's day.
type Spans = BTreeMap<(i16, i32), (i64, i64)>;

/// A batch with the place that it gets: that of its first transfer.
pub(crate) type Placed = (UnsealedBatch, i64);

impl Connection {
    /// Gives batches their places, in their order, and files their attempts and transfers under them.
    pub(crate) fn seal_batches(&mut self, batches: &[Placed]) -> Result<(), StoreError> {
        self.place_batches(batches)?;
        self.note_times(batches)?;
        let (sold, moved): (Vec<Placed>, Vec<Placed>) =
            batches.iter().partition(|(batch, _)| batch.attempts > 0);
        self.file_attempts(&sold)?;
        for (batch, log_start) in moved.into_iter().filter(|(batch, _)| batch.transfers > 0) {
            let (first, last, node) = (batch.id, batch.last_id, node_of(batch.id));
            self.execute(LogTransfers { log_start, first, last, node })?;
        }
        Ok(())
    }

    /// Keeps when what begins at the first of these places was recorded.
    fn note_times(&mut self, batches: &[Placed]) -> Result<(), StoreError> {
        let times = || batches.iter().map(|(batch, _)| batch.created_at);
        let (Some((_, start)), Some(earliest), Some(latest)) =
            (batches.first(), times().min(), times().max())
        else {
            return Ok(());
        };
        self.execute(NoteTimes { start: *start, earliest, latest }).map(|_| ())
    }

    fn place_batches(&mut self, batches: &[Placed]) -> Result<(), StoreError> {
        let placed = match self {
            Self::Sqlite(sqlite) => {
                let mut placed = 0_usize;
                for (UnsealedBatch { id, anchor, .. }, log_start) in batches.iter().copied() {
                    let done = PlaceBatch { log_start, id, anchor }.execute(sqlite)?;
                    placed = placed.saturating_add(done);
                }
                placed
            }
            Self::Postgres(postgres) => PlaceBatches {
                log_start: &batches.iter().map(|(_, place)| *place).collect::<Vec<_>>(),
                id: &batches.iter().map(|(batch, _)| batch.id).collect::<Vec<_>>(),
                anchor: &batches.iter().map(|(batch, _)| batch.anchor).collect::<Vec<_>>(),
            }
            .execute(postgres)?,
        };
        if placed == batches.len() {
            Ok(())
        } else {
            Err(StoreError::corrupt("a batch was sealed by someone else"))
        }
    }

    /// Numbers go on from each merchant's last one; approved attempts have consecutive places from
    /// their batch's first on.
    fn file_attempts(&mut self, batches: &[Placed]) -> Result<(), StoreError> {
        let attempts = self.attempts_of(batches)?;
        let mut merchants: Vec<i64> = attempts.iter().flatten().map(|a| a.merchant).collect();
        merchants.sort_unstable();
        merchants.dedup();
        let mut numbers = self.last_numbers(&merchants)?;
        let mut spans = Spans::new();
        let mut rows = Vec::with_capacity(attempts.iter().map(Vec::len).sum());
        for ((batch, log_start), attempts) in batches.iter().zip(attempts) {
            if i64::try_from(attempts.len()) != Ok(batch.attempts) {
                let lacking = format!("batch {} lacks some of its attempts", batch.id);
                return Err(StoreError::corrupt(lacking));
            }
            let mut place = *log_start;
            for Attempt { id, merchant, wallet, approved, day } in attempts {
                if approved {
                    spans.entry(day).or_insert((*log_start, *log_start)).1 = *log_start;
                }
                let number = numbers.entry(merchant).or_default();
                *number = number.saturating_add(1);
                rows.push(NewAttemptLog {
                    merchant_id: merchant,
                    attempt_no: *number,
                    log_position: approved.then_some(place),
                    redemption_id: id,
                    wallet_id: wallet,
                });
                place = place.saturating_add(i64::from(approved));
            }
        }
        // In the order of their key, each shop's page is written once.
        rows.sort_unstable_by_key(|row| (row.merchant_id, row.attempt_no));
        NewAttemptLog::insert_all(self, rows)?;
        for ((bank, day), (first, last)) in spans {
            self.execute(StretchSpan { bank, day, first, last })?;
        }
        Ok(())
    }

    /// The attempts of each batch, in the order of their ids.
    fn attempts_of(&mut self, batches: &[Placed]) -> Result<Vec<Vec<Attempt>>, StoreError> {
        let attempt = |(id, merchant, wallet, refusal, acquirer, date): AttemptRow| Attempt {
            id,
            merchant,
            wallet,
            approved: refusal == 0,
            day: (acquirer, date),
        };
        let mut found: Vec<Vec<Attempt>> = Vec::with_capacity(batches.len());
        match self {
            Self::Sqlite(sqlite) => {
                for (batch, _) in batches {
                    let node = node_of(batch.id);
                    let range = AttemptsOfBatch { first: batch.id, last: batch.last_id, node };
                    let rows: Vec<AttemptRow> = range.load(sqlite)?;
                    found.push(rows.into_iter().map(attempt).collect());
                }
            }
            Self::Postgres(postgres) => {
                found.resize_with(batches.len(), Vec::new);
                let rows: Vec<(i32, AttemptRow)> = AttemptsOfBatches {
                    place: &(0..).take(batches.len()).collect::<Vec<_>>(),
                    first: &batches.iter().map(|(batch, _)| batch.id).collect::<Vec<_>>(),
                    last: &batches.iter().map(|(batch, _)| batch.last_id).collect::<Vec<_>>(),
                    node: &batches.iter().map(|(batch, _)| node_of(batch.id)).collect::<Vec<_>>(),
                }
                .load(postgres)?;
                for (place, row) in rows {
                    let of = usize::try_from(place).ok().and_then(|place| found.get_mut(place));
                    let of = of.ok_or_else(|| StoreError::corrupt("an attempt of no batch"))?;
                    of.push(attempt(row));
                }
            }
        }
        Ok(found)
    }

    /// The number of each merchant's last attempt that is filed; none for the first.
    fn last_numbers(&mut self, merchants: &[i64]) -> Result<HashMap<i64, i64>, StoreError> {
        let numbers: Vec<(i64, Option<i64>)> = match self {
            Self::Sqlite(sqlite) => {
                let last = |merchant: &i64| {
                    let last: Option<i64> =
                        LastNumber { merchant: *merchant }.get_result(sqlite)?;
                    Ok((*merchant, last))
                };
                merchants.iter().map(last).collect::<Result<_, StoreError>>()?
            }
            Self::Postgres(postgres) => LastNumbers { merchant: merchants }.load(postgres)?,
        };
        Ok(numbers.into_iter().map(|(merchant, last)| (merchant, last.unwrap_or(0))).collect())
    }
}
