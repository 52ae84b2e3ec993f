//! `Bal`: which of a statement's balances open and close it.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Fault;
use super::names::Name;
use super::values::{Money, date, day_of_time, direction, money};
use crate::domain::matching::Direction;

/// The balances that are used, and the one that is being read.
#[derive(Debug, Default)]
pub(super) struct Balances {
    open: Partial,
    /// `OPBD`, the earliest one.
    opening: Option<Balance>,
    /// `PRCD`, the earliest one.
    previous: Option<Balance>,
    /// `CLBD`, the latest one.
    closing: Option<Balance>,
    /// `CLAV`, the latest one.
    available: Option<Balance>,
    /// `ITBD`, the first and the last one, at which pages end and begin.
    interim: Option<(Balance, Balance)>,
}

/// A balance of which not everything is known.
#[derive(Debug, Default)]
struct Partial {
    kind: String,
    money: Option<Money>,
    direction: Option<Direction>,
    date: Option<NaiveDate>,
}

/// A balance.
#[derive(Clone, Debug)]
pub(super) struct Balance {
    /// The line on which it ends.
    pub(super) line: u64,
    pub(super) currency: String,
    /// Below zero when it is a debit.
    pub(super) amount: Decimal,
    date: Option<NaiveDate>,
}

/// What a statement begins and ends with.
#[derive(Debug, Default)]
pub(super) struct Ends {
    pub(super) opening: Option<Balance>,
    pub(super) closing: Option<Balance>,
    /// Whether one of them is the balance between two pages.
    pub(super) partial: bool,
}

impl Balances {
    /// Takes the contents of `Bal`.
    pub(super) fn leaf(
        &mut self,
        path: &[Name],
        text: &str,
        currency: Option<&str>,
    ) -> Result<(), Fault> {
        match path {
            [Name::Tp, Name::CdOrPrtry, Name::Cd | Name::Prtry] | [Name::Tp, Name::Cd] => {
                text.clone_into(&mut self.open.kind);
            }
            [Name::Amt] => self.open.money = Some(money(text, currency)?),
            [Name::CdtDbtInd] => self.open.direction = Some(direction(text)?),
            [Name::Dt, Name::Dt] => self.open.date = Some(date(text)?),
            [Name::Dt, Name::DtTm] => self.open.date = Some(day_of_time(text)?),
            _ => {}
        }
        Ok(())
    }

    /// The balance has ended on this line.
    pub(super) fn end(&mut self, line: u64) -> Result<(), Fault> {
        let Partial { kind, money, direction, date } = std::mem::take(&mut self.open);
        if !matches!(kind.as_str(), "OPBD" | "PRCD" | "CLBD" | "CLAV" | "ITBD") {
            return Ok(());
        }
        let (Some(Money { mut amount, currency }), Some(direction)) = (money, direction) else {
            return Err(Fault::Missing("the balance lacks its amount (`Amt`) or its `CdtDbtInd`"));
        };
        amount.set_sign_negative(direction == Direction::Debit && !amount.is_zero());
        let found = Balance { line, currency, amount, date };
        match kind.as_str() {
            "OPBD" => earliest(&mut self.opening, found),
            "PRCD" => earliest(&mut self.previous, found),
            "CLBD" => latest(&mut self.closing, found),
            "CLAV" => latest(&mut self.available, found),
            _ => match &mut self.interim {
                Some((_first, last)) => *last = found,
                interim @ None => *interim = Some((found.clone(), found)),
            },
        }
        Ok(())
    }

    /// The balance that can be drawn on, in the statement's currency.
    pub(super) fn available(&self, currency: &str) -> Option<Decimal> {
        let available = self.available.as_ref();
        available.filter(|balance| balance.currency == currency).map(|balance| balance.amount)
    }

    /// The currency of the balances.
    pub(super) fn currency(&self) -> Option<&str> {
        let known = [&self.opening, &self.previous, &self.closing].into_iter().flatten().next();
        known.map(|balance| balance.currency.as_str())
    }

    /// The balances that the statement begins and ends with. An interim balance replaces one that
    /// a page lacks; `pages` says whether the message may be one of several.
    pub(super) fn ends(&self, pages: bool) -> Ends {
        let opening = self.opening.as_ref().or(self.previous.as_ref());
        let closing = self.closing.as_ref();
        let (first, last) = match &self.interim {
            Some((first, last)) if pages => (Some(first), Some(last)),
            _ => (None, None),
        };
        // With neither end stated, one balance alone could be either.
        let alone = opening.is_none()
            && closing.is_none()
            && first.map(|first| first.line) == last.map(|last| last.line);
        let (first, last) = if alone { (None, None) } else { (first, last) };
        let partial =
            (opening.is_none() && first.is_some()) || (closing.is_none() && last.is_some());
        Ends { opening: opening.or(first).cloned(), closing: closing.or(last).cloned(), partial }
    }
}

fn earliest(kept: &mut Option<Balance>, found: Balance) {
    if kept.as_ref().is_none_or(|kept| found.date < kept.date) {
        *kept = Some(found);
    }
}

fn latest(kept: &mut Option<Balance>, found: Balance) {
    if kept.as_ref().is_none_or(|kept| found.date >= kept.date) {
        *kept = Some(found);
    }
}
