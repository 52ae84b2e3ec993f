//! `login`: checks the client's secret with the server and keeps it.

use crate::cli::Settings;
use crate::client::Client;
use crate::config::{self, Identity};
use crate::failure::{Exit, Failure};
use crate::terminal::{Secret, note};
use crate::wire::Me;

pub(super) fn run(settings: &Settings) -> Result<Exit, Failure> {
    let (Some(server), Some(client_id)) = (&settings.server, &settings.client_id) else {
        return Err(Failure::usage("`login` needs `--server` and `--client-id`"));
    };
    let server = config::server_url(server)?;
    let secret = match &settings.secret_file {
        Some(path) => config::read_secret(path)?,
        None => settings.person().secret("client secret: ")?,
    };
    let secret = Secret::new(secret.expose().trim().to_owned());
    let identity = Identity { server, client_id: client_id.clone(), secret };
    let me: Me = Client::connect(&identity)?.get("/v1/me", &[])?.parsed()?;
    let path = config::save(settings, &identity)?;
    let who = me.merchant_name.or(me.bank).unwrap_or(me.client_id);
    note(&format!("logged in as `{who}` ({}); kept in `{}`", me.role, path.display()));
    Ok(Exit::Done)
}
