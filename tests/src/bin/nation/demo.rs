//! `demo.json`: who may call the API, and cards to buy with, as `pos-api demo` writes it.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use ledger::domain::calendar::Period;
use serde_json::{Map, Value, json};

use crate::office::{Login, Logins, Office, Shop};
use crate::people::{BANKS, Nation, Purpose};

/// The rest of a file, beside the families.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    pub(crate) base_url: &'a str,
    pub(crate) database_url: &'a str,
    pub(crate) office: &'a Office,
    pub(crate) period: Period,
    pub(crate) shops: &'a [Shop],
    pub(crate) logins: &'a Logins,
    /// Rupiah on each card.
    pub(crate) balance: i64,
}

/// Writes the file with at most `cards` cards, spread evenly over all families; only its owner may read
/// it.
pub(crate) fn write(
    path: &Path,
    told: &Told<'_>,
    nation: &Nation,
    cards: u64,
) -> anyhow::Result<()> {
    let merchants = told.shops.iter().zip(&told.logins.merchants).map(|(shop, login)| {
        let mut client = client(login);
        client.insert("merchant_id".to_owned(), json!(shop.code));
        client.insert("terminal_id".to_owned(), json!(shop.terminal));
        client.insert("bank".to_owned(), json!(shop.bank));
        client.insert("zone".to_owned(), json!("WIB"));
        client
    });
    let banks = BANKS.iter().zip(&told.logins.banks).map(|(bank, login)| {
        let mut client = client(login);
        client.insert("bank".to_owned(), json!(bank.code));
        (bank.code.to_owned(), Value::Object(client))
    });
    let listed = nation.families.min(cards);
    let cards =
        (0..listed).map(|nth| card(nation, spread(nth, listed, nation.families), told.balance));
    let file = json!({
        "base_url": told.base_url,
        "database_url": told.database_url,
        "keys": std::path::absolute(&told.office.keys)?,
        "period": told.period.to_string(),
        "clients": {
            "merchant": merchants.collect::<Vec<_>>(),
            "bank": banks.collect::<Map<String, Value>>(),
            "auditor": client(&told.logins.auditor),
            "programme": client(&told.logins.programme),
        },
        "cards": cards.collect::<anyhow::Result<Vec<_>>>()?,
        "statements": [],
    });
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let open = options.open(path).with_context(|| format!("can't write `{}`", path.display()))?;
    let mut out = BufWriter::new(open);
    serde_json::to_writer(&mut out, &file)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// The place, of `all`, of the `nth` of `listed`.
fn spread(nth: u64, listed: u64, all: u64) -> u64 {
    let place = u128::from(nth).saturating_mul(u128::from(all)).checked_div(u128::from(listed));
    place.and_then(|place| u64::try_from(place).ok()).unwrap_or(0)
}

fn card(nation: &Nation, place: u64, balance: i64) -> anyhow::Result<Value> {
    let number = nation.number(place)?;
    let pin = nation.pin(place, &number)?;
    let (_, bank) = nation.bank(Purpose::Bank, place);
    Ok(json!({
        "card_number": std::str::from_utf8(number.digits())?,
        "pin": std::str::from_utf8(pin.digits())?,
        "bank": bank.code,
        "balance": balance,
    }))
}

fn client(login: &Login) -> Map<String, Value> {
    [("client_id", &login.client_id), ("client_secret", &login.secret)]
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .into_iter()
        .collect()
}
