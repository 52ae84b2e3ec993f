//! Accounts on the wire: their names, what moved on them, the trial balance.

use ledger::domain::account::AccountKind;
use ledger::domain::ids::RowId;
use ledger::domain::keys::Keys;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{AccountBalance, AccountName, TrialBalance, TrialLine};
use serde::Serialize;

/// An account's name: `holding:bri`, `payable:EW-1571-0001`, `wallet:wlt_...`, `wallets:bri`, or
/// `wallet` where the reader may not tell one from another.
pub(crate) fn name(keys: &Keys, account: &AccountName) -> String {
    match account {
        AccountName::Bank(kind, bank) => format!("{}:{bank}", kind.as_str()),
        AccountName::Wallet(wallet) => {
            let id = public_id::encode(keys, IdKind::Wallet, RowId(wallet.0), *wallet);
            format!("{}:{id}", AccountKind::Wallet.as_str())
        }
        AccountName::HiddenWallet => AccountKind::Wallet.as_str().to_owned(),
        AccountName::Wallets(bank) => format!("wallets:{bank}"),
        AccountName::Payable(merchant) => {
            format!("{}:{merchant}", AccountKind::Payable.as_str())
        }
    }
}

/// The account of this name; `None` when nothing can be called so.
pub(crate) fn named(keys: &Keys, text: &str) -> Option<AccountName> {
    let (kind, rest) = text.split_once(':')?;
    let kind = AccountKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    match kind {
        AccountKind::Wallet => {
            let (id, wallet) = public_id::decode(keys, IdKind::Wallet, rest)?;
            (id.0 == wallet.0).then_some(AccountName::Wallet(wallet))
        }
        AccountKind::Payable => rest.parse().ok().map(AccountName::Payable),
        AccountKind::Holding
        | AccountKind::Unallocated
        | AccountKind::Suspense
        | AccountKind::Fees => rest.parse().ok().map(|bank| AccountName::Bank(kind, bank)),
    }
}

/// An account: what moved and what is left.
#[derive(Serialize)]
pub(crate) struct AccountAnswer {
    account: String,
    kind: &'static str,
    bank: String,
    debit: i64,
    credit: i64,
    balance: i64,
    as_of: String,
}

impl AccountAnswer {
    pub(crate) fn of(keys: &Keys, account: &AccountName, balance: &AccountBalance) -> Self {
        Self {
            account: name(keys, account),
            kind: balance.kind.as_str(),
            bank: balance.bank.to_string(),
            debit: balance.debit,
            credit: balance.credit,
            balance: balance.balance,
            as_of: balance.as_of.rfc3339(),
        }
    }
}

/// The trial balance.
#[derive(Serialize)]
pub(crate) struct TrialBalanceAnswer {
    as_of: String,
    log_size: i64,
    accounts: Vec<LineAnswer>,
    debit: i64,
    credit: i64,
}

#[derive(Serialize)]
struct LineAnswer {
    account: String,
    kind: &'static str,
    debit: i64,
    credit: i64,
    balance: i64,
}

impl TrialBalanceAnswer {
    pub(crate) fn of(keys: &Keys, trial: &TrialBalance) -> Self {
        let line = |line: &TrialLine| LineAnswer {
            account: name(keys, &line.account),
            kind: line.kind.as_str(),
            debit: line.debit,
            credit: line.credit,
            balance: line.balance,
        };
        Self {
            as_of: trial.as_of.rfc3339(),
            log_size: trial.log_size,
            accounts: trial.lines.iter().map(line).collect(),
            debit: trial.debit,
            credit: trial.credit,
        }
    }
}

#[cfg(test)]
mod tests {
    use ledger::domain::ids::AccountId;

    use super::*;

    #[test]
    fn a_name_leads_back_to_its_account() {
        let keys = Keys::derive(&[5; 32]);
        let wallet = name(&keys, &AccountName::Wallet(AccountId(224_395_067_391_000_777)));
        for text in ["holding:bri", "unallocated:btn", "suspense:bni", "fees:bri", "payable:EW-1"] {
            let account = named(&keys, text).unwrap();
            assert_eq!(name(&keys, &account), text);
        }
        assert!(wallet.starts_with("wallet:wlt_"));
        assert_eq!(name(&keys, &named(&keys, &wallet).unwrap()), wallet);
        for text in ["", "holding", "holding:", "wallet:1", "wallets:bri", "payable:a", "x:bri"] {
            assert_eq!(named(&keys, text), None, "{text}");
        }
        let redemption = wallet.replace("wlt_", "rdm_");
        assert_eq!(named(&keys, &redemption), None);
    }
}
