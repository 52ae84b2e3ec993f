//! What the service says about itself: structured lines on standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Starts logging; `filter` is what `EWARONG_LOG` says, `json` makes each line a JSON object.
pub(crate) fn start(filter: &str, json: bool) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_unreadable| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = if json { lines.json().try_init() } else { lines.try_init() };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
