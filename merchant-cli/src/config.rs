//! Where the client's identity comes from and is kept: flags and environment before the XDG config
//! folder, whose file only its owner may read.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::Settings;
use crate::failure::{Exit, Failure};
use crate::terminal::Secret;

/// The folder's name below the XDG folders.
const FOLDER: &str = "ewarong";

/// What a request needs: where to send it, and as whom.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) server: String,
    pub(crate) client_id: String,
    pub(crate) secret: Secret,
}

/// The file that `login` writes.
#[derive(Serialize, Deserialize)]
struct Stored {
    server: String,
    client_id: String,
    client_secret: String,
}

/// The identity of this run: what flags and environment give, the rest from the last `login`.
pub(crate) fn identity(settings: &Settings) -> Result<Identity, Failure> {
    let from_file = settings.secret_file.as_deref().map(read_secret).transpose()?;
    if let (Some(server), Some(client_id), Some(secret)) =
        (&settings.server, &settings.client_id, &from_file)
    {
        return Ok(Identity {
            server: server_url(server)?,
            client_id: client_id.clone(),
            secret: secret.clone(),
        });
    }
    let stored = load(settings)?;
    let client_id = settings.client_id.clone().unwrap_or_else(|| stored.client_id.clone());
    let server = settings.server.clone().unwrap_or_else(|| stored.server.clone());
    let secret = match from_file {
        Some(secret) => secret,
        // A stored secret goes to the client and to the server it was stored for, to no other.
        None if client_id == stored.client_id
            && server_url(&server)? == server_url(&stored.server)? =>
        {
            Secret::new(stored.client_secret)
        }
        None => {
            return Err(Failure::new(
                Exit::NotAuthorised,
                format!("no secret is kept for client `{client_id}` at `{server}`"),
            )
            .hint("give `--secret-file`, or run `merchant-cli login`"));
        }
    };
    Ok(Identity { server: server_url(&server)?, client_id, secret })
}

/// The server's address without a slash at its end.
///
/// # Errors
/// A usage failure unless it is an `http` or `https` address without a user name.
pub(crate) fn server_url(text: &str) -> Result<String, Failure> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['@', '?', '#', ' ']) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err(Failure::usage(format!("`{text}` is not a server's address"))
            .hint("write it as `https://host` or `http://127.0.0.1:8080`")),
    }
}

/// Keeps the identity for later runs and returns the file's path.
pub(crate) fn save(settings: &Settings, identity: &Identity) -> Result<PathBuf, Failure> {
    let folder = config_folder(settings)?;
    let stored = Stored {
        server: identity.server.clone(),
        client_id: identity.client_id.clone(),
        client_secret: identity.secret.expose().to_owned(),
    };
    let text = serde_json::to_string_pretty(&stored)
        .map_err(|error| Failure::failed(format!("writing the configuration: {error}")))?;
    let path = folder.join("client.json");
    write_private(&folder, &path, &text)?;
    Ok(path)
}

/// Reads a secret from a file: its first line.
pub(crate) fn read_secret(path: &Path) -> Result<Secret, Failure> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let secret = text.lines().next().unwrap_or_default().trim().to_owned();
    if secret.is_empty() {
        return Err(Failure::usage(format!("the secret file `{}` is empty", path.display())));
    }
    Ok(Secret::new(secret))
}

/// The folder for what has to survive a crash.
pub(crate) fn state_folder(settings: &Settings) -> Result<PathBuf, Failure> {
    xdg(settings.state_home.as_ref(), settings.home.as_ref(), ".local/state")
}

/// Writes a file that only its owner can read, whole or not at all, and onto the disk before it
/// returns.
pub(crate) fn write_private(folder: &Path, path: &Path, text: &str) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::failed(format!("writing `{}`: {error}", path.display()));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let half = path.with_extension("tmp");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&half).map_err(failed)?;
    // An older file keeps its mode when it is opened again.
    file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&half, path).map_err(failed)?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// A file that could not be read.
pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("reading `{}`: {error}", path.display()))
}

fn load(settings: &Settings) -> Result<Stored, Failure> {
    let path = config_folder(settings)?.join("client.json");
    let not_logged_in = || {
        Failure::new(Exit::NotAuthorised, "not logged in").hint(
            "run `merchant-cli login --server URL --client-id ID`, or set EWARONG_SERVER, \
             EWARONG_CLIENT_ID and EWARONG_CLIENT_SECRET_FILE",
        )
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(not_logged_in()),
        Err(error) => return Err(unreadable(&path, &error)),
    };
    let mode = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Failure::failed(format!("others can read `{}`", path.display()))
            .hint(format!("chmod 600 {}", path.display())));
    }
    serde_json::from_str(&text).map_err(|_unreadable| {
        Failure::failed(format!("`{}` is not what `login` writes", path.display()))
            .hint("run `merchant-cli login` again")
    })
}

fn config_folder(settings: &Settings) -> Result<PathBuf, Failure> {
    xdg(settings.config_home.as_ref(), settings.home.as_ref(), ".config")
}

fn xdg(folder: Option<&PathBuf>, home: Option<&PathBuf>, below: &str) -> Result<PathBuf, Failure> {
    // The specification says to ignore a relative folder.
    let given = folder.filter(|folder| folder.is_absolute()).cloned();
    given
        .or_else(|| home.map(|home| home.join(below)))
        .map(|folder| folder.join(FOLDER))
        .ok_or_else(|| Failure::usage("neither HOME nor an XDG folder is set"))
}
