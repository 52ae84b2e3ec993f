//! Who may do what: tokens, roles, revocation.

mod forgery;

use ewarong_tests::client::ApiClient;
use ewarong_tests::demo::Credentials;
use ewarong_tests::process::{run_pos_api, stdout_of};
use ewarong_tests::{World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{assert_members, buy, goods, text};
use forgery::Forger;

const MERCHANT: &str = "till-JBI-1";
const BANK: &str = "bank-bri";
const AUDITOR: &str = "auditor";
const PROGRAMME: &str = "programme";
const READERS: [&str; 3] = [MERCHANT, BANK, AUDITOR];
const ALL: [&str; 4] = [MERCHANT, BANK, AUDITOR, PROGRAMME];

/// Every route with the roles that may use it; the bodies are not requests, so nothing changes.
const ROUTES: &[(&str, &str, &[&str])] = &[
    ("POST", "/v1/redemptions", &[MERCHANT]),
    ("GET", "/v1/redemptions", &READERS),
    ("GET", "/v1/redemptions?idempotency_key=k", &READERS),
    ("GET", "/v1/redemptions/rdm_x", &READERS),
    ("POST", "/v1/redemptions/rdm_x/reversals", &[MERCHANT]),
    ("POST", "/v1/balance-inquiries", &[MERCHANT]),
    ("GET", "/v1/me", &ALL),
    ("GET", "/v1/catalogue", &[MERCHANT]),
    ("POST", "/v1/card-lookups", &[BANK]),
    ("POST", "/v1/cards", &[BANK]),
    ("POST", "/v1/cards/crd_x/state", &[BANK]),
    ("POST", "/v1/cards/crd_x/pin", &[BANK]),
    ("POST", "/v1/cards/crd_x/replacement", &[BANK]),
    ("POST", "/v1/fundings", &[PROGRAMME]),
    ("POST", "/v1/credit-runs", &[PROGRAMME]),
    ("GET", "/v1/credit-runs", &[AUDITOR, PROGRAMME]),
    ("GET", "/v1/credit-runs/run_x", &[AUDITOR, PROGRAMME]),
    ("GET", "/v1/fundings", &[AUDITOR, PROGRAMME]),
    ("POST", "/v1/fundings/fnd_x/returns", &[PROGRAMME]),
    ("POST", "/v1/credit-runs/run_x/reversals", &[PROGRAMME]),
    ("GET", "/v1/credit-runs/run_x/reversals", &[AUDITOR, PROGRAMME]),
    ("GET", "/v1/proposals", &[AUDITOR, PROGRAMME]),
    ("GET", "/v1/transfers", &READERS),
    ("GET", "/v1/accounts/x", &READERS),
    ("GET", "/v1/accounts/x/entries", &READERS),
    ("GET", "/v1/trial-balance", &[BANK, AUDITOR, PROGRAMME]),
    ("POST", "/v1/settlements", &[BANK]),
    ("GET", "/v1/settlements", &READERS),
    ("GET", "/v1/settlements?business_date=2018-09-01", &READERS),
    ("GET", "/v1/settlements/stl_x/items", &READERS),
    ("GET", "/v1/net-positions?business_date=2018-09-01", &[BANK, AUDITOR, PROGRAMME]),
    (
        "GET",
        "/v1/daily-reconciliations?bank=bri&business_date=2018-09-01",
        &[BANK, AUDITOR, PROGRAMME],
    ),
    ("POST", "/v1/reconciliations", &[MERCHANT, BANK]),
    ("GET", "/v1/reconciliations", &READERS),
    ("GET", "/v1/reconciliations/rec_x", &READERS),
    ("GET", "/v1/reconciliations/rec_x/results", &READERS),
    ("POST", "/v1/reconciliations/rec_x/sign-off", &[BANK]),
    ("POST", "/v1/reconciliations/rec_x/reopenings", &[BANK]),
    ("GET", "/v1/exceptions", &READERS),
    ("GET", "/v1/exceptions/exc_x", &READERS),
    ("POST", "/v1/exceptions/resolutions", &[MERCHANT, BANK]),
    ("POST", "/v1/exceptions/exc_x/resolutions", &[MERCHANT, BANK]),
    ("POST", "/v1/exceptions/exc_x/notes", &[MERCHANT, BANK]),
];

/// A request to a route with a body that is not a request.
fn knock(
    api: &ApiClient,
    method: &str,
    path: &str,
    token: &[(&str, &str)],
) -> ewarong_tests::Answer {
    let mut headers = vec![("Content-Type", "application/json"), ("Idempotency-Key", "knock")];
    headers.extend_from_slice(token);
    let body: &[u8] = if method == "POST" { b"{}" } else { b"" };
    api.send(method, path, &headers, body).unwrap()
}

fn bearer(api: &ApiClient) -> String {
    format!("Bearer {}", api.token())
}

on_both_backends! {
    /// As CONTRACT's table says.
    fn every_route_serves_its_roles_and_no_others(backend) {
        let world = World::shared(backend);
        let mut wrong = Vec::new();
        for role in ALL {
            let api = ApiClient::new(&world.server.base_url(), world.credentials(role));
            let token = bearer(&api);
            for (method, path, roles) in ROUTES.iter().copied() {
                let answer = knock(&api, method, path, &[("Authorization", &token)]);
                let served = roles.contains(&role);
                let fits = if served {
                    !matches!(answer.status, 401 | 403 | 405 | 500..)
                } else {
                    answer.status == 403 && answer.problem(403) == "role_not_allowed"
                };
                if !fits {
                    wrong.push(format!("{role} {method} {path}: {}", answer.status));
                }
            }
        }
        assert!(wrong.is_empty(), "not as declared:\n  {}", wrong.join("\n  "));
    }

    /// No route is open by mistake, and a bad body is not looked at before.
    fn every_route_needs_a_token(backend) {
        let world = World::shared(backend);
        let api = world.till("JBI-1").api;
        for (method, path, _) in ROUTES.iter().copied() {
            let answer = knock(&api, method, path, &[]);
            assert_eq!(answer.problem(401), "token_missing", "{method} {path}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{method} {path}");
            let answer = knock(&api, method, path, &[("Authorization", "Bearer x")]);
            assert_eq!(answer.problem(401), "token_invalid", "{method} {path}");
        }
    }

    /// Forged, broken, expired, meant for others.
    fn no_token_but_our_own_is_taken(backend) {
        let world = World::shared(backend);
        let api = world.till("JBI-1").api;
        let forger = Forger::new(&api, &world.keys(), MERCHANT);
        let good = forger.good();
        let with = |header: &str| {
            let headers = [("Authorization", header)];
            api.send("GET", "/v1/me", &headers, b"").unwrap()
        };
        // What the forger makes with the server's own key is taken: a forgery fails for its fault.
        assert_eq!(with(&format!("Bearer {good}")).status, 200);
        assert_eq!(with(&format!("bearer {good}")).status, 200);
        let forgeries = forger.forgeries();
        assert!(forgeries.len() >= 25, "{}", forgeries.len());
        for (what, header) in &forgeries {
            let answer = with(header);
            assert_eq!(answer.problem(401), "token_invalid", "{what}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
        }
        assert_eq!(with(&format!("Bearer {good}")).status, 200);
    }

    /// From the next request on, also with a token that was used before.
    fn a_revoked_client_is_out_at_once(backend) {
        let world = World::start(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("JBI-1"));
        let bought = goods("eggs 1 piece 2000");
        let key = "before";
        let first = till.redeem(key, &card.card_number, &card.pin, &bought);
        let id = text(&first.expect(201), "id").to_owned();
        till.inquire(&card.card_number, &card.pin).expect(200);
        let url = world.server.database_url();
        let revoke = ["client", "revoke", MERCHANT, "--database-url", url];
        stdout_of(&run_pos_api(world.dir(), revoke));

        assert_eq!(buy(&till, &card, &bought).problem(401), "token_invalid");
        let replay = till.redeem(key, &card.card_number, &card.pin, &bought);
        assert_eq!(replay.problem(401), "token_invalid");
        assert_eq!(till.inquire(&card.card_number, &card.pin).problem(401), "token_invalid");
        assert_eq!(till.redemption(&id).problem(401), "token_invalid");
        assert_eq!(till.reverse("r", &id, "salah").problem(401), "token_invalid");
        for path in
            ["/v1/me", "/v1/catalogue", "/v1/redemptions", "/v1/transfers", "/v1/settlements"]
        {
            assert_eq!(till.api.get(path).problem(401), "token_invalid", "{path}");
        }
        assert_eq!(till.api.request_token().problem(401), "invalid_client");

        let other = world.till("JKT-1");
        let body = buy(&other, &card, &bought).expect(201);
        assert_eq!(body["balance_before"], 108_000, "the revoked client bought nothing");
        let list = ["client", "list", "--database-url", url];
        let listed = stdout_of(&run_pos_api(world.dir(), list));
        let states =
            listed.lines().map(|line| (line.starts_with(MERCHANT), line.contains("revoked")));
        assert!(states.clone().all(|(is_it, revoked)| is_it == revoked), "{listed}");
        assert_eq!(states.count(), 14);
        world.verify();
    }

    /// Revocation reaches banks and the programme too.
    fn a_revoked_bank_or_programme_writes_nothing(backend) {
        let world = World::start(backend);
        let (bank, programme) = (world.bank("bri"), world.programme());
        let card = world.fresh_card("bri");
        let number = json!({"card_number": card.card_number});
        let found = bank.api.post("/v1/card-lookups", &number).expect(200);
        programme.fund("f", "bri", 1, "BEFORE").expect(201);
        for client in [BANK, PROGRAMME] {
            let revoke =
                ["client", "revoke", client, "--database-url", world.server.database_url()];
            stdout_of(&run_pos_api(world.dir(), revoke));
        }
        let state = format!("/v1/cards/{}/state", text(&found, "id"));
        let blocked = json!({"state": "blocked_bank", "reason": "laporan"});
        assert_eq!(bank.api.post(&state, &blocked).problem(401), "token_invalid");
        assert_eq!(bank.api.post("/v1/card-lookups", &number).problem(401), "token_invalid");
        let close = json!({"business_date": "2018-09-01"});
        assert_eq!(bank.api.post("/v1/settlements", &close).problem(401), "token_invalid");
        assert_eq!(programme.fund("f", "bri", 1, "AFTER").problem(401), "token_invalid");
        let run = json!({"period": "2018-10"});
        assert_eq!(programme.api.post("/v1/credit-runs", &run).problem(401), "token_invalid");
        assert_eq!(world.balance(&card), 110_000);
        world.verify();
    }

    /// RFC 6749, client credentials by HTTP Basic.
    fn a_token_is_given_for_the_right_secret_only(backend) {
        let world = World::shared(backend);
        let base_url = world.server.base_url();
        let known = world.credentials(MERCHANT);
        let api = ApiClient::new(&base_url, known);
        let answer = api.request_token();
        let body = answer.expect(200);
        assert_members(&body, &["access_token", "token_type", "expires_in"]);
        assert_eq!((text(&body, "token_type"), &body["expires_in"]), ("Bearer", &json!(600)));
        assert_eq!(answer.header("cache-control"), Some("no-store"));

        let with = |client_id: &str, client_secret: &str| {
            let (client_id, client_secret) = (client_id.to_owned(), client_secret.to_owned());
            let wrong = Credentials { client_id, client_secret, ..known.clone() };
            ApiClient::new(&base_url, &wrong).request_token()
        };
        let (id, secret) = (known.client_id.as_str(), known.client_secret.as_str());
        let others = &world.credentials(BANK).client_secret;
        let upper = secret.to_uppercase();
        for (client_id, client_secret) in
            [(id, ""), (id, "0"), (id, others), (id, &upper), ("nobody", secret), ("", secret)]
        {
            let answer = with(client_id, client_secret);
            assert_eq!(answer.problem(401), "invalid_client", "{client_id}");
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.starts_with("Basic "), "{challenge}");
        }
    }

    /// The grant is client credentials, and the secret comes by Basic.
    fn other_grants_and_other_ways_to_log_in_are_refused(backend) {
        let world = World::shared(backend);
        let api = world.till("JBI-1").api;
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        let basic = ("Authorization", "Basic bm9ib2R5Ondyb25n");
        for (body, code) in [
            ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
            ("grant_type=refresh_token", "unsupported_grant_type"),
            ("grant_type=", "unsupported_grant_type"),
            ("", "invalid_request"),
            ("scope=all", "invalid_request"),
        ] {
            let answer = api.send("POST", "/oauth/token", &[basic, form], body.as_bytes()).unwrap();
            assert_eq!(answer.problem(400), code, "{body}");
            assert_eq!(answer.json()["error"], code, "RFC 6749 calls it so");
        }
        let json_body = br#"{"grant_type":"client_credentials"}"#;
        let headers = [basic, ("Content-Type", "application/json")];
        let answer = api.send("POST", "/oauth/token", &headers, json_body).unwrap();
        assert_eq!(answer.problem(415), "unsupported_media_type");
        let grant = b"grant_type=client_credentials";
        for headers in [
            vec![form],
            vec![form, ("Authorization", "Basic")],
            vec![form, ("Authorization", "Basic !!!")],
            vec![form, ("Authorization", "Basic bm9ib2R5")],
            vec![form, ("Authorization", "Bearer bm9ib2R5Ondyb25n")],
        ] {
            let answer = api.send("POST", "/oauth/token", &headers, grant).unwrap();
            assert_eq!(answer.problem(401), "invalid_client", "{headers:?}");
            assert_eq!(answer.json()["error"], "invalid_client");
        }
    }

    /// RFC 7517 and 8037; outsiders check our tokens with it.
    fn the_published_key_is_the_one_that_signs(backend) {
        let world = World::shared(backend);
        let api = world.till("JBI-1").api;
        let set = api.send("GET", "/.well-known/jwks.json", &[], b"").unwrap().expect(200);
        assert_members(&set, &["keys"]);
        let keys = set["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 1);
        assert_members(&keys[0], &["kty", "crv", "alg", "use", "kid", "x"]);
        for (member, value) in
            [("kty", "OKP"), ("crv", "Ed25519"), ("alg", "EdDSA"), ("use", "sig")]
        {
            assert_eq!(text(&keys[0], member), value);
        }
        let token = api.token();
        forgery::verify(&token, text(&keys[0], "x"));
        let (header, claims) = forgery::opened(&token);
        assert_eq!(header, json!({"typ": "at+jwt", "alg": "EdDSA", "kid": keys[0]["kid"]}));
        let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!((text(&claims, "sub"), text(&claims, "role")), (MERCHANT, "merchant"));
        assert_eq!(lifetime, 600);
    }

    /// Another role's token does not help either, whatever it claims.
    fn a_role_that_a_token_only_claims_is_worth_nothing(backend) {
        let world = World::shared(backend);
        let api = world.till("JBI-1").api;
        let forger = Forger::new(&api, &world.keys(), MERCHANT);
        let claims = forger.claims_with("role", json!("programme"));
        let token = format!("Bearer {}", forger.sign(&forger.header(), &claims));
        let answer = knock(&api, "POST", "/v1/fundings", &[("Authorization", &token)]);
        assert!(matches!(answer.status, 401 | 403), "{}", answer.text());
    }

    /// Who am I, for each role.
    fn every_client_is_told_who_it_is(backend) {
        let world = World::shared(backend);
        for (client_id, role) in
            [(MERCHANT, "merchant"), (BANK, "bank"), (AUDITOR, "auditor"), (PROGRAMME, "programme")]
        {
            let api = ApiClient::new(&world.server.base_url(), world.credentials(client_id));
            let body: Value = api.get("/v1/me").expect(200);
            assert_eq!(
                (text(&body, "client_id"), text(&body, "role")),
                (client_id, role),
                "{body}"
            );
        }
        let me = world.till("AMB-1").api.get("/v1/me").expect(200);
        assert_eq!((text(&me, "merchant_id"), text(&me, "terminal_id")), ("EW-AMBON", "AMB-1"));
    }
}
