//! `TxsSummry`: how many entries a statement says it has and what they add up to, against those
//! that are there.

use rust_decimal::Decimal;

use super::Fault;
use super::entry::{Entry, Status};
use super::names::Name;
use super::values::{count, plain_amount};
use crate::bankfile::error::Reason;
use crate::domain::matching::Direction;

/// What is stated and what is there.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// The line on which the totals stand.
    pub(super) line: u64,
    all: Stated,
    credits: Stated,
    debits: Stated,
    booked: Tally,
    listed: Tally,
}

#[derive(Debug, Default)]
struct Stated {
    count: Option<u64>,
    sum: Option<Decimal>,
}

#[derive(Debug, Default)]
struct Tally {
    credits: Sum,
    debits: Sum,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: u64,
    amount: Decimal,
}

impl Summary {
    /// Takes the contents of `TxsSummry`.
    pub(super) fn leaf(&mut self, path: &[Name], text: &str, line: u64) -> Result<(), Fault> {
        self.line = line;
        let (stated, part) = match path {
            [Name::TtlNtries, part @ ..] => (&mut self.all, part),
            [Name::TtlCdtNtries, part @ ..] => (&mut self.credits, part),
            [Name::TtlDbtNtries, part @ ..] => (&mut self.debits, part),
            _ => return Ok(()),
        };
        match part {
            [Name::NbOfNtries] => stated.count = Some(count(text)?),
            [Name::Sum] => stated.sum = Some(plain_amount(text)?),
            _ => {}
        }
        Ok(())
    }

    /// Counts an entry that was read.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<(), Reason> {
        let (Some(money), Some(direction)) = (&entry.money, entry.direction) else { return Ok(()) };
        let booked = (entry.status == Some(Status::Booked)).then_some(&mut self.booked);
        for tally in [Some(&mut self.listed), booked].into_iter().flatten() {
            let sum = match direction {
                Direction::Credit => &mut tally.credits,
                Direction::Debit => &mut tally.debits,
            };
            sum.count = sum.count.checked_add(1).ok_or(Reason::TooLarge)?;
            sum.amount = sum.amount.checked_add(money.amount).ok_or(Reason::TooLarge)?;
        }
        Ok(())
    }

    /// What is stated has to be there: of the booked entries, or of all that are listed.
    pub(super) fn check(&self) -> Result<(), Reason> {
        let counts = |tally: &Tally| tally.credits.count.saturating_add(tally.debits.count);
        let (booked, listed) = (counts(&self.booked), counts(&self.listed));
        if let Some(stated) = self.all.count.filter(|stated| ![booked, listed].contains(stated)) {
            return Err(Fault::Count { what: "entries", stated, found: listed }.into());
        }
        compare(&self.credits, [self.booked.credits, self.listed.credits], "credits")?;
        compare(&self.debits, [self.booked.debits, self.listed.debits], "debits")
    }
}

fn compare(stated: &Stated, found: [Sum; 2], what: &'static str) -> Result<(), Reason> {
    let [booked, listed] = found;
    let counts = |sum: &Sum| stated.count.is_none_or(|count| count == sum.count);
    let adds_up = |sum: &Sum| stated.sum.is_none_or(|amount| amount == sum.amount);
    if found.iter().any(|sum| counts(sum) && adds_up(sum)) {
        return Ok(());
    }
    match stated.count {
        Some(stated) if ![booked.count, listed.count].contains(&stated) => {
            Err(Fault::Count { what, stated, found: listed.count }.into())
        }
        _ => Err(Reason::TotalDiffers {
            stated: stated.sum.unwrap_or_default().to_string(),
            sum: booked.amount.to_string(),
        }),
    }
}
