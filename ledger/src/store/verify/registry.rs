//! The registry's references, the append-only guards, and the state of the database's file.

use diesel::RunQueryDsl;
use diesel::sql_types::{BigInt, Text};

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

/// What the migrations guard against change.
const APPEND_ONLY: [&str; 29] = [
    "transfers",
    "redemptions",
    "reversals",
    "credits",
    "fundings",
    "funding_returns",
    "credit_reversals",
    "idempotency_records",
    "batch_leaves",
    "attempt_log",
    "account_log",
    "log_sizes",
    "rollups",
    "account_rollups",
    "wallet_rollups",
    "settlements",
    "settlement_issuers",
    "card_changes",
    "bank_files",
    "bank_file_parts",
    "reconciliation_events",
    "settlement_payments",
    "settlement_postings",
    "fee_postings",
    "exception_events",
    "recording_counts",
    "bank_file_statements",
    "bank_file_rows",
    "early_closes",
];

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
    MerchantAccount: "merchants {}: it has no account of its kind",
        "SELECT m.id FROM merchants m LEFT JOIN accounts a ON a.id = m.id AND a.kind = 4
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
    CardWallet: "cards {}: its wallet is not there",
        "SELECT c.id FROM cards c LEFT JOIN wallets w ON w.id = c.wallet_id
         WHERE w.id IS NULL ORDER BY c.id LIMIT 1";
    NumberCard: "card_numbers of card {}: the card is not there",
        "SELECT n.card_id FROM card_numbers n
         LEFT JOIN cards c ON c.wallet_id = n.wallet_id AND c.id = n.card_id
         WHERE c.id IS NULL ORDER BY n.card_id LIMIT 1";
    TerminalMerchant: "terminals {}: its merchant is not there",
        "SELECT t.id FROM terminals t LEFT JOIN merchants m ON m.id = t.merchant_id
         WHERE m.id IS NULL ORDER BY t.id LIMIT 1";
}

statement! {
    both CountAccounts {} -> BigInt;
    "SELECT COUNT(*) FROM accounts"
}

statement! {
    sqlite SqliteTriggers {} -> (Text, Text);
    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
}

statement! {
    /// Triggers before every statement that updates, deletes or truncates (2 + 8 + 16 + 32),
    /// switched on, that run the migrations' function.
    postgres PostgresTriggers {} -> Text;
    "SELECT CAST(t.tgname AS TEXT) FROM pg_trigger t
     JOIN pg_proc p ON p.oid = t.tgfoid
     JOIN pg_class c ON c.oid = t.tgrelid
     WHERE t.tgtype = 58 AND t.tgenabled IN ('O', 'A') AND p.proname = 'refuse_change'
        AND CAST(t.tgname AS TEXT) = CAST(c.relname AS TEXT) || '_append_only'
        AND pg_table_is_visible(c.oid)"
}

statement! {
    sqlite IntegrityCheck {} -> Text;
    "PRAGMA integrity_check(1)"
}

/// A guard that has to be there, and whether it is.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) name: String,
    pub(crate) stands: bool,
}

impl Connection {
    /// How many accounts there are.
    pub(crate) fn count_accounts(&mut self) -> Result<i64, StoreError> {
        self.first(CountAccounts {}).map(Option::unwrap_or_default)
    }

    /// Every guard that the migrations set up.
    pub(crate) fn guards(&mut self) -> Result<Vec<Guard>, StoreError> {
        let mut guards = Vec::new();
        match self {
            Self::Sqlite(sqlite) => {
                let found: Vec<(String, String)> = SqliteTriggers {}.load(sqlite)?;
                for (table, verb) in
                    APPEND_ONLY.iter().flat_map(|table| [(table, "update"), (table, "delete")])
                {
                    let name = format!("{table}_no_{verb}");
                    let when = format!(
                        "BEFORE {} ON {table} BEGIN SELECT RAISE(ABORT",
                        verb.to_uppercase()
                    );
                    let stands =
                        found.iter().any(|(found, text)| *found == name && text.contains(&when));
                    guards.push(Guard { name, stands });
                }
            }
            Self::Postgres(postgres) => {
                let found: Vec<String> = PostgresTriggers {}.load(postgres)?;
                for table in APPEND_ONLY {
                    let name = format!("{table}_append_only");
                    let stands = found.contains(&name);
                    guards.push(Guard { name, stands });
                }
            }
        }
        Ok(guards)
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
