//! A small town of its own for a fault test: two banks, four tills, as many families as asked for,
//! on a database that may be killed. Every number in it is invented.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::sql_types::Text;
use diesel::{PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};
use ewarong_tests::demo::{Card, Credentials};
use ewarong_tests::process::{command, run, run_pos_api, stdout_of};
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

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Text)]
    told: String,
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

    /// The same with these variables in its environment, and with more arguments.
    pub(super) fn second_node_in(&self, environment: &[(&str, String)], extra: &[&str]) -> Server {
        Server::start_in(&self.url, &self.keys, extra, environment)
    }

    /// The words of a server that is to refuse its start.
    pub(super) fn serve(&self) -> Vec<&str> {
        self.command(&["serve", "--addr", "127.0.0.1:0", "--keys", self.keys.to_str().unwrap()])
    }

    /// Runs a `pos-api` command with these variables, which is to fail; what it said.
    pub(super) fn refused(&self, words: &[&str], environment: &[(&str, String)]) -> String {
        let mut program = command("pos-api");
        program.args(words).current_dir(self.folder());
        program.envs(environment.iter().map(|(name, value)| (name, value)));
        let ended = run(program, b"");
        assert_eq!(ended.status.code(), Some(1), "{words:?} was not refused");
        String::from_utf8(ended.stderr).unwrap()
    }

    /// Changes the database from outside.
    pub(super) fn sql(&self, statement: &str) {
        match self.url.strip_prefix("sqlite:") {
            Some(file) => {
                let mut connection = SqliteConnection::establish(file).unwrap();
                connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
                connection.batch_execute(statement).unwrap();
            }
            None => PgConnection::establish(&self.url).unwrap().batch_execute(statement).unwrap(),
        }
    }

    /// The texts that a query of the database gives.
    pub(super) fn asked(&self, query: &str) -> Vec<String> {
        let query = sql_query(format!("SELECT CAST(k.told AS TEXT) AS told FROM ({query}) k"));
        let rows: Vec<Told> = match self.url.strip_prefix("sqlite:") {
            Some(file) => query.load(&mut SqliteConnection::establish(file).unwrap()).unwrap(),
            None => query.load(&mut PgConnection::establish(&self.url).unwrap()).unwrap(),
        };
        rows.into_iter().map(|row| row.told).collect()
    }

    /// Overwrites the first page of a table or an index in the file that nobody has open.
    pub(super) fn spoil_page_of(&self, name: &str) {
        let file = self.url.strip_prefix("sqlite:").unwrap();
        let root = format!("SELECT rootpage AS told FROM sqlite_schema WHERE name = '{name}'");
        let page: u64 = self.asked(&root)[0].parse().unwrap();
        let size: u64 =
            self.asked("SELECT page_size AS told FROM pragma_page_size")[0].parse().unwrap();
        let file = OpenOptions::new().write(true).open(file).unwrap();
        file.write_all_at(&vec![0xff; usize::try_from(size).unwrap()], (page - 1) * size).unwrap();
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

    /// Fails unless `pos-api verify` finds the database consistent.
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
