//! One terminal: one request after the other over its connection, each sent again until it is
//! answered.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ewarong_tests::demo::Credentials;
use rand::rngs::SmallRng;
use rustix::event::epoll::{self, EventData, EventFlags};
use serde::Deserialize;

use crate::cards::{Deck, Purchase};
use crate::connection::{Connection, Response};
use crate::receipts::{Receipts, Standing};
use crate::request::{Id, Key, Requests, key, token};
use crate::stats::Stats;
use crate::workload::{Kind, Mix, random};

/// How many approved purchases a terminal remembers, to take them back.
const REVERSIBLE: usize = 32;

/// What stands before an id and before a code in an answer.
const ID: &[u8] = br#""id":""#;
const CODE: &[u8] = br#""code":""#;

/// What all terminals of a run share.
#[derive(Debug)]
pub(crate) struct Town {
    /// Tells which connections have bytes to read, by the terminals' numbers.
    pub(crate) epoll: OwnedFd,
    /// Shares of the kinds of requests.
    pub(crate) mix: Mix,
    /// The cards.
    pub(crate) deck: Deck,
    /// The beginning of every idempotency key, which sets this run's apart from all others'.
    pub(crate) run: [u8; 8],
    /// What was counted.
    pub(crate) stats: Stats,
    /// What was acknowledged.
    pub(crate) receipts: Receipts,
}

/// What a terminal waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Bytes from the server.
    Answer,
    /// Time to pass: the server was busy, or the outcome is unknown.
    Rest,
    /// Something to do.
    Work,
}

/// A request under way, with enough kept to be sent again.
#[derive(Debug, Clone, Copy)]
struct Job {
    kind: Kind,
    intended: Instant,
    key: Key,
    purchase: Purchase,
    /// The receipt and id of the purchase that is taken back.
    reversed: (usize, Id),
}

/// The answer to a request for a token.
#[derive(Debug, Deserialize)]
struct Token {
    access_token: String,
    /// In seconds.
    expires_in: u64,
}

/// A terminal with its connection and its merchant's login.
#[derive(Debug)]
pub(crate) struct Terminal {
    number: u32,
    address: SocketAddr,
    host: String,
    login: Vec<u8>,
    connection: Option<Connection>,
    /// The requests under the token in use, and until when that is used.
    requests: Option<(Requests, Instant)>,
    logging_in: bool,
    random: SmallRng,
    serial: u64,
    job: Option<Job>,
    /// The last answered purchase, and the body of its first answer, kept when there are replays.
    last: Option<(Job, Vec<u8>)>,
    /// Places of receipts.
    reversible: Vec<usize>,
}

impl Terminal {
    /// The terminal of this number of a seed, at the server's address and name.
    pub(crate) fn new(
        (address, host): (SocketAddr, &str),
        credentials: &Credentials,
        (seed, number): (u64, u32),
    ) -> Self {
        let Credentials { client_id, client_secret, .. } = credentials;
        let basic = STANDARD.encode(format!("{client_id}:{client_secret}"));
        Self {
            number,
            address,
            host: host.to_owned(),
            login: token(host, &basic),
            connection: None,
            requests: None,
            logging_in: false,
            random: random(seed, u64::from(number).saturating_add(1)),
            serial: 0,
            job: None,
            last: None,
            reversible: Vec::new(),
        }
    }

    /// Logs in, before there is anything to do.
    pub(crate) fn log_in(&mut self, town: &mut Town) -> anyhow::Result<()> {
        self.logging_in = true;
        self.send(town).context("no token; hint: does the server run?")
    }

    /// Starts a request at `now` that was due at `intended`.
    pub(crate) fn begin(&mut self, town: &mut Town, intended: Instant, now: Instant) -> Progress {
        let mut kind = town.mix.draw(&mut self.random);
        if (kind == Kind::Replay && self.last.is_none())
            || (kind == Kind::Reversal && self.reversible.is_empty())
        {
            kind = Kind::Redeem;
        }
        self.serial = self.serial.saturating_add(1);
        let mut key = key(town.run, self.number, self.serial);
        let (mut purchase, mut reversed) = (Purchase::default(), (0, [0; 26]));
        match kind {
            Kind::Redeem => purchase = town.deck.buy(&mut self.random),
            Kind::Inquiry | Kind::Refused => purchase.card = town.deck.draw(&mut self.random),
            Kind::Replay => {
                if let Some((first, _)) = &self.last {
                    (key, purchase) = (first.key, first.purchase);
                }
            }
            Kind::Reversal => {
                let place = self.reversible.pop().unwrap_or(0);
                reversed = (place, town.receipts.get(place).map_or([0; 26], |of| of.id));
            }
        }
        self.job = Some(Job { kind, intended, key, purchase, reversed });
        self.go_on(town, now)
    }

    /// Sends what is under way, after a login when the token is old.
    pub(crate) fn go_on(&mut self, town: &mut Town, now: Instant) -> Progress {
        let fresh = |(_, until): &(Requests, Instant)| now < *until;
        self.logging_in = !self.requests.as_ref().is_some_and(fresh);
        match self.send(town) {
            Ok(()) => Progress::Answer,
            Err(error) => self.fail(town, &error),
        }
    }

    fn send(&mut self, town: &mut Town) -> std::io::Result<()> {
        if self.connection.is_none() {
            let connection = Connection::open(self.address)?;
            let data = EventData::new_u64(self.number.into());
            epoll::add(&town.epoll, &connection.stream, data, EventFlags::IN)?;
            self.connection = Some(connection);
        }
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let (Some((requests, _)), Some(job), false) =
            (&mut self.requests, &self.job, self.logging_in)
        else {
            return connection.send(&self.login);
        };
        let Job { kind, key, purchase, reversed: (_, id), .. } = job;
        let Some(card) = town.deck.card(purchase.card) else { return Ok(()) };
        connection.send(match kind {
            Kind::Redeem | Kind::Replay => requests.redemption(key, card, purchase),
            Kind::Refused => requests.refused(key, card, purchase),
            Kind::Inquiry => requests.inquiry(card),
            Kind::Reversal => requests.reversal(key, id),
        })
    }

    /// The connection is broken: nothing is known of what was sent.
    fn fail(&mut self, town: &mut Town, error: &std::io::Error) -> Progress {
        self.connection = None;
        town.stats.repeated(&error.kind().to_string());
        Progress::Rest
    }

    /// There are bytes to read.
    ///
    /// # Errors
    /// When the server refuses the login.
    pub(crate) fn read(&mut self, town: &mut Town, now: Instant) -> anyhow::Result<Progress> {
        // What was told of a connection that is closed by now is nothing new.
        let Some(connection) = &mut self.connection else { return Ok(Progress::Answer) };
        match connection.receive() {
            Ok(None) => Ok(Progress::Answer),
            // It was idle, and still is: the next request opens another.
            Err(_) if self.job.is_none() && !self.logging_in => {
                self.connection = None;
                Ok(Progress::Answer)
            }
            Err(error) => Ok(self.fail(town, &error)),
            Ok(Some(response)) if self.logging_in => self.logged_in(town, &response, now),
            Ok(Some(response)) => Ok(self.answered(town, &response, now)),
        }
    }

    /// Takes a token into use, to be renewed after three quarters of its life.
    fn logged_in(
        &mut self,
        town: &mut Town,
        response: &Response,
        now: Instant,
    ) -> anyhow::Result<Progress> {
        if response.status >= 500 {
            town.stats.repeated("login");
            return Ok(Progress::Rest);
        }
        ensure!(response.status == 200, "the login was answered with {}", response.status);
        let body = self.connection.as_ref().map(|connection| connection.body(response));
        let token = serde_json::from_slice::<Token>(body.unwrap_or_default());
        let token = token.context("not an answer to a login")?;
        let life = token.expires_in.saturating_mul(3).wrapping_div(4).max(1);
        let until = now.checked_add(Duration::from_secs(life)).unwrap_or(now);
        self.requests = Some((Requests::new(&self.host, &token.access_token), until));
        self.logging_in = false;
        Ok(if self.job.is_some() { self.go_on(town, now) } else { Progress::Work })
    }

    fn answered(&mut self, town: &mut Town, response: &Response, now: Instant) -> Progress {
        match response.status {
            401 => {
                self.requests = None;
                town.stats.repeated("401");
                return Progress::Rest;
            }
            503 | 504 => {
                town.stats.repeated(if response.status == 503 { "503" } else { "504" });
                return Progress::Rest;
            }
            _ => {}
        }
        let Some(job) = self.job.take() else { return Progress::Work };
        let Some(connection) = &self.connection else { return Progress::Work };
        let body = connection.body(response);
        let code = (response.status >= 400).then(|| text_of(body, CODE).unwrap_or("none"));
        town.stats.answered((response.status, code), (job.intended, now));
        match job.kind {
            Kind::Redeem => {
                let receipt = town.bought(&job, response.status, body);
                if let Some(place) = receipt.filter(|_| town.mix.has(Kind::Reversal)) {
                    if self.reversible.len() == REVERSIBLE {
                        self.reversible.swap_remove(0);
                    }
                    self.reversible.push(place);
                }
                if town.mix.has(Kind::Replay) {
                    self.last = Some((job, body.to_vec()));
                }
            }
            Kind::Replay => {
                let first = self.last.as_ref().map(|(_, body)| body.as_slice());
                if !response.replayed || first != Some(body) {
                    town.stats.replays_differ = town.stats.replays_differ.saturating_add(1);
                }
            }
            Kind::Reversal => town.took_back(&job, response.status),
            Kind::Inquiry | Kind::Refused => {}
        }
        if response.closes {
            self.connection = None;
        }
        Progress::Work
    }

    /// The run is over and nobody waits for the answer any more; says whether there was one to
    /// come.
    pub(crate) fn give_up(&mut self, town: &mut Town) -> bool {
        let Some(job) = self.job.take() else { return false };
        match job.kind {
            Kind::Redeem => town.receipts.unknown.add(job.purchase.amount),
            Kind::Reversal => town.receipts.set(job.reversed.0, Standing::Unclear),
            Kind::Inquiry | Kind::Replay | Kind::Refused => {}
        }
        true
    }
}

impl Town {
    /// Notes the outcome of a purchase, and says where its receipt is when it was approved.
    fn bought(&mut self, job: &Job, status: u16, body: &[u8]) -> Option<usize> {
        let Purchase { card, amount, .. } = job.purchase;
        match status {
            201 => {
                let id = text_of(body, ID).and_then(|id| id.strip_prefix("rdm_"));
                // An invalid id counts as missing in the end, as it should.
                let id = id.and_then(|id| id.as_bytes().try_into().ok()).unwrap_or([b'-'; 26]);
                return Some(self.receipts.add(id, card, amount));
            }
            // A server that failed may have bought or not.
            500.. => self.receipts.unknown.add(amount),
            _ if text_of(body, CODE) == Some("balance_insufficient") => {
                self.deck.is_spent(card);
            }
            _ => self.deck.give_back(card, amount),
        }
        None
    }

    /// Notes the outcome of a reversal.
    fn took_back(&mut self, job: &Job, status: u16) {
        let (place, _) = job.reversed;
        match status {
            201 => {
                if let Some(receipt) = self.receipts.get(place) {
                    self.deck.give_back(receipt.card, receipt.amount);
                }
                self.receipts.set(place, Standing::Reversed);
            }
            500.. => self.receipts.set(place, Standing::Unclear),
            _ => {}
        }
    }
}

/// The text behind the first `"name":"` in a compact JSON object, without a parser: enough for an id
/// or a code, which need no escapes.
fn text_of<'a>(body: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let start = memchr::memmem::find(body, name)?.saturating_add(name.len());
    let value = body.get(start..)?;
    let end = memchr::memchr(b'"', value)?;
    std::str::from_utf8(value.get(..end)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_members_text_is_found() {
        let body = br#"{"response_code":"12","code":"pin_wrong","id":"rdm_x"}"#;
        assert_eq!(text_of(body, CODE), Some("pin_wrong"));
        assert_eq!(text_of(body, ID), Some("rdm_x"));
        assert_eq!(text_of(br#"{"id":7}"#, ID), None);
        assert_eq!(text_of(br#"{"id":"rdm_"#, ID), None);
    }
}
