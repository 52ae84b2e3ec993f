//! A town whose last days lie behind it, so that several of them can be closed and reconciled: the
//! ledger in this process with a clock set by hand, and then the real server on its database.

use std::sync::Arc;

use chrono::{NaiveTime, TimeDelta};
use ewarong_tests::client::ApiClient;
use ewarong_tests::demo::Credentials;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::{PATIENCE, today};
use ewarong_tests::{Auditor, Backend, Bank, Server};
use ledger::domain::basket::{Basket, Line, LineClaim};
use ledger::domain::calendar::{Date, Instant, Zone};
use ledger::domain::ids::{AccountId, RowId};
use ledger::domain::keys::key_hash;
use ledger::domain::money::Rupiah;
use ledger::domain::redemption::PointOfSale;
use ledger::domain::reference::Reference;
use ledger::domain::settlement::DayStatus;
use ledger::service::import::read_folder;
use ledger::service::{
    Client, DatabaseUrl, FOUR_EYES_ABOVE, FundRequest, Ledger, ManualClock, NewScope, OnceKey,
    Options, ProgrammeLimits, RecordingLimits, RedeemRequest, Reply, ReverseRequest, RunRequest,
    Scope, VerifyOptions, add_clients, migrate, verify,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::folder::{self, BANKS, MONTHLY, TILLS};

/// Families, every second one of each bank.
const FAMILIES: usize = 8;

/// A purchase, and who made it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bought {
    id: RowId,
    wallet: AccountId,
    pos: PointOfSale,
}

/// The town while its days go by.
pub(super) struct Past {
    ledger: Option<Ledger>,
    options: Options,
    /// The database's URL as it was given; the parsed one does not show all of it.
    database: String,
    clock: Arc<ManualClock>,
    runtime: Runtime,
    /// Names and secrets of the clients.
    secrets: Vec<(String, String)>,
    first: Date,
    bought: u8,
    dir: TempDir,
}

impl Past {
    /// A town on the morning of the day so many days ago, its families credited.
    pub(super) fn since(backend: Backend, days: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = backend.fresh_url(&dir);
        let url: DatabaseUrl = database.parse().unwrap();
        migrate(&url).unwrap();
        let first = today().minus_days(days);
        let clock = Arc::new(ManualClock::new(at(first, "08:00:00")));
        let options = Options {
            url,
            keys: dir.path().join("ewarong.keys"),
            clock: Arc::<ManualClock>::clone(&clock),
            cores: 2,
            rollup_span: 32,
            four_eyes_above: FOUR_EYES_ABOVE,
            recordings: RecordingLimits::none(),
            limits: ProgrammeLimits::default(),
            wrong_pins: None,
        };
        let ledger = Ledger::open(&options).unwrap();
        let cards = (1..=FAMILIES).map(folder::card).collect::<Vec<_>>();
        folder::write(dir.path(), &cards, first);
        ledger.import(read_folder(dir.path()).unwrap()).unwrap();
        let tills = TILLS.iter().map(|till| (*till, NewScope::Merchant(till)));
        let banks = BANKS.iter().map(|bank| (*bank, NewScope::Bank(bank)));
        let others = [("office", NewScope::Programme), ("auditor", NewScope::Auditor)];
        let clients: Vec<_> = tills.chain(banks).chain(others).collect();
        let added = add_clients(&options.url, &clients, at(first, "08:00:00")).unwrap();
        let names = clients.iter().map(|(name, _scope)| (*name).to_owned());
        let secrets = names.zip(added).collect();
        let office = ledger.client("office").unwrap().unwrap().id;
        for bank in BANKS {
            let families = i64::try_from(FAMILIES / BANKS.len()).unwrap();
            let request = FundRequest {
                client: office,
                bank: bank.parse().unwrap(),
                amount: Rupiah::new(families * MONTHLY).unwrap(),
                reference: Reference::new("SP2D").unwrap(),
            };
            ledger.fund(request).unwrap();
        }
        let period = first.naive().format("%Y-%m").to_string().parse().unwrap();
        let request = RunRequest { client: office, period, outside: false };
        let run = ledger.start_credit_run(request).unwrap();
        ledger.carry_on_credit_run(run.id, |_| {}).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let ledger = Some(ledger);
        Self { ledger, options, database, clock, runtime, secrets, first, bought: 0, dir }
    }

    fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().unwrap()
    }

    /// Moves the clock on. A running ledger makes no ids far from where its clock was.
    fn wait_until(&mut self, day: u64, time: &str) {
        self.ledger.take().unwrap().close();
        self.clock.advance_to(at(self.day(day), time));
        self.ledger = Some(Ledger::open(&self.options).unwrap());
    }

    /// The day so many days after the first.
    pub(super) fn day(&self, number: u64) -> Date {
        self.first.plus_days(number)
    }

    /// So many thousand rupiah of eggs at a till on a day's noon, by a family.
    pub(super) fn buy(&mut self, day: u64, till: &str, family: usize, thousands: i64) -> Bought {
        self.wait_until(day, "12:00:00");
        self.bought += 1;
        let card = folder::card(family);
        let claim = LineClaim {
            commodity: "eggs",
            grade: None,
            quantity: "1",
            unit: "tray",
            unit_price: thousands * 1_000,
        };
        let pos = pos(&self.ledger().client(till).unwrap().unwrap());
        let request = RedeemRequest {
            pos,
            number: card.card_number.parse().unwrap(),
            pin: card.pin.parse().unwrap(),
            key: &format!("purchase-{}", self.bought),
            basket: Basket::new(vec![Line::read(claim).unwrap()]).unwrap(),
        };
        let reply = self.runtime.block_on(self.ledger().redeem(request)).unwrap();
        let Reply::Decided { attempt, .. } = reply else { panic!("not decided: {reply:?}") };
        assert_eq!(attempt.business_date, self.day(day));
        Bought { id: attempt.id, wallet: attempt.wallet, pos }
    }

    /// Takes a purchase back after the day's cut-off, before the day is closed.
    pub(super) fn take_back_late(&mut self, day: u64, bought: Bought) {
        self.wait_until(day, "23:59:30");
        let Bought { id, wallet, pos } = bought;
        let key = OnceKey {
            scope: pos.merchant,
            key_hash: key_hash(&format!("reversal-{}", id.0)),
            request: [1; 16],
        };
        let reason = "salah".to_owned();
        let request = ReverseRequest { pos, redemption: id, wallet, reason, key };
        let next = self.day(day + 1);
        let check = move |reversed: &ledger::service::Reversed| {
            assert_eq!(reversed.business_date, next, "it counts for the next day");
            String::new()
        };
        self.ledger().reverse(request, check).unwrap();
    }

    /// Closes a day of the first bank.
    pub(super) fn close(&mut self, day: u64) {
        self.wait_until(day, "23:59:40");
        let client = self.ledger().client(BANKS[0]).unwrap().unwrap();
        let Scope::Bank(bank, _) = client.scope else { panic!("no bank: {client:?}") };
        self.ledger().close_day(client.id, bank, self.day(day), None).unwrap();
        let is_closed = || self.ledger().day_status(bank, self.day(day)).unwrap();
        assert!(wait_until(PATIENCE, || is_closed() == DayStatus::Closed), "the day stays open");
    }

    /// From now on, the server speaks.
    pub(super) fn served(self) -> Present {
        self.ledger.unwrap().close();
        let server = Server::start(&self.database, &self.options.keys);
        let secrets = self.secrets;
        Present { server, secrets, url: self.options.url, _dir: self.dir }
    }
}

/// The town's server, and its clients.
pub(super) struct Present {
    server: Server,
    secrets: Vec<(String, String)>,
    url: DatabaseUrl,
    _dir: TempDir,
}

impl Present {
    pub(super) fn base_url(&self) -> String {
        self.server.base_url()
    }

    pub(super) fn credentials(&self, client: &str) -> Credentials {
        let (name, secret) = self.secrets.iter().find(|(name, _secret)| name == client).unwrap();
        Credentials {
            client_id: name.clone(),
            client_secret: secret.clone(),
            merchant_id: None,
            terminal_id: None,
            bank: None,
        }
    }

    pub(super) fn bank(&self) -> Bank {
        Bank::new(&self.base_url(), &self.credentials(BANKS[0]))
    }

    pub(super) fn auditor(&self) -> Auditor {
        Auditor::new(&self.base_url(), &self.credentials("auditor"))
    }

    pub(super) fn till(&self, till: &str) -> ApiClient {
        ApiClient::new(&self.base_url(), &self.credentials(till))
    }

    /// Fails unless every invariant holds.
    pub(super) fn verify(&self) {
        let report = verify(&self.url, &VerifyOptions::default(), &mut |_, _| {}).unwrap();
        assert!(report.is_whole(), "{report:#?}");
    }
}

fn at(day: Date, time: &str) -> Instant {
    let midnight = Instant::at(day.naive(), NaiveTime::MIN, Zone::Wib);
    let time: NaiveTime = time.parse().unwrap();
    let since: TimeDelta = time.signed_duration_since(NaiveTime::MIN);
    Instant::from_millis(midnight.as_millis() + since.num_milliseconds())
}

fn pos(client: &Client) -> PointOfSale {
    let Scope::Merchant(shop) = &client.scope else { panic!("no till: {client:?}") };
    PointOfSale { client: client.id, merchant: shop.merchant, terminal: shop.terminal }
}
