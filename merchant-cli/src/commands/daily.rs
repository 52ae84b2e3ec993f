//! `daily`: the five reconciliations of a bank's day, in one report.

use rust_decimal::Decimal;
use serde::Deserialize;

use super::connect;
use crate::cli::{DailyArgs, FileArgs, FileFormat, Settings};
use crate::failure::{Exit, Failure};
use crate::output::{Column, Format, Rows, json_list, number, print, text};
use crate::statements::{Bytes, read_all};

const COLUMNS: &[Column] = &[
    text("name", "reconciliation"),
    text("state", "state"),
    number("expected", "expected"),
    number("found", "found"),
    number("compared", "compared"),
    text("remarks", "remarks"),
];

#[derive(Debug, Deserialize)]
struct Report {
    holds: bool,
    checks: Vec<Check>,
}

#[derive(Debug, Deserialize)]
struct Check {
    name: String,
    state: String,
    expected: String,
    found: String,
    compared: i64,
    remarks: Vec<String>,
}

pub(super) fn run(settings: &Settings, args: &DailyArgs) -> Result<Exit, Failure> {
    let closing = match &args.holding_statement {
        Some(file) => Some(closing_balance(settings, args, file.clone())?),
        None => None,
    };
    let client = connect(settings)?;
    let mut query = vec![("bank", args.bank.to_string()), ("business_date", args.date.to_string())];
    query.extend(closing.map(|closing| ("holding_closing", closing.to_string())));
    let answer = client.get("/v1/daily-reconciliations", &query)?;
    let report: Report = answer.parsed()?;
    let rows = || Rows { columns: COLUMNS, cells: report.checks.iter().map(cells).collect() };
    print(match settings.output {
        Format::Json | Format::Jsonl => {
            json_list(std::slice::from_ref(&answer.body), settings.output).into_bytes()
        }
        Format::Csv | Format::Xlsx => rows().file(settings.output, "daily")?,
        Format::Table => rows().table().into_bytes(),
    })?;
    Ok(if report.holds { Exit::Done } else { Exit::Differences })
}

fn cells(check: &Check) -> Vec<String> {
    vec![
        check.name.clone(),
        check.state.clone(),
        check.expected.clone(),
        check.found.clone(),
        check.compared.to_string(),
        check.remarks.join("; "),
    ]
}

/// The closing balance that the holding account's statement states.
fn closing_balance(
    settings: &Settings,
    args: &DailyArgs,
    file: std::path::PathBuf,
) -> Result<Decimal, Failure> {
    let name = file.display().to_string();
    let format = FileFormat::Auto;
    let file = FileArgs { files: vec![file], format, profile: None, near: Some(args.date) };
    let read = read_all(settings, (&file, Some(&args.bank)), Bytes::Pass)?;
    let mut statements = read.iter().flat_map(|file| &file.content.statements);
    let (first, more) = (statements.next(), statements.next());
    if let Some(statement) = first.filter(|_| more.is_none())
        && let Some(closing) = statement.closing
        && statement.balances_hold() != Some(false)
    {
        return Ok(closing);
    }
    Err(Failure::failed(format!("`{name}` is not one statement with a closing balance that holds"))
        .hint("give the statement of the account that holds the programme's money"))
}
