//! What the five daily reconciliations compare: sums that were kept against sums of what they are of.

use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::calendar::Date;

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    both LatestPeriod { until: i32 } -> Nullable<Integer>;
    "SELECT MAX(period) FROM credit_runs WHERE period <= " [until: Integer]
}

statement! {
    both CreditsIssued { bank: i16, period: i32 } -> (BigInt, BigInt);
    "SELECT CAST(COALESCE(SUM(s.credited), 0) AS BIGINT),
            CAST(COALESCE(SUM(s.amount), 0) AS BIGINT)
     FROM credit_run_banks s JOIN credit_runs r ON r.id = s.run_id
     WHERE s.bank_id = " [bank: SmallInt] " AND r.period = " [period: Integer]
}

statement! {
    both CreditsPosted { bank: i16, programme: i16, period: i32 } -> (BigInt, BigInt);
    "SELECT COUNT(*), CAST(COALESCE(SUM(t.amount), 0) AS BIGINT)
     FROM credits c
     JOIN wallets w ON w.id = c.wallet_id
     JOIN transfers t ON t.id = c.transfer_id AND t.anchor_id = c.wallet_id
     WHERE c.programme = " [programme: SmallInt] " AND c.period = " [period: Integer]
    " AND w.bank_id = " [bank: SmallInt]
}

statement! {
    // Balances, what transfers add up to, and how many wallets are not what theirs say.
    both WalletSums { bank: i16 } -> (BigInt, BigInt, BigInt, BigInt);
    "SELECT COUNT(*), CAST(COALESCE(SUM(w.balance), 0) AS BIGINT),
            CAST(COALESCE(SUM(COALESCE(t.booked, 0)), 0) AS BIGINT),
            CAST(COALESCE(SUM(CASE WHEN w.balance <> COALESCE(t.booked, 0) THEN 1 ELSE 0 END), 0)
                AS BIGINT)
     FROM wallets w
     LEFT JOIN (
        SELECT anchor_id,
               CAST(SUM(CASE WHEN credit_account = anchor_id THEN amount ELSE -amount END) AS BIGINT)
                   AS booked
        FROM transfers WHERE kind IN (2, 3, 4, 6, 9) GROUP BY anchor_id
     ) t ON t.anchor_id = w.id
     WHERE w.bank_id = " [bank: SmallInt]
}

statement! {
    // What the transfers dated to the day say: the close looks for purchases in the log, and this is to notice
    // when it missed one. By terminal, so that a shop with a terminal that went wrong sees which.
    both MovedAtTerminals { bank: i16, day: i32 }
        -> (BigInt, Text, Text, SmallInt, BigInt, BigInt);
    "SELECT k.merchant_id, m.code, t.code, k.kind, COUNT(*), CAST(SUM(k.amount) AS BIGINT)
     FROM (
        SELECT x.kind, x.amount, x.anchor_id,
               CASE x.kind WHEN 3 THEN x.id ELSE x.subject END AS redemption_id,
               CASE x.kind WHEN 3 THEN x.credit_account ELSE x.debit_account END AS merchant_id
        FROM transfers x WHERE x.business_date = " [day: Integer] " AND x.kind IN (3, 4)
     ) k
     JOIN redemptions r ON r.id = k.redemption_id AND r.wallet_id = k.anchor_id
     JOIN merchants m ON m.id = k.merchant_id
     JOIN terminals t ON t.id = r.terminal_id
     WHERE r.acquirer = " [bank: SmallInt] "
     GROUP BY k.merchant_id, m.code, t.code, k.kind ORDER BY m.code, t.code, k.kind"
}

statement! {
    both SettledGross { bank: i16, day: i32 }
        -> (BigInt, BigInt, BigInt, BigInt, BigInt);
    "SELECT s.merchant_id, s.gross, s.gross - s.reversed, s.carried,
            COALESCE(p.amount, 0)
     FROM settlements s LEFT JOIN settlement_payments p ON p.settlement_id = s.id
     WHERE s.bank_id = " [bank: SmallInt] " AND s.business_date = " [day: Integer]
    " ORDER BY s.merchant_id"
}

statement! {
    // Into and out of a bank's holding account: fundings, settlements, returns, decisions.
    both HoldingMoves { bank: i16 } -> (BigInt, BigInt);
    "SELECT CAST(COALESCE(SUM(CASE WHEN t.debit_account = b.holding_account THEN t.amount ELSE 0 END), 0)
                AS BIGINT),
            CAST(COALESCE(SUM(CASE WHEN t.credit_account = b.holding_account THEN t.amount ELSE 0 END), 0)
                AS BIGINT)
     FROM banks b
     JOIN transfers t ON t.kind IN (1, 5, 7, 8)
        AND (t.debit_account = b.holding_account OR t.credit_account = b.holding_account)
     WHERE b.id = " [bank: SmallInt]
}

/// How many, and their sum in rupiah.
pub(crate) type CountAndSum = (i64, i64);
/// What a terminal sold or took back: merchant, its code, the terminal's code, the transfers' kind, how
/// many, rupiah.
pub(crate) type TerminalSum = (i64, String, String, i16, i64, i64);
/// A settlement: merchant, gross, net, what is carried into it, what was paid of it, in rupiah.
pub(crate) type SettledSum = (i64, i64, i64, i64, i64);

impl Connection {
    /// The last month up to `until` that was credited.
    pub(crate) fn latest_period(&mut self, until: i32) -> Result<Option<i32>, StoreError> {
        Ok(self.first::<_, Option<i32>>(LatestPeriod { until })?.flatten())
    }

    /// What runs say they credited to a bank's families for a period.
    pub(crate) fn credits_issued(
        &mut self,
        bank: BankId,
        period: i32,
    ) -> Result<CountAndSum, StoreError> {
        Ok(self.first(CreditsIssued { bank: bank.0, period })?.unwrap_or_default())
    }

    /// What was posted to a bank's families for a period.
    pub(crate) fn credits_posted(
        &mut self,
        bank: BankId,
        (programme, period): (i16, i32),
    ) -> Result<CountAndSum, StoreError> {
        Ok(self.first(CreditsPosted { bank: bank.0, programme, period })?.unwrap_or_default())
    }

    /// A bank's wallets: how many, their balances, their transfers' sums, and how many differ.
    pub(crate) fn wallets_by_transfers(
        &mut self,
        bank: BankId,
    ) -> Result<(i64, i64, i64, i64), StoreError> {
        Ok(self.first(WalletSums { bank: bank.0 })?.unwrap_or_default())
    }

    /// What each terminal of a bank's merchants sold and took back on a day, by the transfers.
    pub(crate) fn moved_at_terminals(
        &mut self,
        bank: BankId,
        day: Date,
    ) -> Result<Vec<TerminalSum>, StoreError> {
        self.load(MovedAtTerminals { bank: bank.0, day: day.as_number() })
    }

    /// A bank's settlements of a day.
    pub(crate) fn settled_sums(
        &mut self,
        bank: BankId,
        day: Date,
    ) -> Result<Vec<SettledSum>, StoreError> {
        self.load(SettledGross { bank: bank.0, day: day.as_number() })
    }

    /// What came into a bank's holding account, and what left it.
    pub(crate) fn holding_moves(&mut self, bank: BankId) -> Result<(i64, i64), StoreError> {
        Ok(self.first(HoldingMoves { bank: bank.0 })?.unwrap_or_default())
    }
}
