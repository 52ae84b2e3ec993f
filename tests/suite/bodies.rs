//! Bodies that never end, trickle, or come to nobody: each is cut, and nobody waits for it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ewarong_tests::seed::today;
use ewarong_tests::{World, on_both_backends};
use serde_json::json;

/// How long a connection may live whose body nobody wants: much longer than it does, much shorter than
/// for ever.
const CUT: Duration = Duration::from_secs(30);

/// A connection that has sent the head of a POST.
struct Sending(TcpStream);

impl Sending {
    fn begin(world: &World, path: &str, headers: &str) -> Self {
        let address = world.server.base_url().replace("http://", "");
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(CUT)).unwrap();
        stream.set_write_timeout(Some(CUT)).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        Self(stream)
    }

    /// Sends pieces, one after each pause, until the connection is shut; how long that took.
    fn until_shut(&mut self, piece: &[u8], pause: Duration) -> Duration {
        let began = Instant::now();
        while began.elapsed() < CUT {
            if self.0.write_all(piece).is_err() {
                return began.elapsed();
            }
            std::thread::sleep(pause);
        }
        panic!("it may send for ever");
    }

    /// What was answered before the connection was shut, or a first part of it.
    fn answer(&mut self) -> String {
        let mut some = vec![0; 4096];
        let count = self.0.read(&mut some).unwrap_or_default();
        String::from_utf8_lossy(&some[..count]).into_owned()
    }
}

on_both_backends! {
    /// Who may not do this, or asks for nothing that is there, is answered at once and then cut.
    fn a_body_without_end_is_cut_after_the_answer(backend) {
        let world = World::shared(backend);
        let token = format!("Authorization: Bearer {}\r\n", world.till("JBI-1").api.token());
        for (path, token, status) in [
            ("/v1/redemptions", "", "401"),
            ("/v1/nothing", token.as_str(), "404"),
            ("/v1/fundings", token.as_str(), "403"),
            ("/v1/me", token.as_str(), "405"),
        ] {
            for length in ["Transfer-Encoding: chunked\r\n", "Content-Length: 99999999999\r\n"] {
                let mut sending = Sending::begin(world, path, &format!("{token}{length}"));
                let answer = sending.answer();
                assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
                assert!(answer.to_lowercase().contains("connection: close"), "{path}: {answer}");
                let piece = format!("2000\r\n{}\r\n", " ".repeat(0x2000));
                sending.until_shut(piece.as_bytes(), Duration::from_millis(5));
            }
        }
    }

    fn a_body_that_is_too_large_is_cut(backend) {
        let world = World::shared(backend);
        let token = format!("Authorization: Bearer {}\r\n", world.till("JBI-1").api.token());
        let headers = format!("{token}Idempotency-Key: k\r\nTransfer-Encoding: chunked\r\n");
        let mut sending = Sending::begin(world, "/v1/redemptions", &headers);
        let piece = format!("2000\r\n{}\r\n", " ".repeat(0x2000));
        sending.until_shut(piece.as_bytes(), Duration::from_millis(5));
        let answer = sending.answer();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }

    /// However steadily: there is a time for a body in all.
    fn a_body_that_trickles_is_cut(backend) {
        let world = World::shared(backend);
        let token = format!("Authorization: Bearer {}\r\n", world.till("JBI-1").api.token());
        for length in ["Transfer-Encoding: chunked\r\n", "Content-Length: 9999\r\n"] {
            let headers = format!("{token}Idempotency-Key: k\r\n{length}");
            let mut sending = Sending::begin(world, "/v1/redemptions", &headers);
            let piece = if length.starts_with('T') { "1\r\n \r\n" } else { " " };
            sending.until_shut(piece.as_bytes(), Duration::from_millis(200));
            let answer = sending.answer();
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
        }
    }

    /// A merchant that sends slowly holds up nobody but itself.
    fn slow_uploads_hold_up_nobody_else(backend) {
        let world = World::start_with(backend, &["--limits", "on", "--failures-per-client", "0"]);
        let slow = world.till("JBI-1");
        let token = format!("Authorization: Bearer {}\r\n", slow.api.token());
        let headers = format!("{token}Content-Length: 1000000\r\n");
        let hold = || {
            let mut sending = Sending::begin(&world, "/v1/reconciliations", &headers);
            sending.0.write_all(b"{\"bank\":\"bri\",").unwrap();
            sending
        };
        let mut held = vec![hold(), hold()];
        // The day is open: what is told to others is that, and not that there is no room.
        let body = json!({"bank": "bri", "business_date": today().to_string(), "files": []});
        let full = ewarong_tests::process::wait_until(CUT, || {
            let is_full = slow.api.post("/v1/reconciliations", &body).status == 429;
            if !is_full {
                // It was there before one of those that are held, which was sent away for it.
                held.push(hold());
            }
            is_full
        });
        assert!(full, "a third of the same client is one too many");
        for till in ["JKT-1", "JKT-2"] {
            let answer = world.till(till).api.post("/v1/reconciliations", &body);
            assert_eq!(answer.problem(409), "day_not_closed", "{till}");
        }
        let answer = world.bank("bri").api.post("/v1/reconciliations", &body);
        assert_eq!(answer.problem(409), "day_not_closed");
        drop(held);
        let free = ewarong_tests::process::wait_until(CUT, || {
            slow.api.post("/v1/reconciliations", &body).status == 409
        });
        assert!(free, "an upload that was broken off holds nothing");
    }
}
