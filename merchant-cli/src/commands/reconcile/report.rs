//! A reconciliation as a table, JSON, CSV or workbook.

mod html;
mod workbook;

use ledger::bankfile::StatementLine;
use ledger::domain::hex::Hex;
use ledger::domain::matching::{Control, Line, Matching, Outcome, Row};
use ledger::domain::money::Rupiah;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::output::{Column, Format, Rows, date, json_list, number, text};
use crate::statements::ReadFile;

const COLUMNS: &[Column] = &[
    text("status", "status"),
    date("business_date", "date"),
    text("reference", "reference"),
    text("merchant_id", "merchant"),
    number("ledger_amount", "ledger"),
    number("bank_amount", "bank"),
    number("difference", "difference"),
    text("bank_rows", "bank rows"),
];

const TOTALS: &[Column] = &[
    text("status", "status"),
    number("rows", "rows"),
    number("ledger_amount", "ledger"),
    number("bank_amount", "bank"),
];

/// A result with the files that it is about.
pub(super) struct Report<'a> {
    pub(super) matching: &'a Matching,
    pub(super) files: &'a [ReadFile],
    /// The files' lines, by the places that the matching gives back.
    pub(super) rows: &'a [(&'a ReadFile, &'a StatementLine)],
}

impl Report<'_> {
    pub(super) fn rendered(&self, format: Format) -> Result<Vec<u8>, Failure> {
        let outcomes = || self.matching.outcomes();
        Ok(match format {
            Format::Json => format!("{:#}\n", self.json()).into_bytes(),
            Format::Jsonl => {
                let texts: Vec<String> =
                    outcomes().map(|outcome| self.json_outcome(outcome).to_string()).collect();
                json_list(&texts, format).into_bytes()
            }
            Format::Csv => self.results().file(format, "results")?,
            Format::Xlsx => self.workbook()?,
            Format::Table => {
                let (results, totals) = (self.results().table(), self.totals().table());
                format!("{results}\n{totals}\ncontrol: {}\n", self.control()).into_bytes()
            }
        })
    }

    /// Every outcome.
    fn results(&self) -> Rows<'static> {
        let cells = self.matching.outcomes().map(|outcome| self.cells(outcome));
        Rows { columns: COLUMNS, cells: cells.collect() }
    }

    /// What moved on the account and what it was, in words.
    fn control(&self) -> String {
        let control = self.matching.control();
        control.map_or_else(|| "?".to_owned(), |control| in_words(&control))
    }

    /// The sums of the statuses that occur.
    fn totals(&self) -> Rows<'static> {
        let totals = self.matching.totals().iter().filter(|total| total.outcomes > 0);
        let cells = totals.map(|total| {
            vec![
                total.status.as_str().to_owned(),
                total.outcomes.to_string(),
                total.ledger.map(|sum| sum.get().to_string()).unwrap_or_default(),
                total.bank.map(plain).unwrap_or_default(),
            ]
        });
        Rows { columns: TOTALS, cells: cells.collect() }
    }

    fn cells(&self, outcome: Outcome<'_>) -> Vec<String> {
        let places: Vec<String> =
            in_files_order(outcome).into_iter().map(|row| self.place(row)).collect();
        let has_lines = outcome.lines().len() > 0;
        let due = outcome.ledger_amount().filter(|_due| has_lines);
        let paid = outcome.bank_amount().filter(|_paid| !places.is_empty());
        vec![
            outcome.status().as_str().to_owned(),
            outcome.business_date().to_string(),
            own_key(outcome).unwrap_or_default(),
            merchants(outcome).join(" "),
            due.map(|due| due.get().to_string()).unwrap_or_default(),
            paid.map(plain).unwrap_or_default(),
            outcome.difference().map(plain).unwrap_or_default(),
            places.join(" "),
        ]
    }

    /// Where a row stands: `statement.csv:12`.
    fn place(&self, row: Row<'_>) -> String {
        match self.read(row) {
            Some((file, line)) => format!("{}:{}", file.name, line.number),
            None => "?".to_owned(),
        }
    }

    fn read(&self, row: Row<'_>) -> Option<(&ReadFile, &StatementLine)> {
        let place = usize::try_from(row.place()).ok()?;
        self.rows.get(place).copied()
    }

    fn json(&self) -> Value {
        let terms = self.matching.terms();
        let totals = self.matching.totals().iter().map(|total| {
            json!({
                "status": total.status.as_str(),
                "rows": total.outcomes,
                "ledger_amount": total.ledger.map(Rupiah::get),
                "bank_amount": total.bank.map(plain),
            })
        });
        let control = self.matching.control().map(|control| {
            let parts = control.parts().map(|(name, part)| (name.to_owned(), plain(part).into()));
            json!({
                "movement": plain(control.movement),
                "parts": parts.into_iter().collect::<Map<_, _>>(),
                "holds": control.holds(),
            })
        });
        let rows = self.matching.outcomes().map(|outcome| self.json_outcome(outcome));
        json!({
            "bank": terms.bank.as_str(),
            "business_date": terms.day.to_string(),
            "covered_to": terms.covered_to.to_string(),
            "files": self.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
            "rows": rows.collect::<Vec<_>>(),
            "totals": totals.collect::<Vec<_>>(),
            "control": control,
            "repeated_rows": self.matching.repeated_rows(),
            "result_hash": Hex(&self.matching.hash()).to_string(),
        })
    }

    fn json_outcome(&self, outcome: Outcome<'_>) -> Value {
        let merchants = merchants(outcome);
        let merchant = merchants.first().filter(|_first| merchants.len() == 1);
        let rows = in_files_order(outcome).into_iter();
        json!({
            "status": outcome.status().as_str(),
            "business_date": outcome.business_date().to_string(),
            "key": outcome.key(),
            "carried": outcome.is_carried(),
            "reference": outcome.reference().map(|reference| reference.to_string()),
            "merchant_id": merchant,
            "ledger_amount": outcome.ledger_amount().map(Rupiah::get),
            "bank_amount": outcome.bank_amount().map(plain),
            "difference": outcome.difference().map(plain),
            "lines": outcome.lines().map(json_line).collect::<Vec<_>>(),
            "bank_rows": rows.map(|row| self.json_row(row)).collect::<Vec<_>>(),
        })
    }

    fn json_row(&self, row: Row<'_>) -> Value {
        let read = self.read(row);
        let references = read.map(|(_file, line)| line.references().collect::<Vec<_>>());
        json!({
            "file": read.map(|(file, _line)| file.name.as_str()),
            "line": read.map(|(_file, line)| line.number),
            "date": row.date().to_string(),
            "amount": plain(row.amount()),
            "direction": row.direction().as_str(),
            "taken_for": row.role().as_str(),
            "references": references,
            "description": read.map(|(_file, line)| line.description()),
            "fingerprint": row.fingerprint().to_string(),
        })
    }
}

fn json_line(line: Line<'_>) -> Value {
    json!({
        "key": line.key(),
        "merchant_id": line.merchant(),
        "business_date": line.business_date().to_string(),
        "amount": line.due().get(),
    })
}

/// An outcome's rows as the files list them.
fn in_files_order(outcome: Outcome<'_>) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = outcome.rows().collect();
    rows.sort_by_key(|row| row.place());
    rows
}

/// What a person knows the outcome by: rows without a name have only their place in a file.
fn own_key(outcome: Outcome<'_>) -> Option<String> {
    let key = outcome.key();
    (!key.starts_with("row:")).then_some(key)
}

/// The different merchants of the outcome's lines, in order.
fn merchants(outcome: Outcome<'_>) -> Vec<String> {
    let mut merchants: Vec<String> =
        outcome.lines().map(|line| line.merchant().to_owned()).collect();
    merchants.sort_unstable();
    merchants.dedup();
    merchants
}

/// `413500 = paid 175000 + fees -1500 + ...`: what moved, and what it was.
fn in_words(control: &Control) -> String {
    let parts = control.parts().map(|(name, part)| format!("{name} {}", plain(part)));
    let equals = if control.holds() { "=" } else { "IS NOT" };
    format!("{} {equals} {}", plain(control.movement), parts.join(" + "))
}

fn plain(amount: Decimal) -> String {
    amount.normalize().to_string()
}
