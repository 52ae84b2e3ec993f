//! A small HTTP client with one type for each role.
//!
//! Bodies go out and come back as bytes: a test may send what is not JSON, and compares replays
//! byte for byte. A token is fetched at the first request and kept.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ureq::http::{HeaderMap, Request};

use crate::demo::Credentials;

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}\n{}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header field's value, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The JSON body of an answer that has this status.
    ///
    /// # Panics
    /// When the status is another; the message holds the body.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "the server answered: {}", self.text());
        self.json()
    }

    /// The problem's `code` of an answer that has this status and is a problem document.
    ///
    /// # Panics
    /// When it is something else.
    pub fn problem(&self, status: u16) -> String {
        let body = self.expect(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{body}");
        let code = body.get("code").and_then(Value::as_str);
        code.unwrap_or_else(|| panic!("no `code` in {body}")).to_owned()
    }
}

/// One API client of the server, whatever its role.
#[derive(Debug)]
pub struct ApiClient {
    agent: ureq::Agent,
    base_url: String,
    basic: String,
    token: Mutex<Option<String>>,
}

impl ApiClient {
    /// A client that will log in with these credentials.
    pub fn new(base_url: &str, credentials: &Credentials) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        let pair = format!("{}:{}", credentials.client_id, credentials.client_secret);
        Self {
            agent: config.new_agent(),
            base_url: base_url.trim_end_matches('/').to_owned(),
            basic: format!("Basic {}", STANDARD.encode(pair)),
            token: Mutex::new(None),
        }
    }

    /// Asks for a token; the answer as it comes.
    pub fn request_token(&self) -> Answer {
        let headers = [
            ("Authorization", self.basic.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        self.send("POST", "/oauth/token", &headers, b"grant_type=client_credentials")
            .expect("the server is there")
    }

    /// The token in use; fetched when there is none yet.
    ///
    /// # Panics
    /// When the server gives none.
    pub fn token(&self) -> String {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let fetch = || {
            let body = self.request_token().expect(200);
            let fetched = body.get("access_token").and_then(Value::as_str);
            fetched.unwrap_or_else(|| panic!("no `access_token` in {body}")).to_owned()
        };
        token.get_or_insert_with(fetch).clone()
    }

    /// Uses this token from now on; a fault test's forged one, for example.
    pub fn set_token(&self, token: &str) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.to_owned());
    }

    /// GET with the token. The path begins with `/` and may hold a query.
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], b"").expect("the server is there")
    }

    /// POST of JSON with the token.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path, &[JSON], body.to_string().as_bytes())
            .expect("the server is there")
    }

    /// POST of JSON with the token under an idempotency key.
    pub fn post_keyed(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.try_post_keyed(path, key, body).expect("the server is there")
    }

    /// The same where the server may be gone, as in a fault test.
    ///
    /// # Errors
    /// When no answer came: the outcome is unknown.
    pub fn try_post_keyed(&self, path: &str, key: &str, body: &Value) -> Outcome {
        let headers = [JSON, ("Idempotency-Key", key)];
        self.request("POST", path, &headers, body.to_string().as_bytes())
    }

    /// Any request with the token and these further header fields.
    ///
    /// # Errors
    /// When no answer came.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Outcome {
        let bearer = format!("Bearer {}", self.token());
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        self.send(method, path, &all, body)
    }

    /// Any request with exactly these header fields, without a token.
    ///
    /// # Errors
    /// When no answer came.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Outcome {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        for &(name, value) in headers {
            request = request.header(name, value);
        }
        let answer = if body.is_empty() && method != "POST" {
            self.agent.run(request.body(()).map_err(ureq::Error::Http)?)
        } else {
            self.agent.run(request.body(body).map_err(ureq::Error::Http)?)
        };
        let (head, mut body) = answer?.into_parts();
        let body = body.with_config().limit(u64::MAX).read_to_vec()?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }
}

/// An answer, or the error of the connection that gave none.
pub type Outcome = Result<Answer, ureq::Error>;

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Makes a role's type: an [`ApiClient`] under a name of its own.
macro_rules! role {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name {
            /// The requests that every role can make.
            pub api: ApiClient,
            /// What it logs in with and is bound to.
            pub credentials: Credentials,
        }

        impl $name {
            /// A client of this role at this server.
            pub fn new(base_url: &str, credentials: &Credentials) -> Self {
                let api = ApiClient::new(base_url, credentials);
                Self { api, credentials: credentials.clone() }
            }
        }
    };
}

role! {
    /// An e-warong's terminal.
    Merchant
}
role! {
    /// A distributor bank's job.
    Bank
}
role! {
    /// An auditor.
    Auditor
}
role! {
    /// The programme's office.
    Programme
}

impl Merchant {
    /// `POST /v1/redemptions`; `items` as the wire has them, see [`rice`] and [`eggs`].
    pub fn redeem(&self, key: &str, card_number: &str, pin: &str, items: &[Value]) -> Answer {
        self.try_redeem(key, card_number, pin, items).expect("the server is there")
    }

    /// The same where the server may be gone.
    ///
    /// # Errors
    /// When no answer came: the outcome is unknown.
    pub fn try_redeem(&self, key: &str, card_number: &str, pin: &str, items: &[Value]) -> Outcome {
        let body = json!({"card_number": card_number, "pin": pin, "items": items});
        self.api.try_post_keyed("/v1/redemptions", key, &body)
    }

    /// `GET /v1/redemptions/{id}`.
    pub fn redemption(&self, id: &str) -> Answer {
        self.api.get(&format!("/v1/redemptions/{id}"))
    }

    /// `POST /v1/redemptions/{id}/reversals`.
    pub fn reverse(&self, key: &str, id: &str, reason: &str) -> Answer {
        let path = format!("/v1/redemptions/{id}/reversals");
        self.api.post_keyed(&path, key, &json!({"reason": reason}))
    }

    /// `POST /v1/balance-inquiries`.
    pub fn inquire(&self, card_number: &str, pin: &str) -> Answer {
        let body = json!({"card_number": card_number, "pin": pin});
        self.api.post("/v1/balance-inquiries", &body)
    }
}

impl Bank {
    /// `POST /v1/settlements` before the day's cut-off; after it, it is a close like any other.
    pub fn close_early(&self, business_date: &str) -> Answer {
        let body = json!({"business_date": business_date, "early": true, "reason": "uji"});
        self.api.post("/v1/settlements", &body)
    }
}

impl Programme {
    /// `POST /v1/fundings`: rupiah received at a bank.
    pub fn fund(&self, key: &str, bank: &str, amount: i64, reference: &str) -> Answer {
        let body = json!({"bank": bank, "amount": amount, "reference": reference});
        self.api.post_keyed("/v1/fundings", key, &body)
    }

    /// `POST /v1/fundings/{id}/returns`: rupiah of a funding that go back.
    pub fn send_back(&self, key: &str, funding: &str, amount: i64, reason: &str) -> Answer {
        let body = json!({"amount": amount, "reason": reason});
        self.api.post_keyed(&format!("/v1/fundings/{funding}/returns"), key, &body)
    }

    /// `POST /v1/credit-runs/{id}/reversals`.
    pub fn reverse_run(&self, run: &str, reason: &str) -> Answer {
        self.api.post(&format!("/v1/credit-runs/{run}/reversals"), &json!({"reason": reason}))
    }

    /// `GET /v1/trial-balance`.
    pub fn trial_balance(&self) -> Answer {
        self.api.get("/v1/trial-balance")
    }
}

/// A line of rice: grade, kilograms as a decimal string, rupiah per kilogram.
pub fn rice(grade: &str, quantity: &str, unit_price: i64) -> Value {
    json!({
        "commodity": "rice", "grade": grade,
        "quantity": quantity, "unit": "kg", "unit_price": unit_price,
    })
}

/// A line of eggs by the piece: how many as a decimal string, rupiah each.
pub fn eggs(quantity: &str, unit_price: i64) -> Value {
    json!({"commodity": "eggs", "quantity": quantity, "unit": "piece", "unit_price": unit_price})
}
