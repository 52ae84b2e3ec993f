//! API clients: who may call the service, and as what.

use std::sync::Arc;

use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::{Instant, Zone};
use crate::domain::ids::{AccountId, MerchantId, TerminalId};
use crate::domain::keys::sha256;
use crate::domain::policy::PriceZone;
use crate::domain::role::Role;
use crate::store::clients::{ClientRow, NewClient};
use crate::store::connection::{Connection, Purpose};
use crate::store::{DatabaseUrl, FailureKind, StoreError};

use super::keyfile::{KeysError, random_bytes, to_hex};
use super::ledger::Ledger;

/// A client as it was registered.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its row.
    pub id: i64,
    /// Its name.
    pub client_id: String,
    /// What it acts for, and so what it may do.
    pub scope: Scope,
    /// When it was added.
    pub created_at: Instant,
    /// When its access was withdrawn.
    pub revoked_at: Option<Instant>,
    secret_hash: Vec<u8>,
}

/// What a client acts for.
#[derive(Clone, Debug)]
pub enum Scope {
    /// One terminal of one merchant.
    Merchant(Arc<Shop>),
    /// One bank: its cards, its merchants.
    Bank(BankId, BankCode),
    /// Everything, reading only.
    Auditor,
    /// The programme.
    Programme,
}

impl Scope {
    /// The role that goes with it.
    pub const fn role(&self) -> Role {
        match self {
            Self::Merchant(_) => Role::Merchant,
            Self::Bank(..) => Role::Bank,
            Self::Auditor => Role::Auditor,
            Self::Programme => Role::Programme,
        }
    }
}

/// A terminal with its merchant, as receipts and answers name them.
#[derive(Clone, Debug)]
pub struct Shop {
    /// The merchant's id in the ledger.
    pub merchant: MerchantId,
    /// The merchant's code.
    pub merchant_code: String,
    /// The e-warong's name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Its time zone.
    pub zone: Zone,
    /// Its region of price ceilings.
    pub price_zone: PriceZone,
    /// The terminal's id in the ledger.
    pub terminal: TerminalId,
    /// The terminal's code.
    pub terminal_code: String,
    /// The bank that settles with it.
    pub bank: BankId,
    /// That bank's code.
    pub bank_code: BankCode,
}

/// Why a client can't be added.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The name is in use, if only by a revoked client.
    #[error("there is a client `{0}` already")]
    Taken(String),
    /// A name that can't stand in a header.
    #[error("`{0}` is no client id: 3 to 64 letters, digits, `-`, `_` and `.`")]
    Name(String),
    /// No terminal has this code.
    #[error("there is no terminal `{0}`")]
    NoTerminal(String),
    /// No bank has this code.
    #[error("there is no bank `{0}`")]
    NoBank(String),
    /// No client of this name has access.
    #[error("there is no client `{0}` with access")]
    NoClient(String),
    /// No secret can be made.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The database can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a new client is to act for, by code.
#[derive(Clone, Copy, Debug)]
pub enum NewScope<'a> {
    /// The terminal with this code.
    Merchant(&'a str),
    /// The bank with this code.
    Bank(&'a str),
    /// Everything, reading only.
    Auditor,
    /// The programme.
    Programme,
}

impl NewScope<'_> {
    const fn role(&self) -> Role {
        match self {
            Self::Merchant(_) => Role::Merchant,
            Self::Bank(_) => Role::Bank,
            Self::Auditor => Role::Auditor,
            Self::Programme => Role::Programme,
        }
    }
}

/// Adds clients and gives each its secret, which is kept nowhere: 64 hexadecimal digits. Either all
/// are added or none.
///
/// # Errors
/// [`ClientError`] when a name is taken or what one acts for does not exist.
pub fn add_clients(
    url: &DatabaseUrl,
    clients: &[(&str, NewScope<'_>)],
    now: Instant,
) -> Result<Vec<String>, ClientError> {
    let mut connection = Connection::open(url, Purpose::General)?;
    connection.transaction(|tx| {
        clients.iter().map(|(client_id, scope)| add(tx, client_id, *scope, now)).collect()
    })
}

fn add(
    tx: &mut Connection,
    client_id: &str,
    scope: NewScope<'_>,
    now: Instant,
) -> Result<String, ClientError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !(3..=64).contains(&client_id.len()) || !client_id.bytes().all(plain) {
        return Err(ClientError::Name(client_id.to_owned()));
    }
    let terminal = match scope {
        NewScope::Merchant(code) => Some(
            tx.terminal_by_code(code)?.ok_or_else(|| ClientError::NoTerminal(code.to_owned()))?,
        ),
        NewScope::Bank(_) | NewScope::Auditor | NewScope::Programme => None,
    };
    let bank = match scope {
        NewScope::Bank(code) => {
            Some(tx.bank_by_code(code)?.ok_or_else(|| ClientError::NoBank(code.to_owned()))?)
        }
        NewScope::Merchant(_) | NewScope::Auditor | NewScope::Programme => None,
    };
    let secret = to_hex(&random_bytes::<32>()?);
    let client = NewClient {
        client_id,
        secret_hash: &sha256(&[secret.as_bytes()]),
        role: scope.role().number(),
        bank,
        terminal,
        created_at: now.as_millis(),
    };
    match tx.add_client(&client) {
        Err(error) if error.kind() == FailureKind::Duplicate => {
            Err(ClientError::Taken(client_id.to_owned()))
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(secret),
    }
}

/// All clients, in the order they were added.
///
/// # Errors
/// [`ClientError::Store`] when the database can't be read.
pub fn list_clients(url: &DatabaseUrl) -> Result<Vec<Client>, ClientError> {
    let mut connection = Connection::open(url, Purpose::General)?;
    connection.clients()?.into_iter().map(|row| client(row).map_err(ClientError::from)).collect()
}

/// Withdraws a client's access for good; what it did stays.
///
/// # Errors
/// [`ClientError::NoClient`] when no such client has access.
pub fn revoke_client(url: &DatabaseUrl, client_id: &str, now: Instant) -> Result<(), ClientError> {
    let mut connection = Connection::open(url, Purpose::General)?;
    let revoked = connection.transaction(|tx| tx.revoke_client(client_id, now.as_millis()))?;
    if revoked { Ok(()) } else { Err(ClientError::NoClient(client_id.to_owned())) }
}

impl Ledger {
    /// The client with this name, if its access stands.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't be read.
    pub fn client(&self, client_id: &str) -> Result<Option<Client>, StoreError> {
        let row = self.shared.read(|connection| connection.client(client_id))?;
        let client = row.map(client).transpose()?;
        Ok(client.filter(|client| client.revoked_at.is_none()))
    }
}

/// The client's access was withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum NoAccess {
    /// It was.
    #[error("the client's access was withdrawn")]
    Revoked,
    /// The database can't tell.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Ledger {
    /// Refuses a client whose access was withdrawn since its token was issued.
    ///
    /// # Errors
    /// [`NoAccess`].
    pub fn require_standing(&self, client: i64) -> Result<(), NoAccess> {
        let stands = self.shared.read(|connection| connection.client_stands(client))?;
        if stands { Ok(()) } else { Err(NoAccess::Revoked) }
    }
}

impl Client {
    /// Whether `secret` is this client's; without a client it takes just as long. A
    /// secret has 256 random bits, so a plain hash keeps it.
    pub fn is_secret_of(client: Option<&Self>, secret: &str) -> bool {
        // Hashes are compared, not secrets: how far they agree reveals nothing about the secret.
        let hash = sha256(&[secret.as_bytes()]);
        client.is_some_and(|client| client.secret_hash == hash)
    }
}

fn client(row: ClientRow) -> Result<Client, StoreError> {
    let ((id, client_id, secret_hash, role, created_at, revoked_at), terminal, merchant, bank) =
        row;
    let corrupt = |what: &str| StoreError::corrupt(format!("client {id}: {what}"));
    let bank = match bank {
        (Some(number), Some(code)) => Some((
            BankId(number),
            code.parse().map_err(|_unreadable| corrupt("its bank's code is no code"))?,
        )),
        _ => None,
    };
    let role = Role::from_number(role).ok_or_else(|| corrupt("its role is unknown"))?;
    let scope = match (role, terminal, merchant, bank) {
        (
            Role::Merchant,
            (Some(terminal), Some(terminal_code)),
            (
                Some(merchant),
                Some(merchant_code),
                Some(name),
                Some(address),
                Some(zone),
                Some(price),
            ),
            Some((bank, bank_code)),
        ) => Scope::Merchant(Arc::new(Shop {
            merchant: AccountId(merchant),
            merchant_code,
            name,
            address,
            zone: Zone::from_hours(zone)
                .map_err(|_unreadable| corrupt("its merchant's zone is unknown"))?,
            price_zone: PriceZone(price),
            terminal: TerminalId(terminal),
            terminal_code,
            bank,
            bank_code,
        })),
        (Role::Bank, _, _, Some((bank, code))) => Scope::Bank(bank, code),
        (Role::Auditor, ..) => Scope::Auditor,
        (Role::Programme, ..) => Scope::Programme,
        _ => return Err(corrupt("what it acts for is not there")),
    };
    Ok(Client {
        id,
        client_id,
        scope,
        created_at: Instant::from_millis(created_at),
        revoked_at: revoked_at.map(Instant::from_millis),
        secret_hash,
    })
}
