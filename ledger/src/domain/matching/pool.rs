//! Items and payments that share a merchant or an account, and no stronger key: dates and
//! amounts decide which belong together, where only one answer fits.

use std::ops::Range;

use rust_decimal::Decimal;

use super::control::sum;
use super::windows::{Cluster, Window, clusters};

/// What a bank is expected to pay at once: a settlement, or an open day's redemptions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<T> {
    pub(super) day: i32,
    pub(super) amount: Decimal,
    pub(super) what: T,
}

/// A credit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payment {
    pub(super) day: i32,
    pub(super) amount: Decimal,
    pub(super) row: u32,
}

/// Items and the payments that are for them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Together<T> {
    pub(super) items: Vec<T>,
    pub(super) rows: Vec<u32>,
    /// Whether it is unclear which payment is for which item.
    pub(super) tied: bool,
}

/// The remainder of both sides. Each pass takes out what it can match.
#[derive(Debug)]
pub(super) struct Pool<T> {
    items: Vec<Item<T>>,
    payments: Vec<Payment>,
    found: Vec<Together<T>>,
    /// Whether two equal payments for one item are a tie: so where the key does not name the payee.
    weak: bool,
}

impl<T: Copy + Ord> Pool<T> {
    pub(super) fn new(items: Vec<Item<T>>, payments: Vec<Payment>, weak: bool) -> Self {
        Self { items, payments, found: Vec::new(), weak }
    }

    /// The matches, and the rows of the payments that are left.
    pub(super) fn into_parts(self) -> (Vec<Together<T>>, Vec<u32>) {
        (self.found, self.payments.iter().map(|payment| payment.row).collect())
    }

    /// One item and one payment of the same amount, but for `fee`. Several payments for one item are
    /// put together; several items of one amount are a tie.
    pub(super) fn exact(&mut self, window: &Window, fee: Decimal) {
        let mut found = Vec::new();
        for equal in self.by_amount(fee) {
            found.extend(self.clusters_in(&equal, window));
        }
        self.take(found);
    }

    /// Everything that hangs together, where the sums of both sides are equal but for `fee`.
    pub(super) fn sums(&mut self, window: &Window, fee: Decimal) {
        let mut found = self.by_day(window);
        let equal = |items: &[Item<T>], payments: &[Payment]| {
            let paid = sum(payments.iter().map(|payment| payment.amount));
            let paid = paid.and_then(|paid| paid.checked_add(fee));
            paid.is_some() && paid == sum(items.iter().map(|item| item.amount))
        };
        found.retain(|cluster| equal(self.items_of(cluster), self.payments_of(cluster)));
        self.take_as(found, |_items, _payments| false);
    }

    /// Everything that hangs together, whatever its amounts; several items are a tie.
    pub(super) fn dated(&mut self, window: &Window) {
        let found = self.by_day(window);
        self.take(found);
    }

    /// Payments at any other time, each for the only item of its amount.
    pub(super) fn late(&mut self) {
        let mut found = self.by_amount(Decimal::ZERO);
        found.retain(|equal| equal.items.len() == 1 && equal.payments.len() == 1);
        self.take(found);
    }

    /// Items and payments of one amount each, and both sides sorted by it.
    fn by_amount(&mut self, fee: Decimal) -> Vec<Cluster> {
        let due = |payment: &Payment| payment.amount.saturating_add(fee);
        self.items.sort_unstable_by_key(|item| (item.amount, item.day, item.what));
        self.payments.sort_unstable_by_key(|payment| (due(payment), payment.day, payment.row));
        let mut found = Vec::new();
        let (mut items, mut payments) = (0..0_usize, 0..0_usize);
        for run in self.items.chunk_by(|one, other| one.amount == other.amount) {
            items = items.end..items.end.saturating_add(run.len());
            let Some(amount) = run.first().map(|item| item.amount) else { continue };
            let rest = self.payments.get(payments.end..).unwrap_or_default();
            let lower = rest.iter().take_while(|payment| due(payment) < amount).count();
            let equal = rest.iter().skip(lower).take_while(|payment| due(payment) == amount);
            let begin = payments.end.saturating_add(lower);
            payments = begin..begin.saturating_add(equal.count());
            if !payments.is_empty() {
                found.push(Cluster { items: items.clone(), payments: payments.clone() });
            }
        }
        found
    }

    /// Items and payments that are close enough in time, and both sides sorted by day.
    fn by_day(&mut self, window: &Window) -> Vec<Cluster> {
        self.items.sort_unstable_by_key(|item| (item.day, item.amount, item.what));
        self.payments.sort_unstable_by_key(|payment| (payment.day, payment.amount, payment.row));
        let all = Cluster { items: 0..self.items.len(), payments: 0..self.payments.len() };
        self.clusters_in(&all, window)
    }

    /// The clusters of a part, in which both sides are in the order of their days.
    fn clusters_in(&self, part: &Cluster, window: &Window) -> Vec<Cluster> {
        let items: Vec<i32> = self.items_of(part).iter().map(|item| item.day).collect();
        let payments: Vec<i32> = self.payments_of(part).iter().map(|payment| payment.day).collect();
        let shifted = |range: Range<usize>, by: usize| {
            range.start.saturating_add(by)..range.end.saturating_add(by)
        };
        let found = clusters(&items, &payments, window).into_iter();
        let shifted = found.map(|cluster| Cluster {
            items: shifted(cluster.items, part.items.start),
            payments: shifted(cluster.payments, part.payments.start),
        });
        shifted.collect()
    }

    fn items_of(&self, cluster: &Cluster) -> &[Item<T>] {
        self.items.get(cluster.items.clone()).unwrap_or_default()
    }

    fn payments_of(&self, cluster: &Cluster) -> &[Payment] {
        self.payments.get(cluster.payments.clone()).unwrap_or_default()
    }

    /// Takes out clusters, of which those with several items are ties.
    fn take(&mut self, clusters: Vec<Cluster>) {
        let weak = self.weak;
        self.take_as(clusters, |items, payments| items > 1 || (weak && payments > 1));
    }

    /// Takes out clusters, which come in the order of both sides.
    fn take_as(&mut self, clusters: Vec<Cluster>, is_tied: impl Fn(usize, usize) -> bool) {
        let mut taken_items = Taken::default();
        let mut taken_payments = Taken::default();
        for cluster in clusters {
            self.found.push(Together {
                items: self.items_of(&cluster).iter().map(|item| item.what).collect(),
                rows: self.payments_of(&cluster).iter().map(|payment| payment.row).collect(),
                tied: is_tied(cluster.items.len(), cluster.payments.len()),
            });
            taken_items.0.push(cluster.items);
            taken_payments.0.push(cluster.payments);
        }
        taken_items.remove_from(&mut self.items);
        taken_payments.remove_from(&mut self.payments);
    }
}

/// Ranges in ascending order.
#[derive(Default)]
struct Taken(Vec<Range<usize>>);

impl Taken {
    fn remove_from<E>(&self, list: &mut Vec<E>) {
        let mut ranges = self.0.iter().peekable();
        let mut place = 0_usize;
        list.retain(|_entry| {
            while ranges.next_if(|range| range.end <= place).is_some() {}
            let taken = ranges.peek().is_some_and(|range| range.contains(&place));
            place = place.saturating_add(1);
            !taken
        });
    }
}
