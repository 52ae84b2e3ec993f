//! `statement`: reads bank files without a server and prints what was understood.

use ledger::bankfile::{Statement, StatementLine};
use serde::Serialize;

use crate::cli::{Settings, StatementArgs};
use crate::failure::{Exit, Failure};
use crate::output::{self, Column, Format, Rows, date, number, print, text};
use crate::statements::{Bytes, ReadFile, read_all};

const COLUMNS: &[Column] = &[
    text("file", "file"),
    text("account", "account"),
    date("booking_date", "booked"),
    date("value_date", "value"),
    text("direction", "direction"),
    number("amount", "amount"),
    text("references", "references"),
    text("description", "description"),
];

/// The answer for one file. The order and names of the fields are fixed.
#[derive(Serialize)]
struct FileOut<'a> {
    file: &'a str,
    statements: Vec<StatementOut<'a>>,
}

#[derive(Serialize)]
struct StatementOut<'a> {
    layout: &'a str,
    account: Option<&'a str>,
    currency: &'a str,
    opening_balance: Option<String>,
    closing_balance: Option<String>,
    balances_hold: Option<bool>,
    /// Rows that the bank lists and has not booked.
    left_out: usize,
    lines: Vec<LineOut<'a>>,
}

#[derive(Serialize)]
struct LineOut<'a> {
    booking_date: String,
    value_date: Option<String>,
    amount: String,
    direction: &'static str,
    references: Vec<&'a str>,
    description: &'a str,
}

pub(super) fn run(settings: &Settings, args: &StatementArgs) -> Result<Exit, Failure> {
    let files = read_all(settings, (&args.file, args.bank.as_ref()), Bytes::Pass)?;
    print(match settings.output {
        Format::Json => {
            let all: Vec<FileOut<'_>> = files.iter().map(file_out).collect();
            format!("{}\n", serde_json::to_string_pretty(&all).map_err(unwritable)?).into_bytes()
        }
        Format::Jsonl => {
            let texts = files.iter().map(|file| serde_json::to_string(&file_out(file)));
            output::lines(&texts.collect::<Result<Vec<_>, _>>().map_err(unwritable)?).into_bytes()
        }
        Format::Csv | Format::Xlsx => rows(&files).file(settings.output, "rows")?,
        Format::Table => {
            let summaries: String = files.iter().map(summary).collect();
            format!("{}\n{summaries}", rows(&files).table()).into_bytes()
        }
    })?;
    Ok(Exit::Done)
}

fn unwritable(error: serde_json::Error) -> Failure {
    Failure::failed(format!("writing JSON: {error}"))
}

fn file_out(file: &ReadFile) -> FileOut<'_> {
    FileOut {
        file: &file.name,
        statements: file.content.statements.iter().map(statement_out).collect(),
    }
}

fn statement_out(statement: &Statement) -> StatementOut<'_> {
    StatementOut {
        layout: &statement.layout,
        account: statement.account.as_deref(),
        currency: &statement.currency,
        opening_balance: statement.opening.map(|balance| balance.to_string()),
        closing_balance: statement.closing.map(|balance| balance.to_string()),
        balances_hold: statement.balances_hold(),
        left_out: statement.details.uncounted.len(),
        lines: statement.lines.iter().map(line_out).collect(),
    }
}

fn line_out(line: &StatementLine) -> LineOut<'_> {
    LineOut {
        booking_date: line.booking_date.to_string(),
        value_date: line.value_date.map(|date| date.to_string()),
        amount: line.amount.to_string(),
        direction: line.direction.as_str(),
        references: line.references().collect(),
        description: line.description(),
    }
}

fn rows(files: &[ReadFile]) -> Rows<'static> {
    let mut cells = Vec::new();
    for file in files {
        for statement in &file.content.statements {
            for line in statement.lines.iter().map(line_out) {
                cells.push(vec![
                    file.name.clone(),
                    statement.account.clone().unwrap_or_default(),
                    line.booking_date,
                    line.value_date.unwrap_or_default(),
                    line.direction.to_owned(),
                    line.amount,
                    line.references.join(" "),
                    line.description.to_owned(),
                ]);
            }
        }
    }
    Rows { columns: COLUMNS, cells }
}

fn summary(file: &ReadFile) -> String {
    let lines = file.content.statements.iter().map(|statement| {
        let known = |balance: Option<String>| balance.unwrap_or_else(|| "not stated".to_owned());
        let waiting = match statement.details.uncounted.len() {
            0 => String::new(),
            rows => format!(", {rows} rows not booked and left out"),
        };
        format!(
            "{}: read as {}, account {}, {} lines, {}, opening {}, closing {}, balances {}{waiting}\n",
            file.name,
            statement.layout,
            statement.account.as_deref().unwrap_or("not named"),
            statement.lines.len(),
            statement.currency,
            known(statement.opening.map(|balance| balance.to_string())),
            known(statement.closing.map(|balance| balance.to_string())),
            match statement.balances_hold() {
                Some(true) => "hold",
                Some(false) => "DO NOT HOLD",
                None => "not stated",
            },
        )
    });
    lines.collect()
}
