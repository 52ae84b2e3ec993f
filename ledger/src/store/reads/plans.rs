//! How `SQLite` reads lists: by keys, never by walking a table. It makes no statistics, so that its
//! plans are the same on an empty database as on a full one.

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Integer, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl, SqliteConnection};

use super::attempts::{self, AttemptFilter};
use super::fixture::{FAMILIES, History, SHOPS};
use super::stretches::{FirstFrom, MiddleSale, NextSaleNo};
use super::stretches::{NextAttempts, NextEntries, NextSales, NextTransfers};
use super::times::{Astray, FirstReaching, LastBack, NextSlice};
use super::transfers::{self, TransferFilter, WalletRows};
use super::{Sight, UnsealedAttempts, UnsealedTransfers};
use crate::store::connection::Connection;

/// Asks how a statement would be run.
#[derive(Debug)]
struct Explain<S>(S);

impl<S: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Explain<S> {
    fn walk_ast<'walk>(&'walk self, mut out: AstPass<'_, 'walk, Sqlite>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("EXPLAIN QUERY PLAN ");
        self.0.walk_ast(out)
    }
}

impl<S> QueryId for Explain<S> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<S> Query for Explain<S> {
    type SqlType = (Integer, Integer, Integer, Text);
}

impl<S> RunQueryDsl<SqliteConnection> for Explain<S> {}

/// The steps of a statement's plan that read all of something, or that make an index to have it read
/// all of something else. Unsealed batches and credit runs, which are few, and what the statement itself
/// made may be.
fn walks<S: QueryFragment<Sqlite>>(history: &mut History, statement: S) -> Vec<String> {
    let Connection::Sqlite(sqlite) = &mut history.connection else { panic!("not SQLite") };
    let steps: Vec<(i32, i32, i32, String)> = Explain(statement).load(sqlite).unwrap();
    assert!(!steps.is_empty());
    let may = ["SCAN k", "SCAN s", "SCAN p", "SCAN CONSTANT ROW", "SCAN credit_runs"];
    let may = |step: &str| may.contains(&step) || step == "SCAN b USING INDEX batches_unsealed";
    let steps = steps.into_iter().map(|(.., step)| step);
    let walks =
        |step: &String| step.contains("AUTOMATIC") || step.starts_with("SCAN") && !may(step);
    steps.filter(walks).collect()
}

#[test]
fn no_list_of_transfers_walks_a_table() {
    let mut history = History::new();
    let shop = SHOPS[0].0;
    let wanted = || TransferFilter::within(Sight::All).conditions();
    let (below, lowest, limit, rows) = (i64::MAX, 0, 101, 101);
    let mut found = vec![
        walks(&mut history, NextTransfers { below, lowest, rows }),
        walks(&mut history, transfers::ByTime { below, lowest, wanted: wanted(), limit }),
    ];
    let rows = WalletRows::of(FAMILIES[0]);
    found.push(walks(&mut history, transfers::OfWallet { rows, below, wanted: wanted(), limit }));
    let tail = transfers::Tail {
        unsealed: UnsealedTransfers,
        account: shop,
        attempts: 7,
        size: 7,
        below,
        wanted: wanted(),
        limit,
    };
    found.push(walks(&mut history, tail));
    let (account, rows) = (shop, 101);
    let sales = transfers::SealedSales { account, below, lowest, wanted: wanted(), limit };
    found.push(walks(&mut history, sales));
    let entries = transfers::SealedEntries { account, below, lowest, wanted: wanted(), limit };
    found.push(walks(&mut history, entries));
    found.push(walks(&mut history, NextEntries { account, below, lowest, rows }));
    assert_eq!(found.concat(), [""; 0]);
}

#[test]
fn no_list_of_attempts_walks_a_table() {
    let mut history = History::new();
    let merchant = SHOPS[0].0;
    let wanted = || AttemptFilter::within(Sight::All).conditions();
    let (below, lowest, limit, rows) = (i64::MAX, 0, 101, 101);
    let mut found = vec![
        walks(&mut history, NextAttempts { below, lowest, rows }),
        walks(&mut history, attempts::ByTime { below, lowest, wanted: wanted(), limit }),
        walks(&mut history, NextSales { merchant, below, lowest, rows }),
    ];
    let wallet = FAMILIES[0].0;
    let of_wallet = attempts::OfWallet { wallet, below, wanted: wanted(), limit };
    found.push(walks(&mut history, of_wallet));
    let unsealed = UnsealedAttempts;
    let tail = attempts::Tail { unsealed, merchant, above: 7, below, wanted: wanted(), limit };
    found.push(walks(&mut history, tail));
    let sealed = attempts::Sealed { merchant, below, lowest, wanted: wanted(), limit };
    found.push(walks(&mut history, sealed));
    assert_eq!(found.concat(), [""; 0]);
}

#[test]
fn a_time_is_found_without_walking_a_log() {
    let mut history = History::new();
    let merchant = SHOPS[0].0;
    let sale = MiddleSale { merchant };
    let found = [
        walks(&mut history, FirstFrom { high: 99, sale, place: 7 }),
        walks(&mut history, NextSaleNo { merchant, from: 7 }),
        walks(&mut history, Astray { from: 1, to: 99 }),
        walks(&mut history, FirstReaching { time: 7 }),
        walks(&mut history, NextSlice { place: 7 }),
        walks(&mut history, LastBack { to: 7 }),
    ];
    assert_eq!(found.concat(), [""; 0]);
}
