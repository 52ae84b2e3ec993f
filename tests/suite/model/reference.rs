//! The model: what the ledger has to answer, from a few maps in memory and no code of the ledger's.

use std::collections::BTreeMap;

use ledger::domain::calendar::{Date, Instant, Zone};

use super::operations::{BASKETS, FAMILIES, Operation};
use crate::folder::MONTHLY;

/// A quarter past eight in the morning in WIB.
const START: &str = "2018-09-03T01:15:00Z";
const HOUR: i64 = 60 * 60 * 1_000;
/// How far a clock may be behind what was recorded, for a start that nobody has to accept.
const MOST_BEHIND: i64 = 48 * HOUR;
/// No clock is set further back: the months that are credited would lie ahead of it.
const EARLIEST: &str = "2018-08-10T00:00:00Z";
/// Of a payment that is short so many rupiah are missing.
const MISSING: i64 = 1_000;

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

/// A bank's account as its statements show it.
#[derive(Debug, Default)]
struct Account {
    /// Rupiah that came in for the families, and that were paid out.
    funded: i64,
    paid_out: i64,
    /// Of each settlement that the bank paid something for: how much, and whether it counts as paid.
    settlements: BTreeMap<(Date, usize), (i64, bool)>,
}

/// The model.
#[derive(Debug)]
pub(super) struct Reference {
    /// What the clock shows.
    pub(super) wall: Instant,
    /// The time that goes into records.
    recorded: Instant,
    /// Whether the clock may be wrong: otherwise the database's is in charge, and a node with another one
    /// does not start.
    own_clock: bool,
    account: Account,
    cards: [Card; FAMILIES],
    purchases: Vec<Purchase>,
    open: [Date; 2],
    credited: [bool; 4],
    sales: Sales,
}

impl Reference {
    pub(super) fn new(own_clock: bool) -> Self {
        let now: Instant = START.parse().unwrap();
        Self {
            wall: now,
            recorded: now,
            own_clock,
            account: Account::default(),
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

    /// The last day that the first bank has closed, or the one before its first.
    pub(super) fn last_closed(&self) -> Date {
        self.open[0].minus_days(1)
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

    /// The answer.
    pub(super) fn answer(&mut self, operation: Operation) -> String {
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
            Operation::Statement { short, from: _, accepts } => self.state(short, accepts),
            Operation::Restart { hours } => self.restart(hours).to_owned(),
            Operation::SetClock { .. } => "nothing is decided meanwhile".to_owned(),
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

    /// The day of what is recorded now.
    pub(super) fn today(&self) -> Date {
        Date::from(self.recorded.date_in(Zone::Wib))
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
        if today < Date::from(START.parse::<Instant>().unwrap().date_in(Zone::Wib)) {
            return "not open".to_owned();
        }
        self.open[bank] = self.open[bank].max(today.next());
        format!("closed {today}")
    }

    /// The first run of a month credits all, every other nobody.
    fn credit(&mut self, month: usize) -> String {
        let first = !std::mem::replace(&mut self.credited[month], true);
        if first {
            self.account.funded += i64::try_from(FAMILIES).unwrap() * MONTHLY;
            for card in &mut self.cards {
                card.balance += MONTHLY;
            }
        }
        format!("credited {}", if first { FAMILIES } else { 0 })
    }

    /// Recorded time goes on with the clock, or waits for it; one that is far behind has to be accepted.
    fn restart(&mut self, hours: i64) -> &'static str {
        let wall = self.wall.plus_millis(hours * HOUR);
        if wall < EARLIEST.parse().unwrap() {
            return "started";
        }
        if hours < 0 && !self.own_clock {
            return "not started with that clock";
        }
        self.wall = wall;
        if self.recorded.as_millis() - wall.as_millis() > MOST_BEHIND {
            self.recorded = wall;
            return "started once the clock was accepted";
        }
        self.recorded = self.recorded.max(wall);
        "started"
    }

    /// What the first bank has to pay on its last closed day, by till, after what the shops owe it.
    fn due(&self, last: Date) -> Vec<(usize, i64)> {
        let mut due = Vec::new();
        for till in [0, 2] {
            let mut owed = 0;
            let days = self.sales.iter().filter(|((day, of), _)| *of == till && *day <= last);
            for ((day, _), [_, gross, _, reversed]) in days {
                let net = gross - reversed;
                if *day == last && net > owed {
                    due.push((till, net - owed));
                }
                owed = (owed - net).max(0);
            }
        }
        due
    }

    /// The bank pays what it has not paid, one thing at a time; then somebody decides what differs.
    fn state(&mut self, short: bool, accepts: bool) -> String {
        let day = self.last_closed();
        for (till, due) in self.due(day) {
            let (paid, is_settled) = self.account.settlements.entry((day, till)).or_default();
            let rest = due - *paid;
            let missing = if short && *paid == 0 && due > MISSING { MISSING } else { 0 };
            self.account.paid_out += rest - missing;
            *paid += rest - missing;
            *is_settled |= accepts || *paid == due;
        }
        let Account { funded, paid_out, settlements } = &self.account;
        let mut explained = 0;
        for ((day, till), (_, is_settled)) in settlements {
            let due = self.due(*day).into_iter().find(|(of, _)| of == till).unwrap().1;
            explained += if *is_settled { due } else { 0 };
        }
        format!("holding {}, suspense {}", funded - paid_out, explained - paid_out)
    }
}
