//! `receipt`: prints a sale's receipt again.

use super::{connect, path_id};
use crate::cli::{ReceiptArgs, Settings};
use crate::failure::{Exit, Failure};
use crate::output::{Format, print};
use crate::receipt::receipt;
use crate::wire::{Me, Redemption};

pub(super) fn run(settings: &Settings, args: &ReceiptArgs) -> Result<Exit, Failure> {
    let id = path_id(&args.id)?;
    let client = connect(settings)?;
    let answer = client.get(&format!("/v1/redemptions/{id}"), &[])?;
    print(match settings.output {
        Format::Table => {
            let me: Me = client.get("/v1/me", &[])?.parsed()?;
            receipt(&answer.parsed::<Redemption>()?, &me).into_bytes()
        }
        Format::Json | Format::Jsonl => format!("{}\n", answer.body.trim_end()).into_bytes(),
        Format::Csv | Format::Xlsx => super::history::rows(std::slice::from_ref(&answer.body))?
            .file(settings.output, "sales")?,
    })?;
    Ok(Exit::Done)
}
