//! Real requests and answers, each held against what `openapi.json` says of its route.

use ewarong_tests::client::{ApiClient, eggs, rice};
use ewarong_tests::demo::Credentials;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::{PATIENCE, clear_of_midnight, folder::unknown_number, today};
use ewarong_tests::{Answer, Backend, Bank, Merchant, Programme, World};
use serde_json::{Value, json};

use super::schema::{offences, resolved};
use super::{described, description};
use crate::till::{fresh_key, text, wrong_pin};

/// A client that compares what it sends and gets with the description.
pub(super) struct Reader<'a> {
    description: &'a Value,
    pub(super) api: &'a ApiClient,
}

impl Reader<'_> {
    /// The operation and the answer it describes for this status.
    fn described(&self, method: &str, path: &str, status: u16) -> (&Value, &Value) {
        let operation = &self.description["paths"][path][method.to_lowercase()];
        let answers = &operation["responses"];
        let answer = answers.get(status.to_string()).unwrap_or(&answers["default"]);
        (operation, resolved(self.description, answer))
    }

    /// Fails unless the answer is one that the description has.
    pub(super) fn assert_described(&self, method: &str, path: &str, answer: &Answer) {
        let (_, described) = self.described(method, path, answer.status);
        let status = answer.status;
        let what = format!("{method} {path} {status}: {}", answer.text());
        let media = answer.header("content-type").and_then(|media| media.split(';').next());
        let media = media.unwrap_or_default();
        let schema = described["content"].get(media).map(|content| &content["schema"]);
        let schema =
            schema.unwrap_or_else(|| panic!("no answer of `{media}` is described: {what}"));
        for name in described["headers"].as_object().into_iter().flatten().map(|(name, _)| name) {
            // A first answer is not a replay.
            let there = name == "Idempotent-Replayed" || answer.header(name).is_some();
            assert!(there, "`{name}` is described and not there: {what}");
        }
        if media.ends_with("json") {
            let found = offences(self.description, schema, &answer.json());
            assert!(found.is_empty(), "{what}\n  {}", found.join("\n  "));
            let status = answer.json()["status"].as_u64();
            assert!(
                media == "application/json" || status == Some(u64::from(answer.status)),
                "{what}"
            );
        }
    }

    /// GET of a path whose `{id}` is `id`, with a query.
    pub(super) fn get(&self, path: &str, id: &str, query: &str, status: u16) -> Value {
        let answer = self.api.get(&format!("{}{query}", path.replace("{id}", id)));
        self.assert_described("GET", path, &answer);
        answer.expect(status)
    }

    /// POST under a fresh key. What is accepted has to be as the request is described.
    pub(super) fn post(&self, path: &str, id: &str, body: &Value, status: u16) -> Value {
        let answer = self.api.post_keyed(&path.replace("{id}", id), &fresh_key(), body);
        self.assert_described("POST", path, &answer);
        let (operation, _) = self.described("POST", path, answer.status);
        if answer.status < 300 || answer.status == 402 {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            assert_eq!(offences(self.description, schema, body), [""; 0], "{path}: {body}");
        }
        answer.expect(status)
    }
}

const REDEMPTIONS: &str = "/v1/redemptions";
const ONE: &str = "/v1/redemptions/{id}";
const REVERSALS: &str = "/v1/redemptions/{id}/reversals";
const INQUIRIES: &str = "/v1/balance-inquiries";
const TRANSFERS: &str = "/v1/transfers";
const SETTLEMENTS: &str = "/v1/settlements";

/// A world of its own: a day is closed in it.
pub(super) struct Scene {
    pub(super) world: World,
    description: Value,
    till: Merchant,
    pub(super) bank: Bank,
    programme: Programme,
}

impl Scene {
    pub(super) fn start() -> Self {
        clear_of_midnight();
        let world = World::start(Backend::Sqlite);
        let (till, bank) = (world.till("JBI-1"), world.bank("bri"));
        Self { till, bank, programme: world.programme(), description: description(), world }
    }

    pub(super) fn reader<'a>(&'a self, api: &'a ApiClient) -> Reader<'a> {
        Reader { description: &self.description, api }
    }
}

#[test]
fn the_server_serves_the_description_of_its_repository() {
    let scene = Scene::start();
    let nobody: [(&str, &str); 0] = [];
    let answer = scene.till.api.send("GET", "/openapi.json", &nobody, b"").unwrap();
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.expect(200), scene.description);
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/.well-known/jwks.json"] {
        let answer = scene.till.api.send("GET", path, &nobody, b"").unwrap();
        assert_eq!(answer.status, 200, "{path}");
        scene.reader(&scene.till.api).assert_described("GET", path, &answer);
    }
}

#[test]
fn tokens_and_their_refusals_are_as_described() {
    let scene = Scene::start();
    let reader = scene.reader(&scene.till.api);
    let base = scene.world.server.base_url();
    reader.assert_described("POST", "/oauth/token", &scene.till.api.request_token());
    let wrong = Credentials { client_secret: "0".repeat(64), ..scene.till.credentials.clone() };
    let answer = ApiClient::new(&base, &wrong).request_token();
    assert_eq!(answer.problem(401), "invalid_client");
    reader.assert_described("POST", "/oauth/token", &answer);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer =
        scene.till.api.send("POST", "/oauth/token", &form, b"grant_type=password").unwrap();
    assert_eq!(answer.problem(400), "unsupported_grant_type");
    reader.assert_described("POST", "/oauth/token", &answer);
    for (method, path) in described() {
        if path.starts_with("/v1/") {
            let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "k")];
            let url = path.replace("{id}", "x");
            let answer = scene.till.api.send(&method, &url, &headers, b"").unwrap();
            assert_eq!(answer.problem(401), "token_missing", "{method} {path}");
            reader.assert_described(&method, &path, &answer);
            let answer = scene.till.api.send("PUT", &url, &headers, b"").unwrap();
            assert_eq!(answer.problem(405), "method_not_allowed", "{path}");
            reader.assert_described(&method, &path, &answer);
        }
    }
}

#[test]
fn the_roles_are_as_described() {
    let scene = Scene::start();
    let auditor = scene.world.auditor();
    let clients = [
        ("merchant", &scene.till.api),
        ("bank", &scene.bank.api),
        ("auditor", &auditor.api),
        ("programme", &scene.programme.api),
    ];
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "k")];
    for (method, path) in described() {
        let operation = &scene.description["paths"][&path][method.to_lowercase()];
        let Some(roles) = operation.get("x-roles").and_then(Value::as_array) else {
            assert!(!path.starts_with("/v1/"), "{method} {path} has no roles");
            continue;
        };
        for (role, api) in clients {
            let body: &[u8] = if method == "POST" { b"{}" } else { b"" };
            let url = path.replace("{id}", "x");
            let answer = api.request(&method, &url, &headers, body).unwrap();
            let may = roles.contains(&json!(role));
            assert_eq!(answer.status != 403, may, "{role} {method} {path}: {}", answer.text());
            scene.reader(api).assert_described(&method, &path, &answer);
        }
    }
}

#[test]
fn purchases_and_what_follows_are_as_described() {
    let scene = Scene::start();
    let (world, auditor) = (&scene.world, scene.world.auditor());
    let (till, bank) = (scene.reader(&scene.till.api), scene.reader(&scene.bank.api));
    let all = scene.reader(&auditor.api);
    let card = world.fresh_card("bri");
    let buy = |number: &str, pin: &str, items: &[Value]| json!({"card_number": number, "pin": pin, "items": items});
    let goods = [rice("premium", "2.5", 12_500), eggs("10", 2_000)];
    let bought = till.post(REDEMPTIONS, "", &buy(&card.card_number, &card.pin, &goods), 201);
    let too_dear = [rice("medium", "1", 99_999)];
    let refused = till.post(REDEMPTIONS, "", &buy(&card.card_number, &card.pin, &too_dear), 402);
    let nobodys = buy(&unknown_number(7), &card.pin, &goods);
    let unknown = till.post(REDEMPTIONS, "", &nobodys, 402);
    till.post(REDEMPTIONS, "", &buy(&card.card_number, "12", &goods), 422);
    for shown in [&bought, &refused, &unknown] {
        for reader in [&till, &all] {
            reader.get(ONE, text(shown, "id"), "", 200);
        }
    }
    bank.get(ONE, "rdm_x", "", 404);

    let ask = |pin: &str| json!({"card_number": card.card_number, "pin": pin});
    till.post(INQUIRIES, "", &ask(&card.pin), 200);
    till.post(INQUIRIES, "", &ask(&wrong_pin(&card)), 402);
    till.post(INQUIRIES, "", &json!({"card_number": unknown_number(7), "pin": "271828"}), 402);
    for reader in [&bank, &all] {
        for query in ["", "?limit=1", "?terminal_id=JBI-1&merchant_id=EW-JAMBI"] {
            reader.get(INQUIRIES, "", query, 200);
        }
        reader.get(INQUIRIES, "", "?from=today", 422);
    }
    let why = json!({"reason": "brought back"});
    till.post(REVERSALS, text(&bought, "id"), &why, 201);
    till.post(REVERSALS, text(&bought, "id"), &why, 409);
    assert_eq!(till.get(ONE, text(&bought, "id"), "", 200)["status"], "reversed");

    for reader in [&till, &bank, &all] {
        reader.get("/v1/me", "", "", 200);
        for query in ["", "?limit=1", "?status=refused", "?merchant_id=EW-JAMBI"] {
            reader.get(REDEMPTIONS, "", query, 200);
        }
        for query in ["", "?limit=1", "?kind=reversal", "?min_amount=1&max_amount=99999"] {
            reader.get(TRANSFERS, "", query, 200);
        }
        reader.get(TRANSFERS, "", "?limit=0", 422);
        for path in ["/v1/accounts/{id}", "/v1/accounts/{id}/entries"] {
            reader.get(path, "payable:EW-JAMBI", "", 200);
            reader.get(path, "payable:NOBODY", "", 404);
        }
    }
    till.get("/v1/catalogue", "", "", 200);
    scene.reader(&scene.programme.api).get("/v1/me", "", "", 200);
}

#[test]
fn shops_and_terminals_are_as_described() {
    let scene = Scene::start();
    let auditor = scene.world.auditor();
    let (bank, all) = (scene.reader(&scene.bank.api), scene.reader(&auditor.api));
    let (terminal, merchant) = ("/v1/terminals/{id}/state", "/v1/merchants/{id}/state");
    let set = |state: &str| json!({"state": state, "reason": "diperiksa"});
    bank.post(terminal, "JBI-1", &set("active"), 200);
    bank.post(terminal, "JBI-1", &set("suspended"), 200);
    bank.post(terminal, "KPG-1", &set("active"), 404);
    bank.post(terminal, "JBI-1", &set("closed"), 422);
    bank.post(merchant, "EW-JAMBI", &set("inactive"), 200);
    bank.post(merchant, "EW-KUPANG", &set("active"), 404);
    for reader in [&bank, &all] {
        for query in ["", "?limit=1", "?state=suspended", "?merchant_id=EW-JAMBI&bank=bri"] {
            reader.get("/v1/terminals", "", query, 200);
        }
        reader.get("/v1/terminals", "", "?state=off", 422);
    }
}

#[test]
fn cards_are_as_described() {
    let scene = Scene::start();
    let bank = scene.reader(&scene.bank.api);
    let number = unknown_number(8);
    let new = json!({
        "card_number": number, "nik": "1571014708859901", "name": "Keluarga Contoh",
        "region_code": "1571010001", "expires": "2099-12-31",
    });
    let card = bank.post("/v1/cards", "", &new, 201);
    let mut another = new.clone();
    another["card_number"] = json!(unknown_number(7));
    bank.post("/v1/cards", "", &another, 409);
    let id = text(&card, "id");
    bank.post("/v1/card-lookups", "", &json!({"card_number": number}), 200);
    bank.post("/v1/card-lookups", "", &json!({"card_number": unknown_number(9)}), 404);
    let state = json!({"state": "distributed", "reason": "handed to the family"});
    bank.post("/v1/cards/{id}/state", id, &state, 200);
    let undo = json!({"state": "printed", "reason": "by mistake"});
    bank.post("/v1/cards/{id}/state", id, &undo, 409);
    bank.post("/v1/cards/{id}/pin", id, &json!({"pin": "271828"}), 200);
    bank.post("/v1/cards/{id}/pin", id, &json!({"pin": "123456"}), 422);
    let other = json!({"card_number": unknown_number(10), "expires": "2099-12-31"});
    bank.post("/v1/cards/{id}/replacement", id, &other, 201);
    let wallet = format!("wallet:{}", text(&card, "wallet"));
    bank.get("/v1/accounts/{id}", &wallet, "", 200);
}

#[test]
fn the_month_and_the_days_close_are_as_described() {
    let scene = Scene::start();
    let programme = scene.reader(&scene.programme.api);
    let (till, bank) = (scene.reader(&scene.till.api), scene.reader(&scene.bank.api));
    let money = json!({"bank": "bri", "amount": 100_000_000, "reference": "DOCS-1"});
    programme.post("/v1/fundings", "", &money, 201);
    let other = json!({"bank": "bri", "amount": 1, "reference": "DOCS-1"});
    programme.post("/v1/fundings", "", &other, 409);
    let run = programme.post("/v1/credit-runs", "", &json!({"period": "2018-10"}), 202);
    let done = wait_until(PATIENCE, || {
        programme.get("/v1/credit-runs/{id}", text(&run, "id"), "", 200)["status"] != "running"
    });
    assert!(done, "the run does not end");
    for reader in [&programme, &bank] {
        reader.get("/v1/trial-balance", "", "", 200);
    }
    the_programmes_second_thoughts(&scene, text(&run, "id"));

    let card = scene.world.fresh_card("bri");
    let items = [eggs("10", 2_000)];
    let buy = json!({"card_number": card.card_number, "pin": card.pin, "items": items});
    till.post(REDEMPTIONS, "", &buy, 201);
    let query = format!("?business_date={}", today());
    assert_eq!(till.get(SETTLEMENTS, "", &query, 200)["data"][0]["state"], "open");
    let day = json!({"business_date": today().to_string(), "early": true, "reason": "uji"});
    bank.post(SETTLEMENTS, "", &day, 202);
    let mut settled = Value::Null;
    let closed = wait_until(PATIENCE, || {
        settled = bank.get(SETTLEMENTS, "", &query, 200);
        !settled["data"][0].is_null()
    });
    assert!(closed, "the day does not close");
    bank.post(SETTLEMENTS, "", &json!({"business_date": "2018-01-01"}), 409);
    let id = text(&settled["data"][0], "id");
    for reader in [&till, &bank] {
        reader.get("/v1/settlements/{id}/items", id, "?limit=1", 200);
    }
}

/// What needs two clients, and what is taken back.
fn the_programmes_second_thoughts(scene: &Scene, run: &str) {
    let programme = scene.reader(&scene.programme.api);
    let second = scene.world.second_programme();
    let second = scene.reader(&second.api);
    let large = json!({"bank": "btn", "amount": 1_500_000_000, "reference": "DOCS-2"});
    programme.post("/v1/fundings", "", &large, 202);
    let funded = second.post("/v1/fundings", "", &large, 201);
    let back = json!({"amount": 1_000, "reason": "by mistake"});
    let (path, id) = ("/v1/fundings/{id}/returns", text(&funded, "id"));
    programme.post(path, id, &back, 201);
    programme.post(path, id, &json!({"amount": 1_200_000_000, "reason": "by mistake"}), 202);
    programme.post(path, id, &json!({"amount": 1_500_000_000, "reason": "by mistake"}), 409);
    programme.post("/v1/credit-runs", "", &json!({"period": "2099-01", "allow": true}), 202);
    let (path, body) = ("/v1/credit-runs/{id}/reversals", json!({"reason": "by mistake"}));
    programme.post(path, run, &body, 202);
    second.post(path, run, &body, 202);
    let done = wait_until(PATIENCE, || {
        programme.get(path, run, "", 200)["data"][0]["status"] == "completed"
    });
    assert!(done, "the reversal does not end");
    for list in ["/v1/fundings", "/v1/proposals"] {
        programme.get(list, "", "?limit=2", 200);
    }
}
