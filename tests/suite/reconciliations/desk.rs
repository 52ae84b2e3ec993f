//! A bank's desk in a world: a closed day, its files, two clerks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ewarong_tests::client::{ApiClient, Bank};
use ewarong_tests::demo::Credentials;
use ewarong_tests::process::{run_pos_api, stdout_of, wait_until};
use ewarong_tests::seed::{PATIENCE, today};
use ewarong_tests::{Answer, World};
use ledger::domain::calendar::Date;
use serde_json::{Value, json};

use crate::till::{buy, fresh_key, goods, listed, number, text};

/// BRI's short layout: rows as `description +amount`, one a line, with the balance that follows, but
/// for the last one's if another is stated.
pub(crate) fn bank_file(opening: i64, rows: &str, stated: Option<i64>) -> String {
    bank_file_of(today(), opening, rows, stated)
}

/// The same with rows of a day.
pub(crate) fn bank_file_of(day: Date, opening: i64, rows: &str, stated: Option<i64>) -> String {
    account_file("005301000123304", day, (opening, rows, stated))
}

/// The same of another account.
pub(crate) fn account_file(
    account: &str,
    day: Date,
    (opening, rows, stated): (i64, &str, Option<i64>),
) -> String {
    let mut file =
        "NOREK;TGL_TRAN;DESK_TRAN;MUTASI_DEBET;MUTASI_KREDIT;SALDO_AKHIR_MUTASI\n".to_owned();
    let mut balance = opening;
    let rows: Vec<&str> = rows.lines().collect();
    for (place, row) in rows.iter().enumerate() {
        let (description, amount) = row.trim().rsplit_once(' ').unwrap();
        let amount: i64 = amount.parse().unwrap();
        balance += amount;
        let is_last = place + 1 == rows.len();
        let shown = stated.filter(|_| is_last).unwrap_or(balance);
        let (debit, credit) = (-amount.min(0), amount.max(0));
        writeln!(file, "{account};{day};{description};{debit}.00;{credit}.00;{shown}.00").unwrap();
    }
    file
}

/// What was sold on the day that the tests reconcile.
#[derive(Debug)]
pub(crate) struct Sold {
    references: BTreeMap<String, String>,
    /// The retrieval reference of the purchase that was taken back.
    pub(crate) reversed_rrn: String,
}

impl Sold {
    pub(crate) fn reference(&self, merchant: &str) -> &str {
        &self.references[merchant]
    }
}

/// BRI's desk.
#[derive(Debug)]
pub(crate) struct Desk<'w> {
    world: &'w World,
}

impl<'w> Desk<'w> {
    pub(crate) fn of(world: &'w World) -> Self {
        Self { world }
    }

    pub(crate) fn bank(&self) -> Bank {
        self.world.bank("bri")
    }

    /// A second clerk of the bank.
    pub(crate) fn second(&self) -> Bank {
        let url = self.world.server.database_url();
        let add =
            ["client", "add", "bri-two", "--database-url", url, "--role", "bank", "--bank", "bri"];
        let added = stdout_of(&run_pos_api(self.world.dir(), add));
        let credentials = Credentials {
            client_id: "bri-two".to_owned(),
            client_secret: added.trim().to_owned(),
            merchant_id: None,
            terminal_id: None,
            bank: Some("bri".to_owned()),
        };
        Bank::new(&self.world.server.base_url(), &credentials)
    }

    /// A purchase of so many rupiah with a fresh card of a bank.
    pub(crate) fn buy(&self, terminal: &str, bank: &str, amount: i64) -> Value {
        let card = self.world.fresh_card(bank);
        let items = goods(&format!("eggs 5 piece {}", amount / 5));
        buy(&self.world.till(terminal), &card, &items).expect(201)
    }

    /// The worked example's purchases: one day closed, one purchase after it.
    pub(crate) fn worked_day(&self) -> Sold {
        self.buy("JBI-1", "bri", 110_000);
        self.buy("JBI-1", "bri", 65_000);
        self.buy("JKT-1", "bri", 110_000);
        let reversed = self.buy("JKT-1", "bri", 110_000);
        let till = self.world.till("JKT-1");
        till.reverse(&fresh_key(), text(&reversed, "id"), "salah").expect(201);
        let settlements = self.close();
        self.buy("JBI-1", "bri", 45_000);
        let name =
            |one: &Value| (text(one, "merchant_id").to_owned(), text(one, "reference").to_owned());
        let references = settlements.iter().map(name).collect();
        Sold { references, reversed_rrn: text(&reversed, "rrn").to_owned() }
    }

    /// Closes the day; its settlements.
    pub(crate) fn close(&self) -> Vec<Value> {
        let (bank, day) = (self.bank(), today().to_string());
        let closed =
            wait_until(PATIENCE, || bank.close_early(&day).expect(202)["state"] == "closed");
        assert!(closed, "the day stays open:\n{}", self.world.server.log());
        listed(&bank.api, &format!("/v1/settlements?business_date={day}"))
    }

    /// Has a day been closed on which nothing was sold.
    pub(crate) fn have_closed(&self, day: Date) {
        let (next, day) = (day.next().as_number(), day.as_number());
        self.world.sql(&format!(
            "INSERT INTO business_days SELECT 1, {day}, 2, 1, id, 1, 0 FROM clients
             WHERE client_id = 'bank-bri'; UPDATE banks SET
             open_business_date = {next} WHERE id = 1 AND open_business_date < {next}"
        ));
    }

    pub(crate) fn record(&self, files: &[(&str, &str)]) -> Answer {
        Self::record_as(&self.bank().api, files)
    }

    pub(crate) fn record_as(api: &ApiClient, files: &[(&str, &str)]) -> Answer {
        Self::record_day(api, today(), files)
    }

    pub(crate) fn record_day(api: &ApiClient, day: Date, files: &[(&str, &str)]) -> Answer {
        let files: Vec<Value> = files
            .iter()
            .map(|(name, content)| json!({"name": name, "content": STANDARD.encode(content)}))
            .collect();
        let body = json!({"bank": "bri", "business_date": day.to_string(), "files": files});
        api.post("/v1/reconciliations", &body)
    }

    pub(crate) fn results(&self, id: &str) -> Vec<Value> {
        Self::results_of(&self.bank().api, id)
    }

    pub(crate) fn results_of(api: &ApiClient, id: &str) -> Vec<Value> {
        listed(api, &format!("/v1/reconciliations/{id}/results"))
    }

    /// The open differences.
    pub(crate) fn open(&self) -> Vec<Value> {
        listed(&self.bank().api, "/v1/exceptions")
    }

    /// The one open difference of a status.
    pub(crate) fn open_one(&self, status: &str) -> Value {
        let open = self.open();
        let mut found = open.iter().filter(|one| one["status"] == status);
        let one = found.next().unwrap_or_else(|| panic!("no {status} in {open:?}"));
        assert!(found.next().is_none(), "{open:?}");
        one.clone()
    }

    /// Merchants and the stages of their settlements, sorted.
    pub(crate) fn stages(&self) -> Vec<(String, String)> {
        let path = format!("/v1/settlements?business_date={}", today());
        let stage =
            |one: &Value| (text(one, "merchant_id").to_owned(), text(one, "stage").to_owned());
        let mut stages: Vec<_> = listed(&self.bank().api, &path).iter().map(stage).collect();
        stages.sort();
        stages
    }

    /// What is still owed to a merchant.
    pub(crate) fn payable(&self, merchant: &str) -> i64 {
        self.balance(&format!("payable:{merchant}"))
    }

    /// An account's balance in the trial balance; zero when it is not there.
    pub(crate) fn balance(&self, account: &str) -> i64 {
        let body = self.world.auditor().api.get("/v1/trial-balance").expect(200);
        let lines = body["accounts"].as_array().unwrap();
        lines
            .iter()
            .find(|line| line["account"] == account)
            .map_or(0, |line| number(line, "balance"))
    }

    /// Decides a difference as a clerk.
    pub(crate) fn decide(clerk: &Bank, exception: &Value, resolution: &str) -> Answer {
        let path = format!("/v1/exceptions/{}/resolutions", text(exception, "id"));
        let body = json!({"resolution": resolution, "reason": "sudah diperiksa dengan bank"});
        clerk.api.post(&path, &body)
    }
}
