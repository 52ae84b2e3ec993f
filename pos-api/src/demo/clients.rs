//! The demo's API clients, and where their secrets are left.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use ledger::domain::calendar::Instant;
use ledger::service::{DatabaseUrl, NewScope, add_clients};

use super::town::{BANKS, Bank, Town};

/// A client's name and secret.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) client_id: String,
    pub(super) secret: String,
}

/// Everyone who may call the API.
#[derive(Debug)]
pub(super) struct Logins {
    /// One for each shop, in the order of shops.
    pub(super) merchants: Vec<Login>,
    /// One for each bank, in the order of banks, and a second one.
    pub(super) banks: Vec<Login>,
    pub(super) second_banks: Vec<Login>,
    pub(super) auditor: Login,
    /// Two clients, as large sums need both.
    pub(super) programme: Login,
    pub(super) second_programme: Login,
    /// The one of a second terminal, which is suspended.
    pub(super) second: Login,
}

/// The client of a shop's first terminal.
pub(super) fn merchant_client(code: &str) -> String {
    code.to_ascii_lowercase()
}

/// The client of a shop's second terminal.
pub(super) fn second_client(code: &str) -> String {
    format!("{}-2", merchant_client(code))
}

/// The client of a bank.
pub(super) fn bank_client(code: &str) -> String {
    format!("bank-{code}")
}

/// A client of a bank that agrees to what the first one wants.
fn second_bank_client(code: &str) -> String {
    format!("bank-{code}-second")
}

pub(super) const AUDITOR: &str = "auditor";
pub(super) const PROGRAMME: &str = "programme";
pub(super) const SECOND_PROGRAMME: &str = "programme-second";

/// Adds all clients.
pub(super) fn add(url: &DatabaseUrl, town: &Town, now: Instant) -> anyhow::Result<Logins> {
    let mut clients: Vec<(String, NewScope<'_>)> = Vec::new();
    for shop in &town.shops {
        let terminal = shop.terminals.first().context("every shop has a terminal")?;
        clients.push((merchant_client(&shop.code), NewScope::Merchant(terminal)));
    }
    clients.extend(BANKS.iter().map(|bank| (bank_client(bank.code), NewScope::Bank(bank.code))));
    clients.push((AUDITOR.to_owned(), NewScope::Auditor));
    clients.push((PROGRAMME.to_owned(), NewScope::Programme));
    clients.push((SECOND_PROGRAMME.to_owned(), NewScope::Programme));
    let second = |bank: &Bank| (second_bank_client(bank.code), NewScope::Bank(bank.code));
    clients.extend(BANKS.iter().map(second));
    let (shop, terminal) = town.second_terminal().context("a shop has a second terminal")?;
    clients.push((second_client(&shop.code), NewScope::Merchant(terminal)));
    let new: Vec<(&str, NewScope<'_>)> =
        clients.iter().map(|(client_id, scope)| (client_id.as_str(), *scope)).collect();
    let secrets = add_clients(url, &new, now)?;
    let mut logins = clients
        .into_iter()
        .zip(secrets)
        .map(|((client_id, _), secret)| Login { client_id, secret });
    let merchants = logins.by_ref().take(town.shops.len()).collect();
    let banks = logins.by_ref().take(BANKS.len()).collect();
    let missing = "every client has a secret";
    let auditor = logins.next().context(missing)?;
    let programme = logins.next().context(missing)?;
    let second_programme = logins.next().context(missing)?;
    let second_banks = logins.by_ref().take(BANKS.len()).collect();
    let second = logins.next().context(missing)?;
    Ok(Logins { merchants, banks, second_banks, auditor, programme, second_programme, second })
}

impl Logins {
    /// Writes each secret to a file of the client's name, for `--secret-file`.
    pub(super) fn write_secrets(&self, folder: &Path) -> anyhow::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let others = [&self.auditor, &self.programme, &self.second_programme, &self.second];
        let banks = self.banks.iter().chain(&self.second_banks);
        for login in self.merchants.iter().chain(banks).chain(others) {
            write_private(&folder.join(&login.client_id), &login.secret)?;
        }
        Ok(())
    }
}

/// Writes a file that only its owner may read.
pub(super) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file =
        options.open(path).with_context(|| format!("can't write `{}`", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(())
}
