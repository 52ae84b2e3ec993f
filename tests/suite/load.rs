//! The load generator: every way to run it, and that its check sees what is not as it should be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::thread;

use ewarong_tests::client::rice;
use ewarong_tests::process::{command, run, wait_until};
use ewarong_tests::seed::{PATIENCE, PERIOD, World};
use ewarong_tests::{Backend, on_both_backends};
use serde_json::{Value, json};

/// Cards that a run may buy with.
const CARDS: usize = 50;

/// A `demo.json` of the world's tills and of cards that nobody else has.
fn demo(world: &World) -> PathBuf {
    let login = |client_id: &str| {
        let of = world.credentials(client_id);
        json!({"client_id": of.client_id, "client_secret": of.client_secret})
    };
    let card = |_| {
        let card = world.fresh_card("bri");
        json!({"card_number": card.card_number, "pin": card.pin, "bank": card.bank, "balance": card.balance})
    };
    let merchants = ["till-JKT-1", "till-JBI-1", "till-KPG-1"].map(login);
    let demo = json!({
        "base_url": world.server.base_url(), "database_url": world.server.database_url(),
        "keys": world.keys(), "period": PERIOD,
        "clients": {
            "merchant": merchants,
            "bank": {"bri": login("bank-bri")},
            "auditor": login("auditor"), "programme": login("programme"),
        },
        "cards": (0..CARDS).map(card).collect::<Vec<_>>(),
    });
    let path = world.dir().join("demo.json");
    fs::write(&path, demo.to_string()).unwrap();
    path
}

/// Runs the load generator with its check, and gives what it ended with and its report.
fn load(demo: &Path, args: &[&str]) -> (Output, Value) {
    let json = demo.with_file_name("load.json");
    let mut load = command("load");
    load.arg("--demo").arg(demo).arg("--check").arg("--json").arg(&json).args(args);
    let output = run(load, b"");
    let report = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    (output, report)
}

fn number(report: &Value, pointer: &str) -> u64 {
    let value = report.pointer(pointer).and_then(Value::as_u64);
    value.unwrap_or_else(|| panic!("no `{pointer}` in {report}"))
}

/// Runs it to a good end, and gives its report, in which every number fits the others.
fn good_load(demo: &Path, args: &[&str]) -> Value {
    let (output, report) = load(demo, args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {}\n{report:#}\n{errors}", output.status);
    let statuses = report["statuses"].as_object().unwrap();
    let answers = statuses.values().filter_map(Value::as_u64).sum::<u64>();
    let requests = number(&report, "/requests");
    assert!(requests > 0 && answers == requests, "{report:#}");
    assert!((1..=requests).contains(&number(&report, "/in_time")), "{report:#}");
    let names = ["p50", "p90", "p99", "p99_9", "p99_99", "max"];
    let times = names.map(|name| number(&report, &format!("/latency_us/{name}")));
    assert!(times[0] > 0 && times.is_sorted(), "{report:#}");
    let seconds = report["by_second"].as_array().unwrap();
    let in_seconds = seconds.iter().map(|second| number(second, "/answers")).sum::<u64>();
    assert!(!seconds.is_empty() && in_seconds <= requests, "{report:#}");
    let left = ["/unanswered", "/unsent", "/replays_differ"].map(|name| number(&report, name));
    assert_eq!(left, [0; 3], "{report:#}");
    assert_eq!(number(&report, "/check/listed"), number(&report, "/approved/count"));
    report
}

on_both_backends! {
    /// A closed loop, an open one, hot cards, and every kind of request.
    fn every_kind_of_load_holds(backend) {
        let world = World::start(backend);
        let demo = demo(&world);
        let second = ["--seconds", "1", "--connections", "4"];
        let with = |args: &[&'static str]| good_load(&demo, &[&second[..], args].concat());

        let closed = with(&["--warm-up", "10"]);
        let approved = number(&closed, "/approved/count");
        assert!(approved >= number(&closed, "/requests") + 10, "{closed:#}");
        assert_eq!(closed["asked"]["rate"], Value::Null);

        let open = with(&["--rate", "100", "--every-second"]);
        // Five standard deviations of a Poisson count.
        assert!(number(&open, "/requests").abs_diff(100) <= 50, "{open:#}");

        let hot = with(&["--cards", "zipf:1.2"]);
        assert_eq!(number(&hot, "/approved/amount"), number(&hot, "/approved/count"));

        let refused = with(&["--mix", "refused=1"]);
        let requests = number(&refused, "/requests");
        assert_eq!(number(&refused, "/codes/commodity_not_allowed"), requests, "{refused:#}");
        let told = with(&["--mix", "inquiry=1"]);
        assert_eq!(number(&told, "/statuses/200"), number(&told, "/requests"), "{told:#}");

        with(&["--mix", "redeem=1,replay=3"]);
        let taken_back = with(&["--mix", "redeem=1,reversal=1"]);
        let reversed = number(&taken_back, "/reversed/count");
        assert!(reversed > 0, "{taken_back:#}");

        let mixed = with(&["--mix", "redeem=5,inquiry=2,replay=1,refused=1,reversal=1", "--rate", "80"]);
        assert!(number(&mixed, "/requests").abs_diff(80) <= 45, "{mixed:#}");
        world.verify();
    }

    /// A purchase that was acknowledged and is gone fails the check.
    fn a_missing_purchase_is_seen(backend) {
        let world = World::start(backend);
        let demo = demo(&world);
        let auditor = world.auditor();
        let bought = || auditor.api.get("/v1/redemptions?limit=1").expect(200)["data"] != json!([]);
        let (output, report) = thread::scope(|scope| {
            let load = scope.spawn(|| load(&demo, &["--seconds", "3", "--rate", "20"]));
            assert!(wait_until(PATIENCE, bought), "nothing is bought");
            let unlock = match backend {
                Backend::Sqlite => "DROP TRIGGER redemptions_no_delete",
                Backend::Postgres => "SET session_replication_role = replica",
            };
            let delete = "DELETE FROM redemptions WHERE id = (SELECT min(id) FROM redemptions)";
            world.sql(&format!("{unlock}; {delete};"));
            load.join().unwrap()
        });
        assert_eq!(output.status.code(), Some(1), "{report:#}");
        assert_eq!(report["check"]["holds"], json!(false));
        let counts = ["/check/missing", "/check/surplus", "/check/different"];
        assert_eq!(counts.map(|count| number(&report, count)), [1, 0, 0], "{report:#}");
    }

    /// A purchase that nobody was told of fails the check, by its row and by its money.
    fn a_purchase_too_many_is_seen(backend) {
        let world = World::start(backend);
        let demo = demo(&world);
        let card = world.fresh_card("bri");
        let (output, report) = thread::scope(|scope| {
            let load = scope.spawn(|| load(&demo, &["--seconds", "2", "--rate", "20"]));
            let auditor = world.auditor();
            let started =
                || auditor.api.get("/v1/redemptions?limit=1").expect(200)["data"] != json!([]);
            assert!(wait_until(PATIENCE, started), "nothing is bought");
            let till = world.till("JBI-1");
            till.redeem("other", &card.card_number, &card.pin, &[rice("medium", "1", 9_000)]).expect(201);
            load.join().unwrap()
        });
        assert_eq!(output.status.code(), Some(1), "{report:#}");
        assert_eq!(number(&report, "/check/surplus"), 1, "{report:#}");
        let most = number(&report, "/check/growth_most");
        assert_eq!(number(&report, "/check/growth"), most + 9_000, "{report:#}");
    }
}
