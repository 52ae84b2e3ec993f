//! A small town of its own for a fault test: two banks, four tills, as many families as asked for,
//! on a database that may be killed. Every number in it is invented.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ewarong_tests::demo::{Card, Credentials};
use ewarong_tests::process::{run_pos_api, stdout_of};
use ewarong_tests::seed::{finished_run, today};
use ewarong_tests::{Backend, Bank, Merchant, Programme, Server};
use tempfile::TempDir;

use crate::folder::{self, BANKS, MONTHLY, TILLS};

/// The months of these towns are more money than one client may give alone; these tests are about crashes.
const ALONE: [&str; 2] = ["--programme-four-eyes-above", "1000000000000"];

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
        let cards = (1..=families).map(folder::card).collect::<Vec<_>>();
        folder::write(dir.path(), &cards, today());
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
        for office in ["office", "second-office"] {
            clients.insert(office, add_client(&dir, &url, office, &["programme"]));
        }
        let server = Server::start_with(&url, &keys, &ALONE);
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
        Server::start_with(&self.url, &self.keys, &ALONE)
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

    /// The programme's second client.
    pub(super) fn second_office(&self) -> Programme {
        Programme::new(&self.server.base_url(), &self.clients["second-office"])
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

    /// A folder that goes with the town.
    pub(super) fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// The words of a `pos-api` command on this database.
    pub(super) fn command<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        let limit: &[&str] = if words.first() == Some(&"credit") { &ALONE } else { &[] };
        [words, limit, &["--database-url", &self.url]].concat()
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
