//! What the server acknowledged, purchase by purchase, to be compared with what it has at the end.

use crate::request::Id;

/// How an acknowledged purchase should stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Approved, and nobody asked for more.
    Approved,
    /// A reversal of it was acknowledged.
    Reversed,
    /// A reversal of it was asked for and never answered.
    Unclear,
}

/// An acknowledged purchase.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Receipt {
    /// The redemption's id.
    pub(crate) id: Id,
    /// In rupiah.
    pub(crate) amount: u32,
    /// The card's place in the deck.
    pub(crate) card: usize,
    /// How it should stand.
    pub(crate) standing: Standing,
}

/// How many there were of something, and their amount in rupiah.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Sum {
    /// How many.
    pub(crate) count: u64,
    /// In rupiah.
    pub(crate) amount: u64,
}

impl Sum {
    /// Counts one more.
    pub(crate) fn add(&mut self, amount: u32) {
        self.count = self.count.saturating_add(1);
        self.amount = self.amount.saturating_add(amount.into());
    }
}

/// Everything that was acknowledged, in the warm-up too.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    list: Vec<Receipt>,
    /// Purchases whose outcome is not known.
    pub(crate) unknown: Sum,
}

impl Receipts {
    /// Keeps an approved purchase and says where.
    pub(crate) fn add(&mut self, id: Id, card: usize, amount: u32) -> usize {
        self.list.push(Receipt { id, amount, card, standing: Standing::Approved });
        self.list.len().saturating_sub(1)
    }

    /// The receipt at this place.
    pub(crate) fn get(&self, place: usize) -> Option<&Receipt> {
        self.list.get(place)
    }

    /// Says how the purchase at this place should stand from now on.
    pub(crate) fn set(&mut self, place: usize, standing: Standing) {
        if let Some(receipt) = self.list.get_mut(place) {
            receipt.standing = standing;
        }
    }

    /// All that were acknowledged, whatever became of them.
    pub(crate) fn acknowledged(&self) -> Sum {
        self.sum(|_| true)
    }

    /// Those that should stand like this.
    pub(crate) fn standing(&self, standing: Standing) -> Sum {
        self.sum(|receipt| receipt.standing == standing)
    }

    /// All of them by their ids.
    pub(crate) fn by_id(&self) -> Vec<Receipt> {
        let mut list = self.list.clone();
        list.sort_unstable_by_key(|receipt| receipt.id);
        list
    }

    fn sum(&self, of: impl Fn(&Receipt) -> bool) -> Sum {
        let mut sum = Sum::default();
        self.list.iter().filter(|receipt| of(receipt)).for_each(|receipt| sum.add(receipt.amount));
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_are_summed_by_their_standing() {
        let mut receipts = Receipts::default();
        let places = [(b'c', 10), (b'a', 20), (b'b', 30)]
            .map(|(letter, amount)| receipts.add([letter; 26], 0, amount));
        receipts.set(places[1], Standing::Reversed);
        assert_eq!(receipts.acknowledged(), Sum { count: 3, amount: 60 });
        assert_eq!(receipts.standing(Standing::Reversed), Sum { count: 1, amount: 20 });
        assert_eq!(receipts.standing(Standing::Unclear), Sum::default());
        let ids = receipts.by_id().iter().map(|receipt| receipt.id[0]).collect::<Vec<_>>();
        assert_eq!(ids, b"abc");
    }
}
