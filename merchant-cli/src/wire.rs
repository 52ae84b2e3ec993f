//! What the server answers, as far as it is shown.
//!
//! Fields that a refused sale or another role's answer lacks are optional; unknown ones are left
//! alone, so that a newer server is understood.

use ledger::domain::money::Rupiah;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A page of a list; the rows are kept as the server wrote them.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    pub(crate) data: Vec<Box<RawValue>>,
    pub(crate) next_cursor: Option<String>,
}

/// The answer of the token endpoint.
#[derive(Debug, Deserialize)]
pub(crate) struct Token {
    pub(crate) access_token: String,
}

/// Who this client is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Me {
    pub(crate) client_id: String,
    pub(crate) role: String,
    pub(crate) merchant_id: Option<String>,
    pub(crate) merchant_name: Option<String>,
    pub(crate) terminal_id: Option<String>,
    pub(crate) bank: Option<String>,
    /// The account that its statements are of, where it is registered.
    pub(crate) account_number: Option<String>,
    pub(crate) zone: Option<String>,
    pub(crate) address: Option<String>,
}

/// A sale, approved, refused or reversed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Redemption {
    pub(crate) id: String,
    #[serde(deserialize_with = "status")]
    pub(crate) status: String,
    pub(crate) amount: Option<i64>,
    pub(crate) balance_before: Option<i64>,
    pub(crate) balance_after: Option<i64>,
    pub(crate) items: Vec<RedemptionItem>,
    pub(crate) rrn: Option<String>,
    pub(crate) approval_code: Option<String>,
    pub(crate) card: Option<String>,
    pub(crate) bank: Option<String>,
    pub(crate) acquirer: Option<String>,
    pub(crate) merchant_id: Option<String>,
    pub(crate) terminal_id: Option<String>,
    pub(crate) created_at: String,
    /// Why it was refused.
    pub(crate) code: Option<String>,
}

/// A sale's status. A refused one is the problem it was answered with, whose status is HTTP's.
fn status<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Status {
        Named(String),
        Http(serde::de::IgnoredAny),
    }
    Status::deserialize(deserializer).map(|status| match status {
        Status::Named(name) => name,
        Status::Http(_) => "refused".to_owned(),
    })
}

fn or_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::<String>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A line of a sale.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RedemptionItem {
    pub(crate) commodity: String,
    pub(crate) grade: Option<String>,
    pub(crate) quantity: String,
    pub(crate) unit: String,
    pub(crate) unit_price: i64,
    pub(crate) amount: Option<i64>,
}

/// A card's balance.
#[derive(Debug, Deserialize)]
pub(crate) struct Inquiry {
    pub(crate) balance: i64,
    pub(crate) card: String,
    pub(crate) as_of: String,
}

/// A merchant's settlement of a business day at its acquirer.
#[derive(Debug, Deserialize)]
pub(crate) struct Settlement {
    /// Empty while the day is open.
    #[serde(deserialize_with = "or_empty")]
    pub(crate) id: String,
    pub(crate) bank: String,
    pub(crate) merchant_id: String,
    #[serde(default)]
    pub(crate) merchant_name: String,
    pub(crate) business_date: String,
    pub(crate) state: String,
    pub(crate) reference: Option<String>,
    pub(crate) redemptions: i64,
    pub(crate) reversals: i64,
    pub(crate) gross: i64,
    pub(crate) reversed: i64,
    pub(crate) net: i64,
    /// What of the net pays what the merchant owes of the days before.
    #[serde(default)]
    pub(crate) set_off: i64,
    /// What the bank has to pay.
    pub(crate) due: i64,
    /// Whether the bank has paid it.
    #[serde(default)]
    pub(crate) paid: bool,
    /// Days from the business date to the payment.
    #[serde(default, rename = "settlement_lag")]
    pub(crate) paid_after_days: Option<u8>,
}

/// An error as `application/problem+json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    pub(crate) title: String,
    pub(crate) detail: String,
    pub(crate) code: String,
    pub(crate) pesan: String,
    pub(crate) request_id: String,
    pub(crate) errors: Vec<ProblemError>,
}

/// One finding of a problem.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProblemError {
    pub(crate) pointer: String,
    pub(crate) detail: String,
}

/// An amount as people write it, below zero too: `-Rp55.000`.
pub(crate) fn rupiah(amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let size = i64::try_from(amount.unsigned_abs()).ok().and_then(|size| Rupiah::new(size).ok());
    size.map_or_else(|| amount.to_string(), |size| format!("{sign}{size}"))
}
