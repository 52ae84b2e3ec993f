//! One terminal: logs in, and sends one request after the other over its connection.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ewarong_tests::demo::Credentials;
use serde::Deserialize;
use tokio::time::sleep;

use crate::connection::{Connection, Response};
use crate::request::{Heads, inquiry_tail, redemption_tail, text_member, token};
use crate::stats::Run;
use crate::workload::{Kind, Random, Workload};

/// How long a terminal waits before it sends an unanswered request again.
const PAUSE: Duration = Duration::from_millis(50);
/// How long after the end of the run it still does.
const PATIENCE: Duration = Duration::from_secs(10);

/// The answer to a request for a token.
#[derive(Debug, Deserialize)]
struct Token {
    access_token: String,
    /// In seconds.
    expires_in: u64,
}

/// The last purchase, to send it again.
#[derive(Debug, Default)]
struct Purchase {
    tail: Vec<u8>,
    amount: u64,
    /// The first answer's body; kept only when there are replays.
    answer: Vec<u8>,
}

/// A terminal with its connection and its merchant's login.
#[derive(Debug)]
pub(crate) struct Terminal {
    connection: Connection,
    host: String,
    basic: String,
    merchant: usize,
    number: u64,
    serial: u64,
    random: Random,
    workload: Rc<Workload>,
    run: Rc<Run>,
    heads: Heads,
    /// When the token was given, and for how long it is used.
    token: (Instant, Duration),
    purchase: Purchase,
    /// Buffers that are used again and again.
    tail: Vec<u8>,
    scratch: Vec<u8>,
    bytes: Vec<u8>,
}

impl Terminal {
    /// The terminal of this number of a seed, with its merchant's place in the demo and its login.
    pub(crate) fn new(
        base_url: &str,
        (merchant, login): (usize, &Credentials),
        (seed, number): (u64, u64),
        workload: Rc<Workload>,
        run: Rc<Run>,
    ) -> anyhow::Result<Self> {
        let host = base_url.strip_prefix("http://").context("only plain `http://` is spoken")?;
        let host = host.trim_end_matches('/').to_owned();
        Ok(Self {
            connection: Connection::new(&host),
            host,
            basic: STANDARD.encode(format!("{}:{}", login.client_id, login.client_secret)),
            merchant,
            number,
            serial: 0,
            random: Random::new(seed, number),
            workload,
            run,
            heads: Heads::default(),
            token: (Instant::now(), Duration::ZERO),
            purchase: Purchase::default(),
            tail: Vec::new(),
            scratch: Vec::new(),
            bytes: Vec::new(),
        })
    }

    /// Gets a token, to be renewed after three quarters of its life.
    pub(crate) async fn log_in(&mut self) -> anyhow::Result<()> {
        let response = self.connection.exchange(&token(&self.host, &self.basic)).await?;
        let body = self.connection.body(&response);
        ensure!(response.status == 200, "the login was answered with {}", response.status);
        let token = serde_json::from_slice::<Token>(body).context("not an answer to a login")?;
        let life = token.expires_in.saturating_mul(3).wrapping_div(4).clamp(1, 3_600);
        self.token = (Instant::now(), Duration::from_secs(life));
        self.heads = Heads::new(&self.host, &token.access_token);
        Ok(())
    }

    /// Sends requests until the run is over.
    pub(crate) async fn work(mut self) {
        while !self.run.is_over() {
            let mut kind = self.workload.mix.draw(&mut self.random);
            if kind == Kind::Replay && self.purchase.tail.is_empty() {
                kind = Kind::Redeem;
            }
            self.write(kind);
            let started = Instant::now();
            match self.send_until_answered(kind).await {
                Some(response) => self.record(kind, &response, started.elapsed()),
                None if kind == Kind::Redeem => {
                    self.run.stats.borrow_mut().unknown.add(self.purchase.amount);
                }
                None => {}
            }
        }
    }

    /// Writes the request's tail where its kind has it.
    fn write(&mut self, kind: Kind) {
        let card = match kind {
            Kind::Replay => return,
            Kind::Redeem | Kind::Refused | Kind::Inquiry => self.workload.card(&mut self.random),
        };
        let unit_price = Workload::unit_price(&mut self.random);
        self.serial = self.serial.saturating_add(1);
        let key = (self.workload.run_id.as_str(), self.number, self.serial);
        match kind {
            Kind::Inquiry => inquiry_tail(&mut self.tail, card),
            Kind::Refused => {
                let item = ("sugar", unit_price);
                redemption_tail(&mut self.tail, &mut self.scratch, key, card, item);
            }
            Kind::Redeem | Kind::Replay => {
                let item = ("rice", unit_price);
                redemption_tail(&mut self.purchase.tail, &mut self.scratch, key, card, item);
                self.purchase.amount = unit_price.wrapping_div(10);
            }
        }
    }

    /// Sends the request, again and again while the server is busy or the outcome unknown: that is
    /// what a terminal has to do. `None` when there is no answer long after the end.
    async fn send_until_answered(&mut self, kind: Kind) -> Option<Response> {
        let mut over_since = None;
        loop {
            let (given, life) = self.token;
            if given.elapsed() >= life {
                self.renew().await;
            }
            self.bytes.clear();
            let (head, tail) = match kind {
                Kind::Redeem | Kind::Replay => (&self.heads.redemption, &self.purchase.tail),
                Kind::Refused => (&self.heads.redemption, &self.tail),
                Kind::Inquiry => (&self.heads.inquiry, &self.tail),
            };
            self.bytes.extend_from_slice(head);
            self.bytes.extend_from_slice(tail);
            match self.connection.exchange(&self.bytes).await {
                Ok(response) if response.status == 401 => {
                    self.repeated("401");
                    self.token = (Instant::now(), Duration::ZERO);
                }
                Ok(response) if matches!(response.status, 503 | 504) => {
                    self.repeated(&response.status.to_string());
                }
                Ok(response) => return Some(response),
                Err(error) => self.repeated(&error.kind().to_string()),
            }
            sleep(PAUSE).await;
            if self.run.is_over()
                && over_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE
            {
                return None;
            }
        }
    }

    /// A renewal that fails is tried again with the next request, which the old token may still
    /// serve.
    async fn renew(&mut self) {
        if self.log_in().await.is_err() {
            self.repeated("login");
        }
    }

    fn repeated(&self, reason: &str) {
        self.run.stats.borrow_mut().repeated(reason);
    }

    fn record(&mut self, kind: Kind, response: &Response, took: Duration) {
        let body = self.connection.body(response);
        let code = (response.status >= 400).then(|| text_member(body, "code").unwrap_or("none"));
        {
            let mut stats = self.run.stats.borrow_mut();
            match kind {
                Kind::Redeem => {
                    let amount = self.purchase.amount;
                    match response.status {
                        201 => stats.acknowledge(self.merchant, amount, || text_member(body, "id")),
                        // A server that failed may have bought or not.
                        500.. => stats.unknown.add(amount),
                        _ => {}
                    }
                    if self.workload.mix.has(Kind::Replay) {
                        self.purchase.answer.clear();
                        self.purchase.answer.extend_from_slice(body);
                    }
                }
                Kind::Replay if !response.replayed || body != self.purchase.answer => {
                    stats.replays_differ = stats.replays_differ.saturating_add(1);
                }
                Kind::Replay | Kind::Refused | Kind::Inquiry => {}
            }
        }
        self.run.answered(response.status, code, took);
    }
}
