//! Rows that name nothing of ours: those the bank took back, those identified by account and
//! amount, and the rest.

use std::collections::BTreeMap;

use super::bank_side::{Fingerprint, LooseText, RowRole};
use super::desk::Desk;
use super::index::{NONE, at, places};
use super::merchants::Bundle;
use super::outcome::Unit;
use super::pairs::{Dated, paired};
use super::pool::{Item, Payment, Pool};
use super::status::MatchStatus;
use super::windows::{clusters, whole_window};
use rust_decimal::Decimal;

/// Rows that name nothing, by role.
#[derive(Default)]
struct Loose {
    payments: Vec<Dated>,
    debits: Vec<Dated>,
    fees: Vec<Dated>,
    taken_back: Vec<Dated>,
    given_back: Vec<Dated>,
    others: Vec<Dated>,
}

/// What rows have in common with those that take them back.
#[derive(Clone, Copy)]
enum Likeness {
    Description,
    References,
}

/// Rows by what they have in common: those that may have been taken back, and those that take back.
type Alike<K> = BTreeMap<K, (Vec<Dated>, Vec<Dated>)>;

impl Desk {
    pub(super) fn match_loose(&mut self) {
        let rows = self.loose.iter().map(|text| text.row).collect();
        let rows = self.once(rows);
        let mut loose = self.loose_by_role(&rows);
        self.pair_alike(&mut loose, Likeness::Description);
        self.pair_alike(&mut loose, Likeness::References);
        self.pair_by_amount(&mut loose);

        let rest = self.match_by_account(loose.payments);
        self.emit_each(MatchStatus::BankOnly, &rest);
        self.emit_each(MatchStatus::ReversalUnpaired, &loose.taken_back);
        self.emit_each(MatchStatus::ReversalUnpaired, &loose.given_back);
        for none_of_ours in [loose.debits, loose.fees, loose.others] {
            self.emit_each(MatchStatus::OutOfScope, &none_of_ours);
        }
    }

    fn loose_by_role(&self, rows: &[u32]) -> Loose {
        let mut of = Loose::default();
        for row in rows {
            let Some(role) = at(&self.rows, *row).map(|data| data.role) else { continue };
            let list = match role {
                RowRole::Payment => &mut of.payments,
                RowRole::Debit => &mut of.debits,
                RowRole::Fee => &mut of.fees,
                RowRole::TakenBack => &mut of.taken_back,
                RowRole::GivenBack => &mut of.given_back,
                RowRole::OtherCredit => &mut of.others,
            };
            list.extend(self.dated(*row));
        }
        of
    }

    fn emit_each(&mut self, status: MatchStatus, rows: &[Dated]) {
        for row in rows {
            self.emit(status, &[], &[row.row], None);
        }
    }

    /// Pairs rows that say the same with those that take them back. A debit that is not marked as a
    /// reversal is one only if it carries the bank's number of the credit.
    fn pair_alike(&mut self, loose: &mut Loose, by: Likeness) {
        if loose.taken_back.is_empty() && loose.given_back.is_empty() && loose.debits.is_empty() {
            return;
        }
        let taken = self.paired_alike(&mut loose.payments, &mut loose.taken_back, by);
        let given = self.paired_alike(&mut loose.fees, &mut loose.given_back, by);
        let debits = self.paired_alike(&mut loose.debits, &mut loose.given_back, by);
        for pairs in [taken, given, debits] {
            self.emit_pairs(&pairs);
        }
        if matches!(by, Likeness::References) {
            let mirrored = self.paired_alike(&mut loose.payments, &mut loose.debits, by);
            self.emit_pairs(&mirrored);
        }
    }

    /// Takes the pairs out of both lists.
    fn paired_alike(
        &self,
        originals: &mut Vec<Dated>,
        reversals: &mut Vec<Dated>,
        by: Likeness,
    ) -> Vec<(u32, u32)> {
        if originals.is_empty() || reversals.is_empty() {
            return Vec::new();
        }
        let mut alike: Alike<(&str, &str)> = BTreeMap::new();
        for row in reversals.drain(..) {
            alike.entry((self.account(row), self.likeness(row, by))).or_default().1.push(row);
        }
        let mut left = Vec::new();
        for row in originals.drain(..) {
            match alike.get_mut(&(self.account(row), self.likeness(row, by))) {
                Some((originals, _reversals)) => originals.push(row),
                None => left.push(row),
            }
        }
        let mut pairs = Vec::new();
        for ((_account, text), (with_text, reversing)) in alike {
            if text.is_empty() {
                left.extend(with_text);
                reversals.extend(reversing);
                continue;
            }
            let found = paired(with_text, reversing);
            pairs.extend(found.told);
            left.extend(found.originals);
            reversals.extend(found.reversals);
        }
        *originals = left;
        for list in [originals, reversals] {
            list.sort_by_key(|row| self.order_in_time(*row));
        }
        pairs
    }

    fn order_in_time(&self, row: Dated) -> (i32, Option<Fingerprint>) {
        (row.day, at(&self.rows, row.row).map(|data| data.fingerprint))
    }

    /// What a row says, without the words that mark a reversal.
    fn likeness(&self, row: Dated, by: Likeness) -> &str {
        let text = self.loose_text(row);
        let text = text.map(|text| match by {
            Likeness::Description => text.description.as_ref(),
            Likeness::References => text.references.as_ref(),
        });
        text.unwrap_or_default()
    }

    /// The account of a row, one of the ledger's or not.
    fn account(&self, row: Dated) -> &str {
        self.loose_text(row).map(|text| text.account.as_ref()).unwrap_or_default()
    }

    fn loose_text(&self, row: Dated) -> Option<&LooseText> {
        let place = self.loose.binary_search_by_key(&row.row, |text| text.row).ok()?;
        self.loose.get(place)
    }

    /// Pairs what is left of marked reversals by account and amount, where only one row fits; where
    /// more do, all are held.
    fn pair_by_amount(&mut self, loose: &mut Loose) {
        if loose.taken_back.is_empty() {
            return;
        }
        let mut equal: Alike<(&str, Decimal)> = BTreeMap::new();
        for row in loose.taken_back.drain(..) {
            equal.entry((self.account(row), row.amount)).or_default().1.push(row);
        }
        let mut left = Vec::new();
        for row in loose.payments.drain(..) {
            match equal.get_mut(&(self.account(row), row.amount)) {
                Some((payments, _reversals)) => payments.push(row),
                None => left.push(row),
            }
        }
        let equal: Vec<(Vec<Dated>, Vec<Dated>)> = equal.into_values().collect();
        for (payments, reversals) in equal {
            let days = |rows: &[Dated]| rows.iter().map(|row| row.day).collect::<Vec<i32>>();
            let found = clusters(&days(&payments), &days(&reversals), &whole_window());
            let (mut payments_used, mut reversals_used) = (0, 0);
            for cluster in found {
                let of = |rows: &[Dated], range: std::ops::Range<usize>| {
                    rows.get(range).unwrap_or_default().to_vec()
                };
                left.extend(of(&payments, payments_used..cluster.items.start));
                loose.taken_back.extend(of(&reversals, reversals_used..cluster.payments.start));
                (payments_used, reversals_used) = (cluster.items.end, cluster.payments.end);
                let pair = of(&payments, cluster.items);
                let reversing = of(&reversals, cluster.payments);
                let tied = pair.len() > 1 || reversing.len() > 1;
                let rows = pair.iter().chain(&reversing).map(|row| row.row).collect();
                let rows = self.once(rows);
                let status = if tied { MatchStatus::Ambiguous } else { MatchStatus::Matched };
                self.emit(status, &[], &rows, None);
            }
            left.extend(payments.into_iter().skip(payments_used));
            loose.taken_back.extend(reversals.into_iter().skip(reversals_used));
        }
        loose.payments = left;
    }

    /// The weakest key: the merchant's account, the date, the amount. What is left comes back.
    fn match_by_account(&mut self, payments: Vec<Dated>) -> Vec<Dated> {
        let mut by_account: BTreeMap<u32, Vec<Dated>> = BTreeMap::new();
        let mut rest = Vec::new();
        for row in payments {
            let list = match row.account {
                NONE => &mut rest,
                account => by_account.entry(account).or_default(),
            };
            list.push(row);
        }
        if by_account.is_empty() {
            return rest;
        }
        let mut expected: BTreeMap<u32, Vec<Bundle>> = BTreeMap::new();
        let settlements = places(&self.ledger.settlements).map(Unit::Settlement);
        let redemptions = places(&self.ledger.redemptions).map(Unit::Redemption);
        for unit in settlements.chain(redemptions) {
            let account = self.ledger.account_of(unit);
            if account != NONE && by_account.contains_key(&account) && self.is_open(unit) {
                expected.entry(account).or_default().push(vec![unit]);
            }
        }
        for (account, payments) in by_account {
            let bundles = expected.remove(&account).unwrap_or_default();
            let items: Vec<Item<u32>> = self.items(&bundles);
            let as_payment =
                |row: &Dated| Payment { day: row.day, amount: row.amount, row: row.row };
            let mut pool = Pool::new(items, payments.iter().map(as_payment).collect(), true);
            for window in [self.expected(), whole_window()] {
                pool.exact(&window, Decimal::ZERO);
            }
            let (found, left) = pool.into_parts();
            self.settle(found, &bundles);
            rest.extend(left.into_iter().filter_map(|row| self.dated(row)));
        }
        rest
    }
}
