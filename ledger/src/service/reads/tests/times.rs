//! Queries for a time are complete, whatever the clocks said while it was recorded.

use super::super::attempts::AttemptQuery;
use super::super::transfers::TransferQuery;
use super::{FIRST_SHOP, History, Reader, SECOND_SHOP, Sale, attempts, refused, sale, transfers};
use crate::domain::calendar::Instant;
use crate::domain::ids::RowId;
use crate::domain::transfer::TransferKind;
use crate::store::reads::fixture::{HOLDING, UNALLOCATED};

/// How the clock steps before each batch: in milliseconds, back and forth by up to two days.
const STEPS: [i64; 24] = [
    0,
    5_000,
    21_600_000,
    -21_600_000,
    30_000,
    61_000,
    -61_000,
    90_000,
    86_400_000,
    10,
    500_000,
    -172_800_000,
    40_000,
    3_700_000,
    3_700_000,
    -10,
    70_000,
    172_000_000,
    -3_000_000,
    1,
    59_000,
    120_000,
    -120_000,
    86_400_000,
];

type Recorded = Vec<(RowId, Instant)>;

fn by_id(mut rows: Recorded) -> Recorded {
    rows.sort_unstable();
    rows
}

fn of_attempts(history: &mut History, reader: Reader, query: &AttemptQuery) -> Recorded {
    let rows = attempts(history, reader, query).into_iter();
    by_id(rows.map(|row| (row.attempt.id, row.attempt.created_at)).collect())
}

fn of_transfers(history: &mut History, reader: Reader, query: &TransferQuery) -> Recorded {
    let rows = transfers(history, reader, query).into_iter();
    by_id(rows.map(|row| (row.transfer.id(), row.transfer.created_at())).collect())
}

/// Compares every list between every two of some times with the whole list.
fn compare(history: &mut History, times: &[Instant]) {
    for reader in [Reader::All, FIRST_SHOP, SECOND_SHOP] {
        let sold = of_attempts(history, reader, &AttemptQuery::default());
        let moved = of_transfers(history, reader, &TransferQuery::default());
        assert!(!sold.is_empty() && !moved.is_empty());
        let bounds = times.iter().copied().map(Some).chain([None]);
        for from in bounds.clone() {
            for to in bounds.clone() {
                let is_wanted = |(_, at): &(RowId, Instant)| {
                    from.is_none_or(|from| *at >= from) && to.is_none_or(|to| *at < to)
                };
                let wanted = |rows: &Recorded| -> Recorded {
                    rows.iter().filter(|row| is_wanted(row)).copied().collect()
                };
                let query = AttemptQuery { from, to, ..AttemptQuery::default() };
                assert_eq!(of_attempts(history, reader, &query), wanted(&sold), "{query:?}");
                let query = TransferQuery { from, to, ..TransferQuery::default() };
                assert_eq!(of_transfers(history, reader, &query), wanted(&moved), "{query:?}");
            }
        }
    }
}

#[test]
fn a_time_finds_all_that_was_recorded_in_it_whatever_the_clocks_said() {
    for sealed_at_once in [0, 2, 100] {
        let mut history = History::new();
        let mut times = Vec::new();
        for (turn, step) in STEPS.into_iter().enumerate() {
            history.wait(step);
            times.push(history.now());
            let key: &'static str = Box::leak(format!("key-{turn}").into_boxed_str());
            match turn % 4 {
                // Nothing with a place in the log.
                3 => drop(history.sell(&[Sale { key, ..refused(turn % 2, None) }])),
                2 => drop(history.post(TransferKind::Funding, (HOLDING[0], UNALLOCATED[0]), 7)),
                _ => {
                    let sales = [
                        Sale { key, ..sale(0, 0, 1) },
                        Sale { key, ..sale(1, 1, 1) },
                        Sale { key, ..refused(0, None) },
                    ];
                    drop(history.sell(&sales));
                }
            }
            if turn % 3 == 0 {
                history.seal(sealed_at_once);
            }
        }
        // Some of the times that something was recorded at, and some between.
        let times: Vec<Instant> =
            (0..).zip(times).step_by(3).map(|(n, at)| at.plus_millis(n % 2)).collect();
        compare(&mut history, &times);
        history.seal(1000);
        compare(&mut history, &times);
    }
}
