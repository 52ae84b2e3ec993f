//! The database's files are their owner's alone: they hold families' names and shops' sales.

use std::fs::{self, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

const PRIVATE: u32 = 0o600;

/// Makes an empty file for a new `SQLite` database, with mode 0600; the files beside it get the same
/// from `SQLite`. One that is there is not opened: closing it would take the process's locks on it away.
pub(super) fn make(location: &str) {
    if location.starts_with(':') || location.starts_with("file:") {
        return;
    }
    let new = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(location);
    if let Err(error) = new.map(drop)
        && error.kind() != ErrorKind::AlreadyExists
    {
        // `SQLite` meets the same, and says so.
        tracing::debug!(%error, "the database's file can't be made");
    }
}

/// Takes the right to read a database from everybody but its owner, where a copy or another umask gave
/// it to them.
pub(crate) fn close_to_others(file: &Path) {
    for part in ["", "-wal", "-shm", "-journal"] {
        let mut path = file.as_os_str().to_owned();
        path.push(part);
        let path = Path::new(&path);
        if let Err(error) = close(path) {
            tracing::warn!(path = %path.display(), %error, "others than the owner may read it");
        }
    }
}

/// Takes the rights of others on a file away, if it is there.
fn close(path: &Path) -> std::io::Result<()> {
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    let is_open = found.permissions().mode() & 0o077 != 0;
    if is_open {
        fs::set_permissions(path, Permissions::from_mode(PRIVATE))?;
        tracing::info!(path = %path.display(), "others than the owner could use it; now they can't");
    }
    Ok(())
}
