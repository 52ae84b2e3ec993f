//! Rows of the database: what no door offers.

use diesel::connection::Connection as _;
use diesel::{QueryableByName, RunQueryDsl as _, SqliteConnection};
use ewarong_tests::{Backend, Cluster, World};

/// Every sealed transfer in the log's order, by the names of a trial balance: debited and credited
/// account, amount.
pub(super) fn moved(world: &World) -> Vec<(String, String, i64)> {
    let names = "SELECT a.id, CASE a.kind WHEN 1 THEN 'holding:' WHEN 2 THEN 'unallocated:'
            WHEN 3 THEN 'wallets:' ELSE 'payable:' END || COALESCE(m.code, b.code) AS name
        FROM accounts a JOIN banks b ON b.id = a.bank_id LEFT JOIN merchants m ON m.id = a.id";
    let lines = lines(
        world,
        &format!(
            "SELECT d.name || ' ' || c.name || ' ' || CAST(t.amount AS TEXT) AS line
         FROM batches b JOIN transfers t ON t.id > b.id AND t.id <= b.last_id
            AND ((t.id >> 12) & 1023) = ((b.id >> 12) & 1023)
         JOIN ({names}) d ON d.id = t.debit_account JOIN ({names}) c ON c.id = t.credit_account
         WHERE b.log_start IS NOT NULL ORDER BY b.log_start, t.id"
        ),
    );
    let transfer = |line: &String| {
        let mut words = line.split(' ');
        let mut next = || words.next().unwrap().to_owned();
        (next(), next(), next().parse().unwrap())
    };
    lines.iter().map(transfer).collect()
}

/// A row of one text.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

/// The texts that a query gives in its one column `line`.
pub(crate) fn lines(world: &World, query: &str) -> Vec<String> {
    let url = world.server.database_url();
    match world.backend {
        Backend::Sqlite => {
            let file = url.strip_prefix("sqlite:").unwrap();
            let mut connection = SqliteConnection::establish(file).unwrap();
            let rows: Vec<Line> = diesel::sql_query(query).load(&mut connection).unwrap();
            rows.into_iter().map(|row| row.line).collect()
        }
        Backend::Postgres => {
            let text = Cluster::shared().sql(Cluster::name_of(url), &format!("{query};"));
            text.lines().map(str::to_owned).collect()
        }
    }
}
