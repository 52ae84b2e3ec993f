//! The registry's references, and the state of the database's file.

use diesel::RunQueryDsl;
use diesel::sql_types::{BigInt, Text};

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

rules! {
    /// The rules of the registry and, for each, the first row that breaks it.
    broken_references;
    WalletAccount: "wallets {}: it has no account of its kind at its bank",
        "SELECT w.id FROM wallets w
         LEFT JOIN accounts a ON a.id = w.id AND a.kind = 3 AND a.bank_id = w.bank_id
         WHERE a.id IS NULL ORDER BY w.id LIMIT 1";
    WalletHousehold: "wallets {}: its household is not there",
        "SELECT w.id FROM wallets w LEFT JOIN households h ON h.id = w.household_id
         WHERE h.id IS NULL ORDER BY w.id LIMIT 1";
    WalletPseudonym: "wallets {}: its pseudonym is not 16 bytes",
        "SELECT id FROM wallets WHERE length(pseudonym) <> 16 ORDER BY id LIMIT 1";
    AccountWallet: "accounts {}: a wallet's account without its wallet",
        "SELECT a.id FROM accounts a LEFT JOIN wallets w ON w.id = a.id
         WHERE a.kind = 3 AND w.id IS NULL ORDER BY a.id LIMIT 1";
    WalletState: "wallets {}: it is not open, and nothing freezes or closes a wallet",
        "SELECT id FROM wallets WHERE state <> 1 ORDER BY id LIMIT 1";
    HouseholdWallet: "households {}: it has no wallet, or was registered at another time",
        "SELECT h.id FROM households h
         LEFT JOIN (SELECT household_id, MIN(opened_at) AS opened_at FROM wallets
            GROUP BY household_id) w ON w.household_id = h.id
         WHERE w.opened_at IS NULL OR w.opened_at <> h.registered_at ORDER BY h.id LIMIT 1";
    MerchantAccount: "merchants {}: it has no account of its kind at its bank",
        "SELECT m.id FROM merchants m
         LEFT JOIN accounts a ON a.id = m.id AND a.kind = 4 AND a.bank_id = m.bank_id
         WHERE a.id IS NULL ORDER BY m.id LIMIT 1";
    AccountMerchant: "accounts {}: a merchant's account without its merchant",
        "SELECT a.id FROM accounts a LEFT JOIN merchants m ON m.id = a.id
         WHERE a.kind = 4 AND m.id IS NULL ORDER BY a.id LIMIT 1";
    BankAccounts: "banks {}: one of its four accounts is missing, another's or of another kind",
        "SELECT CAST(b.id AS BIGINT) FROM banks b
         LEFT JOIN accounts h ON h.id = b.holding_account AND h.kind = 1 AND h.bank_id = b.id
         LEFT JOIN accounts u ON u.id = b.unallocated_account AND u.kind = 2 AND u.bank_id = b.id
         LEFT JOIN accounts s ON s.id = b.suspense_account AND s.kind = 5 AND s.bank_id = b.id
         LEFT JOIN accounts f ON f.id = b.fees_account AND f.kind = 6 AND f.bank_id = b.id
         WHERE h.id IS NULL OR u.id IS NULL OR s.id IS NULL OR f.id IS NULL
         ORDER BY b.id LIMIT 1";
    AccountBank: "accounts {}: its bank is not there",
        "SELECT a.id FROM accounts a LEFT JOIN banks b ON b.id = a.bank_id
         WHERE b.id IS NULL ORDER BY a.id LIMIT 1";
    AccountOfNobody: "accounts {}: a bank's account that its bank does not name",
        "SELECT a.id FROM accounts a LEFT JOIN banks b ON b.id = a.bank_id AND a.id IN
            (b.holding_account, b.unallocated_account, b.suspense_account, b.fees_account)
         WHERE a.kind NOT IN (3, 4) AND b.id IS NULL ORDER BY a.id LIMIT 1";
    BankWithoutFunds: "banks {}: its row of funds is missing",
        "SELECT CAST(b.id AS BIGINT) FROM banks b LEFT JOIN bank_funds f ON f.bank_id = b.id
         WHERE f.bank_id IS NULL ORDER BY b.id LIMIT 1";
    CardWallet: "cards {}: its wallet is not there",
        "SELECT c.id FROM cards c LEFT JOIN wallets w ON w.id = c.wallet_id
         WHERE w.id IS NULL ORDER BY c.id LIMIT 1";
    NumberCard: "card_numbers of card {}: the card is not there",
        "SELECT n.card_id FROM card_numbers n
         LEFT JOIN cards c ON c.wallet_id = n.wallet_id AND c.id = n.card_id
         WHERE c.id IS NULL ORDER BY n.card_id LIMIT 1";
    CardNumberOnce: "cards {}: it has no number, or two",
        "SELECT c.id FROM cards c
         LEFT JOIN card_numbers n ON n.wallet_id = c.wallet_id AND n.card_id = c.id
         GROUP BY c.id, c.wallet_id HAVING COUNT(n.number_hash) <> 1 ORDER BY c.id LIMIT 1";
    CardPin: "cards {}: its PIN is not whole, or of keys that are not recorded",
        "SELECT c.id FROM cards c LEFT JOIN key_records k ON k.version = c.pin_key_version
         WHERE NOT (c.pin_key_version IS NULL AND c.pin_tag IS NULL AND c.pin_salt IS NULL)
            AND (k.version IS NULL OR c.pin_tag IS NULL OR c.pin_salt IS NULL
                OR length(c.pin_tag) <> 32 OR length(c.pin_salt) <> 16)
         ORDER BY c.id LIMIT 1";
    CardTries: "cards {}: its tries and its state do not go together",
        "SELECT id FROM cards
         WHERE (state = 4 AND pin_tries <> 3) OR (state = 3 AND pin_tries = 3)
         ORDER BY id LIMIT 1";
    CardChangeClient: "card_changes {}: its client does not act for the wallet's bank",
        "SELECT v.id FROM card_changes v
         LEFT JOIN wallets w ON w.id = v.wallet_id
         LEFT JOIN clients c ON c.id = v.client_id AND c.bank_id = w.bank_id
         WHERE c.id IS NULL ORDER BY v.id LIMIT 1";
    LogHeadOnce: "log_head {}: there is one head, and this is another",
        "SELECT CAST(id AS BIGINT) FROM log_head WHERE id <> 1 ORDER BY id LIMIT 1";
    RegistryHeadOnce: "registry_head {}: there is one head, and this is another",
        "SELECT CAST(id AS BIGINT) FROM registry_head WHERE id <> 1 ORDER BY id LIMIT 1";
    TerminalMerchant: "terminals {}: its merchant is not there",
        "SELECT t.id FROM terminals t LEFT JOIN merchants m ON m.id = t.merchant_id
         WHERE m.id IS NULL ORDER BY t.id LIMIT 1";
}

statement! {
    both CountAccounts {} -> BigInt;
    "SELECT COUNT(*) FROM accounts"
}

statement! {
    sqlite IntegrityCheck {} -> Text;
    "PRAGMA integrity_check(1)"
}

impl Connection {
    /// How many accounts there are.
    pub(crate) fn count_accounts(&mut self) -> Result<i64, StoreError> {
        self.first(CountAccounts {}).map(Option::unwrap_or_default)
    }

    /// What the database's own check of its file finds first; `None` where it finds nothing, and
    /// on `PostgreSQL`, which has none that any user may run.
    pub(crate) fn damage(&mut self) -> Result<Option<String>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => {
                let found: Vec<String> = IntegrityCheck {}.load(sqlite)?;
                Ok(found.into_iter().find(|line| line != "ok"))
            }
            Self::Postgres(_) => Ok(None),
        }
    }
}
