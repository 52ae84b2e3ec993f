//! The parts of a run: wallets that a session has taken in hand.

use diesel::RunQueryDsl as _;
use diesel::sql_types::BigInt;

use crate::store::bulk::bulk_insert;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

bulk_insert! {
    /// A part of the wallets that a run has taken in hand: those above `last_wallet` are still to be
    /// credited. Its row goes when it is done.
    NewPart, PartColumns, "credit_run_parts",
    run_id: i64 => BigInt, until_wallet: i64 => BigInt, last_wallet: i64 => BigInt,
}

statement! {
    both PartsOfRun { run: i64 } -> (BigInt, BigInt);
    "SELECT last_wallet, until_wallet FROM credit_run_parts WHERE run_id = " [run: BigInt]
    " ORDER BY until_wallet LIMIT 1"
}

statement! {
    // One that no other session holds.
    postgres FreePart { run: i64 } -> (BigInt, BigInt);
    "SELECT last_wallet, until_wallet FROM credit_run_parts WHERE run_id = " [run: BigInt]
    " ORDER BY until_wallet LIMIT 1 FOR UPDATE SKIP LOCKED"
}

statement! {
    both AdvancePart { last: i64, run: i64, until: i64 };
    "UPDATE credit_run_parts SET last_wallet = " [last: BigInt] " WHERE run_id = " [run: BigInt]
    " AND until_wallet = " [until: BigInt]
}

statement! {
    both EndPart { run: i64, until: i64 };
    "DELETE FROM credit_run_parts WHERE run_id = " [run: BigInt] " AND until_wallet = "
    [until: BigInt]
}

/// A part of the wallets: those above `last` are still to be credited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) last: i64,
    pub(crate) until: i64,
}

impl Connection {
    /// A part of a run that no other session works on, held until the transaction ends.
    pub(crate) fn take_part(&mut self, run: i64) -> Result<Option<Part>, StoreError> {
        let rows: Vec<(i64, i64)> = match self {
            Self::Sqlite(sqlite) => PartsOfRun { run }.load(sqlite)?,
            Self::Postgres(postgres) => FreePart { run }.load(postgres)?,
        };
        Ok(rows.into_iter().next().map(|(last, until)| Part { last, until }))
    }

    /// Whether a run has parts that are not done, by whomever they are held.
    pub(crate) fn has_parts(&mut self, run: i64) -> Result<bool, StoreError> {
        Ok(self.first::<_, (i64, i64)>(PartsOfRun { run })?.is_some())
    }

    /// Notes how far a part is; at its end it goes.
    pub(crate) fn advance_part(
        &mut self,
        run: i64,
        part: Part,
        last: i64,
    ) -> Result<(), StoreError> {
        let until = part.until;
        let changed = if last < until {
            self.execute(AdvancePart { last, run, until })?
        } else {
            self.execute(EndPart { run, until })?
        };
        if changed == 1 { Ok(()) } else { Err(StoreError::corrupt("a credit run's part is gone")) }
    }
}
