//! Credits that are taken back, and given again: the reversals of runs, and what a wallet still gets of a
//! period.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::ids::{AccountId, RowId};
use crate::domain::money::Rupiah;
use crate::store::bulk::bulk_insert;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

bulk_insert! {
    /// Something was taken back of a credit.
    NewCreditReversal, CreditReversalColumns, "credit_reversals",
    wallet_id: i64 => BigInt, programme: i16 => SmallInt, round: i16 => SmallInt,
    period: i32 => Integer, reversal_id: i64 => BigInt, transfer_id: i64 => BigInt,
    amount: i64 => BigInt,
}

bulk_insert! {
    /// A run's reversal that begins.
    NewRunReversal, RunReversalColumns, "credit_run_reversals",
    id: i64 => BigInt, run_id: i64 => BigInt, programme: i16 => SmallInt, period: i32 => Integer,
    status: i16 => SmallInt, last_wallet: i64 => BigInt, started_at: i64 => BigInt,
    begun_by: i64 => BigInt, agreed_by: i64 => BigInt, reason: String => Text,
}

bulk_insert! {
    /// A bank's part of it.
    NewReversalShare, ReversalShareColumns, "credit_run_reversal_banks",
    reversal_id: i64 => BigInt, bank_id: i16 => SmallInt, families: i64 => BigInt,
    amount: i64 => BigInt, spent: i64 => BigInt,
}

type ReversalSql = (
    (BigInt, BigInt, SmallInt, Integer, SmallInt, BigInt, BigInt),
    (Nullable<BigInt>, Text, Text, Text),
);
type ReversalColumns = ((i64, i64, i16, i32, i16, i64, i64), (Option<i64>, String, String, String));

macro_rules! reversals {
    () => {
        "SELECT v.id, v.run_id, v.programme, v.period, v.status, v.last_wallet, v.started_at,
                v.finished_at, v.reason, f.client_id, s.client_id
         FROM credit_run_reversals v
         JOIN clients f ON f.id = v.begun_by
         JOIN clients s ON s.id = v.agreed_by
         WHERE "
    };
}

statement! {
    both ReversalById { id: i64 } -> ReversalSql;
    (reversals!()) "v.id = " [id: BigInt]
}

statement! {
    postgres LockReversal { id: i64 } -> ReversalSql;
    (reversals!()) "v.id = " [id: BigInt] " FOR UPDATE OF v"
}

statement! {
    both ReversalsOfRun { run: i64 } -> ReversalSql;
    (reversals!()) "v.run_id = " [run: BigInt] " ORDER BY v.id DESC"
}

statement! {
    both RunningReversal { programme: i16, period: i32 } -> (BigInt, BigInt);
    "SELECT id, run_id FROM credit_run_reversals WHERE status = 1 AND programme = "
    [programme: SmallInt] " AND period = " [period: Integer]
}

statement! {
    both RunningReversals {} -> BigInt;
    "SELECT id FROM credit_run_reversals WHERE status = 1 ORDER BY id"
}

statement! {
    both SharesOfReversal { id: i64 } -> (SmallInt, BigInt, BigInt, BigInt);
    "SELECT bank_id, families, amount, spent FROM credit_run_reversal_banks WHERE reversal_id = "
    [id: BigInt] " ORDER BY bank_id"
}

statement! {
    both AdvanceReversal { last: i64, id: i64 };
    "UPDATE credit_run_reversals SET last_wallet = " [last: BigInt] " WHERE id = " [id: BigInt]
}

statement! {
    both AddToShare { families: i64, amount: i64, spent: i64, id: i64, bank: i16 };
    "UPDATE credit_run_reversal_banks SET families = families + " [families: BigInt]
    ", amount = amount + " [amount: BigInt] ", spent = spent + " [spent: BigInt]
    " WHERE reversal_id = " [id: BigInt] " AND bank_id = " [bank: SmallInt]
}

statement! {
    both FinishReversal { now: i64, id: i64 };
    "UPDATE credit_run_reversals SET status = 2, finished_at = " [now: BigInt] " WHERE id = "
    [id: BigInt]
}

statement! {
    // A run credits a wallet once. Last: what the wallet got later, and keeps; found by the periods there
    // are, for credits are filed by period and then by wallet (`SQLite` keeps the order of a CROSS JOIN).
    both CreditsOfRun { programme: i16, period: i32, run: i64, after: i64, most: i64 }
        -> (BigInt, SmallInt, BigInt, BigInt, Nullable<BigInt>, Nullable<BigInt>);
    "SELECT c.wallet_id, c.round, c.transfer_id, t.amount,
            (SELECT CAST(SUM(x.amount) AS BIGINT) FROM credit_reversals x
             WHERE x.programme = c.programme AND x.period = c.period AND x.wallet_id = c.wallet_id
                AND x.round = c.round),
            (SELECT CAST(SUM(y.amount - COALESCE((
                SELECT SUM(x.amount) FROM credit_reversals x
                WHERE x.programme = k.programme AND x.period = k.period
                    AND x.wallet_id = k.wallet_id AND x.round = k.round), 0)) AS BIGINT)
             FROM (SELECT DISTINCT period FROM credit_runs WHERE programme = c.programme) r
             CROSS JOIN credits k CROSS JOIN transfers y
             WHERE k.programme = c.programme AND k.period = r.period
                AND k.wallet_id = c.wallet_id AND k.transfer_id > c.transfer_id
                AND y.id = k.transfer_id AND y.anchor_id = k.wallet_id)
     FROM credits c
     JOIN transfers t ON t.id = c.transfer_id AND t.anchor_id = c.wallet_id
     WHERE c.programme = " [programme: SmallInt] " AND c.period = " [period: Integer]
    " AND c.run_id = " [run: BigInt] " AND c.wallet_id > " [after: BigInt]
    " ORDER BY c.wallet_id LIMIT " [most: BigInt]
}

/// Wallets of a period of which something was taken back, and how they stand: `k`.
macro_rules! taken_back {
    () => {
        "SELECT k.wallet_id, CAST(k.taken AS BIGINT),
                (SELECT MAX(c.round) FROM credits c WHERE c.programme = k.programme
                    AND c.period = k.period AND c.wallet_id = k.wallet_id),
                (SELECT CAST(SUM(t.amount) AS BIGINT) FROM credits c
                 JOIN transfers t ON t.id = c.transfer_id AND t.anchor_id = c.wallet_id
                 WHERE c.programme = k.programme AND c.period = k.period
                    AND c.wallet_id = k.wallet_id)
         FROM (
            SELECT programme, period, wallet_id, SUM(amount) AS taken FROM credit_reversals
            WHERE programme = "
    };
}

statement! {
    both TakenBackOf { programme: i16, period: i32, after: i64, until: i64, most: i64 }
        -> (BigInt, BigInt, SmallInt, BigInt);
    (taken_back!()) [programme: SmallInt] " AND period = " [period: Integer]
    " AND wallet_id > " [after: BigInt] " AND wallet_id <= " [until: BigInt]
    " GROUP BY programme, period, wallet_id ORDER BY wallet_id LIMIT " [most: BigInt]
    ") k ORDER BY k.wallet_id"
}

statement! {
    both OpenBanksOf { after: i64, until: i64 } -> (BigInt, SmallInt);
    "SELECT DISTINCT w.id, w.bank_id FROM credit_reversals r
     JOIN wallets w ON w.id = r.wallet_id AND w.state = 1
     WHERE r.wallet_id > " [after: BigInt] " AND r.wallet_id <= " [until: BigInt]
}

/// A run's reversal: its row, with the names of its two clients.
#[derive(Clone, Debug)]
pub(crate) struct ReversalRow {
    pub(crate) id: i64,
    pub(crate) run: i64,
    pub(crate) programme: i16,
    pub(crate) period: i32,
    pub(crate) status: i16,
    pub(crate) last_wallet: i64,
    pub(crate) started_at: i64,
    pub(crate) finished_at: Option<i64>,
    pub(crate) reason: String,
    pub(crate) begun_by: String,
    pub(crate) agreed_by: String,
}

/// A bank's part of a reversal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReversalShare {
    pub(crate) bank: BankId,
    /// Families of whom something was taken back.
    pub(crate) families: i64,
    /// How much.
    pub(crate) amount: i64,
    /// How much could not be, because it was spent.
    pub(crate) spent: i64,
}

/// A credit of a run that is reversed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CreditToTakeBack {
    pub(crate) wallet: AccountId,
    pub(crate) round: i16,
    pub(crate) transfer: RowId,
    pub(crate) amount: Rupiah,
    /// What was taken back of it before.
    pub(crate) before: Rupiah,
    /// What was credited to the wallet after it and not taken back.
    pub(crate) later: Rupiah,
}

/// Wallet, round, transfer, amount, what was taken back of it, what was credited later and kept.
type CreditRow = (i64, i16, i64, i64, Option<i64>, Option<i64>);

/// A wallet of which something was taken back in a period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TakenBack {
    pub(crate) wallet: i64,
    /// What was taken back, all in all.
    pub(crate) taken: Rupiah,
    /// What was credited, all in all.
    pub(crate) credited: Rupiah,
    /// The round of its last credit.
    pub(crate) round: i16,
}

impl NewRunReversal {
    /// Records a reversal that begins, with a part for each bank.
    pub(crate) fn begin(
        self,
        tx: &mut Connection,
        banks: impl Iterator<Item = BankId>,
    ) -> Result<(), StoreError> {
        let reversal_id = self.id;
        let share = |bank: BankId| {
            let bank_id = bank.0;
            NewReversalShare { reversal_id, bank_id, families: 0, amount: 0, spent: 0 }
        };
        Self::insert_all(tx, vec![self])?;
        NewReversalShare::insert_all(tx, banks.map(share).collect())
    }
}

impl Connection {
    /// A run's reversal.
    pub(crate) fn run_reversal(&mut self, id: i64) -> Result<Option<ReversalRow>, StoreError> {
        Ok(self.first::<_, ReversalColumns>(ReversalById { id })?.map(reversal))
    }

    /// A run's reversal, locked against every other process that carries it on.
    pub(crate) fn lock_run_reversal(&mut self, id: i64) -> Result<Option<ReversalRow>, StoreError> {
        let rows: Vec<ReversalColumns> = match self {
            Self::Sqlite(sqlite) => ReversalById { id }.load(sqlite)?,
            Self::Postgres(postgres) => LockReversal { id }.load(postgres)?,
        };
        Ok(rows.into_iter().next().map(reversal))
    }

    /// The reversals of a run, newest first.
    pub(crate) fn reversals_of_run(&mut self, run: i64) -> Result<Vec<ReversalRow>, StoreError> {
        let rows: Vec<ReversalColumns> = self.load(ReversalsOfRun { run })?;
        Ok(rows.into_iter().map(reversal).collect())
    }

    /// The reversal in a period that is under way, if there is one, and its run.
    pub(crate) fn running_reversal(
        &mut self,
        programme: i16,
        period: i32,
    ) -> Result<Option<(i64, i64)>, StoreError> {
        self.first(RunningReversal { programme, period })
    }

    /// All reversals that are under way or to be resumed.
    pub(crate) fn running_reversals(&mut self) -> Result<Vec<i64>, StoreError> {
        self.load(RunningReversals {})
    }

    /// The banks' parts of a reversal.
    pub(crate) fn shares_of_reversal(&mut self, id: i64) -> Result<Vec<ReversalShare>, StoreError> {
        let rows: Vec<(i16, i64, i64, i64)> = self.load(SharesOfReversal { id })?;
        let share = |(bank, families, amount, spent)| ReversalShare {
            bank: BankId(bank),
            families,
            amount,
            spent,
        };
        Ok(rows.into_iter().map(share).collect())
    }

    /// Notes how far a reversal is and what it took back there.
    pub(crate) fn advance_reversal(
        &mut self,
        id: i64,
        last: i64,
        shares: impl Iterator<Item = ReversalShare>,
    ) -> Result<(), StoreError> {
        for ReversalShare { bank, families, amount, spent } in shares {
            let share = AddToShare { families, amount, spent, id, bank: bank.0 };
            if self.execute(share)? != 1 {
                return Err(StoreError::corrupt("a reversal has no part of a wallet's bank"));
            }
        }
        self.execute(AdvanceReversal { last, id }).map(|_| ())
    }

    /// Notes that a reversal is done.
    pub(crate) fn finish_reversal(&mut self, id: i64, now: i64) -> Result<(), StoreError> {
        self.execute(FinishReversal { now, id }).map(|_| ())
    }

    /// The next credits of a run, by their wallets, with what was taken back of each before.
    pub(crate) fn credits_to_take_back(
        &mut self,
        reversal: &ReversalRow,
        most: i64,
    ) -> Result<Vec<CreditToTakeBack>, StoreError> {
        let ReversalRow { programme, period, run, last_wallet: after, .. } = *reversal;
        let rows: Vec<CreditRow> =
            self.load(CreditsOfRun { programme, period, run, after, most })?;
        rows.into_iter()
            .map(|(wallet, round, transfer, amount, before, later)| {
                Ok(CreditToTakeBack {
                    wallet: AccountId(wallet),
                    round,
                    transfer: RowId(transfer),
                    amount: rupiah(amount)?,
                    before: rupiah(before.unwrap_or(0))?,
                    later: rupiah(later.unwrap_or(0))?,
                })
            })
            .collect()
    }

    /// The next wallets of which something was taken back in a period, above `after` and up to `until`.
    pub(crate) fn taken_back(
        &mut self,
        (programme, period): (i16, i32),
        (after, until): (i64, i64),
        most: i64,
    ) -> Result<Vec<TakenBack>, StoreError> {
        let rows: Vec<(i64, i64, i16, i64)> =
            self.load(TakenBackOf { programme, period, after, until, most })?;
        rows.into_iter()
            .map(|(wallet, taken, round, credited)| {
                let (taken, credited) = (rupiah(taken)?, rupiah(credited)?);
                Ok(TakenBack { wallet, taken, credited, round })
            })
            .collect()
    }

    /// The banks of open wallets of which anything was ever taken back, above `after` and up to `until`.
    pub(crate) fn banks_of_taken_back(
        &mut self,
        (after, until): (i64, i64),
    ) -> Result<Vec<(i64, i16)>, StoreError> {
        self.load(OpenBanksOf { after, until })
    }
}

fn rupiah(amount: i64) -> Result<Rupiah, StoreError> {
    Rupiah::new(amount).map_err(|_below| StoreError::corrupt("a credit is below zero"))
}

fn reversal(row: ReversalColumns) -> ReversalRow {
    let (
        (id, run, programme, period, status, last_wallet, started_at),
        (finished_at, reason, begun_by, agreed_by),
    ) = row;
    ReversalRow {
        id,
        run,
        programme,
        period,
        status,
        last_wallet,
        started_at,
        finished_at,
        reason,
        begun_by,
        agreed_by,
    }
}
