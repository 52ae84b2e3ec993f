//! The list of attempts: a shop's by its log, a family's by its own key, everyone's by time.

use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::Instant;
use crate::domain::ids::{AccountId, CardId, WalletId};
use crate::domain::keys::key_hash;
use crate::domain::merchant::MerchantCode;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::{AttemptFilter, AttemptStatus, LogBounds, Range, RowKey, Stretch, Times};

use super::super::clients::NoAccess;
use super::super::history::{Reader, ShownAttempt, shown};
use super::super::ledger::Ledger;
use super::plan::{Listing, Logged, by_time, of_account, of_wallet};
use super::{Page, PageRequest, in_order};

/// How long back an idempotency key is looked for: 31 days.
const KEY_MILLIS: i64 = 31 * 24 * 3_600_000;

/// Which attempts are wanted; without anything set all that the reader may see.
#[derive(Clone, Debug, Default)]
pub struct AttemptQuery {
    /// Decided then or later.
    pub from: Option<Instant>,
    /// Decided before.
    pub to: Option<Instant>,
    /// What became of it.
    pub status: Option<AttemptStatus>,
    /// Made with this card.
    pub card: Option<(CardId, WalletId)>,
    /// At this merchant.
    pub merchant: Option<MerchantCode>,
    /// With this bank as issuer or acquirer.
    pub bank: Option<BankCode>,
    /// Under this idempotency key, in the last 31 days.
    pub key: Option<String>,
}

impl Ledger {
    /// The wanted attempts that are the reader's business, newest first.
    ///
    /// # Errors
    /// [`NoAccess`] when they can't be read, or not by this client.
    pub fn attempts(
        &self,
        client: i64,
        reader: Reader,
        query: &AttemptQuery,
        page: PageRequest,
    ) -> Result<Page<ShownAttempt>, NoAccess> {
        let now = self.shared.clock.now();
        self.read_as(client, |snapshot| list_attempts(snapshot, reader, query, page, now))
    }
}

pub(super) fn list_attempts(
    snapshot: &mut Connection,
    reader: Reader,
    query: &AttemptQuery,
    page: PageRequest,
    now: Instant,
) -> Result<Page<ShownAttempt>, StoreError> {
    let Some(filter) = filter(snapshot, reader, query, now)? else { return Ok(Page::empty()) };
    let shop = match reader {
        Reader::Merchant(merchant) => Some(merchant),
        Reader::Bank(_) | Reader::All => filter.merchant,
    };
    let (keys, next) = match (query.card, shop) {
        (Some((_, wallet)), _) => of_wallet(snapshot, &filter, wallet, page)?,
        (None, Some(merchant)) => of_account(snapshot, &filter, merchant, page)?,
        (None, None) => by_time(snapshot, &filter, page)?,
    };
    let rows = snapshot.shown_attempts(&keys)?;
    let rows = in_order(&keys, rows, |row| row.attempt.id, |key| key.0);
    let rows = rows.into_iter().filter(|row| reader.may_see(&row.attempt)).map(shown);
    Ok(Page { rows: rows.collect::<Result<_, _>>()?, next })
}

/// The filter with ids for codes; `None` when a code names nothing, so that nothing is found.
fn filter(
    snapshot: &mut Connection,
    reader: Reader,
    query: &AttemptQuery,
    now: Instant,
) -> Result<Option<AttemptFilter>, StoreError> {
    snapshot.read_by_keys()?;
    let mut filter = AttemptFilter::within(reader.sight());
    if let Some(code) = &query.merchant {
        let Some(account) = snapshot.payable_account(code.as_str())? else { return Ok(None) };
        filter.merchant = Some(account.id);
    }
    if let Some(code) = &query.bank {
        let Some(bank) = snapshot.bank_by_code(code.as_str())? else { return Ok(None) };
        filter.bank = Some(BankId(bank));
    }
    filter.from = query.from;
    if let Some(key) = &query.key {
        filter.key_hash = Some(key_hash(key));
        filter.from = filter.from.max(Some(now.plus_millis(KEY_MILLIS.saturating_neg())));
    }
    filter.to = query.to;
    filter.card = query.card.map(|(card, _)| card);
    filter.status = query.status;
    Ok(Some(filter))
}

/// The keys of attempts.
impl Listing for AttemptFilter {
    type Row = RowKey;

    fn id((id, _): &RowKey) -> i64 {
        id.0
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
        snapshot.next_attempts(range, rows)
    }

    fn by_time(
        &self,
        snapshot: &mut Connection,
        range: Range,
        limit: i64,
    ) -> Result<Vec<RowKey>, StoreError> {
        snapshot.attempts_by_time(self, range, limit)
    }

    fn of_wallet(
        &self,
        snapshot: &mut Connection,
        wallet: WalletId,
        below: i64,
        limit: i64,
    ) -> Result<Vec<RowKey>, StoreError> {
        snapshot.attempts_of_wallet(self, wallet, below, limit)
    }

    fn in_tail(
        &self,
        snapshot: &mut Connection,
        account: AccountId,
        (sealed, below): (LogBounds, i64),
        limit: i64,
    ) -> Result<Vec<RowKey>, StoreError> {
        let last = sealed.attempts.saturating_sub(1);
        snapshot.attempts_in_tail(self, account, (last, below), limit)
    }

    fn logs(&self) -> (bool, bool) {
        (true, false)
    }

    fn sales(
        &self,
        snapshot: &mut Connection,
        account: AccountId,
        range: Range,
        limit: i64,
    ) -> Result<Vec<Logged<RowKey>>, StoreError> {
        // There is nothing beside them, so that it does not matter where in the log they are.
        let attempts = snapshot.sealed_attempts(self, account, range, limit)?;
        Ok(attempts.into_iter().map(|(number, key)| (number, (0, key))).collect())
    }

    fn entries(
        &self,
        _: &mut Connection,
        _: AccountId,
        _: Range,
        _: i64,
    ) -> Result<Vec<Logged<RowKey>>, StoreError> {
        Ok(Vec::new())
    }
}
