//! Sums of a matching: by status, and the control line that accounts for every rupiah that moved.

use rust_decimal::Decimal;

use super::outcome::Matching;
use super::status::MatchStatus;
use crate::domain::money::Rupiah;

/// The sums of one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchTotal {
    /// The status that is summed up.
    pub status: MatchStatus,
    /// How many outcomes have it.
    pub outcomes: usize,
    /// What the ledger expects in them; `None` if it can't be held.
    pub ledger: Option<Rupiah>,
    /// What the bank paid in them; `None` if it can't be held.
    pub bank: Option<Decimal>,
}

/// What the statements moved, and what it was: the parts add up to the movement, to the sen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// What all rows moved, each counted once.
    pub movement: Decimal,
    /// Credits of what is closed, without those that were taken back.
    pub paid: Decimal,
    /// Fees of what is closed, below zero.
    pub fees: Decimal,
    /// What is held: rows with a key, or what is tied, that is not closed.
    pub held: Decimal,
    /// Rows that were taken back, with those that took them back: zero.
    pub reversed: Decimal,
    /// Credits that nothing in the ledger answers to.
    pub bank_only: Decimal,
    /// Interest, the account's own fees, other money.
    pub out_of_scope: Decimal,
}

impl Control {
    /// The parts, in the order in which they are shown.
    pub const fn parts(&self) -> [(&'static str, Decimal); 6] {
        [
            ("paid", self.paid),
            ("fees", self.fees),
            ("held", self.held),
            ("reversed", self.reversed),
            ("bank_only", self.bank_only),
            ("out_of_scope", self.out_of_scope),
        ]
    }

    /// Whether the parts add up to the movement.
    pub fn holds(&self) -> bool {
        sum(self.parts().into_iter().map(|(_name, part)| part)) == Some(self.movement)
    }
}

/// The sums as they grow, outcome by outcome.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    totals: Vec<MatchTotal>,
    /// `None` once a sum can't be held.
    control: Option<Control>,
}

/// What is summed up of an outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amounts {
    pub(super) due: Option<Rupiah>,
    pub(super) paid: Option<Decimal>,
    pub(super) fees: Option<Decimal>,
}

impl Default for Sums {
    fn default() -> Self {
        let empty = |status| MatchTotal {
            status,
            outcomes: 0,
            ledger: Some(Rupiah::ZERO),
            bank: Some(Decimal::ZERO),
        };
        let totals = MatchStatus::ALL.into_iter().map(empty).collect();
        Self { totals, control: Some(Control::default()) }
    }
}

impl Sums {
    /// Adds so many outcomes of one status.
    pub(super) fn add(&mut self, status: MatchStatus, outcomes: usize, amounts: Amounts) {
        if let Some(total) = self.totals.iter_mut().find(|total| total.status == status) {
            total.outcomes = total.outcomes.saturating_add(outcomes);
            total.ledger = plus(total.ledger, amounts.due, Rupiah::checked_add);
            total.bank = plus(total.bank, amounts.paid, Decimal::checked_add);
        }
        self.control = self.control.and_then(|control| control.with(status, amounts));
    }
}

impl Matching {
    /// The sums of each status, in the order of [`MatchStatus::ALL`], empty ones too.
    pub fn totals(&self) -> &[MatchTotal] {
        &self.sums.totals
    }

    /// The control line; `None` when a sum can't be held.
    pub fn control(&self) -> Option<Control> {
        Some(Control { movement: self.movement?, ..self.sums.control? })
    }
}

/// The sum of amounts; `None` if it can't be held.
pub(super) fn sum(mut amounts: impl Iterator<Item = Decimal>) -> Option<Decimal> {
    amounts.try_fold(Decimal::ZERO, Decimal::checked_add)
}

fn plus<T>(sum: Option<T>, more: Option<T>, add: impl Fn(T, T) -> Option<T>) -> Option<T> {
    add(sum?, more?)
}

impl Control {
    fn with(mut self, status: MatchStatus, amounts: Amounts) -> Option<Self> {
        let mut amount = amounts.paid?;
        let part = match status {
            // With nothing due, what came went back again.
            MatchStatus::Matched | MatchStatus::MatchedWithFee if amounts.due?.is_zero() => {
                &mut self.reversed
            }
            MatchStatus::Matched => &mut self.paid,
            MatchStatus::MatchedWithFee => {
                let fees = amounts.fees?;
                self.fees = self.fees.checked_sub(fees)?;
                amount = amount.checked_add(fees)?;
                &mut self.paid
            }
            MatchStatus::BankOnly => &mut self.bank_only,
            MatchStatus::OutOfScope => &mut self.out_of_scope,
            MatchStatus::PendingBank
            | MatchStatus::LedgerOnly
            | MatchStatus::AmountDiffers
            | MatchStatus::FeeDiffers
            | MatchStatus::DuplicateInBank
            | MatchStatus::DuplicateInLedger
            | MatchStatus::ReversalUnpaired
            | MatchStatus::WrongMerchant
            | MatchStatus::OutOfWindow
            | MatchStatus::Ambiguous
            | MatchStatus::KeyConflict => &mut self.held,
        };
        *part = part.checked_add(amount)?;
        Some(self)
    }
}
