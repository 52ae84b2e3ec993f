//! `verify`: a database that the whole suite used is whole; one that was tampered with is not.

use ewarong_tests::process::run_pos_api;
use ewarong_tests::{Backend, World, on_both_backends};

use crate::till::{buy, goods};

/// The exit code and what was printed.
fn verify(world: &World, url: &str) -> (i32, String) {
    let done = run_pos_api(world.dir(), ["verify", "--database-url", url]);
    let text = [done.stdout, done.stderr].concat();
    (done.status.code().unwrap(), String::from_utf8(text).unwrap())
}

on_both_backends! {
    /// While other tests buy, too.
    fn the_world_that_all_tests_share_is_whole(backend) {
        World::shared(backend).verify();
    }

    /// Money that came from nowhere; the record is named.
    fn a_changed_balance_is_found(backend) {
        let world = World::start(backend);
        let card = world.fresh_card("bri");
        buy(&world.till("JBI-1"), &card, &goods("eggs 1 piece 2000")).expect(201);
        let url = world.server.database_url();
        assert_eq!(verify(&world, url).0, 0);
        world.sql("UPDATE wallets SET balance = balance + 1 WHERE balance = 108000");
        let (code, report) = verify(&world, url);
        assert_eq!(code, 1, "{report}");
        assert!(
            report.lines().any(|line| line.starts_with("BROKEN") && line.contains("wallet")),
            "{report}"
        );
        world.sql("UPDATE wallets SET balance = balance - 1 WHERE balance = 108001");
        assert_eq!(verify(&world, url).0, 0);
    }

    /// 2 is neither whole nor broken.
    fn a_database_that_cannot_be_looked_at_is_not_called_whole(backend) {
        let world = World::shared(backend);
        let missing = match backend {
            Backend::Sqlite => format!("sqlite:{}", world.dir().join("nothing.db").display()),
            Backend::Postgres => format!("{}_nothing", world.server.database_url()),
        };
        let (code, report) = verify(world, &missing);
        assert_eq!(code, 2, "{report}");
        assert!(report.contains("error: "), "{report}");
        assert_eq!(verify(world, "mysql://localhost/x").0, 2);
    }
}
