//! Clerks who keep buying whatever happens to the server, and remember every answer: an auditor who
//! knows what must be there afterwards.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ewarong_tests::client::{eggs, rice};
use ewarong_tests::demo::Card;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::{PATIENCE, folder::unknown_number};
use ewarong_tests::{Answer, Merchant};
use serde_json::{Value, json};

use super::town::Town;
use crate::chance::Chance;
use crate::folder::MONTHLY;
use crate::till::{fresh_key, wrong_pin};

/// A purchase that was asked for.
#[derive(Debug)]
pub(super) struct Asked {
    key: String,
    card_number: String,
    pin: String,
    items: Vec<Value>,
    /// What it comes to when it is approved.
    worth: i64,
    /// How it may end.
    may_be: &'static [&'static str],
    /// Status and bytes, once they came.
    pub(super) told: Option<(u16, Vec<u8>)>,
    /// Whether it may have been decided though no decision came.
    unsure: bool,
}

/// What came of a request.
enum Heard {
    Decided(Answer),
    /// 503: nothing was done.
    NotDone,
    /// 504, or no answer.
    Unknown,
}

/// What the clerks of a round watch and report.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// They go home.
    pub(super) over: AtomicBool,
    /// Decisions that were received.
    pub(super) answered: AtomicUsize,
    /// Requests that got none.
    pub(super) unanswered: AtomicUsize,
}

/// A clerk at a till.
#[derive(Debug)]
pub(super) struct Clerk {
    till: Merchant,
    chance: Chance,
    pub(super) asked: Vec<Asked>,
}

impl Clerk {
    /// A clerk who has asked for nothing yet.
    pub(super) fn new(till: Merchant, chance: Chance) -> Self {
        Self { till, chance, asked: Vec::new() }
    }

    /// Buys until the round is over. `guessed` is the card on which PINs are guessed.
    pub(super) fn work(&mut self, cards: &[Card], guessed: &Card, round: &Round) {
        while !round.over.load(Ordering::Acquire) {
            if self.chance.one_in(6) && self.repeat() {
                continue;
            }
            let mut asked = self.new_request(cards, guessed);
            let answered = self.send(&mut asked);
            self.asked.push(asked);
            let counter = if answered { &round.answered } else { &round.unanswered };
            counter.fetch_add(1, Ordering::AcqRel);
            if !answered {
                // As a till does it: not again at once.
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Sends an earlier request again; `false` when there is none that was answered.
    fn repeat(&mut self) -> bool {
        if self.asked.is_empty() {
            return false;
        }
        let asked = &self.asked[self.chance.below(self.asked.len())];
        let Some((status, body)) = &asked.told else { return false };
        if let Some(answer) = self.decided(asked) {
            assert_same(&answer, *status, body);
        }
        true
    }

    fn new_request(&mut self, cards: &[Card], guessed: &Card) -> Asked {
        let card = self.chance.pick(cards);
        let (count, price) = (self.chance.amount(1, 6), self.chance.amount(100, 900));
        let some_eggs = eggs(&count.to_string(), price);
        let mut asked = Asked {
            key: fresh_key(),
            card_number: card.card_number.clone(),
            pin: card.pin.clone(),
            items: vec![some_eggs],
            worth: count * price,
            may_be: &["approved", "balance_insufficient"],
            told: None,
            unsure: false,
        };
        match self.chance.below(16) {
            0 => {
                asked.items.push(json!({
                    "commodity": "sugar", "quantity": "1", "unit": "kg", "unit_price": 1,
                }));
                asked.may_be = &["commodity_not_allowed"];
            }
            1 => {
                asked.items.push(rice("medium", "1", 9_451));
                asked.may_be = &["price_above_ceiling"];
            }
            2 => {
                asked.items = vec![eggs("100", 2_000)];
                asked.may_be = &["balance_insufficient"];
            }
            3 => {
                asked.card_number = unknown_number(self.chance.below(1_000));
                asked.may_be = &["pin_wrong"];
            }
            4 => {
                asked.card_number.clone_from(&guessed.card_number);
                asked.pin = wrong_pin(guessed);
                asked.may_be = &["pin_wrong", "card_pin_blocked"];
            }
            5 => {
                asked.items.push(rice("premium", "0.25", 12_000));
                asked.worth += 3_000;
            }
            _ => {}
        }
        asked
    }

    /// Sends a request and remembers the decision; `false` when none came.
    fn send(&self, asked: &mut Asked) -> bool {
        let answer = match self.heard(asked) {
            Heard::Decided(answer) => answer,
            Heard::NotDone => return false,
            Heard::Unknown => {
                asked.unsure = true;
                return false;
            }
        };
        let outcome = crate::till::outcome(&answer);
        assert!(asked.may_be.contains(&outcome.as_str()), "{outcome}: {asked:?}");
        if answer.status == 201 {
            assert_eq!(answer.json()["amount"], asked.worth, "{asked:?}");
        }
        asked.told = Some((answer.status, answer.body));
        true
    }

    /// The decision, if one came: a connection may break, and a server may not know.
    fn decided(&self, asked: &Asked) -> Option<Answer> {
        match self.heard(asked) {
            Heard::Decided(answer) => Some(answer),
            Heard::NotDone | Heard::Unknown => None,
        }
    }

    fn heard(&self, asked: &Asked) -> Heard {
        let sent = self.till.try_redeem(&asked.key, &asked.card_number, &asked.pin, &asked.items);
        let Ok(answer) = sent else { return Heard::Unknown };
        match answer.status {
            201 | 402 => Heard::Decided(answer),
            503 => Heard::NotDone,
            504 => Heard::Unknown,
            status => panic!("no answer for a till: {status} {}", answer.text()),
        }
    }

    /// Of what was answered with 503 and nothing else, nothing is there.
    fn check_not_done(&self) {
        for asked in self.asked.iter().filter(|asked| asked.told.is_none() && !asked.unsure) {
            let path = format!("/v1/redemptions?idempotency_key={}", asked.key);
            let found = self.till.api.get(&path).expect(200);
            assert_eq!(found["data"], json!([]), "503 and done: {asked:?}");
        }
    }

    /// Sends every request whose answer was lost again, with its key, until it is decided.
    fn settle(&mut self) {
        self.check_not_done();
        let mut asked = std::mem::take(&mut self.asked);
        for lost in asked.iter_mut().filter(|asked| asked.told.is_none()) {
            assert!(wait_until(PATIENCE, || self.send(lost)), "never decided: {lost:?}");
        }
        self.asked = asked;
    }

    /// Sends everything again: every answer is there, and is the same.
    fn check_answers(&self) {
        for asked in &self.asked {
            let (status, body) = asked.told.as_ref().unwrap();
            let again = self.decided(asked).unwrap();
            assert_same(&again, *status, body);
            assert_eq!(again.header("idempotent-replayed"), Some("true"), "{asked:?}");
        }
    }
}

fn assert_same(answer: &Answer, status: u16, body: &[u8]) {
    let first = String::from_utf8_lossy(body);
    assert_eq!((answer.status, answer.text()), (status, first.into_owned()));
}

/// Has every clerk do something at the same time.
pub(super) fn all_at_once(clerks: &mut [Clerk], act: impl Fn(&mut Clerk) + Sync) {
    thread::scope(|scope| {
        for clerk in clerks {
            scope.spawn(|| act(clerk));
        }
    });
}

/// Requests whose answers were lost are sent again until all are decided.
pub(super) fn settle(clerks: &mut [Clerk]) {
    all_at_once(clerks, Clerk::settle);
}

/// Every answer that anybody got is there, byte for byte, and every card holds what is left of one
/// month's credit by these answers.
pub(super) fn audit(clerks: &mut [Clerk], cards: &[Card]) {
    all_at_once(clerks, |clerk| clerk.check_answers());
    let mut spent: HashMap<&str, i64> = HashMap::new();
    for asked in clerks.iter().flat_map(|clerk| &clerk.asked) {
        if matches!(asked.told, Some((201, _))) {
            *spent.entry(&asked.card_number).or_default() += asked.worth;
        }
    }
    for card in cards {
        let left = MONTHLY - spent.get(card.card_number.as_str()).copied().unwrap_or(0);
        assert_eq!(Town::balance(&clerks[0].till, card), left, "{}", card.card_number);
    }
}

/// How many PINs were compared on a card on which only wrong ones were tried.
pub(super) fn guesses(clerks: &[Clerk], card: &Card) -> usize {
    let on_it = |asked: &&Asked| asked.card_number == card.card_number;
    let wrong = clerks.iter().flat_map(|clerk| &clerk.asked).filter(on_it).filter(|asked| {
        let (_, body) = asked.told.as_ref().unwrap();
        serde_json::from_slice::<Value>(body).unwrap()["code"] == "pin_wrong"
    });
    wrong.count()
}
