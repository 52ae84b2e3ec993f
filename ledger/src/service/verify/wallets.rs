//! I2 and I7: wallets' balances follow from their transfers; and what was done at most once.

use crate::domain::calendar::Period;
use crate::domain::money::Rupiah;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::verify::Movement;

use super::{Check, Milestone, Run, require};

/// A wallet while its transfers go by.
#[derive(Clone, Copy, Debug)]
struct Standing {
    id: i64,
    balance: i64,
    last_id: i64,
    /// What its transfers add up to so far.
    sum: i64,
    last_transfer: i64,
}

#[derive(Debug)]
struct Chain {
    balances: Check,
    steps: Check,
    wallet: Option<Standing>,
    /// Whether a wallet's first transfer is not looked at, so that its balance before is taken from it.
    is_late: bool,
    /// The sum of all wallets' stated balances.
    total: i128,
}

/// Checks balances and keys, and gives the sum of all balances for what comes after.
pub(super) fn run(run: &mut Run<'_>) -> Result<i128, StoreError> {
    run.check("idempotency_keys", keys)?;
    let mut chain = Chain {
        balances: Check::new("wallet_balances"),
        steps: Check::new("balance_chain"),
        wallet: None,
        is_late: !run.is_whole(),
        total: 0,
    };
    let (progress, mut milestone) = (&mut run.progress, Milestone::first());
    let walked = run.connection.each_movement(run.from, &mut |movement| {
        chain.follow(movement);
        if milestone.is_due(chain.steps.rows) {
            progress(chain.steps.name, chain.steps.rows);
        }
        Ok(())
    });
    chain.end_wallet();
    let Chain { balances, steps, total, .. } = chain;
    run.add(vec![balances, steps], walked)?;
    Ok(total)
}

impl Chain {
    fn follow(&mut self, movement: Movement) {
        match movement {
            Movement::Wallet { id, balance, last_id } => {
                self.end_wallet();
                self.total = self.total.saturating_add(balance.into());
                let sum = if self.is_late { balance } else { 0 };
                self.wallet = Some(Standing { id, balance, last_id, sum, last_transfer: 0 });
            }
            Movement::Transfer { anchor, id, amount, debit, credit, balance_after } => {
                // Money that moves between banks and merchants follows no wallet.
                let Some(wallet) = self.wallet.as_mut().filter(|wallet| wallet.id == anchor) else {
                    return;
                };
                if self.is_late && wallet.last_transfer == 0 {
                    let moved = if credit == anchor { amount } else { amount.saturating_neg() };
                    wallet.sum = balance_after.unwrap_or(0).saturating_sub(moved);
                }
                wallet.last_transfer = id;
                if credit == anchor {
                    wallet.sum = wallet.sum.saturating_add(amount);
                } else if debit == anchor {
                    wallet.sum = wallet.sum.saturating_sub(amount);
                }
                let sum = wallet.sum;
                self.steps.seen(require(balance_after == Some(sum), || {
                    let stated = balance_after.map_or("nothing".to_owned(), |b| b.to_string());
                    format!(
                        "transfers {id} (wallet {anchor}): balance_after {stated} but the chain \
                         says {sum}"
                    )
                }));
            }
        }
    }

    fn end_wallet(&mut self) {
        let Some(Standing { id, balance, last_id, sum, last_transfer }) = self.wallet.take() else {
            return;
        };
        self.balances.seen(
            require(Rupiah::new(balance).is_ok(), || {
                format!("wallets {id}: its balance {balance} is below zero")
            })
            .and(require(balance == sum, || {
                format!("wallets {id}: balance {balance} but its transfers add up to {sum}")
            }))
            .and(require(last_transfer <= last_id, || {
                format!("wallets {id}: last_id {last_id} is below its transfer {last_transfer}")
            })),
        );
    }
}

/// Redemptions come sorted by their keys, so that a key used twice stands side by side.
fn keys(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    let mut before: Option<(i64, i64, Vec<u8>)> = None;
    connection.each_key(&mut |(wallet, merchant, key, id)| {
        let key = Some((wallet, merchant, key));
        check.seen(require(before != key, || {
            format!("redemptions {id} (wallet {wallet}): its key was used before")
        }));
        before = key;
        Ok(())
    })
}

/// Credits come sorted by programme, period, wallet and round.
pub(super) fn credits_once(
    connection: &mut Connection,
    check: &mut Check,
) -> Result<(), StoreError> {
    let mut before = None;
    connection.each_credit(&mut |credit| {
        let (wallet, programme, period, round) = credit;
        let at = format!("credits of wallet {wallet}, programme {programme}, period {period}");
        let number = i32::try_from(period).ok();
        let month = number.is_some_and(|number| Period::from_number(number).is_ok());
        // Another round is another's sequel; what it may give is a rule of its own.
        let last = before.filter(|(key, _)| *key == (wallet, programme, period));
        let next = last.map_or(1, |(_, round): (_, i64)| round.saturating_add(1));
        check.seen(
            require(round == next, || format!("{at}: credited twice"))
                .and(require(month, || format!("{at}: that is no month"))),
        );
        before = Some(((wallet, programme, period), round));
        Ok(())
    })
}
