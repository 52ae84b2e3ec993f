//! What banks hold and have promised, as their rows state it.

use diesel::sql_types::{BigInt, Nullable};

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

statement! {
    both FundsOfBanks {} -> (BigInt, BigInt, Nullable<BigInt>, Nullable<BigInt>);
    "SELECT CAST(b.id AS BIGINT), b.unallocated_account, f.unallocated, f.reserved
     FROM banks b LEFT JOIN bank_funds f ON f.bank_id = b.id ORDER BY b.id"
}

statement! {
    both RunsAtBanks {}
        -> (
            (BigInt, BigInt, BigInt, BigInt), (BigInt, BigInt, BigInt, Nullable<BigInt>),
            (BigInt, Nullable<BigInt>, Nullable<BigInt>),
        );
    "SELECT b.run_id, CAST(b.bank_id AS BIGINT), CAST(r.status AS BIGINT), r.amount,
            b.reserved, b.credited, b.amount, n.credited,
            (SELECT COUNT(*) FROM credit_run_parts p WHERE p.run_id = b.run_id),
            n.again, n.topped
     FROM credit_run_banks b
     JOIN credit_runs r ON r.id = b.run_id
     LEFT JOIN (
        SELECT c.run_id, w.bank_id, COUNT(*) AS credited,
               CAST(SUM(CASE WHEN c.round = 1 THEN 0 ELSE 1 END) AS BIGINT) AS again,
               CAST(SUM(CASE WHEN c.round = 1 THEN 0 ELSE (SELECT t.amount FROM transfers t
                    WHERE t.id = c.transfer_id AND t.anchor_id = c.wallet_id) END) AS BIGINT) AS topped
        FROM credits c JOIN wallets w ON w.id = c.wallet_id
        GROUP BY c.run_id, w.bank_id
     ) n ON n.run_id = b.run_id AND n.bank_id = b.bank_id
     ORDER BY b.run_id, b.bank_id"
}

/// A bank's row of funds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BankFunds {
    pub(crate) bank: i64,
    /// The account that the row sums up.
    pub(crate) account: i64,
    pub(crate) unallocated: Option<i64>,
    pub(crate) reserved: Option<i64>,
}

/// A credit run's part at one bank.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunAtBank {
    pub(crate) run: i64,
    pub(crate) bank: i64,
    /// Whether the run is still going.
    pub(crate) running: bool,
    /// What the run credits a wallet with.
    pub(crate) amount_each: i64,
    pub(crate) reserved: i64,
    /// What the row states: wallets and rupiah.
    pub(crate) stated: (i64, i64),
    /// How many credits there are.
    pub(crate) credits: i64,
    /// How many of them are in a further round, and their sum.
    pub(crate) topped: (i64, i64),
    /// How many parts of the wallets the run has in hand.
    pub(crate) parts: i64,
}

impl Connection {
    /// The funds of all banks.
    pub(crate) fn funds_of_banks(&mut self) -> Result<Vec<BankFunds>, StoreError> {
        let rows: Vec<(i64, i64, Option<i64>, Option<i64>)> = self.load(FundsOfBanks {})?;
        let funds = rows.into_iter().map(|(bank, account, unallocated, reserved)| BankFunds {
            bank,
            account,
            unallocated,
            reserved,
        });
        Ok(funds.collect())
    }

    /// All credit runs at all banks.
    pub(crate) fn each_run_at_bank(
        &mut self,
        each: &mut dyn FnMut(RunAtBank) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        type Row =
            ((i64, i64, i64, i64), (i64, i64, i64, Option<i64>), (i64, Option<i64>, Option<i64>));
        let mut row = |((run, bank, status, amount_each), counted, (parts, again, topped)): Row| {
            let (reserved, credited, amount, credits) = counted;
            let stated = (credited, amount);
            let (running, credits) = (status == 1, credits.unwrap_or(0));
            let topped = (again.unwrap_or(0), topped.unwrap_or(0));
            each(RunAtBank {
                run,
                bank,
                running,
                amount_each,
                reserved,
                stated,
                credits,
                topped,
                parts,
            })
        };
        self.stream(RunsAtBanks {}, &mut row)
    }
}
