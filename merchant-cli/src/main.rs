//! `merchant-cli`: the shop's and the bank's command line.
//!
//! Data goes to stdout, everything else to stderr. [`failure::Exit`] lists the exit codes.

mod basket;
mod cli;
mod client;
mod commands;
mod config;
mod failure;
mod html;
mod output;
mod pending;
mod progress;
mod receipt;
mod statements;
mod terminal;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use crate::failure::Exit;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(help_or_usage) => return cli::show(&help_or_usage),
    };
    let exit = match commands::run(&cli) {
        Ok(exit) => exit,
        Err(failure) => failure.show(cli.settings.color),
    };
    exit.into()
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
