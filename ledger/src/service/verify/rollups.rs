//! I6 and I8 of the past: the sizes that the log had, and the sums that are kept of some of them.

use std::collections::BTreeMap;

use crate::domain::account::AccountKind;
use crate::domain::ids::AccountId;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::rollups::Holder;
use crate::store::verify::{AccountMoved, Pairs, TransferRecord, WalletsMoved};

use super::funds::pairs;
use super::{Check, Run, require};

/// Sums that wait to be written together.
const SUMS: usize = 32_768;

/// What moved within the span of each roll-up, summed up from the transfers as they are met.
#[derive(Debug)]
pub(super) struct Sums {
    /// The sizes of the roll-ups, in order.
    sizes: Vec<i64>,
    moved: BTreeMap<(i64, Holder), (i64, i64)>,
}

impl Sums {
    pub(super) fn new(connection: &mut Connection) -> Result<Self, StoreError> {
        Ok(Self { sizes: connection.rollup_sizes()?, moved: BTreeMap::new() })
    }

    /// Of no roll-up.
    pub(super) const fn none() -> Self {
        Self { sizes: Vec::new(), moved: BTreeMap::new() }
    }

    /// Adds a transfer with a place in the log to the first roll-up that takes it in.
    pub(super) fn add(&mut self, record: &TransferRecord, place: i64) {
        let next = self.sizes.partition_point(|size| *size <= place);
        let (Some(size), Ok(transfer)) = (self.sizes.get(next), &record.transfer) else { return };
        let amount = transfer.amount().get();
        let holder = |kind, account: AccountId| match (kind, record.wallet_bank) {
            (Some(AccountKind::Wallet), Some(bank)) => Holder::Wallets(bank),
            _ => Holder::Account(account),
        };
        let sides = [
            (holder(record.debit_kind, transfer.debit()), (amount, 0)),
            (holder(record.credit_kind, transfer.credit()), (0, amount)),
        ];
        for (holder, (debit, credit)) in sides {
            let sum = self.moved.entry((*size, holder)).or_default();
            *sum = (sum.0.saturating_add(debit), sum.1.saturating_add(credit));
        }
    }

    /// Writes the sums down for the comparison, when there are enough of them or it is the `last` time.
    pub(super) fn flush(&mut self, to: &mut Connection, last: bool) -> Result<(), StoreError> {
        if !last && self.moved.len() < SUMS {
            return Ok(());
        }
        let (mut accounts, mut wallets) = (Vec::new(), Vec::new());
        for ((log_size, holder), (debit, credit)) in std::mem::take(&mut self.moved) {
            match holder {
                Holder::Account(account) => {
                    let account_id = account.0;
                    accounts.push(AccountMoved { account_id, log_size, debit, credit });
                }
                Holder::Wallets(bank) => {
                    let bank_id = bank.0.into();
                    wallets.push(WalletsMoved { bank_id, log_size, debit, credit });
                }
            }
        }
        AccountMoved::insert_all(to, accounts)?;
        WalletsMoved::insert_all(to, wallets)
    }
}

/// Checks the log's sizes, the roll-ups, and their sums against those of the transfers.
pub(super) fn run(run: &mut Run<'_>) -> Result<(), StoreError> {
    run.check("log_sizes", log_sizes)?;
    run.check("rollups", rollups)?;
    if !run.is_whole() {
        return Ok(());
    }
    run.check("account_rollups", |connection, check| {
        pairs(connection, check, (Pairs::AccountRollups, 0))
    })?;
    run.check("wallet_rollups", |connection, check| {
        pairs(connection, check, (Pairs::WalletRollups, 0))
    })
}

/// Sizes and times grow together up to the log's own; each size is where a batch ends.
fn log_sizes(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    let mut before = (None, i64::MIN);
    let mut head = (None, i64::MAX);
    let mut first = None;
    connection.each_log_size(&mut |record| {
        let at = |what: &str| format!("log_sizes {}: {what}", record.log_size);
        check.seen(
            require(record.sealed_at >= before.1, || at("it was sealed before a smaller one"))
                .and(require(record.at_a_batchs_end, || at("no batch ends there"))),
        );
        first.get_or_insert(record.log_size);
        before = (Some(record.log_size), record.sealed_at);
        head = (Some(record.head.0), record.head.1);
        Ok(())
    })?;
    check
        .note(require(first == Some(0), || "log_sizes: there is none of the empty log".to_owned()));
    check.note(require(before.0 == head.0 && before.1 <= head.1, || {
        format!("log_sizes: the last is {before:?} and the log's head {head:?}")
    }));
    Ok(())
}

/// Each ends where a batch does, and has as many sums as it says.
fn rollups(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    let mut first = None;
    connection.each_rollup(&mut |record| {
        first.get_or_insert(record.log_size);
        let at = |what: String| format!("rollups {}: {what}", record.log_size);
        check.seen(require(record.at_a_batchs_end, || at("no batch ends there".to_owned())).and(
            require(record.stated == record.sums, || {
                at(format!("it counts {} sums and there are {}", record.stated, record.sums))
            }),
        ));
        Ok(())
    })?;
    check.note(require(first == Some(0), || "rollups: there is none of the empty log".to_owned()));
    Ok(())
}
