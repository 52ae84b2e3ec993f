//! What nobody may find: card numbers, PINs, NIKs, names and secrets, in the log or the database.

use std::fs;

use ewarong_tests::client::{ApiClient, eggs};
use ewarong_tests::demo::{Card, Credentials};
use ewarong_tests::seed::folder::unknown_number;
use ewarong_tests::{Backend, Cluster, Server, World, on_both_backends};
use serde_json::json;

use crate::till::{buy, buy_with_wrong_pin, fresh_key, goods, text, wrong_pin};

const NAME: &str = "Siti Canary Rahmawati";
const NIK: &str = "3174016908910777";
const NEW_PIN: &str = "314159";

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// The text without numbers of 13 digits and of more than 16: times and ids, which may hold the six
/// digits of a PIN by chance. Card numbers and NIKs have 16.
fn without_ids(text: &str) -> String {
    let is_id = |part: &str| {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        digits && (part.len() == 13 || part.len() > 16)
    };
    let parts = text.split_inclusive(|letter: char| !letter.is_ascii_digit());
    parts.filter(|part| !is_id(part.trim_end_matches(|l: char| !l.is_ascii_digit()))).collect()
}

/// Everything that the database keeps, its write-ahead log included.
fn stored(world: &World) -> Vec<u8> {
    match world.backend {
        Backend::Sqlite => {
            let file = world.server.database_url().strip_prefix("sqlite:").unwrap();
            ["", "-wal"]
                .iter()
                .flat_map(|part| fs::read(format!("{file}{part}")).unwrap())
                .collect()
        }
        Backend::Postgres => {
            let database = Cluster::name_of(world.server.database_url());
            let sql = |statement: &str| Cluster::shared().sql(database, statement);
            let tables = sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
            let dump = |table: &str| {
                let rows = format!("SET bytea_output = escape; SELECT t::text FROM {table} t");
                without_ids(&sql(&rows))
            };
            tables.lines().map(dump).collect::<Vec<_>>().join("\n").into_bytes()
        }
    }
}

on_both_backends! {
    /// After everything that a card goes through, with a talkative log.
    fn no_secret_is_logged_or_stored(backend) {
        let mut world = World::start(backend);
        world.server.terminate();
        let (url, keys) = (world.server.database_url().to_owned(), world.keys());
        world.server = Server::start_with(&url, &keys, &["--log", "debug"]);
        let (card, till, bank) = (world.fresh_card("bri"), world.till("JBI-1"), world.bank("bri"));
        let unknown = Card { card_number: unknown_number(77), ..card.clone() };
        let bought = [eggs("1", 2_000)];
        let answer = buy(&till, &card, &bought).expect(201);
        till.reverse(&fresh_key(), text(&answer, "id"), "salah").expect(201);
        buy(&till, &unknown, &bought).expect(402);
        buy_with_wrong_pin(&till, &card, &goods("sugar 1 kg 1")).expect(402);
        till.inquire(&card.card_number, &card.pin).expect(200);
        let number = card.card_number.parse::<u64>().unwrap();
        for body in [
            json!({"card_number": number, "pin": card.pin}),
            json!({"card_number": card.card_number, "pin": card.pin.parse::<u32>().unwrap()}),
            json!({"card_number": card.card_number, "pin": card.pin, &card.card_number: &card.pin}),
            json!({"card_number": format!("{}0", card.card_number), "pin": card.pin}),
        ] {
            let answer = till.api.post("/v1/balance-inquiries", &body);
            let told = answer.expect(422);
            assert!(!holds(answer.text().as_bytes(), &card.pin), "{told}");
        }
        till.api.get(&format!("/v1/redemptions/{}", card.card_number)).expect(404);
        // What is secret in places where it does not belong, for the security log too.
        let (secret, base) = (&till.credentials.client_secret, world.server.base_url());
        for (client_id, client_secret) in [
            (secret.as_str(), "x"),
            (&card.card_number, &card.pin),
            (&card.pin, secret),
            (&till.credentials.client_id, &card.card_number),
        ] {
            let credentials = Credentials {
                client_id: client_id.to_owned(),
                client_secret: client_secret.to_owned(),
                ..till.credentials.clone()
            };
            ApiClient::new(&base, &credentials).request_token().problem(401);
        }
        let altered = format!("Bearer {}x", till.api.token());
        let answer = till.api.send("GET", "/v1/me", &[("Authorization", &altered)], b"");
        answer.unwrap().problem(401);
        let issue = json!({
            "card_number": unknown_number(78), "nik": NIK, "name": NAME,
            "region_code": "3174010001", "expires": "2099-12-31",
        });
        let issued = bank.api.post("/v1/cards", &issue).expect(201);
        let path = format!("/v1/cards/{}", text(&issued, "id"));
        let state = json!({"state": "distributed", "reason": "diserahkan"});
        bank.api.post(&format!("{path}/state"), &state).expect(200);
        bank.api.post(&format!("{path}/pin"), &json!({"pin": NEW_PIN})).expect(200);

        let log = world.server.log();
        assert!(!log.is_empty());
        let places = [("the log", log.into_bytes()), ("the database", stored(&world))];
        let known = &places[1].1;
        assert!(
            holds(known, "diserahkan") && holds(known, "601301"),
            "the search finds what is there"
        );
        let token = till.api.token();
        let signature = token.rsplit_once('.').unwrap().1;
        let wrong = wrong_pin(&card);
        let nik = world.nik(&card);
        for (what, secret) in [
            ("a card number", card.card_number.as_str()),
            ("an unknown card number", &unknown.card_number),
            ("a new card number", &unknown_number(78)),
            ("a PIN", &card.pin),
            ("a wrong PIN", &wrong),
            ("a new PIN", NEW_PIN),
            ("a NIK", NIK),
            ("an imported NIK", &nik),
            ("a name", NAME),
            ("a client's secret", &till.credentials.client_secret),
            ("a token", signature),
        ] {
            for (place, bytes) in &places {
                assert!(!holds(bytes, secret), "{what} is in {place}");
            }
        }
        world.verify();
    }
}
