//! Settlements as banks, merchants and auditors read them.

use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::{AccountId, MerchantId, RowId};
use crate::domain::money::Rupiah;
use crate::domain::receipt::RetrievalReference;
use crate::domain::settlement::{DayStatus, SetOff, Stage};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::settlements::{SettlementFilter, SettlementRow};

use super::history::Reader;
use super::ledger::Ledger;

/// A settlement: what a bank owes a merchant for a day, in rupiah.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Its id.
    pub id: i64,
    /// The merchant.
    pub merchant: MerchantId,
    /// The bank that pays.
    pub bank: BankCode,
    /// The merchant's code.
    pub merchant_code: String,
    /// The merchant's name.
    pub merchant_name: String,
    /// The bank's day.
    pub business_date: Date,
    /// Where that day stands.
    pub state: DayStatus,
    /// How far it has come.
    pub stage: Stage,
    /// Days from the business day to its payment: 0 (T+0) or 1 (T+1).
    pub lag: i16,
    /// Its name at the bank; none before the day is closed.
    pub reference: Option<String>,
    /// How many purchases.
    pub redemptions: i64,
    /// How many were taken back.
    pub reversals: i64,
    /// The purchases' sum.
    pub gross: i64,
    /// What was taken back.
    pub reversed: i64,
    /// What the merchant owes of its settlements before.
    pub carried: i64,
    /// What is due for each issuer's cards.
    pub issuers: Vec<(String, i64)>,
}

impl Settlement {
    /// What is due in all; less than nothing when more was taken back than sold.
    pub const fn net(&self) -> i64 {
        self.gross.saturating_sub(self.reversed)
    }

    /// The same beside what the merchant owes.
    pub const fn sums(&self) -> SetOff {
        SetOff { carried: self.carried, net: self.net() }
    }
}

/// Which settlements are asked for; a field that is `None` does not narrow.
#[derive(Clone, Debug, Default)]
pub struct SettlementQuery {
    /// The bank's code.
    pub bank: Option<String>,
    /// The merchant's code.
    pub merchant: Option<String>,
    /// The bank's day.
    pub business_date: Option<Date>,
}

impl Ledger {
    /// Up to `most` settlements after the one with the id `after`.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn settlements(
        &self,
        reader: Reader,
        query: &SettlementQuery,
        after: i64,
        most: i64,
    ) -> Result<Vec<Settlement>, StoreError> {
        self.shared.read(|connection| {
            connection.snapshot(|tx| {
                let Some(filter) = filter(tx, reader, query)? else { return Ok(Vec::new()) };
                tx.settlements(&filter, after, most)?
                    .into_iter()
                    .map(|row| with_issuers(tx, row))
                    .collect()
            })
        })
    }

    /// The settlement with this id, if it is the reader's business.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    pub fn settlement(&self, reader: Reader, id: i64) -> Result<Option<Settlement>, StoreError> {
        self.shared.read(|connection| {
            let row = connection.settlement(id)?.filter(|row| match reader {
                Reader::Merchant(merchant) => row.merchant == merchant,
                Reader::Bank(bank) => row.bank == bank,
                Reader::All => true,
            });
            row.map(|row| with_issuers(connection, row)).transpose()
        })
    }

    /// What a merchant sold so far on a day that its bank has not closed.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    pub fn open_settlement(
        &self,
        (merchant, code, name): (MerchantId, &str, &str),
        (bank, bank_code): (BankId, &BankCode),
        day: Date,
    ) -> Result<Settlement, StoreError> {
        let (sold, taken_back, left, banks) = self.shared.read(|connection| {
            connection.snapshot(|tx| {
                let sold = tx.sold_by_on(merchant, bank, day)?;
                let left = tx.left_before((bank, merchant.0), day)?;
                let taken_back = tx.taken_back_by_on(merchant, bank, day)?;
                Ok::<_, StoreError>((sold, taken_back, left, tx.banks()?))
            })
        })?;
        Ok(Settlement {
            id: 0,
            merchant,
            bank: bank_code.clone(),
            merchant_code: code.to_owned(),
            merchant_name: name.to_owned(),
            business_date: day,
            state: DayStatus::Open,
            stage: Stage::Day(DayStatus::Open),
            lag: banks
                .iter()
                .find(|record| record.id == bank)
                .map_or(1, |record| record.settlement_lag.into()),
            reference: None,
            redemptions: sold.0,
            reversals: taken_back.0,
            gross: sold.1,
            reversed: taken_back.1,
            carried: left.first().map_or(0, |(_merchant, left)| *left),
            issuers: Vec::new(),
        })
    }
}

/// A purchase or a reversal of a settlement.
#[derive(Clone, Copy, Debug)]
pub struct SettlementItem {
    /// The transfer: the redemption's own id, or the reversal's.
    pub row: RowId,
    /// The redemption.
    pub redemption: RowId,
    /// Its wallet.
    pub wallet: AccountId,
    /// The redemption's amount.
    pub amount: Rupiah,
    /// When it was bought or taken back.
    pub created_at: Instant,
    /// The purchase's retrieval reference.
    pub reference: RetrievalReference,
}

impl Ledger {
    /// Up to `most` purchases and reversals of a settlement, after the transfer `after`.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn settlement_items(
        &self,
        settlement: &Settlement,
        after: i64,
        most: i64,
    ) -> Result<Vec<SettlementItem>, StoreError> {
        let day = settlement.business_date;
        let code = settlement.bank.as_str();
        let rows = self.shared.read(|connection| {
            let bank = connection.bank_by_code(code)?.map(BankId);
            let bank =
                bank.ok_or_else(|| StoreError::corrupt("a settlement's bank is not there"))?;
            connection.settlement_items((settlement.merchant, bank, day), after, most)
        })?;
        let item = |(row, redemption, wallet, amount, created_at, reference)| {
            Ok(SettlementItem {
                reference: reference_of(redemption, reference)?,
                row: RowId(row),
                redemption: RowId(redemption),
                wallet: AccountId(wallet),
                amount: Rupiah::new(amount).map_err(|error| {
                    StoreError::corrupt(format!("redemption {redemption}: {error}"))
                })?,
                created_at: Instant::from_millis(created_at),
            })
        };
        rows.into_iter().map(item).collect()
    }
}

/// The retrieval reference of a redemption, as its transfer keeps it.
pub(super) fn reference_of(
    redemption: i64,
    stored: Option<i64>,
) -> Result<RetrievalReference, StoreError> {
    stored.and_then(RetrievalReference::from_stored).ok_or_else(|| {
        StoreError::corrupt(format!("redemption {redemption}: its transfer has no reference"))
    })
}

/// The part of the request that the reader may see; `None` when it may see nothing.
fn filter(
    tx: &mut Connection,
    reader: Reader,
    query: &SettlementQuery,
) -> Result<Option<SettlementFilter>, StoreError> {
    let mut filter = SettlementFilter {
        merchant_code: query.merchant.clone(),
        day: query.business_date,
        ..SettlementFilter::default()
    };
    if let Some(code) = &query.bank {
        let Some(bank) = tx.bank_by_code(code)? else { return Ok(None) };
        filter.bank = Some(BankId(bank));
    }
    match reader {
        Reader::Merchant(merchant) => filter.merchant = Some(merchant),
        Reader::Bank(bank) if filter.bank.is_none_or(|asked| asked == bank) => {
            filter.bank = Some(bank);
        }
        Reader::Bank(_) => return Ok(None),
        Reader::All => {}
    }
    Ok(Some(filter))
}

fn with_issuers(tx: &mut Connection, row: SettlementRow) -> Result<Settlement, StoreError> {
    let corrupt = |what: &str| StoreError::corrupt(format!("settlement {}: {what}", row.id));
    let day =
        DayStatus::from_number(row.status).ok_or_else(|| corrupt("its day's status is unknown"))?;
    let sums = SetOff { carried: row.carried, net: row.gross.saturating_sub(row.reversed) };
    let stage = match (row.is_paid, row.is_signed, row.is_submitted) {
        (true, true, _) => Stage::SignedOff,
        (true, false, _) => Stage::Confirmed,
        (false, ..) if sums.left() > 0 => Stage::Carried,
        (false, _, true) => Stage::Submitted,
        (false, _, false) => Stage::Day(day),
    };
    Ok(Settlement {
        id: row.id,
        merchant: row.merchant,
        bank: row.bank_code.parse().map_err(|_unreadable| corrupt("its bank's code is no code"))?,
        state: day,
        stage,
        lag: row.lag,
        business_date: row.business_date,
        redemptions: row.redemptions.into(),
        reversals: row.reversals.into(),
        gross: row.gross,
        reversed: row.reversed,
        carried: row.carried,
        issuers: tx.issuers_of(row.id)?,
        reference: Some(row.reference),
        merchant_code: row.merchant_code,
        merchant_name: row.merchant_name,
    })
}
