//! `migrate`: brings the database's schema up to date.

use std::process::ExitCode;

use crate::cli::DatabaseArgs;
use crate::config;

use super::say;

/// Runs the pending migrations and names them.
pub(super) fn run(args: &DatabaseArgs) -> anyhow::Result<ExitCode> {
    let url = config::database(args)?;
    let done = ledger::service::migrate(&url)?;
    if done.is_empty() {
        say("the schema is up to date");
    }
    for migration in done {
        say(&format!("migrated {migration}"));
    }
    Ok(ExitCode::SUCCESS)
}
