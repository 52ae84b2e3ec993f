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
    print(&match settings.output {
        Format::Table => {
            let me: Me = client.get("/v1/me", &[])?.parsed()?;
            receipt(&answer.parsed::<Redemption>()?, &me)
        }
        Format::Json | Format::Jsonl => format!("{}\n", answer.body.trim_end()),
        Format::Csv => super::history::rows(std::slice::from_ref(&answer.body))?.csv()?,
    })?;
    Ok(Exit::Done)
}
