//! The file with the master of all keys, and its tie to the database.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};

use crate::domain::calendar::Instant;
use crate::domain::keys::{KEY_VERSION, Keys};
use crate::store::StoreError;
use crate::store::connection::Connection;

use super::recorded::ClockError;

/// Why the keys can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The database belongs to keys, and no file is there.
    #[error(
        "`{0}` is not there, and this database belongs to keys that were made before\n\
         hint: put the keys file back; new keys would make every PIN wrong"
    )]
    Missing(PathBuf),
    /// The database belongs to other keys.
    #[error("`{0}` holds other keys than the ones this database belongs to")]
    Foreign(PathBuf),
    /// Others than its owner may read the file.
    #[error("`{0}` may be read by others than its owner\nhint: chmod 600 {0}")]
    Loose(PathBuf),
    /// The file holds no key.
    #[error("`{0}` is not a keys file: it has to hold the line `{KEY_VERSION}:` and 64 hex digits")]
    Unreadable(PathBuf),
    /// The file can't be read or written.
    #[error("`{path}`: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The machine gives no random numbers.
    #[error("no random numbers are to be had")]
    NoRandomness,
    /// The ledger is not opened with this clock.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The database can't be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Random bytes that can't be guessed.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], KeysError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_unspecified| KeysError::NoRandomness)?;
    Ok(bytes)
}

/// The keys of this database. A database that belongs to none yet adopts the file's, or new ones
/// that are written to `path` with mode 0600.
pub(crate) fn keys_of(
    connection: &mut Connection,
    path: &Path,
    now: Instant,
) -> Result<Keys, KeysError> {
    let recorded = connection.recorded_keys()?;
    let master = match (read(path)?, &recorded) {
        (Some(master), _) => master,
        (None, Some(_)) => return Err(KeysError::Missing(path.to_owned())),
        (None, None) => make(path)?,
    };
    let keys = Keys::derive(&master);
    match recorded {
        Some(id) if id == keys.id() => Ok(keys),
        Some(_) => Err(KeysError::Foreign(path.to_owned())),
        None => {
            connection.record_keys(&keys.id(), now)?;
            Ok(keys)
        }
    }
}

/// The keys that a file holds.
pub(crate) fn read_keys(path: &Path) -> Result<Keys, KeysError> {
    Ok(Keys::derive(&read(path)?.ok_or_else(|| KeysError::Missing(path.to_owned()))?))
}

fn read(path: &Path) -> Result<Option<[u8; 32]>, KeysError> {
    let failed = |source| KeysError::File { path: path.to_owned(), source };
    let mut file = match OpenOptions::new().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if file.metadata().map_err(failed)?.mode() & 0o077 != 0 {
        return Err(KeysError::Loose(path.to_owned()));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    let prefix = format!("{KEY_VERSION}:");
    let digits = text.lines().find_map(|line| line.trim().strip_prefix(&prefix));
    let master = digits.and_then(from_hex).ok_or_else(|| KeysError::Unreadable(path.to_owned()))?;
    Ok(Some(master))
}

fn make(path: &Path) -> Result<[u8; 32], KeysError> {
    let failed = |source| KeysError::File { path: path.to_owned(), source };
    let master: [u8; 32] = random_bytes()?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let text = format!("{KEY_VERSION}:{}\n", to_hex(&master));
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(master)
}

/// The bytes as lower-case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().map_or('0', char::from);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}
