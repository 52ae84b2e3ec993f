//! The list of transfers: an account's by its log, a family's by its own keys, everyone's by time.

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
    AccountRow, LogBounds, LogKey, RowKey, ShownTransferRow, TransferFilter,
};

use super::super::clients::NoAccess;
use super::super::history::Reader;
use super::super::ledger::Ledger;
use super::accounts::sees_wallets_of;
use super::attempts::start_of;
use super::walk::{below, cut, ids_between, more_than, placed, walk};
use super::{AccountName, Page, PageRequest, Place, in_order};

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
        self.read_as(client, |snapshot| list_transfers(snapshot, reader, query, page))
    }
}

pub(super) fn list_transfers(
    snapshot: &mut Connection,
    reader: Reader,
    query: &TransferQuery,
    page: PageRequest,
) -> Result<Page<ShownTransfer>, StoreError> {
    let Some(filter) = filter(snapshot, reader, query)? else { return Ok(Page::empty()) };
    let shop = match reader {
        Reader::Merchant(merchant) => Some(merchant),
        Reader::Bank(_) | Reader::All => filter.merchant,
    };
    let keys = match (shop, query.card) {
        (Some(merchant), _) => of_account(snapshot, &filter, merchant, page)?,
        (None, Some((_, wallet))) => of_wallet(snapshot, &filter, wallet, page)?,
        (None, None) => by_time(snapshot, &filter, page)?,
    };
    show(snapshot, reader, keys)
}

/// The wanted transfers of one account, which is the reader's business.
pub(super) fn entries_of(
    snapshot: &mut Connection,
    reader: Reader,
    account: &AccountRow,
    query: &TransferQuery,
    page: PageRequest,
) -> Result<Page<ShownTransfer>, StoreError> {
    let Some(mut filter) = filter(snapshot, reader, query)? else { return Ok(Page::empty()) };
    filter.account = Some(account.id);
    let keys = match account.kind {
        AccountKind::Wallet => of_wallet(snapshot, &filter, account.id, page)?,
        // Credits to families stand in the families' own history only.
        AccountKind::Unallocated => by_time(snapshot, &filter, page)?,
        AccountKind::Holding | AccountKind::Payable | AccountKind::Suspense | AccountKind::Fees => {
            of_account(snapshot, &filter, account.id, page)?
        }
    };
    show(snapshot, reader, keys)
}

/// The filter with ids for codes; `None` when a code names nothing, so that nothing is found.
fn filter(
    snapshot: &mut Connection,
    reader: Reader,
    query: &TransferQuery,
) -> Result<Option<TransferFilter>, StoreError> {
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

type Keys = (Vec<RowKey>, Option<Place>);

fn by_time(
    snapshot: &mut Connection,
    filter: &TransferFilter,
    page: PageRequest,
) -> Result<Keys, StoreError> {
    let (lowest, above) = ids_between(filter.from, filter.to);
    let found = walk(
        snapshot,
        start_of(page, above),
        (page.limit, 0),
        |snapshot, below, rows| snapshot.next_transfers(below, lowest, rows),
        |snapshot, range, limit| Ok(placed(snapshot.transfers_by_time(filter, range, limit)?)),
    )?;
    Ok(below(found))
}

fn of_wallet(
    snapshot: &mut Connection,
    filter: &TransferFilter,
    wallet: WalletId,
    page: PageRequest,
) -> Result<Keys, StoreError> {
    let (start, limit) = (start_of(page, i64::MAX), more_than(page.limit));
    let keys = snapshot.transfers_of_wallet(filter, wallet, start, limit)?;
    Ok(below(cut(placed(keys), page.limit)))
}

/// An account's history: what is not sealed yet by id, then its two logs by their places in the log.
/// The first page fixes where they begin, so that what is sealed meanwhile is neither lost nor shown
/// again. No more is read than the account's own history.
fn of_account(
    snapshot: &mut Connection,
    filter: &TransferFilter,
    account: AccountId,
    page: PageRequest,
) -> Result<Keys, StoreError> {
    let mut keys = Vec::new();
    let begin = match page.place {
        Some(Place::Sealed { attempts, log }) => LogBounds { attempts, log },
        Some(Place::Unsealed { .. } | Place::Below(_)) | None => {
            let (sealed, start) = match page.place {
                Some(Place::Unsealed { attempts, log, below }) => {
                    (LogBounds { attempts, log }, below)
                }
                _ => (sealed_now(snapshot, account)?, i64::MAX),
            };
            let limit = more_than(page.limit);
            let tail = snapshot.transfers_in_tail(filter, account, sealed, start, limit)?;
            let tail = cut(placed(tail), page.limit);
            keys.extend(tail.rows.into_iter().map(|(_, key)| key));
            if let Some(below) = tail.next {
                let LogBounds { attempts, log } = sealed;
                return Ok((keys, Some(Place::Unsealed { attempts, log, below })));
            }
            sealed
        }
    };
    let limit = page.limit.saturating_sub(keys.len());
    let asked = more_than(limit);
    let sales = sales_below(snapshot, filter, account, begin.attempts, asked)?;
    let entries = snapshot.sealed_entries(filter, account, begin.log, asked)?;
    let (rest, next) = merged(&sales, &entries, begin, limit);
    keys.extend(rest);
    Ok((keys, next))
}

/// The next purchases of a shop's log. Its numbers have no gaps, so that it is read in ranges, each
/// longer than the one before.
fn sales_below(
    snapshot: &mut Connection,
    filter: &TransferFilter,
    account: AccountId,
    mut below: i64,
    asked: i64,
) -> Result<Vec<LogKey>, StoreError> {
    let mut sales: Vec<LogKey> = Vec::new();
    let (mut missing, mut rows) = (asked, asked);
    while below > 1 && missing > 0 {
        let lowest = below.saturating_sub(rows).max(1);
        sales.extend(snapshot.sealed_sales(filter, account, (below, lowest), missing)?);
        missing = asked.saturating_sub(i64::try_from(sales.len()).unwrap_or(asked));
        (below, rows) = (lowest, rows.saturating_mul(4));
    }
    Ok(sales)
}

fn sealed_now(snapshot: &mut Connection, account: AccountId) -> Result<LogBounds, StoreError> {
    let attempts = snapshot.last_attempt_no(account)?.saturating_add(1);
    Ok(LogBounds { attempts, log: snapshot.log_size()? })
}

/// The first `limit` of two lists by their places in the log, the latest first; the list goes on
/// behind the last one taken of each.
fn merged(sales: &[LogKey], entries: &[LogKey], begin: LogBounds, limit: usize) -> Keys {
    let (mut sales, mut entries) = (sales.iter().peekable(), entries.iter().peekable());
    let (mut keys, mut at) = (Vec::new(), begin);
    while keys.len() < limit {
        let sale_is_next = match (sales.peek(), entries.peek()) {
            (Some(sale), Some(entry)) => sale.0 > entry.0,
            (sale, _) => sale.is_some(),
        };
        let (list, bound) =
            if sale_is_next { (&mut sales, &mut at.attempts) } else { (&mut entries, &mut at.log) };
        let Some((_, place, key)) = list.next() else { break };
        *bound = *place;
        keys.push(*key);
    }
    let more = sales.peek().is_some() || entries.peek().is_some();
    (keys, more.then_some(Place::Sealed { attempts: at.attempts, log: at.log }))
}

fn show(
    snapshot: &mut Connection,
    reader: Reader,
    (keys, next): Keys,
) -> Result<Page<ShownTransfer>, StoreError> {
    let rows = snapshot.shown_transfers(&keys)?;
    let rows = in_order(&keys, rows, |row| row.transfer.id(), |key| key.0);
    let rows = rows.into_iter().map(|row| shown(reader, row));
    Ok(Page { rows: rows.collect::<Result<_, _>>()?, next })
}

/// What a reader may see of a transfer: a family's balance and cards are for its bank and for
/// auditors.
fn shown(reader: Reader, row: ShownTransferRow) -> Result<ShownTransfer, StoreError> {
    let sides = [&row.debit, &row.credit];
    let hidden = sides
        .iter()
        .any(|side| side.kind == AccountKind::Wallet && !sees_wallets_of(reader, side.bank));
    Ok(ShownTransfer {
        debit: AccountName::seen_by(reader, &row.debit)?,
        credit: AccountName::seen_by(reader, &row.credit)?,
        balance_after: row.transfer.balance_after().filter(|_| !hidden),
        redemption: row.redemption,
        card: row.card.filter(|_| !hidden),
        transfer: row.transfer,
    })
}
