//! A small town of its own for a fault test: two banks, four tills, as many families as asked for,
//! on a database that may be killed. Every number in it is invented.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use ewarong_tests::demo::{Card, Credentials};
use ewarong_tests::process::{run_pos_api, stdout_of};
use ewarong_tests::seed::{finished_run, today};
use ewarong_tests::{Backend, Bank, Merchant, Programme, Server};
use ledger::domain::card::{CardNumber, Pin};
use tempfile::TempDir;

/// What a family gets for a month, in rupiah.
pub(super) const MONTHLY: i64 = 110_000;

/// The two banks; each has every second family and every second till.
pub(super) const BANKS: [&str; 2] = ["bri", "bni"];

/// The tills.
pub(super) const TILLS: [&str; 4] = ["T-1", "T-2", "T-3", "T-4"];

/// A served database with a town in it, no month credited yet.
#[derive(Debug)]
pub(super) struct Town {
    pub(super) server: Server,
    /// One active card for each family.
    pub(super) cards: Vec<Card>,
    clients: BTreeMap<&'static str, Credentials>,
    url: String,
    keys: PathBuf,
    dir: TempDir,
}

impl Town {
    /// A town on this backend.
    pub(super) fn start(backend: Backend, families: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = backend.fresh_url(&dir);
        Self::found(url, dir, families)
    }

    /// A town in this empty database.
    pub(super) fn start_in(url: String, families: usize) -> Self {
        Self::found(url, tempfile::tempdir().unwrap(), families)
    }

    fn found(url: String, dir: TempDir, families: usize) -> Self {
        let cards = (1..=families).map(card).collect::<Vec<_>>();
        write_folder(&dir, &cards);
        let keys = dir.path().join("ewarong.keys");
        let folder = dir.path().display().to_string();
        let import = ["import", &folder, "--database-url", &url, "--keys", keys.to_str().unwrap()];
        stdout_of(&run_pos_api(dir.path(), import));
        let mut clients = BTreeMap::new();
        for till in TILLS {
            clients.insert(till, add_client(&dir, &url, till, &["merchant", "--terminal", till]));
        }
        for bank in BANKS {
            clients.insert(bank, add_client(&dir, &url, bank, &["bank", "--bank", bank]));
        }
        clients.insert("office", add_client(&dir, &url, "office", &["programme"]));
        let server = Server::start(&url, &keys);
        Self { server, cards, clients, url, keys, dir }
    }

    /// The same town with a month credited to every family.
    pub(super) fn credited(self) -> Self {
        self.fund("2018-09", 1);
        let run = finished_run(&self.office(), "2018-09");
        assert_eq!(run["status"], "completed", "{run}");
        self
    }

    /// Gives each bank what its families need for so many months.
    pub(super) fn fund(&self, reference: &str, months: i64) {
        for bank in BANKS {
            let amount = self.families_of(bank) * MONTHLY * months;
            self.office().fund(reference, bank, amount, reference).expect(201);
        }
    }

    /// A second server on the same database.
    pub(super) fn second_node(&self) -> Server {
        Server::start(&self.url, &self.keys)
    }

    /// The till's client at that server.
    pub(super) fn till_at(&self, server: &Server, till: &str) -> Merchant {
        let till = Merchant::new(&server.base_url(), &self.clients[till]);
        till.api.token();
        till
    }

    /// The clients of all tills, logged in already: none has to while the server is gone.
    pub(super) fn tills(&self) -> Vec<Merchant> {
        TILLS.iter().map(|till| self.till_at(&self.server, till)).collect()
    }

    /// The bank's client.
    pub(super) fn bank(&self, code: &str) -> Bank {
        Bank::new(&self.server.base_url(), &self.clients[code])
    }

    /// The programme's client.
    pub(super) fn office(&self) -> Programme {
        Programme::new(&self.server.base_url(), &self.clients["office"])
    }

    /// How many families a bank has.
    pub(super) fn families_of(&self, bank: &str) -> i64 {
        let families = self.cards.iter().filter(|card| card.bank == bank);
        i64::try_from(families.count()).unwrap()
    }

    /// What a card's family is told at a till.
    pub(super) fn balance(till: &Merchant, card: &Card) -> i64 {
        till.inquire(&card.card_number, &card.pin).expect(200)["balance"].as_i64().unwrap()
    }

    /// The words of a `pos-api` command on this database.
    pub(super) fn command<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        [words, &["--database-url", &self.url]].concat()
    }

    /// Runs a `pos-api` command on this database to its end.
    pub(super) fn run(&self, words: &[&str]) -> std::process::Output {
        run_pos_api(self.dir.path(), self.command(words))
    }

    /// Fails unless `pos-api verify` finds the database whole.
    pub(super) fn verify(&self) {
        let found = self.run(&["verify"]);
        let report = String::from_utf8_lossy(&found.stdout);
        let errors = String::from_utf8_lossy(&found.stderr);
        assert_eq!(found.status.code(), Some(0), "`verify` says:\n{report}{errors}");
    }
}

fn add_client(dir: &TempDir, url: &str, name: &str, role: &[&str]) -> Credentials {
    let client_id = format!("client-{name}");
    let command = [&["client", "add", &client_id, "--database-url", url, "--role"], role].concat();
    let added = stdout_of(&run_pos_api(dir.path(), command));
    Credentials {
        client_id,
        client_secret: added.trim().to_owned(),
        merchant_id: None,
        terminal_id: None,
        bank: None,
    }
}

/// The card of the family with this number; the PIN is the first that is not too easy to guess.
fn card(serial: usize) -> Card {
    let number = CardNumber::with_check_digit(&format!("601301{serial:09}")).unwrap();
    let pins = (serial * 37 + 271_831..).map(|pin| format!("{pin:06}"));
    let strong = |pin: &String| pin.parse::<Pin>().unwrap().strong_for(number.masked()).is_ok();
    Card {
        card_number: String::from_utf8(number.digits().to_vec()).unwrap(),
        pin: pins.into_iter().find(strong).unwrap(),
        bank: BANKS[serial % BANKS.len()].to_owned(),
        balance: 0,
    }
}

fn write_folder(dir: &TempDir, cards: &[Card]) {
    let open = today();
    let mut files = [
        ("banks", "bank,name,clearing_code,account_number,cutoff,open_business_date\n".to_owned()),
        (
            "merchants",
            "merchant_id,name,kind,address,region_code,bank,zone,price_zone\n".to_owned(),
        ),
        ("terminals", "terminal_id,merchant_id\n".to_owned()),
        ("households", "household,nik,name,region_code\n".to_owned()),
        ("wallets", "household,bank\n".to_owned()),
        ("cards", "card_number,household,state,pin,expires\n".to_owned()),
    ];
    let [banks, merchants, terminals, households, wallets, plastic] =
        files.each_mut().map(|(_, text)| text);
    for (bank, clearing) in BANKS.iter().zip(["002", "009"]) {
        writeln!(banks, "{bank},Bank {bank},{clearing},7788990011,23:59,{open}").unwrap();
    }
    for (place, till) in TILLS.iter().enumerate() {
        let (shop, bank) = (format!("EW-{till}"), BANKS[place % BANKS.len()]);
        writeln!(merchants, "{shop},Warung {till},warung,Jalan 7,1571010001,{bank},WIB,1").unwrap();
        writeln!(terminals, "{till},{shop}").unwrap();
    }
    for (Card { card_number, pin, bank, .. }, serial) in cards.iter().zip(0..) {
        // Born on the days from the first on, 9,000 on each.
        let nik = format!("157101{:02}0885{:04}", 41 + serial / 9_000, serial % 9_000 + 1);
        writeln!(households, "H-{serial},{nik},Keluarga {serial},1571010001").unwrap();
        writeln!(wallets, "H-{serial},{bank}").unwrap();
        writeln!(plastic, "{card_number},H-{serial},active,{pin},2099-12-31").unwrap();
    }
    for (name, text) in files {
        fs::write(dir.path().join(format!("{name}.csv")), text).unwrap();
    }
}
