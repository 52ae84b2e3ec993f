//! The ledger's lines brought into order and tied together, once all are there.

use super::index::{NONE, at, at_mut, places};
use super::ledger_side::{LedgerSide, Map, Settlement, Stand};
use super::outcome::Unit;
use crate::domain::settlement::SettlementReference;
use crate::domain::short::ShortText;

/// What a code in a bank's text can name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Named {
    pub(super) merchant: bool,
    pub(super) terminal: bool,
}

impl LedgerSide {
    /// Brings the lines into order and ties them together, once all are there.
    pub(super) fn link(&mut self) {
        self.sort_settlements();
        self.order_repeated_redemptions();
        let mut last = None;
        for (line, place) in self.redemptions.iter_mut().zip(0..) {
            let Some(of) = line.settlement else { continue };
            // Redemptions mostly come settlement by settlement.
            let found = match last {
                Some((reference, found)) if reference == of => found,
                _ => place_of(&self.settlements, of),
            };
            last = Some((of, found));
            let Some(settlement) = found else { continue };
            line.part_of = settlement;
            if line.stand == Stand::Alone {
                line.stand = Stand::Within;
            }
            if let Some(settlement) = at_mut(&mut self.settlements, settlement) {
                line.of_settlement = std::mem::replace(&mut settlement.redemptions, place);
            }
        }
    }

    /// The lines of each merchant, which is only needed where rows name merchants.
    pub(super) fn by_merchant(&self) -> Vec<(ShortText, Unit)> {
        let settlements = self.settlements.iter().map(|line| line.merchant);
        let settlements = settlements.zip((0..).map(Unit::Settlement));
        let redemptions = self.redemptions.iter().map(|line| line.merchant);
        let redemptions = redemptions.zip((0..).map(Unit::Redemption));
        let mut lines: Vec<_> = settlements.chain(redemptions).collect();
        lines.sort_unstable();
        lines
    }

    /// The codes of merchants and terminals.
    pub(super) fn names(&self) -> Map<ShortText, Named> {
        let mut names: Map<ShortText, Named> = Map::default();
        for line in &self.settlements {
            names.entry(line.merchant).or_default().merchant = true;
        }
        for line in &self.redemptions {
            names.entry(line.merchant).or_default().merchant = true;
            if let Some(terminal) = line.terminal {
                names.entry(terminal).or_default().terminal = true;
            }
        }
        names
    }

    /// Orders settlements by reference. Where several share one, the first stands for all.
    fn sort_settlements(&mut self) {
        if !self.settlements.is_sorted_by_key(|line| line.reference) {
            let mut order: Vec<(SettlementReference, u32)> =
                self.settlements.iter().map(|line| line.reference).zip(0..).collect();
            order.sort_unstable();
            let lines = order.iter().filter_map(|(_key, place)| at(&self.settlements, *place));
            self.settlements = lines.cloned().collect();
        }
        for same in self.settlements.chunk_by_mut(|one, other| one.reference == other.reference) {
            if same.len() > 1 {
                same.sort_by_key(|line| (line.merchant, line.amount, line.day));
                for (place, line) in same.iter_mut().enumerate() {
                    line.stand = if place == 0 { Stand::First } else { Stand::Repeated };
                }
            }
        }
    }

    /// Of redemptions with one key, lets the least stand for the others, so that it does not matter
    /// which was added first.
    fn order_repeated_redemptions(&mut self) {
        for place in places(&self.redemptions) {
            let Some(line) = at(&self.redemptions, place) else { continue };
            if line.stand == Stand::Alone && line.same != NONE {
                let least = self.least_of(place);
                swap(&mut self.redemptions, place, least, |one, other| {
                    std::mem::swap(&mut one.same, &mut other.same);
                    std::mem::swap(&mut one.of_number, &mut other.of_number);
                    std::mem::swap(&mut one.stand, &mut other.stand);
                });
            }
        }
    }

    fn least_of(&self, first: u32) -> u32 {
        let (mut least, mut key, mut place) = (first, None, first);
        while let Some(line) = at(&self.redemptions, place) {
            let known = line.settlement.filter(|of| place_of(&self.settlements, *of).is_some());
            let found = (known, line.merchant, line.amount, line.reversed);
            if key.as_ref().is_none_or(|key| found < *key) {
                (least, key) = (place, Some(found));
            }
            place = line.same;
        }
        least
    }

    /// The settlement with a reference; the first where several share it.
    pub(super) fn settlement(&self, reference: SettlementReference) -> Option<u32> {
        place_of(&self.settlements, reference)
    }
}

/// The first of the settlements in order that has a reference.
fn place_of(settlements: &[Settlement], reference: SettlementReference) -> Option<u32> {
    let place = settlements.partition_point(|line| line.reference < reference);
    let found = settlements.get(place)?;
    (found.reference == reference).then_some(u32::try_from(place).ok()?)
}

/// Swaps what stands at two places, but for what `keep` swaps back.
fn swap<T>(list: &mut [T], one: u32, other: u32, keep: impl Fn(&mut T, &mut T)) {
    let (Ok(one), Ok(other)) = (usize::try_from(one), usize::try_from(other)) else { return };
    if one != other
        && let Ok([first, second]) = list.get_disjoint_mut([one, other])
    {
        std::mem::swap(first, second);
        keep(first, second);
    }
}
