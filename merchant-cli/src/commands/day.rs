//! `day`: closes a bank's business day. Closing it again reports its state.

use serde::Deserialize;
use serde_json::json;

use super::connect;
use crate::cli::{DayCommand, Settings};
use crate::client::parsed;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Format, Rows, date, json_list, print, text};

const COLUMNS: &[Column] =
    &[date("business_date", "date"), text("bank", "bank"), text("state", "status")];

/// A day that was marked.
#[derive(Debug, Deserialize)]
struct MarkedDay {
    bank: String,
    business_date: String,
    state: String,
}

pub(super) fn run(settings: &Settings, command: &DayCommand) -> Result<Exit, Failure> {
    let DayCommand::Close { date, early, reason } = command;
    let mut body = json!({ "business_date": date.to_string() });
    if let (true, Some(reason), Some(members)) = (early, reason, body.as_object_mut()) {
        members.insert("early".to_owned(), json!(true));
        members.insert("reason".to_owned(), json!(reason));
    }
    let client = connect(settings)?;
    let texts = vec![client.post("/v1/settlements", &body.to_string())?.expect(&[202])?.body];
    print(match settings.output {
        Format::Json | Format::Jsonl => json_list(&texts, settings.output).into_bytes(),
        Format::Csv | Format::Xlsx => rows(&texts)?.file(settings.output, "days")?,
        Format::Table => rows(&texts)?.table().into_bytes(),
    })?;
    Ok(Exit::Done)
}

fn rows(texts: &[String]) -> Result<Rows<'static>, Failure> {
    let cells = texts.iter().map(|text| {
        let MarkedDay { bank, business_date, state } = parsed(text)?;
        Ok(vec![business_date, bank, state])
    });
    Ok(Rows { columns: COLUMNS, cells: cells.collect::<Result<_, Failure>>()? })
}
