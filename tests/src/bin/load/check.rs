//! Whether the ledger did what it acknowledged, no less and no more: the money it moved, and every
//! purchase by its id, with its amount, taken back or not. Nobody else may have bought meanwhile.

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};

use ewarong_tests::{Auditor, Demo};
use ledger::domain::calendar::Instant;
use serde::{Deserialize, Serialize};

use crate::receipts::{Receipt, Receipts, Standing, Sum};

/// How many purchases that are not as they should be are named.
const NAMED: usize = 20;
/// How far before the first look at the books a purchase of the run may be dated, in milliseconds:
/// clocks of several nodes differ.
const MARGIN_MS: i64 = 5_000;
/// The most rows of a page.
const PAGE: usize = 1_000;

/// The books before the run.
#[derive(Debug)]
pub(crate) struct Before {
    owed: i64,
    /// From when on the run's purchases are dated, and what else is.
    from: String,
    known: HashSet<String>,
}

/// The outcome of the check; amounts in rupiah.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Check {
    /// Whether everything fits.
    pub(crate) holds: bool,
    /// Whether debits are equal to credits over all accounts.
    balanced: bool,
    /// By how much the shops' claims grew, and between which amounts they should have.
    growth: i64,
    growth_least: i64,
    growth_most: i64,
    /// How many purchases were acknowledged, and how many the ledger lists.
    acknowledged: u64,
    listed: u64,
    /// Acknowledged and not listed.
    missing: u64,
    /// Listed with another amount or another status.
    different: u64,
    /// Listed as approved, and not acknowledged; the outcome of `unknown` ones is not known.
    surplus: u64,
    unknown: u64,
    /// Replays that were not the first answer.
    replays_differ: u64,
    /// Some of those that are not as they should be.
    named: Vec<String>,
}

/// Looks at the books.
pub(crate) fn before(demo: &Demo) -> anyhow::Result<Before> {
    let (_, owed, at) = books(demo)?;
    let at: Instant = at.parse()?;
    let from = at.plus_millis(MARGIN_MS.saturating_neg()).rfc3339();
    let mut known = HashSet::new();
    listed_since(demo, &from, &mut |listed| known.extend([listed.id.to_owned()]))?;
    Ok(Before { owed, from, known })
}

/// Whether debits equal credits, what is owed to all shops, and when.
fn books(demo: &Demo) -> anyhow::Result<(bool, i64, String)> {
    #[derive(Deserialize)]
    struct Account {
        kind: String,
        balance: i64,
    }
    #[derive(Deserialize)]
    struct Books {
        as_of: String,
        accounts: Vec<Account>,
        debit: i64,
        credit: i64,
    }
    let body = demo.programme().trial_balance().expect(200);
    let Books { as_of, accounts, debit, credit } = serde_json::from_value(body)?;
    let shops = accounts.iter().filter(|account| account.kind == "payable");
    let owed = shops.map(|account| account.balance).sum();
    Ok((debit == credit, owed, as_of))
}

/// Compares what happened since `before` with what was acknowledged.
pub(crate) fn after(
    demo: &Demo,
    before: &Before,
    receipts: &Receipts,
    replays_differ: u64,
) -> anyhow::Result<Check> {
    let (balanced, owed, _) = books(demo)?;
    let signed = |sum: Sum| i64::try_from(sum.amount);
    let [acknowledged, unknown] = [receipts.acknowledged(), receipts.unknown];
    let [reversed, unclear] =
        [Standing::Reversed, Standing::Unclear].map(|standing| receipts.standing(standing));
    let sure = signed(acknowledged)?.saturating_sub(signed(reversed)?);
    let mut check = Check {
        balanced,
        growth: owed.saturating_sub(before.owed),
        growth_least: sure.saturating_sub(signed(unclear)?),
        growth_most: sure.saturating_add(signed(unknown)?),
        acknowledged: acknowledged.count,
        unknown: unknown.count,
        replays_differ,
        ..Check::default()
    };
    check.compare((receipts, &before.known), |each| listed_since(demo, &before.from, each))?;
    check.holds = balanced
        && (check.growth_least..=check.growth_most).contains(&check.growth)
        && check.missing == 0
        && check.different == 0
        && check.surplus <= check.unknown
        && replays_differ == 0;
    Ok(check)
}

/// A redemption as the list shows it.
#[derive(Debug, Deserialize)]
struct Listed<'a> {
    id: &'a str,
    status: &'a str,
    amount: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    data: Vec<Listed<'a>>,
    next_cursor: Option<String>,
}

/// Hands every redemption since then to `each`.
fn listed_since(demo: &Demo, from: &str, each: &mut dyn FnMut(&Listed<'_>)) -> anyhow::Result<()> {
    let mut auditor = demo.auditor();
    let mut cursor = None;
    loop {
        let mut path = format!("/v1/redemptions?limit={PAGE}&from={from}");
        if let Some(cursor) = &cursor {
            path = format!("{path}&cursor={cursor}");
        }
        let body = page(demo, &mut auditor, &path)?;
        let Page { data, next_cursor } = serde_json::from_slice(&body)?;
        data.iter().for_each(&mut *each);
        cursor = next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// The page's body; a token that has run out meanwhile is renewed.
fn page(demo: &Demo, auditor: &mut Auditor, path: &str) -> anyhow::Result<Vec<u8>> {
    let mut answer = auditor.api.get(path);
    if answer.status == 401 {
        *auditor = demo.auditor();
        answer = auditor.api.get(path);
    }
    anyhow::ensure!(answer.status == 200, "the list was answered with {}", answer.text());
    Ok(answer.body)
}

impl Check {
    /// Compares the receipts with what `list` hands out beside what was known before.
    fn compare(
        &mut self,
        (receipts, known): (&Receipts, &HashSet<String>),
        list: impl FnOnce(&mut dyn FnMut(&Listed<'_>)) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let receipts = receipts.by_id();
        let mut seen = vec![false; receipts.len()];
        list(&mut |listed| {
            let id = listed.id.strip_prefix("rdm_").unwrap_or_default().as_bytes();
            let place = receipts.binary_search_by(|receipt| receipt.id.as_slice().cmp(id)).ok();
            let receipt = place.and_then(|place| receipts.get(place).zip(seen.get_mut(place)));
            match receipt {
                Some((receipt, seen)) => {
                    *seen = true;
                    self.listed = self.listed.saturating_add(1);
                    if !is_as_acknowledged(receipt, listed) {
                        self.different = self.different.saturating_add(1);
                        self.name(|| format!("{listed:?} is not as acknowledged: {receipt}"));
                    }
                }
                None if listed.status == "refused" || known.contains(listed.id) => {}
                None => {
                    self.surplus = self.surplus.saturating_add(1);
                    self.name(|| format!("{listed:?} was not acknowledged"));
                }
            }
        })?;
        for (receipt, _) in receipts.iter().zip(seen).filter(|(_, seen)| !seen) {
            self.missing = self.missing.saturating_add(1);
            self.name(|| format!("missing: {receipt}"));
        }
        Ok(())
    }

    fn name(&mut self, what: impl FnOnce() -> String) {
        if self.named.len() < NAMED {
            self.named.push(what());
        }
    }
}

fn is_as_acknowledged(receipt: &Receipt, listed: &Listed<'_>) -> bool {
    let status = match receipt.standing {
        Standing::Approved => listed.status == "approved",
        Standing::Reversed => listed.status == "reversed",
        Standing::Unclear => matches!(listed.status, "approved" | "reversed"),
    };
    status && listed.amount == Some(receipt.amount.into())
}

impl Display for Receipt {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let id = String::from_utf8_lossy(&self.id);
        write!(f, "rdm_{id} {} {:?}", self.amount, self.standing)
    }
}

impl Display for Check {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds { "holds" } else { "DOES NOT HOLD" };
        let Self { growth, growth_least, growth_most, .. } = self;
        write!(f, "check    {verdict}: shops are owed {growth} more, should be {growth_least}")?;
        if growth_least != growth_most {
            write!(f, " to {growth_most}")?;
        }
        let Self { acknowledged, listed, missing, different, surplus, unknown, .. } = self;
        write!(f, "; {acknowledged} acknowledged, {listed} of them listed, {missing} missing, ")?;
        write!(f, "{different} different, {surplus} more, {unknown} unknown")?;
        if !self.balanced {
            write!(f, "; debits are not credits")?;
        }
        self.named.iter().try_for_each(|named| write!(f, "\n  {named}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipts() -> Receipts {
        let mut receipts = Receipts::default();
        for (letter, amount, standing) in [
            (b'a', 500, Standing::Approved),
            (b'b', 600, Standing::Reversed),
            (b'c', 700, Standing::Unclear),
        ] {
            let place = receipts.add([letter; 26], 0, amount);
            receipts.set(place, standing);
        }
        receipts
    }

    /// The check of what is listed as `letter status amount`.
    fn compared(rows: &[&str]) -> Check {
        let mut check = Check::default();
        let list = |each: &mut dyn FnMut(&Listed<'_>)| {
            for row in rows {
                let [letter, status, amount] = row.split(' ').collect::<Vec<_>>()[..] else {
                    panic!("{row}");
                };
                let id = format!("rdm_{}", letter.repeat(26));
                each(&Listed { id: &id, status, amount: amount.parse().ok() });
            }
            Ok(())
        };
        let known = HashSet::from([format!("rdm_{}", "k".repeat(26))]);
        check.compare((&receipts(), &known), list).unwrap();
        check
    }

    #[test]
    fn a_list_of_what_was_acknowledged_is_whole() {
        let rows =
            ["k approved 9", "d refused 9", "c approved 700", "b reversed 600", "a approved 500"];
        let check = compared(&rows);
        let found = (check.listed, check.missing, check.different, check.surplus);
        assert_eq!(found, (3, 0, 0, 0), "{check}");
    }

    #[test]
    fn what_is_missing_or_different_or_too_much_is_found() {
        let missing = compared(&["b reversed 600", "c reversed 700"]);
        assert_eq!((missing.missing, missing.different, missing.surplus), (1, 0, 0), "{missing}");
        let whole = ["a approved 500", "b reversed 600", "c reversed 700"];
        for (place, other) in [
            (0, "a approved 501"),
            (0, "a reversed 500"),
            (1, "b approved 600"),
            (2, "c refused 700"),
        ] {
            let mut rows = whole;
            rows[place] = other;
            let check = compared(&rows);
            assert_eq!((check.missing, check.different, check.surplus), (0, 1, 0), "{other}");
            assert_eq!(check.named.len(), 1);
        }
        let surplus =
            compared(&["a approved 500", "b reversed 600", "c reversed 700", "e approved 1"]);
        assert_eq!((surplus.missing, surplus.different, surplus.surplus), (0, 0, 1), "{surplus}");
    }
}
