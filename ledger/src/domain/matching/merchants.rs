//! Rows that name a merchant and nothing stronger, and what is expected for that merchant.
//!
//! First what the bank itself took back; then its credits, by the day on which they are expected,
//! then carried over the days within which everything is paid; last its debits, which follow credits.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::bank_side::RowRole;
use super::control::sum;
use super::desk::{Desk, Group};
use super::found::{Count, Few};
use super::identify::is_in_time;
use super::index::{NONE, at, at_mut, places};
use super::ledger_side::Stand;
use super::outcome::Unit;
use super::pairs::{Dated, paired};
use super::pool::{Item, Payment, Pool, Together};
use super::status::MatchStatus;
use super::windows::{Window, whole_window};

/// What the bank pays at once: a line, or an open day's redemptions by their place among bundles.
pub(super) type Bundle = Vec<Unit>;

/// A credit that was brought to something, and to what.
#[derive(Clone, Copy, Debug)]
struct Paid {
    amount: Decimal,
    day: i32,
    by: Payer,
}

/// What a credit was brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payer {
    Unit(Unit),
    Group(u32),
}

/// A merchant's rows by role.
#[derive(Default)]
struct Rows {
    payments: Vec<Dated>,
    fees: Vec<Dated>,
    debits: Vec<Dated>,
    taken_back: Vec<Dated>,
    given_back: Vec<Dated>,
}

impl Desk {
    pub(super) fn match_by_merchant(&mut self) {
        let mut named = std::mem::take(&mut self.by_merchant);
        if named.is_empty() {
            return;
        }
        named.sort_unstable();
        let lines = self.ledger.by_merchant();
        for rows in named.chunk_by(|one, other| one.0 == other.0) {
            let Some((merchant, _row)) = rows.first() else { continue };
            let rows = rows.iter().map(|(_merchant, row)| *row).collect();
            let begin = lines.partition_point(|(code, _unit)| code < merchant);
            let own = lines.iter().skip(begin).take_while(|(code, _unit)| code == merchant);
            let units: Vec<Unit> = own.map(|(_code, unit)| *unit).collect();
            self.match_merchant(&units, rows);
        }
    }

    fn match_merchant(&mut self, units: &[Unit], rows: Vec<u32>) {
        let rows = self.once(rows);
        let Rows { payments, fees, debits, taken_back, given_back } = self.by_role(&rows);

        let taken = paired(payments, taken_back);
        let returned = paired(fees, given_back);
        self.emit_pairs(&taken.told);
        self.emit_pairs(&returned.told);
        for row in &returned.reversals {
            self.emit(MatchStatus::ReversalUnpaired, &[], &[row.row], None);
        }

        let first_group = self.groups.len();
        if !taken.originals.is_empty() {
            let bundles = self.bundles_of(units);
            self.match_payments(&bundles, &taken.originals);
        }
        if returned.originals.is_empty() && debits.is_empty() && taken.reversals.is_empty() {
            return;
        }
        let paid = self.paid_to(units, first_group);
        for row in returned.originals {
            let same_day = |paid: &Paid| paid.day == row.day;
            let lately = |paid: &Paid| is_in_time(paid.day, row.day);
            let by = match payer(&paid, same_day) {
                Count::None => payer(&paid, lately),
                found @ (Count::One(_) | Count::More) => found,
            };
            self.follow(row, by, MatchStatus::FeeDiffers);
        }
        let taking = |row: Dated| {
            move |paid: &Paid| paid.amount == row.amount && is_in_time(paid.day, row.day)
        };
        for row in taken.reversals {
            self.follow(row, payer(&paid, taking(row)), MatchStatus::ReversalUnpaired);
        }
        for row in debits {
            self.follow(row, payer(&paid, taking(row)), MatchStatus::OutOfScope);
        }
    }

    fn by_role(&self, rows: &[u32]) -> Rows {
        let mut of = Rows::default();
        for row in rows {
            let Some(role) = at(&self.rows, *row).map(|data| data.role) else { continue };
            let list = match role {
                RowRole::Payment | RowRole::OtherCredit => &mut of.payments,
                RowRole::Fee => &mut of.fees,
                RowRole::Debit => &mut of.debits,
                RowRole::TakenBack => &mut of.taken_back,
                RowRole::GivenBack => &mut of.given_back,
            };
            list.extend(self.dated(*row));
        }
        of
    }

    /// Rows that took each other back: nothing is left of them.
    pub(super) fn emit_pairs(&mut self, pairs: &[(u32, u32)]) {
        for (original, reversal) in pairs {
            self.emit(MatchStatus::Matched, &[], &[*original, *reversal], None);
        }
    }

    /// What is expected for a merchant and not paid under a stronger key: each settlement, and the
    /// redemptions of each date that are in none.
    fn bundles_of(&self, units: &[Unit]) -> Vec<Bundle> {
        let mut bundles: Vec<Bundle> = Vec::new();
        let mut by_day: BTreeMap<i32, Bundle> = BTreeMap::new();
        for unit in units.iter().filter(|unit| self.is_open(**unit)) {
            match unit {
                Unit::Settlement(_) => bundles.push(vec![*unit]),
                Unit::Redemption(_) => {
                    by_day.entry(self.ledger.day_of(*unit)).or_default().push(*unit);
                }
            }
        }
        bundles.extend(by_day.into_values());
        bundles
    }

    /// Whether a line is expected by itself, something is due, and no credit was brought to it.
    pub(super) fn is_open(&self, unit: Unit) -> bool {
        let alone = match unit {
            Unit::Settlement(place) => {
                at(&self.ledger.settlements, place).is_some_and(|line| line.stand == Stand::Alone)
            }
            Unit::Redemption(place) => at(&self.ledger.redemptions, place)
                .is_some_and(|line| line.stand == Stand::Alone && line.same == NONE),
        };
        alone
            && self.ledger.due(unit) != 0
            && !self.chain(self.ledger.rows_of(unit)).any(|row| self.is_payment(row))
    }

    fn is_payment(&self, row: u32) -> bool {
        at(&self.rows, row).is_some_and(|row| row.role == RowRole::Payment)
    }

    fn match_payments(&mut self, bundles: &[Bundle], payments: &[Dated]) {
        let payments =
            payments.iter().map(|row| Payment { day: row.day, amount: row.amount, row: row.row });
        let mut pool = Pool::new(self.items(bundles), payments.collect(), false);
        let fees = || self.terms.fees.iter().copied();
        for window in [self.expected(), whole_window()] {
            for fee in std::iter::once(Decimal::ZERO).chain(fees()) {
                pool.exact(&window, fee);
            }
            for fee in std::iter::once(Decimal::ZERO).chain(fees()) {
                pool.sums(&window, fee);
            }
        }
        pool.dated(&self.expected());
        pool.dated(&whole_window());
        pool.late();
        let (found, rest) = pool.into_parts();
        self.settle(found, bundles);
        for row in rest {
            self.emit(MatchStatus::BankOnly, &[], &[row], None);
        }
    }

    /// The day on which a bank pays what it is asked to pay.
    pub(super) fn expected(&self) -> Window {
        let lag = i32::from(self.terms.settlement_lag);
        lag..=lag
    }

    pub(super) fn items(&self, bundles: &[Bundle]) -> Vec<Item<u32>> {
        let items = places(bundles).zip(bundles).filter_map(|(what, units)| {
            let due = units.iter().map(|unit| Decimal::from(self.ledger.due(*unit)));
            let amount = sum(due)?;
            let day = units.first().map(|unit| self.ledger.day_of(*unit))?;
            Some(Item { day, amount, what })
        });
        items.collect()
    }

    /// Brings rows to lines. Several lines make a group.
    pub(super) fn settle(&mut self, found: Vec<Together<u32>>, bundles: &[Bundle]) {
        for Together { items, rows, tied } in found {
            let units: Vec<Unit> =
                items.iter().filter_map(|item| at(bundles, *item)).flatten().copied().collect();
            match units.as_slice() {
                [only] if !tied => {
                    for row in rows {
                        self.bring(row, *only);
                    }
                }
                several => {
                    for unit in several {
                        self.set_stand(*unit, Stand::Grouped);
                    }
                    self.groups.push(Group { units, rows, tied });
                }
            }
        }
    }

    /// The credits that were brought to a merchant's lines, by whatever key.
    fn paid_to(&self, units: &[Unit], first_group: usize) -> Vec<Paid> {
        let mut paid = Vec::new();
        let mut add = |row: u32, by: Payer| {
            if let Some(row) = at(&self.rows, row).filter(|row| row.role == RowRole::Payment) {
                paid.push(Paid { amount: row.amount, day: row.day, by });
            }
        };
        for unit in units.iter().filter(|unit| self.is_alone(**unit)) {
            self.chain(self.ledger.rows_of(*unit)).for_each(|row| add(row, Payer::Unit(*unit)));
        }
        for (place, group) in places(&self.groups).zip(&self.groups).skip(first_group) {
            group.rows.iter().for_each(|row| add(*row, Payer::Group(place)));
        }
        paid
    }

    /// Whether a line is judged with its own rows.
    fn is_alone(&self, unit: Unit) -> bool {
        let stand = match unit {
            Unit::Settlement(place) => at(&self.ledger.settlements, place).map(|line| line.stand),
            Unit::Redemption(place) => at(&self.ledger.redemptions, place).map(|line| line.stand),
        };
        matches!(stand, Some(Stand::Alone | Stand::Paid | Stand::First))
    }

    /// Brings a debit to what its credit was brought to; otherwise it is `alone`.
    fn follow(&mut self, row: Dated, by: Count<Payer>, alone: MatchStatus) {
        match by {
            Count::One(Payer::Unit(unit)) => self.bring(row.row, unit),
            Count::One(Payer::Group(place)) => {
                if let Some(group) = at_mut(&mut self.groups, place) {
                    group.rows.push(row.row);
                }
            }
            Count::More => self.emit(MatchStatus::Ambiguous, &[], &[row.row], None),
            Count::None => self.emit(alone, &[], &[row.row], None),
        }
    }
}

/// What the credits that fit were brought to.
fn payer(paid: &[Paid], fits: impl Fn(&Paid) -> bool) -> Count<Payer> {
    Few::of(paid.iter().filter(|paid| fits(paid)).map(|paid| paid.by)).count()
}
