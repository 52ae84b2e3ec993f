//! The totals of an MT942: `:90D:` and `:90C:` say how many rows it lists and what they add up to.

use rust_decimal::Decimal;

use super::fields::Tag;
use super::movement::{Mark, Movement};
use super::values::currency;
use crate::bankfile::error::{Reason, quoted};
use crate::bankfile::fault::MessageFault;
use crate::bankfile::message::amount;

/// What the file states in one of the two fields.
#[derive(Clone, Debug)]
pub(super) struct Total {
    pub(super) line: u64,
    count: u64,
    pub(super) currency: Option<String>,
    sum: Decimal,
}

impl Total {
    /// Reads `3IDR110000,00`.
    pub(super) fn read(line: u64, text: &str) -> Result<Self, MessageFault> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, rest) = text.split_at_checked(digits).unwrap_or(("", text));
        let count = count.parse().map_err(|_not_a_number| MessageFault::Word {
            text: quoted(text),
            wanted: "a number of rows with their sum, as in `3IDR110000,00`,",
        })?;
        let (currency, rest) = currency(rest);
        Ok(Self { line, count, currency: currency.map(str::to_owned), sum: amount(rest, ',')? })
    }
}

/// What the rows come to, by mark.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    marks: [Sum; 6],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    count: u64,
    amount: Decimal,
}

impl Sum {
    fn plus(self, other: Self) -> Option<Self> {
        let amount = self.amount.checked_add(other.amount)?;
        Some(Self { count: self.count.checked_add(other.count)?, amount })
    }
}

/// Which rows a total is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// `:90D:`
    Debits,
    /// `:90C:`
    Credits,
}

impl Side {
    /// The field that states the total.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::Debits => Tag::Debits.name(),
            Self::Credits => Tag::Credits.name(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Debits => "debits",
            Self::Credits => "credits",
        }
    }

    /// The mark that always counts, and those that banks count or not: the rules for MT942 leave
    /// open where a reversal counts, and whether what is expected does.
    const fn marks(self) -> (Mark, [Mark; 3]) {
        match self {
            Self::Debits => {
                (Mark::Debit, [Mark::ReversedCredit, Mark::ReversedDebit, Mark::ExpectedDebit])
            }
            Self::Credits => {
                (Mark::Credit, [Mark::ReversedDebit, Mark::ReversedCredit, Mark::ExpectedCredit])
            }
        }
    }
}

impl Tally {
    /// Counts a row; `None` when the sum can't be held.
    pub(super) fn take(&mut self, movement: &Movement<'_>) -> Option<()> {
        let sum = self.marks.get_mut(place(movement.mark))?;
        *sum = sum.plus(Sum { count: 1, amount: movement.amount })?;
        Some(())
    }

    /// Counts the rows of another page; a sum that can't be held is left as it is.
    pub(super) fn add(&mut self, other: &Self) {
        for (sum, other) in self.marks.iter_mut().zip(other.marks) {
            *sum = sum.plus(other).unwrap_or(*sum);
        }
    }

    /// What is stated has to be what the rows come to.
    pub(super) fn check(&self, side: Side, stated: &Total) -> Result<(), Reason> {
        let (always, perhaps) = side.marks();
        let mut sums = vec![self.of(always)];
        for mark in perhaps {
            let with: Vec<_> = sums.iter().filter_map(|sum| sum.plus(self.of(mark))).collect();
            sums.extend(with);
        }
        let wanted = Sum { count: stated.count, amount: stated.sum };
        if sums.contains(&wanted) {
            return Ok(());
        }
        // The first reversal is the one that has this effect on the balance.
        let [same_effect, ..] = perhaps;
        let found = self.of(always).plus(self.of(same_effect)).unwrap_or_default();
        if found.amount == wanted.amount {
            let (stated, found) = (stated.count, found.count);
            return Err(MessageFault::Count { what: side.name(), stated, found }.into());
        }
        let (stated, sum) = (wanted.amount.to_string(), found.amount.to_string());
        Err(Reason::TotalDiffers { stated, sum })
    }

    fn of(&self, mark: Mark) -> Sum {
        self.marks.get(place(mark)).copied().unwrap_or_default()
    }
}

const fn place(mark: Mark) -> usize {
    match mark {
        Mark::Credit => 0,
        Mark::Debit => 1,
        Mark::ReversedCredit => 2,
        Mark::ReversedDebit => 3,
        Mark::ExpectedCredit => 4,
        Mark::ExpectedDebit => 5,
    }
}
