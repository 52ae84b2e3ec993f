//! What credit runs, banks' funds and banks' days say beside the transfers.

use diesel::sql_types::{BigInt, Nullable, Text};

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

rules! {
    /// The rules of credit runs and, for each, the first run that breaks it.
    broken_runs;
    RunAmount: "credit_runs {}: its amount is not that of a policy that held for its period",
        "SELECT r.id FROM credit_runs r LEFT JOIN policies p ON p.version = r.policy_version
         WHERE p.version IS NULL OR p.monthly_amount <> r.amount OR p.known_from > r.started_at
            OR p.valid_from > r.period * 100 + 1 OR p.valid_to < r.period * 100 + 1
         ORDER BY r.id LIMIT 1";
    RunEnd: "credit_runs {}: what it says of its end does not go together",
        "SELECT id FROM credit_runs
         WHERE programme <> 1 OR status NOT IN (1, 2) OR period % 100 NOT BETWEEN 1 AND 12
            OR (status = 1) <> (finished_at IS NULL) OR finished_at < started_at
            OR last_wallet > until_wallet OR (status = 2 AND last_wallet <> until_wallet)
            OR topped_wallet > until_wallet OR (topped_wallet <> 0 AND last_wallet <> until_wallet)
         ORDER BY id LIMIT 1";
    RunWallets: "credit_runs {}: it goes up to no wallet, or credited one beyond",
        "SELECT r.id FROM credit_runs r
         LEFT JOIN wallets w ON w.id = r.until_wallet
         LEFT JOIN (SELECT run_id, MAX(wallet_id) AS highest FROM credits GROUP BY run_id) c
            ON c.run_id = r.id
         WHERE (r.until_wallet <> 0 AND w.id IS NULL) OR c.highest > r.until_wallet
         ORDER BY r.id LIMIT 1";
    RunTopped: "credit_runs {}: it gave again up to a wallet of which nothing was taken back",
        "SELECT r.id FROM credit_runs r WHERE r.topped_wallet <> 0
            AND NOT EXISTS (SELECT 1 FROM credit_reversals v WHERE v.wallet_id = r.topped_wallet
                AND v.programme = r.programme AND v.period = r.period)
         ORDER BY r.id LIMIT 1";
    RunOfCredits: "credits of run {}: there is no such run at that bank",
        "SELECT c.run_id FROM (
            SELECT c.run_id, w.bank_id FROM credits c JOIN wallets w ON w.id = c.wallet_id
            GROUP BY c.run_id, w.bank_id
         ) c
         LEFT JOIN credit_run_banks b ON b.run_id = c.run_id AND b.bank_id = c.bank_id
         WHERE b.run_id IS NULL ORDER BY c.run_id LIMIT 1";
    RunBanks: "credit_run_banks {}: what it says of a bank does not go together",
        "SELECT b.run_id FROM credit_run_banks b LEFT JOIN credit_runs r ON r.id = b.run_id
         WHERE r.id IS NULL OR b.status NOT BETWEEN 1 AND 3 OR (b.status = 1 AND r.status <> 1)
            OR (b.status <> 1 AND b.reserved <> 0) OR (b.status = 3 AND b.amount <> 0)
            OR (b.status = 3) <> (b.needed > b.available)
         ORDER BY b.run_id LIMIT 1";
    RunEveryBank: "credit_runs {}: a bank that was there is left out",
        "SELECT r.id FROM credit_runs r JOIN banks k ON k.holding_account < r.id
         LEFT JOIN credit_run_banks b ON b.run_id = r.id AND b.bank_id = k.id
         WHERE b.run_id IS NULL ORDER BY r.id LIMIT 1";
    RunNeeded: "credit_run_banks {}: what a bank needed is not what its families were credited",
        "SELECT b.run_id FROM credit_run_banks b JOIN credit_runs r ON r.id = b.run_id
         WHERE (b.needed % r.amount <> 0 AND NOT EXISTS (SELECT 1 FROM credit_run_reversals v
                WHERE v.programme = r.programme AND v.period = r.period AND v.run_id <> r.id))
            OR (b.status = 2 AND b.needed <> b.amount
            AND NOT EXISTS (SELECT 1 FROM wallets w WHERE w.bank_id = b.bank_id
                AND w.opened_at BETWEEN r.started_at - 5000 AND r.finished_at))
         ORDER BY b.run_id LIMIT 1";
    // Where money moved in the same moments, or runs overlapped, times don't show what was there.
    RunAvailable: "credit_run_banks {}: what a bank had is not what had come and gone by then",
        "SELECT b.run_id FROM credit_run_banks b
         JOIN credit_runs r ON r.id = b.run_id
         JOIN banks k ON k.id = b.bank_id
         WHERE NOT EXISTS (SELECT 1 FROM batches x
                WHERE x.log_start IS NULL AND x.created_at <= r.started_at)
            AND NOT EXISTS (SELECT 1 FROM account_log l JOIN transfers t
                    ON t.id = l.transfer_id AND t.anchor_id = l.anchor_id
                WHERE l.account_id = k.unallocated_account
                    AND t.created_at BETWEEN r.started_at - 5000 AND r.started_at + 5000)
            AND NOT EXISTS (SELECT 1 FROM credit_runs o WHERE o.id <> r.id
                AND o.started_at <= r.started_at
                AND (o.finished_at IS NULL OR o.finished_at >= r.started_at))
            AND b.available <> COALESCE((SELECT CAST(SUM(CASE
                        WHEN t.credit_account = k.unallocated_account THEN t.amount
                        ELSE -t.amount END) AS BIGINT)
                    FROM account_log l JOIN transfers t
                        ON t.id = l.transfer_id AND t.anchor_id = l.anchor_id
                    WHERE l.account_id = k.unallocated_account AND t.created_at < r.started_at), 0)
                - COALESCE((SELECT CAST(SUM(o.amount) AS BIGINT) FROM credit_run_banks o
                    JOIN credit_runs q ON q.id = o.run_id
                    WHERE o.bank_id = b.bank_id AND q.started_at < r.started_at), 0)
         ORDER BY b.run_id LIMIT 1";
}

rules! {
    /// The rules of banks' funds and, for each, the first bank that breaks it.
    broken_funds;
    FundsBank: "bank_funds {}: there is no such bank",
        "SELECT CAST(f.bank_id AS BIGINT) FROM bank_funds f LEFT JOIN banks b ON b.id = f.bank_id
         WHERE b.id IS NULL ORDER BY f.bank_id LIMIT 1";
    // A chunk of credits that are taken back raises it to its block's end, which is used only where all are.
    FundsLastId: "bank_funds {}: its last id is neither a transfer's nor a batch's end",
        "SELECT CAST(f.bank_id AS BIGINT) FROM bank_funds f
         WHERE f.last_id <> 0 AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.last_id = f.last_id)
            AND NOT EXISTS (SELECT 1 FROM transfers t WHERE t.id = f.last_id)
            AND NOT EXISTS (SELECT 1 FROM credit_run_reversal_banks r
                WHERE r.bank_id = f.bank_id AND r.amount > 0)
         ORDER BY f.bank_id LIMIT 1";
}

rules! {
    /// The rules of banks' days and, for each, the first that breaks it: the bank's number.
    broken_days;
    DayLogSize: "business_days of bank {}: a day was closed at a size that the log never had",
        "SELECT CAST(d.bank_id AS BIGINT) FROM business_days d
         LEFT JOIN log_sizes s ON s.log_size = d.log_size
         WHERE d.log_size IS NOT NULL AND s.log_size IS NULL ORDER BY d.bank_id LIMIT 1";
    DayTimes: "business_days of bank {}: what a day says of its close does not go together",
        "SELECT CAST(bank_id AS BIGINT) FROM business_days
         WHERE (status = 2) <> (closed_at IS NOT NULL) OR (status = 2) <> (log_size IS NOT NULL)
            OR closed_at < marked_at
         ORDER BY bank_id LIMIT 1";
    DayOrder: "business_days of bank {}: a day is closed and one before it is not",
        "SELECT CAST(d.bank_id AS BIGINT) FROM business_days d
         JOIN business_days e ON e.bank_id = d.bank_id AND e.business_date < d.business_date
         WHERE d.status = 2 AND e.status = 1 ORDER BY d.bank_id LIMIT 1";
    DayBank: "business_days of bank {}: there is no such bank",
        "SELECT CAST(d.bank_id AS BIGINT) FROM business_days d LEFT JOIN banks b ON b.id = d.bank_id
         WHERE b.id IS NULL ORDER BY d.bank_id LIMIT 1";
}

statement! {
    /// Fundings with what their transfers are about.
    both FundingsByReference {} -> (BigInt, (Text, Text), Nullable<BigInt>);
    "SELECT f.transfer_id, f.reference, f.folded, t.subject FROM fundings f
     LEFT JOIN transfers t ON t.id = f.transfer_id ORDER BY f.transfer_id"
}

statement! {
    /// Settlements by bank, day and merchant, which is the order of their places.
    both SettlementReferences {} -> (BigInt, BigInt, BigInt, Text, Text);
    "SELECT s.id, CAST(s.bank_id AS BIGINT), CAST(s.business_date AS BIGINT), b.clearing_code, s.reference
     FROM settlements s JOIN banks b ON b.id = s.bank_id
     ORDER BY s.bank_id, s.business_date, s.merchant_id"
}

/// A settlement's id, bank, day, the bank's clearing code, and the settlement's reference.
pub(crate) type ReferenceRow = (i64, i64, i64, String, String);

/// A funding: its transfer, its reference and how it is compared with others, what the transfer is about.
pub(crate) type FundingRow = (i64, (String, String), Option<i64>);

streams! {
    /// Every funding: its transfer, its reference and how it is compared with others, what the transfer is about.
    each_funding: FundingsByReference -> FundingRow;
    /// Every settlement's reference, in the order of their places in their days.
    each_settlement_reference: SettlementReferences -> ReferenceRow;
}
