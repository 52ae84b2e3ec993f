//! The ledger itself, in this process, asked what the model is asked: one node, or two on a database that
//! takes two.

mod clocks;

use std::path::PathBuf;
use std::sync::Arc;

use ewarong_tests::Backend;
use ewarong_tests::demo::Card;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::PATIENCE;
use ledger::domain::basket::{Basket, Line, LineClaim};
use ledger::domain::calendar::{Date, Instant, Period, Zone};
use ledger::domain::card::{CardState, Pin};
use ledger::domain::ids::{AccountId, RowId};
use ledger::domain::keys::key_hash;
use ledger::domain::money::Rupiah;
use ledger::domain::redemption::{Outcome, PointOfSale};
use ledger::domain::reference::Reference as FundingReference;
use ledger::domain::resolution::FourEyes;
use ledger::domain::settlement::DayStatus;
use ledger::service::import::read_folder;
use ledger::service::{
    Answered, CardLifeError, Client, DatabaseUrl, FundRequest, Ledger, NewScope, NotClosed,
    NotReversed, OnceKey, Options, ProgrammeLimits, Reader, RecordingLimits, RedeemRequest, Reply,
    ReverseRequest, RunRequest, Scope, SettlementQuery, Teller, VerifyOptions, add_clients,
    migrate, verify,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::clerk::{Desk, told as told_of_banks};
use super::operations::{BASKETS, FAMILIES, Operation};
use super::reference::Reference;
use clocks::SetClock;

use crate::folder::{self, BANKS, MONTHLY, TILLS};
use crate::till::{goods, wrong_pin};

/// A request as it was sent, and what it is known by.
#[derive(Debug, Clone, Copy)]
struct Sent {
    card: usize,
    till: usize,
    basket: usize,
    right_pin: bool,
    id: RowId,
    wallet: AccountId,
    /// How often it was tried to take it back under a new key, and which of these did.
    reversals: usize,
    reversed_by: Option<usize>,
}

/// The ledger and who asks it.
#[derive(Debug)]
pub(super) struct Bench {
    nodes: Vec<Option<Ledger>>,
    /// The one that is asked.
    asked: usize,
    backend: Backend,
    options: Options,
    clock: Arc<SetClock>,
    /// What the clock shows.
    wall: Instant,
    desk: Desk,
    runtime: Runtime,
    cards: Vec<Card>,
    tills: Vec<PointOfSale>,
    tellers: Vec<Teller>,
    office: i64,
    sent: Vec<Sent>,
    dir: TempDir,
}

impl Bench {
    /// A town in an empty database.
    pub(super) fn open(backend: Backend, now: Instant) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url: DatabaseUrl = backend.fresh_url(&dir).parse().unwrap();
        migrate(&url).unwrap();
        // One that is real can be wrong; on PostgreSQL the database's is in charge, or one that is set by hand.
        let clock = Arc::new(SetClock::at(now, backend == Backend::Sqlite));
        let keys: PathBuf = dir.path().join("ewarong.keys");
        let shared = Arc::<SetClock>::clone(&clock);
        // Roll-ups are made all the time.
        let options = Options {
            url,
            keys,
            clock: shared,
            // Two lanes on PostgreSQL.
            cores: 4,
            rollup_span: 32,
            four_eyes_above: alone(),
            recordings: RecordingLimits::none(),
            limits: ProgrammeLimits::default(),
            wrong_pins: None,
        };
        let ledger = Ledger::open(&options).unwrap();
        let cards = (1..=FAMILIES).map(folder::card).collect::<Vec<_>>();
        folder::write(dir.path(), &cards, Date::from(now.date_in(Zone::Wib)));
        ledger.import(read_folder(dir.path()).unwrap()).unwrap();
        let tills = TILLS.iter().map(|till| (*till, NewScope::Merchant(till)));
        let banks = BANKS.iter().map(|bank| (*bank, NewScope::Bank(bank)));
        let clients = tills.chain(banks).chain([("office", NewScope::Programme)]);
        add_clients(&options.url, &clients.collect::<Vec<_>>(), now).unwrap();
        let client = |name: &str| ledger.client(name).unwrap().unwrap();
        let tills = TILLS.map(|till| pos(&client(till))).to_vec();
        let tellers = BANKS.map(|bank| teller(&client(bank))).to_vec();
        let office = client("office").id;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut nodes = vec![Some(ledger)];
        if backend == Backend::Postgres {
            nodes.push(Some(Ledger::open(&options).unwrap()));
        }
        Self {
            nodes,
            asked: 0,
            backend,
            options,
            clock,
            wall: now,
            desk: Desk::default(),
            runtime,
            cards,
            tills,
            tellers,
            office,
            sent: Vec::new(),
            dir,
        }
    }

    /// A node's answer, in the model's words. The days and the clock are the model's after it.
    pub(super) fn answer(
        &mut self,
        node: usize,
        operation: Operation,
        reference: &Reference,
    ) -> String {
        self.asked = node % self.nodes.len();
        match operation {
            Operation::Buy { card, till, basket, right_pin } => {
                self.buy(card, till, basket, right_pin)
            }
            Operation::Again { purchase } => self.send_again(purchase, 0),
            Operation::OtherBody { purchase } => self.send_again(purchase, 1),
            Operation::TakeBack { purchase } => self.reverse(purchase, None),
            Operation::TakeBackAgain { purchase } => {
                self.reverse(purchase, self.sent[purchase].reversed_by)
            }
            Operation::Inquire { card, till, right_pin } => self.inquire(card, till, right_pin),
            Operation::Block { card } => self.set_state(card, CardState::BlockedBank),
            Operation::Unblock { card } => self.set_state(card, CardState::Active),
            Operation::Close { bank } => self.close(bank, reference.today()),
            Operation::Credit { month } => self.credit(month),
            Operation::Statement { short, from, accepts } => {
                let by = self.tellers[0];
                let last = reference.last_closed();
                let ledger = self.nodes[self.asked].as_ref().unwrap();
                self.desk.state(ledger, by, (last, short, from, accepts));
                told_of_banks(ledger, self.office)
            }
            Operation::Restart { hours } => self.restart(hours, reference.wall).to_owned(),
            Operation::SetClock { hours } => self.set_clock(hours),
        }
    }

    fn ledger(&self) -> &Ledger {
        self.nodes[self.asked].as_ref().unwrap()
    }

    fn pin(&self, card: usize, right: bool) -> Pin {
        let card = &self.cards[card];
        (if right { card.pin.clone() } else { wrong_pin(card) }).parse().unwrap()
    }

    fn buy(&mut self, card: usize, till: usize, basket: usize, right_pin: bool) -> String {
        let place = self.sent.len();
        let (id, wallet) = (RowId(0), AccountId(0));
        let sent =
            Sent { card, till, basket, right_pin, id, wallet, reversals: 0, reversed_by: None };
        self.sent.push(sent);
        let reply = self.send(place, basket);
        if let Reply::Decided { attempt, .. } = &reply {
            (self.sent[place].id, self.sent[place].wallet) = (attempt.id, attempt.wallet);
        }
        told(&reply)
    }

    /// The same request, with the basket so many places on.
    fn send_again(&self, purchase: usize, places: usize) -> String {
        let basket = (self.sent[purchase].basket + places) % BASKETS.len();
        let reply = self.send(purchase, basket);
        if let Reply::Decided { attempt, .. } = &reply {
            assert_eq!(attempt.id, self.sent[purchase].id);
        }
        told(&reply)
    }

    fn send(&self, purchase: usize, basket: usize) -> Reply {
        let sent = self.sent[purchase];
        let request = RedeemRequest {
            pos: self.tills[sent.till],
            number: self.cards[sent.card].card_number.parse().unwrap(),
            pin: self.pin(sent.card, sent.right_pin),
            key: &format!("purchase-{purchase}"),
            basket: basket_of(BASKETS[basket].0),
        };
        self.runtime.block_on(self.ledger().redeem(request)).unwrap()
    }

    /// Under the key that did it before, or else under a new one.
    fn reverse(&mut self, purchase: usize, before: Option<usize>) -> String {
        let sent = &mut self.sent[purchase];
        let key = before.unwrap_or_else(|| {
            sent.reversals += 1;
            sent.reversals
        });
        let (redemption, wallet, pos) = (sent.id, sent.wallet, self.tills[sent.till]);
        let request = ReverseRequest {
            pos,
            redemption,
            wallet,
            reason: "salah".to_owned(),
            key: OnceKey {
                scope: pos.merchant,
                key_hash: key_hash(&format!("reversal-{purchase}-{key}")),
                request: [u8::try_from(purchase).unwrap(); 16],
            },
        };
        let render = |reversed: &ledger::service::Reversed| {
            format!("took back {} on {}", reversed.amount.get(), reversed.business_date)
        };
        match self.ledger().reverse(request, render) {
            Ok(Answered { body, replay, .. }) => {
                self.sent[purchase].reversed_by = Some(key);
                format!("{body}{}", if replay { " again" } else { "" })
            }
            Err(NotReversed::NotApproved) => "not approved".to_owned(),
            Err(NotReversed::AlreadyReversed) => "already reversed".to_owned(),
            Err(NotReversed::DayClosed) => "day closed".to_owned(),
            Err(other) => panic!("not reversed: {other}"),
        }
    }

    fn inquire(&self, card: usize, till: usize, right_pin: bool) -> String {
        let number = self.cards[card].card_number.parse().unwrap();
        let pin = self.pin(card, right_pin);
        let asked = self.ledger().inquire(self.tills[till], &number, pin);
        told(&self.runtime.block_on(asked).unwrap())
    }

    fn set_state(&self, card: usize, state: CardState) -> String {
        let card = &self.cards[card];
        let bank = BANKS.iter().position(|bank| *bank == card.bank).unwrap();
        let (by, number) = (self.tellers[bank], card.card_number.parse().unwrap());
        let found = self.ledger().find_card(by, &number).unwrap();
        match self.ledger().set_card_state(by, found.card, state, "asked for".to_owned()) {
            Ok(card) => card.state.as_str().to_owned(),
            Err(CardLifeError::StateConflict { from }) => {
                format!("conflict with {}", from.as_str())
            }
            Err(other) => panic!("no state: {other}"),
        }
    }

    fn close(&self, bank: usize, day: Date) -> String {
        let Teller { client, bank } = self.tellers[bank];
        let marked = self.ledger().close_day(client, bank, day, Some("uji".to_owned()));
        if matches!(marked, Err(NotClosed::NotOpen)) {
            return "not open".to_owned();
        }
        let mut status = marked.unwrap();
        let closed = wait_until(PATIENCE, || {
            status = self.ledger().day_status(bank, day).unwrap();
            status == DayStatus::Closed
        });
        assert!(closed, "the day stays {status:?}");
        format!("closed {day}")
    }

    fn credit(&self, month: usize) -> String {
        let families = i64::try_from(FAMILIES / BANKS.len()).unwrap();
        for bank in BANKS {
            let request = FundRequest {
                client: self.office,
                bank: bank.parse().unwrap(),
                amount: Rupiah::new(families * MONTHLY).unwrap(),
                reference: FundingReference::new(&format!("month {month}")).unwrap(),
            };
            self.ledger().fund(request).unwrap();
        }
        let period: Period = format!("2018-{:02}", 9 - month).parse().unwrap();
        let request = RunRequest { client: self.office, period, outside: false };
        let run = self.ledger().start_credit_run(request).unwrap();
        let run = self.ledger().carry_on_credit_run(run.id, |_| {}).unwrap();
        format!("credited {}", run.shares.iter().map(|share| share.credited).sum::<i64>())
    }

    /// What the wallets hold, every card unblocked.
    pub(super) fn balances(&self) -> Vec<i64> {
        let balance = |card| {
            self.set_state(card, CardState::Active);
            let told = self.inquire(card, 0, true);
            told.strip_prefix("holds ").unwrap_or_else(|| panic!("{told}")).parse().unwrap()
        };
        (0..FAMILIES).map(balance).collect()
    }

    /// What was sold on the days that are closed, by day and till.
    pub(super) fn settlements(&self) -> Vec<String> {
        let query = SettlementQuery::default();
        let rows = self.ledger().settlements(Reader::All, &query, 0, 1_000).unwrap();
        let line = |row: &ledger::service::Settlement| {
            let shop = row.merchant_code.strip_prefix("EW-");
            let till = TILLS.iter().position(|till| Some(*till) == shop).unwrap();
            let sums = [row.redemptions, row.gross, row.reversals, row.reversed];
            format!("{} till {till}: {sums:?}", row.business_date)
        };
        let mut lines = rows.iter().map(line).collect::<Vec<_>>();
        lines.sort();
        lines
    }

    /// Fails unless every invariant holds.
    pub(super) fn verify(&self, story: &str) {
        let report = verify(&self.options.url, &VerifyOptions::default(), &mut |_, _| {}).unwrap();
        assert!(report.is_whole(), "{report:#?}\n{}\n{story}", self.dir.path().display());
    }
}

/// One clerk decides everything.
fn alone() -> FourEyes {
    let most = Rupiah::new(1_000_000_000_000).unwrap();
    FourEyes { decision: most, day: most }
}

fn pos(client: &Client) -> PointOfSale {
    let Scope::Merchant(shop) = &client.scope else { panic!("no till: {client:?}") };
    PointOfSale { client: client.id, merchant: shop.merchant, terminal: shop.terminal }
}

fn teller(client: &Client) -> Teller {
    let Scope::Bank(bank, _) = client.scope else { panic!("no bank: {client:?}") };
    Teller { client: client.id, bank }
}

fn basket_of(bought: &str) -> Basket {
    let lines = goods(bought).into_iter().map(|line| {
        let text = |member: &str| line[member].as_str();
        let claim = LineClaim {
            commodity: text("commodity").unwrap(),
            grade: text("grade"),
            quantity: text("quantity").unwrap(),
            unit: text("unit").unwrap(),
            unit_price: line["unit_price"].as_i64().unwrap(),
        };
        Line::read(claim).unwrap()
    });
    Basket::new(lines.collect()).unwrap()
}

/// The reply in the model's words.
fn told(reply: &Reply) -> String {
    match reply {
        Reply::Decided { attempt, replay } => {
            let day = attempt.business_date;
            let told = match attempt.outcome {
                Outcome::Approved(debit) => {
                    let (amount, left) = (debit.amount().get(), debit.after().get());
                    format!("approved {amount}, leaves {left}, on {day}")
                }
                Outcome::Refused(objection) => format!("{} on {day}", objection.refusal.code()),
            };
            format!("{told}{}", if *replay { " again" } else { "" })
        }
        Reply::KeyReused => "key reused".to_owned(),
        Reply::ClientRevoked => "client revoked".to_owned(),
        Reply::Balance { balance, .. } => format!("holds {}", balance.get()),
        Reply::NotTold(inquiry) => inquiry.refusal.code().to_owned(),
    }
}
