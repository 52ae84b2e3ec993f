//! What every answer carries, HEAD, parameters that name nothing, the figures' own address, who may
//! read the files, and the security log.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ewarong_tests::client::{ApiClient, eggs};
use ewarong_tests::demo::Credentials;
use ewarong_tests::process::{run_pos_api, stdout_of};
use ewarong_tests::seed::today;
use ewarong_tests::{Answer, Backend, Server, World, on_both_backends};

use crate::till::{buy, buy_with_wrong_pin};

/// The headers but for those that differ from answer to answer.
fn headers(answer: &Answer) -> Vec<(String, String)> {
    let all = answer.headers.iter();
    let mut all: Vec<_> = all
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "request-id"))
        .collect();
    all.sort();
    all
}

on_both_backends! {
    fn head_is_get_without_the_body(backend) {
        let world = World::start(backend);
        let (till, auditor) = (world.till("JBI-1"), world.auditor());
        let bought = buy(&till, &world.fresh_card("bri"), &[eggs("1", 2_000)]).expect(201);
        let one = format!("/v1/redemptions/{}", bought["id"].as_str().unwrap());
        for (api, path) in [
            (&till.api, "/healthz"),
            (&till.api, "/readyz"),
            (&till.api, "/openapi.json"),
            (&till.api, "/.well-known/jwks.json"),
            (&till.api, "/v1/me"),
            (&till.api, "/v1/catalogue"),
            (&till.api, "/v1/redemptions"),
            (&till.api, one.as_str()),
            (&till.api, "/v1/redemptions/rdm_x"),
            (&till.api, "/v1/transfers?limit=0"),
            (&till.api, "/v1/accounts/payable:EW-JAMBI"),
            (&till.api, "/v1/settlements"),
            (&till.api, "/v1/reconciliations"),
            (&till.api, "/v1/exceptions"),
            (&till.api, "/v1/nothing"),
            (&till.api, "/v1/fundings"),
            (&auditor.api, "/v1/transfers"),
            (&auditor.api, "/v1/net-positions?business_date=2018-09-03"),
        ] {
            let ask = |method| api.request(method, path, &[], b"").unwrap();
            let (got, head) = (ask("GET"), ask("HEAD"));
            assert_eq!(head.status, got.status, "{path}");
            assert_eq!(headers(&head), headers(&got), "{path}");
            assert!(head.body.is_empty() && !got.body.is_empty(), "{path}");
        }
        let lines = [("Accept", "application/x-ndjson")];
        let head = auditor.api.request("HEAD", "/v1/transfers", &lines, b"").unwrap();
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-type"), Some("application/x-ndjson"));
    }

    fn every_answer_has_its_id_and_is_kept_by_nobody(backend) {
        let world = World::shared(backend);
        let (till, card) = (world.till("JBI-1"), world.fresh_card("bri"));
        let get = |path: &str| till.api.get(path);
        let answers = [
            buy(&till, &card, &[eggs("1", 2_000)]),
            buy(&till, &card, &[]),
            buy_with_wrong_pin(&till, &card, &[eggs("1", 2_000)]),
            get("/v1/me"),
            get("/v1/nothing"),
            get("/nothing"),
            get("/v1/transfers?limit=0"),
            get("/v1/fundings"),
            get("/healthz"),
            get("/metrics"),
            till.api.request_token(),
            till.api.send("GET", "/v1/me", &[], b"").unwrap(),
        ];
        let mut seen = std::collections::BTreeSet::new();
        for answer in &answers {
            let id = answer.header("request-id").unwrap_or_else(|| panic!("no id: {answer:?}"));
            assert!(seen.insert(id.to_owned()), "twice: {id}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
            if answer.status >= 400 && answer.status != 402 {
                assert_eq!(answer.json()["request_id"], id, "{}", answer.text());
            }
        }
        // What never changes while the server runs may be kept.
        for path in ["/openapi.json", "/.well-known/jwks.json"] {
            assert_eq!(get(path).header("cache-control"), None, "{path}");
        }
    }

    fn a_parameter_that_names_nothing_is_named(backend) {
        let world = World::shared(backend);
        let (auditor, day) = (world.auditor(), today());
        for (query, pointer) in [
            ("/v1/transfers?bank=bca", "/bank"),
            ("/v1/transfers?bank=BRI%20", "/bank"),
            ("/v1/transfers?kind=gift", "/kind"),
            ("/v1/redemptions?bank=bca", "/bank"),
            ("/v1/redemptions?status=perhaps", "/status"),
            ("/v1/settlements?bank=bca", "/bank"),
            ("/v1/reconciliations?bank=bca", "/bank"),
            ("/v1/exceptions?bank=bca", "/bank"),
            ("/v1/exceptions?state=some", "/state"),
            ("/v1/accounts/payable:EW-JAMBI/entries?bank=bca", "/bank"),
            ("/v1/transfers?colour=red", "/colour"),
            ("/v1/accounts/payable:EW-JAMBI/entries?colour=red", "/colour"),
            ("/v1/daily-reconciliations?business_date=2018-09-03", "/bank"),
            (&format!("/v1/daily-reconciliations?bank=bca&business_date={day}"), "/bank"),
        ] {
            let answer = auditor.api.get(query);
            assert_eq!(answer.problem(422), "request_invalid", "{query}");
            assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{query}: {}", answer.text());
        }
        let lines = [("Accept", "text/csv")];
        let export = auditor.api.request("GET", "/v1/transfers?bank=bca", &lines, b"").unwrap();
        assert_eq!(export.json()["errors"][0]["pointer"], "/bank");
        for query in ["/v1/transfers?bank=btn", "/v1/settlements?bank=bri", "/v1/exceptions?bank=bni"] {
            auditor.api.get(query).expect(200);
        }
    }

    fn the_figures_may_have_an_address_of_their_own(backend) {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut world = World::start_with(backend, &["--metrics-addr", &free]);
        let till = world.till("JBI-1");
        let open = |base: &str, path: &str| {
            let api = ApiClient::new(base, world.credentials("auditor"));
            api.send("GET", path, &[], b"").unwrap()
        };
        let (here, there) = (world.server.base_url(), format!("http://{free}"));
        let figures = open(&there, "/metrics");
        assert!(figures.status == 200 && figures.text().contains("ewarong_log_size"), "{figures:?}");
        assert_eq!(open(&here, "/metrics").problem(404), "not_found");
        assert_eq!(open(&there, "/v1/me").problem(404), "not_found");
        till.api.get("/v1/me").expect(200);
        let ended = world.server.terminate();
        assert!(ended.success(), "it ends with {ended}:\n{}", world.server.log());
    }

    fn the_security_log_says_who_tried_what(backend) {
        let limits = ["--limits", "on", "--login-failures-per-client", "2", "--failures-per-client", "3"];
        let world = World::start_with(backend, &limits);
        let (till, card) = (world.till("JBI-1"), world.fresh_card("bri"));
        let base = world.server.base_url();
        let wrong = |client_id: &str, client_secret: &str| Credentials {
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            ..till.credentials.clone()
        };
        let secret = "5eed".repeat(16);
        let guesser = ApiClient::new(&base, &wrong("till-JBI-1", &secret));
        for _ in 0..6 {
            guesser.request_token();
        }
        // What belongs elsewhere is not repeated.
        for misplaced in [card.card_number.as_str(), till.credentials.client_secret.as_str()] {
            ApiClient::new(&base, &wrong(misplaced, &secret)).request_token().problem(401);
        }
        let forged = [("Authorization", "Bearer eyJmb3JnZWQ.eyJ0b2tlbg.c2lnbmF0dXJl")];
        assert_eq!(till.api.send("GET", "/v1/me", &forged, b"").unwrap().problem(401), "token_invalid");
        buy_with_wrong_pin(&till, &card, &[eggs("1", 2_000)]).expect(402);
        till.api.get("/v1/trial-balance").problem(403);
        for _ in 0..6 {
            till.api.get("/v1/redemptions/rdm_x");
        }
        let log = world.server.log();
        let lines = |what: &str| {
            let what = format!("what=\"{what}\"");
            log.lines().filter(|line| line.contains(" security: ") && line.contains(&what)).collect()
        };
        let said = |what: &str, parts: &[&str]| {
            let lines: Vec<&str> = lines(what);
            let found = lines.iter().any(|line| parts.iter().all(|part| line.contains(part)));
            assert!(found, "no `{what}` with {parts:?} in:\n{log}");
        };
        let here = "address=\"127.0.0.1\"";
        said("login_failed", &["client=\"till-JBI-1\"", "route=\"/oauth/token\"", here]);
        said("token_refused", &["route=\"/v1/me\"", here]);
        said("pin_wrong", &["client=\"till-JBI-1\"", "detail=\"JBI-1\"", here]);
        said("role_refused", &["client=\"till-JBI-1\"", "route=\"/v1/trial-balance\""]);
        said("limit_met", &["route=\"/oauth/token\"", here]);
        said("limit_met", &["client=\"till-JBI-1\"", "detail=\"failures\""]);
        for secret in [
            card.card_number.as_str(),
            &secret,
            &till.credentials.client_secret,
            "eyJmb3JnZWQ",
        ] {
            assert!(!log.contains(secret), "{secret} is in the log");
        }
    }
}

/// Fails when anybody but its owner may read a file of the folder.
fn assert_private(folder: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let found = entry.metadata().unwrap();
        if found.is_dir() {
            count += assert_private(&entry.path());
        } else {
            let mode = found.permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{} has mode {mode:o}", entry.path().display());
            count += 1;
        }
    }
    count
}

#[test]
fn the_database_and_the_keys_are_their_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (database, keys) = (dir.path().join("new.db"), dir.path().join("new.keys"));
    let url = Backend::Sqlite.fresh_url(&dir).replace("ewarong.db", "new.db");
    let mut server = Server::start(&url, &keys);
    let part = |part: &str| format!("{}{part}", database.display());
    for path in [part(""), part("-wal"), part("-shm"), keys.display().to_string()] {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{path} has mode {mode:o}");
    }
    // A copy may have come with another mode.
    server.terminate();
    fs::set_permissions(&database, fs::Permissions::from_mode(0o644)).unwrap();
    let _server = Server::start(&url, &keys);
    assert_eq!(fs::metadata(&database).unwrap().permissions().mode() & 0o777, 0o600);
    let migrated = run_pos_api(dir.path(), ["migrate", "--database-url", "sqlite:other.db"]);
    stdout_of(&migrated);
    let mode = fs::metadata(dir.path().join("other.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_demos_files_are_their_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("demo");
    let named = folder.display().to_string();
    let args = ["demo", "--data", &named, "--cards", "50", "--no-serve"];
    stdout_of(&run_pos_api(dir.path(), args));
    assert!(assert_private(&folder) > 10, "not the demo");
}
