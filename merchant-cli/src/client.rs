//! The HTTP client: tokens, retries where a repeat is harmless, problems as messages.

use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use ureq::Agent;
use ureq::http::Response;

use crate::config::Identity;
use crate::failure::{Exit, Failure};
use crate::terminal::{Secret, harmless};
use crate::wire::{Page, Problem, Token};

/// Pauses before the attempts after the first.
const BACKOFF: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// The longest that a request waits because the server says so.
const PATIENCE: u64 = 5;

/// How long one attempt may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// The server, spoken to as one client.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    server: String,
    token: Secret,
}

/// Whether a request may be sent again when its outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    /// The server knows it by its key, or it changes nothing.
    Harmless,
    /// A repeat would count again: a wrong PIN.
    Counts,
}

/// The server's answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body as sent.
    pub(crate) body: String,
    /// Seconds to wait before another try, where the server says how many.
    retry_after: Option<u64>,
    /// Whether an earlier attempt ended without an answer, so that it may have been done.
    pub(crate) uncertain_before: bool,
}

/// No answer after all attempts.
#[derive(Debug)]
pub(crate) struct NoAnswer {
    server: String,
    reason: String,
}

impl From<NoAnswer> for Failure {
    fn from(no_answer: NoAnswer) -> Self {
        let NoAnswer { server, reason } = no_answer;
        Self::new(Exit::Unavailable, format!("no answer from `{server}`: {reason}"))
            .hint("check the connection and try again")
    }
}

impl Client {
    /// Gets a token for the client.
    ///
    /// # Errors
    /// Exit code 4 when the server does not know the client or its secret, 5 without an answer.
    pub(crate) fn connect(identity: &Identity) -> Result<Self, Failure> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .user_agent(concat!("merchant-cli/", env!("CARGO_PKG_VERSION")))
            .build();
        let agent = Agent::new_with_config(config);
        let server = identity.server.clone();
        let pair = format!("{}:{}", identity.client_id, identity.secret.expose());
        let basic = format!("Basic {}", STANDARD.encode(pair));
        let answer = send(&server, Repeat::Harmless, || {
            agent
                .post(format!("{server}/oauth/token"))
                .header("Authorization", &basic)
                .send_form([("grant_type", "client_credentials")])
        })?;
        if matches!(answer.status, 400 | 401) {
            let client_id = &identity.client_id;
            return Err(Failure::new(
                Exit::NotAuthorised,
                format!("the server does not accept client `{client_id}` with this secret"),
            )
            .hint(
                "run `merchant-cli login` with the secret that was shown when the client was added",
            ));
        }
        let token: Token = answer.expect(&[200])?.parsed()?;
        Ok(Self { agent, server, token: Secret::new(token.access_token) })
    }

    /// GET `path`, which begins with `/`, with its query.
    pub(crate) fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Answer, Failure> {
        let answer = send(&self.server, Repeat::Harmless, || {
            let request = self.agent.get(format!("{}{path}", self.server));
            let query = query.iter().map(|(key, value)| (*key, value.as_str()));
            request.header("Authorization", self.bearer()).query_pairs(query).call()
        })?;
        answer.expect(&[200])
    }

    /// All rows of a list, at most `limit`, page by page.
    pub(crate) fn list(
        &self,
        path: &str,
        query: &[(&str, String)],
        limit: usize,
    ) -> Result<Vec<Box<RawValue>>, Failure> {
        let mut rows: Vec<Box<RawValue>> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let wanted = limit.saturating_sub(rows.len()).min(1000);
            if wanted == 0 {
                return Ok(rows);
            }
            let mut query = query.to_vec();
            query.push(("limit", wanted.to_string()));
            query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let page: Page = self.get(path, &query)?.parsed()?;
            rows.extend(page.data.into_iter().take(wanted));
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => return Ok(rows),
            }
        }
    }

    /// POST with an idempotency key: sent again until there is an answer.
    pub(crate) fn post_once(&self, path: &str, key: &str, body: &str) -> Result<Answer, NoAnswer> {
        send(&self.server, Repeat::Harmless, || {
            self.agent
                .post(format!("{}{path}", self.server))
                .header("Authorization", self.bearer())
                .header("Idempotency-Key", key)
                .content_type("application/json")
                .send(body)
        })
    }

    /// POST that may be sent again by its nature, until there is an answer.
    pub(crate) fn post_harmless(
        &self,
        path: &str,
        body: &str,
        within: Duration,
    ) -> Result<Answer, NoAnswer> {
        send(&self.server, Repeat::Harmless, || {
            self.agent
                .post(format!("{}{path}", self.server))
                .config()
                .timeout_global(Some(within))
                .build()
                .header("Authorization", self.bearer())
                .content_type("application/json")
                .send(body)
        })
    }

    /// POST without a key: sent again only where the server says that nothing was done.
    pub(crate) fn post(&self, path: &str, body: &str) -> Result<Answer, NoAnswer> {
        send(&self.server, Repeat::Counts, || {
            self.agent
                .post(format!("{}{path}", self.server))
                .header("Authorization", self.bearer())
                .content_type("application/json")
                .send(body)
        })
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.expose())
    }
}

impl Answer {
    /// The answer, if its status is one of `wanted`.
    ///
    /// # Errors
    /// The problem that the body describes.
    pub(crate) fn expect(self, wanted: &[u16]) -> Result<Self, Failure> {
        if wanted.contains(&self.status) { Ok(self) } else { Err(self.problem()) }
    }

    /// The body as a value.
    pub(crate) fn parsed<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        parsed(&self.body)
    }

    /// The problem that the body describes, as a failure.
    pub(crate) fn problem(&self) -> Failure {
        let problem: Problem = serde_json::from_str(&self.body).unwrap_or_default();
        let texts = [&problem.pesan, &problem.detail, &problem.title];
        let said = texts.into_iter().find(|text| !text.is_empty());
        let mut lines = vec![said.map_or_else(
            || format!("the server answered with status `{}`", self.status),
            |text| harmless(text),
        )];
        for error in &problem.errors {
            lines.push(format!("`{}`: {}", harmless(&error.pointer), harmless(&error.detail)));
        }
        for (name, value) in [("code", &problem.code), ("request", &problem.request_id)] {
            if !value.is_empty() {
                lines.push(format!("{name}: `{}`", harmless(value)));
            }
        }
        let failure = Failure::new(exit_of(self.status), lines.join("\n"));
        if failure.exit() == Exit::Unavailable {
            match self.retry_after {
                Some(seconds) => failure.hint(format!("try again in {seconds} seconds")),
                None => failure.hint("try again in a moment"),
            }
        } else if problem.code == "terminal_suspended" {
            failure
                .hint("only the shop's bank can lift it: tell it what was tried at this terminal")
        } else {
            failure
        }
    }
}

/// A text from the server as a value.
pub(crate) fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::failed(format!("the server's answer is not understood: {error}"))
            .hint("is the address that of an e-warong server, and of this version?")
    })
}

const fn exit_of(status: u16) -> Exit {
    match status {
        401 | 403 => Exit::NotAuthorised,
        429 | 500.. => Exit::Unavailable,
        _ => Exit::Failed,
    }
}

/// Sends until there is a final answer or the attempts are used up.
fn send(
    server: &str,
    repeat: Repeat,
    attempt: impl Fn() -> Result<Response<ureq::Body>, ureq::Error>,
) -> Result<Answer, NoAnswer> {
    let mut uncertain_before = false;
    let mut pauses = BACKOFF.into_iter();
    loop {
        let outcome = attempt().and_then(|mut response| {
            let retry_after = response.headers().get("Retry-After");
            let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
            let status = response.status().as_u16();
            let body = response.body_mut().read_to_string()?;
            Ok(Answer { status, body, retry_after, uncertain_before })
        });
        let pause = pauses.next();
        let pause = match &outcome {
            Ok(Answer { status: 503, .. }) => pause,
            // Nothing was done, and the server says from when on it will be.
            Ok(Answer { status: 429, retry_after: Some(seconds), .. }) => pause
                .filter(|_more| *seconds <= PATIENCE)
                .map(|pause| pause.max(Duration::from_secs(*seconds))),
            Ok(Answer { status: 502 | 504, .. }) | Err(_) => {
                pause.filter(|_more| repeat == Repeat::Harmless)
            }
            Ok(_) => None,
        };
        match (outcome, pause) {
            (Ok(answer), None) => return Ok(answer),
            (Err(error), None) => {
                return Err(NoAnswer { server: server.to_owned(), reason: error.to_string() });
            }
            (outcome, Some(pause)) => {
                uncertain_before |= !matches!(outcome, Ok(Answer { status: 429 | 503, .. }));
                thread::sleep(pause);
            }
        }
    }
}
