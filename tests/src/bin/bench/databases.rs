//! Databases with cards: made once for each size, and copied, so that every measurement starts from
//! the same rows.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, ensure};
use ewarong_tests::process::{clean_up_at_exit, command};
use ewarong_tests::{Backend, Cluster};
use tempfile::TempDir;

use crate::rows::grouped;

/// A database with what is needed to serve it and to buy with its cards.
#[derive(Debug)]
pub(crate) struct Database {
    /// What it runs on.
    pub(crate) backend: Backend,
    /// As `--database-url` takes it.
    pub(crate) url: String,
    /// The keys file.
    pub(crate) keys: PathBuf,
    /// The `demo.json`.
    pub(crate) demo: PathBuf,
    /// For its files and its server's log.
    pub(crate) folder: PathBuf,
    /// The cluster, on `PostgreSQL`.
    cluster: Option<Arc<Cluster>>,
    /// Removes the folder.
    _guard: TempDir,
}

/// A new folder for temporary files. It is gone when it is dropped, or else with this process, however
/// that ends.
pub(crate) fn new_folder() -> anyhow::Result<TempDir> {
    static ALL: OnceLock<PathBuf> = OnceLock::new();
    let all = if let Some(all) = ALL.get() {
        all
    } else {
        let made = tempfile::Builder::new().prefix("ewarong-bench-").tempdir()?.keep();
        // PostgreSQL runs as another user, and has to read a library there.
        fs::set_permissions(&made, fs::Permissions::from_mode(0o755))?;
        clean_up_at_exit(&made, None);
        ALL.get_or_init(|| made)
    };
    Ok(tempfile::tempdir_in(all)?)
}

/// `PostgreSQL`'s settings as its manual advises them for a server of its own, where the defaults are for the
/// smallest machines: a quarter of the memory, checkpoints that are rare, and log files that are used
/// again, as in a server that has run for a while. The references run on the same cluster.
pub(crate) fn advised_settings() -> String {
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let total = total.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let buffers = total.and_then(|kilobytes| kilobytes.checked_div(4 << 10)).unwrap_or(128);
    format!(
        "shared_buffers = {buffers}MB\nmin_wal_size = 2GB\nmax_wal_size = 8GB\n\
         checkpoint_timeout = 15min\n"
    )
}

/// How a backend is called in the table and in the plot.
pub(crate) const fn name_of(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => "SQLite",
        Backend::Postgres => "PostgreSQL",
    }
}

impl Database {
    /// An empty one with so many cards, a month's credit on each.
    pub(crate) fn with_cards(
        (backend, cluster): (Backend, &Arc<Cluster>),
        cards: u32,
    ) -> anyhow::Result<Self> {
        say(format_args!("{}: making {} cards", name_of(backend), grouped(cards.into())));
        let database = Self::empty(backend, cluster)?;
        let mut nation = command("nation");
        nation.args(["--database-url", &database.url, "--cards", &cards.to_string()]);
        nation.args(["--credited", "--period", "2018-09", "--demo-cards", "100000", "--keys"]);
        nation.arg(&database.keys).arg("--out").arg(&database.demo).current_dir(&database.folder);
        run(nation)?;
        if backend == Backend::Postgres {
            // What was left by making it must not be done beside what is measured.
            cluster.sql(Cluster::name_of(&database.url), "VACUUM (ANALYZE)");
            cluster.sql("postgres", "CHECKPOINT");
        }
        Ok(database)
    }

    fn empty(backend: Backend, cluster: &Arc<Cluster>) -> anyhow::Result<Self> {
        let guard = new_folder()?;
        let folder = guard.path().to_owned();
        let (url, cluster) = match backend {
            Backend::Sqlite => (format!("sqlite:{}", folder.join("ewarong.db").display()), None),
            Backend::Postgres => (cluster.create_database(), Some(Arc::clone(cluster))),
        };
        let (keys, demo) = (folder.join("ewarong.keys"), folder.join("demo.json"));
        Ok(Self { backend, url, keys, demo, folder, cluster, _guard: guard })
    }

    /// A copy that nobody is connected to. On `PostgreSQL` a checkpoint comes after it, so that the
    /// next one is as far away for every measurement.
    pub(crate) fn copy(&self) -> anyhow::Result<Self> {
        let guard = new_folder()?;
        let folder = guard.path().to_owned();
        let url = match &self.cluster {
            None => {
                let url = format!("sqlite:{}", folder.join("ewarong.db").display());
                for part in ["", "-wal"] {
                    let [from, to] = [&self.url, &url].map(|url| format!("{}{part}", file_of(url)));
                    if Path::new(&from).exists() {
                        fs::copy(from, to)?;
                    }
                }
                url
            }
            Some(cluster) => {
                let url = cluster.copy_database(&self.url);
                cluster.sql("postgres", "CHECKPOINT");
                url
            }
        };
        let (keys, demo) = (folder.join("ewarong.keys"), folder.join("demo.json"));
        fs::copy(&self.keys, &keys)?;
        fs::copy(&self.demo, &demo)?;
        let (backend, cluster) = (self.backend, self.cluster.clone());
        Ok(Self { backend, url, keys, demo, folder, cluster, _guard: guard })
    }

    /// The processes that serve it beside `pos-api`.
    pub(crate) fn postmaster(&self) -> Option<u32> {
        self.cluster.as_ref().map(|cluster| cluster.postmaster_pid())
    }

    /// The bytes of all its tables and indexes, on `PostgreSQL`.
    pub(crate) fn bytes(&self) -> Option<u64> {
        let cluster = self.cluster.as_ref()?;
        let name = Cluster::name_of(&self.url);
        cluster.sql(name, &format!("SELECT pg_database_size('{name}')")).parse().ok()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(cluster) = &self.cluster {
            let name = Cluster::name_of(&self.url);
            cluster.sql("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// The file of a `sqlite:` URL.
pub(crate) fn file_of(url: &str) -> &str {
    url.strip_prefix("sqlite:").unwrap_or(url)
}

/// Runs a program to its end and gives what it wrote to standard output.
pub(crate) fn run(mut program: Command) -> anyhow::Result<String> {
    let output = program.output().with_context(|| format!("{program:?} does not start"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program:?}: {}\n{errors}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// Says on standard error what is being done.
pub(crate) fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    // Nobody may be reading; the benchmark goes on.
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}
