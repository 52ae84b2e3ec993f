//! `Ntry`, what the bank booked at once, as its elements come in.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Fault;
use super::charges::Charges;
use super::names::Name;
use super::transaction::{Transaction, push_text};
use super::values::{Money, count, date, day_of_time, direction, flag, money};
use crate::bankfile::details::NotCounted;
use crate::bankfile::error::quoted;
use crate::bankfile::message::References;
use crate::domain::matching::Direction;

/// What is known of an entry.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// The line of the file it begins on.
    pub(super) line: u64,
    pub(super) money: Option<Money>,
    pub(super) direction: Option<Direction>,
    pub(super) reversal: bool,
    pub(super) status: Option<Status>,
    pub(super) booking_date: Option<NaiveDate>,
    pub(super) value_date: Option<NaiveDate>,
    /// The entry's own references.
    pub(super) references: References,
    /// What the bank distinguishes entries by: its reference, or else the entry's number.
    pub(super) sequence: String,
    pub(super) code: Code,
    pub(super) text: String,
    pub(super) batch: Option<BatchHead>,
    pub(super) charges: Charges,
    pub(super) transactions: Vec<Transaction>,
    transaction: Option<Transaction>,
}

/// Whether an entry counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Booked,
    Not(NotCounted),
}

impl Status {
    fn read(text: &str) -> Self {
        match text {
            "BOOK" => Self::Booked,
            "PDNG" => Self::Not(NotCounted::Pending),
            "INFO" => Self::Not(NotCounted::Information),
            "FUTR" => Self::Not(NotCounted::Future),
            other => Self::Not(NotCounted::OtherStatus(quoted(other))),
        }
    }
}

/// `BkTxCd`: the bank's code for the kind of movement.
#[derive(Debug, Default)]
pub(super) struct Code {
    domain: String,
    family: String,
    sub_family: String,
    own: String,
}

impl Code {
    /// `PMNT/RCDT/DMCT`, or else the bank's own code.
    pub(super) fn text(&self) -> Option<Box<str>> {
        let parts = [&self.domain, &self.family, &self.sub_family].map(String::as_str);
        let text = parts.join("/");
        let standard = Some(text.trim_end_matches('/')).filter(|text| !text.is_empty());
        standard.or(Some(self.own.as_str()).filter(|own| !own.is_empty())).map(Box::from)
    }
}

/// `Btch`: what the bank says about a batch.
#[derive(Debug, Default)]
pub(super) struct BatchHead {
    pub(super) message_id: Option<String>,
    pub(super) payment_id: Option<String>,
    pub(super) transactions: Option<u64>,
}

impl Entry {
    pub(super) fn begin(line: u64) -> Self {
        Self { line, ..Self::default() }
    }

    /// An element in `Ntry` begins.
    pub(super) fn open(&mut self, path: &[Name], line: u64) {
        if path == [Name::NtryDtls, Name::TxDtls] {
            self.transaction = Some(Transaction::begin(line));
        }
    }

    /// Takes the contents of `Ntry`.
    pub(super) fn leaf(
        &mut self,
        path: &[Name],
        text: &str,
        currency: Option<&str>,
    ) -> Result<(), Fault> {
        match path {
            [Name::NtryDtls, Name::TxDtls, rest @ ..] => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.leaf(rest, text, currency)?;
                }
            }
            [Name::NtryDtls, Name::Btch, rest @ ..] | [Name::Btch, rest @ ..] => {
                self.batch(rest, text)?;
            }
            [Name::Chrgs, rest @ ..] => self.charges.leaf(rest, text, currency)?,
            [Name::BkTxCd, rest @ ..] => self.code(rest, text),
            [Name::Amt] => self.money = Some(money(text, currency)?),
            [Name::CdtDbtInd] => self.direction = Some(direction(text)?),
            [Name::RvslInd] => self.reversal = flag(text)?,
            [Name::Sts] | [Name::Sts, Name::Cd | Name::Prtry] => {
                self.status = Some(Status::read(text));
            }
            [Name::BookgDt, Name::Dt] => self.booking_date = Some(date(text)?),
            [Name::BookgDt, Name::DtTm] => self.booking_date = Some(day_of_time(text)?),
            [Name::ValDt, Name::Dt] => self.value_date = Some(date(text)?),
            [Name::ValDt, Name::DtTm] => self.value_date = Some(day_of_time(text)?),
            [Name::AcctSvcrRef] => {
                text.clone_into(&mut self.sequence);
                self.references.add(text);
            }
            [Name::NtryRef] => {
                if self.sequence.is_empty() {
                    text.clone_into(&mut self.sequence);
                }
                self.references.add(text);
            }
            [Name::AddtlNtryInf] => push_text(&mut self.text, text)?,
            _ => {}
        }
        Ok(())
    }

    fn batch(&mut self, path: &[Name], text: &str) -> Result<(), Fault> {
        let batch = self.batch.get_or_insert_default();
        match path {
            [Name::MsgId] => _ = batch.message_id.get_or_insert_with(|| text.to_owned()),
            [Name::PmtInfId] => _ = batch.payment_id.get_or_insert_with(|| text.to_owned()),
            [Name::NbOfTxs] => {
                let so_far = batch.transactions.unwrap_or_default();
                batch.transactions = Some(so_far.saturating_add(count(text)?));
            }
            _ => {}
        }
        Ok(())
    }

    fn code(&mut self, path: &[Name], text: &str) {
        let part = match path {
            [Name::Domn, Name::Cd] => &mut self.code.domain,
            [Name::Domn, Name::Fmly, Name::Cd] => &mut self.code.family,
            [Name::Domn, Name::Fmly, Name::SubFmlyCd] => &mut self.code.sub_family,
            [Name::Prtry, Name::Cd] => &mut self.code.own,
            _ => return,
        };
        text.clone_into(part);
    }

    /// An element in `Ntry` has ended.
    pub(super) fn end(&mut self, path: &[Name]) {
        match path {
            [Name::NtryDtls, Name::TxDtls, rest @ ..] => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.end(rest);
                }
                if rest.is_empty() {
                    self.transactions.extend(self.transaction.take());
                }
            }
            [Name::Chrgs] | [Name::Chrgs, Name::Rcrd] => self.charges.end(),
            _ => {}
        }
    }

    /// The amounts that its transactions were booked with in the account's currency, when it has
    /// several and all of them say so.
    pub(super) fn parts(&self, currency: &str) -> Option<Vec<Decimal>> {
        let several = self.transactions.len() > 1;
        let amounts = || self.transactions.iter().map(|part| part.amount(currency)).collect();
        several.then(amounts).flatten()
    }
}
