//! Where a demo lies: its folder, its database, its keys.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger::service::{DatabaseUrl, list_clients};

const DATABASE: &str = "ewarong.db";
const FILE: &str = "demo.json";

/// A folder and a database that hold no demo yet.
#[derive(Debug)]
pub(crate) struct Place {
    folder: PathBuf,
    /// The database.
    pub(crate) url: DatabaseUrl,
    /// The database's URL with everything that is needed to open it.
    database_url: String,
    /// The keys file.
    pub(crate) keys: PathBuf,
}

impl Place {
    /// Finds a place: `folder`, or a new one under the system's folder for temporary files; the
    /// database in it, or the empty one at `database_url`.
    ///
    /// # Errors
    /// When the folder or the database is in use already.
    pub(crate) fn find(folder: Option<&Path>, database_url: Option<&str>) -> anyhow::Result<Self> {
        let named = database_url.map(named).transpose()?;
        let folder = match folder {
            Some(folder) => given(folder)?,
            None => fresh()?,
        };
        let (url, database_url) = named.unwrap_or_else(|| {
            let url = DatabaseUrl::sqlite(&folder.join(DATABASE));
            let text = url.to_string();
            (url, text)
        });
        let keys = url.default_keys(&folder);
        Ok(Self { folder, url, database_url, keys })
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The database's URL as other programs need it; it may hold a password.
    pub(super) fn database_url(&self) -> &str {
        &self.database_url
    }

    /// The file that describes the demo to other programs.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// The folder with the import's files.
    pub(super) fn imports(&self) -> PathBuf {
        self.folder.join("import")
    }

    /// The folder with each client's secret.
    pub(super) fn secrets(&self) -> PathBuf {
        self.folder.join("secrets")
    }

    /// The folder with the banks' statement files.
    pub(super) fn statements(&self) -> PathBuf {
        self.folder.join("statements")
    }
}

/// A folder that was named: made if need be, and without a demo.
fn given(folder: &Path) -> anyhow::Result<PathBuf> {
    let folder = std::path::absolute(folder)?;
    let (database, file) = (folder.join(DATABASE), folder.join(FILE));
    if database.exists() && file.exists() {
        bail!(
            "`{}` holds a demo already\n\
             hint: serve it with `pos-api serve --database-url sqlite:{}`, or name another folder",
            folder.display(),
            database.display()
        );
    }
    if database.exists() || file.exists() {
        let what = if file.exists() { "the file of a demo" } else { "a database" };
        bail!("`{}` holds {what} already\nhint: name another folder", folder.display());
    }
    fs::create_dir_all(&folder).with_context(|| format!("can't make `{}`", folder.display()))?;
    Ok(folder)
}

/// A folder of its own, closed to others: it will hold keys and secrets.
fn fresh() -> anyhow::Result<PathBuf> {
    let parent = std::env::temp_dir();
    for number in 1..10_000 {
        let folder = std::path::absolute(parent.join(format!("ewarong-demo-{number}")))?;
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("can't make `{}`", folder.display()));
            }
        }
    }
    bail!("`{}` is full of demos\nhint: remove some, or name a folder", parent.display())
}

/// A database that was named, which has to be empty.
fn named(text: &str) -> anyhow::Result<(DatabaseUrl, String)> {
    let mut url: DatabaseUrl = text.parse()?;
    let mut text = text.to_owned();
    if let Some(file) = url.file() {
        url = DatabaseUrl::sqlite(&std::path::absolute(file)?);
        text = url.to_string();
    }
    // A new SQLite file must not be made by looking at it.
    let empty = match url.file() {
        Some(file) => fs::metadata(file).map_or(true, |found| found.len() == 0),
        // Without tables there is nothing to list; whatever else is wrong shows when they are made.
        None => list_clients(&url).map_or(true, |clients| clients.is_empty()),
    };
    if empty {
        Ok((url, text))
    } else {
        bail!("`{url}` is not empty\nhint: the demo needs a database of its own")
    }
}
