//! Which settlements are paid and which fees were taken, and by which transfers.

use std::collections::HashSet;

use diesel::RunQueryDsl as _;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::calendar::Date;
use crate::domain::ids::AccountId;
use crate::domain::settlement::SetOff;

use super::bulk::bulk_insert;
use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

bulk_insert! {
    /// A settlement that is paid.
    NewPayment, PaymentColumns, "settlement_payments",
    settlement_id: i64 => BigInt, reconciliation_id: i64 => BigInt, amount: i64 => BigInt,
    client_id: i64 => BigInt, created_at: i64 => BigInt,
}

bulk_insert! {
    /// One issuer's transfer of a paid settlement.
    NewSettlementPosting, SettlementPostingColumns, "settlement_postings",
    settlement_id: i64 => BigInt, issuer: i16 => SmallInt, net: i64 => BigInt,
    transfer_id: i64 => BigInt, anchor_id: i64 => BigInt,
}

bulk_insert! {
    /// A bank's row whose fee is posted.
    NewFeePosting, FeePostingColumns, "fee_postings",
    bank_id: i16 => SmallInt, fingerprint: String => Text, reconciliation_id: i64 => BigInt,
    amount: i64 => BigInt, transfer_id: i64 => BigInt, anchor_id: i64 => BigInt,
}

type OwedSql = ((BigInt, BigInt, Text, Integer, Text, BigInt, BigInt), Nullable<BigInt>);
type OwedRow = ((i64, i64, String, i32, String, i64, i64), Option<i64>);

statement! {
    // A shop's own view has its settlements only.
    both SettlementsBetween { bank: i16, merchant: i64, from: i32, to: i32 } -> OwedSql;
    "SELECT s.id, s.merchant_id, m.code, s.business_date, s.reference, s.gross - s.reversed,
            s.carried, p.reconciliation_id
     FROM settlements s
     JOIN merchants m ON m.id = s.merchant_id
     LEFT JOIN settlement_payments p ON p.settlement_id = s.id
     WHERE s.bank_id = " [bank: SmallInt] " AND s.business_date >= " [from: Integer]
    " AND s.business_date <= " [to: Integer] " AND (" [merchant: BigInt]
    " = 0 OR s.merchant_id = " [merchant: BigInt] ") ORDER BY s.id"
}

statement! {
    both SettlementByReference { bank: i16, reference: String } -> OwedSql;
    "SELECT s.id, s.merchant_id, m.code, s.business_date, s.reference, s.gross - s.reversed,
            s.carried, p.reconciliation_id
     FROM settlements s
     JOIN merchants m ON m.id = s.merchant_id
     LEFT JOIN settlement_payments p ON p.settlement_id = s.id
     WHERE s.bank_id = " [bank: SmallInt] " AND s.reference = " [reference: Text]
}

statement! {
    // Those after the last one into which nothing was carried, and that one.
    both SetOffBy { settlement: i64 } -> BigInt;
    "SELECT e.id FROM settlements s
     JOIN settlements e ON e.merchant_id = s.merchant_id AND e.bank_id = s.bank_id
        AND e.business_date < s.business_date
     WHERE s.id = " [settlement: BigInt] " AND s.carried > 0 AND e.business_date >= (
            SELECT MAX(f.business_date) FROM settlements f WHERE f.merchant_id = s.merchant_id
            AND f.bank_id = s.bank_id AND f.business_date < s.business_date AND f.carried = 0)
     ORDER BY e.business_date"
}

statement! {
    both IsPaid { settlement: i64 } -> BigInt;
    "SELECT settlement_id FROM settlement_payments WHERE settlement_id = " [settlement: BigInt]
}

statement! {
    // What is posted goes to each issuer's holding account.
    both PartsToPost { settlement: i64 } -> (SmallInt, BigInt, BigInt);
    "SELECT i.issuer, b.holding_account, i.net FROM settlement_issuers i
     JOIN banks b ON b.id = i.issuer
     WHERE i.settlement_id = " [settlement: BigInt] " AND i.net <> 0 ORDER BY i.issuer"
}

statement! {
    both AdjustmentAccountsOf { bank: i16 } -> (BigInt, BigInt, BigInt);
    "SELECT suspense_account, fees_account, holding_account FROM banks WHERE id = " [bank: SmallInt]
}

statement! {
    sqlite PostedFee<'a> { bank: i16, print: &'a str } -> Text;
    "SELECT fingerprint FROM fee_postings WHERE bank_id = " [bank: SmallInt]
    " AND fingerprint = " [print: Text]
}

statement! {
    postgres PostedFees<'a> { bank: i16, prints: &'a [&'a str] } -> Text;
    "SELECT fingerprint FROM fee_postings WHERE bank_id = " [bank: SmallInt]
    " AND fingerprint = ANY (" [prints: Array<Text>] ")"
}

statement! {
    // Each pair of banks once in each direction: what the acquirer paid for the issuer's cards.
    both NetPositions { day: i32 } -> (Text, Text, BigInt);
    "SELECT i.code, a.code, CAST(SUM(p.net) AS BIGINT)
     FROM settlements s
     JOIN settlement_issuers p ON p.settlement_id = s.id
     JOIN banks i ON i.id = p.issuer
     JOIN banks a ON a.id = s.bank_id
     WHERE s.business_date = " [day: Integer] " AND p.issuer <> s.bank_id
     GROUP BY i.id, i.code, a.id, a.code ORDER BY i.id, a.id"
}

/// The accounts of a bank that differences go by, and what they go against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdjustmentAccounts {
    pub(crate) suspense: AccountId,
    pub(crate) fees: AccountId,
    pub(crate) holding: AccountId,
}

/// A settlement that is or was owed.
#[derive(Clone, Debug)]
pub(crate) struct OwedSettlement {
    pub(crate) id: i64,
    pub(crate) merchant: AccountId,
    pub(crate) merchant_code: String,
    pub(crate) business_date: Date,
    pub(crate) reference: String,
    /// What it comes to.
    pub(crate) sums: SetOff,
    /// The reconciliation by which it was paid, if it was.
    pub(crate) paid_by: Option<i64>,
}

fn owed(row: OwedRow) -> Result<OwedSettlement, StoreError> {
    let ((id, merchant, merchant_code, day, reference, net, carried), paid_by) = row;
    let business_date = Date::from_number(day)
        .map_err(|error| StoreError::corrupt(format!("settlement {id}: {error}")))?;
    let (merchant, sums) = (AccountId(merchant), SetOff { carried, net });
    Ok(OwedSettlement { id, merchant, merchant_code, business_date, reference, sums, paid_by })
}

impl Connection {
    /// A bank's settlements of closed days between two, of one merchant or (0) of all.
    pub(crate) fn settlements_between(
        &mut self,
        (bank, merchant): (BankId, i64),
        (from, to): (Date, Date),
    ) -> Result<Vec<OwedSettlement>, StoreError> {
        let (from, to) = (from.as_number(), to.as_number());
        let rows: Vec<OwedRow> =
            self.load(SettlementsBetween { bank: bank.0, merchant, from, to })?;
        rows.into_iter().map(owed).collect()
    }

    /// The bank's settlement of that reference.
    pub(crate) fn settlement_by_reference(
        &mut self,
        bank: BankId,
        reference: &str,
    ) -> Result<Option<OwedSettlement>, StoreError> {
        let reference = reference.to_owned();
        let row = self.first::<_, OwedRow>(SettlementByReference { bank: bank.0, reference })?;
        row.map(owed).transpose()
    }

    /// The settlements whose debts are set off when this one is paid, the oldest first.
    pub(crate) fn set_off_by(&mut self, settlement: i64) -> Result<Vec<i64>, StoreError> {
        self.load(SetOffBy { settlement })
    }

    /// Whether a settlement is paid.
    pub(crate) fn is_paid(&mut self, settlement: i64) -> Result<bool, StoreError> {
        let paid: Option<i64> = self.first(IsPaid { settlement })?;
        Ok(paid.is_some())
    }

    /// A settlement's parts: issuer, its holding account, and the net in rupiah.
    pub(crate) fn parts_to_post(
        &mut self,
        settlement: i64,
    ) -> Result<Vec<(BankId, AccountId, i64)>, StoreError> {
        let rows: Vec<(i16, i64, i64)> = self.load(PartsToPost { settlement })?;
        let part = |(issuer, holding, net)| (BankId(issuer), AccountId(holding), net);
        Ok(rows.into_iter().map(part).collect())
    }

    /// A bank's accounts that differences go by.
    pub(crate) fn adjustment_accounts(
        &mut self,
        bank: BankId,
    ) -> Result<AdjustmentAccounts, StoreError> {
        let row: Option<(i64, i64, i64)> = self.first(AdjustmentAccountsOf { bank: bank.0 })?;
        let (suspense, fees, holding) =
            row.ok_or_else(|| StoreError::corrupt("a bank is not there"))?;
        let [suspense, fees, holding] = [suspense, fees, holding].map(AccountId);
        Ok(AdjustmentAccounts { suspense, fees, holding })
    }

    /// Those of a bank's rows whose fees are posted, by their fingerprints.
    pub(crate) fn posted_fees(
        &mut self,
        bank: BankId,
        prints: &[&str],
    ) -> Result<HashSet<String>, StoreError> {
        let bank = bank.0;
        match self {
            Self::Sqlite(sqlite) => {
                let mut posted = HashSet::new();
                for print in prints {
                    posted.extend(PostedFee { bank, print }.load::<String>(sqlite)?);
                }
                Ok(posted)
            }
            Self::Postgres(postgres) => {
                let posted: Vec<String> = PostedFees { bank, prints }.load(postgres)?;
                Ok(posted.into_iter().collect())
            }
        }
    }

    /// What each acquirer paid for each other issuer's cards on a day: issuer, acquirer, rupiah.
    pub(crate) fn net_positions(
        &mut self,
        day: Date,
    ) -> Result<Vec<(String, String, i64)>, StoreError> {
        self.load(NetPositions { day: day.as_number() })
    }
}
