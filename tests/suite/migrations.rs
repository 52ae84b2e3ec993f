//! Bringing a schema up to date: one at a time, known by its text, and not under another version's feet.

use std::process::{Child, Output};

use ewarong_tests::process::{command, run_pos_api};
use ewarong_tests::{Backend, Cluster, Server, World, on_both_backends};

/// The last migration's tables are taken away, as if a build before it had made the database.
const TAKEN_BACK: [(Backend, &str); 2] = [
    (Backend::Sqlite, include_str!("../../migrations/sqlite/0006_reconciliation/down.sql")),
    (Backend::Postgres, include_str!("../../migrations/postgres/0006_reconciliation/down.sql")),
];

fn migrate(dir: &std::path::Path, url: &str) -> (i32, String) {
    said(&run_pos_api(dir, ["migrate", "--database-url", url]))
}

/// The exit code and what was printed.
fn said(output: &Output) -> (i32, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

fn sql(backend: Backend, url: &str, statements: &str) {
    use diesel::connection::{Connection as _, SimpleConnection as _};
    match backend {
        Backend::Sqlite => {
            let file = url.strip_prefix("sqlite:").unwrap();
            let mut sqlite = diesel::SqliteConnection::establish(file).unwrap();
            sqlite.batch_execute(statements).unwrap();
        }
        Backend::Postgres => drop(Cluster::shared().sql(Cluster::name_of(url), statements)),
    }
}

on_both_backends! {
    fn several_that_migrate_at_once_wait_for_each_other(backend) {
        let dir = tempfile::tempdir().unwrap();
        let url = backend.fresh_url(&dir);
        let start = |_| -> Child {
            let mut migrate = command("pos-api");
            migrate.args(["migrate", "--database-url", &url]).current_dir(dir.path());
            migrate.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            migrate.spawn().unwrap()
        };
        let all: Vec<Child> = (0..6).map(start).collect();
        let all: Vec<(i32, String)> =
            all.into_iter().map(|child| said(&child.wait_with_output().unwrap())).collect();
        assert!(all.iter().all(|(code, _)| *code == 0), "{all:?}");
        let migrated = all.iter().filter(|(_, text)| text.contains("migrated 0001_registry"));
        assert_eq!(migrated.count(), 1, "{all:?}");
        let idle = all.iter().filter(|(_, text)| text.contains("the schema is up to date"));
        assert_eq!(idle.count(), 5, "{all:?}");
    }

    /// By whichever command comes to the database.
    fn a_migration_that_was_edited_after_it_ran_is_named(backend) {
        let dir = tempfile::tempdir().unwrap();
        let url = backend.fresh_url(&dir);
        assert_eq!(migrate(dir.path(), &url).0, 0);
        let other = match backend {
            Backend::Sqlite => "X'00'",
            Backend::Postgres => "'\\x00'",
        };
        sql(backend, &url, &format!("UPDATE schema_texts SET sha256 = {other} WHERE version = '0002'"));
        let keys = dir.path().join("keys").display().to_string();
        let here = ["--database-url", &url];
        for command in [
            vec!["migrate"],
            vec!["verify"],
            vec!["serve", "--addr", "127.0.0.1:0", "--keys", &keys],
            vec!["credit", "--period", "2018-09"],
        ] {
            let (code, text) = said(&run_pos_api(dir.path(), command.iter().chain(&here)));
            assert_ne!(code, 0, "{command:?}: {text}");
            assert!(text.contains("`0002_ledger` has another text than when it ran here"), "{command:?}: {text}");
            assert!(text.contains("hint: use the build that made this database"), "{command:?}: {text}");
        }
        sql(backend, &url, "DELETE FROM schema_texts");
        let (code, text) = migrate(dir.path(), &url);
        assert_ne!(code, 0, "{text}");
        assert!(text.contains("with which text migration `0001_registry` ran"), "{text}");
        sql(backend, &url, "INSERT INTO __diesel_schema_migrations (version) VALUES ('0099')");
        let (_, text) = migrate(dir.path(), &url);
        assert!(text.contains("hint: use the build that made this database"), "{text}");
    }

    fn serve_does_not_migrate_under_another_versions_node_unless_told_to(backend) {
        let world = World::start(backend);
        let (_, back) = TAKEN_BACK.into_iter().find(|(of, _)| *of == backend).unwrap();
        world.sql(back);
        world.sql(
            "DELETE FROM __diesel_schema_migrations WHERE version = '0006';
             DELETE FROM schema_texts WHERE version = '0006';",
        );
        let (url, keys) = (world.server.database_url(), world.keys());
        let keys_text = keys.display().to_string();
        let serve = ["serve", "--addr", "127.0.0.1:0", "--database-url", url, "--keys", &keys_text];
        let (code, text) = said(&run_pos_api(world.dir(), serve));
        assert_ne!(code, 0, "{text}");
        assert!(text.contains("of another version is at work"), "{text}");
        assert!(text.contains("--migrate-beside-others"), "{text}");
        drop(Server::start_with(url, &keys, &["--migrate-beside-others"]));
        assert_eq!(migrate(world.dir(), url), (0, "the schema is up to date\n".to_owned()));
    }
}
