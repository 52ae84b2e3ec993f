//! The list of attempts: a shop's by its log, a family's by its own key, everyone's by time.

use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::Instant;
use crate::domain::ids::{CardId, MerchantId, WalletId};
use crate::domain::keys::key_hash;
use crate::domain::merchant::MerchantCode;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::{AttemptFilter, AttemptStatus, RowKey};

use super::super::clients::NoAccess;
use super::super::history::{Reader, ShownAttempt, shown};
use super::super::ledger::Ledger;
use super::walk::{below, cut, id_before, ids_between, more_than, placed, walk};
use super::{Page, PageRequest, Place, in_order};

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
        (None, Some(merchant)) => of_shop(snapshot, &filter, merchant, page)?,
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

type Keys = (Vec<RowKey>, Option<Place>);

fn by_time(
    snapshot: &mut Connection,
    filter: &AttemptFilter,
    page: PageRequest,
) -> Result<Keys, StoreError> {
    let (lowest, above) = ids_between(filter.from, filter.to);
    let start = start_of(page, above);
    let found = walk(
        snapshot,
        start,
        (page.limit, 0),
        |snapshot, below, rows| snapshot.next_attempts(below, lowest, rows),
        |snapshot, range, limit| Ok(placed(snapshot.attempts_by_time(filter, range, limit)?)),
    )?;
    Ok(below(found))
}

fn of_wallet(
    snapshot: &mut Connection,
    filter: &AttemptFilter,
    wallet: WalletId,
    page: PageRequest,
) -> Result<Keys, StoreError> {
    let (start, limit) = (start_of(page, i64::MAX), more_than(page.limit));
    let keys = snapshot.attempts_of_wallet(filter, wallet, start, limit)?;
    Ok(below(cut(placed(keys), page.limit)))
}

/// Where a list by id begins. The place of another list's page begins it anew.
pub(super) fn start_of(page: PageRequest, above: i64) -> i64 {
    match page.place {
        Some(Place::Below(id)) => id.min(above),
        Some(Place::Unsealed { .. } | Place::Sealed { .. }) | None => above,
    }
}

/// A shop's history: what is not sealed yet by id, then its log by number. The first page fixes
/// where the log begins, so that what is sealed meanwhile is neither lost nor shown again.
fn of_shop(
    snapshot: &mut Connection,
    filter: &AttemptFilter,
    merchant: MerchantId,
    page: PageRequest,
) -> Result<Keys, StoreError> {
    let mut keys = Vec::new();
    let begin = match page.place {
        Some(Place::Sealed { attempts, .. }) => attempts,
        Some(Place::Unsealed { .. } | Place::Below(_)) | None => {
            let (attempts, start) = match page.place {
                Some(Place::Unsealed { attempts, below, .. }) => (attempts, below),
                _ => (snapshot.last_attempt_no(merchant)?.saturating_add(1), i64::MAX),
            };
            let (last, limit) = (attempts.saturating_sub(1), more_than(page.limit));
            let tail = snapshot.attempts_in_tail(filter, merchant, (last, start), limit)?;
            let tail = cut(placed(tail), page.limit);
            keys.extend(tail.rows.into_iter().map(|(_, key)| key));
            if let Some(below) = tail.next {
                return Ok((keys, Some(Place::Unsealed { attempts, log: 0, below })));
            }
            attempts
        }
    };
    let stop = filter.from.map_or(0, id_before);
    let found = walk(
        snapshot,
        begin,
        (page.limit.saturating_sub(keys.len()), stop),
        |snapshot, below, rows| snapshot.next_sealed_attempts(merchant, below, rows),
        |snapshot, range, limit| snapshot.sealed_attempts(filter, merchant, range, limit),
    )?;
    keys.extend(found.rows.into_iter().map(|(_, key)| key));
    let next = found.next.map(|attempts| Place::Sealed { attempts, log: 0 });
    Ok((keys, next))
}
