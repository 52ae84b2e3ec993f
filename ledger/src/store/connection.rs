//! Connections: one type for both databases, opened by the URL's scheme.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::query_dsl::methods::{ExecuteDsl, LoadQuery};
use diesel::result::Error as DieselError;
use diesel::{Connection as _, PgConnection, RunQueryDsl, SqliteConnection};

use super::error::StoreError;
use super::private;

/// Which database engine holds the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One file on this machine.
    Sqlite,
    /// A server, alone or with others.
    Postgres,
}

/// Where the ledger's database is.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    backend: Backend,
    location: String,
}

impl DatabaseUrl {
    /// The engine.
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// The database file, where there is one.
    pub fn file(&self) -> Option<&Path> {
        match self.backend {
            Backend::Sqlite => Some(Path::new(&self.location)),
            Backend::Postgres => None,
        }
    }

    /// The `SQLite` database in `file`.
    pub fn sqlite(file: &Path) -> Self {
        Self { backend: Backend::Sqlite, location: file.to_string_lossy().into_owned() }
    }

    /// The keys file that belongs to this database when none is named: beside the `SQLite` file,
    /// else `ewarong.keys` in `folder`.
    pub fn default_keys(&self, folder: &Path) -> PathBuf {
        match self.file() {
            Some(_) => PathBuf::from(format!("{}.keys", self.location)),
            None => folder.join("ewarong.keys"),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
            return Ok(Self { backend: Backend::Sqlite, location: path.to_owned() });
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self { backend: Backend::Postgres, location: text.to_owned() });
        }
        // The text may hold a password; only its scheme is repeated.
        let scheme = text.split(':').next().unwrap_or_default();
        Err(StoreError::Url(format!("{scheme}:...")))
    }
}

/// As it is given on the command line; a password is left out.
impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.backend {
            Backend::Sqlite => write!(f, "sqlite:{}", self.location),
            Backend::Postgres => {
                // What lies before the last `@` may hold a password, and so may the query.
                let bare = self.location.split('?').next().unwrap_or_default();
                let place = bare.rsplit('@').next().unwrap_or_default();
                write!(f, "postgres://{}", place.trim_start_matches("postgres://"))
            }
        }
    }
}

/// As it is displayed: without a password.
impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// What a connection is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A lane of the write path: many small batches.
    Lane,
    /// What a client looks at: it is answered soon or not at all.
    Look,
    /// What takes its time: reports, exports, a day's reconciliation.
    Report,
    /// Everything else.
    General,
}

/// A connection to either database.
pub(crate) enum Connection {
    /// To a file.
    Sqlite(SqliteConnection),
    /// To a server.
    Postgres(PgConnection),
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "Connection(SQLite)",
            Self::Postgres(_) => "Connection(PostgreSQL)",
        })
    }
}

/// A WAL of 200 MB at most: checkpoints are rare, and a page that many batches changed is copied
/// once. A commit is durable when it returns.
const SQLITE: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 50000; \
     PRAGMA temp_store = MEMORY;";

/// A page that splits out of order is numbered as page 262,145 for a moment, and the commit then walks
/// the whole cache for pages that high. Splits come with every batch, so a large cache costs more
/// than it saves: misses are read from the operating system's. `service::checkpoints` carries the log over.
const SQLITE_LANE: &str = "PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 0;";

/// The planner takes a batch's range of keys for a large part of the table, and would compile what is
/// read in a moment. What decides reads what others committed meanwhile: a stricter level that was set for the
/// database would refuse it.
const POSTGRES: &str = "SET lock_timeout = '2s'; SET synchronous_commit = on; SET jit = off; \
     SET default_transaction_isolation = 'read committed'; \
     SET default_transaction_read_only = off; SET default_transaction_deferrable = off; \
     SET idle_in_transaction_session_timeout = '60s'; \
     SET application_name = 'ewarong'; SET TIME ZONE 'UTC';";

/// A lane's statements are few, go by keys, and are planned once while tables may still be empty:
/// a plan that reads whole tables must never be kept.
const POSTGRES_LANE: &str = "SET statement_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '10s'; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off;";

/// How long a client's look may take, and a report.
const POSTGRES_LOOK: &str = "SET statement_timeout = '5s';";
const POSTGRES_REPORT: &str = "SET statement_timeout = '60s';";

/// The URL with bounds on how long a server that does not answer is waited for, unless it has its
/// own.
fn with_timeouts(url: &str) -> String {
    let mut url = url.to_owned();
    for (name, value) in [("connect_timeout", "3"), ("tcp_user_timeout", "10000")] {
        if !url.contains(name) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(name);
            url.push('=');
            url.push_str(value);
        }
    }
    url
}

/// Sets up a connection to a file. The first one turns a new file to WAL, for which `SQLite` does
/// not wait: a connection that comes at that moment is refused at once, and tries again.
fn set_up(sqlite: &mut SqliteConnection) -> Result<(), StoreError> {
    for _ in 0..100 {
        match sqlite.batch_execute(SQLITE) {
            Err(DieselError::DatabaseError(_, told)) if told.message() == "database is locked" => {
                std::thread::sleep(Duration::from_millis(50));
            }
            done => return Ok(done?),
        }
    }
    Ok(sqlite.batch_execute(SQLITE)?)
}

impl Connection {
    /// Opens a connection.
    pub(crate) fn open(url: &DatabaseUrl, purpose: Purpose) -> Result<Self, StoreError> {
        match url.backend {
            Backend::Sqlite => {
                private::make(&url.location);
                let mut sqlite = SqliteConnection::establish(&url.location)?;
                set_up(&mut sqlite)?;
                if purpose == Purpose::Lane {
                    sqlite.batch_execute(SQLITE_LANE)?;
                }
                Ok(Self::Sqlite(sqlite))
            }
            Backend::Postgres => {
                let mut postgres = PgConnection::establish(&with_timeouts(&url.location))?;
                postgres.batch_execute(POSTGRES)?;
                match purpose {
                    Purpose::Lane => postgres.batch_execute(POSTGRES_LANE)?,
                    Purpose::Look => postgres.batch_execute(POSTGRES_LOOK)?,
                    Purpose::Report => postgres.batch_execute(POSTGRES_REPORT)?,
                    Purpose::General => {}
                }
                Ok(Self::Postgres(postgres))
            }
        }
    }

    /// The engine.
    pub(crate) const fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
        }
    }

    /// The rows of a statement that runs on either database.
    pub(crate) fn load<'q, S, R>(&mut self, statement: S) -> Result<Vec<R>, StoreError>
    where
        S: LoadQuery<'q, SqliteConnection, R>
            + LoadQuery<'q, PgConnection, R>
            + RunQueryDsl<SqliteConnection>
            + RunQueryDsl<PgConnection>,
    {
        Ok(match self {
            Self::Sqlite(sqlite) => statement.load(sqlite)?,
            Self::Postgres(postgres) => statement.load(postgres)?,
        })
    }

    /// The first row of a statement, if it has one.
    pub(crate) fn first<'q, S, R>(&mut self, statement: S) -> Result<Option<R>, StoreError>
    where
        S: LoadQuery<'q, SqliteConnection, R>
            + LoadQuery<'q, PgConnection, R>
            + RunQueryDsl<SqliteConnection>
            + RunQueryDsl<PgConnection>,
    {
        self.load(statement).map(|rows| rows.into_iter().next())
    }

    /// Runs a statement and says how many rows it changed.
    pub(crate) fn execute<S>(&mut self, statement: S) -> Result<usize, StoreError>
    where
        S: ExecuteDsl<SqliteConnection>
            + ExecuteDsl<PgConnection>
            + RunQueryDsl<SqliteConnection>
            + RunQueryDsl<PgConnection>,
    {
        Ok(match self {
            Self::Sqlite(sqlite) => RunQueryDsl::execute(statement, sqlite)?,
            Self::Postgres(postgres) => RunQueryDsl::execute(statement, postgres)?,
        })
    }

    /// Runs a text without binds.
    pub(crate) fn run(&mut self, text: &str) -> Result<(), StoreError> {
        let done = match self {
            Self::Sqlite(sqlite) => sqlite.batch_execute(text),
            Self::Postgres(postgres) => postgres.batch_execute(text),
        };
        done.map_err(StoreError::from)
    }

    /// Asks the database for a sign of life.
    pub(crate) fn ping(&mut self) -> Result<(), StoreError> {
        self.run("SELECT 1")
    }

    /// Begins a transaction that writes, with `SQLite`'s one write lock or the batches' (`writers_of_batches`).
    pub(crate) fn begin(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.run("BEGIN IMMEDIATE"),
            Self::Postgres(_) => self.run("BEGIN; LOCK TABLE batches IN ROW EXCLUSIVE MODE"),
        }
    }

    /// Begins a transaction that reads one state throughout.
    pub(crate) fn begin_snapshot(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.run("BEGIN"),
            Self::Postgres(_) => self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        }
    }

    /// Makes what was written durable; it fails with [`StoreError::Commit`].
    pub(crate) fn commit(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT").map_err(StoreError::of_commit)
    }

    /// Forgets what was written. A failure changes nothing: what is not committed is not there.
    pub(crate) fn rollback(&mut self) {
        if let Err(error) = self.run("ROLLBACK") {
            tracing::debug!(%error, "nothing to roll back");
        }
    }

    /// Runs `work` in a transaction that writes: all of it is done, or nothing.
    pub(crate) fn transaction<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin()?;
        self.end_with(work)
    }

    /// As [`Self::transaction`], where there may be no batches to be locked yet: it changes the schema.
    pub(crate) fn schema_transaction<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(_) => self.begin()?,
            Self::Postgres(_) => self.run("BEGIN")?,
        }
        self.end_with(work)
    }

    fn end_with<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        match work(self) {
            Ok(done) => {
                self.commit().inspect_err(|_| self.rollback())?;
                Ok(done)
            }
            Err(error) => {
                self.rollback();
                Err(error)
            }
        }
    }

    /// Runs `work` on one state of the database.
    pub(crate) fn snapshot<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin_snapshot()?;
        let done = work(self);
        self.rollback();
        done
    }
}
