//! Exports of transfers: complete, at one size of the log, and known as broken when they break.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ewarong_tests::client::ApiClient;
use ewarong_tests::process::{run, run_pos_api, stdout_of, wait_until};
use ewarong_tests::seed::PATIENCE;
use ewarong_tests::{Answer, Backend, World, on_both_backends};
use serde_json::{Map, Value, json};

use crate::till::{buy, fresh_key, goods, text};
use crate::transfers::{ids, old_credits, paged};

const LINES: &str = "application/x-ndjson";
const CSV: &str = "text/csv";

fn exported(api: &ApiClient, query: &str, media: &str) -> Answer {
    let path = format!("/v1/transfers?{query}");
    let answer = api.request("GET", &path, &[("Accept", media)], b"").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some(media));
    answer
}

/// The transfers of a complete export: its last line says how many they are, and of which log.
fn rows_of(answer: &Answer, media: &str) -> Vec<Value> {
    let text = answer.text();
    let mut rows = if media == CSV { csv_rows(&text) } else { lines(&text) };
    let end = rows.pop().unwrap();
    let size: i64 = answer.header("log-size").unwrap().parse().unwrap();
    let told = if media == CSV { ["kind", "debit"] } else { ["transfers", "log_size"] };
    let told = told.map(|name| end[name].to_string().trim_matches('"').parse::<i64>().unwrap());
    assert_eq!(end["id"], "end");
    assert_eq!(told, [i64::try_from(rows.len()).unwrap(), size]);
    rows
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Records as objects with the members that a page would have.
fn csv_rows(text: &str) -> Vec<Value> {
    let mut records = text.split_terminator("\r\n").map(|line| line.split(',').collect::<Vec<_>>());
    let head = records.next().unwrap();
    let row = |cells: Vec<&str>| {
        assert_eq!(cells.len(), head.len(), "{cells:?}");
        let members = head.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
        let member = |(name, cell): (&&str, &str)| {
            let number = name.contains("amount") || name.starts_with("balance");
            let value = if number { json!(cell.parse::<i64>().unwrap()) } else { json!(cell) };
            ((*name).to_owned(), value)
        };
        Value::Object(members.map(member).collect::<Map<_, _>>())
    };
    records.map(row).collect()
}

/// Some purchases at two shops, one of them taken back.
fn trade(world: &World) {
    let card = world.fresh_card("bni");
    for terminal in ["JBI-1", "KPG-1", "JBI-1"] {
        let till = world.till(terminal);
        let bought = buy(&till, &card, &goods("eggs 3 piece 1000")).expect(201);
        if terminal == "KPG-1" {
            till.reverse(&fresh_key(), text(&bought, "id"), "salah").expect(201);
        }
    }
}

/// Waits until everything that is listed has its place in the log.
fn wait_for_sealer(world: &World) {
    let api = world.auditor().api;
    let all = paged(&api, "", 1000).len();
    let sealed = || exported(&api, "", LINES).header("log-size").unwrap() == all.to_string();
    assert!(wait_until(PATIENCE, sealed), "not everything is sealed");
}

/// A connection that has asked for an export and read its head.
struct Download(TcpStream);

impl Download {
    fn begin(world: &World, query: &str) -> (Self, String) {
        let address = world.server.base_url().replace("http://", "");
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let token = world.auditor().api.token();
        write!(
            stream,
            "GET /v1/transfers?{query} HTTP/1.1\r\nHost: {address}\r\nAccept: {LINES}\r\n\
             Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            assert_eq!(stream.read(&mut byte).unwrap(), 1);
            head.push(byte[0]);
        }
        (Self(stream), String::from_utf8(head).unwrap())
    }

    /// Waits until some of the body is there.
    fn take_some(&mut self) {
        self.0.read_exact(&mut vec![0; 1 << 16]).unwrap();
    }

    /// What still comes until the connection ends, however it does.
    fn rest(mut self) -> Vec<u8> {
        let (mut all, mut some) = (Vec::new(), vec![0; 1 << 16]);
        while let Ok(count @ 1..) = self.0.read(&mut some) {
            all.extend_from_slice(&some[..count]);
        }
        all
    }
}

fn assert_broken(rest: &[u8]) {
    let end = String::from_utf8_lossy(&rest[rest.len().saturating_sub(200)..]).into_owned();
    assert!(!end.contains("\"end\""), "it has an end: {end}");
    assert!(!rest.ends_with(b"\r\n0\r\n\r\n"), "it ends as a whole body does: {end}");
}

on_both_backends! {
    /// Row for row what the pages show, for whoever asks, as lines and as CSV.
    fn an_export_is_what_the_pages_show(backend) {
        let world = World::start(backend);
        trade(&world);
        wait_for_sealer(&world);
        let (auditor, bank, till) = (world.auditor(), world.bank("bni"), world.till("JBI-1"));
        for (api, query) in [
            (&auditor.api, ""),
            (&auditor.api, "kind=redemption&min_amount=1000"),
            (&auditor.api, "merchant_id=EW-KUPANG"),
            (&auditor.api, "merchant_id=EW-NOWHERE"),
            (&bank.api, "kind=reversal"),
            (&bank.api, "from=2099-01-01T00:00:00Z"),
            (&till.api, ""),
        ] {
            let pages = paged(api, query, 100);
            for media in [LINES, CSV] {
                let answer = exported(api, query, media);
                assert_eq!(rows_of(&answer, media), pages, "`{query}` as {media}");
            }
        }
        let answer = exported(&auditor.api, "", CSV);
        let file = answer.header("content-disposition").unwrap();
        assert!(file.starts_with("attachment; filename=\"transfers-") && file.ends_with(".csv\""));
        for (accept, media) in [
            ("*/*", "application/json"),
            ("image/png", "application/json"),
            ("text/csv;q=0.5, application/json", "application/json"),
            ("application/json;q=0.5, text/csv", "text/csv"),
        ] {
            let headers = [("Accept", accept)];
            let answer = till.api.request("GET", "/v1/transfers", &headers, b"").unwrap();
            assert_eq!(answer.header("content-type"), Some(media), "{accept}");
        }
    }

    /// Pages have a limit and a cursor, an export has neither; and roles are what they are for pages.
    fn an_export_is_asked_for_as_pages_are(backend) {
        let world = World::shared(backend);
        let (auditor, programme) = (world.auditor(), world.programme());
        let ask = |api: &ApiClient, query: &str| {
            api.request("GET", &format!("/v1/transfers?{query}"), &[("Accept", CSV)], b"").unwrap()
        };
        for (query, pointer) in [
            ("limit=10", "/limit"),
            ("cursor=MTpiLjE", "/cursor"),
            ("kind=gift", "/kind"),
            ("min_amount=1.5", "/min_amount"),
            ("from=today", "/from"),
        ] {
            let answer = ask(&auditor.api, query);
            assert_eq!(answer.problem(422), "request_invalid", "{query}");
            assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
        }
        assert_eq!(ask(&programme.api, "").problem(403), "role_not_allowed");
        let nobody = [("Accept", CSV)];
        let answer = auditor.api.send("GET", "/v1/transfers", &nobody, b"").unwrap();
        assert_eq!(answer.problem(401), "token_missing");
    }

    /// While purchases go on: exactly the transfers that have their place in the log by then.
    fn an_export_is_of_one_size_of_the_log(backend) {
        let world = World::start(backend);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for terminal in ["JBI-1", "JKT-1", "KPG-1"] {
                let (stop, world) = (&stop, &world);
                scope.spawn(move || {
                    let (till, card) = (world.till(terminal), world.fresh_card("bri"));
                    while !stop.load(Ordering::Relaxed) {
                        let bought = buy(&till, &card, &goods("eggs 1 piece 1000")).expect(201);
                        till.reverse(&fresh_key(), text(&bought, "id"), "salah").expect(201);
                    }
                });
            }
            let auditor = world.auditor();
            let (mut before, mut size) = (BTreeSet::new(), 0);
            for media in [LINES, CSV, LINES, CSV, LINES] {
                let answer = exported(&auditor.api, "", media);
                let rows = ids(&rows_of(&answer, media));
                let all: BTreeSet<String> = rows.iter().cloned().collect();
                let log_size: usize = answer.header("log-size").unwrap().parse().unwrap();
                assert_eq!((rows.len(), all.len()), (log_size, log_size));
                assert!(log_size >= size && all.is_superset(&before), "{size} and then {log_size}");
                (before, size) = (all, log_size);
            }
            stop.store(true, Ordering::Relaxed);
        });
    }

    /// Access that ends in the middle ends the export, and the client sees that it is incomplete.
    fn an_export_whose_client_is_revoked_breaks(backend) {
        let world = World::start(backend);
        world.sql(&old_credits(100_000));
        let (mut download, head) = Download::begin(&world, "");
        download.take_some();
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("log-size: "), "{head}");
        let url = world.server.database_url();
        let args = ["client", "revoke", "auditor", "--database-url", url];
        stdout_of(&run_pos_api(world.dir(), args));
        assert_broken(&download.rest());
    }

    /// So does a database that fails in the middle; it does not end the body.
    fn an_export_whose_database_fails_breaks(backend) {
        let world = World::start(backend);
        world.sql(&old_credits(100_000));
        let (mut download, _) = Download::begin(&world, "");
        download.take_some();
        world.sql("ALTER TABLE transfers RENAME TO transfers_no_more");
        assert_broken(&download.rest());
        world.sql("ALTER TABLE transfers_no_more RENAME TO transfers");
        let rows = rows_of(&exported(&world.auditor().api, "kind=funding", LINES), LINES);
        assert!(!rows.is_empty());
    }

    /// Whoever goes away in the middle gives the place free; whoever comes when all are taken is told
    /// so.
    fn an_export_that_nobody_takes_is_given_up(backend) {
        let world = World::start(backend);
        world.sql(&old_credits(60_000));
        let taken: Vec<_> = (0..4).map(|_| Download::begin(&world, "").0).collect();
        let auditor = world.auditor();
        let ask = || {
            let headers = [("Accept", LINES)];
            auditor.api.request("GET", "/v1/transfers?kind=funding", &headers, b"").unwrap()
        };
        let refused = ask();
        assert_eq!(refused.problem(503), "unavailable");
        assert!(refused.header("retry-after").is_some());
        auditor.api.get("/v1/transfers?limit=1").expect(200);
        drop(taken);
        assert!(wait_until(PATIENCE, || ask().status == 200), "the places stay taken");
    }

    /// However long it is, and as long as the client takes.
    fn an_export_takes_little_memory(backend) {
        let world = World::start(backend);
        world.sql(&old_credits(250_000));
        let auditor = world.auditor();
        exported(&auditor.api, "from=2018-01-01T00:00:00Z", LINES);
        let before = peak_kb(world.server.pid());
        let mut download = Download::begin(&world, "").0;
        // A slow reader: what is not taken waits in the database, not in memory.
        thread::sleep(Duration::from_secs(1));
        download.take_some();
        let rest = download.rest();
        assert!(rest.ends_with(b"}\n\r\n0\r\n\r\n"));
        let (bytes, grown) = (rest.len(), peak_kb(world.server.pid()).saturating_sub(before));
        assert!(bytes > 50_000_000, "only {bytes} bytes");
        assert!(grown < 32_000, "{grown} kB more for {bytes} bytes");
    }

    /// Compressed for those who ask for it, and for no one else.
    fn an_export_is_compressed_when_asked(backend) {
        let world = World::shared(backend);
        let api = world.auditor().api;
        let query = "to=2099-01-01T00:00:00Z&kind=funding";
        let plain = exported(&api, query, CSV);
        assert_eq!(plain.header("content-encoding"), None);
        for (encoding, magic) in [("gzip", [0x1f, 0x8b]), ("zstd", [0x28, 0xb5])] {
            let headers = [("Accept", CSV), ("Accept-Encoding", encoding)];
            let path = format!("/v1/transfers?{query}");
            let answer = api.request("GET", &path, &headers, b"").unwrap();
            assert_eq!(answer.header("content-encoding"), Some(encoding));
            assert!(answer.body.starts_with(&magic), "{encoding}");
            if encoding == "gzip" {
                let mut gzip = Command::new("gzip");
                gzip.arg("-dc");
                let unpacked = stdout_of(&run(gzip, &answer.body));
                assert_eq!(csv_rows(&unpacked).len(), csv_rows(&plain.text()).len());
            }
        }
    }
}

/// The most memory that a process had so far, in kB.
fn peak_kb(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Between two pages nothing is held: an export that a slow client keeps waiting does not keep the
/// write-ahead log from being emptied.
#[test]
fn an_export_that_waits_holds_no_checkpoint_up() {
    let world = World::start(Backend::Sqlite);
    world.sql(&old_credits(100_000));
    let mut download = Download::begin(&world, "").0;
    download.take_some();
    buy(&world.till("JBI-1"), &world.fresh_card("bri"), &goods("eggs 1 piece 1000")).expect(201);
    let file = world.server.database_url().replace("sqlite:", "");
    let emptied = || {
        world.sql("PRAGMA wal_checkpoint(TRUNCATE)");
        fs::metadata(format!("{file}-wal")).unwrap().len() == 0
    };
    assert!(wait_until(PATIENCE, emptied), "the write-ahead log can't be emptied");
    assert!(download.rest().ends_with(b"}\n\r\n0\r\n\r\n"), "the export goes on to its end");
}
