//! What the lists of redemptions and transfers can be asked for, and how they go on.

use ledger::domain::bank::BankCode;
use ledger::domain::calendar::Instant;
use ledger::domain::ids::{CardId, WalletId};
use ledger::domain::keys::Keys;
use ledger::domain::merchant::MerchantCode;
use ledger::domain::money::Rupiah;
use ledger::domain::public_id::{self, IdKind};
use ledger::domain::transfer::TransferKind;
use ledger::service::{AttemptQuery, AttemptStatus, PageRequest, Place, TransferQuery};
use serde::Deserialize;

use super::invalid;
use super::paging::{PageQuery, bad_cursor, seal_cursor};
use crate::problem::Problem;

/// The query of `GET /v1/redemptions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttemptParams {
    from: Option<String>,
    to: Option<String>,
    status: Option<String>,
    card_id: Option<String>,
    merchant_id: Option<String>,
    bank: Option<String>,
    idempotency_key: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// The query of `GET /v1/transfers` and of an account's entries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransferParams {
    from: Option<String>,
    to: Option<String>,
    kind: Option<String>,
    min_amount: Option<String>,
    max_amount: Option<String>,
    card_id: Option<String>,
    merchant_id: Option<String>,
    bank: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// A query without parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParams {}

impl AttemptParams {
    /// The filters and the page. Idempotency keys are a merchant's own.
    pub(crate) fn parse(
        &self,
        keys: &Keys,
        by_merchant: bool,
    ) -> Result<(AttemptQuery, PageRequest), Problem> {
        if self.idempotency_key.is_some() && !by_merchant {
            return Err(invalid("/idempotency_key", "is known to the merchant that used it only"));
        }
        if self.bank.is_some() && by_merchant {
            // A card that belongs to nobody has no bank: asking for one would tell it from a wrong PIN.
            return Err(invalid("/bank", "is a filter for banks and auditors"));
        }
        let query = AttemptQuery {
            from: time("/from", self.from.as_deref())?,
            to: time("/to", self.to.as_deref())?,
            status: self.status.as_deref().map(status).transpose()?,
            card: self.card_id.as_deref().map(|text| card(keys, text)).transpose()?,
            merchant: self.merchant_id.as_deref().map(merchant).transpose()?,
            bank: self.bank.as_deref().map(bank).transpose()?,
            key: self.idempotency_key.clone(),
        };
        Ok((query, page(self.limit.as_deref(), self.cursor.as_deref())?))
    }
}

impl TransferParams {
    /// The filters and the page.
    pub(crate) fn parse(&self, keys: &Keys) -> Result<(TransferQuery, PageRequest), Problem> {
        let query = self.query(keys)?;
        Ok((query, page(self.limit.as_deref(), self.cursor.as_deref())?))
    }

    /// The filters of an export, which has no pages.
    pub(crate) fn parse_whole(&self, keys: &Keys) -> Result<TransferQuery, Problem> {
        for (pointer, given) in [("/limit", &self.limit), ("/cursor", &self.cursor)] {
            if given.is_some() {
                return Err(invalid(pointer, "is for pages of JSON; an export is everything"));
            }
        }
        self.query(keys)
    }

    fn query(&self, keys: &Keys) -> Result<TransferQuery, Problem> {
        Ok(TransferQuery {
            from: time("/from", self.from.as_deref())?,
            to: time("/to", self.to.as_deref())?,
            kind: self.kind.as_deref().map(kind).transpose()?,
            least: amount("/min_amount", self.min_amount.as_deref())?,
            most: amount("/max_amount", self.max_amount.as_deref())?,
            card: self.card_id.as_deref().map(|text| card(keys, text)).transpose()?,
            merchant: self.merchant_id.as_deref().map(merchant).transpose()?,
            bank: self.bank.as_deref().map(bank).transpose()?,
        })
    }
}

fn time(pointer: &str, text: Option<&str>) -> Result<Option<Instant>, Problem> {
    text.map(str::parse).transpose().map_err(|error| invalid(pointer, error))
}

fn amount(pointer: &str, text: Option<&str>) -> Result<Option<Rupiah>, Problem> {
    let read = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).and_then(|amount| Rupiah::new(amount).ok())
    };
    let whole = || invalid(pointer, "has to be whole rupiah, zero or more");
    text.map(|text| read(text).ok_or_else(whole)).transpose()
}

fn status(text: &str) -> Result<AttemptStatus, Problem> {
    let named = AttemptStatus::ALL.into_iter().find(|status| status.as_str() == text);
    named.ok_or_else(|| invalid("/status", "has to be approved, refused or reversed"))
}

fn kind(text: &str) -> Result<TransferKind, Problem> {
    let named = TransferKind::ALL.into_iter().find(|kind| kind.as_str() == text);
    named.ok_or_else(|| {
        let kinds: Vec<&str> = TransferKind::ALL.into_iter().map(TransferKind::as_str).collect();
        invalid("/kind", format!("has to be one of {}", kinds.join(", ")))
    })
}

fn card(keys: &Keys, text: &str) -> Result<(CardId, WalletId), Problem> {
    let found = public_id::decode(keys, IdKind::Card, text);
    let (id, wallet) = found.ok_or_else(|| invalid("/card_id", "is no card's id"))?;
    Ok((CardId(id.0), wallet))
}

fn merchant(text: &str) -> Result<MerchantCode, Problem> {
    text.parse().map_err(|error| invalid("/merchant_id", error))
}

fn bank(text: &str) -> Result<BankCode, Problem> {
    text.parse().map_err(|error| invalid("/bank", error))
}

fn page(limit: Option<&str>, cursor: Option<&str>) -> Result<PageRequest, Problem> {
    let page = PageQuery::read(limit, cursor)?;
    let place = page.cursor().map(|text| place_of(text).ok_or_else(bad_cursor)).transpose()?;
    Ok(PageRequest { limit: usize::try_from(page.limit()).unwrap_or(1), place })
}

fn place_of(text: &str) -> Option<Place> {
    let mut parts = text.split('.');
    let shape = parts.next()?;
    let numbers = parts
        .map(|part| part.parse::<i64>().ok().filter(|number| *number >= 0))
        .collect::<Option<Vec<_>>>()?;
    match (shape, numbers.as_slice()) {
        ("b", [id]) => Some(Place::Below(*id)),
        ("u", [attempts, log, below]) => {
            Some(Place::Unsealed { attempts: *attempts, log: *log, below: *below })
        }
        ("s", [attempts, log]) => Some(Place::Sealed { attempts: *attempts, log: *log }),
        _ => None,
    }
}

/// The cursor of the page behind this one.
pub(crate) fn cursor_of(place: Place) -> String {
    seal_cursor(&match place {
        Place::Below(id) => format!("b.{id}"),
        Place::Unsealed { attempts, log, below } => format!("u.{attempts}.{log}.{below}"),
        Place::Sealed { attempts, log } => format!("s.{attempts}.{log}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(limit: Option<&str>, cursor: Option<&str>) -> Option<PageRequest> {
        page(limit, cursor).ok()
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        for place in [
            Place::Below(7),
            Place::Unsealed { attempts: 3, log: 0, below: i64::MAX },
            Place::Sealed { attempts: 1, log: 9 },
        ] {
            let page = read(None, Some(&cursor_of(place))).unwrap();
            assert_eq!(page, PageRequest { limit: 100, place: Some(place) });
        }
    }

    #[test]
    fn what_is_no_cursor_and_no_limit_is_refused() {
        for text in ["", "x", "b.1", "MTpi"] {
            assert_eq!(read(None, Some(text)), None, "{text}");
        }
        for text in ["b", "b.", "b.-1", "b.1.2", "s.1", "u.1.2", "q.1", "b.99999999999999999999"] {
            assert_eq!(read(None, Some(&seal_cursor(text))), None, "{text}");
        }
        for limit in ["0", "1001", "-1", "ten", ""] {
            assert_eq!(read(Some(limit), None), None, "{limit}");
        }
        assert_eq!(read(Some("1000"), None).unwrap().limit, 1000);
    }

    #[test]
    fn an_amount_is_whole_rupiah() {
        assert_eq!(amount("/min_amount", Some("0")).ok(), Some(Some(Rupiah::ZERO)));
        for text in ["", "-1", "+1", "1.5", "1e3", "99999999999999999999"] {
            assert!(amount("/min_amount", Some(text)).is_err(), "{text}");
        }
    }
}
