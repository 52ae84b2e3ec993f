//! Credit runs: their rows, and which wallets they still have to credit.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt};

use crate::domain::bank::BankId;

use super::bulk::bulk_insert;
use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

mod chunk;
mod copy;
#[cfg(test)]
mod fixture;
mod parts;
mod rows;
mod taken_back;

pub(crate) use chunk::{Chunk, PaidWallet, Payer};
pub(crate) use parts::NewPart;
pub(crate) use rows::ChunkRows;
pub(crate) use taken_back::{
    CreditToTakeBack, NewCreditReversal, NewRunReversal, ReversalRow, ReversalShare, TakenBack,
};

bulk_insert! {
    /// A wallet was credited for a period.
    NewCredit, CreditColumns, "credits",
    wallet_id: i64 => BigInt, programme: i16 => SmallInt, round: i16 => SmallInt,
    period: i32 => Integer,
    transfer_id: i64 => BigInt, run_id: i64 => BigInt,
}

bulk_insert! {
    /// A run that begins.
    NewRun, RunColumns, "credit_runs",
    id: i64 => BigInt, programme: i16 => SmallInt, period: i32 => Integer, amount: i64 => BigInt,
    policy_version: i32 => Integer, status: i16 => SmallInt, started_at: i64 => BigInt,
    last_wallet: i64 => BigInt, until_wallet: i64 => BigInt, topped_wallet: i64 => BigInt,
    begun_by: Option<i64> => Nullable<BigInt>, agreed_by: Option<i64> => Nullable<BigInt>,
}

bulk_insert! {
    /// A bank's part of a run.
    NewShare, ShareColumns, "credit_run_banks",
    run_id: i64 => BigInt, bank_id: i16 => SmallInt, status: i16 => SmallInt, needed: i64 => BigInt,
    available: i64 => BigInt, reserved: i64 => BigInt, credited: i64 => BigInt,
    amount: i64 => BigInt,
}

type RunSql = (BigInt, SmallInt, Integer, BigInt, SmallInt, BigInt, BigInt, BigInt);
type RunRowSql = (i64, i16, i32, i64, i16, i64, i64, i64);

macro_rules! run_columns {
    () => {
        "SELECT id, programme, period, amount, status, last_wallet, until_wallet, topped_wallet
         FROM credit_runs "
    };
}

statement! {
    both RunningRun { programme: i16, period: i32 } -> RunSql;
    (run_columns!()) "WHERE programme = " [programme: SmallInt] " AND period = " [period: Integer]
    " AND status = 1"
}

statement! {
    both RunById { id: i64 } -> RunSql;
    (run_columns!()) "WHERE id = " [id: BigInt]
}

statement! {
    postgres LockRun { id: i64 } -> RunSql;
    (run_columns!()) "WHERE id = " [id: BigInt] " FOR UPDATE"
}

statement! {
    both LatestRun { programme: i16, period: i32 } -> (BigInt, SmallInt);
    "SELECT id, status FROM credit_runs WHERE programme = " [programme: SmallInt] " AND period = "
    [period: Integer] " ORDER BY started_at DESC, id DESC LIMIT 1"
}

statement! {
    both RunningRuns {} -> BigInt;
    "SELECT id FROM credit_runs WHERE status = 1 ORDER BY id"
}

statement! {
    both RunsBelow { below: i64, most: i64 } -> BigInt;
    "SELECT id FROM credit_runs WHERE id < " [below: BigInt] " ORDER BY id DESC LIMIT " [most: BigInt]
}

statement! {
    both SharesOfRun { run: i64 } -> (SmallInt, SmallInt, BigInt, BigInt, BigInt, BigInt, BigInt);
    "SELECT bank_id, status, needed, available, reserved, credited, amount FROM credit_run_banks
     WHERE run_id = " [run: BigInt] " ORDER BY bank_id"
}

statement! {
    // Open wallets that have no credit of the period, up to the last one that was open: all but those that
    // have one. A join that looks for what is missing was planned as every wallet against every credit,
    // as the planner expects next to no credits of a month as long as it has no statistics of them.
    postgres WalletsToCredit { programme: i16, period: i32, until: i64 } -> (SmallInt, BigInt);
    "SELECT k.bank_id, CAST(SUM(k.wallets) AS BIGINT) FROM (
        SELECT bank_id, COUNT(*) AS wallets FROM wallets
        WHERE state = 1 AND id <= " [until: BigInt] " GROUP BY bank_id
        UNION ALL
        SELECT w.bank_id, -COUNT(*) FROM credits c
        JOIN wallets w ON w.id = c.wallet_id AND w.state = 1 AND w.id <= " [until: BigInt]
    "   WHERE c.programme = " [programme: SmallInt] " AND c.period = " [period: Integer]
    "       AND c.round = 1 GROUP BY w.bank_id
     ) k GROUP BY k.bank_id ORDER BY k.bank_id"
}

statement! {
    // The same; a look-up for each wallet would take longer than the list of the credits.
    sqlite WalletsToCreditHere { programme: i16, period: i32, until: i64 } -> (SmallInt, BigInt);
    "SELECT bank_id, COUNT(*) FROM wallets
     WHERE state = 1 AND id NOT IN (SELECT wallet_id FROM credits WHERE programme = "
    [programme: SmallInt] " AND period = " [period: Integer] ") AND id <= " [until: BigInt] "
     GROUP BY bank_id ORDER BY bank_id"
}

statement! {
    both LastWallet {} -> Nullable<BigInt>;
    "SELECT MAX(id) FROM wallets"
}

statement! {
    both AdvanceRun { last: i64, id: i64 };
    "UPDATE credit_runs SET last_wallet = " [last: BigInt] " WHERE id = " [id: BigInt]
}

statement! {
    both AdvanceTopping { last: i64, id: i64 };
    "UPDATE credit_runs SET topped_wallet = " [last: BigInt] " WHERE id = " [id: BigInt]
}

statement! {
    both ReserveMore { extra: i64, run: i64, bank: i16 };
    "UPDATE credit_run_banks SET needed = needed + " [extra: BigInt] ", reserved = reserved + "
    [extra: BigInt] " WHERE run_id = " [run: BigInt] " AND bank_id = " [bank: SmallInt]
}

statement! {
    both FinishShare { run: i64, bank: i16 };
    "UPDATE credit_run_banks SET status = 2, reserved = 0 WHERE run_id = " [run: BigInt]
    " AND bank_id = " [bank: SmallInt]
}

statement! {
    both FinishRun { now: i64, id: i64 };
    "UPDATE credit_runs SET status = 2, finished_at = " [now: BigInt] " WHERE id = " [id: BigInt]
}

/// A run's row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunRow {
    pub(crate) id: i64,
    pub(crate) programme: i16,
    pub(crate) period: i32,
    pub(crate) amount: i64,
    pub(crate) status: i16,
    pub(crate) last_wallet: i64,
    pub(crate) until_wallet: i64,
    /// Up to this wallet, what was taken back is given again.
    pub(crate) topped_wallet: i64,
}

/// A bank's part of a run: its row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShareRow {
    pub(crate) bank: BankId,
    pub(crate) status: i16,
    pub(crate) needed: i64,
    pub(crate) available: i64,
    pub(crate) reserved: i64,
    pub(crate) credited: i64,
    pub(crate) amount: i64,
}

fn run(
    (id, programme, period, amount, status, last_wallet, until_wallet, topped_wallet): RunRowSql,
) -> RunRow {
    RunRow { id, programme, period, amount, status, last_wallet, until_wallet, topped_wallet }
}

impl Connection {
    /// The run of this period that is under way, if there is one.
    pub(crate) fn running_run(
        &mut self,
        programme: i16,
        period: i32,
    ) -> Result<Option<RunRow>, StoreError> {
        Ok(self.first::<_, RunRowSql>(RunningRun { programme, period })?.map(run))
    }

    /// The latest run of a period, done or not: its id and its status.
    pub(crate) fn latest_run(
        &mut self,
        programme: i16,
        period: i32,
    ) -> Result<Option<(i64, i16)>, StoreError> {
        self.first(LatestRun { programme, period })
    }

    /// All runs that are under way or to be resumed.
    pub(crate) fn running_runs(&mut self) -> Result<Vec<i64>, StoreError> {
        self.load(RunningRuns {})
    }

    /// Runs with ids below one, newest first.
    pub(crate) fn runs_below(&mut self, below: i64, most: i64) -> Result<Vec<i64>, StoreError> {
        self.load(RunsBelow { below, most })
    }

    /// A run.
    pub(crate) fn run_by_id(&mut self, id: i64) -> Result<Option<RunRow>, StoreError> {
        Ok(self.first::<_, RunRowSql>(RunById { id })?.map(run))
    }

    /// A run, locked against every other process that carries it on.
    pub(crate) fn lock_run(&mut self, id: i64) -> Result<Option<RunRow>, StoreError> {
        let rows: Vec<RunRowSql> = match self {
            Self::Sqlite(sqlite) => RunById { id }.load(sqlite)?,
            Self::Postgres(postgres) => LockRun { id }.load(postgres)?,
        };
        Ok(rows.into_iter().next().map(run))
    }

    /// The banks' parts of a run.
    pub(crate) fn shares_of_run(&mut self, run: i64) -> Result<Vec<ShareRow>, StoreError> {
        let rows: Vec<(i16, i16, i64, i64, i64, i64, i64)> = self.load(SharesOfRun { run })?;
        let share = |(bank, status, needed, available, reserved, credited, amount)| ShareRow {
            bank: BankId(bank),
            status,
            needed,
            available,
            reserved,
            credited,
            amount,
        };
        Ok(rows.into_iter().map(share).collect())
    }

    /// The last wallet there is; 0 without any.
    pub(crate) fn last_wallet(&mut self) -> Result<i64, StoreError> {
        Ok(self.first::<_, Option<i64>>(LastWallet {})?.flatten().unwrap_or(0))
    }

    /// How many wallets of each bank are still to be credited for a period.
    pub(crate) fn wallets_to_credit(
        &mut self,
        programme: i16,
        period: i32,
        until: i64,
    ) -> Result<Vec<(i16, i64)>, StoreError> {
        Ok(match self {
            Self::Sqlite(sqlite) => {
                WalletsToCreditHere { programme, period, until }.load(sqlite)?
            }
            Self::Postgres(postgres) => {
                WalletsToCredit { programme, period, until }.load(postgres)?
            }
        })
    }

    /// Notes up to which wallet a run has taken parts in hand.
    pub(crate) fn advance_run(&mut self, id: i64, last: i64) -> Result<(), StoreError> {
        self.execute(AdvanceRun { last, id }).map(|_| ())
    }

    /// Notes up to which wallet what was taken back is given again.
    pub(crate) fn advance_topping(&mut self, id: i64, last: i64) -> Result<(), StoreError> {
        self.execute(AdvanceTopping { last, id }).map(|_| ())
    }

    /// Notes that a bank's families need more than was counted, and that it is promised to them.
    pub(crate) fn reserve_more(
        &mut self,
        run: i64,
        bank: BankId,
        extra: i64,
    ) -> Result<(), StoreError> {
        self.execute(ReserveMore { extra, run, bank: bank.0 }).map(|_| ())
    }

    /// Notes that a bank's families all have their credit.
    pub(crate) fn finish_share(&mut self, run: i64, bank: BankId) -> Result<(), StoreError> {
        self.execute(FinishShare { run, bank: bank.0 }).map(|_| ())
    }

    /// Notes that a run is done.
    pub(crate) fn finish_run(&mut self, id: i64, now: i64) -> Result<(), StoreError> {
        self.execute(FinishRun { now, id }).map(|_| ())
    }
}
