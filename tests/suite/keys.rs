//! The keys file: without the right one nothing starts, because new keys would block every card.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use ewarong_tests::process::{command, run_pos_api, stdout_of, wait_until};
use ewarong_tests::{Server, World, on_both_backends};

use crate::till::{buy, goods};

/// How long a start that is refused may take.
const LIMIT: Duration = Duration::from_secs(20);

/// What `pos-api` says on standard error when it refuses to start; a start fails the test.
fn refused_start(args: &[&str], dir: &Path) -> String {
    let mut program = command("pos-api");
    program.args(args).current_dir(dir);
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child: Child = program.spawn().unwrap();
    let ended = wait_until(LIMIT, || child.try_wait().unwrap().is_some());
    if !ended {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(ended && !output.status.success(), "it started:\n{said}");
    said
}

/// The same for `serve` on the world's database.
fn refused_serve(world: &World, keys: &Path) -> String {
    let keys = keys.display().to_string();
    let url = world.server.database_url();
    refused_start(
        &["serve", "--addr", "127.0.0.1:0", "--database-url", url, "--keys", &keys],
        world.dir(),
    )
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

on_both_backends! {
    /// Fresh keys would make every PIN wrong.
    fn a_missing_keys_file_refuses_the_start(backend) {
        let mut world = World::start(backend);
        let card = world.fresh_card("bri");
        world.server.terminate();
        let (keys, away) = (world.keys(), world.dir().join("away"));
        fs::rename(&keys, &away).unwrap();
        let said = refused_serve(&world, &keys);
        assert!(said.contains(&keys.display().to_string()) && said.contains("hint: "), "{said}");
        let folder = world.dir().display().to_string();
        let keys_text = keys.display().to_string();
        fs::write(world.dir().join("terminals.csv"), "terminal_id,merchant_id\nNEW-1,EW-JAMBI\n")
            .unwrap();
        let url = world.server.database_url().to_owned();
        let import = ["import", &folder, "--database-url", &url, "--keys", &keys_text];
        let said = refused_start(&import, world.dir());
        assert!(said.contains(&keys_text) && said.contains("hint: "), "{said}");
        assert!(!keys.exists(), "no new keys were made");

        fs::rename(&away, &keys).unwrap();
        world.server.restart();
        buy(&world.till("JBI-1"), &card, &goods("eggs 1 piece 2000")).expect(201);
        world.verify();
    }

    /// Another database's.
    fn a_foreign_keys_file_refuses_the_start(backend) {
        let world = World::start(backend);
        let foreign = world.dir().join("foreign.keys");
        let text = fs::read_to_string(world.keys()).unwrap();
        let (version, digits) = text.trim().split_once(':').unwrap();
        let other = digits.chars().rev().collect::<String>();
        assert_ne!(other, digits);
        fs::write(&foreign, format!("{version}:{other}\n")).unwrap();
        set_mode(&foreign, 0o600);
        let said = refused_serve(&world, &foreign);
        assert!(said.contains("other keys") && said.contains("foreign.keys"), "{said}");
        assert!(!said.contains(&other) && !said.contains(digits), "the key itself is not told");
        for broken in ["", "1:", "1:00ff\n", "2:zz\n", digits, &format!("{version}:{digits}00\n")] {
            fs::write(&foreign, broken).unwrap();
            let said = refused_serve(&world, &foreign);
            assert!(said.contains("is not a keys file"), "{broken}: {said}");
        }
        buy(&world.till("JBI-1"), &world.fresh_card("bri"), &goods("eggs 1 piece 2000"))
            .expect(201);
        world.verify();
    }

    /// Nobody but the service's user may read it.
    fn a_keys_file_that_others_may_read_refuses_the_start(backend) {
        let world = World::start(backend);
        let loose = world.dir().join("loose.keys");
        fs::copy(world.keys(), &loose).unwrap();
        for mode in [0o644, 0o640, 0o604, 0o620, 0o610, 0o666] {
            set_mode(&loose, mode);
            let said = refused_serve(&world, &loose);
            assert!(said.contains("hint: chmod 600"), "{mode:o}: {said}");
        }
        for mode in [0o600, 0o400] {
            set_mode(&loose, mode);
            drop(Server::start(world.server.database_url(), &loose));
        }
        world.verify();
    }

    /// An empty database has none yet.
    fn a_new_database_makes_its_keys_and_keeps_them(backend) {
        let dir = tempfile::tempdir().unwrap();
        let (url, keys) = (backend.fresh_url(&dir), dir.path().join("new.keys"));
        drop(Server::start(&url, &keys));
        assert_eq!(mode_of(&keys), 0o600);
        let made = fs::read_to_string(&keys).unwrap();
        drop(Server::start(&url, &keys));
        assert_eq!(fs::read_to_string(&keys).unwrap(), made);

        let other = tempfile::tempdir().unwrap();
        let adopted = Server::start(&backend.fresh_url(&other), &keys);
        assert_eq!(fs::read_to_string(&keys).unwrap(), made, "a new database adopts what is there");
        drop(adopted);
    }

    /// `migrate`, `verify`, `credit`, `client`: secrets they don't need.
    fn what_needs_no_key_runs_without_the_file(backend) {
        let mut world = World::start(backend);
        world.server.terminate();
        fs::remove_file(world.keys()).unwrap();
        let url = world.server.database_url();
        for args in [
            vec!["migrate"],
            vec!["verify"],
            vec!["credit", "--period", ewarong_tests::seed::PERIOD],
            vec!["client", "list"],
            vec!["client", "add", "another", "--role", "auditor"],
            vec!["client", "revoke", "another"],
        ] {
            let all = args.iter().copied().chain(["--database-url", url]);
            stdout_of(&run_pos_api(world.dir(), all));
        }
        assert!(!world.keys().exists());
    }
}
