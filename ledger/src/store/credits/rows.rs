//! What a chunk writes beside its wallets: the batch with its leaves, transfers, credits.

use std::collections::{BTreeMap, BTreeSet};

use diesel::sql_types::{BigInt, Binary, Integer, SmallInt, Text};
use diesel::{RunQueryDsl as _, SqliteConnection};

use crate::domain::calendar::Date;
use crate::domain::ids::AccountId;
use crate::domain::transfer::Transfer;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::chunk::json;
use super::{NewCredit, copy};

statement! {
    both InsertBatch { id: i64, anchor: i64, last_id: i64, created_at: i64, transfers: i32 };
    "INSERT INTO batches (id, anchor_id, last_id, created_at, transfers, attempts) VALUES ("
    [id: BigInt] ", " [anchor: BigInt] ", " [last_id: BigInt] ", " [created_at: BigInt] ", "
    [transfers: Integer] ", 0)"
}

statement! {
    both InsertLeaves<'a> { id: i64, anchor: i64, leaves: &'a [u8] };
    "INSERT INTO batch_leaves (batch_id, anchor_id, leaves) VALUES (" [id: BigInt] ", "
    [anchor: BigInt] ", " [leaves: Binary] ")"
}

statement! {
    // What the banks with these accounts paid of a batch.
    sqlite TransfersOfCredits<'a> {
        amount: i64, created_at: i64, date: i32, kind: i16, programme: i16, period: i32,
        from: i64, to: i64, batch: i64, last_id: i64, accounts: &'a str,
    };
    "INSERT INTO transfers (id, anchor_id, debit_account, credit_account, amount, balance_after,
        subject, created_at, business_date, kind)
     SELECT c.transfer_id, w.id, b.unallocated_account, w.id, " [amount: BigInt] ", w.balance,
        c.period, " [created_at: BigInt] ", " [date: Integer] ", " [kind: SmallInt] "
     FROM credits c
     CROSS JOIN wallets w ON w.id = c.wallet_id
     CROSS JOIN banks b ON b.id = w.bank_id
     WHERE c.programme = " [programme: SmallInt] " AND c.period = " [period: Integer]
    " AND c.wallet_id >= " [from: BigInt] " AND c.wallet_id <= " [to: BigInt]
    " AND c.transfer_id > " [batch: BigInt] " AND c.transfer_id <= " [last_id: BigInt]
    " AND b.unallocated_account IN (SELECT value FROM json_each(" [accounts: Text] "))"
}

/// What a chunk writes beside its wallets.
#[derive(Debug)]
pub(crate) struct ChunkRows {
    /// The batch's own id, the first of its block, and the block's last.
    pub(crate) ids: (i64, i64),
    /// The account whose shard the batch lies in.
    pub(crate) anchor: AccountId,
    pub(crate) created_at: i64,
    pub(crate) transfers: Vec<Transfer>,
    /// 32 bytes a transfer, in their order.
    pub(crate) leaves: Vec<u8>,
    pub(crate) credits: Vec<NewCredit>,
}

impl Connection {
    /// Writes what a chunk did.
    pub(crate) fn write_chunk(&mut self, rows: ChunkRows) -> Result<(), StoreError> {
        let ChunkRows { ids: (id, last_id), anchor, created_at, .. } = rows;
        let transfers = i32::try_from(rows.transfers.len()).unwrap_or(i32::MAX);
        self.execute(InsertBatch { id, anchor: anchor.0, last_id, created_at, transfers })?;
        self.execute(InsertLeaves { id, anchor: anchor.0, leaves: &rows.leaves })?;
        if let Self::Postgres(postgres) = self {
            copy::transfers(postgres, &rows.transfers)?;
            return copy::credits(postgres, &rows.credits);
        }
        let (Some(first), Some(last)) = (rows.credits.first(), rows.credits.last()) else {
            return Ok(());
        };
        let (programme, period) = (first.programme, first.period);
        let wallets = (first.wallet_id, last.wallet_id);
        NewCredit::insert_all(self, rows.credits)?;
        match self {
            Self::Sqlite(sqlite) => {
                let batch = (id, last_id);
                let made =
                    make_transfers(sqlite, (programme, period), (batch, wallets), &rows.transfers)?;
                let all = made == rows.transfers.len();
                all.then_some(())
                    .ok_or_else(|| StoreError::corrupt("a bank of a credit is not there"))
            }
            Self::Postgres(_) => Ok(()),
        }
    }
}

/// On `SQLite` a batch's transfers are made of its credits and their wallets, which is less work than to
/// hand them over one by one: a statement for each of the banks' days, which are mostly the same.
fn make_transfers(
    sqlite: &mut SqliteConnection,
    (programme, period): (i16, i32),
    ((batch, last_id), (from, to)): ((i64, i64), (i64, i64)),
    transfers: &[Transfer],
) -> Result<usize, StoreError> {
    let mut days: BTreeMap<Date, (Transfer, BTreeSet<i64>)> = BTreeMap::new();
    for transfer in transfers {
        let day = days.entry(transfer.business_date());
        let (_, accounts) = day.or_insert_with(|| (*transfer, BTreeSet::new()));
        accounts.insert(transfer.debit().0);
    }
    let mut made = 0_usize;
    for (date, (transfer, accounts)) in days {
        let accounts = json(&accounts);
        let statement = TransfersOfCredits {
            amount: transfer.amount().get(),
            created_at: transfer.created_at().as_millis(),
            date: date.as_number(),
            kind: transfer.kind().number(),
            programme,
            period,
            from,
            to,
            batch,
            last_id,
            accounts: &accounts,
        };
        made = made.saturating_add(statement.execute(sqlite)?);
    }
    Ok(made)
}
