//! Rows and the rows that take them back.

use rust_decimal::Decimal;

use super::bank_side::RowData;
use super::identify::is_in_time;

/// A row as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dated {
    pub(super) account: u32,
    pub(super) amount: Decimal,
    pub(super) day: i32,
    pub(super) row: u32,
}

impl Dated {
    /// A row at its place.
    pub(super) const fn of(row: u32, data: &RowData) -> Self {
        Self { account: data.account, amount: data.amount, day: data.day, row }
    }
}

/// Which rows were taken back, by which, and what is left on both sides.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs {
    pub(super) told: Vec<(u32, u32)>,
    pub(super) originals: Vec<Dated>,
    pub(super) reversals: Vec<Dated>,
}

/// Pairs each reversal with the latest row of the same account and amount that is not later and at
/// most three days earlier. Both sides come in the order of their days; equal rows of one day are
/// taken in the order given.
pub(super) fn paired(mut originals: Vec<Dated>, mut reversals: Vec<Dated>) -> Pairs {
    let mut found = Pairs::default();
    if originals.is_empty() || reversals.is_empty() {
        found.originals = originals;
        found.reversals = reversals;
        return found;
    }
    let alike = |row: &Dated| (row.account, row.amount, row.day);
    originals.sort_by_key(alike);
    reversals.sort_by_key(alike);
    let mut waiting = originals.into_iter().peekable();
    let mut open: Vec<Dated> = Vec::new();
    for reversal in reversals {
        while let Some(original) = waiting.next_if(|row| alike(row) <= alike(&reversal)) {
            open.push(original);
        }
        let fits = |row: &Dated| {
            (row.account, row.amount) == (reversal.account, reversal.amount)
                && is_in_time(row.day, reversal.day)
        };
        if open.last().is_some_and(fits) {
            found.told.extend(open.pop().map(|original| (original.row, reversal.row)));
        } else {
            found.reversals.push(reversal);
        }
    }
    found.originals = open;
    found.originals.extend(waiting);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(row: u32, day: i32, amount: i64) -> Dated {
        Dated { account: 0, amount: Decimal::from(amount), day, row }
    }

    #[test]
    fn a_reversal_takes_the_latest_row_of_its_amount_within_three_days() {
        let found = paired(
            vec![row(0, 1, 5), row(1, 2, 5), row(2, 2, 7), row(3, 9, 5)],
            vec![row(4, 2, 5), row(5, 4, 5), row(6, 8, 5), row(7, 6, 7)],
        );
        assert_eq!(found.told, [(1, 4), (0, 5)]);
        let left: Vec<u32> = found.originals.iter().map(|row| row.row).collect();
        assert_eq!(left, [3, 2]);
        let unpaired: Vec<u32> = found.reversals.iter().map(|row| row.row).collect();
        assert_eq!(unpaired, [6, 7]);
    }

    #[test]
    fn another_account_is_another_row() {
        let other = Dated { account: 1, ..row(1, 1, 5) };
        assert!(paired(vec![row(0, 1, 5)], vec![other]).told.is_empty());
    }
}
