//! The schema of the voucher ledger, embedded for `SQLite` and `PostgreSQL`: the same tables under the
//! same names, each in the shape its database does best.

/// One migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its folder, as in `0001_registry`.
    pub name: &'static str,
    /// The statements that carry it out.
    pub up: &'static str,
}

impl Script {
    /// What a database calls it by: the number before the name.
    pub fn version(&self) -> &'static str {
        self.name.split('_').next().unwrap_or(self.name)
    }
}

include!(concat!(env!("OUT_DIR"), "/scripts.rs"));
