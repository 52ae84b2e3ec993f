//! The trial balance: what moved on every account, and that both sides are equal.

use std::collections::BTreeMap;

use crate::domain::account::AccountKind;
use crate::domain::bank::BankId;
use crate::domain::calendar::Instant;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::{KnownAccount, LogSpan, Turnover};
use crate::store::rollups::Holder;

use super::super::ledger::Ledger;
use super::moment::{AsOf, Moment, NotShown};
use super::{AccountName, bank_code};

/// What moved on every account that anything moved on.
#[derive(Clone, Debug)]
pub struct TrialBalance {
    /// When.
    pub as_of: Instant,
    /// How long the log was; in the present state later transfers are counted, too.
    pub log_size: i64,
    /// The accounts by kind and name.
    pub lines: Vec<TrialLine>,
    /// The sum of all debits: rupiah. Over all banks it is the sum of all credits. An account's sums are
    /// bounded when they are written; those of many accounts are added up in 128 bits.
    pub debit: i128,
    /// The sum of all credits.
    pub credit: i128,
}

/// What moved on one account, or on a bank's wallets together.
#[derive(Clone, Debug)]
pub struct TrialLine {
    /// The account's name.
    pub account: AccountName,
    /// What it stands for.
    pub kind: AccountKind,
    /// Everything that was debited: rupiah.
    pub debit: i64,
    /// Everything that was credited.
    pub credit: i64,
    /// The difference on the side that the account grows on.
    pub balance: i64,
}

impl Ledger {
    /// What moved on every account, or on those of one bank, its cards and merchants, now or as of a
    /// state before.
    ///
    /// # Errors
    /// [`NotShown`] when it can't be read, not by this client, or there was no such state yet.
    pub fn trial_balance(
        &self,
        client: i64,
        bank: Option<BankId>,
        as_of: Option<AsOf>,
    ) -> Result<TrialBalance, NotShown> {
        self.read_all_as_of(client, as_of, |snapshot, at| trial_balance(snapshot, bank, at))
    }
}

/// What is kept up to a roll-up, and what moved since.
pub(super) fn trial_balance(
    snapshot: &mut Connection,
    bank: Option<BankId>,
    at: Moment,
) -> Result<TrialBalance, StoreError> {
    let kept_at = snapshot.rollup_at(at.extent.size)?.log_size;
    let since = LogSpan { from: kept_at, to: at.extent.size };
    let mut moved = snapshot.moved(since, at.extent.unsealed)?;
    for (wallets, turnover) in snapshot.wallet_sums(kept_at)? {
        moved.entry(wallets).or_default().add(turnover)?;
    }
    let mut all = (0_i128, 0_i128);
    let mut lines = BTreeMap::new();
    let mut add = |kind: AccountKind, codes, account, turnover: Turnover| {
        let Turnover { debit, credit } = turnover;
        all = (all.0.saturating_add(debit.into()), all.1.saturating_add(credit.into()));
        let balance = kind.balance(debit, credit);
        lines.insert((kind, codes), TrialLine { account, kind, debit, credit, balance });
        Ok::<_, StoreError>(())
    };
    for known in snapshot.known_accounts(kept_at, bank)? {
        let mut turnover = known.turnover;
        if let Some(since) = moved.get(&Holder::Account(known.id)) {
            turnover.add(*since)?;
        }
        if turnover != Turnover::default() {
            let name = name_of(&known)?;
            add(known.kind, (known.bank_code, known.merchant), name, turnover)?;
        }
    }
    let banks = snapshot.banks()?.into_iter();
    for record in banks.filter(|record| bank.is_none_or(|bank| bank == record.id)) {
        if let Some(turnover) = moved.get(&Holder::Wallets(record.id)) {
            let codes = (record.code.to_string(), None);
            add(AccountKind::Wallet, codes, AccountName::Wallets(record.code), *turnover)?;
        }
    }
    let (debit, credit) = all;
    let (as_of, log_size) = (at.as_of, at.extent.size);
    Ok(TrialBalance { as_of, log_size, lines: lines.into_values().collect(), debit, credit })
}

fn name_of(known: &KnownAccount) -> Result<AccountName, StoreError> {
    Ok(match &known.merchant {
        Some(merchant) => AccountName::Payable(merchant.parse().map_err(|error| {
            StoreError::corrupt(format!("a payable's merchant {merchant}: {error}"))
        })?),
        None => AccountName::Bank(known.kind, bank_code(known.bank_code.clone())?),
    })
}
