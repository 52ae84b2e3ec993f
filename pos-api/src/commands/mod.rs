//! The program's commands, one file each.

mod client;
mod credit;
mod demo;
mod import;
mod migrate;
mod serve;
mod verify;

use std::io::Write as _;
use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::telemetry;

/// Runs one command. 0: done; 1: it failed, or what it looked at is not as it should be.
pub fn run(cli: Cli) -> ExitCode {
    telemetry::start(&cli.log, cli.log_json);
    let done = match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Migrate(args) => migrate::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Credit(args) => credit::run(&args),
        Command::Verify(args) => return verify::run(&args),
        Command::Client(command) => client::run(command),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            say_error(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints a line of what the command is for. A reader that has gone is not a failure.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        tracing::debug!("nobody reads the output any more");
    }
}

/// Prints a line about the command.
pub(crate) fn say_error(line: &str) {
    if writeln!(std::io::stderr().lock(), "{line}").is_err() {
        tracing::debug!("nobody reads the errors any more");
    }
}
