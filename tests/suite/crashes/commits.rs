//! The database goes away at a COMMIT, or right after it: whoever writes is told that nothing was done
//! only where that is so.

use std::cell::Cell;

use ewarong_tests::client::Bank;
use ewarong_tests::process::wait_until;
use ewarong_tests::proxy::{Cut, Proxy};
use ewarong_tests::seed::{PATIENCE, clear_of_midnight};
use ewarong_tests::{Answer, Backend, Cluster, Programme, Server, World};
use serde_json::{Value, json};

use crate::reconciliations::desk::{Desk, bank_file};
use crate::till::{listed, number, text};

/// A node whose way to the database can be cut, beside one whose way can't.
struct Ground<'w> {
    desk: Desk<'w>,
    proxy: Proxy,
    node: Server,
    sure: Bank,
    clerk: Bank,
    second: Bank,
    count: Cell<usize>,
}

impl<'w> Ground<'w> {
    fn of(world: &'w World) -> Self {
        let database = Cluster::shared().port();
        let proxy = Proxy::before(database);
        let node = Server::start(&proxy.url(world.server.database_url(), database), &world.keys());
        let desk = Desk::of(world);
        let there = |bank: &Bank| Bank::new(&node.base_url(), &bank.credentials);
        let (sure, other) = (desk.bank(), desk.second());
        let (clerk, second) = (there(&sure), there(&other));
        Self { desk, proxy, node, sure, clerk, second, count: Cell::new(0) }
    }

    /// Has something done while the way is cut at a statement, or at its COMMIT, and holds the answer
    /// against what is there. `done` counts what was done so far.
    fn check(&self, piece: &'static str, act: impl Fn() -> Answer, done: impl Fn() -> i64) {
        for cut in [Cut::AtStatement, Cut::BeforeAnswer, Cut::AfterAnswer] {
            let before = done();
            self.proxy.arm(piece, cut);
            let answer = act();
            let what = format!("{piece}, {cut:?}: {} {}", answer.status, answer.text());
            assert!(self.proxy.has_cut(), "nothing was cut: {what}");
            self.proxy.mend();
            let is_done = done() - before;
            match (cut, answer.status) {
                // Whoever gets that answer relies on it.
                (_, 503) => assert_eq!(is_done, 0, "503 and done: {what}"),
                (Cut::AtStatement, 504) => {}
                (Cut::BeforeAnswer, 504) | (Cut::AfterAnswer, 200..=202 | 504) => {
                    assert_eq!(is_done, 1, "{what}");
                }
                _ => panic!("{what}\n{}", self.node.log()),
            }
            let served = || self.clerk.api.get("/v1/exceptions").status == 200;
            assert!(wait_until(PATIENCE, served), "not served again:\n{}", self.node.log());
        }
    }

    /// Sends a file that nobody sent before.
    fn record(&self) -> Answer {
        self.count.set(self.count.get() + 1);
        let opening = 1_000 * i64::try_from(self.count.get()).unwrap();
        let rows = format!("SETOR TUNAI {} +1000", self.count.get());
        let name = format!("{}.csv", self.count.get());
        // Files overlap from the first on, as banks send them.
        let file = bank_file(opening - 1_000, &rows, None);
        Desk::record_as(&self.clerk.api, &[(&name, &file)])
    }

    fn day(&self) -> Value {
        self.sure.api.get("/v1/reconciliations").expect(200)["data"][0].clone()
    }

    fn revision(&self) -> i64 {
        self.day()["revision"].as_i64().unwrap_or(0)
    }

    fn events(&self, id: &str, of: &str) -> i64 {
        let shown = self.sure.api.get(&format!("/v1/exceptions/{id}")).expect(200);
        let history = shown["history"].as_array().unwrap();
        let those = history.iter().filter(|event| text(event, "event") == of);
        i64::try_from(those.count()).unwrap()
    }
}

#[test]
fn nothing_was_done_is_told_only_where_nothing_was() {
    clear_of_midnight();
    let world = World::start(Backend::Postgres);
    let ground = Ground::of(&world);
    ground.desk.worked_day();

    // A file whose recording was not done may not be sent in another's place: each is tried until it is there.
    ground.check(
        "INSERT INTO reconciliation_events",
        || {
            let answer = ground.record();
            if answer.status == 503 {
                ground.count.set(ground.count.get() - 1);
            }
            answer
        },
        || ground.revision(),
    );
    // The last one was cut off in the middle: the next request finishes it, and only then it can be signed.
    let finished = Desk::record_as(&ground.clerk.api, &[]);
    assert!([200, 201].contains(&finished.status), "{}", finished.text());
    let found = listed(&ground.sure.api, "/v1/exceptions");
    let id = text(&found[0], "id").to_owned();
    let path = format!("/v1/exceptions/{id}");
    let note = json!({"note": "ditanyakan ke cabang"});
    ground.check(
        "INSERT INTO exception_events",
        || ground.clerk.api.post(&format!("{path}/notes"), &note),
        || ground.events(&id, "note"),
    );
    for one in &found {
        let id = text(one, "id").to_owned();
        let decision = json!({"resolution": "suspense", "reason": "sudah diperiksa"});
        let (api, path) = (&ground.clerk.api, format!("/v1/exceptions/{id}/resolutions"));
        ground.proxy.arm("INSERT INTO exception_events", Cut::BeforeAnswer);
        let answer = api.post(&path, &decision);
        ground.proxy.mend();
        assert_eq!((answer.status, ground.events(&id, "resolved")), (504, 1), "{}", answer.text());
        let again = || api.post(&path, &decision).status == 200;
        assert!(wait_until(PATIENCE, again), "{}", ground.node.log());
        assert_eq!(ground.events(&id, "resolved"), 1);
    }
    assert_eq!(ground.desk.balance("suspense:bri"), -1_000 * i64::try_from(found.len()).unwrap());
    sign_and_fund(&world, &ground);
    world.verify();
}

fn sign_and_fund(world: &World, ground: &Ground<'_>) {
    let day = format!("/v1/reconciliations/{}", text(&ground.day(), "id"));
    let is_signed = || !ground.day()["signed_at"].is_null();
    ground.check(
        "INSERT INTO reconciliation_events",
        || {
            // Signed and reopened alternately, so that each time there is something to do.
            let (api, reason) = (&ground.second.api, json!({"reason": "berkas susulan"}));
            if is_signed() {
                api.post(&format!("{day}/reopenings"), &reason)
            } else {
                api.post(&format!("{day}/sign-off"), &json!({}))
            }
        },
        || ground.revision(),
    );
    let programme = Programme::new(&ground.node.base_url(), &world.programme().credentials);
    let number_of = Cell::new(0);
    let funded = || ground.desk.balance("unallocated:bri") / 1_000_000;
    ground.check(
        "INSERT INTO fundings",
        || {
            number_of.set(number_of.get() + 1);
            let reference = format!("UJI/{}", number_of.get());
            programme.fund(&crate::till::fresh_key(), "bri", 1_000_000, &reference)
        },
        funded,
    );
    assert!(number(&ground.day(), "revision") > 1);
}
