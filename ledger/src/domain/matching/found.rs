//! What a row's texts name: references, numbers, codes.

use super::words::Marks;
use crate::domain::settlement::SettlementReference;
use crate::domain::short::ShortText;

/// A few different things, in the order in which they were found. What is beyond four is left out:
/// whoever asks for one, or whether there are more, need not know it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Few<T> {
    items: [Option<T>; 4],
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { items: [None, None, None, None] }
    }
}

impl<T: Copy + PartialEq> Few<T> {
    pub(super) fn of(items: impl Iterator<Item = T>) -> Self {
        let mut few = Self::default();
        items.for_each(|item| {
            few.add(item);
        });
        few
    }

    /// Adds something, if it is not there yet; whether it is there now.
    pub(super) fn add(&mut self, item: T) -> bool {
        for place in &mut self.items {
            match place {
                Some(known) if *known == item => return true,
                Some(_) => {}
                None => {
                    *place = Some(item);
                    return true;
                }
            }
        }
        false
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = T> {
        self.items.into_iter().flatten()
    }

    pub(super) fn contains(&self, item: T) -> bool {
        self.iter().any(|known| known == item)
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self.items, [None, ..])
    }

    /// None, one, or more than one.
    pub(super) fn count(&self) -> Count<T> {
        match self.items {
            [None, ..] => Count::None,
            [Some(only), None, ..] => Count::One(only),
            [Some(_), Some(_), ..] => Count::More,
        }
    }
}

/// How many different things there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count<T> {
    None,
    One(T),
    More,
}

/// What a row's texts name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// Settlement references by their form, ours or not.
    pub(super) references: Few<SettlementReference>,
    /// Retrieval references of redemptions that the ledger knows.
    pub(super) numbers: Few<u64>,
    /// Settlements whose number at the bank the texts carry.
    pub(super) settlements: Few<SettlementReference>,
    /// Words that could be codes.
    pub(super) codes: Few<ShortText>,
    /// Those that are merchants' codes.
    pub(super) merchants: Few<ShortText>,
    /// Those that are terminals' codes.
    pub(super) terminals: Few<ShortText>,
    pub(super) marks: Marks,
}
