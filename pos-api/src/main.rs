//! The service's binary: reads the command line and runs one command.

use std::process::ExitCode;

use clap::Parser;
use pos_api::cli::Cli;

/// Requests are answered by threads that hand memory to each other, which the system's allocator pays
/// for with locks.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pos_api::run(Cli::parse())
}
