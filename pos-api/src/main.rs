//! The service's binary: reads the command line and runs one command.

use std::process::ExitCode;

use clap::Parser;
use pos_api::cli::Cli;

fn main() -> ExitCode {
    pos_api::run(Cli::parse())
}
