//! What a difference is about: the ledger's lines and the bank's rows, which the files of one business
//! day show or those of several.

use rust_decimal::Decimal;

use crate::domain::matching::{MatchStatus, Outcome};
use crate::domain::money::Rupiah;
use crate::store::StoreError;
use crate::store::exception_rows::{HeldRowRow, NewExceptionRow};

use super::super::fees::FeeRow;
use super::record::{Judged, Known};

/// A line of the ledger's side, with the settlement that is paid for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::service) struct HeldLine {
    /// What the line is known by: its settlement's reference, or a purchase's own.
    pub(in crate::service) key: String,
    pub(in crate::service) settlement: String,
    /// What is due for it, in rupiah.
    pub(in crate::service) amount: i64,
}

/// A bank's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::service) struct HeldRow {
    pub(in crate::service) print: String,
    /// In rupiah, above zero what the bank paid.
    pub(in crate::service) amount: Decimal,
    pub(in crate::service) is_fee: bool,
    /// The reconciliation whose recording saw it last; 0 for the one that is being recorded.
    pub(in crate::service) seen_by: i64,
}

/// What a difference says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) status: MatchStatus,
    pub(super) ledger: Option<i64>,
    pub(super) bank: Option<String>,
    pub(super) lines: Vec<HeldLine>,
    pub(super) rows: Vec<HeldRow>,
}

impl HeldLine {
    /// The lines of an outcome.
    pub(super) fn of(outcome: Outcome<'_>, known: &Known) -> Vec<Self> {
        let line = |line: crate::domain::matching::Line<'_>| {
            let key = line.key();
            let of = line.reference().or_else(|| known.redemptions.get(&key).copied());
            let settlement = of.map(|reference| reference.to_string()).unwrap_or_default();
            Self { key, settlement, amount: line.due().get() }
        };
        outcome.lines().map(line).collect()
    }

    /// Whether it is a whole settlement.
    pub(in crate::service) fn is_settlement(&self) -> bool {
        self.key == self.settlement
    }

    /// Lines as a text, a line each.
    pub(super) fn text(lines: &[Self]) -> String {
        let text = |line: &Self| format!("{} {} {}", line.key, line.settlement, line.amount);
        lines.iter().map(text).collect::<Vec<_>>().join("\n")
    }

    /// The lines of such a text.
    pub(in crate::service) fn read(text: &str) -> Result<Vec<Self>, StoreError> {
        let line = |line: &str| {
            let mut words = line.split(' ');
            let (key, settlement) = (words.next()?.to_owned(), words.next()?.to_owned());
            Some(Self { key, settlement, amount: words.next()?.parse().ok()? })
        };
        let lines: Option<Vec<Self>> = text.lines().map(line).collect();
        lines.ok_or_else(|| StoreError::corrupt("a difference's lines are none"))
    }
}

impl HeldRow {
    /// The rows of an outcome.
    pub(super) fn of(outcome: Outcome<'_>) -> Vec<Self> {
        let fees: Vec<_> = outcome.fees().iter().map(|row| row.fingerprint()).collect();
        let row = |row: crate::domain::matching::Row<'_>| Self {
            print: row.fingerprint().to_string(),
            amount: row.signed(),
            is_fee: fees.contains(&row.fingerprint()),
            seen_by: 0,
        };
        outcome.rows().map(row).collect()
    }

    /// A row of a difference as it was kept.
    pub(in crate::service) fn read(
        (_exception, print, seen_by, amount, is_fee): HeldRowRow,
    ) -> Result<Self, StoreError> {
        let unreadable = |_| StoreError::corrupt(format!("the amount of the bank's row {print}"));
        let amount = amount.parse().map_err(unreadable)?;
        Ok(Self { print, amount, is_fee: is_fee == 1, seen_by })
    }

    /// The row as it is kept; `id` is the reconciliation that is being recorded.
    pub(super) fn to_keep(&self, exception_id: i64, id: i64) -> NewExceptionRow {
        NewExceptionRow {
            exception_id,
            fingerprint: self.print.clone(),
            reconciliation_id: if self.seen_by == 0 { id } else { self.seen_by },
            amount: self.amount.normalize().to_string(),
            is_fee: i16::from(self.is_fee),
        }
    }

    /// What rows come to, fees taken off, and the fees alone.
    pub(in crate::service) fn sums(rows: &[Self]) -> Result<(Decimal, Decimal), StoreError> {
        let sum = |of: &dyn Fn(&Self) -> Decimal| {
            let sum = rows.iter().try_fold(Decimal::ZERO, |sum, row| sum.checked_add(of(row)));
            sum.ok_or_else(|| StoreError::corrupt("rows that can't be added up"))
        };
        let fee = |row: &Self| if row.is_fee { row.amount.abs() } else { Decimal::ZERO };
        Ok((sum(&|row| row.amount)?, sum(&fee)?))
    }

    /// Those that are fees.
    pub(in crate::service) fn fees(rows: &[Self]) -> Vec<FeeRow> {
        let fees = rows.iter().filter(|row| row.is_fee);
        fees.map(|row| FeeRow { print: row.print.clone(), amount: row.amount.abs() }).collect()
    }
}

impl Facts {
    /// What one recording says.
    pub(super) fn of(outcome: &Judged) -> Self {
        Self {
            status: outcome.status,
            ledger: outcome.ledger,
            bank: outcome.bank.clone(),
            lines: outcome.lines.clone(),
            rows: outcome.rows.clone(),
        }
    }

    /// What the rows of several recordings say together; the status is a matched one where they
    /// explain each other.
    pub(super) fn together(lines: Vec<HeldLine>, rows: Vec<HeldRow>) -> Result<Self, StoreError> {
        let due =
            Rupiah::checked_sum(lines.iter().filter_map(|line| Rupiah::new(line.amount).ok()));
        let due = due.ok_or_else(|| StoreError::corrupt("lines that can't be added up"))?;
        let (moved, fees) = HeldRow::sums(&rows)?;
        let gross = moved.saturating_add(fees);
        let owed = Decimal::from(due.get());
        let whole = lines.iter().all(HeldLine::is_settlement);
        let status = if gross == owed && whole && (fees.is_zero() || !due.is_zero()) {
            MatchStatus::Matched
        } else if due.is_zero() {
            MatchStatus::BankOnly
        } else if gross == owed.saturating_add(owed) {
            MatchStatus::DuplicateInBank
        } else {
            MatchStatus::AmountDiffers
        };
        let ledger = (!lines.is_empty()).then_some(due.get());
        let bank = (!rows.is_empty()).then(|| moved.normalize().to_string());
        Ok(Self { status, ledger, bank, lines, rows })
    }

    /// What one recording was not sure of is not made sure by amounts that agree with another's.
    pub(super) fn no_milder_than(self, before: &str, outcome: Option<&Judged>) -> Self {
        use MatchStatus as Status;
        let is_wary = |status: &Status| {
            matches!(
                status,
                Status::WrongMerchant
                    | Status::OutOfWindow
                    | Status::Ambiguous
                    | Status::KeyConflict
                    | Status::DuplicateInLedger
            )
        };
        let wary = Status::named(before).filter(is_wary);
        let wary = outcome.map(|outcome| outcome.status).filter(is_wary).or(wary);
        Self { status: wary.unwrap_or(self.status), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(key: &str, amount: i64) -> HeldLine {
        HeldLine { key: key.to_owned(), settlement: "S1".to_owned(), amount }
    }

    fn row(amount: i64, is_fee: bool) -> HeldRow {
        HeldRow { print: format!("{amount}"), amount: amount.into(), is_fee, seen_by: 7 }
    }

    #[test]
    fn lines_and_rows_are_kept_as_texts() {
        let lines = [line("S1", 110_000), line("000000000012/T-1", 5)];
        let text = HeldLine::text(&lines);
        assert_eq!(text, "S1 S1 110000\n000000000012/T-1 S1 5");
        assert_eq!(HeldLine::read(&text).unwrap(), lines);
        assert_eq!(HeldLine::read("").unwrap(), []);
        assert!(HeldLine::read("S1 110000").is_err());
        let kept = row(-1_500, true).to_keep(1, 9);
        assert_eq!((kept.amount.as_str(), kept.is_fee, kept.reconciliation_id), ("-1500", 1, 7));
        let fresh = HeldRow { seen_by: 0, ..row(1, false) };
        assert_eq!(fresh.to_keep(1, 9).reconciliation_id, 9);
    }

    #[test]
    fn rows_of_several_days_are_judged_together() {
        let status = |lines: &[HeldLine], rows: &[HeldRow]| {
            Facts::together(lines.to_vec(), rows.to_vec()).unwrap().status
        };
        let owed = [line("S1", 100_000)];
        let (most, rest) = (row(90_000, false), row(10_000, false));
        let both = [most.clone(), rest.clone()];
        assert_eq!(status(&owed, &both), MatchStatus::Matched);
        assert_eq!(status(&owed, &[most]), MatchStatus::AmountDiffers);
        let with_fee = [row(100_000, false), row(-1_500, true)];
        assert_eq!(status(&owed, &with_fee), MatchStatus::Matched);
        assert_eq!(status(&[], &with_fee), MatchStatus::BankOnly);
        assert_eq!(status(&[], &[row(5, false), row(-5, false)]), MatchStatus::Matched);
        assert_eq!(status(&owed, &[row(200_000, false)]), MatchStatus::DuplicateInBank);
        let purchase = [line("000000000012", 100_000)];
        assert_eq!(status(&purchase, &both), MatchStatus::AmountDiffers, "it is a part alone");
    }
}
