//! Money that arrived at a bank, by the bank's own reference, and what of it went back.

use diesel::sql_types::{BigInt, Nullable, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::calendar::Instant;
use crate::domain::ids::{AccountId, RowId};
use crate::domain::money::Rupiah;
use crate::domain::reference::Reference;

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    both FundingByReference<'a> { bank: i16, folded: &'a str } -> (BigInt, Text, BigInt, BigInt);
    "SELECT f.transfer_id, f.reference, f.amount, t.created_at FROM fundings f
     JOIN transfers t ON t.id = f.transfer_id
     WHERE f.bank_id = " [bank: SmallInt] " AND f.folded = " [folded: Text]
}

statement! {
    // Each of them is bounded, and so is their sum: it is added up in halves, which never overflow.
    both Received { bank: i16 } -> (Nullable<BigInt>, Nullable<BigInt>);
    "SELECT CAST(SUM(amount / 1000000000) AS BIGINT), CAST(SUM(amount % 1000000000) AS BIGINT)
     FROM fundings WHERE bank_id = " [bank: SmallInt]
}

statement! {
    both InsertFunding<'a> {
        bank: i16, folded: &'a str, reference: &'a str, transfer: i64, amount: i64, by: i64,
        agreed: Option<i64>,
    };
    "INSERT INTO fundings (bank_id, folded, reference, transfer_id, amount, recorded_by, agreed_by)
     VALUES (" [bank: SmallInt] ", " [folded: Text] ", " [reference: Text] ", "
    [transfer: BigInt] ", " [amount: BigInt] ", " [by: BigInt] ", " [agreed: Nullable<BigInt>] ")"
}

type FundingSql =
    ((SmallInt, BigInt, Text, BigInt, BigInt), (Text, Nullable<Text>, BigInt, Nullable<BigInt>));
type FundingColumns = ((i16, i64, String, i64, i64), (String, Option<String>, i64, Option<i64>));

macro_rules! fundings {
    () => {
        "SELECT f.bank_id, f.transfer_id, f.reference, f.amount, t.created_at, c.client_id, a.client_id,
                t.anchor_id,
                (SELECT CAST(SUM(r.amount) AS BIGINT) FROM funding_returns r WHERE r.funding_id = f.transfer_id)
         FROM fundings f
         JOIN transfers t ON t.id = f.transfer_id
         JOIN clients c ON c.id = f.recorded_by
         LEFT JOIN clients a ON a.id = f.agreed_by
         WHERE "
    };
}

statement! {
    both FundingById { id: i64 } -> FundingSql;
    (fundings!()) "f.transfer_id = " [id: BigInt]
}

statement! {
    both Fundings { below: i64, bank: Option<i16>, most: i64 } -> FundingSql;
    (fundings!()) "f.transfer_id < " [below: BigInt] " AND (" [bank: Nullable<SmallInt>]
    " IS NULL OR f.bank_id = " [bank: Nullable<SmallInt>] ") ORDER BY f.transfer_id DESC LIMIT "
    [most: BigInt]
}

statement! {
    both Returns { funding: i64 } -> (BigInt, BigInt, Text, Text, Nullable<Text>, BigInt);
    "SELECT r.transfer_id, r.amount, r.reason, c.client_id, a.client_id, t.created_at
     FROM funding_returns r
     JOIN transfers t ON t.id = r.transfer_id
     JOIN clients c ON c.id = r.recorded_by
     LEFT JOIN clients a ON a.id = r.agreed_by
     WHERE r.funding_id = " [funding: BigInt] " ORDER BY r.transfer_id"
}

statement! {
    both InsertReturn<'a> {
        transfer: i64, funding: i64, amount: i64, by: i64, agreed: Option<i64>, reason: &'a str,
    };
    "INSERT INTO funding_returns (transfer_id, funding_id, amount, recorded_by, agreed_by, reason)
     VALUES (" [transfer: BigInt] ", " [funding: BigInt] ", " [amount: BigInt] ", " [by: BigInt]
    ", " [agreed: Nullable<BigInt>] ", " [reason: Text] ")"
}

/// The clients behind an act: the one that wanted it first, and the one that agreed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doers {
    pub(crate) first: i64,
    pub(crate) second: Option<i64>,
}

/// A funding as it is found by its reference.
#[derive(Clone, Debug)]
pub(crate) struct KnownFunding {
    pub(crate) transfer: RowId,
    /// The reference as it was written first.
    pub(crate) reference: String,
    pub(crate) amount: i64,
    pub(crate) created_at: Instant,
}

/// A funding's row.
#[derive(Clone, Debug)]
pub(crate) struct FundingRow {
    pub(crate) bank: BankId,
    pub(crate) transfer: RowId,
    pub(crate) anchor: AccountId,
    pub(crate) reference: String,
    pub(crate) amount: Rupiah,
    /// What of it went back.
    pub(crate) returned: Rupiah,
    pub(crate) created_at: Instant,
    pub(crate) recorded_by: String,
    pub(crate) agreed_by: Option<String>,
}

/// A return's row.
#[derive(Clone, Debug)]
pub(crate) struct ReturnRow {
    pub(crate) transfer: RowId,
    pub(crate) amount: Rupiah,
    pub(crate) reason: String,
    pub(crate) recorded_by: String,
    pub(crate) agreed_by: Option<String>,
    pub(crate) created_at: Instant,
}

/// A return that is recorded.
#[derive(Debug)]
pub(crate) struct NewReturn<'a> {
    pub(crate) transfer: RowId,
    pub(crate) funding: RowId,
    pub(crate) amount: Rupiah,
    pub(crate) doers: Doers,
    pub(crate) reason: &'a str,
}

impl Connection {
    /// The funding with this reference, however its letters are written.
    pub(crate) fn funding(
        &mut self,
        bank: BankId,
        reference: &Reference,
    ) -> Result<Option<KnownFunding>, StoreError> {
        let folded = reference.folded();
        let row: Option<(i64, String, i64, i64)> =
            self.first(FundingByReference { bank: bank.0, folded: &folded })?;
        Ok(row.map(|(transfer, reference, amount, created_at)| KnownFunding {
            transfer: RowId(transfer),
            reference,
            amount,
            created_at: Instant::from_millis(created_at),
        }))
    }

    /// What a bank ever received: rupiah.
    pub(crate) fn received(&mut self, bank: BankId) -> Result<i128, StoreError> {
        let row: Option<(Option<i64>, Option<i64>)> = self.first(Received { bank: bank.0 })?;
        let (billions, rest) = row.unwrap_or_default();
        let billions = i128::from(billions.unwrap_or(0)).saturating_mul(1_000_000_000);
        Ok(billions.saturating_add(rest.unwrap_or(0).into()))
    }

    /// Records a funding.
    pub(crate) fn record_funding(
        &mut self,
        bank: BankId,
        reference: &Reference,
        (transfer, amount): (RowId, Rupiah),
        doers: Doers,
    ) -> Result<(), StoreError> {
        let folded = reference.folded();
        let statement = InsertFunding {
            bank: bank.0,
            folded: &folded,
            reference: reference.as_str(),
            transfer: transfer.0,
            amount: amount.get(),
            by: doers.first,
            agreed: doers.second,
        };
        self.execute(statement).map(|_| ())
    }

    /// The funding with this transfer.
    pub(crate) fn funding_by_id(&mut self, id: RowId) -> Result<Option<FundingRow>, StoreError> {
        self.first::<_, FundingColumns>(FundingById { id: id.0 })?.map(funding).transpose()
    }

    /// Fundings with transfers below one, newest first.
    pub(crate) fn fundings(
        &mut self,
        bank: Option<BankId>,
        below: i64,
        most: i64,
    ) -> Result<Vec<FundingRow>, StoreError> {
        let bank = bank.map(|bank| bank.0);
        let rows: Vec<FundingColumns> = self.load(Fundings { below, bank, most })?;
        rows.into_iter().map(funding).collect()
    }

    /// What went back of a funding, in order.
    pub(crate) fn returns_of(&mut self, funding: RowId) -> Result<Vec<ReturnRow>, StoreError> {
        let rows: Vec<(i64, i64, String, String, Option<String>, i64)> =
            self.load(Returns { funding: funding.0 })?;
        rows.into_iter()
            .map(|(transfer, amount, reason, recorded_by, agreed_by, created_at)| {
                Ok(ReturnRow {
                    transfer: RowId(transfer),
                    amount: rupiah(amount)?,
                    reason,
                    recorded_by,
                    agreed_by,
                    created_at: Instant::from_millis(created_at),
                })
            })
            .collect()
    }

    /// Records that money went back.
    pub(crate) fn record_return(&mut self, new: &NewReturn<'_>) -> Result<(), StoreError> {
        let statement = InsertReturn {
            transfer: new.transfer.0,
            funding: new.funding.0,
            amount: new.amount.get(),
            by: new.doers.first,
            agreed: new.doers.second,
            reason: new.reason,
        };
        self.execute(statement).map(|_| ())
    }
}

fn rupiah(amount: i64) -> Result<Rupiah, StoreError> {
    Rupiah::new(amount).map_err(|_below| StoreError::corrupt("a funding is below zero"))
}

fn funding(row: FundingColumns) -> Result<FundingRow, StoreError> {
    let ((bank, transfer, reference, amount, created_at), (by, agreed_by, anchor, returned)) = row;
    Ok(FundingRow {
        bank: BankId(bank),
        transfer: RowId(transfer),
        anchor: AccountId(anchor),
        reference,
        amount: rupiah(amount)?,
        returned: rupiah(returned.unwrap_or(0))?,
        created_at: Instant::from_millis(created_at),
        recorded_by: by,
        agreed_by,
    })
}
