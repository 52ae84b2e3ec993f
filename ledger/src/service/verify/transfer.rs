//! I1 on one transfer, and what it adds to the totals.

use std::collections::BTreeMap;

use crate::domain::account::AccountKind;
use crate::domain::ids::AccountId;
use crate::domain::transfer::Transfer;
use crate::store::verify::TransferRecord;

use super::require;

/// What was debited and credited, by kind of account, and for each account of unallocated money,
/// of which a bank has one.
#[derive(Debug, Default)]
pub(super) struct Turnovers {
    kinds: BTreeMap<AccountKind, (i128, i128)>,
    unallocated: BTreeMap<AccountId, (i64, i64)>,
}

impl Turnovers {
    /// Adds a transfer; one whose accounts are not there adds nothing.
    pub(super) fn add(&mut self, record: &TransferRecord) {
        let Ok(transfer) = &record.transfer else { return };
        let amount = transfer.amount().get();
        let sides = [
            (record.debit_kind, transfer.debit(), (amount, 0)),
            (record.credit_kind, transfer.credit(), (0, amount)),
        ];
        for (kind, account, turnover) in sides {
            let Some(kind) = kind else { continue };
            let sums = self.kinds.entry(kind).or_default();
            sums.0 = sums.0.saturating_add(turnover.0.into());
            sums.1 = sums.1.saturating_add(turnover.1.into());
            if kind == AccountKind::Unallocated {
                add(self.unallocated.entry(account).or_default(), turnover);
            }
        }
    }

    /// The balance of all accounts of a kind.
    pub(super) fn balance(&self, kind: AccountKind) -> i128 {
        let (debit, credit) = self.kinds.get(&kind).copied().unwrap_or_default();
        let left = debit.saturating_sub(credit);
        if kind.grows_by_debit() { left } else { left.saturating_neg() }
    }

    /// The balance of one account of unallocated money.
    pub(super) fn unallocated(&self, account: AccountId) -> i64 {
        let turnover = self.unallocated.get(&account);
        turnover.map_or(0, |(debit, credit)| AccountKind::Unallocated.balance(*debit, *credit))
    }
}

fn add(total: &mut (i64, i64), (debit, credit): (i64, i64)) {
    *total = (total.0.saturating_add(debit), total.1.saturating_add(credit));
}

/// Whether the row is a transfer at all, between accounts of the kinds its own kind names, and is
/// stored with its wallet, else with one of its accounts.
pub(super) fn check(record: &TransferRecord) -> Result<(), String> {
    let transfer = record.transfer.as_ref().map_err(Clone::clone)?;
    let at = || format!("transfers {} ({})", record.id, transfer.kind().as_str());
    require(record.id > 0, || format!("{}: an id is above zero", at()))?;
    let missing = |account: AccountId| format!("{}: account {} is not there", at(), account.0);
    let debit = record.debit_kind.ok_or_else(|| missing(transfer.debit()))?;
    let credit = record.credit_kind.ok_or_else(|| missing(transfer.credit()))?;
    if let Some(sides) = transfer.kind().sides() {
        require(sides == (debit, credit), || {
            format!("{}: it moves money from {} to {}", at(), debit.as_str(), credit.as_str())
        })?;
    }
    anchor(record, transfer, [(debit, transfer.debit()), (credit, transfer.credit())])
}

fn anchor(
    record: &TransferRecord,
    transfer: &Transfer,
    sides: [(AccountKind, AccountId); 2],
) -> Result<(), String> {
    let at = || format!("transfers {} (stored with {})", record.id, record.anchor);
    let mut wallets = sides.iter().filter(|(kind, _)| *kind == AccountKind::Wallet);
    let wallet = wallets.next().map(|(_, account)| *account);
    require(wallets.next().is_none(), || format!("{}: both sides are wallets", at()))?;
    if let Some(wallet) = wallet {
        require(transfer.anchor() == wallet, || format!("{}: its wallet is {}", at(), wallet.0))?;
        require(transfer.balance_after().is_some(), || {
            format!("{}: the wallet's balance after it is missing", at())
        })?;
        return require(record.pseudonym.is_some(), || {
            format!("{}: the wallet is not there", at())
        });
    }
    require(sides.iter().any(|(_, account)| *account == transfer.anchor()), || {
        format!("{}: that is none of its accounts", at())
    })?;
    require(transfer.balance_after().is_none(), || {
        format!("{}: it states a balance and has no wallet", at())
    })
}
