//! `client`: who may call the API.

use std::process::ExitCode;

use ledger::domain::role::Role;
use ledger::service::{
    Client, Clock as _, NewScope, Scope, SystemClock, add_clients, list_clients, revoke_client,
};

use crate::cli::ClientCommand;
use crate::config;

use super::{say, say_error};

/// Adds, lists or revokes.
pub(super) fn run(command: ClientCommand) -> anyhow::Result<ExitCode> {
    let now = SystemClock::default().now();
    match command {
        ClientCommand::Add { client_id, role, terminal, bank, database } => {
            let scope = scope(&role, terminal.as_deref(), bank.as_deref())?;
            let secrets = add_clients(&config::database(&database)?, &[(&client_id, scope)], now)?;
            say_error("the secret is shown only now; it can't be read again:");
            say(&secrets.concat());
        }
        ClientCommand::List { database } => {
            let clients = list_clients(&config::database(&database)?)?;
            say(&clients.iter().map(line).collect::<Vec<_>>().join("\n"));
        }
        ClientCommand::Revoke { client_id, database } => {
            revoke_client(&config::database(&database)?, &client_id, now)?;
            say(&format!("revoked {client_id}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A client's line in the list.
fn line(client: &Client) -> String {
    let state = client
        .revoked_at
        .map_or_else(|| "active".to_owned(), |when| format!("revoked {}", when.rfc3339()));
    let role = client.scope.role().as_str();
    format!("{}\t{role}\t{}\t{state}", client.client_id, acts_for(&client.scope))
}

fn scope<'a>(
    role: &str,
    terminal: Option<&'a str>,
    bank: Option<&'a str>,
) -> anyhow::Result<NewScope<'a>> {
    match (Role::named(role), terminal, bank) {
        (Some(Role::Merchant), Some(terminal), None) => Ok(NewScope::Merchant(terminal)),
        (Some(Role::Merchant), ..) => anyhow::bail!("a merchant's client needs --terminal alone"),
        (Some(Role::Bank), None, Some(bank)) => Ok(NewScope::Bank(bank)),
        (Some(Role::Bank), ..) => anyhow::bail!("a bank's client needs --bank alone"),
        (Some(Role::Auditor), None, None) => Ok(NewScope::Auditor),
        (Some(Role::Programme), None, None) => Ok(NewScope::Programme),
        (Some(_), ..) => anyhow::bail!("`{role}` goes with neither --terminal nor --bank"),
        (None, ..) => {
            anyhow::bail!("`{role}` is no role\nhint: merchant, bank, auditor or programme")
        }
    }
}

fn acts_for(scope: &Scope) -> &str {
    match scope {
        Scope::Merchant(shop) => &shop.terminal_code,
        Scope::Bank(_, code) => code.as_str(),
        Scope::Auditor | Scope::Programme => "-",
    }
}
