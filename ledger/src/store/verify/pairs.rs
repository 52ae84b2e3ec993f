//! What is stated twice, sorted so that both statements of one thing stand side by side.

use diesel::sql_types::{BigInt, Nullable};

use crate::store::bulk::bulk_insert;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

bulk_insert! {
    /// Where a sealed attempt has to stand in its merchant's log.
    AttemptPlace, AttemptPlaceColumns, "verify_attempts",
    redemption_id: i64 => BigInt,
    wallet_id: i64 => BigInt,
    merchant_id: i64 => BigInt,
    log_position: Option<i64> => Nullable<BigInt>,
}

bulk_insert! {
    /// Where a sealed transfer has to stand in its account's log.
    EntryPlace, EntryPlaceColumns, "verify_entries",
    transfer_id: i64 => BigInt,
    account_id: i64 => BigInt,
    log_position: i64 => BigInt,
    anchor_id: i64 => BigInt,
}

/// Key, second part of the key, side (0 the narrow table, 1 what it is held against), and what
/// both sides say.
type SidedSql = (
    (BigInt, BigInt, BigInt),
    (Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>),
);
type SidedRow = ((i64, i64, i64), (Option<i64>, Option<i64>, Option<i64>, Option<i64>));

statement! {
    /// A credit's run and family against its transfer: amount, the account it came from, period. The
    /// amount is missing where the run is, or is of another programme or period. In a further round it is what
    /// was missing then, which rules of their own bound.
    both CreditsAndTransfers { from: i64 } -> SidedSql;
    "SELECT c.transfer_id, c.wallet_id, CAST(0 AS BIGINT),
            CASE WHEN r.programme = c.programme AND r.period = c.period
                THEN CASE WHEN c.round = 1 THEN r.amount ELSE (SELECT t.amount FROM transfers t
                    WHERE t.id = c.transfer_id AND t.anchor_id = c.wallet_id) END END,
            b.unallocated_account, CAST(c.period AS BIGINT), CAST(NULL AS BIGINT)
     FROM credits c
     LEFT JOIN credit_runs r ON r.id = c.run_id
     LEFT JOIN wallets w ON w.id = c.wallet_id
     LEFT JOIN banks b ON b.id = w.bank_id
     WHERE c.transfer_id >= " [from: BigInt] "
     UNION ALL
     SELECT id, anchor_id, CAST(1 AS BIGINT), amount, debit_account, subject, CAST(NULL AS BIGINT)
     FROM transfers WHERE kind = 2 AND id >= " [from: BigInt] "
     ORDER BY 1, 2, 3"
}

statement! {
    /// A reversal and the redemption it takes back against its transfer: amount, merchant, date,
    /// redemption.
    /// The amount is missing where the redemption is, was refused, or is another merchant's.
    both ReversalsAndTransfers { from: i64 } -> SidedSql;
    "SELECT v.transfer_id, v.wallet_id, CAST(0 AS BIGINT),
            CASE WHEN r.refusal = 0 AND r.merchant_id = v.merchant_id
                AND r.acquirer = v.acquirer AND r.id < v.transfer_id THEN r.amount END,
            v.merchant_id, CAST(v.business_date AS BIGINT), v.redemption_id
     FROM reversals v
     LEFT JOIN redemptions r ON r.id = v.redemption_id AND r.wallet_id = v.wallet_id
     WHERE v.transfer_id >= " [from: BigInt] "
     UNION ALL
     SELECT id, anchor_id, CAST(1 AS BIGINT), amount, debit_account,
            CAST(business_date AS BIGINT), subject
     FROM transfers WHERE kind = 4 AND id >= " [from: BigInt] "
     ORDER BY 1, 2, 3"
}

statement! {
    /// A funding's reference against its transfer: the bank's unallocated account, amount, and the
    /// bank's holding account.
    both FundingsAndTransfers { from: i64 } -> SidedSql;
    "SELECT f.transfer_id, b.unallocated_account, CAST(0 AS BIGINT), f.amount, b.holding_account,
            CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)
     FROM fundings f JOIN banks b ON b.id = f.bank_id
     WHERE f.transfer_id >= " [from: BigInt] "
     UNION ALL
     SELECT id, credit_account, CAST(1 AS BIGINT), amount, debit_account, CAST(NULL AS BIGINT),
            CAST(NULL AS BIGINT)
     FROM transfers WHERE kind = 1 AND id >= " [from: BigInt] "
     ORDER BY 1, 2, 3"
}

statement! {
    /// What went back of a funding against its transfer: amount, the bank's unallocated account, the
    /// funding. The account is missing where the funding is.
    both ReturnsAndTransfers { from: i64 } -> SidedSql;
    "SELECT r.transfer_id, COALESCE(b.holding_account, 0), CAST(0 AS BIGINT), r.amount,
            b.unallocated_account, r.funding_id, CAST(NULL AS BIGINT)
     FROM funding_returns r
     LEFT JOIN fundings f ON f.transfer_id = r.funding_id
     LEFT JOIN banks b ON b.id = f.bank_id
     WHERE r.transfer_id >= " [from: BigInt] "
     UNION ALL
     SELECT id, credit_account, CAST(1 AS BIGINT), amount, debit_account, subject,
            CAST(NULL AS BIGINT)
     FROM transfers WHERE kind = 7 AND id >= " [from: BigInt] "
     ORDER BY 1, 2, 3"
}

statement! {
    /// What was taken back of a credit against its transfer: amount, the account it went to, the credit. That
    /// is missing where the credit is, or is not of the run that was reversed.
    both CreditReversalsAndTransfers { from: i64 } -> SidedSql;
    "SELECT v.transfer_id, v.wallet_id, CAST(0 AS BIGINT), v.amount, b.unallocated_account,
            c.transfer_id, CAST(NULL AS BIGINT)
     FROM credit_reversals v
     LEFT JOIN credit_run_reversals x ON x.id = v.reversal_id
     LEFT JOIN credits c ON c.programme = v.programme AND c.period = v.period
        AND c.wallet_id = v.wallet_id AND c.round = v.round AND c.run_id = x.run_id
     LEFT JOIN wallets w ON w.id = v.wallet_id
     LEFT JOIN banks b ON b.id = w.bank_id
     WHERE v.transfer_id >= " [from: BigInt] "
     UNION ALL
     SELECT id, anchor_id, CAST(1 AS BIGINT), amount, credit_account, subject,
            CAST(NULL AS BIGINT)
     FROM transfers WHERE kind = 9 AND id >= " [from: BigInt] "
     ORDER BY 1, 2, 3"
}

statement! {
    both AttemptLogAndPlaces { from: i64 } -> SidedSql;
    "SELECT redemption_id, wallet_id, CAST(0 AS BIGINT), merchant_id, log_position,
            CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)
     FROM attempt_log WHERE redemption_id >= " [from: BigInt] "
     UNION ALL
     SELECT redemption_id, wallet_id, CAST(1 AS BIGINT), merchant_id, log_position,
            CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)
     FROM verify_attempts
     ORDER BY 1, 2, 3"
}

statement! {
    both AccountLogAndPlaces { from: i64 } -> SidedSql;
    "SELECT transfer_id, account_id, CAST(0 AS BIGINT), log_position, anchor_id,
            CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)
     FROM account_log WHERE transfer_id >= " [from: BigInt] "
     UNION ALL
     SELECT transfer_id, account_id, CAST(1 AS BIGINT), log_position, anchor_id,
            CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)
     FROM verify_entries
     ORDER BY 1, 2, 3"
}

/// Sums that are kept, and the same worked out from the parts of the spans before.
macro_rules! kept_and_worked_out {
    ($name:ident, $kept:literal, $parts:literal, $holder:literal) => {
        statement! {
            both $name {} -> SidedSql;
            "SELECT CAST(" $holder " AS BIGINT), log_size, CAST(0 AS BIGINT), debit, credit,
                    CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)
             FROM " $kept "
             UNION ALL
             SELECT " $holder ", log_size, CAST(1 AS BIGINT),
                    CAST(SUM(SUM(debit)) OVER (PARTITION BY " $holder " ORDER BY log_size) AS BIGINT),
                    CAST(SUM(SUM(credit)) OVER (PARTITION BY " $holder " ORDER BY log_size) AS BIGINT),
                    CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)
             FROM " $parts " GROUP BY " $holder ", log_size
             ORDER BY 1, 2, 3"
        }
    };
}

kept_and_worked_out!(AccountSums, "account_rollups", "verify_account_sums", "account_id");
kept_and_worked_out!(WalletSums, "wallet_rollups", "verify_wallet_sums", "bank_id");

statement! {
    both AttemptNumbers {} -> (BigInt, BigInt, BigInt, BigInt);
    "SELECT merchant_id, COUNT(*), MIN(attempt_no), MAX(attempt_no) FROM attempt_log
     GROUP BY merchant_id ORDER BY merchant_id"
}

/// Two places that state the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairs {
    /// `credits` and the transfers of that kind, by wallet.
    Credits,
    /// `reversals` and the transfers of that kind, by wallet.
    Reversals,
    /// `fundings` and the transfers of that kind, by unallocated account.
    Fundings,
    /// `funding_returns` and the transfers of that kind, by holding account.
    Returns,
    /// `credit_reversals` and the transfers of that kind, by wallet.
    CreditReversals,
    /// `attempt_log` and where each sealed attempt has to stand, by wallet.
    AttemptLog,
    /// `account_log` and where each sealed transfer has to stand, by account.
    AccountLog,
    /// `account_rollups` and the sums of the sealed transfers, by size of the log.
    AccountRollups,
    /// `wallet_rollups` and the sums of the sealed transfers, by size of the log.
    WalletRollups,
}

/// One side of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sided {
    /// What both sides are about.
    pub(crate) key: (i64, i64),
    /// Whether this is the narrow table's own row, and not what it is held against.
    pub(crate) own: bool,
    /// What both have to say alike.
    pub(crate) says: [Option<i64>; 4],
}

streams! {
    /// For each merchant: id, how many attempts its log has, the lowest and the highest number.
    each_attempt_log: AttemptNumbers -> (i64, i64, i64, i64);
}

impl Connection {
    /// Both sides of every pair from an id on, sorted by key, the narrow table's first; of roll-ups all.
    pub(crate) fn each_side(
        &mut self,
        (pairs, from): (Pairs, i64),
        each: &mut dyn FnMut(Sided) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut row = |((key, second, side), (a, b, c, d)): SidedRow| {
            each(Sided { key: (key, second), own: side == 0, says: [a, b, c, d] })
        };
        match pairs {
            Pairs::Credits => self.stream(CreditsAndTransfers { from }, &mut row),
            Pairs::Reversals => self.stream(ReversalsAndTransfers { from }, &mut row),
            Pairs::Fundings => self.stream(FundingsAndTransfers { from }, &mut row),
            Pairs::Returns => self.stream(ReturnsAndTransfers { from }, &mut row),
            Pairs::CreditReversals => self.stream(CreditReversalsAndTransfers { from }, &mut row),
            Pairs::AttemptLog => self.stream(AttemptLogAndPlaces { from }, &mut row),
            Pairs::AccountLog => self.stream(AccountLogAndPlaces { from }, &mut row),
            Pairs::AccountRollups => self.stream(AccountSums {}, &mut row),
            Pairs::WalletRollups => self.stream(WalletSums {}, &mut row),
        }
    }
}
