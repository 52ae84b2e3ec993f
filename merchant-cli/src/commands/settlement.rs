//! `settlement`: what a business day comes to for a shop, or for all shops of a bank.

mod page;

use super::connect;
use crate::cli::{Settings, SettlementArgs};
use crate::client::parsed;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Format, Rows, date, json_list, number, print, text};
use crate::wire::{Settlement, rupiah};

const COLUMNS: &[Column] = &[
    date("business_date", "tanggal"),
    text("bank", "bank"),
    text("merchant_id", "merchant"),
    text("merchant_name", "e-warong"),
    text("state", "status"),
    text("reference", "referensi"),
    number("redemptions", "transaksi"),
    number("reversals", "batal"),
    number("gross", "bruto"),
    number("reversed", "dibatalkan"),
    number("net", "neto"),
    number("set_off", "diperhitungkan"),
    number("due", "dibayar"),
    text("id", "id"),
];

pub(super) fn run(settings: &Settings, args: &SettlementArgs) -> Result<Exit, Failure> {
    let client = connect(settings)?;
    let filters = [
        ("business_date", args.date.map(|date| date.to_string())),
        ("bank", args.bank.as_ref().map(ToString::to_string)),
        ("merchant_id", args.merchant.clone()),
    ];
    let query: Vec<(&str, String)> =
        filters.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let settlements = client.list("/v1/settlements", &query, usize::MAX)?;
    let texts: Vec<String> = settlements.iter().map(|text| text.get().to_owned()).collect();
    if let (Some(path), Some(day)) = (&args.report, args.date) {
        page::of_day(&client, day, &texts)?.write(path)?;
    }
    print(match settings.output {
        Format::Json | Format::Jsonl => json_list(&texts, settings.output).into_bytes(),
        Format::Csv | Format::Xlsx => plain_rows(&texts)?.file(settings.output, "settlements")?,
        Format::Table => rows(&texts, rupiah)?.table().into_bytes(),
    })?;
    Ok(Exit::Done)
}

/// The settlements with amounts as plain numbers.
fn plain_rows(texts: &[String]) -> Result<Rows<'static>, Failure> {
    rows(texts, |amount| amount.to_string())
}

fn rows(texts: &[String], money: fn(i64) -> String) -> Result<Rows<'static>, Failure> {
    let cells = texts.iter().map(|text| parsed::<Settlement>(text)).map(|settlement| {
        let settlement = settlement?;
        Ok(vec![
            settlement.business_date,
            settlement.bank,
            settlement.merchant_id,
            settlement.merchant_name,
            settlement.state,
            settlement.reference.unwrap_or_default(),
            settlement.redemptions.to_string(),
            settlement.reversals.to_string(),
            money(settlement.gross),
            money(settlement.reversed),
            money(settlement.net),
            money(settlement.set_off),
            money(settlement.due),
            settlement.id,
        ])
    });
    Ok(Rows { columns: COLUMNS, cells: cells.collect::<Result<_, Failure>>()? })
}
