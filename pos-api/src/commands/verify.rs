//! `verify`: recomputes every invariant from the database alone.

use std::process::ExitCode;

use ledger::service::VerifyOptions;

use crate::cli::VerifyArgs;
use crate::config;

use super::{say, say_error};

/// The database could not be looked at; nothing is known.
const COULD_NOT_RUN: u8 = 2;

/// 0: whole; 1: broken, with the first bad record of each check named; 2: could not run.
pub(super) fn run(args: &VerifyArgs) -> ExitCode {
    match report(args) {
        Ok(code) => code,
        Err(error) => {
            say_error(&format!("error: {error:#}"));
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

fn report(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let url = config::database(&args.database)?;
    if url.file().is_some_and(|file| !file.exists()) {
        anyhow::bail!("`{url}` is not there");
    }
    if ledger::service::needs_migration(&url)? {
        anyhow::bail!("the schema of `{url}` is old\nhint: pos-api migrate");
    }
    let options = VerifyOptions { since: args.since, keys: args.keys.clone() };
    let report = ledger::service::verify(&url, &options, &mut |check, rows| {
        tracing::debug!(check, rows, "verifying");
    })?;
    for check in &report.checks {
        match &check.broken {
            None => say(&format!("ok      {:<28} {}", check.name, check.rows)),
            Some(record) => say(&format!("BROKEN  {:<28} {record}", check.name)),
        }
    }
    if report.is_whole() {
        say("whole");
        Ok(ExitCode::SUCCESS)
    } else {
        say("broken");
        Ok(ExitCode::FAILURE)
    }
}
