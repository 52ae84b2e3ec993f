//! A day on paper: what the bank owes, and for a single shop what it sold.

use ledger::domain::calendar::Date;
use serde::Deserialize;

use super::plain_rows;
use crate::client::{Client, parsed};
use crate::failure::Failure;
use crate::html::Page;
use crate::output::{Column, Rows, Title, number, text, titled};
use crate::receipt::local_time;
use crate::wire::{Me, Settlement};

const SETTLEMENTS: &[Title] = &[
    titled("Tanggal", "business date"),
    titled("Bank", "bank"),
    titled("Merchant", "merchant"),
    titled("E-warong", "shop"),
    titled("Status", "state"),
    titled("Referensi", "reference"),
    titled("Transaksi", "redemptions"),
    titled("Batal", "reversals"),
    titled("Bruto (Rp)", "gross"),
    titled("Dibatalkan (Rp)", "reversed"),
    titled("Neto (Rp)", "net"),
    titled("Diperhitungkan (Rp)", "set off"),
    titled("Dibayar bank (Rp)", "due"),
    titled("ID", "id"),
];

const ITEMS: &[Column] = &[
    text("created_at", ""),
    text("kind", ""),
    text("rrn", ""),
    text("redemption_id", ""),
    number("amount", ""),
];

const ITEM_TITLES: &[Title] = &[
    titled("Waktu", "time"),
    titled("Jenis", "kind"),
    titled("RRN", "retrieval reference"),
    titled("ID transaksi", "redemption"),
    titled("Jumlah (Rp)", "amount"),
];

/// A purchase or a reversal.
#[derive(Debug, Deserialize)]
struct Item {
    created_at: String,
    kind: String,
    rrn: String,
    redemption_id: String,
    amount: i64,
}

/// The page of a day, from the settlements as the server wrote them.
pub(super) fn of_day(client: &Client, day: Date, texts: &[String]) -> Result<Page, Failure> {
    let me: Me = client.get("/v1/me", &[])?.parsed()?;
    let whose = me.merchant_name.or(me.merchant_id).or(me.bank.map(|bank| bank.to_uppercase()));
    let of = format!("{} {day}", whose.unwrap_or_default());
    let mut page = Page::new(titled("Laporan harian", "Daily statement"), of.trim());
    let rows = plain_rows(texts)?;
    page.section(titled("Penyelesaian", "settlement"), SETTLEMENTS, &rows);
    if let [only] = texts {
        let settlement: Settlement = parsed(only)?;
        if settlement.id.is_empty() {
            page.line("Hari ini belum ditutup (the day is not closed yet).");
        } else {
            let items = items(client, &settlement.id, me.zone.as_deref())?;
            page.section(titled("Rincian", "items"), ITEM_TITLES, &items);
        }
    }
    page.signatures(&[titled("E-warong", "shop"), titled("Bank", "bank")]);
    Ok(page)
}

fn items(client: &Client, id: &str, zone: Option<&str>) -> Result<Rows<'static>, Failure> {
    let texts = client.list(&format!("/v1/settlements/{id}/items"), &[], usize::MAX)?;
    let cells = texts.iter().map(|text| parsed::<Item>(text.get())).map(|item| {
        let item = item?;
        let kind = match item.kind.as_str() {
            "redemption" => "Belanja\nredemption".to_owned(),
            "reversal" => "Pembatalan\nreversal".to_owned(),
            _ => item.kind,
        };
        let time = local_time(&item.created_at, zone);
        Ok(vec![time, kind, item.rrn, item.redemption_id, item.amount.to_string()])
    });
    Ok(Rows { columns: ITEMS, cells: cells.collect::<Result<_, Failure>>()? })
}
