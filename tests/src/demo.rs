//! `demo.json`: the demo's description of its data for other programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::client::{Auditor, Bank, Merchant, Programme};

/// The file's content.
#[derive(Debug, Clone, Deserialize)]
pub struct Demo {
    /// Where the demo serves.
    pub base_url: String,
    /// The database, as `--database-url` takes it.
    pub database_url: String,
    /// The keys file.
    pub keys: PathBuf,
    /// The credited month, `YYYY-MM`.
    pub period: String,
    /// The API clients by role.
    pub clients: Clients,
    /// Active cards with one month's credit, no tries and no purchase.
    pub cards: Vec<Card>,
    /// The bank statement files that the demo wrote.
    #[serde(default)]
    pub statements: Vec<Statement>,
}

/// The API clients by role.
#[derive(Debug, Clone, Deserialize)]
pub struct Clients {
    /// One client for each merchant.
    pub merchant: Vec<Credentials>,
    /// By the bank's short name: `bri`, `bni`, `mandiri`, `btn`.
    pub bank: BTreeMap<String, Credentials>,
    /// The banks' second clients.
    #[serde(default)]
    pub bank_second: BTreeMap<String, Credentials>,
    /// Reads everything.
    pub auditor: Credentials,
    /// Funds, credits, reads totals.
    pub programme: Credentials,
    /// Agrees to what the programme's first client wants.
    pub programme_second: Option<Credentials>,
}

/// A client's login and what it is bound to; a field that its role does not have is `None`.
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The user name of HTTP Basic.
    pub client_id: String,
    /// The password of HTTP Basic.
    pub client_secret: String,
    /// The merchant it acts for.
    pub merchant_id: Option<String>,
    /// The terminal it is bound to.
    pub terminal_id: Option<String>,
    /// The bank it acts for, or the merchant's bank.
    pub bank: Option<String>,
}

/// A card to buy with.
#[derive(Debug, Clone, Deserialize)]
pub struct Card {
    /// 16 digits.
    pub card_number: String,
    /// 6 digits.
    pub pin: String,
    /// The issuer.
    pub bank: String,
    /// In rupiah.
    pub balance: i64,
}

/// A bank statement file.
#[derive(Debug, Clone, Deserialize)]
pub struct Statement {
    /// Whose.
    pub bank: String,
    /// As `merchant-cli reconcile --format` takes it.
    pub format: String,
    /// Where it lies.
    pub path: PathBuf,
    /// The settled day, `YYYY-MM-DD`.
    pub business_date: String,
}

impl Demo {
    /// Reads the file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }

    /// A client for the merchant at this place of the list.
    ///
    /// # Panics
    /// When the demo has fewer merchants.
    pub fn merchant(&self, place: usize) -> Merchant {
        let credentials = self.clients.merchant.get(place).expect("the demo has that merchant");
        Merchant::new(&self.base_url, credentials)
    }

    /// A client for this bank.
    ///
    /// # Panics
    /// When the demo has no such bank.
    pub fn bank(&self, name: &str) -> Bank {
        Bank::new(&self.base_url, self.clients.bank.get(name).expect("the demo has that bank"))
    }

    /// A client for the auditor.
    pub fn auditor(&self) -> Auditor {
        Auditor::new(&self.base_url, &self.clients.auditor)
    }

    /// A client for the programme.
    pub fn programme(&self) -> Programme {
        Programme::new(&self.base_url, &self.clients.programme)
    }
}
