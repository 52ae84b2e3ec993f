//! Which items and which payments lie close enough in time to belong together.

use std::ops::{Range, RangeInclusive};

use super::terms::PAID_WITHIN_DAYS;

/// How many days after its business date an item may be paid.
pub(super) type Window = RangeInclusive<i32>;

/// The days within which everything is paid.
pub(super) fn whole_window() -> Window {
    0..=i32::try_from(PAID_WITHIN_DAYS).unwrap_or(i32::MAX)
}

/// Items and payments that hang together: each payment of a cluster could pay one of its items, and
/// no payment outside could.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cluster {
    pub(super) items: Range<usize>,
    pub(super) payments: Range<usize>,
}

/// The clusters of items and payments, given by their days in ascending order. What is in none has
/// nothing on the other side.
pub(super) fn clusters(items: &[i32], payments: &[i32], window: &Window) -> Vec<Cluster> {
    let mut found: Vec<Cluster> = Vec::new();
    let (mut first, mut end) = (0, 0);
    for (place, paid) in payments.iter().enumerate() {
        let oldest = paid.saturating_sub(*window.end());
        let newest = paid.saturating_sub(*window.start());
        while items.get(first).is_some_and(|day| *day < oldest) {
            first = first.saturating_add(1);
        }
        while items.get(end).is_some_and(|day| *day <= newest) {
            end = end.saturating_add(1);
        }
        if first >= end {
            continue;
        }
        let after = place.saturating_add(1);
        match found.last_mut() {
            Some(last) if first < last.items.end => {
                last.items.end = end;
                last.payments.end = after;
            }
            _ => found.push(Cluster { items: first..end, payments: place..after }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_belong_together_is_one_cluster() {
        let found = clusters(&[1, 2, 9, 20], &[3, 5, 9, 12, 30], &(0..=3));
        assert_eq!(
            found,
            [Cluster { items: 0..2, payments: 0..2 }, Cluster { items: 2..3, payments: 2..4 }]
        );
        assert_eq!(
            clusters(&[1, 2], &[2, 3], &(1..=1)),
            [Cluster { items: 0..1, payments: 0..1 }, Cluster { items: 1..2, payments: 1..2 }]
        );
        assert!(clusters(&[5], &[4], &(0..=3)).is_empty());
        assert!(clusters(&[], &[4], &(0..=3)).is_empty());
    }
}
