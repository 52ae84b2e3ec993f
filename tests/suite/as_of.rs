//! The ledger as it was: by a size of its log, and by time. Roll-ups are made all the time here, and
//! what is read by them is what the transfers say.

pub(crate) mod rows;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use ewarong_tests::client::ApiClient;
use ewarong_tests::demo::Card;
use ewarong_tests::process::{run_pos_api, wait_until};
use ewarong_tests::seed::folder::MONTHLY;
use ewarong_tests::seed::{PATIENCE, clear_of_midnight, finished_run, today};
use ewarong_tests::{Backend, World, on_both_backends};
use ledger::service::{Clock as _, SystemClock};
use serde_json::json;

use crate::chance::{Chance, seed};
use crate::till::{buy, fresh_key, goods, listed, number, text};
use rows::{lines, moved};

/// A world that keeps sums every few transfers.
fn world(backend: Backend) -> World {
    World::start_with(backend, &["--rollup-span", "8"])
}

/// Waits until every transfer has its place in the log; gives the size of it.
fn sealed(world: &World) -> i64 {
    let auditor = world.auditor().api;
    let mut size = 0;
    let done = wait_until(PATIENCE, || {
        let now = auditor.get("/v1/trial-balance").expect(200);
        size = number(&now, "log_size");
        let then = auditor.get(&format!("/v1/trial-balance?as_of={size}")).expect(200);
        then["accounts"] == now["accounts"]
    });
    assert!(done, "not everything is sealed:\n{}", world.server.log());
    size
}

fn sell(world: &World, terminal: &str, card: &Card, eggs: i64) -> String {
    let bought = buy(&world.till(terminal), card, &goods(&format!("eggs {eggs} piece 100")));
    text(&bought.expect(201), "id").to_owned()
}

fn wallet_of(world: &World, card: &Card) -> String {
    let look_up = json!({"card_number": card.card_number});
    let found = world.bank(&card.bank).api.post("/v1/card-lookups", &look_up).expect(200);
    format!("wallet:{}", text(&found, "wallet"))
}

fn balance(api: &ApiClient, account: &str, as_of: &str) -> i64 {
    number(&api.get(&format!("/v1/accounts/{account}?as_of={as_of}")).expect(200), "balance")
}

/// What an auditor is told of a state: the bytes of the trial balance and of each account, and the
/// ids on its list.
fn told(world: &World, accounts: &[String], size: i64) -> Vec<String> {
    let auditor = world.auditor().api;
    let mut told = vec![auditor.get(&format!("/v1/trial-balance?as_of={size}")).text()];
    for account in accounts {
        told.push(auditor.get(&format!("/v1/accounts/{account}?as_of={size}")).text());
        let path = format!("/v1/accounts/{account}/entries?as_of={size}&limit=1000");
        told.push(auditor.get(&path).text());
    }
    told
}

on_both_backends! {
    /// After purchases, a reversal, fundings, a credit run, a day's close; each state under its size.
    fn the_past_is_the_same_bytes_after_more_traffic(backend) {
        clear_of_midnight();
        let world = world(backend);
        let (bri, bni) = (world.fresh_card("bri"), world.fresh_card("bni"));
        let mut accounts: Vec<String> = ["holding:bri", "unallocated:bri", "suspense:bri", "fees:bri",
            "unallocated:bni", "payable:EW-JAMBI", "payable:EW-KUPANG"].map(str::to_owned).to_vec();
        accounts.extend([wallet_of(&world, &bri), wallet_of(&world, &bni)]);
        let programme = world.programme();
        let mut states: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        let mut keep = |world: &World| {
            let size = sealed(world);
            for size in [size, size - 1] {
                let told = told(world, &accounts, size);
                assert_eq!(*states.entry(size).or_insert(told.clone()), told, "at {size}");
            }
        };
        keep(&world);
        let sold = sell(&world, "JBI-1", &bri, 20);
        sell(&world, "JBI-1", &bni, 30);
        keep(&world);
        world.till("JBI-1").reverse(&fresh_key(), &sold, "salah").expect(201);
        keep(&world);
        for bank in ["bri", "bni"] {
            let need = world.families_of(bank) * MONTHLY;
            programme.fund("-", bank, need + 7, "AS-OF").expect(201);
        }
        keep(&world);
        finished_run(&programme, "2018-10");
        keep(&world);
        for _ in 0..40 {
            sell(&world, "KPG-1", &bni, 1);
        }
        world.bank("bri").close_early(&today().to_string()).expect(202);
        keep(&world);
        for (size, was) in &states {
            assert_eq!(told(&world, &accounts, *size), *was, "at {size}");
        }
        world.verify();
    }

    /// Whatever happened, at every size of the log; the seed is printed.
    fn every_state_is_what_its_transfers_say(backend) {
        let world = world(backend);
        traffic(&world, &mut Chance::of(seed()));
        let size = sealed(&world);
        let moved = moved(&world);
        assert_eq!(i64::try_from(moved.len()).unwrap(), size);
        let auditor = world.auditor().api;
        let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for log_size in 0..=size {
            // Those of the imported month are all alike.
            if !(5..=440).contains(&log_size) || log_size % 50 == 0 {
                let path = format!("/v1/trial-balance?as_of={log_size}");
                let trial = auditor.get(&path).expect(200);
                assert_eq!(number(&trial, "log_size"), log_size);
                assert_eq!(trial["debit"], trial["credit"], "{trial}");
                let lines = trial["accounts"].as_array().unwrap().iter();
                let found: BTreeMap<String, (i64, i64)> = lines
                    .map(|line| {
                        let sides = (number(line, "debit"), number(line, "credit"));
                        (text(line, "account").to_owned(), sides)
                    })
                    .collect();
                assert_eq!(found, sums, "at {log_size}");
                for (account, sides) in &sums {
                    if !account.starts_with("wallets:") {
                        let path = format!("/v1/accounts/{account}?as_of={log_size}");
                        let found = auditor.get(&path).expect(200);
                        let found = (number(&found, "debit"), number(&found, "credit"));
                        assert_eq!(found, *sides, "{account} at {log_size}");
                    }
                }
            }
            if let Some((debit, credit, amount)) = moved.get(usize::try_from(log_size).unwrap()) {
                sums.entry(debit.clone()).or_default().0 += amount;
                sums.entry(credit.clone()).or_default().1 += amount;
            }
        }
        world.verify();
    }

    /// Page by page, also where money was credited to families.
    fn an_accounts_entries_end_where_its_state_does(backend) {
        let world = world(backend);
        let card = world.fresh_card("bri");
        for _ in 0..20 {
            sell(&world, "JBI-1", &card, 2);
        }
        let (wallet, auditor) = (wallet_of(&world, &card), world.auditor().api);
        let size = sealed(&world);
        sell(&world, "JBI-1", &card, 500);
        for (account, count, fundings) in [
            (wallet.as_str(), 21, 0),
            ("payable:EW-JAMBI", 20, 0),
            ("holding:bri", 1, 1),
            ("unallocated:bni", usize::try_from(world.families_of("bni")).unwrap() + 1, 1),
        ] {
            let entries = listed(&auditor, &format!("/v1/accounts/{account}/entries?as_of={size}"));
            assert_eq!(entries.len(), count, "{account}");
            let sum = entries.iter().fold(0, |sum, entry| {
                sum + if entry["credit"] == account { 1 } else { -1 } * number(entry, "amount")
            });
            let sign = if account == "holding:bri" { -1 } else { 1 };
            let at = size.to_string();
            assert_eq!(sign * sum, balance(&auditor, account, &at), "{account}");
            let path = format!("/v1/accounts/{account}/entries?as_of={size}&kind=funding");
            let funded = listed(&auditor, &path).len();
            assert_eq!(funded, fundings, "{account}");
            assert!(listed(&auditor, &format!("/v1/accounts/{account}/entries?as_of=0")).is_empty());
        }
        // Without it the last purchase is there at once.
        assert_eq!(listed(&auditor, "/v1/accounts/payable:EW-JAMBI/entries").len(), 21);
    }

    /// What was sealed by then; what is still to come is not known.
    fn a_time_stands_for_what_was_sealed_by_then(backend) {
        let world = world(backend);
        let card = world.fresh_card("bni");
        let (auditor, payable) = (world.auditor().api, "payable:EW-KUPANG");
        let mut times = Vec::new();
        for eggs in 1..4 {
            sell(&world, "KPG-1", &card, eggs);
            let size = sealed(&world);
            thread::sleep(Duration::from_millis(5));
            let now = SystemClock::default().now().rfc3339();
            times.push((now, size, balance(&auditor, payable, &size.to_string())));
            thread::sleep(Duration::from_millis(5));
        }
        for (time, size, balance) in &times {
            let found = auditor.get(&format!("/v1/accounts/{payable}?as_of={time}")).expect(200);
            assert_eq!(text(&found, "as_of"), time);
            assert_eq!((number(&found, "log_size"), number(&found, "balance")), (*size, *balance));
            let trial = auditor.get(&format!("/v1/trial-balance?as_of={time}")).expect(200);
            let same = auditor.get(&format!("/v1/trial-balance?as_of={size}")).expect(200);
            assert_eq!(trial["accounts"], same["accounts"]);
            assert!(text(&same, "as_of") < time.as_str());
        }
        assert_eq!(times.iter().map(|(.., balance)| *balance).collect::<Vec<_>>(), [100, 300, 600]);
        let before = auditor.get("/v1/trial-balance?as_of=2017-01-01T00:00:00Z").expect(200);
        assert_eq!((number(&before, "log_size"), &before["accounts"]), (0, &json!([])));
        let zero = auditor.get(&format!("/v1/accounts/{payable}?as_of=0")).expect(200);
        assert_eq!((number(&zero, "debit"), number(&zero, "credit")), (0, 0));

        let beyond = (times[2].1 + 1).to_string();
        for as_of in [beyond.as_str(), "2099-01-01T00:00:00Z", "", "-1", "now", "1&as_of=1"] {
            for path in ["trial-balance", "accounts/payable:EW-KUPANG",
                "accounts/payable:EW-KUPANG/entries"]
            {
                let answer = auditor.get(&format!("/v1/{path}?as_of={as_of}"));
                assert_eq!(answer.problem(422), "request_invalid", "{path} {as_of}");
            }
        }
        let refused = auditor.get(&format!("/v1/trial-balance?as_of={beyond}")).json();
        assert_eq!(refused["errors"][0]["pointer"], "/as_of", "{refused}");
        assert_eq!(auditor.get("/v1/transfers?as_of=1").problem(422), "request_invalid");
    }

    /// As without it.
    fn a_state_before_is_seen_by_whom_it_concerns(backend) {
        let world = world(backend);
        let card = world.fresh_card("bni");
        sell(&world, "JBI-1", &card, 10);
        let size = sealed(&world);
        let wallet = wallet_of(&world, &card);
        let own = world.bank("bni").api.get(&format!("/v1/trial-balance?as_of={size}")).expect(200);
        let lines = own["accounts"].as_array().unwrap();
        assert_eq!(lines.len(), 3, "{own}");
        assert!(lines.iter().all(|line| text(line, "account").ends_with("bni")), "{own}");
        let programme = world.programme().api;
        assert_eq!(
            programme.get(&format!("/v1/trial-balance?as_of={size}")).text(),
            world.auditor().api.get(&format!("/v1/trial-balance?as_of={size}")).text()
        );
        let till = world.till("JBI-1").api;
        assert_eq!(balance(&till, "payable:EW-JAMBI", &size.to_string()), 1_000);
        assert_eq!(till.get(&format!("/v1/trial-balance?as_of={size}")).status, 403);
        let bank = world.bank("bri").api;
        for (api, account) in [(&till, "payable:EW-KUPANG"), (&till, wallet.as_str()),
            (&bank, wallet.as_str()), (&bank, "holding:bni")]
        {
            for part in ["", "/entries"] {
                let path = format!("/v1/accounts/{account}{part}?as_of={size}");
                assert_eq!(api.get(&path).problem(404), "not_found", "{path}");
            }
        }
    }

    /// Killed between slices and roll-ups, under load.
    fn a_killed_sealer_keeps_the_past(backend) {
        let mut world = world(backend);
        let cards: Vec<Card> = (0..4).map(|_| world.fresh_card("bri")).collect();
        let mut states = Vec::new();
        let rollups = |world: &World| {
            let counted = lines(world, "SELECT CAST(COUNT(*) AS TEXT) AS line FROM rollups");
            counted[0].parse::<i64>().unwrap()
        };
        // As often as it takes until the sealer has summed up several times between two deaths.
        for round in 0_u64..40 {
            if round >= 4 && rollups(&world) > 4 {
                break;
            }
            let sold = AtomicU64::new(0);
            let tills = ["JBI-1", "JKT-1", "KPG-1", "MKS-1"].map(|till| world.till(till));
            for till in &tills {
                till.api.token();
            }
            thread::scope(|scope| {
                for (till, card) in tills.iter().zip(&cards) {
                    let sold = &sold;
                    scope.spawn(move || {
                        let eggs = goods("eggs 1 piece 100");
                        while till.try_redeem(&fresh_key(), &card.card_number, &card.pin, &eggs).is_ok() {
                            sold.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
                let sells = || sold.load(Ordering::Relaxed) >= 8;
                assert!(wait_until(PATIENCE, sells), "nothing was bought");
                // Each time it dies at another moment of the sealer's.
                thread::sleep(Duration::from_millis(70 * (round % 4)));
                world.server.kill9();
            });
            world.server.restart();
            let size = sealed(&world);
            states.push((size, told(&world, &["payable:EW-JAMBI".to_owned()], size)));
        }
        for (size, was) in &states {
            assert_eq!(told(&world, &["payable:EW-JAMBI".to_owned()], *size), *was, "at {size}");
        }
        world.verify();
        assert!(rollups(&world) > 4, "the sealer never summed up");
    }

    /// A sum that nobody reckoned; the record is named.
    fn a_changed_sum_is_found(backend) {
        let world = world(backend);
        let card = world.fresh_card("bri");
        sell(&world, "JBI-1", &card, 10);
        sealed(&world);
        world.sql(match backend {
            Backend::Sqlite => "DROP TRIGGER account_rollups_no_update",
            Backend::Postgres => "DROP TRIGGER account_rollups_append_only ON account_rollups",
        });
        world.sql("UPDATE account_rollups SET debit = debit + 1 WHERE debit > 0");
        let url = world.server.database_url();
        let found = run_pos_api(world.dir(), ["verify", "--database-url", url]);
        let report = String::from_utf8(found.stdout).unwrap();
        assert_eq!(found.status.code(), Some(1), "{report}");
        for check in ["append_only_guards", "account_rollups"] {
            let broken = |line: &str| line.starts_with("BROKEN") && line.contains(check);
            assert!(report.lines().any(broken), "{check}: {report}");
        }
    }
}

/// Purchases everywhere, taken back or not, fundings, months, days that end.
fn traffic(world: &World, chance: &mut Chance) {
    let cards: Vec<Card> =
        ["bri", "bni", "mandiri", "btn"].iter().map(|bank| world.fresh_card(bank)).collect();
    let programme = world.programme();
    let mut months = ["2018-12", "2018-11", "2018-10"].to_vec();
    let mut sold: Vec<(&str, String)> = Vec::new();
    for turn in 0..150 {
        match chance.below(30) {
            0 if chance.one_in(2) => {
                if let Some(month) = months.pop() {
                    for bank in ["bri", "btn"] {
                        let need = world.families_of(bank) * MONTHLY;
                        programme.fund("-", bank, need, month).expect(201);
                    }
                    finished_run(&programme, month);
                }
            }
            1 | 2 => {
                let (bank, amount) = (*chance.pick(&["bri", "bni"]), chance.amount(1, 1_000));
                programme.fund("-", bank, amount, &format!("TURN-{turn}")).expect(201);
            }
            3..6 if !sold.is_empty() => {
                let (till, id) = sold.swap_remove(chance.below(sold.len()));
                world.till(till).reverse(&fresh_key(), &id, "salah").expect(201);
            }
            _ => {
                let till = *chance.pick(&["JBI-1", "JKT-1", "JKT-2", "KPG-1", "MKS-1", "JPR-1"]);
                let (card, eggs) = (chance.pick(&cards), chance.amount(1, 9));
                sold.push((till, sell(world, till, card, eggs)));
            }
        }
    }
}
