//! The schema of the voucher ledger, embedded for `SQLite` and `PostgreSQL`: the same tables under the
//! same names, each in the shape its database does best.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// The migrations for `SQLite`, in order.
pub const SQLITE: EmbeddedMigrations = embed_migrations!("sqlite");

/// The migrations for `PostgreSQL`, in order.
pub const POSTGRES: EmbeddedMigrations = embed_migrations!("postgres");
