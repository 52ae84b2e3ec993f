//! Reconciliations on the wire.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::bankfile::Format;
use ledger::domain::calendar::{Date, Instant};
use ledger::domain::hex::Hex;
use ledger::domain::ids::{AccountId, RowId};
use ledger::domain::keys::Keys;
use ledger::domain::matching::{Line, Matching, Outcome, Row};
use ledger::domain::money::Rupiah;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{
    Reconciliation, RecordedFile, RecordedOutcome, Rendering, SentFile, ShownOutcome,
};
use rust_decimal::Decimal;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::invalid;
use crate::problem::Problem;

/// The largest body for so many bytes of files: in base64, and room for names and profiles.
pub(crate) const fn largest_body(files: usize) -> usize {
    (files / 3).saturating_mul(4).saturating_add(256 * 1024)
}

const MAX_NAME: usize = 255;

/// The body of `POST /v1/reconciliations`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReconcileBody {
    pub(crate) bank: String,
    business_date: String,
    #[serde(default)]
    files: Vec<FileBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileBody {
    name: String,
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    profile: Option<String>,
    content: Base64,
}

/// Bytes in base64, decoded while the body is read, so that the text is not held a second time.
struct Base64(Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Decoding)
    }
}

struct Decoding;

impl Visitor<'_> for Decoding {
    type Value = Base64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string in base64")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Base64, E> {
        let decoded = STANDARD.decode(text.as_bytes());
        decoded.map(Base64).map_err(|_not_base64| E::custom("is not base64"))
    }
}

impl ReconcileBody {
    /// The day and the files.
    pub(crate) fn parse(self) -> Result<(String, Date, Vec<SentFile>), Problem> {
        let day = self.business_date.parse();
        let day = day.map_err(|error| invalid("/business_date", error))?;
        let files = self.files.into_iter().enumerate().map(|(place, file)| {
            let at = |member: &str, what: &str| invalid(format!("/files/{place}/{member}"), what);
            if file.name.is_empty() || file.name.len() > MAX_NAME {
                return Err(at("name", "has to be 1 to 255 bytes"));
            }
            let format = match file.format.as_deref() {
                None | Some("auto") => None,
                Some(name) => Some(
                    Format::named(name)
                        .ok_or_else(|| at("format", "is none of auto, csv, xlsx, mt940, camt"))?,
                ),
            };
            let content = Arc::new(file.content.0);
            Ok(SentFile { name: file.name, format, profile: file.profile, content })
        });
        Ok((self.bank, day, files.collect::<Result<_, _>>()?))
    }
}

/// A reconciliation.
#[derive(Serialize)]
pub(crate) struct ReconciliationAnswer {
    id: String,
    bank: String,
    business_date: String,
    status: &'static str,
    revision: i32,
    covered_to: String,
    result_hash: String,
    recorded_at: String,
    signed_at: Option<String>,
    files: Vec<FileAnswer>,
    open_exceptions: i64,
    summary: Box<RawValue>,
}

#[derive(Serialize)]
struct FileAnswer {
    name: String,
    sha256: String,
    account: Option<String>,
}

impl ReconciliationAnswer {
    pub(crate) fn of(keys: &Keys, shown: Reconciliation) -> Result<Self, Problem> {
        let files = shown.files.into_iter();
        Ok(Self {
            id: reconciliation_id(keys, shown.id),
            bank: shown.bank,
            business_date: shown.day.to_string(),
            status: match (shown.signed_at, shown.is_carried_out) {
                (Some(_), _) => "signed_off",
                (None, true) => "recorded",
                (None, false) => "recording",
            },
            revision: shown.revision,
            covered_to: shown.covered_to.to_string(),
            result_hash: Hex(&shown.result_hash).to_string(),
            recorded_at: shown.recorded_at.rfc3339(),
            signed_at: shown.signed_at.map(Instant::rfc3339),
            files: files
                .map(|RecordedFile { name, hash, account }| {
                    let sha256 = Hex(&hash).to_string();
                    FileAnswer { name, sha256, account }
                })
                .collect(),
            open_exceptions: shown.open_exceptions,
            summary: kept(shown.summary)?,
        })
    }
}

/// The id of a reconciliation as it is shown.
pub(crate) fn reconciliation_id(keys: &Keys, id: i64) -> String {
    public_id::encode(keys, IdKind::Reconciliation, RowId(id), AccountId(id))
}

/// An outcome as it was recorded.
pub(crate) fn outcome(recorded: RecordedOutcome) -> Result<Box<RawValue>, Problem> {
    kept(recorded.detail)
}

/// JSON that was kept as a text.
pub(crate) fn kept(text: String) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(text).map_err(|error| {
        tracing::error!(%error, "a kept text is no JSON");
        Problem::new(crate::problem::Code::Internal)
    })
}

/// Results as they are kept and answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsJson;

impl Rendering for AsJson {
    fn summary(&self, matching: &Matching) -> String {
        let totals = matching.totals().iter().filter(|total| total.outcomes > 0).map(|total| {
            json!({
                "status": total.status.as_str(),
                "rows": total.outcomes,
                "ledger_amount": total.ledger.map(Rupiah::get),
                "bank_amount": total.bank.map(plain),
            })
        });
        let control = matching.control().map(|control| {
            let parts = control.parts().map(|(name, part)| (name.to_owned(), plain(part).into()));
            json!({
                "movement": plain(control.movement),
                "parts": parts.into_iter().collect::<Map<_, _>>(),
                "holds": control.holds(),
            })
        });
        json!({
            "totals": totals.collect::<Vec<_>>(),
            "control": control,
            "repeated_rows": matching.repeated_rows(),
        })
        .to_string()
    }

    fn outcome(&self, shown: ShownOutcome<'_>) -> String {
        let outcome = shown.outcome;
        json!({
            "status": outcome.status().as_str(),
            "business_date": outcome.business_date().to_string(),
            "key": outcome.key(),
            "carried": outcome.is_carried(),
            "reference": outcome.reference().map(|reference| reference.to_string()),
            "merchant_id": merchant(outcome),
            "ledger_amount": outcome.ledger_amount().map(Rupiah::get),
            "bank_amount": outcome.bank_amount().map(plain),
            "difference": outcome.difference().map(plain),
            "lines": outcome.lines().map(json_line).collect::<Vec<_>>(),
            "bank_rows": outcome.rows().map(|row| json_row(shown, row)).collect::<Vec<_>>(),
        })
        .to_string()
    }
}

/// The one merchant of the outcome's lines.
fn merchant(outcome: Outcome<'_>) -> Option<String> {
    let mut merchants: Vec<String> =
        outcome.lines().map(|line| line.merchant().to_owned()).collect();
    merchants.sort_unstable();
    merchants.dedup();
    merchants.pop().filter(|_last| merchants.is_empty())
}

fn json_line(line: Line<'_>) -> Value {
    json!({
        "key": line.key(),
        "merchant_id": line.merchant(),
        "business_date": line.business_date().to_string(),
        "amount": line.due().get(),
    })
}

fn json_row(shown: ShownOutcome<'_>, row: Row<'_>) -> Value {
    let read = shown.line(row.place());
    let references = read.map(|(_file, line)| line.references().collect::<Vec<_>>());
    json!({
        "file": read.map(|(file, _line)| file),
        "line": read.map(|(_file, line)| line.number),
        "date": row.date().to_string(),
        "amount": plain(row.amount()),
        "direction": row.direction().as_str(),
        "taken_for": row.role().as_str(),
        "references": references,
        "description": read.map(|(_file, line)| line.description()),
        "fingerprint": row.fingerprint().to_string(),
    })
}

fn plain(amount: Decimal) -> String {
    amount.normalize().to_string()
}
