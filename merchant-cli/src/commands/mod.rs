//! The commands, one file each.

mod balance;
mod daily;
mod day;
mod exceptions;
mod history;
mod login;
mod profile;
mod receipt;
mod reconcile;
mod reconciliations;
mod redeem;
mod reverse;
mod settlement;
mod statement;

use crate::cli::{Cli, Command};
use crate::client::Client;
use crate::config;
use crate::failure::{Exit, Failure};
use crate::output::check_destination;
use crate::terminal::{Person, Secret};

/// Runs the command that the line names.
pub(crate) fn run(cli: &Cli) -> Result<Exit, Failure> {
    let settings = &cli.settings;
    check_destination(settings.output)?;
    match &cli.command {
        Command::Login => login::run(settings),
        Command::Redeem(args) => redeem::run(settings, args),
        Command::Balance => balance::run(settings),
        Command::Reverse(args) => reverse::run(settings, args),
        Command::Receipt(args) => receipt::run(settings, args),
        Command::History(args) => history::run(settings, args),
        Command::Settlement(args) => settlement::run(settings, args),
        Command::Statement(args) => statement::run(settings, args),
        Command::Profile(command) => profile::run(settings, command),
        Command::Reconcile(args) => reconcile::run(settings, args),
        Command::Day(command) => day::run(settings, command),
        Command::Daily(args) => daily::run(settings, args),
        Command::Reconciliations(command) => reconciliations::run(settings, command),
        Command::Exceptions(command) => exceptions::run(settings, command),
    }
}

/// The server, as the client of this run.
fn connect(settings: &crate::cli::Settings) -> Result<Client, Failure> {
    Client::connect(&config::identity(settings)?)
}

/// The card's number without spaces and dashes, and its PIN.
fn card_and_pin(person: Person) -> Result<(Secret, Secret), Failure> {
    let typed = person.line("nomor kartu: ")?;
    let number: String =
        typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::usage("nomor kartu harus berupa angka"));
    }
    let pin = person.secret("PIN: ")?;
    Ok((Secret::new(number), pin))
}

/// An id as it may stand in a path.
fn path_id(id: &str) -> Result<&str, Failure> {
    let fits = (1..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if fits { Ok(id) } else { Err(Failure::usage(format!("`{id}` is not an id"))) }
}
