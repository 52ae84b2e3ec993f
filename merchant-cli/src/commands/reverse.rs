//! `reverse`: takes a sale back, once and whole.

use ring::digest::{SHA256, digest};
use serde_json::json;

use super::{connect, path_id};
use crate::cli::{ReverseArgs, Settings};
use crate::failure::{Exit, Failure};
use crate::output::{Format, print};
use crate::terminal::note;
use ledger::domain::hex::Hex;

pub(super) fn run(settings: &Settings, args: &ReverseArgs) -> Result<Exit, Failure> {
    let id = path_id(&args.id)?;
    let client = connect(settings)?;
    // The same command again is the same request, whatever became of the first; another reason is
    // another request, which the server answers with `already_reversed`.
    let digest = digest(&SHA256, format!("{id}\n{}", args.reason).as_bytes());
    let key = format!("reverse-{}", Hex(digest.as_ref()));
    let body = json!({ "reason": args.reason }).to_string();
    let path = format!("/v1/redemptions/{id}/reversals");
    let answer = client.post_once(&path, &key, &body)?.expect(&[201])?;
    match settings.output {
        Format::Table => note(&format!("transaksi `{id}` dibatalkan; saldo kartu dikembalikan")),
        Format::Json | Format::Jsonl => print(format!("{}\n", answer.body.trim_end()))?,
        Format::Csv | Format::Xlsx => {
            let path = format!("/v1/redemptions/{id}");
            let sale = client.get(&path, &[])?;
            let rows = super::history::rows(std::slice::from_ref(&sale.body))?;
            print(rows.file(settings.output, "sales")?)?;
        }
    }
    Ok(Exit::Done)
}
