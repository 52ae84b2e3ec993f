//! Settlements: computed once from a closed day, then read.

use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::calendar::Date;
use crate::domain::ids::MerchantId;

use super::bulk::bulk_insert;
use super::connection::Connection;
use super::error::StoreError;
use super::reads::{LogSpan, Range, SealedPurchases, UnsealedAttempts};
use super::statement::statement;

bulk_insert! {
    /// A merchant's settlement of a day.
    NewSettlement, SettlementColumns, "settlements",
    id: i64 => BigInt, bank_id: i16 => SmallInt, merchant_id: i64 => BigInt,
    business_date: i32 => Integer, reference: String => Text, redemptions: i32 => Integer,
    reversals: i32 => Integer, gross: i64 => BigInt, reversed: i64 => BigInt,
    carried: i64 => BigInt,
}

bulk_insert! {
    /// A settlement's part of one issuer.
    NewIssuerPart, IssuerPartColumns, "settlement_issuers",
    settlement_id: i64 => BigInt, issuer: i16 => SmallInt, net: i64 => BigInt,
}

/// Purchases of one merchant and issuer: how many, and their sum in rupiah.
pub(crate) type DaySum = (i64, i16, i64, i64);

statement! {
    // The purchases of a stretch of the log that say that they are of the day.
    both SoldOn { purchases: SealedPurchases, acquirer: i16, day: i32 }
        -> (BigInt, SmallInt, BigInt, BigInt);
    "SELECT r.merchant_id, r.issuer, COUNT(*), CAST(SUM(r.amount) AS BIGINT)
     FROM " {purchases} " r WHERE r.acquirer = " [acquirer: SmallInt] " AND r.business_date = "
    [day: Integer] " AND r.refusal = 0
     GROUP BY r.merchant_id, r.issuer ORDER BY r.merchant_id, r.issuer"
}

statement! {
    both TakenBackOn { acquirer: i16, day: i32 } -> (BigInt, SmallInt, BigInt, BigInt);
    "SELECT v.merchant_id, r.issuer, COUNT(*), CAST(SUM(r.amount) AS BIGINT)
     FROM reversals v
     JOIN redemptions r ON r.id = v.redemption_id AND r.wallet_id = v.wallet_id
     WHERE v.acquirer = " [acquirer: SmallInt] " AND v.business_date = " [day: Integer] "
     GROUP BY v.merchant_id, r.issuer ORDER BY v.merchant_id, r.issuer"
}

statement! {
    // Of the last settlement before the day, where a merchant owes something after it.
    both LeftBefore { bank: i16, merchant: i64, day: i32 } -> (BigInt, BigInt);
    "SELECT s.merchant_id, s.carried - (s.gross - s.reversed) FROM settlements s
     WHERE s.bank_id = " [bank: SmallInt] " AND s.carried > s.gross - s.reversed
        AND s.business_date < " [day: Integer] " AND (" [merchant: BigInt]
    " = 0 OR s.merchant_id = " [merchant: BigInt] ") AND NOT EXISTS (
            SELECT 1 FROM settlements l WHERE l.merchant_id = s.merchant_id
            AND l.bank_id = s.bank_id AND l.business_date > s.business_date
            AND l.business_date < " [day: Integer] ")"
}

statement! {
    // What the shop's log holds of the day, and what is not filed there yet.
    both SoldByOn {
        unsealed: UnsealedAttempts, merchant: i64, acquirer: i16, day: i32, first: i64, above: i64,
    } -> (BigInt, BigInt);
    "SELECT COUNT(*), CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM (
        SELECT r.amount, r.acquirer, r.business_date, r.refusal FROM attempt_log a
        JOIN redemptions r ON r.id = a.redemption_id AND r.wallet_id = a.wallet_id
        WHERE a.merchant_id = " [merchant: BigInt] " AND a.attempt_no >= " [first: BigInt]
    "       AND a.attempt_no < " [above: BigInt] "
        UNION ALL
        SELECT u.amount, u.acquirer, u.business_date, u.refusal FROM " {unsealed} " u
        WHERE u.merchant_id = " [merchant: BigInt] "
     ) s
     WHERE s.acquirer = " [acquirer: SmallInt] " AND s.business_date = " [day: Integer]
    " AND s.refusal = 0"
}

statement! {
    both TakenBackByOn { merchant: i64, acquirer: i16, day: i32 } -> (BigInt, BigInt);
    "SELECT COUNT(*), CAST(COALESCE(SUM(r.amount), 0) AS BIGINT) FROM reversals v
     JOIN redemptions r ON r.id = v.redemption_id AND r.wallet_id = v.wallet_id
     WHERE v.acquirer = " [acquirer: SmallInt] " AND v.business_date = " [day: Integer]
    " AND v.merchant_id = " [merchant: BigInt]
}

statement! {
    both ItemsOf {
        merchant: i64, acquirer: i16, day: i32, first: i64, above: i64, after: i64, most: i64,
    } -> (BigInt, BigInt, BigInt, BigInt, BigInt, Nullable<BigInt>);
    "SELECT r.id AS place, r.id, r.wallet_id, r.amount, r.created_at, b.subject FROM attempt_log a
     JOIN redemptions r ON r.id = a.redemption_id AND r.wallet_id = a.wallet_id
     JOIN transfers b ON b.id = r.id AND b.anchor_id = r.wallet_id
     WHERE a.merchant_id = " [merchant: BigInt] " AND a.attempt_no >= " [first: BigInt]
    " AND a.attempt_no < " [above: BigInt] " AND a.redemption_id > " [after: BigInt]
    " AND r.acquirer = " [acquirer: SmallInt] " AND r.business_date = " [day: Integer]
    " AND r.refusal = 0
     UNION ALL
     SELECT v.transfer_id, v.redemption_id, v.wallet_id, r.amount, t.created_at, b.subject FROM reversals v
     JOIN redemptions r ON r.id = v.redemption_id AND r.wallet_id = v.wallet_id
     JOIN transfers b ON b.id = r.id AND b.anchor_id = r.wallet_id
     JOIN transfers t ON t.id = v.transfer_id AND t.anchor_id = v.wallet_id
     WHERE v.acquirer = " [acquirer: SmallInt] " AND v.business_date = " [day: Integer]
    " AND v.merchant_id = " [merchant: BigInt] " AND v.transfer_id > " [after: BigInt] "
     ORDER BY place LIMIT " [most: BigInt]
}

/// An item: its transfer, its redemption, the wallet, the amount in rupiah, when, the purchase's retrieval
/// reference.
pub(crate) type ItemRow = (i64, i64, i64, i64, i64, Option<i64>);

type ShownSql = (
    (BigInt, SmallInt, Text, BigInt, Text, Text, Integer),
    (Text, Integer, Integer, BigInt, BigInt, SmallInt),
    (Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, SmallInt, BigInt),
);
type ShownRow = (
    (i64, i16, String, i64, String, String, i32),
    (String, i32, i32, i64, i64, i16),
    (Option<i64>, Option<i64>, Option<i64>, i16, i64),
);

macro_rules! shown_columns {
    () => {
        "SELECT s.id, s.bank_id, b.code, s.merchant_id, m.code, m.name, s.business_date,
                s.reference, s.redemptions, s.reversals, s.gross, s.reversed, d.status,
                p.reconciliation_id, r.id, r.signed_at, b.settlement_lag, s.carried
         FROM settlements s
         JOIN banks b ON b.id = s.bank_id
         JOIN merchants m ON m.id = s.merchant_id
         JOIN business_days d ON d.bank_id = s.bank_id AND d.business_date = s.business_date
         LEFT JOIN settlement_payments p ON p.settlement_id = s.id
         LEFT JOIN reconciliations r ON r.bank_id = s.bank_id AND r.merchant_id = 0
            AND r.business_date = s.business_date "
    };
}

statement! {
    both SettlementsAfter {
        bank: Option<i16>, merchant: Option<i64>, code: Option<String>, day: Option<i32>, after: i64, most: i64,
    } -> ShownSql;
    (shown_columns!())
    "WHERE s.id > " [after: BigInt]
    " AND (" [bank: Nullable<SmallInt>] " IS NULL OR s.bank_id = " [bank: Nullable<SmallInt>]
    ") AND (" [merchant: Nullable<BigInt>] " IS NULL OR s.merchant_id = " [merchant: Nullable<BigInt>]
    ") AND (" [code: Nullable<Text>] " IS NULL OR m.code = " [code: Nullable<Text>]
    ") AND (" [day: Nullable<Integer>] " IS NULL OR s.business_date = " [day: Nullable<Integer>]
    ") ORDER BY s.id LIMIT " [most: BigInt]
}

statement! {
    both SettlementById { id: i64 } -> ShownSql;
    (shown_columns!()) "WHERE s.id = " [id: BigInt]
}

statement! {
    both IssuersOf { settlement: i64 } -> (Text, BigInt);
    "SELECT b.code, i.net FROM settlement_issuers i JOIN banks b ON b.id = i.issuer
     WHERE i.settlement_id = " [settlement: BigInt] " ORDER BY b.id"
}

/// A settlement as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct SettlementRow {
    pub(crate) id: i64,
    pub(crate) bank: BankId,
    pub(crate) bank_code: String,
    pub(crate) merchant: MerchantId,
    pub(crate) merchant_code: String,
    pub(crate) merchant_name: String,
    pub(crate) business_date: Date,
    pub(crate) reference: String,
    pub(crate) redemptions: i32,
    pub(crate) reversals: i32,
    pub(crate) gross: i64,
    pub(crate) reversed: i64,
    pub(crate) carried: i64,
    pub(crate) status: i16,
    pub(crate) is_paid: bool,
    pub(crate) is_submitted: bool,
    pub(crate) is_signed: bool,
    pub(crate) lag: i16,
}

/// Which settlements are wanted; a field that is `None` does not narrow.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettlementFilter {
    pub(crate) bank: Option<BankId>,
    pub(crate) merchant: Option<MerchantId>,
    pub(crate) merchant_code: Option<String>,
    pub(crate) day: Option<Date>,
}

impl Connection {
    /// A bank's merchants' purchases of a day that is sealed, by merchant and issuer.
    pub(crate) fn sold_on(&mut self, bank: BankId, day: Date) -> Result<Vec<DaySum>, StoreError> {
        let Some(span) = self.span_of_day(bank, day)? else { return Ok(Vec::new()) };
        let purchases = SealedPurchases::of_whole_batches(span);
        self.load(SoldOn { purchases, acquirer: bank.0, day: day.as_number() })
    }

    /// What was taken back on a day, by merchant and issuer.
    pub(crate) fn taken_back_on(
        &mut self,
        bank: BankId,
        day: Date,
    ) -> Result<Vec<DaySum>, StoreError> {
        self.load(TakenBackOn { acquirer: bank.0, day: day.as_number() })
    }

    /// What merchants owe of their settlements before a day, in rupiah: all merchants' (0) or one's.
    pub(crate) fn left_before(
        &mut self,
        (bank, merchant): (BankId, i64),
        day: Date,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        self.load(LeftBefore { bank: bank.0, merchant, day: day.as_number() })
    }

    /// What one merchant sold on a day: how many purchases, and their sum in rupiah.
    pub(crate) fn sold_by_on(
        &mut self,
        merchant: MerchantId,
        bank: BankId,
        day: Date,
    ) -> Result<(i64, i64), StoreError> {
        let (above, first) = self.attempts_of_day(merchant, (bank, day))?;
        let (merchant, acquirer, day) = (merchant.0, bank.0, day.as_number());
        let unsealed = UnsealedAttempts;
        let sums = self.first(SoldByOn { unsealed, merchant, acquirer, day, first, above })?;
        Ok(sums.unwrap_or_default())
    }

    /// What one merchant took back on a day: how many purchases, and their sum in rupiah.
    pub(crate) fn taken_back_by_on(
        &mut self,
        merchant: MerchantId,
        bank: BankId,
        day: Date,
    ) -> Result<(i64, i64), StoreError> {
        let (merchant, acquirer, day) = (merchant.0, bank.0, day.as_number());
        Ok(self.first(TakenBackByOn { merchant, acquirer, day })?.unwrap_or_default())
    }

    /// A page of settlements, in the order of their ids.
    pub(crate) fn settlements(
        &mut self,
        filter: &SettlementFilter,
        after: i64,
        most: i64,
    ) -> Result<Vec<SettlementRow>, StoreError> {
        let rows: Vec<ShownRow> = self.load(SettlementsAfter {
            bank: filter.bank.map(|bank| bank.0),
            merchant: filter.merchant.map(|merchant| merchant.0),
            code: filter.merchant_code.clone(),
            day: filter.day.map(Date::as_number),
            after,
            most,
        })?;
        rows.into_iter().map(settlement).collect()
    }

    /// A settlement.
    pub(crate) fn settlement(&mut self, id: i64) -> Result<Option<SettlementRow>, StoreError> {
        self.first::<_, ShownRow>(SettlementById { id })?.map(settlement).transpose()
    }

    /// A merchant's purchases and reversals of a closed day, in the order of their transfers' ids, those
    /// with ids above `after`.
    pub(crate) fn settlement_items(
        &mut self,
        (merchant, bank, day): (MerchantId, BankId, Date),
        after: i64,
        most: i64,
    ) -> Result<Vec<ItemRow>, StoreError> {
        let (above, first) = self.attempts_of_day(merchant, (bank, day))?;
        let (merchant, acquirer, day) = (merchant.0, bank.0, day.as_number());
        self.load(ItemsOf { merchant, acquirer, day, first, above, after, most })
    }

    /// The numbers of a shop's attempts among which all its sealed purchases of a bank's day are.
    fn attempts_of_day(
        &mut self,
        merchant: MerchantId,
        (bank, day): (BankId, Date),
    ) -> Result<Range, StoreError> {
        let Some(span) = self.span_of_day(bank, day)? else { return Ok((0, 0)) };
        let end = self.batch_end_from(span.to, i64::MAX)?;
        self.attempts_within(merchant, LogSpan { to: end, ..span })
    }

    /// A settlement's parts: each issuer's code, and what is due for its cards in rupiah.
    pub(crate) fn issuers_of(&mut self, settlement: i64) -> Result<Vec<(String, i64)>, StoreError> {
        self.load(IssuersOf { settlement })
    }
}

fn settlement(row: ShownRow) -> Result<SettlementRow, StoreError> {
    let ((id, bank, bank_code, merchant, merchant_code, merchant_name, day), totals, life) = row;
    let (reference, redemptions, reversals, gross, reversed, status) = totals;
    let business_date = Date::from_number(day)
        .map_err(|error| StoreError::corrupt(format!("settlement {id}: {error}")))?;
    Ok(SettlementRow {
        id,
        bank: BankId(bank),
        bank_code,
        merchant: crate::domain::ids::AccountId(merchant),
        merchant_code,
        merchant_name,
        business_date,
        reference,
        redemptions,
        reversals,
        gross,
        reversed,
        status,
        is_paid: life.0.is_some(),
        is_submitted: life.1.is_some(),
        is_signed: life.2.is_some(),
        lag: life.3,
        carried: life.4,
    })
}
