//! A world to test in: banks, shops, families with a month's credit, an API client per role.
//!
//! It is imported, funded and credited once for each backend and process; every world is a copy of
//! that database with a server of its own. Tests that only need a till and a card share one world
//! and take fresh cards from it; whatever changes a bank's day, a client or the server starts its
//! own.

pub mod folder;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::connection::{Connection as _, SimpleConnection as _};
use ledger::domain::calendar::{Date, Instant, Zone};
use ledger::service::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Auditor, Bank, Merchant, Programme};
use crate::demo::{Card, Credentials};
use crate::process::{clean_up_at_exit, run_pos_api, stdout_of, wait_until};
use crate::{Backend, Cluster, Server};

use folder::{BANKS, Family, MONTHLY, TILLS};

/// The month that every family of a world has been credited.
pub const PERIOD: &str = "2018-09";

/// How long anything may take that happens by itself: a run, a day's close.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A served database with everything in it.
#[derive(Debug)]
pub struct World {
    /// What it runs on.
    pub backend: Backend,
    /// The server.
    pub server: Server,
    dir: TempDir,
    seed: &'static Seed,
    taken: [AtomicUsize; BANKS.len()],
}

/// The database that all worlds of a backend are copied from.
#[derive(Debug)]
struct Seed {
    dir: PathBuf,
    url: String,
    clients: BTreeMap<String, Credentials>,
    families: Vec<Family>,
    /// Every bank's open day.
    opened: Date,
}

impl World {
    /// A world of the test's own.
    pub fn start(backend: Backend) -> Self {
        Self::start_with(backend, &[])
    }

    /// The same with more arguments for `serve`.
    pub fn start_with(backend: Backend, extra: &[&str]) -> Self {
        let seed = Seed::of(backend);
        let dir = tempfile::tempdir().expect("the temporary folder can be written");
        let url = match backend {
            Backend::Sqlite => {
                let url = backend.fresh_url(&dir);
                for part in ["", "-wal"] {
                    let [from, to] = [&seed.url, &url].map(|url| format!("{}{part}", file_of(url)));
                    if Path::new(&from).exists() {
                        fs::copy(from, to).expect("the database can be copied");
                    }
                }
                url
            }
            Backend::Postgres => Cluster::shared().copy_database(&seed.url),
        };
        let keys = keys_in(dir.path());
        fs::copy(keys_in(&seed.dir), &keys).expect("the keys can be copied");
        if today() != seed.opened {
            // The seed was made before midnight: the banks' days are as if it had been made now.
            let today = today().as_number();
            run_sql(backend, &url, &format!("UPDATE banks SET open_business_date = {today}"));
        }
        let server = Server::start_with(&url, &keys, extra);
        Self { backend, server, dir, seed, taken: Default::default() }
    }

    /// The world that all tests of this process share. They take cards of their own from it, close
    /// no day and revoke nobody.
    pub fn shared(backend: Backend) -> &'static Self {
        static SQLITE: OnceLock<World> = OnceLock::new();
        static POSTGRES: OnceLock<World> = OnceLock::new();
        let world = match backend {
            Backend::Sqlite => &SQLITE,
            Backend::Postgres => &POSTGRES,
        };
        world.get_or_init(|| {
            let world = Self::start(backend);
            clean_up_at_exit(world.dir.path(), Some(world.server.pid()));
            world
        })
    }

    /// The folder of its keys, its logs and on `SQLite` its database.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The keys file.
    pub fn keys(&self) -> PathBuf {
        keys_in(self.dir.path())
    }

    /// An active card with a month's credit that no other test has or gets.
    ///
    /// # Panics
    /// When the bank has no more.
    pub fn fresh_card(&self, bank: &str) -> Card {
        let place = BANKS.iter().position(|known| known.code == bank).expect("a bank of the world");
        let counter = self.taken.get(place).expect("a counter for each bank");
        let number = counter.fetch_add(1, Ordering::Relaxed);
        let active = |family: &&Family| family.state == "active" && family.card.bank == bank;
        let family = self.seed.families.iter().filter(active).nth(number);
        family.unwrap_or_else(|| panic!("`{bank}` has no more cards")).card.clone()
    }

    /// The one card that was imported in this state, of `bri`; `overdue` is active past its date.
    pub fn card_in(&self, state: &str) -> Card {
        let family = self.seed.families.iter().rev().find(|family| family.state == state);
        family.expect("a card in that state").card.clone()
    }

    /// The NIK of the family that the card was imported for.
    pub fn nik(&self, card: &Card) -> String {
        let number = &card.card_number;
        let family = self.seed.families.iter().find(|family| family.card.card_number == *number);
        family.expect("an imported card").nik()
    }

    /// How many families a bank has.
    pub fn families_of(&self, bank: &str) -> i64 {
        let families = self.seed.families.iter().filter(|family| family.card.bank == bank);
        i64::try_from(families.count()).expect("a small number")
    }

    /// A client's login: `till-<terminal>`, `bank-<bank>`, `auditor`, `programme`, `programme-second`.
    pub fn credentials(&self, client_id: &str) -> &Credentials {
        self.seed.clients.get(client_id).expect("a client of the world")
    }

    /// The client of this terminal.
    pub fn till(&self, terminal: &str) -> Merchant {
        let credentials = self.credentials(&format!("till-{terminal}"));
        Merchant::new(&self.server.base_url(), credentials)
    }

    /// The client of this bank.
    pub fn bank(&self, code: &str) -> Bank {
        Bank::new(&self.server.base_url(), self.credentials(&format!("bank-{code}")))
    }

    /// The auditor.
    pub fn auditor(&self) -> Auditor {
        Auditor::new(&self.server.base_url(), self.credentials("auditor"))
    }

    /// The programme's office.
    pub fn programme(&self) -> Programme {
        Programme::new(&self.server.base_url(), self.credentials("programme"))
    }

    /// The programme's second client, which agrees to what the first one wants.
    pub fn second_programme(&self) -> Programme {
        Programme::new(&self.server.base_url(), self.credentials("programme-second"))
    }

    /// What is left on a card, as its family is told at a till.
    pub fn balance(&self, card: &Card) -> i64 {
        let answer = self.till("JBI-1").inquire(&card.card_number, &card.pin).expect(200);
        answer.get("balance").and_then(Value::as_i64).expect("a balance in rupiah")
    }

    /// Runs statements on the database, for what no door offers yet.
    pub fn sql(&self, statements: &str) {
        run_sql(self.backend, self.server.database_url(), statements);
    }

    /// Fails unless `pos-api verify` finds the database consistent.
    ///
    /// # Panics
    /// With what it found.
    pub fn verify(&self) {
        let args = ["verify", "--database-url", self.server.database_url()];
        let found = run_pos_api(self.dir(), args);
        let report = String::from_utf8_lossy(&found.stdout);
        let errors = String::from_utf8_lossy(&found.stderr);
        assert_eq!(found.status.code(), Some(0), "`verify` says:\n{report}{errors}");
    }
}

impl Seed {
    fn of(backend: Backend) -> &'static Self {
        static SQLITE: OnceLock<Seed> = OnceLock::new();
        static POSTGRES: OnceLock<Seed> = OnceLock::new();
        let seed = match backend {
            Backend::Sqlite => &SQLITE,
            Backend::Postgres => &POSTGRES,
        };
        seed.get_or_init(|| Self::make(backend))
    }

    fn make(backend: Backend) -> Self {
        let dir = tempfile::tempdir().expect("the temporary folder can be written");
        let url = backend.fresh_url(&dir);
        let dir = dir.keep();
        clean_up_at_exit(&dir, None);
        let families = folder::families();
        let opened = today();
        folder::write(&dir, &families, opened);
        let here = ["--database-url", url.as_str()];
        let keys = keys_in(&dir);
        let keys_text = keys.display().to_string();
        let folder = dir.display().to_string();
        let import = ["import", &folder, "--keys", &keys_text];
        stdout_of(&run_pos_api(&dir, import.iter().chain(&here)));
        let clients = add_clients(&dir, &url);
        let seed = Self { dir, url, clients, families, opened };
        let mut server = Server::start(&seed.url, &keys);
        seed.credit_the_month(&server);
        let ended = server.terminate();
        assert!(ended.success(), "the server ends with {ended}:\n{}", server.log());
        seed
    }

    /// Gives each bank exactly what its families need, and them their month.
    fn credit_the_month(&self, server: &Server) {
        let credentials = self.clients.get("programme").expect("it was added");
        let programme = Programme::new(&server.base_url(), credentials);
        for bank in BANKS {
            let families = self.families.iter().filter(|family| family.card.bank == bank.code);
            let need = i64::try_from(families.count()).ok().and_then(|n| n.checked_mul(MONTHLY));
            programme.fund("seed", bank.code, need.expect("it fits"), "SEED-1").expect(201);
        }
        let run = finished_run(&programme, PERIOD);
        assert_eq!(run.get("status"), Some(&json!("completed")), "{run}");
    }
}

/// Starts a credit run, waits until it is no longer running, and returns how it stands.
///
/// # Panics
/// When it takes too long.
pub fn finished_run(programme: &Programme, period: &str) -> Value {
    let started = programme.api.post("/v1/credit-runs", &json!({"period": period})).expect(202);
    let id = started.get("id").and_then(Value::as_str).expect("a run has an id");
    let path = format!("/v1/credit-runs/{id}");
    let mut run = started.clone();
    let done = wait_until(PATIENCE, || {
        run = programme.api.get(&path).expect(200);
        run.get("status") != Some(&json!("running"))
    });
    assert!(done, "the run does not end: {run}");
    run
}

fn run_sql(backend: Backend, url: &str, statements: &str) {
    match backend {
        Backend::Sqlite => {
            let mut connection =
                diesel::SqliteConnection::establish(file_of(url)).expect("the file opens");
            let statements = format!("PRAGMA busy_timeout = 10000;\n{statements}");
            connection.batch_execute(&statements).expect("the statements hold");
        }
        Backend::Postgres => {
            Cluster::shared().sql(Cluster::name_of(url), statements);
        }
    }
}

/// The date in WIB.
pub fn today() -> Date {
    Date::from(now().date_in(Zone::Wib))
}

/// Waits out the last three minutes before midnight in WIB, in which a test about a bank's day
/// would see two of them.
///
/// # Panics
/// When the clock stands still.
pub fn clear_of_midnight() {
    let near = || today() != Date::from(now().plus_millis(180_000).date_in(Zone::Wib));
    assert!(wait_until(Duration::from_mins(4), || !near()), "the clock stands still");
}

fn now() -> Instant {
    SystemClock::default().now()
}

fn keys_in(dir: &Path) -> PathBuf {
    dir.join("ewarong.keys")
}

fn file_of(url: &str) -> &str {
    url.strip_prefix("sqlite:").expect("the URL of a file")
}

/// A client for each till, each bank, an auditor and the programme.
fn add_clients(dir: &Path, url: &str) -> BTreeMap<String, Credentials> {
    let add = |client_id: String, args: &[&str], of: (Option<&str>, Option<&str>, Option<&str>)| {
        let command = ["client", "add", &client_id, "--database-url", url, "--role"];
        let added = stdout_of(&run_pos_api(dir, command.iter().chain(args)));
        let (merchant, terminal, bank) = of;
        let credentials = Credentials {
            client_id: client_id.clone(),
            client_secret: added.trim().to_owned(),
            merchant_id: merchant.map(str::to_owned),
            terminal_id: terminal.map(str::to_owned),
            bank: bank.map(str::to_owned),
        };
        (client_id, credentials)
    };
    let tills = TILLS.iter().map(|till| {
        let args = ["merchant", "--terminal", till.terminal];
        let of = (Some(till.merchant), Some(till.terminal), Some(till.bank));
        add(format!("till-{}", till.terminal), &args, of)
    });
    let banks = BANKS.iter().map(|bank| {
        let of = (None, None, Some(bank.code));
        add(format!("bank-{}", bank.code), &["bank", "--bank", bank.code], of)
    });
    let others =
        [("auditor", "auditor"), ("programme", "programme"), ("programme-second", "programme")];
    let others =
        others.iter().map(|(name, role)| add((*name).to_owned(), &[role], (None, None, None)));
    tills.chain(banks).chain(others).collect()
}
