//! Purchases whose ids are ahead of their times: whatever clocks did, answers by time are complete.

use std::collections::BTreeSet;

use ewarong_tests::client::ApiClient;
use ewarong_tests::{World, on_both_backends};
use serde_json::Value;

use super::{log_size, wait_for_log};
use crate::till::{buy, goods, listed, text};

/// Six hours of ids.
const AHEAD: i64 = 6 * 3_600_000;

/// Starts the server again as if its clock had been hours ahead before.
fn after_a_clock_ahead(world: &mut World) {
    world.server.kill9();
    let ticks = AHEAD * 4096;
    world.sql(&format!(
        "UPDATE nodes SET holder = NULL, lease_until = 0, high_water = high_water + {ticks}"
    ));
    world.server.restart();
}

fn ids(rows: &[Value]) -> BTreeSet<String> {
    rows.iter().map(|row| text(row, "id").to_owned()).collect()
}

/// What an export says, and how many its last line says there are.
fn exported(api: &ApiClient, path: &str) -> (BTreeSet<String>, i64) {
    let headers = [("Accept", "application/x-ndjson")];
    let answer = api.request("GET", path, &headers, b"").unwrap();
    let text = answer.text();
    let mut lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.pop().unwrap();
    assert_eq!(last["id"], "end", "{text}");
    (ids(&lines), last["transfers"].as_i64().unwrap())
}

on_both_backends! {
    /// By every way that a list is read, and by exports, whose last lines say as many.
    fn what_was_sold_with_ids_ahead_of_time_is_found_by_its_time(backend) {
        let mut world = World::start(backend);
        let card = world.fresh_card("bri");
        let mut sold = Vec::new();
        let mut sell = |world: &World, terminal: &str| {
            let body = buy(&world.till(terminal), &card, &goods("eggs 1 piece 1000")).expect(201);
            sold.push(body);
        };
        sell(&world, "JBI-1");
        sell(&world, "KPG-1");
        after_a_clock_ahead(&mut world);
        let before = log_size(&world);
        for terminal in ["JBI-1", "KPG-1", "JBI-1", "JKT-1", "JBI-1"] {
            sell(&world, terminal);
        }
        let refused = buy(&world.till("JBI-1"), &card, &goods("sugar 1 kg 1"));
        refused.expect(402);
        wait_for_log(&world, before, 5);
        let time = |place: usize| text(&sold[place], "created_at").to_owned();
        let all = ids(&sold);
        let late = ids(&sold[2..]);
        let shop: BTreeSet<String> =
            sold.iter().filter(|one| one["merchant_id"] == "EW-JAMBI").map(|one| text(one, "id").to_owned()).collect();
        let late_at_shop: BTreeSet<String> = shop.intersection(&late).cloned().collect();
        assert_eq!((shop.len(), late_at_shop.len()), (4, 3));

        let (first, restarted) = (time(0), time(2));
        let (auditor, till) = (world.auditor().api, world.till("JBI-1").api);
        // From the first purchase on, from the first after the restart on, and up to it.
        let early: BTreeSet<String> = all.difference(&late).cloned().collect();
        let early_at_shop: BTreeSet<String> = shop.difference(&late).cloned().collect();
        for (query, expected, at_shop) in [
            (format!("from={first}"), &all, &shop),
            (format!("from={restarted}"), &late, &late_at_shop),
            (format!("from={first}&to={restarted}"), &early, &early_at_shop),
        ] {
            let approved = format!("/v1/redemptions?status=approved&{query}");
            assert_eq!(ids(&listed(&auditor, &approved)), *expected, "{query}");
            assert_eq!(ids(&listed(&till, &approved)), *at_shop, "{query}");
            let moved = format!("/v1/transfers?kind=redemption&{query}");
            let transfers = |rows: &[Value]| -> BTreeSet<String> {
                rows.iter().map(|row| text(row, "redemption_id").to_owned()).collect()
            };
            assert_eq!(transfers(&listed(&auditor, &moved)), *expected, "{query}");
            assert_eq!(transfers(&listed(&till, &moved)), *at_shop, "{query}");
            for (api, count) in [(&auditor, expected.len()), (&till, at_shop.len())] {
                let (found, told) = exported(api, &moved);
                assert_eq!((found.len(), told), (count, i64::try_from(count).unwrap()), "{query}");
            }
        }
        let refused = format!("/v1/redemptions?status=refused&from={restarted}");
        assert_eq!(listed(&till, &refused).len(), 1);
        world.verify();
    }
}
