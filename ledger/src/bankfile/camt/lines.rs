//! From an entry to the rows of the statement: one row, or one for each transaction of a batch.

use rust_decimal::Decimal;

use super::Fault;
use super::charges::taken;
use super::entry::{Entry, Status};
use super::transaction::Transaction;
use super::values::Money;
use crate::bankfile::details::{Batch, LineDetails, NotCounted, UncountedLine};
use crate::bankfile::error::Reason;
use crate::bankfile::message::{LONGEST_TEXT, MessageSettings, References, tidy};
use crate::bankfile::reference::each_reference;
use crate::bankfile::statement::{StatementLine, Texts};
use crate::domain::matching::Direction;

/// The rows that an entry becomes.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) lines: Vec<StatementLine>,
    pub(super) uncounted: Vec<UncountedLine>,
}

/// An entry of which all is there that has to be.
struct Whole<'e> {
    entry: &'e Entry,
    settings: &'e MessageSettings,
    amount: Decimal,
    currency: &'e str,
    direction: Direction,
}

/// Turns an entry into rows.
///
/// # Errors
/// What an entry has to have and lacks, or a batch that does not add up.
pub(super) fn rows(entry: &Entry, settings: &MessageSettings) -> Result<Rows, Reason> {
    let missing = |what| Reason::from(Fault::Missing(what));
    let money = entry.money.as_ref();
    let Money { amount, currency } =
        money.ok_or_else(|| missing("the entry has no amount (`Amt`)"))?;
    let direction = entry.direction;
    let direction =
        direction.ok_or_else(|| missing("the entry has no `CdtDbtInd`: credit or debit?"))?;
    let status = entry.status.as_ref();
    let status =
        status.ok_or_else(|| missing("the entry has no status (`Sts`): booked or not?"))?;
    let whole = Whole { entry, settings, amount: *amount, currency, direction };
    match status {
        Status::Booked if amount.is_zero() => Ok(whole.uncounted(NotCounted::ZeroAmount)),
        Status::Not(cause) => Ok(whole.uncounted(cause.clone())),
        Status::Booked => whole.booked(),
    }
}

impl Whole<'_> {
    /// All that is said about the entry and its transactions.
    fn texts(&self) -> (References, String) {
        let mut references = References::default();
        let mut text = String::new();
        for part in &self.entry.transactions {
            references.add_all(&part.references);
            if text.len() < LONGEST_TEXT {
                text.extend([&part.text, " ", part.other_party(self.direction), " "]);
            }
        }
        references.add_all(&self.entry.references);
        references.find_in(&self.entry.text);
        text.push_str(&self.entry.text);
        (references, tidy(&text))
    }

    fn uncounted(&self, cause: NotCounted) -> Rows {
        let (references, description) = self.texts();
        let uncounted = vec![UncountedLine {
            number: self.entry.line,
            cause,
            date: self.entry.booking_date.or(self.entry.value_date),
            amount: self.amount,
            direction: self.direction,
            references: references.as_slice().to_vec(),
            description,
        }];
        Rows { lines: Vec::new(), uncounted }
    }

    fn booked(&self) -> Result<Rows, Reason> {
        if let Some(amounts) = self.entry.parts(self.currency) {
            return self.batch(&amounts);
        }
        let (references, description) = self.texts();
        let of_parts = self.entry.transactions.iter().flat_map(|part| &part.charges.found);
        let charges = self.entry.charges.found.iter().chain(of_parts).cloned().collect();
        let details = LineDetails { charges, ..self.details(None) };
        let texts = Texts::new(&description, references.as_slice(), some(&self.entry.sequence));
        let line = self.line(self.entry.line, self.amount, self.direction, texts, details)?;
        Ok(Rows { lines: vec![line], uncounted: Vec::new() })
    }

    /// A row for each transaction, and one for the charges if they make up the difference.
    fn batch(&self, amounts: &[Decimal]) -> Result<Rows, Reason> {
        let charges = self.charges_beside(amounts)?;
        let mut rows = Rows::default();
        let count = u64::try_from(amounts.len()).unwrap_or(u64::MAX);
        for ((number, part), amount) in (1..).zip(&self.entry.transactions).zip(amounts) {
            let direction = part.direction.unwrap_or(self.direction);
            let (references, description) = self.part_texts(part, direction);
            if amount.is_zero() {
                rows.uncounted.push(UncountedLine {
                    number: part.line,
                    cause: NotCounted::ZeroAmount,
                    date: self.entry.booking_date.or(self.entry.value_date),
                    amount: *amount,
                    direction,
                    references: references.as_slice().to_vec(),
                    description,
                });
                continue;
            }
            let sequence = some(&part.servicer).or(some(&self.entry.sequence));
            let texts = Texts::new(&description, references.as_slice(), sequence);
            let charges = part.charges.found.clone();
            let details = LineDetails { charges, ..self.details(Some((number, count))) };
            rows.lines.push(self.line(part.line, *amount, direction, texts, details)?);
        }
        if !charges.is_zero() {
            let direction = Direction::Debit;
            let direction =
                if charges.is_sign_negative() { direction.reversed() } else { direction };
            let references = self.entry.references.as_slice();
            let texts = Texts::new("charges", references, some(&self.entry.sequence));
            let (line, details) = (self.entry.line, self.details(None));
            rows.lines.push(self.line(line, charges.abs(), direction, texts, details)?);
        }
        Ok(rows)
    }

    /// What the bank took between the sum of the transactions and the amount that it booked.
    ///
    /// # Errors
    /// A difference that the stated charges do not explain.
    fn charges_beside(&self, amounts: &[Decimal]) -> Result<Decimal, Reason> {
        let parts = self.entry.transactions.iter().zip(amounts);
        let sum = parts.clone().try_fold(Decimal::ZERO, |sum, (part, amount)| {
            match part.direction.unwrap_or(self.direction) {
                Direction::Credit => sum.checked_add(*amount),
                Direction::Debit => sum.checked_sub(*amount),
            }
        });
        let sum = sum.ok_or(Reason::TooLarge)?;
        let booked = match self.direction {
            Direction::Credit => self.amount,
            Direction::Debit => Decimal::ZERO.checked_sub(self.amount).ok_or(Reason::TooLarge)?,
        };
        let difference = sum.checked_sub(booked).ok_or(Reason::TooLarge)?;
        let of_parts = parts.flat_map(|(part, _amount)| &part.charges.found);
        let own = taken(&self.entry.charges.found, self.currency);
        let explained = difference.is_zero()
            || own == Some(difference)
            || taken(of_parts, self.currency) == Some(difference);
        if explained {
            return Ok(difference);
        }
        Err(Fault::Batch { entry: booked.to_string(), count: amounts.len(), sum: sum.to_string() }
            .into())
    }

    /// What is said about one transaction, and about the entry where it says nothing itself.
    fn part_texts(&self, part: &Transaction, direction: Direction) -> (References, String) {
        let mut references = References::default();
        references.add_all(&part.references);
        references.add_all(&self.entry.references);
        // What is written about the whole entry names the transaction only if nothing else does.
        let named = references.as_slice().iter().any(|text| each_reference(text).next().is_some());
        if !named {
            references.find_in(&self.entry.text);
        }
        let text = [&part.text, part.other_party(direction), &self.entry.text];
        (references, tidy(&text.join(" ")))
    }

    fn details(&self, part: Option<(u64, u64)>) -> LineDetails {
        let head = self.entry.batch.as_ref();
        let is_batch = head.is_some() || self.entry.transactions.len() > 1;
        let batch = is_batch.then(|| {
            Box::new(Batch {
                message_id: head.and_then(|head| head.message_id.clone()),
                payment_id: head.and_then(|head| head.payment_id.clone()),
                transactions: head.and_then(|head| head.transactions),
                entry_amount: self.amount,
                part,
            })
        });
        let code = self.entry.code.text();
        LineDetails { reversal: self.entry.reversal, code, batch, charges: Vec::new() }
    }

    fn line(
        &self,
        number: u64,
        amount: Decimal,
        direction: Direction,
        texts: Texts,
        details: LineDetails,
    ) -> Result<StatementLine, Reason> {
        let Entry { booking_date, value_date, .. } = *self.entry;
        let Some(booking_date) = booking_date.or(value_date) else {
            let what = "the entry has no booking date (`BookgDt`) and no value date (`ValDt`)";
            return Err(Fault::Missing(what).into());
        };
        Ok(StatementLine {
            number,
            booking_date,
            value_date,
            business_date: self.settings.business_date(booking_date, value_date),
            amount,
            direction,
            balance: None,
            texts,
            details: Some(Box::new(details)),
        })
    }
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
