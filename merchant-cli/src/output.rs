//! Data on stdout: table, JSON, JSON lines, CSV, Excel workbook.

mod workbook;

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{CellAlignment, Table, presets};
use ledger::bankfile::write::guarded;

use crate::failure::Failure;
use crate::terminal::harmless;

pub(crate) use self::workbook::{Sheet, workbook};

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON text
    Json,
    /// One JSON text a line
    Jsonl,
    /// Comma-separated, with a header; cells that a spreadsheet would run get an apostrophe
    Csv,
    /// An Excel workbook, for a file: `--output xlsx > result.xlsx`
    Xlsx,
}

/// A column: its name in CSV and workbooks, its title in a table, and what it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    name: &'static str,
    title: &'static str,
    holds: Holds,
}

/// What the cells of a column are, where they are not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// Any text, ids too: they may begin with zeros.
    Text,
    /// Decimal numbers.
    Number,
    /// Days, `2018-09-03`.
    Date,
    /// Moments as the server writes them, `2018-09-03T01:15:00.000Z`.
    Time,
}

/// A column of text.
pub(crate) const fn text(name: &'static str, title: &'static str) -> Column {
    Column { name, title, holds: Holds::Text }
}

/// A column of numbers.
pub(crate) const fn number(name: &'static str, title: &'static str) -> Column {
    Column { name, title, holds: Holds::Number }
}

/// A column of days.
pub(crate) const fn date(name: &'static str, title: &'static str) -> Column {
    Column { name, title, holds: Holds::Date }
}

/// A column of moments.
pub(crate) const fn time(name: &'static str, title: &'static str) -> Column {
    Column { name, title, holds: Holds::Time }
}

/// A title in Bahasa Indonesia, with the English term.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Title {
    pub(crate) local: &'static str,
    pub(crate) english: &'static str,
}

/// A title in both languages.
pub(crate) const fn titled(local: &'static str, english: &'static str) -> Title {
    Title { local, english }
}

/// Rows of cells under columns. Numbers in CSV are plain, in a table as people write them.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) columns: &'a [Column],
    pub(crate) cells: Vec<Vec<String>>,
}

impl Rows<'_> {
    /// For each column whether it holds numbers.
    pub(crate) fn are_numbers(&self) -> impl Iterator<Item = bool> {
        self.columns.iter().map(|column| column.holds == Holds::Number)
    }

    /// The rows as a table for people.
    pub(crate) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(self.columns.iter().map(|column| column.title));
        for row in &self.cells {
            table.add_row(row.iter().map(|cell| harmless(cell)));
        }
        for (column, shown) in self.columns.iter().zip(table.column_iter_mut()) {
            if column.holds == Holds::Number {
                shown.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{table}\n")
    }

    /// The rows as a file for a spreadsheet: a workbook with one sheet of that name, else CSV.
    pub(crate) fn file(self, format: Format, sheet: &'static str) -> Result<Vec<u8>, Failure> {
        match format {
            Format::Xlsx => workbook(&[Sheet { name: sheet, tables: vec![self] }]),
            Format::Csv | Format::Table | Format::Json | Format::Jsonl => self.csv(),
        }
    }

    /// The rows as CSV with a header.
    fn csv(&self) -> Result<Vec<u8>, Failure> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let failed = |error: csv::Error| Failure::failed(format!("writing CSV: {error}"));
        writer.write_record(self.columns.iter().map(|column| column.name)).map_err(failed)?;
        for row in &self.cells {
            let cells = self.columns.iter().zip(row).map(|(column, cell)| {
                if column.holds == Holds::Number { cell.clone() } else { guarded(cell) }
            });
            writer.write_record(cells).map_err(failed)?;
        }
        writer.into_inner().map_err(|error| Failure::failed(error.to_string()))
    }
}

/// A list of JSON texts, as one array or line by line.
pub(crate) fn json_list(texts: &[String], format: Format) -> String {
    match format {
        Format::Jsonl => lines(texts),
        Format::Json | Format::Table | Format::Csv | Format::Xlsx => {
            format!("[{}]\n", texts.join(",\n "))
        }
    }
}

/// Each text on a line of its own.
pub(crate) fn lines(texts: &[String]) -> String {
    let mut joined = texts.join("\n");
    if !texts.is_empty() {
        joined.push('\n');
    }
    joined
}

/// Refuses a workbook for a terminal, before anything is done that can't be done again.
pub(crate) fn check_destination(format: Format) -> Result<(), Failure> {
    if format == Format::Xlsx && io::stdout().is_terminal() {
        return Err(Failure::usage("a workbook is not for a terminal")
            .hint("send it into a file: `--output xlsx > result.xlsx`"));
    }
    Ok(())
}

/// Writes data to stdout.
pub(crate) fn print(data: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(data.as_ref())?;
    stdout.flush()?;
    Ok(())
}
