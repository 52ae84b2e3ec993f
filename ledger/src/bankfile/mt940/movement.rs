//! `:61:`, the line of a movement: `1809030903C1000000,00NTRFEW00818090300001//B4E07XM0`.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::values::{entry_date, value_date};
use crate::bankfile::error::quoted;
use crate::bankfile::fault::MessageFault;
use crate::bankfile::message::amount;
use crate::domain::matching::Direction;

/// The contents of the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Movement<'t> {
    pub(super) value_date: NaiveDate,
    pub(super) entry_date: Option<NaiveDate>,
    pub(super) mark: Mark,
    pub(super) amount: Decimal,
    /// The kind of movement, `NTRF`.
    pub(super) code: &'t str,
    /// The customer's reference; ours, when the bank keeps it.
    pub(super) customer: &'t str,
    /// The bank's own reference, behind `//`.
    pub(super) bank: &'t str,
    /// What some banks write behind the customer's reference.
    pub(super) behind: &'t str,
}

/// The mark in front of the amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// `C`
    Credit,
    /// `D`
    Debit,
    /// `RC`: a credit is taken back, which lowers the balance.
    ReversedCredit,
    /// `RD`: a debit is given back, which raises the balance.
    ReversedDebit,
    /// `EC`: a credit is expected.
    ExpectedCredit,
    /// `ED`: a debit is expected.
    ExpectedDebit,
}

impl Mark {
    /// What the movement does to the balance.
    pub(super) const fn direction(self) -> Direction {
        match self {
            Self::Credit | Self::ReversedDebit | Self::ExpectedCredit => Direction::Credit,
            Self::Debit | Self::ReversedCredit | Self::ExpectedDebit => Direction::Debit,
        }
    }

    pub(super) const fn is_reversal(self) -> bool {
        matches!(self, Self::ReversedCredit | Self::ReversedDebit)
    }

    pub(super) const fn is_expected(self) -> bool {
        matches!(self, Self::ExpectedCredit | Self::ExpectedDebit)
    }

    /// The mark and what stands behind it.
    fn read(text: &str) -> Option<(Self, &str)> {
        let marks = [
            ("RC", Self::ReversedCredit),
            ("RD", Self::ReversedDebit),
            ("EC", Self::ExpectedCredit),
            ("ED", Self::ExpectedDebit),
            ("C", Self::Credit),
            ("D", Self::Debit),
        ];
        marks.into_iter().find_map(|(name, mark)| Some((mark, text.strip_prefix(name)?)))
    }
}

impl<'t> Movement<'t> {
    /// Reads the line. A third letter of the currency (the funds code) may stand behind the mark.
    pub(super) fn read(text: &'t str) -> Result<Self, MessageFault> {
        let (date, rest) = text.split_at_checked(6).unwrap_or((text, ""));
        let value_date = value_date(date)?;
        let (entry, rest) = if rest.starts_with(|letter: char| letter.is_ascii_digit()) {
            let (date, rest) = rest.split_at_checked(4).unwrap_or((rest, ""));
            (Some(entry_date(date, value_date)?), rest)
        } else {
            (None, rest)
        };
        let Some((mark, rest)) = Mark::read(rest) else {
            let wanted = "a mark, `C`, `D`, `RC`, `RD`, `EC` or `ED`,";
            return Err(MessageFault::Word { text: quoted(rest), wanted });
        };
        let rest = rest.strip_prefix(|letter: char| letter.is_ascii_uppercase()).unwrap_or(rest);
        let number = |letter: char| !letter.is_ascii_digit() && letter != ',' && letter != '.';
        let (figure, rest) =
            rest.split_at_checked(rest.find(number).unwrap_or(rest.len())).unwrap_or((rest, ""));
        let amount = amount(figure, ',')?;
        let (code, references) = rest.split_at_checked(4).unwrap_or((rest, ""));
        let (customer, bank) = references.split_once("//").unwrap_or((references, ""));
        // Sixteen characters wide, some banks write a name behind the reference.
        let (customer, behind) = customer.split_once("  ").unwrap_or((customer, ""));
        Ok(Self {
            value_date,
            entry_date: entry,
            mark,
            amount,
            code: code.trim(),
            customer: customer.trim(),
            bank: bank.trim(),
            behind: behind.trim(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> String {
        let read = Movement::read(text).unwrap();
        let entry = read.entry_date.map(|date| date.to_string()).unwrap_or_default();
        format!(
            "{}|{entry}|{:?}|{}|{}|{}|{}|{}",
            read.value_date,
            read.mark,
            read.amount,
            read.code,
            read.customer,
            read.bank,
            read.behind
        )
    }

    #[test]
    fn the_forms_that_banks_write_are_read() {
        for (text, read) in [
            (
                "1809030904CR1000000,00NTRFEW00818090300001//B4E07XM0",
                "2018-09-03|2018-09-04|Credit|1000000.00|NTRF|EW00818090300001|B4E07XM0|",
            ),
            ("180903D15,", "2018-09-03||Debit|15.00||||"),
            ("180903RCR204,88NRTI", "2018-09-03||ReversedCredit|204.88|NRTI|||"),
            ("180903RD1,5S   X", "2018-09-03||ReversedDebit|1.50|S|X||"),
            ("180903ED1,NMSCNONREF", "2018-09-03||ExpectedDebit|1.00|NMSC|NONREF||"),
            ("180903EC1,NMSCNONREF", "2018-09-03||ExpectedCredit|1.00|NMSC|NONREF||"),
            (
                "180903C500NTRF03-09-2018 10:05//B4G/1",
                "2018-09-03||Credit|500.00|NTRF|03-09-2018 10:05|B4G/1|",
            ),
            (
                "180903D000000000044,95N0600733959555      TOKO SEJAHTERA   ",
                "2018-09-03||Debit|44.95|N060|0733959555||TOKO SEJAHTERA",
            ),
        ] {
            assert_eq!(parts(text), read, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "1809",
            "180903",
            "180903X5,NTRF",
            "18090309C5,",
            "180903C",
            "180903CR",
            "180903C5.00NTRF",
            "180903C1.000,00NTRF",
            "180903C-5,",
            "180230D5,",
            "180903é5,",
            "180903c5,",
        ] {
            // The last day of February is the one date that is put right.
            assert_eq!(Movement::read(text).is_ok(), text == "180230D5,", "{text}");
        }
    }
}
