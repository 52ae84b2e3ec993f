//! `TxDtls`, one transaction of an entry.

use rust_decimal::Decimal;

use super::Fault;
use super::charges::Charges;
use super::names::Name;
use super::values::{Money, direction, money};
use crate::bankfile::message::{LONGEST_TEXT, References};
use crate::domain::matching::Direction;

/// What is known of a transaction.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    /// The line of the file it begins on.
    pub(super) line: u64,
    pub(super) direction: Option<Direction>,
    /// `Amt`, `AmtDtls/TxAmt`, `AmtDtls/CntrValAmt`, `AmtDtls/InstdAmt`: the first one in the
    /// account's currency is the one that was booked.
    amounts: [Option<Money>; 4],
    pub(super) references: References,
    /// The bank's own reference.
    pub(super) servicer: String,
    /// What the payer and the bank wrote, in the order of the file.
    pub(super) text: String,
    /// The other party: who paid, and who was paid.
    debtor: String,
    creditor: String,
    pub(super) charges: Charges,
}

impl Transaction {
    pub(super) fn begin(line: u64) -> Self {
        Self { line, ..Self::default() }
    }

    /// The amount in a currency, where the bank states one.
    pub(super) fn amount(&self, currency: &str) -> Option<Decimal> {
        let mut amounts = self.amounts.iter().flatten();
        amounts.find(|money| money.currency == currency).map(|money| money.amount)
    }

    /// The other party of a movement in this direction.
    pub(super) fn other_party(&self, direction: Direction) -> &str {
        match direction {
            Direction::Credit => &self.debtor,
            Direction::Debit => &self.creditor,
        }
    }

    /// Takes the contents of `TxDtls`.
    pub(super) fn leaf(
        &mut self,
        path: &[Name],
        text: &str,
        currency: Option<&str>,
    ) -> Result<(), Fault> {
        let amount = match path {
            [Name::Amt] => 0,
            [Name::AmtDtls, Name::TxAmt, Name::Amt] => 1,
            [Name::AmtDtls, Name::CntrValAmt, Name::Amt] => 2,
            [Name::AmtDtls, Name::InstdAmt, Name::Amt] => 3,
            _ => return self.word(path, text, currency),
        };
        if let Some(place) = self.amounts.get_mut(amount) {
            *place = Some(money(text, currency)?);
        }
        Ok(())
    }

    fn word(&mut self, path: &[Name], text: &str, currency: Option<&str>) -> Result<(), Fault> {
        match path {
            [Name::CdtDbtInd] => self.direction = Some(direction(text)?),
            [Name::Refs, Name::AcctSvcrRef] => {
                text.clone_into(&mut self.servicer);
                self.references.add(text);
            }
            [Name::Refs, Name::EndToEndId | Name::TxId | Name::InstrId | Name::PmtInfId]
            | [Name::RmtInf, Name::Strd, Name::CdtrRefInf, Name::Ref | Name::CdtrRef] => {
                self.references.add(text);
            }
            [Name::RmtInf, Name::Ustrd]
            | [Name::RmtInf, Name::Strd, Name::AddtlRmtInf]
            | [Name::AddtlTxInf] => return push_text(&mut self.text, text),
            [Name::RltdPties, Name::Dbtr, Name::Nm]
            | [Name::RltdPties, Name::Dbtr, Name::Pty, Name::Nm] => {
                text.clone_into(&mut self.debtor);
            }
            [Name::RltdPties, Name::Cdtr, Name::Nm]
            | [Name::RltdPties, Name::Cdtr, Name::Pty, Name::Nm] => {
                text.clone_into(&mut self.creditor);
            }
            [Name::Chrgs, rest @ ..] => self.charges.leaf(rest, text, currency)?,
            _ => {}
        }
        Ok(())
    }

    /// An element in `TxDtls` has ended.
    pub(super) fn end(&mut self, path: &[Name]) {
        match path {
            [Name::Chrgs] | [Name::Chrgs, Name::Rcrd] => self.charges.end(),
            [] => {
                // References hide in what people write.
                let text = std::mem::take(&mut self.text);
                self.references.find_in(&text);
                self.text = text;
            }
            _ => {}
        }
    }
}

/// Puts a text behind others of the same row.
pub(super) fn push_text(texts: &mut String, text: &str) -> Result<(), Fault> {
    texts.extend([" ", text]);
    if texts.len() > LONGEST_TEXT { Err(Fault::TextTooLong) } else { Ok(()) }
}
