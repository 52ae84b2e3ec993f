//! A reconciliation as a workbook: what it comes to, every outcome, and what is for a person.

use ledger::domain::hex::Hex;
use ledger::domain::matching::Outcome;

use super::{Report, in_files_order, plain};
use crate::failure::Failure;
use crate::output::{Column, Rows, Sheet, date, number, text, workbook};

const OF: &[Column] = &[
    text("bank", ""),
    date("business_date", ""),
    date("covered_to", ""),
    number("outcomes", ""),
    number("exceptions", ""),
    number("repeated_rows", ""),
    text("result_hash", ""),
];

const FILES: &[Column] = &[text("file", ""), text("sha256", ""), text("format", "")];

const CONTROL: &[Column] = &[text("control", ""), number("amount", "")];

const CONTROL_LINE: &[Column] = &[text("control_line", "")];

const EXCEPTIONS: &[Column] = &[
    text("status", ""),
    date("business_date", ""),
    text("reference", ""),
    text("merchant_id", ""),
    number("ledger_amount", ""),
    number("bank_amount", ""),
    number("difference", ""),
    text("bank_rows", ""),
    number("due_after_hours", ""),
    text("description", ""),
];

impl Report<'_> {
    pub(super) fn workbook(&self) -> Result<Vec<u8>, Failure> {
        let summary =
            vec![self.of(), self.file_rows(), self.totals(), self.control_parts(), self.line()];
        workbook(&[
            Sheet { name: "summary", tables: summary },
            Sheet { name: "results", tables: vec![self.results()] },
            Sheet { name: "exceptions", tables: vec![self.exceptions()] },
        ])
    }

    fn of(&self) -> Rows<'static> {
        let terms = self.matching.terms();
        let row = vec![
            terms.bank.to_string(),
            terms.day.to_string(),
            terms.covered_to.to_string(),
            self.matching.outcomes().count().to_string(),
            self.open().count().to_string(),
            self.matching.repeated_rows().to_string(),
            result_hash(self),
        ];
        Rows { columns: OF, cells: vec![row] }
    }

    pub(super) fn file_rows(&self) -> Rows<'static> {
        let cells = self.files.iter().map(|file| {
            let content = &file.content;
            vec![
                file.name.clone(),
                Hex(&content.hash).to_string(),
                content.format.as_str().to_owned(),
            ]
        });
        Rows { columns: FILES, cells: cells.collect() }
    }

    pub(super) fn control_parts(&self) -> Rows<'static> {
        let control = self.matching.control();
        let cells = control.iter().flat_map(|control| {
            let movement = [("movement", control.movement)].into_iter();
            movement.chain(control.parts()).map(|(name, part)| vec![name.to_owned(), plain(part)])
        });
        Rows { columns: CONTROL, cells: cells.collect() }
    }

    fn line(&self) -> Rows<'static> {
        Rows { columns: CONTROL_LINE, cells: vec![vec![self.control()]] }
    }

    /// The outcomes that a person has to look at.
    fn open(&self) -> impl Iterator<Item = Outcome<'_>> {
        self.matching.outcomes().filter(|outcome| outcome.status().is_exception())
    }

    pub(super) fn exceptions(&self) -> Rows<'static> {
        let cells = self.open().map(|outcome| {
            let rows = in_files_order(outcome).into_iter();
            let described: Vec<&str> = rows
                .filter_map(|row| self.read(row).map(|(_file, line)| line.description()))
                .collect();
            let due = outcome.status().due_after_hours();
            let mut cells = self.cells(outcome);
            cells.push(due.map(|hours| hours.to_string()).unwrap_or_default());
            cells.push(described.join(" | "));
            cells
        });
        Rows { columns: EXCEPTIONS, cells: cells.collect() }
    }
}

/// What two runs of the same reconciliation have in common, and no other.
pub(super) fn result_hash(report: &Report<'_>) -> String {
    Hex(&report.matching.hash()).to_string()
}
