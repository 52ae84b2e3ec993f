//! `profile`: how a bank writes its files, to start one's own from and to try it out.

use std::fmt::Write as _;
use std::io::Read as _;

use ledger::bankfile::{
    ColumnCheck, ListCheck, Profile, ProfileCheck, ReadAs, Statement, ValueCheck, check_profile,
};
use ledger::domain::bank::BankCode;
use serde_json::{Value, json};

use crate::cli::{ProfileCheckArgs, ProfileCommand, Settings};
use crate::config::unreadable;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Format, Rows, print, text};
use crate::statements::{given_profile, input};
use crate::terminal::harmless;

const COLUMNS: &[Column] = &[
    text("column", "column"),
    text("read_as", "read as"),
    text("value", "value"),
    text("result", "read"),
];

pub(super) fn run(settings: &Settings, command: &ProfileCommand) -> Result<Exit, Failure> {
    match command {
        ProfileCommand::Show { bank } => show(bank),
        ProfileCommand::Check(args) => check(settings, args),
    }
}

fn show(bank: &BankCode) -> Result<Exit, Failure> {
    print(Profile::text_of_bank(bank).map_err(|error| Failure::failed(error.to_string()))?)?;
    Ok(Exit::Done)
}

/// Exit 0 when the sample is read and its balances hold or are not stated, 3 when they don't hold.
fn check(settings: &Settings, args: &ProfileCheckArgs) -> Result<Exit, Failure> {
    let how = ReadAs {
        profile: Some(profile(args)?),
        around: args.near.map(ledger::domain::calendar::Date::naive),
        ..ReadAs::default()
    };
    let name = args.sample.display().to_string();
    let mut sample = Vec::new();
    let read = input(&args.sample)?.read_to_end(&mut sample);
    read.map_err(|error| unreadable(&args.sample, &error))?;
    let check = check_profile(&sample, &how)
        .map_err(|error| Failure::failed(format!("{name}: {error}")))?;
    print(match settings.output {
        Format::Table => table(&check).into_bytes(),
        Format::Csv | Format::Xlsx => cells(&check).file(settings.output, "columns")?,
        Format::Json => format!("{:#}\n", report(&check)).into_bytes(),
        Format::Jsonl => format!("{}\n", report(&check)).into_bytes(),
    })?;
    match &check.outcome {
        Ok(statements) if statements.iter().all(|one| one.balances_hold() != Some(false)) => {
            Ok(Exit::Done)
        }
        Ok(_) => Ok(Exit::Differences),
        Err(error) => Err(Failure::failed(format!("{name}: {error}"))
            .hint("correct the profile, or ask the bank for a whole file")),
    }
}

/// The profile in the file of that name, or else of the bank.
fn profile(args: &ProfileCheckArgs) -> Result<Profile, Failure> {
    let bank = args.profile.to_str().and_then(|name| name.parse::<BankCode>().ok());
    match bank.and_then(|bank| Profile::of_bank(&bank).ok()) {
        Some(profile) if !args.profile.exists() => Ok(profile),
        _ => given_profile(&args.profile),
    }
}

fn table(check: &ProfileCheck) -> String {
    let mut text = String::new();
    for list in &check.lists {
        text.push_str(&heading(list));
        let rows = list.columns.iter().flat_map(column_rows).collect();
        text.push_str(&Rows { columns: COLUMNS, cells: rows }.table());
        text.push('\n');
    }
    if let Ok(statements) = &check.outcome {
        for statement in statements {
            text.push_str(&summary(statement));
        }
    }
    text
}

fn heading(list: &ListCheck) -> String {
    let mut text = String::new();
    let sheet = list.sheet.as_ref().map(|sheet| format!("sheet `{sheet}`, ")).unwrap_or_default();
    let form = list.form.as_ref().map(|form| format!(", {form}")).unwrap_or_default();
    let lines = [
        format!("{sheet}layout {}, header on line {}{form}", list.layout, list.header_line),
        format!("numbers as {}, dates as {}", list.numbers, list.dates),
    ];
    for line in lines {
        writeln!(text, "{}", harmless(&line)).unwrap_or_default();
    }
    text
}

fn cells(check: &ProfileCheck) -> Rows<'static> {
    let columns = check.lists.iter().flat_map(|list| &list.columns);
    Rows { columns: COLUMNS, cells: columns.flat_map(column_rows).collect() }
}

/// A row for each value, of which the first names the column.
fn column_rows(column: &ColumnCheck) -> Vec<Vec<String>> {
    let read_as = read_as(column);
    let mut rows: Vec<Vec<String>> = column
        .values
        .iter()
        .map(|value| vec![String::new(), String::new(), value.cell.clone(), result(value)])
        .collect();
    if rows.is_empty() {
        rows.push(vec![String::new(); COLUMNS.len()]);
    }
    if let Some([name, role, ..]) = rows.first_mut().map(Vec::as_mut_slice) {
        column.header.clone_into(name);
        *role = read_as;
    }
    rows
}

fn read_as(column: &ColumnCheck) -> String {
    match column.read_as {
        Some(key) => key.to_owned(),
        None if column.is_known => "(ignored)".to_owned(),
        None => "(unknown, left out)".to_owned(),
    }
}

fn result(value: &ValueCheck) -> String {
    match &value.read {
        Ok(read) => read.clone(),
        Err(reason) => format!("NOT READ: {reason}"),
    }
}

fn summary(statement: &Statement) -> String {
    let known = |text: Option<String>| text.unwrap_or_else(|| "not stated".to_owned());
    let holds = match statement.balances_hold() {
        Some(true) => "hold".to_owned(),
        None => "are not stated".to_owned(),
        Some(false) => match statement.first_break() {
            Some(found) => format!(
                "DO NOT HOLD: {} states {}, the rows come to {}",
                found.line.map_or("the closing balance".to_owned(), |line| format!("line {line}")),
                found.stated,
                found.computed
            ),
            None => "DO NOT HOLD".to_owned(),
        },
    };
    let account = statement.account.clone().unwrap_or_else(|| "not named".to_owned());
    let text = format!(
        "account {account}, {}: {} rows, {} not booked; opening {}, closing {}; balances {holds}",
        statement.currency,
        statement.lines.len(),
        statement.details.uncounted.len(),
        known(statement.opening.map(|balance| balance.to_string())),
        known(statement.closing.map(|balance| balance.to_string())),
    );
    format!("{}\n", harmless(&text))
}

fn report(check: &ProfileCheck) -> Value {
    let lists = check.lists.iter().map(|list| {
        json!({
            "sheet": list.sheet,
            "layout": list.layout,
            "form": list.form,
            "header_line": list.header_line,
            "numbers": list.numbers,
            "dates": list.dates,
            "columns": list.columns.iter().map(column_json).collect::<Vec<_>>(),
        })
    });
    let statements = check.outcome.iter().flatten().map(|statement| {
        json!({
            "account": statement.account,
            "currency": statement.currency,
            "rows": statement.lines.len(),
            "not_booked": statement.details.uncounted.len(),
            "opening_balance": statement.opening.map(|balance| balance.to_string()),
            "closing_balance": statement.closing.map(|balance| balance.to_string()),
            "balances_hold": statement.balances_hold(),
        })
    });
    json!({
        "format": check.format.as_str(),
        "lists": lists.collect::<Vec<_>>(),
        "statements": statements.collect::<Vec<_>>(),
        "error": check.outcome.as_ref().err().map(ToString::to_string),
    })
}

fn column_json(column: &ColumnCheck) -> Value {
    let values = column.values.iter().map(|value| {
        let (read, error) = match &value.read {
            Ok(read) => (Some(read), None),
            Err(reason) => (None, Some(reason)),
        };
        json!({ "value": value.cell, "read": read, "error": error })
    });
    json!({
        "column": column.header,
        "read_as": column.read_as,
        "known": column.is_known,
        "values": values.collect::<Vec<_>>(),
    })
}
