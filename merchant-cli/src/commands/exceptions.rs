//! `exceptions`: differences between the ledger and the banks, and what people decide about them.

use serde::Deserialize;
use serde_json::json;

use super::{connect, path_id};
use crate::cli::{ExceptionsCommand, Settings};
use crate::client::{Client, TIMEOUT, parsed};
use crate::failure::{Exit, Failure};
use crate::output::{Column, Format, Rows, date, json_list, number, print, text};

const COLUMNS: &[Column] = &[
    date("business_date", "date"),
    text("bank", "bank"),
    text("status", "status"),
    text("key", "key"),
    number("ledger_amount", "ledger"),
    number("bank_amount", "moved"),
    text("severity", "severity"),
    number("age_hours", "hours"),
    text("owner", "owner"),
    text("state", "state"),
    text("resolution", "resolution"),
    text("id", "id"),
];

/// A difference, as far as it is shown.
#[derive(Debug, Deserialize)]
struct Exception {
    id: String,
    bank: String,
    business_date: String,
    key: String,
    status: String,
    ledger_amount: Option<i64>,
    bank_amount: Option<String>,
    state: String,
    severity: String,
    age_hours: u32,
    owner: Option<String>,
    resolution: Option<String>,
}

pub(super) fn run(settings: &Settings, command: &ExceptionsCommand) -> Result<Exit, Failure> {
    let client = connect(settings)?;
    let texts: Vec<String> = match command {
        ExceptionsCommand::List { date, bank, all } => {
            let filters = [
                ("business_date", date.map(|date| date.to_string())),
                ("bank", bank.as_ref().map(ToString::to_string)),
                ("state", all.then(|| "all".to_owned())),
            ];
            let query: Vec<(&str, String)> =
                filters.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
            let rows = client.list("/v1/exceptions", &query, usize::MAX)?;
            rows.iter().map(|text| text.get().to_owned()).collect()
        }
        ExceptionsCommand::Note { id, note, owner } => {
            let path = format!("/v1/exceptions/{}/notes", path_id(id)?);
            let body = json!({ "note": note, "owner": owner }).to_string();
            vec![client.post(&path, &body)?.expect(&[201])?.body]
        }
        ExceptionsCommand::Resolve { ids, resolution, reason } => {
            let body = json!({ "resolution": resolution, "reason": reason }).to_string();
            ids.iter().map(|id| resolved(&client, id, &body)).collect::<Result<_, Failure>>()?
        }
    };
    print(match settings.output {
        Format::Json | Format::Jsonl => json_list(&texts, settings.output).into_bytes(),
        Format::Csv | Format::Xlsx => rows(&texts)?.file(settings.output, "exceptions")?,
        Format::Table => rows(&texts)?.table().into_bytes(),
    })?;
    let mut waiting = 0_usize;
    for text in &texts {
        let one: Exception = parsed(text)?;
        let waits = matches!(one.state.as_str(), "open" | "proposed");
        waiting = waiting.saturating_add(usize::from(waits));
    }
    let is_list = matches!(command, ExceptionsCommand::List { .. });
    Ok(if is_list && waiting > 0 { Exit::Differences } else { Exit::Done })
}

/// Decides one. The same decision by the same client again changes nothing.
fn resolved(client: &Client, id: &str, body: &str) -> Result<String, Failure> {
    let path = format!("/v1/exceptions/{}/resolutions", path_id(id)?);
    Ok(client.post_harmless(&path, body, TIMEOUT)?.expect(&[200, 202])?.body)
}

fn rows(texts: &[String]) -> Result<Rows<'static>, Failure> {
    let cells = texts.iter().map(|text| {
        let one: Exception = parsed(text)?;
        Ok(vec![
            one.business_date,
            one.bank,
            one.status,
            one.key,
            one.ledger_amount.map(|amount| amount.to_string()).unwrap_or_default(),
            one.bank_amount.unwrap_or_default(),
            one.severity,
            one.age_hours.to_string(),
            one.owner.unwrap_or_default(),
            one.state,
            one.resolution.unwrap_or_default(),
            one.id,
        ])
    });
    Ok(Rows { columns: COLUMNS, cells: cells.collect::<Result<_, Failure>>()? })
}
