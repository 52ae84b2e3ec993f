//! What may be asked of the ledger, and of the model.

use crate::chance::Chance;

/// Families, each with a card.
pub(super) const FAMILIES: usize = 4;

/// What is bought, as lines of goods, and what comes of it where nothing else is in the way: rupiah,
/// or the refusal.
pub(super) const BASKETS: [(&str, Result<i64, &str>); 9] = [
    ("rice premium 2 kg 12500", Ok(25_000)),
    ("rice medium 0.5 kg 9001 + eggs 3 piece 2000", Ok(10_500)),
    ("eggs 1 tray 45000", Ok(45_000)),
    ("eggs 0.25 kg 24001", Ok(6_000)),
    ("eggs 60 piece 2000", Ok(120_000)),
    ("sugar 1 kg 14000", Err("commodity_not_allowed")),
    ("eggs 1 piece 2000 + rice premium 1 kg 12801", Err("price_above_ceiling")),
    ("eggs 0.5 piece 2000 + rice medium 1 kg 9451", Err("quantity_invalid")),
    ("eggs 1 piece 0", Err("amount_invalid")),
];

/// So many of them are allowed and not dear.
const CHEAP: usize = 4;

/// One command. Numbers are places: of cards, tills, banks, baskets, earlier purchases.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    /// A purchase under a new key.
    Buy { card: usize, till: usize, basket: usize, right_pin: bool },
    /// An earlier request once more.
    Again { purchase: usize },
    /// Another basket under the key of an earlier request.
    OtherBody { purchase: usize },
    /// A purchase is taken back under a new key.
    TakeBack { purchase: usize },
    /// The purchase's last reversal once more, with its key.
    TakeBackAgain { purchase: usize },
    /// A question for the balance.
    Inquire { card: usize, till: usize, right_pin: bool },
    /// The bank blocks a card.
    Block { card: usize },
    /// The bank unblocks a card.
    Unblock { card: usize },
    /// A bank closes its day.
    Close { bank: usize },
    /// Money for a month arrives, and the month is credited.
    Credit { month: usize },
    /// A bank's statement of its last closed day from one of its rows on, with what was not paid before; of
    /// a new payment a part is missing where `short`. What differs then is decided.
    Statement { short: bool, from: usize, accepts: bool },
    /// A node is stopped and started again, with a clock that was set by so many hours meanwhile.
    Restart { hours: i64 },
    /// The clock is set by so many hours while the service runs, and set right again.
    SetClock { hours: i64 },
}

/// Whole hours, so that it is never near midnight.
const HOURS: [i64; 9] = [0, 0, 4, 24, 24, 50, -5, -30, -71];

impl Operation {
    /// One that is possible after so many purchases, of which these were approved.
    pub(super) fn any(chance: &mut Chance, purchases: usize, approved: &[usize]) -> Self {
        // One card sees more than the others, so that things happen to it one after the other.
        let card = if chance.one_in(2) { 0 } else { chance.below(FAMILIES) };
        let (till, right_pin) = (chance.below(4), !chance.one_in(6));
        match chance.below(if purchases == 0 { 20 } else { 35 }) {
            0..=7 => {
                let most = if chance.one_in(3) { BASKETS.len() } else { CHEAP };
                Self::Buy { card, till, basket: chance.below(most), right_pin }
            }
            8 => Self::Inquire { card, till, right_pin },
            9 if chance.one_in(2) => Self::Block { card },
            9..=11 => Self::Unblock { card },
            12 => Self::Close { bank: chance.below(2) },
            13..=15 => Self::Credit { month: chance.below(4) },
            16 => Self::Restart { hours: *chance.pick(&HOURS) },
            17 => Self::SetClock { hours: *chance.pick(&[-50, -1, 1, 30]) },
            18..=19 => {
                let (short, accepts) = (chance.one_in(2), chance.one_in(2));
                Self::Statement { short, from: chance.below(4), accepts }
            }
            20..=23 => Self::Again { purchase: chance.below(purchases) },
            24..=25 => Self::OtherBody { purchase: chance.below(purchases) },
            other => {
                let any = approved.is_empty() || chance.one_in(6);
                let purchase = if any { chance.below(purchases) } else { *chance.pick(approved) };
                if other < 31 {
                    Self::TakeBack { purchase }
                } else {
                    Self::TakeBackAgain { purchase }
                }
            }
        }
    }
}
