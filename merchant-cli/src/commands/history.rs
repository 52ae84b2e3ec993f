//! `history`: the shop's sales, refused ones too.

use super::connect;
use crate::cli::{HistoryArgs, Settings};
use crate::client::parsed;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Format, Rows, json_list, number, print, text, time};
use crate::receipt::local_time;
use crate::wire::{Me, Redemption, rupiah};

const COLUMNS: &[Column] = &[
    time("created_at", "waktu"),
    text("id", "id"),
    text("status", "status"),
    number("amount", "jumlah"),
    text("card", "kartu"),
    text("rrn", "RRN"),
    text("code", "alasan"),
];

pub(super) fn run(settings: &Settings, args: &HistoryArgs) -> Result<Exit, Failure> {
    let client = connect(settings)?;
    let bounds = [("from", &args.from), ("to", &args.to)];
    let query: Vec<(&str, String)> =
        bounds.into_iter().filter_map(|(key, bound)| Some((key, bound.clone()?))).collect();
    let sales = client.list("/v1/redemptions", &query, args.limit)?;
    let texts: Vec<String> = sales.iter().map(|sale| sale.get().to_owned()).collect();
    print(match settings.output {
        Format::Json | Format::Jsonl => json_list(&texts, settings.output).into_bytes(),
        Format::Csv | Format::Xlsx => rows(&texts)?.file(settings.output, "sales")?,
        Format::Table => {
            let me: Me = client.get("/v1/me", &[])?.parsed()?;
            let mut rows = rows(&texts)?;
            for row in &mut rows.cells {
                if let [time, _id, _status, amount, ..] = row.as_mut_slice() {
                    *time = local_time(time, me.zone.as_deref());
                    *amount = amount.parse().map_or_else(|_none| String::new(), rupiah);
                }
            }
            rows.table().into_bytes()
        }
    })?;
    Ok(Exit::Done)
}

/// Sales as rows; amounts and times as the server writes them.
pub(super) fn rows(texts: &[String]) -> Result<Rows<'static>, Failure> {
    let cells = texts.iter().map(|text| parsed::<Redemption>(text)).map(|sale| {
        let sale = sale?;
        Ok(vec![
            sale.created_at,
            sale.id,
            sale.status,
            sale.amount.map(|amount| amount.to_string()).unwrap_or_default(),
            sale.card.unwrap_or_default(),
            sale.rrn.unwrap_or_default(),
            sale.code.unwrap_or_default(),
        ])
    });
    Ok(Rows { columns: COLUMNS, cells: cells.collect::<Result<_, Failure>>()? })
}
