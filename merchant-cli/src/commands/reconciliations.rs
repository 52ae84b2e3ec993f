//! `reconciliations`: the days that were reconciled.

use serde::Deserialize;
use serde_json::json;

use super::{connect, path_id};
use crate::cli::{ReconciliationsCommand, Settings};
use crate::client::parsed;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Format, Rows, date, json_list, number, print, text};

const COLUMNS: &[Column] = &[
    date("business_date", "date"),
    text("bank", "bank"),
    text("status", "status"),
    number("revision", "revision"),
    number("open_exceptions", "open"),
    text("result_hash", "result"),
    text("id", "id"),
];

/// A recorded day, as far as it is shown.
#[derive(Debug, Deserialize)]
struct Reconciliation {
    id: String,
    bank: String,
    business_date: String,
    status: String,
    revision: i32,
    open_exceptions: usize,
    result_hash: String,
}

pub(super) fn run(settings: &Settings, command: &ReconciliationsCommand) -> Result<Exit, Failure> {
    let client = connect(settings)?;
    let texts: Vec<String> = match command {
        ReconciliationsCommand::List { date, bank } => {
            let filters = [
                ("business_date", date.map(|date| date.to_string())),
                ("bank", bank.as_ref().map(ToString::to_string)),
            ];
            let query: Vec<(&str, String)> =
                filters.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
            let rows = client.list("/v1/reconciliations", &query, usize::MAX)?;
            rows.iter().map(|text| text.get().to_owned()).collect()
        }
        ReconciliationsCommand::SignOff { id } => {
            let path = format!("/v1/reconciliations/{}/sign-off", path_id(id)?);
            vec![client.post(&path, "{}")?.expect(&[200])?.body]
        }
        ReconciliationsCommand::Reopen { id, reason } => {
            let path = format!("/v1/reconciliations/{}/reopenings", path_id(id)?);
            let body = json!({ "reason": reason }).to_string();
            vec![client.post(&path, &body)?.expect(&[200])?.body]
        }
    };
    print(match settings.output {
        Format::Json | Format::Jsonl => json_list(&texts, settings.output).into_bytes(),
        Format::Csv | Format::Xlsx => rows(&texts)?.file(settings.output, "reconciliations")?,
        Format::Table => rows(&texts)?.table().into_bytes(),
    })?;
    Ok(Exit::Done)
}

fn rows(texts: &[String]) -> Result<Rows<'static>, Failure> {
    let cells = texts.iter().map(|text| {
        let day: Reconciliation = parsed(text)?;
        Ok(vec![
            day.business_date,
            day.bank,
            day.status,
            day.revision.to_string(),
            day.open_exceptions.to_string(),
            day.result_hash,
            day.id,
        ])
    });
    Ok(Rows { columns: COLUMNS, cells: cells.collect::<Result<_, Failure>>()? })
}
