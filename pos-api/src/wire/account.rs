//! Accounts on the wire: their names, what moved on them, the trial balance.

use ledger::domain::account::AccountKind;
use ledger::domain::ids::RowId;
use ledger::domain::keys::Keys;
use ledger::domain::public_id::{self, IdKind, Letters};
use ledger::service::{AccountBalance, AccountName, AsOf, TrialBalance, TrialLine};
use serde::{Deserialize, Serialize};

use super::invalid;
use crate::problem::Problem;

/// The query of what is asked as of a state of the ledger.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AsOfParams {
    as_of: Option<String>,
}

impl AsOfParams {
    /// The state that is asked for: a size of the log, or a time.
    pub(crate) fn parse(&self) -> Result<Option<AsOf>, Problem> {
        self.as_of.as_deref().map(as_of).transpose()
    }
}

fn as_of(text: &str) -> Result<AsOf, Problem> {
    let wanted = "has to be a time like `2018-09-03T08:15:00Z`, or how many transfers the log had";
    let size = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse());
    let read =
        size.map_or_else(|| text.parse().ok().map(AsOf::Time), |size| size.ok().map(AsOf::LogSize));
    read.ok_or_else(|| invalid("/as_of", wanted))
}

/// An account's name: `holding:bri`, `payable:EW-1571-0001`, `wallet:wlt_...`, `wallets:bri`, or
/// `wallet` where the reader may not tell one from another.
pub(crate) fn name(keys: &Keys, account: &AccountName) -> String {
    let mut text = String::new();
    push_name(&mut text, keys, account);
    text
}

/// Appends an account's name.
pub(crate) fn push_name(text: &mut String, keys: &Keys, account: &AccountName) {
    let (kind, rest) = match account {
        AccountName::Bank(kind, bank) => (kind.as_str(), bank.as_str()),
        AccountName::Wallet(_) => (AccountKind::Wallet.as_str(), ""),
        AccountName::HiddenWallet => return text.push_str(AccountKind::Wallet.as_str()),
        AccountName::Wallets(bank) => ("wallets", bank.as_str()),
        AccountName::Payable(merchant) => (AccountKind::Payable.as_str(), merchant.as_str()),
    };
    text.push_str(kind);
    text.push(':');
    text.push_str(rest);
    if let AccountName::Wallet(wallet) = account {
        Letters::of(keys, RowId(wallet.0), *wallet).push(IdKind::Wallet, text);
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
    log_size: i64,
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
            log_size: balance.log_size,
        }
    }
}

/// The trial balance.
#[derive(Serialize)]
pub(crate) struct TrialBalanceAnswer {
    as_of: String,
    log_size: i64,
    accounts: Vec<LineAnswer>,
    debit: i128,
    credit: i128,
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

    #[test]
    fn a_state_is_a_size_of_the_log_or_a_time() {
        let read = |text: &str| as_of(text).ok();
        assert_eq!(read("0"), Some(AsOf::LogSize(0)));
        assert_eq!(read("1378"), Some(AsOf::LogSize(1378)));
        let time = AsOf::Time("2018-09-03T08:15:00Z".parse().unwrap());
        assert_eq!(read("2018-09-03T15:15:00+07:00"), Some(time));
        for text in ["", "-1", "1.5", "1e3", "99999999999999999999", "now", "2018-09-03"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
