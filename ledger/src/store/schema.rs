//! Bringing the schema up to date, and knowing whose it is.
//!
//! The hash of each migration that ran is kept beside diesel's own table: a migration that was
//! edited after it ran somewhere is detected, and named.

use diesel::sql_types::{BigInt, Binary, SmallInt, Text};
use diesel::{PgConnection, RunQueryDsl};
use migrations::{POSTGRES, SQLITE, Script};

use crate::domain::calendar::Instant;
use crate::domain::keys::sha256;

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

/// Diesel's table as diesel makes it, and ours.
const RECORDS: &str = "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (\
     version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); ";
const SQLITE_TEXTS: &str = "CREATE TABLE IF NOT EXISTS schema_texts (\
     version TEXT NOT NULL PRIMARY KEY, sha256 BLOB NOT NULL) STRICT;";
const POSTGRES_TEXTS: &str = "CREATE TABLE IF NOT EXISTS schema_texts (\
     version TEXT NOT NULL PRIMARY KEY, sha256 BYTEA NOT NULL);";

/// A migration waits for one that is already running, however long that takes.
const SQLITE_TURN: &str = "PRAGMA busy_timeout = 600000";
const SQLITE_NEXT: &str = "PRAGMA busy_timeout = 5000";
const POSTGRES_TURN: &str =
    "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(7308324466019856481)";

/// What to do with a database that no migration of this build made.
const ADVICE: &str =
    "hint: use the build that made this database, or make a new one and import it again";

statement! {
    sqlite SqliteTable<'a> { name: &'a str } -> BigInt;
    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = " [name: Text]
}

statement! {
    postgres PostgresTable<'a> { name: &'a str } -> BigInt;
    "SELECT CASE WHEN to_regclass(" [name: Text] ") IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END"
}

statement! {
    both AppliedMigrations {} -> Text;
    "SELECT CAST(version AS TEXT) FROM __diesel_schema_migrations ORDER BY version"
}

statement! {
    both AppliedTexts {} -> (Text, Binary);
    "SELECT version, sha256 FROM schema_texts ORDER BY version"
}

statement! {
    both RecordMigration<'a> { version: &'a str };
    "INSERT INTO __diesel_schema_migrations (version) VALUES (" [version: Text] ")"
}

statement! {
    both RecordText<'a> { version: &'a str, sha256: &'a [u8] };
    "INSERT INTO schema_texts (version, sha256) VALUES (" [version: Text] ", " [sha256: Binary] ")"
}

statement! {
    postgres ServerTime {} -> BigInt;
    "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
}

statement! {
    both LiveNodes { now: i64 } -> (SmallInt, BigInt);
    "SELECT node_no, lease_until FROM nodes WHERE holder IS NOT NULL AND lease_until > " [now: BigInt]
    " ORDER BY node_no"
}

impl Connection {
    /// This build's migrations for the database.
    pub(crate) const fn scripts(&self) -> &'static [Script] {
        match self {
            Self::Sqlite(_) => SQLITE,
            Self::Postgres(_) => POSTGRES,
        }
    }

    /// Runs the pending migrations, all or none, and names them. One process at a time does; others wait.
    pub(crate) fn migrate(&mut self) -> Result<Vec<String>, StoreError> {
        let waits = matches!(self, Self::Sqlite(_));
        if waits {
            self.run(SQLITE_TURN)?;
        }
        let done = self.schema_transaction(|tx| {
            if !waits {
                tx.run(POSTGRES_TURN)?;
            }
            let pending = tx.pending_migrations()?;
            if !pending.is_empty() {
                tx.run(RECORDS)?;
                tx.run(if waits { SQLITE_TEXTS } else { POSTGRES_TEXTS })?;
            }
            for script in &pending {
                tx.run(script.up)
                    .map_err(|error| StoreError::Migrate(format!("`{}`: {error}", script.name)))?;
                tx.execute(RecordMigration { version: script.version() })?;
                let sha256 = sha256(&[script.up.as_bytes()]);
                tx.execute(RecordText { version: script.version(), sha256: &sha256 })?;
            }
            Ok::<_, StoreError>(pending.iter().map(|script| script.name.to_owned()).collect())
        });
        if waits {
            self.run(SQLITE_NEXT)?;
        }
        done
    }

    /// The migrations that are still to be run.
    ///
    /// # Errors
    /// [`StoreError::Migrate`] for a database that was made with other migrations than this build's.
    pub(crate) fn pending_migrations(&mut self) -> Result<Vec<Script>, StoreError> {
        let scripts = self.scripts();
        let mut applied: Vec<String> = Vec::new();
        if self.has_table("__diesel_schema_migrations")? {
            applied = self.load(AppliedMigrations {})?;
        }
        let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
        if self.has_table("schema_texts")? {
            texts = self.load(AppliedTexts {})?;
        }
        let refuse = |what: String| Err(StoreError::Migrate(format!("{what}\n{ADVICE}")));
        for version in &applied {
            let Some(script) = scripts.iter().find(|script| script.version() == version) else {
                return refuse(format!(
                    "migration `{version}` of this database is none of this build's"
                ));
            };
            let name = script.name;
            match texts.iter().find(|(of, _)| of == version) {
                None => {
                    return refuse(format!(
                        "it is not recorded with which text migration `{name}` ran: an earlier build did it"
                    ));
                }
                Some((_, text)) if *text != sha256(&[script.up.as_bytes()]) => {
                    return refuse(format!(
                        "migration `{name}` has another text than when it ran here"
                    ));
                }
                Some(_) => {}
            }
        }
        let is_pending = |script: &&Script| !applied.iter().any(|of| of == script.version());
        Ok(scripts.iter().filter(is_pending).copied().collect())
    }

    /// Whether migrations are still to be run.
    ///
    /// # Errors
    /// As [`Self::pending_migrations`].
    pub(crate) fn needs_migration(&mut self) -> Result<bool, StoreError> {
        Ok(!self.pending_migrations()?.is_empty())
    }

    /// The nodes that hold a lease, and until when: on `PostgreSQL` by the server's clock, else by `now`.
    pub(crate) fn live_nodes(&mut self, now: Instant) -> Result<Vec<(i16, i64)>, StoreError> {
        if !self.has_table("nodes")? {
            return Ok(Vec::new());
        }
        let now = match self {
            Self::Sqlite(_) => now.as_millis(),
            Self::Postgres(postgres) => server_time(postgres)?,
        };
        self.load(LiveNodes { now })
    }

    fn has_table(&mut self, name: &str) -> Result<bool, StoreError> {
        let count: i64 = match self {
            Self::Sqlite(sqlite) => SqliteTable { name }.get_result(sqlite)?,
            Self::Postgres(postgres) => PostgresTable { name }.get_result(postgres)?,
        };
        Ok(count > 0)
    }
}

fn server_time(postgres: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(ServerTime {}.get_result(postgres)?)
}
