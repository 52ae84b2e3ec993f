//! Whether a page is complete, and what that means for the next page.

use super::fields::Tag;
use super::page::{Page, Stage};
use super::totals::{Side, Tally, Total};
use super::values::is_currency;
use crate::bankfile::details::StatementKind;
use crate::bankfile::error::BankFileError;
use crate::bankfile::fault::MessageFault;
use crate::bankfile::statement::Statement;

/// The end of a page, for the page that comes next.
#[derive(Debug)]
pub(super) struct Ended {
    account: String,
    number: Option<u64>,
    tally: Tally,
}

impl Ended {
    /// Whether a page that follows is of the same statement, as far as they say. A page without a
    /// number is.
    pub(super) fn is_same_statement(&self, next: &Statement) -> bool {
        let number = next.number.map(|number| number.statement);
        let differ = number.zip(self.number).is_some_and(|(next, before)| next != before);
        next.account.as_deref() == Some(&self.account) && !differ
    }
}

impl Page<'_, '_> {
    /// Checks that the page is complete. `before` is the page before it.
    pub(super) fn finish(mut self, before: Option<&Ended>) -> Result<Self, BankFileError> {
        let at = |line, reason| BankFileError::at(line, reason);
        self.end_movement();
        let in_the_middle = self.opening.is_some_and(|(_line, first)| !first);
        if self.statement.account.is_none() && in_the_middle {
            self.statement.account = before.map(|before| before.account.clone());
        }
        let Some(account) = self.statement.account.take() else {
            let fault = MessageFault::Missing("the statement names no account");
            return Err(at(self.line, fault.into()).in_column(Tag::Account.name()));
        };
        let interim = self.statement.details.kind == StatementKind::Interim;
        if self.stage == Stage::Header && !interim {
            let fault = "the statement has neither a balance nor a movement: it was cut off";
            return Err(at(self.line, MessageFault::Missing(fault).into()));
        }
        self.settle_currency(account);
        let before = before.filter(|before| before.is_same_statement(&self.statement));
        self.check_totals(before)?;
        let closes = self.closing.is_none_or(|(_line, last)| last);
        self.statement.details.partial = in_the_middle || !closes;
        Ok(self)
    }

    /// What the next page has to know about this one, which may itself continue `before`.
    pub(super) fn ended(&self, before: Option<&Ended>) -> Ended {
        let mut tally = self.tally.clone();
        if let Some(before) = before.filter(|before| before.is_same_statement(&self.statement)) {
            tally.add(&before.tally);
        }
        Ended {
            account: self.statement.account.clone().unwrap_or_default(),
            number: self.statement.number.map(|number| number.statement),
            tally,
        }
    }

    /// The totals are those of the page, or of the statement so far.
    fn check_totals(&self, before: Option<&Ended>) -> Result<(), BankFileError> {
        let so_far = before.map(|before| self.ended(Some(before)).tally);
        let check = |stated: &Option<Total>, side: Side| {
            let Some(stated) = stated else { return Ok(()) };
            let Err(reason) = self.tally.check(side, stated) else { return Ok(()) };
            match &so_far {
                Some(so_far) if so_far.check(side, stated).is_ok() => Ok(()),
                _ => Err(BankFileError::at(stated.line, reason).in_column(side.field())),
            }
        };
        check(&self.debits, Side::Debits)?;
        check(&self.credits, Side::Credits)
    }

    /// The currency that was stated, or that stands behind the account, or the settings'.
    fn settle_currency(&mut self, account: String) {
        let place = account.len().saturating_sub(3);
        let (number, suffix) = account.split_at_checked(place).unwrap_or((&account, ""));
        let number = number.strip_suffix(['/', ' ']).unwrap_or(number);
        let behind_number = number.ends_with(|letter: char| letter.is_ascii_digit());
        let known = self.currency.take();
        let named = match &known {
            Some(known) => suffix == known,
            None => is_currency(suffix) && behind_number,
        };
        if let Some(currency) = known.or_else(|| named.then(|| suffix.to_owned())) {
            self.statement.currency = currency;
        }
        let has_number = named && !number.is_empty();
        self.statement.account = Some(if has_number { number.to_owned() } else { account });
    }
}
