//! The model: what the ledger has to answer, from a few maps in memory and no code of the ledger's.

use std::collections::BTreeMap;

use ledger::domain::calendar::{Date, Instant, Zone};

use super::operations::{BASKETS, FAMILIES, Operation};
use crate::folder::MONTHLY;

/// Eight in the morning in WIB.
const START: &str = "2018-09-03T01:00:00Z";
const DAY: i64 = 24 * 60 * 60 * 1_000;

#[derive(Debug, Clone, Copy, Default)]
struct Card {
    balance: i64,
    tries: u8,
    blocked_by_bank: bool,
    blocked_by_pin: bool,
}

#[derive(Debug, Clone)]
struct Purchase {
    card: usize,
    till: usize,
    /// Rupiah when it was approved.
    amount: Option<i64>,
    day: Date,
    /// What was answered.
    told: String,
    /// What a reversal was answered.
    taken_back: Option<String>,
}

/// What a till sold on a day: purchases and rupiah, reversals and rupiah.
type Sales = BTreeMap<(Date, usize), [i64; 4]>;

/// The model.
#[derive(Debug)]
pub(super) struct Reference {
    /// Its clock.
    pub(super) now: Instant,
    cards: [Card; FAMILIES],
    purchases: Vec<Purchase>,
    open: [Date; 2],
    credited: [bool; 4],
    sales: Sales,
}

impl Reference {
    pub(super) fn new() -> Self {
        let now: Instant = START.parse().unwrap();
        Self {
            now,
            cards: [Card::default(); FAMILIES],
            purchases: Vec::new(),
            open: [Date::from(now.date_in(Zone::Wib)); 2],
            credited: [false; 4],
            sales: BTreeMap::new(),
        }
    }

    /// How many purchases were asked for, approved or not.
    pub(super) fn purchases(&self) -> usize {
        self.purchases.len()
    }

    /// Which of them were approved.
    pub(super) fn approved(&self) -> Vec<usize> {
        let purchases = self.purchases.iter().enumerate();
        purchases.filter(|(_, one)| one.amount.is_some()).map(|(place, _)| place).collect()
    }

    /// What the wallets hold.
    pub(super) fn balances(&self) -> Vec<i64> {
        self.cards.iter().map(|card| card.balance).collect()
    }

    /// What was sold on the days that are closed, by day and till.
    pub(super) fn settlements(&self) -> Vec<String> {
        let closed = self.sales.iter().filter(|((day, till), _)| *day < self.open[till % 2]);
        closed.map(|((day, till), sums)| format!("{day} till {till}: {sums:?}")).collect()
    }

    /// The answer, after a moment has gone by.
    pub(super) fn answer(&mut self, operation: Operation) -> String {
        self.now = self.now.plus_millis(50);
        match operation {
            Operation::Buy { card, till, basket, right_pin } => {
                self.buy(card, till, basket, right_pin)
            }
            Operation::Again { purchase } => format!("{} again", self.purchases[purchase].told),
            Operation::OtherBody { .. } => "key reused".to_owned(),
            Operation::TakeBack { purchase } => self.take_back(purchase),
            Operation::TakeBackAgain { purchase } => match &self.purchases[purchase].taken_back {
                Some(told) => format!("{told} again"),
                None => self.take_back(purchase),
            },
            Operation::Inquire { card, right_pin, .. } => match self.refusal_of(card, right_pin) {
                Some(refusal) => refusal.to_owned(),
                None => format!("holds {}", self.cards[card].balance),
            },
            Operation::Block { card } => {
                self.cards[card].blocked_by_bank = true;
                "blocked_bank".to_owned()
            }
            Operation::Unblock { card } => {
                let card = &mut self.cards[card];
                if !card.blocked_by_bank && !card.blocked_by_pin && card.tries > 0 {
                    return "conflict with active".to_owned();
                }
                *card = Card { balance: card.balance, ..Card::default() };
                "active".to_owned()
            }
            Operation::Close { bank } => self.close(bank),
            Operation::Credit { month } => self.credit(month),
            Operation::Restart { days } => {
                self.now = self.now.plus_millis(i64::try_from(days).unwrap() * DAY);
                "started".to_owned()
            }
        }
    }

    /// Why the card may not be used, if so; a wrong PIN is counted.
    fn refusal_of(&mut self, card: usize, right_pin: bool) -> Option<&'static str> {
        let card = &mut self.cards[card];
        if card.blocked_by_pin {
            return Some("card_pin_blocked");
        }
        card.tries = if right_pin { 0 } else { card.tries + 1 };
        card.blocked_by_pin = card.tries == 3;
        if !right_pin {
            return Some("pin_wrong");
        }
        card.blocked_by_bank.then_some("card_blocked")
    }

    fn today(&self) -> Date {
        Date::from(self.now.date_in(Zone::Wib))
    }

    /// The day on which a till's bank counts what happens now; the cut-off is never reached.
    fn day_of(&self, till: usize) -> Date {
        self.today().max(self.open[till % 2])
    }

    fn buy(&mut self, card: usize, till: usize, basket: usize, right_pin: bool) -> String {
        let day = self.day_of(till);
        let verdict = match self.refusal_of(card, right_pin) {
            Some(refusal) => Err(refusal),
            None => BASKETS[basket].1,
        };
        let verdict = verdict.and_then(|amount| {
            let left = self.cards[card].balance - amount;
            if left < 0 { Err("balance_insufficient") } else { Ok((amount, left)) }
        });
        let told = match verdict {
            Ok((amount, left)) => {
                self.cards[card].balance = left;
                let [count, gross, ..] = self.sales.entry((day, till)).or_default();
                (*count, *gross) = (*count + 1, *gross + amount);
                format!("approved {amount}, leaves {left}, on {day}")
            }
            Err(refusal) => format!("{refusal} on {day}"),
        };
        let amount = verdict.ok().map(|(amount, _)| amount);
        let purchase = Purchase { card, till, amount, day, told: told.clone(), taken_back: None };
        self.purchases.push(purchase);
        told
    }

    fn take_back(&mut self, purchase: usize) -> String {
        let Purchase { card, till, amount, day, ref taken_back, .. } = self.purchases[purchase];
        let Some(amount) = amount else { return "not approved".to_owned() };
        if taken_back.is_some() {
            return "already reversed".to_owned();
        }
        if day < self.open[till % 2] {
            return "day closed".to_owned();
        }
        let day = self.day_of(till);
        self.cards[card].balance += amount;
        let [.., count, reversed] = self.sales.entry((day, till)).or_default();
        (*count, *reversed) = (*count + 1, *reversed + amount);
        let told = format!("took back {amount} on {day}");
        self.purchases[purchase].taken_back = Some(told.clone());
        told
    }

    /// The bank closes today, or is told that it has.
    fn close(&mut self, bank: usize) -> String {
        let today = self.today();
        self.open[bank] = self.open[bank].max(today.next());
        format!("closed {today}")
    }

    /// The first run of a month credits all, every other nobody.
    fn credit(&mut self, month: usize) -> String {
        let first = !std::mem::replace(&mut self.credited[month], true);
        if first {
            for card in &mut self.cards {
                card.balance += MONTHLY;
            }
        }
        format!("credited {}", if first { FAMILIES } else { 0 })
    }
}
