//! The list of transfers: a family's by its own keys, an account's by its logs, everyone's by time.

use crate::domain::account::AccountKind;
use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::Instant;
use crate::domain::ids::{AccountId, CardId, RowId, WalletId};
use crate::domain::merchant::MerchantCode;
use crate::domain::money::Rupiah;
use crate::domain::transfer::{Transfer, TransferKind};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::{
    AccountRow, LogBounds, Range, Stretch, Times, TransferFilter, TransferRow,
};

use super::super::clients::NoAccess;
use super::super::history::Reader;
use super::super::ledger::Ledger;
use super::funds::of_funds;
use super::names::AccountNames;
use super::plan::{Listing, Logged, Rows, by_time, of_account, of_wallet};
use super::{AccountName, Page, PageRequest};

/// Which transfers are wanted; without anything set all that the reader may see.
#[derive(Clone, Debug, Default)]
pub struct TransferQuery {
    /// Decided then or later.
    pub from: Option<Instant>,
    /// Decided before.
    pub to: Option<Instant>,
    /// Why the money moved.
    pub kind: Option<TransferKind>,
    /// At least so much.
    pub least: Option<Rupiah>,
    /// At most so much.
    pub most: Option<Rupiah>,
    /// On the wallet that this card opens, but no purchase with another card.
    pub card: Option<(CardId, WalletId)>,
    /// With this merchant's payable on one side.
    pub merchant: Option<MerchantCode>,
    /// With an account, a card or a merchant of this bank on one side.
    pub bank: Option<BankCode>,
}

/// A transfer as a reader may see it.
#[derive(Clone, Debug)]
pub struct ShownTransfer {
    /// What moved.
    pub transfer: Transfer,
    /// The account debited.
    pub debit: AccountName,
    /// The account credited.
    pub credit: AccountName,
    /// The wallet's balance after it, where the reader may know it.
    pub balance_after: Option<Rupiah>,
    /// The purchase that it is, or that it took back.
    pub redemption: Option<RowId>,
    /// The card of that purchase, where the reader may know it.
    pub card: Option<CardId>,
}

impl Ledger {
    /// The wanted transfers that are the reader's business, newest first.
    ///
    /// # Errors
    /// [`NoAccess`] when they can't be read, or not by this client.
    pub fn transfers(
        &self,
        client: i64,
        reader: Reader,
        query: &TransferQuery,
        page: PageRequest,
    ) -> Result<Page<ShownTransfer>, NoAccess> {
        self.read_as(client, |snapshot| list_transfers(snapshot, &self.names, reader, query, page))
    }
}

pub(super) fn list_transfers(
    snapshot: &mut Connection,
    names: &AccountNames,
    reader: Reader,
    query: &TransferQuery,
    page: PageRequest,
) -> Result<Page<ShownTransfer>, StoreError> {
    let Some(filter) = filter(snapshot, reader, query)? else { return Ok(Page::empty()) };
    let (rows, next) = rows_of(snapshot, reader, &filter, page)?;
    Ok(Page { rows: names.show(snapshot, reader, rows)?, next })
}

/// The wanted transfers by the way that looks at the fewest: a family has few, a shop thousands.
pub(super) fn rows_of(
    snapshot: &mut Connection,
    reader: Reader,
    filter: &TransferFilter,
    page: PageRequest,
) -> Result<Rows<TransferFilter>, StoreError> {
    let shop = match reader {
        Reader::Merchant(merchant) => Some(merchant),
        Reader::Bank(_) | Reader::All => filter.merchant,
    };
    match (filter.card, shop) {
        (Some((_, wallet)), _) => of_wallet(snapshot, filter, wallet, page),
        (None, Some(merchant)) => of_account(snapshot, filter, merchant, page),
        (None, None) => by_time(snapshot, filter, page),
    }
}

/// The wanted transfers of one account, which is the reader's business.
pub(super) fn entries_of(
    snapshot: &mut Connection,
    names: &AccountNames,
    reader: Reader,
    account: &AccountRow,
    query: &TransferQuery,
    page: PageRequest,
) -> Result<Page<ShownTransfer>, StoreError> {
    let Some(mut filter) = filter(snapshot, reader, query)? else { return Ok(Page::empty()) };
    filter.account = Some(account.id);
    let (rows, next) = match account.kind {
        AccountKind::Wallet => of_wallet(snapshot, &filter, account.id, page)?,
        // Credits to families stand in the families' own history only.
        AccountKind::Unallocated => of_funds(snapshot, &filter, account.id, page)?,
        AccountKind::Holding | AccountKind::Payable | AccountKind::Suspense | AccountKind::Fees => {
            of_account(snapshot, &filter, account.id, page)?
        }
    };
    Ok(Page { rows: names.show(snapshot, reader, rows)?, next })
}

/// The filter with ids for codes; `None` when a code names nothing, so that nothing is found.
pub(super) fn filter(
    snapshot: &mut Connection,
    reader: Reader,
    query: &TransferQuery,
) -> Result<Option<TransferFilter>, StoreError> {
    snapshot.read_by_keys()?;
    let mut filter = TransferFilter::within(reader.sight());
    if let Some(code) = &query.merchant {
        let Some(account) = snapshot.payable_account(code.as_str())? else { return Ok(None) };
        filter.merchant = Some(account.id);
    }
    if let Some(code) = &query.bank {
        let Some(bank) = snapshot.bank_by_code(code.as_str())? else { return Ok(None) };
        filter.bank = Some(BankId(bank));
    }
    (filter.from, filter.to, filter.kind) = (query.from, query.to, query.kind);
    (filter.least, filter.most, filter.card) = (query.least, query.most, query.card);
    Ok(Some(filter))
}

impl Listing for TransferFilter {
    type Row = TransferRow;

    fn id(row: &TransferRow) -> i64 {
        row.transfer.id().0
    }

    fn times(&self) -> Times {
        (self.from, self.to)
    }

    fn next(
        &self,
        snapshot: &mut Connection,
        range: Range,
        rows: i64,
    ) -> Result<Stretch, StoreError> {
        snapshot.next_transfers(range, rows)
    }

    fn by_time(
        &self,
        snapshot: &mut Connection,
        range: Range,
        limit: i64,
    ) -> Result<Vec<TransferRow>, StoreError> {
        snapshot.transfers_by_time(self, range, limit)
    }

    fn of_wallet(
        &self,
        snapshot: &mut Connection,
        wallet: WalletId,
        below: i64,
        limit: i64,
    ) -> Result<Vec<TransferRow>, StoreError> {
        snapshot.transfers_of_wallet(self, wallet, below, limit)
    }

    fn in_tail(
        &self,
        snapshot: &mut Connection,
        account: AccountId,
        (sealed, below): (LogBounds, i64),
        limit: i64,
    ) -> Result<Vec<TransferRow>, StoreError> {
        snapshot.transfers_in_tail(self, account, (sealed, below), limit)
    }

    fn logs(&self) -> (bool, bool) {
        let purchases = self.kind.is_none_or(|kind| kind == TransferKind::Redemption);
        let others = self.kind.is_none_or(|kind| !kind.has_own_index());
        (purchases, others)
    }

    fn sales(
        &self,
        snapshot: &mut Connection,
        account: AccountId,
        range: Range,
        limit: i64,
    ) -> Result<Vec<Logged<TransferRow>>, StoreError> {
        let sales = snapshot.sealed_sales(self, account, range, limit)?;
        Ok(sales.into_iter().map(|(number, in_log, row)| (number, (in_log, row))).collect())
    }

    fn entries(
        &self,
        snapshot: &mut Connection,
        account: AccountId,
        range: Range,
        limit: i64,
    ) -> Result<Vec<Logged<TransferRow>>, StoreError> {
        let entries = snapshot.sealed_entries(self, account, range, limit)?;
        Ok(entries.into_iter().map(|(in_log, row)| (in_log, (in_log, row))).collect())
    }
}
