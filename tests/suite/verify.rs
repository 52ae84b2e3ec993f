//! `verify`: the database that the whole suite used is consistent; a tampered one is not.

mod columns;
mod scene;
mod tampering;

use ewarong_tests::process::run_pos_api;
use ewarong_tests::{Backend, World, on_both_backends};

use crate::till::{buy, goods, number};

/// The exit code and what was printed.
fn verify(world: &World, url: &str) -> (i32, String) {
    verify_with(world, url, &[])
}

/// The same with more arguments.
fn verify_with(world: &World, url: &str, more: &[&str]) -> (i32, String) {
    let done = run_pos_api(world.dir(), ["verify", "--database-url", url].iter().chain(more));
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

    /// What came before is not looked at.
    fn what_came_after_a_size_of_the_log_is_verified_by_itself(backend) {
        let world = World::start(backend);
        let url = world.server.database_url();
        let head = world.auditor().api.get("/v1/trial-balance").expect(200);
        let since = number(&head, "log_size").to_string();
        let card = world.fresh_card("bri");
        buy(&world.till("JBI-1"), &card, &goods("eggs 1 piece 2000")).expect(201);
        let later = || verify_with(&world, url, &["--since", &since]);
        assert_eq!(later().0, 0, "{}", later().1);
        world.sql("UPDATE wallets SET balance = balance + 1 WHERE id = (SELECT MAX(id) FROM wallets)");
        assert_eq!(later().0, 0, "{}", later().1);
        assert_eq!(verify(&world, url).0, 1);
        world.sql("UPDATE wallets SET balance = balance - 1 WHERE id = (SELECT MAX(id) FROM wallets)");
        world.sql("UPDATE wallets SET balance = balance + 1 WHERE balance = 108000");
        let (code, report) = later();
        assert!(code == 1 && report.contains("BROKEN  wallet_balances"), "{report}");
        world.sql("UPDATE wallets SET balance = balance - 1 WHERE balance = 108001");
        let (code, report) = verify_with(&world, url, &["--since", "5"]);
        assert!(code == 1 && report.contains("BROKEN  log_order"), "no batch starts there: {report}");
    }

    /// A number that was entered with another card, and keys that are others.
    fn what_is_keyed_is_verified_with_the_keys(backend) {
        let world = World::start(backend);
        let (url, keys) = (world.server.database_url(), world.keys().display().to_string());
        let keyed = || verify_with(&world, url, &["--keys", &keys]);
        assert_eq!(keyed().0, 0, "{}", keyed().1);
        world.sql("UPDATE cards SET expires = 20981231 WHERE id = (SELECT MAX(id) FROM cards)");
        assert_eq!(verify(&world, url).0, 0);
        let (code, report) = keyed();
        assert!(code == 1 && report.contains("BROKEN  keyed_card_numbers"), "{report}");
        let missing = world.dir().join("none.keys").display().to_string();
        let (code, report) = verify_with(&world, url, &["--keys", &missing]);
        assert!(code == 2 && report.contains("is not there"), "{report}");
    }

    /// 2 is neither consistent nor broken.
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
