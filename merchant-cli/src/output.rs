//! Data on stdout: table, JSON, JSON lines, CSV.

use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::{CellAlignment, Table, presets};
use ledger::bankfile::write::guarded;

use crate::failure::Failure;
use crate::terminal::harmless;

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
}

/// A column: its name in CSV, its title in a table, and whether it holds numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    name: &'static str,
    title: &'static str,
    is_number: bool,
}

/// A column of text.
pub(crate) const fn text(name: &'static str, title: &'static str) -> Column {
    Column { name, title, is_number: false }
}

/// A column of numbers.
pub(crate) const fn number(name: &'static str, title: &'static str) -> Column {
    Column { name, title, is_number: true }
}

/// Rows of cells under columns. Numbers in CSV are plain, in a table as people write them.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) columns: &'a [Column],
    pub(crate) cells: Vec<Vec<String>>,
}

impl Rows<'_> {
    /// The rows as a table for people.
    pub(crate) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(self.columns.iter().map(|column| column.title));
        for row in &self.cells {
            table.add_row(row.iter().map(|cell| harmless(cell)));
        }
        for (column, shown) in self.columns.iter().zip(table.column_iter_mut()) {
            if column.is_number {
                shown.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{table}\n")
    }

    /// The rows as CSV with a header.
    pub(crate) fn csv(&self) -> Result<String, Failure> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let failed = |error: csv::Error| Failure::failed(format!("writing CSV: {error}"));
        writer.write_record(self.columns.iter().map(|column| column.name)).map_err(failed)?;
        for row in &self.cells {
            let cells =
                self.columns.iter().zip(row).map(|(column, cell)| {
                    if column.is_number { cell.clone() } else { guarded(cell) }
                });
            writer.write_record(cells).map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(|error| Failure::failed(error.to_string()))?;
        String::from_utf8(bytes).map_err(|error| Failure::failed(error.to_string()))
    }
}

/// A list of JSON texts, as one array or line by line.
pub(crate) fn json_list(texts: &[String], format: Format) -> String {
    match format {
        Format::Jsonl => lines(texts),
        Format::Json | Format::Table | Format::Csv => format!("[{}]\n", texts.join(",\n ")),
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

/// Writes data to stdout.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}
