//! Charges, of an entry or of one of its transactions.

use rust_decimal::Decimal;

use super::Fault;
use super::names::Name;
use super::values::{Money, direction, flag, money};
use crate::bankfile::details::Charge;
use crate::domain::matching::Direction;

/// The charges so far.
#[derive(Debug, Default)]
pub(super) struct Charges {
    pub(super) found: Vec<Charge>,
    open: Partial,
}

/// A charge of which not everything is known.
#[derive(Debug, Default)]
struct Partial {
    money: Option<Money>,
    direction: Option<Direction>,
    included: Option<bool>,
}

impl Charges {
    /// Takes the contents of `Chrgs`; up to version .02 it is one charge, later it holds records.
    pub(super) fn leaf(
        &mut self,
        path: &[Name],
        text: &str,
        currency: Option<&str>,
    ) -> Result<(), Fault> {
        match path {
            [Name::Rcrd, Name::Amt] | [Name::Amt] => self.open.money = Some(money(text, currency)?),
            [Name::Rcrd, Name::CdtDbtInd] | [Name::CdtDbtInd] => {
                self.open.direction = Some(direction(text)?);
            }
            [Name::Rcrd, Name::ChrgInclInd] => self.open.included = Some(flag(text)?),
            _ => {}
        }
        Ok(())
    }

    /// A record, or all of `Chrgs`, has ended.
    pub(super) fn end(&mut self) {
        let Partial { money, direction, included } = std::mem::take(&mut self.open);
        if let Some(Money { amount, currency }) = money.filter(|money| !money.amount.is_zero()) {
            let direction = direction.unwrap_or(Direction::Debit);
            self.found.push(Charge { amount, currency, direction, included });
        }
    }
}

/// What charges take from the account, given back ones taken off; `None` when it can't be held or
/// one is in another currency.
pub(super) fn taken<'c>(
    charges: impl IntoIterator<Item = &'c Charge>,
    currency: &str,
) -> Option<Decimal> {
    charges.into_iter().try_fold(Decimal::ZERO, |sum, charge| {
        let same = charge.currency == currency;
        let sum = match charge.direction {
            Direction::Debit => sum.checked_add(charge.amount),
            Direction::Credit => sum.checked_sub(charge.amount),
        };
        sum.filter(|_sum| same)
    })
}
