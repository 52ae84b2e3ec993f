//! Requests that can't be read: each gets a clear answer, nothing is recorded, no PIN is counted.

use ewarong_tests::client::eggs;
use ewarong_tests::demo::Card;
use ewarong_tests::{Answer, Merchant, World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{assert_members, fresh_key, text, wrong_pin};

const ITEM: &str = r#"{"commodity":"eggs","quantity":"1","unit":"piece","unit_price":2000}"#;
const RICE: &str =
    r#"{"commodity":"rice","grade":"medium","quantity":"1","unit":"kg","unit_price":9000}"#;

/// A purchase by a known card with a wrong PIN, which must not be counted.
fn purchase(card: &Card, items: &str) -> String {
    let (number, pin) = (&card.card_number, wrong_pin(card));
    format!(r#"{{"card_number":"{number}","pin":"{pin}","items":{items}}}"#)
}

fn one_item(card: &Card, item: &str) -> String {
    purchase(card, &format!("[{item}]"))
}

/// Fails unless the answer is a problem document with all that belongs in one.
fn assert_problem(answer: &Answer, status: u16, code: &str, what: &str) -> Value {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.problem(status), code, "{what}: {}", answer.text());
    let body = answer.json();
    let mut members = vec!["type", "title", "status", "code", "pesan", "request_id"];
    if body.get("errors").is_some() {
        members.push("errors");
    }
    assert_members(&body, &members);
    assert_eq!(body["type"], json!(format!("urn:ewarong:problem:{code}")), "{what}");
    assert_eq!(body["status"], json!(status), "{what}");
    for member in ["title", "pesan", "request_id"] {
        assert!(!text(&body, member).is_empty(), "{what}: {body}");
    }
    body
}

/// Fails when the shop has an attempt under this key.
fn assert_nothing_recorded(till: &Merchant, key: &str) {
    let path = format!("/v1/redemptions?idempotency_key={key}");
    let page = till.api.get(&path).expect(200);
    assert_eq!(page, json!({"data": [], "next_cursor": null}));
}

/// A field of the first item with another value, where the problem has to point.
fn fields() -> Vec<(String, &'static str)> {
    let set = |item: &str, from: &str, to: &str| {
        assert!(item.contains(from), "{from}");
        item.replace(from, to)
    };
    let mut cases = Vec::new();
    let forty = "1".repeat(40);
    let quantities = [
        "NaN",
        "1e9",
        "1E3",
        "inf",
        "",
        " 1",
        "1 ",
        "+1",
        ".5",
        "5.",
        "1,5",
        "--1",
        "0x10",
        "1_0",
        "1234567",
        "1.0123456789",
        "\u{661}",
        &forty,
    ];
    for quantity in quantities {
        let item = set(ITEM, r#""quantity":"1""#, &format!(r#""quantity":"{quantity}""#));
        cases.push((item, "/items/0/quantity"));
    }
    for quantity in ["1", "1.5", "null", "true", "[]", "{}"] {
        let item = set(ITEM, r#""quantity":"1""#, &format!(r#""quantity":{quantity}"#));
        cases.push((item, "/items/0/quantity"));
    }
    for price in ["2000.5", "2000.0", "2e3", "\"2000\"", "null", "9223372036854775808", &forty] {
        let item = set(ITEM, "2000", price);
        cases.push((item, "/items/0/unit_price"));
    }
    let long = format!(r#""unit":"{}""#, "k".repeat(33));
    for unit in [r#""unit":"""#, r#""unit":"k\u0000g""#, r#""unit":"k\ng""#, r#""unit":5"#, &long] {
        cases.push((set(ITEM, r#""unit":"piece""#, unit), "/items/0/unit"));
    }
    for commodity in [r#""commodity":"""#, r#""commodity":["eggs"]"#, r#""commodity":null"#] {
        cases.push((set(ITEM, r#""commodity":"eggs""#, commodity), "/items/0/commodity"));
    }
    cases.push((set(RICE, r#""grade":"medium","#, ""), "/items/0/grade"));
    cases.push((set(RICE, r#""grade":"medium","#, r#""grade":null,"#), "/items/0/grade"));
    cases.push((set(RICE, r#""grade":"medium","#, r#""grade":"","#), "/items/0/grade"));
    cases.push((set(ITEM, r#""quantity""#, r#""grade":"medium","quantity""#), "/items/0/grade"));
    cases
}

on_both_backends! {
    /// Invalid quantities, prices and names: 422, and the place is named.
    fn a_field_that_cannot_be_read_is_named(backend) {
        let world = World::shared(backend);
        let (card, till, key) = (world.fresh_card("bri"), world.till("JBI-1"), fresh_key());
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
        for (item, pointer) in fields() {
            let body = one_item(&card, &item);
            let answer = till.api.request("POST", "/v1/redemptions", &headers, body.as_bytes());
            let problem = assert_problem(&answer.unwrap(), 422, "request_invalid", &item);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{item}: {problem}");
            assert!(!text(&problem["errors"][0], "detail").is_empty(), "{item}");
        }
        assert_nothing_recorded(&till, &key);
        // The key is still free and no PIN was counted.
        let bought = till.redeem(&key, &card.card_number, &card.pin, &[eggs("1", 2_000)]);
        assert_eq!(bought.header("idempotent-replayed"), None);
        assert_eq!(bought.expect(201)["balance_before"], 110_000);
    }

    /// Bodies that are not requests at all.
    fn a_body_that_is_no_purchase_is_refused_and_changes_nothing(backend) {
        let world = World::shared(backend);
        let (card, till, key) = (world.fresh_card("bri"), world.till("JBI-1"), fresh_key());
        let number = &card.card_number;
        let pin = wrong_pin(&card);
        let good = one_item(&card, ITEM);
        let last = number.chars().last().unwrap();
        let luhn =
            number.strip_suffix(last).unwrap().to_owned() + if last == '5' { "6" } else { "5" };
        let twenty_one = format!("[{}]", vec![ITEM; 21].join(","));
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let swap = |from: &str, to: &str| {
            assert!(good.contains(from), "{from}");
            good.replacen(from, to, 1)
        };
        let twice = format!(r#""pin":"{pin}","pin":"{}""#, card.pin);
        let price_twice = r#""unit_price":2000,"unit_price":1"#;
        let cases: Vec<(String, u16, &str)> = vec![
            (String::new(), 400, "json_unreadable"),
            (" ".to_owned(), 400, "json_unreadable"),
            ("{".to_owned(), 400, "json_unreadable"),
            ("\u{0}".to_owned(), 400, "json_unreadable"),
            ("NaN".to_owned(), 400, "json_unreadable"),
            (good.strip_suffix('}').unwrap().to_owned(), 400, "json_unreadable"),
            (format!("{good}{good}"), 400, "json_unreadable"),
            (format!("\u{feff}{good}"), 400, "json_unreadable"),
            (swap("2000", "NaN"), 400, "json_unreadable"),
            (swap("2000", "02000"), 400, "json_unreadable"),
            (swap("2000", "+2000"), 400, "json_unreadable"),
            (good.replace('"', "'"), 400, "json_unreadable"),
            ("null".to_owned(), 422, "request_invalid"),
            ("[]".to_owned(), 422, "request_invalid"),
            ("{}".to_owned(), 422, "request_invalid"),
            ("\"rice\"".to_owned(), 422, "request_invalid"),
            (format!(r#"["{number}","{pin}",[{ITEM}]]"#), 422, "request_invalid"),
            (one_item(&card, r#"["eggs",null,"1","piece",2000]"#), 422, "request_invalid"),
            (purchase(&card, "[]"), 422, "request_invalid"),
            (purchase(&card, "{}"), 422, "request_invalid"),
            (purchase(&card, "null"), 422, "request_invalid"),
            (purchase(&card, "[null]"), 422, "request_invalid"),
            (purchase(&card, &twenty_one), 422, "request_invalid"),
            (swap("\"items\"", "\"tip\":0,\"items\""), 422, "request_invalid"),
            (swap("\"unit\"", "\"note\":\"\",\"unit\""), 422, "request_invalid"),
            (swap(&format!("\"pin\":\"{pin}\""), &twice), 422, "request_invalid"),
            (swap("\"unit_price\":2000", price_twice), 422, "request_invalid"),
            (swap("\"unit\":\"piece\",", ""), 422, "request_invalid"),
            (swap(&format!("\"pin\":\"{pin}\","), ""), 422, "request_invalid"),
            (swap(&format!("\"{pin}\""), &pin), 422, "request_invalid"),
            (swap(&pin, "12345"), 422, "request_invalid"),
            (swap(&pin, "1234567"), 422, "request_invalid"),
            (swap(&pin, "12345a"), 422, "request_invalid"),
            (swap(number, &luhn), 422, "request_invalid"),
            (swap(number, "6013"), 422, "request_invalid"),
            (swap(number, ""), 422, "request_invalid"),
            (swap(&format!("\"{number}\""), number), 422, "request_invalid"),
            (swap(ITEM, &deep), 422, "request_invalid"),
            (deep.clone(), 422, "request_invalid"),
        ];
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
        for (body, status, code) in cases {
            let answer = till.api.request("POST", "/v1/redemptions", &headers, body.as_bytes());
            let shown = body.chars().take(200).collect::<String>();
            let answer = answer.unwrap();
            assert_problem(&answer, status, code, &shown);
            let told = answer.text();
            assert!(!told.contains(number.as_str()) && !told.contains(&pin), "{shown}: {told}");
        }
        let not_text = till.api.request("POST", "/v1/redemptions", &headers, b"{\"pin\":\"\xff\"}");
        assert_problem(&not_text.unwrap(), 400, "json_unreadable", "not UTF-8");
        assert_nothing_recorded(&till, &key);
        let bought = till.redeem(&key, &card.card_number, &card.pin, &[eggs("1", 2_000)]);
        assert_eq!(bought.header("idempotent-replayed"), None);
        assert_eq!(bought.expect(201)["balance_before"], 110_000);
    }

    /// 16 KiB and not a byte more, whether the size is announced or not.
    fn a_huge_body_is_refused(backend) {
        let world = World::shared(backend);
        let (card, till, key) = (world.fresh_card("bri"), world.till("JBI-1"), fresh_key());
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
        let padded = |length: usize| {
            let body = purchase(&card, &format!("[{ITEM}]")).replace(&wrong_pin(&card), &card.pin);
            body + &" ".repeat(length)
        };
        for length in [16 * 1024, 1024 * 1024] {
            let body = padded(length);
            let answer = till.api.request("POST", "/v1/redemptions", &headers, body.as_bytes());
            assert_problem(&answer.unwrap(), 413, "payload_too_large", "a huge body");
        }
        let fits = padded(16 * 1024 - padded(0).len());
        let answer = till.api.request("POST", "/v1/redemptions", &headers, fits.as_bytes());
        answer.unwrap().expect(201);
    }

    /// JSON, plain.
    fn another_media_type_or_an_encoded_body_is_refused(backend) {
        let world = World::shared(backend);
        let (card, till, key) = (world.fresh_card("bri"), world.till("JBI-1"), fresh_key());
        let good = one_item(&card, ITEM).replace(&wrong_pin(&card), &card.pin);
        let key_header = ("Idempotency-Key", key.as_str());
        let json_type = ("Content-Type", "application/json");
        for headers in [
            vec![key_header],
            vec![key_header, ("Content-Type", "text/plain")],
            vec![key_header, ("Content-Type", "application/x-www-form-urlencoded")],
            vec![key_header, ("Content-Type", "text/json")],
            vec![key_header, ("Content-Type", "application/jsonx")],
            vec![key_header, json_type, ("Content-Encoding", "gzip")],
            vec![key_header, json_type, ("Content-Encoding", "br")],
        ] {
            let answer = till.api.request("POST", "/v1/redemptions", &headers, good.as_bytes());
            assert_problem(
                &answer.unwrap(),
                415,
                "unsupported_media_type",
                &format!("{headers:?}"),
            );
        }
        let charset = [key_header, ("Content-Type", "application/json; charset=utf-8")];
        let answer = till.api.request("POST", "/v1/redemptions", &charset, good.as_bytes());
        answer.unwrap().expect(201);
    }

    /// The same rules for the balance: nothing is counted that could not be read.
    fn a_balance_inquiry_that_cannot_be_read_counts_no_pin(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let (number, pin) = (&card.card_number, wrong_pin(&card));
        for (body, status, code) in [
            (String::new(), 400, "json_unreadable"),
            (format!(r#"{{"card_number":"{number}"}}"#), 422, "request_invalid"),
            (format!(r#"{{"card_number":"{number}","pin":{pin}}}"#), 422, "request_invalid"),
            (
                format!(r#"{{"card_number":"{number}","pin":"{pin}","x":1}}"#),
                422,
                "request_invalid",
            ),
            (format!(r#"{{"card_number":"{number}0","pin":"{pin}"}}"#), 422, "request_invalid"),
            (format!(r#"{{"card_number":"{number}","pin":"{pin} "}}"#), 422, "request_invalid"),
        ] {
            let json_type = [("Content-Type", "application/json")];
            let answer =
                till.api.request("POST", "/v1/balance-inquiries", &json_type, body.as_bytes());
            assert_problem(&answer.unwrap(), status, code, &body);
        }
        assert_eq!(world.balance(&card), 110_000);
    }

    /// The framework's own errors look like ours.
    fn unknown_paths_and_methods_are_answered_as_problems(backend) {
        let world = World::shared(backend);
        let api = world.till("JBI-1").api;
        for path in
            ["/v2/redemptions", "/v1", "/v1/", "/v1/nothing", "/oauth", "/v1/redemptions/a/b/c"]
        {
            assert_problem(&api.get(path), 404, "not_found", path);
            assert_problem(&api.post(path, &json!({})), 404, "not_found", path);
        }
        for (method, path, allow) in [
            ("DELETE", "/v1/redemptions", "GET, HEAD, POST"),
            ("PUT", "/v1/redemptions/rdm_x", "GET, HEAD"),
            ("POST", "/v1/redemptions/rdm_x", "GET, HEAD"),
            ("GET", "/v1/redemptions/rdm_x/reversals", "POST"),
            ("GET", "/v1/card-lookups", "POST"),
            ("GET", "/v1/cards", "POST"),
            ("DELETE", "/v1/fundings", "GET, HEAD, POST"),
            ("GET", "/v1/fundings/fnd_x/returns", "POST"),
            ("POST", "/v1/proposals", "GET, HEAD"),
            ("DELETE", "/v1/credit-runs", "GET, HEAD, POST"),
            ("DELETE", "/v1/settlements", "GET, HEAD, POST"),
            ("GET", "/oauth/token", "POST"),
            ("POST", "/healthz", "GET, HEAD"),
            ("POST", "/readyz", "GET, HEAD"),
            ("POST", "/.well-known/jwks.json", "GET, HEAD"),
        ] {
            let answer = api.request(method, path, &[], b"").unwrap();
            assert_problem(&answer, 405, "method_not_allowed", &format!("{method} {path}"));
            assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
        }
        for path in ["/healthz", "/readyz"] {
            assert_eq!(api.send("GET", path, &[], b"").unwrap().status, 200, "{path}");
        }
    }

    /// Other writes are read as strictly.
    fn every_body_is_read_strictly(backend) {
        let world = World::shared(backend);
        let (programme, bank) = (world.programme(), world.bank("bri"));
        for (path, body) in [
            ("/v1/fundings", json!({"bank": "bri", "amount": 0, "reference": "r"})),
            ("/v1/fundings", json!({"bank": "bri", "amount": -5, "reference": "r"})),
            ("/v1/fundings", json!({"bank": "bri", "amount": 1.5, "reference": "r"})),
            ("/v1/fundings", json!({"bank": "bri", "amount": "5", "reference": "r"})),
            ("/v1/fundings", json!({"bank": "bca", "amount": 5, "reference": "r"})),
            ("/v1/fundings", json!({"bank": "bri", "amount": 5, "reference": ""})),
            ("/v1/fundings", json!({"bank": "bri", "amount": 5, "reference": "r".repeat(65)})),
            ("/v1/fundings", json!({"bank": "bri", "amount": 5})),
            ("/v1/fundings", json!({"bank": "bri", "amount": 5, "reference": "r", "x": 1})),
            ("/v1/fundings", json!({"bank": "bri", "amount": 5, "reference": "r "})),
            ("/v1/credit-runs", json!({"period": "2018-10", "allow": "yes"})),
            ("/v1/credit-runs", json!({"period": "2099-01"})),
            ("/v1/credit-runs", json!({"period": "2018-13"})),
            ("/v1/credit-runs", json!({"period": "2018-9"})),
            ("/v1/credit-runs", json!({"period": 201_809})),
            ("/v1/credit-runs", json!({"period": "2016-12"})),
            ("/v1/credit-runs", json!({})),
        ] {
            let answer = programme.api.post(path, &body);
            assert_problem(&answer, 422, "request_invalid", &format!("{path} {body}"));
        }
        for (path, body) in [
            ("/v1/settlements", json!({"business_date": "2018-09-31"})),
            ("/v1/settlements", json!({"business_date": "today"})),
            ("/v1/settlements", json!({"business_date": "2018-09-01", "bank": "bni"})),
            ("/v1/card-lookups", json!({"card_number": "6013010000000002"})),
            ("/v1/card-lookups", json!({"number": "6013010000000002"})),
        ] {
            let answer = bank.api.post(path, &body);
            assert_problem(&answer, 422, "request_invalid", &format!("{path} {body}"));
        }
    }
}
