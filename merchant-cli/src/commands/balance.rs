//! `balance`: what is left on a card.

use serde_json::json;

use super::{card_and_pin, connect};
use crate::cli::Settings;
use crate::failure::{Exit, Failure};
use crate::output::{Format, Rows, number, print, text, time};
use crate::receipt::local_time;
use crate::wire::{Inquiry, Me, rupiah};

pub(super) fn run(settings: &Settings) -> Result<Exit, Failure> {
    let client = connect(settings)?;
    let (card_number, pin) = card_and_pin(settings.person())?;
    let body = json!({ "card_number": card_number.expose(), "pin": pin.expose() }).to_string();
    let answer = client.post("/v1/balance-inquiries", &body)?.expect(&[200])?;
    let inquiry: Inquiry = answer.parsed()?;
    print(match settings.output {
        Format::Json | Format::Jsonl => format!("{}\n", answer.body.trim_end()).into_bytes(),
        Format::Csv | Format::Xlsx => {
            let columns = &[text("card", ""), number("balance", ""), time("as_of", "")];
            let row = vec![inquiry.card, inquiry.balance.to_string(), inquiry.as_of];
            Rows { columns, cells: vec![row] }.file(settings.output, "balance")?
        }
        Format::Table => {
            let me: Me = client.get("/v1/me", &[])?.parsed()?;
            let time = local_time(&inquiry.as_of, me.zone.as_deref());
            format!("KARTU {}\nSALDO {}\nWAKTU {time}\n", inquiry.card, rupiah(inquiry.balance))
                .into_bytes()
        }
    })?;
    Ok(Exit::Done)
}
