//! Recording: the files go to the server as they are, which reads and matches them itself.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use crate::cli::ReconcileArgs;
use crate::client::Client;
use crate::config::unreadable;
use crate::failure::Failure;
use crate::statements::ReadFile;
use crate::terminal::{harmless, note};

/// How long sending the files and reading them at the server may take.
const WITHIN: Duration = Duration::from_mins(10);

/// What the server recorded.
#[derive(Debug, Deserialize)]
pub(super) struct Recorded {
    id: String,
    status: String,
    revision: i32,
    result_hash: String,
    open_exceptions: usize,
}

/// Sends the files; the same ones again change nothing.
pub(super) fn record(
    client: &Client,
    args: &ReconcileArgs,
    files: &[ReadFile],
) -> Result<Recorded, Failure> {
    let profile = args.file.profile.as_deref();
    let profile = profile
        .map(|path| std::fs::read_to_string(path).map_err(|error| unreadable(path, &error)))
        .transpose()?;
    let format = args.file.format.named().map_or("auto", |format| format.as_str());
    let files: Vec<_> = files
        .iter()
        .map(|file| {
            json!({
                "name": file.name,
                "format": format,
                "profile": profile,
                "content": STANDARD.encode(&file.bytes),
            })
        })
        .collect();
    let body = json!({
        "bank": args.bank.as_str(),
        "business_date": args.date.to_string(),
        "files": files,
    });
    // The server knows files by their bytes: sent twice, they are recorded once.
    let answer = client.post_harmless("/v1/reconciliations", &body.to_string(), WITHIN)?;
    answer.expect(&[200, 201])?.parsed()
}

impl Recorded {
    /// Says what was recorded; whether nothing is left for a person.
    pub(super) fn told(&self, own_hash: &str) -> bool {
        note(&format!(
            "{} as `{}`, revision {}, result {}; open differences: {}",
            harmless(&self.status),
            harmless(&self.id),
            self.revision,
            harmless(&self.result_hash),
            self.open_exceptions
        ));
        if self.result_hash != own_hash {
            note(
                "the server has files of earlier days or runs in its result too; \
                 see `merchant-cli exceptions list`",
            );
        }
        self.open_exceptions == 0
    }
}
