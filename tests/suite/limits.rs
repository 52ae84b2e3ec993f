//! What one client may do to the others: nothing. Wrong secrets, failures, reads, connections.

use std::io::Read as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ewarong_tests::client::{ApiClient, eggs};
use ewarong_tests::demo::{Card, Credentials};
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::{PATIENCE, today};
use ewarong_tests::{Answer, Backend, Cluster, Merchant, World, on_both_backends};

use crate::till::{buy, fresh_key, goods};

/// More tries than any limit of these tests allows, however slow the machine is.
const MANY: usize = 60;

/// Does something until the answer is that the client has to wait; how often it was answered before.
fn until_limited(mut ask: impl FnMut(usize) -> Answer) -> usize {
    for before in 0..MANY {
        let answer = ask(before);
        if answer.status == 429 {
            assert_eq!(answer.problem(429), "rate_limited");
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=61).contains(&wait), "{wait} s");
            return before;
        }
    }
    panic!("no limit was met");
}

fn guesser(world: &World, client_id: &str) -> ApiClient {
    let known = world.credentials("till-JBI-1");
    let wrong = Credentials {
        client_id: client_id.to_owned(),
        client_secret: "0".repeat(64),
        ..known.clone()
    };
    ApiClient::new(&world.server.base_url(), &wrong)
}

on_both_backends! {
    fn guessing_a_secret_is_limited_and_the_right_one_passes(backend) {
        let limits = ["--limits", "on", "--login-failures-per-client", "5",
            "--login-failures-per-address", "20"];
        let world = World::start_with(backend, &limits);
        let guesser_of_one = guesser(&world, "till-JBI-1");
        let tries = until_limited(|_| guesser_of_one.request_token());
        assert!((5..20).contains(&tries), "{tries} guesses at one client");
        world.till("JBI-1").api.request_token().expect(200);
        // Another client from the same address is told that the secret is wrong, as ever.
        assert_eq!(guesser(&world, "till-KPG-1").request_token().problem(401), "invalid_client");
        // Made-up clients are one address.
        let tries =
            until_limited(|number| guesser(&world, &format!("made-up-{number}")).request_token());
        assert!(tries < 20, "{tries} more guesses from one address");
        for till in ["JBI-1", "KPG-1"] {
            world.till(till).api.request_token().expect(200);
        }
    }

    fn a_client_that_fails_waits_and_nobody_else_does(backend) {
        let world = World::start_with(backend, &["--limits", "on", "--failures-per-client", "5"]);
        let (failing, other) = (world.till("JBI-1"), world.till("JKT-1"));
        let tries = until_limited(|number| match number % 3 {
            0 => failing.api.get("/v1/redemptions/rdm_x"),
            1 => failing.api.get("/v1/redemptions?limit=0"),
            _ => failing.redeem(&fresh_key(), "1", "1", &[]),
        });
        assert!((5..20).contains(&tries), "{tries} failures");
        let card = world.fresh_card("bri");
        let waits = buy(&failing, &card, &[eggs("1", 2_000)]);
        assert_eq!(waits.problem(429), "rate_limited", "it waits with everything");
        buy(&other, &card, &[eggs("1", 2_000)]).expect(201);
        // After the wait it is served again: being asked to wait does not count as a failure.
        let served = wait_until(PATIENCE, || {
            let answer = buy(&failing, &card, &[eggs("1", 2_000)]);
            assert!(matches!(answer.status, 201 | 429), "{}", answer.text());
            answer.status == 201
        });
        assert!(served, "it waits for ever");
    }

    /// Approved, refused, sent again: none of it is a failure.
    fn a_busy_shop_meets_no_limit(backend) {
        let world = World::start_with(backend, &["--limits", "on", "--failures-per-client", "3"]);
        let (till, card) = (world.till("JBI-1"), world.fresh_card("bri"));
        for _ in 0..10 {
            buy(&till, &card, &[eggs("1", 2_000)]).expect(201);
            let key = fresh_key();
            for _ in 0..2 {
                till.redeem(&key, &card.card_number, &card.pin, &goods("sugar 1 kg 1")).expect(402);
            }
            till.inquire(&card.card_number, &card.pin).expect(200);
        }
    }

    fn reads_are_limited_by_what_they_cost(backend) {
        let world = World::start_with(backend, &["--limits", "on", "--reads-per-client", "130"]);
        let (auditor, bank, till) = (world.auditor(), world.bank("bri"), world.till("JBI-1"));
        let reports = until_limited(|_| auditor.api.get("/v1/trial-balance"));
        assert!((2..10).contains(&reports), "{reports} reports");
        let lists = until_limited(|_| bank.api.get("/v1/transfers?limit=1000"));
        assert!((11..50).contains(&lists), "{lists} long lists");
        buy(&till, &world.fresh_card("bri"), &[eggs("1", 2_000)]).expect(201);
        till.api.get("/v1/transfers?limit=1000").expect(200);
    }

    fn an_address_holds_so_many_connections(backend) {
        let limits = ["--limits", "on", "--connections-per-address", "3"];
        let world = World::start_with(backend, &limits);
        let address = world.server.base_url().replace("http://", "");
        let connect = || {
            let stream = TcpStream::connect(&address).unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            stream
        };
        // One that is shut is at its end; one that is held waits for a request.
        let is_shut = |mut stream: &TcpStream| match stream.read(&mut [0; 1]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        };
        let mut held = Vec::new();
        let met = wait_until(PATIENCE, || {
            let stream = connect();
            let shut = is_shut(&stream);
            held.push(stream);
            shut
        });
        assert!(met, "{} connections and no end", held.len());
        let few = wait_until(PATIENCE, || held.iter().filter(|held| !is_shut(held)).count() <= 3);
        assert!(few, "more than three are held");
        held.clear();
        let free = wait_until(PATIENCE, || !is_shut(&connect()));
        assert!(free, "what is closed is free again");
        assert!(world.server.log().contains("limit_met"), "{}", world.server.log());
    }

    /// Whoever asks for reports without end waits for them alone.
    fn slow_reports_leave_purchases_and_lists_at_work(backend) {
        let world = World::start(backend);
        let (auditor, stop) = (world.auditor(), AtomicBool::new(false));
        let daily = format!("/v1/daily-reconciliations?bank=bri&business_date={}", today());
        auditor.api.token();
        let card = world.fresh_card("bri");
        thread::scope(|scope| {
            if backend == Backend::Postgres {
                // Every report waits for this table, until it is given up.
                let database = Cluster::name_of(world.server.database_url()).to_owned();
                scope.spawn(move || {
                    let held = "BEGIN; LOCK TABLE rollups IN ACCESS EXCLUSIVE MODE; \
                                SELECT pg_sleep(15); COMMIT";
                    Cluster::shared().sql(&database, held);
                });
            }
            for number in 0..16 {
                let (auditor, stop, daily) = (&auditor, &stop, &daily);
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let path = if number % 4 == 0 { daily } else { "/v1/trial-balance" };
                        auditor.api.get(path);
                    }
                });
            }
            // Longer than a node stays alive whose keeper waits for the reports.
            let (began, mut sold) = (Instant::now(), 0);
            while began.elapsed() < Duration::from_secs(13) {
                let till = world.till(["JBI-1", "JKT-1", "KPG-1"][sold % 3]);
                sell(&till, &card);
                sold += 1;
            }
            stop.store(true, Ordering::Relaxed);
            assert!(sold > 3, "{sold} purchases");
        });
    }

    fn one_client_makes_so_many_reports_at_once(backend) {
        let limits = ["--limits", "on", "--reports-at-once-per-client", "2", "--reads-per-client", "0",
            "--failures-per-client", "0"];
        let world = World::start_with(backend, &limits);
        let (auditor, programme) = (world.auditor(), world.programme());
        auditor.api.token();
        let limited = AtomicBool::new(false);
        let ask = || {
            for _ in 0..200 {
                let answer = auditor.api.get("/v1/trial-balance");
                assert!(matches!(answer.status, 200 | 429), "{}", answer.text());
                if answer.status == 429 {
                    limited.store(true, Ordering::Relaxed);
                }
                if limited.load(Ordering::Relaxed) {
                    return;
                }
            }
        };
        thread::scope(|scope| (0..16).for_each(|_| drop(scope.spawn(ask))));
        assert!(limited.load(Ordering::Relaxed), "16 at once and no limit");
        programme.trial_balance().expect(200);
    }
}

/// What a client looks at is there soon or not at all.
#[test]
fn a_look_that_takes_too_long_is_given_up() {
    let world = World::start(Backend::Postgres);
    let auditor = world.auditor();
    auditor.api.get("/v1/transfers?bank=bri").expect(200);
    world.sql(
        "ALTER TABLE banks RENAME TO all_banks; \
         CREATE VIEW banks AS SELECT b.* FROM all_banks b, (SELECT pg_sleep(40)) AS slow",
    );
    let began = Instant::now();
    let answer = auditor.api.get("/v1/transfers?bank=bri");
    assert_eq!(answer.problem(503), "unavailable");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

/// A purchase by whoever has just logged in, and what the shop looks at.
fn sell(till: &Merchant, card: &Card) {
    buy(till, card, &[eggs("1", 10)]).expect(201);
    till.api.get("/v1/me").expect(200);
    till.api.get("/v1/transfers").expect(200);
    till.api.get("/v1/accounts/payable:EW-NOBODY").expect(404);
}

/// The demo has no limits unless it is asked for them; `serve` has them.
#[test]
fn serve_has_limits_and_says_what_they_are() {
    let help = ewarong_tests::process::run_pos_api(std::path::Path::new("."), ["serve", "--help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    for (flag, usual) in [
        ("--limits <on|off>", "on in `serve`"),
        ("--login-failures-per-client", "default: 10"),
        ("EWARONG_FAILURES_PER_CLIENT", "default: 120"),
    ] {
        assert!(help.contains(flag) && help.contains(usual), "{flag}:\n{help}");
    }
    let world = World::start_with(Backend::Sqlite, &["--limits", "on"]);
    let tries = until_limited(|_| guesser(&world, "till-JBI-1").request_token());
    assert!(tries >= 10, "{tries}");
}
