//! `demo.json`: what other programs need to know of the demo.

use std::collections::BTreeMap;

use serde::Serialize;

use super::clients::{Login, write_private};
use super::month::MONTHLY;
use super::town::{BANKS, Bank};
use super::{Demo, PERIOD};

/// The most cards that are listed.
const MOST_CARDS: usize = 20_000;

#[derive(Serialize)]
struct File<'a> {
    base_url: &'a str,
    database_url: &'a str,
    keys: &'a str,
    period: &'a str,
    clients: Clients<'a>,
    cards: Vec<CardLine<'a>>,
    statements: Vec<StatementLine<'a>>,
}

#[derive(Serialize)]
struct Clients<'a> {
    merchant: Vec<Client<'a>>,
    bank: BTreeMap<&'a str, Client<'a>>,
    bank_second: BTreeMap<&'a str, Client<'a>>,
    auditor: Client<'a>,
    programme: Client<'a>,
    programme_second: Client<'a>,
}

#[derive(Default, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of OAuth 2.0")]
struct Client<'a> {
    client_id: &'a str,
    client_secret: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terminal_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bank: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<&'a str>,
}

#[derive(Serialize)]
struct CardLine<'a> {
    card_number: &'a str,
    pin: &'a str,
    bank: &'a str,
    balance: i64,
}

#[derive(Serialize)]
struct StatementLine<'a> {
    bank: &'a str,
    format: &'a str,
    path: &'a str,
    business_date: String,
}

/// Writes the file for a service at `base_url`; only its owner may read it.
pub(super) fn write(base_url: &str, demo: &Demo) -> anyhow::Result<()> {
    let Demo { place, town, logins, story } = demo;
    let balance = MONTHLY;
    let keys = place.keys.to_string_lossy();
    let merchants = town.shops.iter().zip(&logins.merchants).map(|(shop, login)| Client {
        merchant_id: Some(&shop.code),
        terminal_id: shop.terminals.first().map(String::as_str),
        bank: Some(shop.bank.code),
        zone: Some("WIB"),
        ..client(login)
    });
    let cards = town.untouched().take(MOST_CARDS).filter_map(|family| {
        let pin = family.card.pin.as_deref()?;
        let (card_number, bank) = (family.card.number.as_str(), family.bank.code);
        Some(CardLine { card_number, pin, bank, balance })
    });
    let statements = story.files.iter().map(|file| StatementLine {
        bank: file.bank,
        format: "csv",
        path: &file.path,
        business_date: file.business_date.to_string(),
    });
    let file = File {
        base_url,
        database_url: place.database_url(),
        keys: &keys,
        period: PERIOD,
        clients: Clients {
            merchant: merchants.collect(),
            bank: of_banks(&logins.banks),
            bank_second: of_banks(&logins.second_banks),
            auditor: client(&logins.auditor),
            programme: client(&logins.programme),
            programme_second: client(&logins.second_programme),
        },
        cards: cards.collect(),
        statements: statements.collect(),
    };
    let mut text = serde_json::to_string(&file)?;
    text.push('\n');
    write_private(&place.file(), &text)
}

/// The banks' clients, by bank.
fn of_banks(logins: &[Login]) -> BTreeMap<&'static str, Client<'_>> {
    let of = |(bank, login): (&'static Bank, _)| {
        (bank.code, Client { bank: Some(bank.code), ..client(login) })
    };
    BANKS.iter().zip(logins).map(of).collect()
}

fn client(login: &Login) -> Client<'_> {
    Client { client_id: &login.client_id, client_secret: &login.secret, ..Client::default() }
}
