//! API clients.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Binary, Nullable, SmallInt, Text};

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

/// The columns of a client: its own, its terminal's, its merchant's, its bank's.
type ClientSql = (
    (BigInt, Text, Binary, SmallInt, BigInt, Nullable<BigInt>),
    (Nullable<BigInt>, Nullable<Text>),
    (
        Nullable<BigInt>,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<SmallInt>,
        Nullable<SmallInt>,
    ),
    (Nullable<SmallInt>, Nullable<Text>),
);

/// A client as the driver reads it.
pub(crate) type ClientRow = (
    (i64, String, Vec<u8>, i16, i64, Option<i64>),
    (Option<i64>, Option<String>),
    (Option<i64>, Option<String>, Option<String>, Option<String>, Option<i16>, Option<i16>),
    (Option<i16>, Option<String>),
);

macro_rules! client_columns {
    () => {
        "SELECT c.id, c.client_id, c.secret_hash, c.role, c.created_at, c.revoked_at,
                t.id, t.code, m.id, m.code, m.name, m.address, m.zone, m.price_zone, b.id, b.code
         FROM clients c
         LEFT JOIN terminals t ON t.id = c.terminal_id
         LEFT JOIN merchants m ON m.id = t.merchant_id
         LEFT JOIN banks b ON b.id = COALESCE(c.bank_id, m.bank_id) "
    };
}

statement! {
    postgres LockClient { client: i64 } -> BigInt;
    "SELECT id FROM clients WHERE id = " [client: BigInt] " FOR NO KEY UPDATE"
}

statement! {
    both ClientByName<'a> { client_id: &'a str } -> ClientSql;
    (client_columns!()) "WHERE c.client_id = " [client_id: Text]
}

statement! {
    both AllClients {} -> ClientSql;
    (client_columns!()) "ORDER BY c.id"
}

statement! {
    both RevokedAt { client: i64 } -> Nullable<BigInt>;
    "SELECT revoked_at FROM clients WHERE id = " [client: BigInt]
}

statement! {
    both NextClient {} -> BigInt;
    "SELECT COALESCE(MAX(id), 0) + 1 FROM clients"
}

statement! {
    both TerminalByCode<'a> { code: &'a str } -> BigInt;
    "SELECT id FROM terminals WHERE code = " [code: Text]
}

statement! {
    both BankByCode<'a> { code: &'a str } -> SmallInt;
    "SELECT id FROM banks WHERE code = " [code: Text]
}

statement! {
    both AllBanks {} -> (SmallInt, Text);
    "SELECT id, code FROM banks ORDER BY id"
}

statement! {
    both InsertClient<'a> {
        id: i64, client_id: &'a str, secret_hash: &'a [u8], role: i16, bank: Option<i16>,
        terminal: Option<i64>, created_at: i64,
    };
    "INSERT INTO clients (id, client_id, secret_hash, role, bank_id, terminal_id, created_at) VALUES ("
    [id: BigInt] ", " [client_id: Text] ", " [secret_hash: Binary] ", " [role: SmallInt] ", "
    [bank: Nullable<SmallInt>] ", " [terminal: Nullable<BigInt>] ", " [created_at: BigInt] ")"
}

statement! {
    both RevokeClient<'a> { now: i64, client_id: &'a str };
    "UPDATE clients SET revoked_at = " [now: BigInt] " WHERE client_id = " [client_id: Text]
    " AND revoked_at IS NULL"
}

/// A client to be written.
#[derive(Debug)]
pub(crate) struct NewClient<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) secret_hash: &'a [u8],
    pub(crate) role: i16,
    pub(crate) bank: Option<i16>,
    pub(crate) terminal: Option<i64>,
    pub(crate) created_at: i64,
}

impl Connection {
    /// The client with this name, revoked or not.
    pub(crate) fn client(&mut self, client_id: &str) -> Result<Option<ClientRow>, StoreError> {
        self.first(ClientByName { client_id })
    }

    /// All clients, in the order they were added.
    pub(crate) fn clients(&mut self) -> Result<Vec<ClientRow>, StoreError> {
        self.load(AllClients {})
    }

    /// Whether the client's access still stands.
    pub(crate) fn client_stands(&mut self, client: i64) -> Result<bool, StoreError> {
        Ok(self.first::<_, Option<i64>>(RevokedAt { client })? == Some(None))
    }

    /// Has others that want to lock the same client wait until the transaction ends; `SQLite` has one
    /// writer anyway.
    pub(crate) fn lock_client(&mut self, client: i64) -> Result<(), StoreError> {
        if let Self::Postgres(postgres) = self {
            LockClient { client }.load::<i64>(postgres)?;
        }
        Ok(())
    }

    /// The terminal with this code.
    pub(crate) fn terminal_by_code(&mut self, code: &str) -> Result<Option<i64>, StoreError> {
        self.first(TerminalByCode { code })
    }

    /// The bank with this code.
    pub(crate) fn bank_by_code(&mut self, code: &str) -> Result<Option<i16>, StoreError> {
        self.first(BankByCode { code })
    }

    /// Every bank's number and code.
    pub(crate) fn bank_codes(&mut self) -> Result<Vec<(i16, String)>, StoreError> {
        self.load(AllBanks {})
    }

    /// Adds a client.
    pub(crate) fn add_client(&mut self, client: &NewClient<'_>) -> Result<(), StoreError> {
        let id = self.first(NextClient {})?.unwrap_or(1);
        let NewClient { client_id, secret_hash, role, bank, terminal, created_at } = *client;
        let statement =
            InsertClient { id, client_id, secret_hash, role, bank, terminal, created_at };
        self.execute(statement).map(|_| ())
    }

    /// Withdraws a client's access; `false` when there is none with this name, or it has none.
    pub(crate) fn revoke_client(&mut self, client_id: &str, now: i64) -> Result<bool, StoreError> {
        Ok(self.execute(RevokeClient { now, client_id })? == 1)
    }
}
