//! The two databases that every test of the whole system runs on.

use tempfile::TempDir;

use crate::postgres::Cluster;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The embedded one, a file.
    Sqlite,
    /// A real server, the one that the process shares.
    Postgres,
}

impl Backend {
    /// The URL of an empty database: a file in `dir` or a new database of the shared cluster.
    pub fn fresh_url(self, dir: &TempDir) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", dir.path().join("ewarong.db").display()),
            Self::Postgres => Cluster::shared().create_database(),
        }
    }
}

/// Makes two tests of each function, `name::sqlite` and `name::postgres`.
///
/// ```
/// ewarong_tests::on_both_backends! {
///     /// A sentence about what holds.
///     fn the_url_names_the_backend(backend) {
///         let dir = tempfile::tempdir().unwrap();
///         assert!(!backend.fresh_url(&dir).is_empty());
///     }
/// }
/// ```
#[macro_export]
macro_rules! on_both_backends {
    ($($(#[$meta:meta])* fn $name:ident($backend:ident) $body:block)+) => {
        $(
            $(#[$meta])*
            mod $name {
                #[test]
                fn sqlite() {
                    super::$name($crate::Backend::Sqlite);
                }

                #[test]
                fn postgres() {
                    super::$name($crate::Backend::Postgres);
                }
            }

            fn $name($backend: $crate::Backend) $body
        )+
    };
}
