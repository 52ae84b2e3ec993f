//! How `PostgreSQL` runs the statements of the write path: by keys.

use std::time::Duration;

use ewarong_tests::postgres::Cluster;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::{PATIENCE, today};
use ewarong_tests::{Backend, World};

use crate::till::{buy, goods};

/// The plans that were logged for statements with `part` in their text.
fn plans_of(log: &str, part: &str) -> Vec<String> {
    // A plan's lines begin with a tab; what does not begins the next entry.
    let mut entries: Vec<String> = Vec::new();
    for line in log.lines() {
        match entries.last_mut() {
            Some(entry) if line.starts_with('\t') => *entry += line,
            _ => entries.push(line.to_owned()),
        }
    }
    entries.retain(|entry| entry.contains("  plan:") && entry.contains(part));
    entries
}

/// A world whose database logs every plan from now on.
fn explained() -> World {
    let mut world = World::start(Backend::Postgres);
    let name = Cluster::name_of(world.server.database_url()).to_owned();
    for setting in ["session_preload_libraries = auto_explain", "auto_explain.log_min_duration = 0"]
    {
        world.sql(&format!("ALTER DATABASE {name} SET {setting}"));
    }
    world.server.restart();
    world
}

#[test]
fn a_days_close_and_a_time_are_read_by_keys() {
    let world = explained();
    let card = world.fresh_card("bri");
    buy(&world.till("JBI-1"), &card, &goods("eggs 5 piece 2000")).expect(201);
    world.bank("bri").close_early(&today().to_string()).expect(202);
    let time = "from=2018-01-01T00:00:00Z&to=2099-01-01T00:00:00Z";
    world.auditor().api.get(&format!("/v1/redemptions?{time}")).expect(200);
    world.till("JBI-1").api.get(&format!("/v1/redemptions?{time}")).expect(200);
    for (part, indexes) in [
        ("GROUP BY r.merchant_id, r.issuer ORDER BY", &["batches_sealed", "redemptions_pk"][..]),
        ("abs((id >> 22)", &["batches_astray"]),
        ("FROM log_times WHERE latest >=", &["log_times_latest"]),
        ("earliest < latest_before - 60000", &["log_times_back"]),
        ("SELECT MAX(low) FROM s", &["attempt_log_pk"]),
    ] {
        let mut plans = Vec::new();
        let logged = wait_until(PATIENCE, || {
            plans = plans_of(&Cluster::shared().log(), part);
            !plans.is_empty()
        });
        assert!(logged, "`{part}` was not run");
        for plan in plans {
            for index in indexes {
                assert!(plan.contains(index), "{index}: {plan}");
            }
            // Reading the statement's own result does not count.
            assert!(!plan.contains("Seq Scan on"), "{plan}");
        }
    }
}

#[test]
fn purchases_are_decided_written_and_sealed_by_keys() {
    let world = explained();
    let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
    for _ in 0..3 {
        buy(&till, &card, &goods("eggs 5 piece 2000")).expect(201);
    }
    let sealing = "SET log_start = k.log_start";
    let log = || Cluster::shared().log();
    assert!(wait_until(Duration::from_secs(20), || !plans_of(&log(), sealing).is_empty()));
    let log = log();
    let [read, written, sealed] =
        ["LEFT JOIN redemptions r ON r.wallet_id = k.anchor_id", "WITH attempts AS (", sealing]
            .map(|part| plans_of(&log, part));
    assert!(read.len() >= 3 && written.len() >= 3, "{log}");
    for plan in &read {
        for index in ["wallets_pk", "cards_pk", "redemptions_key"] {
            assert!(plan.contains(index), "{index}: {plan}");
        }
    }
    for plan in &written {
        assert!(plan.contains("Tid Scan on wallets"), "{plan}");
    }
    for plan in &sealed {
        assert!(plan.contains("batches_pk"), "{plan}");
    }
    for plan in read.iter().chain(&written).chain(&sealed) {
        assert!(!plan.contains("Seq Scan"), "{plan}");
    }
}
