//! I6 and I10: no money appears or is lost, and what is stated beside the transfers agrees with
//! them.

use std::collections::BTreeMap;

use crate::domain::account::AccountKind;
use crate::domain::ids::AccountId;
use crate::domain::keys::{reference_subject, sha256};
use crate::domain::proposal::Act;
use crate::domain::reference::Reference;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::verify::{Pairs, RunAtBank, Sided};

use super::transfer::Turnovers;
use super::{Check, Run, require, wallets};

/// Checks the totals, and what credits, reversals and fundings say of their transfers. `balances`
/// is the sum of all wallets' stated balances.
pub(super) fn run(
    run: &mut Run<'_>,
    turnovers: &Turnovers,
    balances: i128,
) -> Result<(), StoreError> {
    let (is_whole, from) = (run.is_whole(), run.from);
    if is_whole {
        run.check("conservation", |_, check| {
            conservation(turnovers, balances, check);
            Ok(())
        })?;
    }
    let mut runs = Check::new("credit_runs");
    let mut reserved = BTreeMap::new();
    let counted = run.connection.each_run_at_bank(&mut |part| {
        runs.seen(check_run(&part));
        if part.running {
            let sum: &mut i64 = reserved.entry(part.bank).or_default();
            *sum = sum.saturating_add(part.reserved);
        }
        Ok(())
    });
    if is_whole {
        run.check("bank_funds", |connection, check| {
            bank_funds(connection, check, turnovers, &reserved)
        })?;
    }
    run.check("credits", |connection, check| pairs(connection, check, (Pairs::Credits, from)))?;
    run.check("credits_once", wallets::credits_once)?;
    run.add(vec![runs], counted)?;
    run.check("credit_run_records", |connection, check| {
        check.note_rules(connection.broken_runs()?);
        Ok(())
    })?;
    run.check("reversals", |connection, check| pairs(connection, check, (Pairs::Reversals, from)))?;
    run.check("fundings", |connection, check| pairs(connection, check, (Pairs::Fundings, from)))?;
    run.check("funding_references", |connection, check| {
        connection.each_funding(&mut |(transfer, (reference, folded), subject)| {
            check.seen(require(subject == Some(reference_subject(&reference)), || {
                format!("fundings of {transfer}: its transfer names another reference")
            }));
            let same =
                Reference::new(&reference).is_ok_and(|reference| reference.folded() == folded);
            check.note(require(same, || {
                format!("fundings of {transfer}: another reference is compared with others")
            }));
            Ok(())
        })
    })?;
    run.check("funding_returns", |connection, check| {
        pairs(connection, check, (Pairs::Returns, from))?;
        check.note_rules(connection.broken_returns()?);
        Ok(())
    })?;
    run.check("credit_reversals", |connection, check| {
        pairs(connection, check, (Pairs::CreditReversals, from))?;
        check.note_rules(connection.broken_reversals()?);
        Ok(())
    })?;
    run.check("four_eyes", |connection, check| {
        check.note_rules(connection.broken_agreements()?);
        connection.each_proposal(&mut |(id, kind, subject, hash)| {
            let act = i16::try_from(kind).ok().and_then(|kind| Act::read(kind, &subject));
            let same =
                act.is_some_and(|act| sha256(&[act.sameness().as_bytes()]).as_slice() == hash);
            check.seen(require(same, || format!("proposals {id}: its hash is another act's")));
            Ok(())
        })
    })?;
    run.check("transfer_reasons", |connection, check| {
        check.note_rules(connection.broken_reasons()?);
        Ok(())
    })
}

fn conservation(turnovers: &Turnovers, balances: i128, check: &mut Check) {
    let held = turnovers.balance(AccountKind::Holding);
    let owed = AccountKind::ALL
        .into_iter()
        .filter(|kind| *kind != AccountKind::Holding)
        .fold(0_i128, |sum, kind| sum.saturating_add(turnovers.balance(kind)));
    check.seen(require(held == owed, || format!("accounts: banks hold {held} and {owed} is owed")));
    let wallets = turnovers.balance(AccountKind::Wallet);
    check.seen(require(wallets == balances, || {
        format!("wallets: their balances add up to {balances} and their transfers to {wallets}")
    }));
}

fn bank_funds(
    connection: &mut Connection,
    check: &mut Check,
    turnovers: &Turnovers,
    reserved: &BTreeMap<i64, i64>,
) -> Result<(), StoreError> {
    for funds in connection.funds_of_banks()? {
        let (bank, stated) = (funds.bank, funds.unallocated.unwrap_or(0));
        let booked = turnovers.unallocated(AccountId(funds.account));
        let (promised, runs) =
            (funds.reserved.unwrap_or(0), reserved.get(&bank).copied().unwrap_or(0));
        check.seen(
            require(stated == booked, || {
                format!("bank_funds {bank}: unallocated {stated} but its transfers say {booked}")
            })
            .and(require(promised == runs, || {
                format!("bank_funds {bank}: reserved {promised} but its running runs say {runs}")
            })),
        );
    }
    check.note_rules(connection.broken_funds()?);
    Ok(())
}

fn check_run(part: &RunAtBank) -> Result<(), String> {
    let (wallets, amount) = part.stated;
    require(wallets == part.credits, || {
        format!(
            "credit_run_banks {} (bank {}): it counts {wallets} wallets and there are {} credits",
            part.run, part.bank, part.credits
        )
    })?;
    require(part.running || part.parts == 0, || {
        format!("credit_run_parts {}: the run is over and has {} in hand", part.run, part.parts)
    })?;
    let each = part.amount_each;
    let firsts = part.credits.saturating_sub(part.topped.0);
    let sum = firsts.checked_mul(each).and_then(|sum| sum.checked_add(part.topped.1));
    require(Some(amount) == sum, || {
        format!(
            "credit_run_banks {} (bank {}): it states {amount} for {wallets} times {each}",
            part.run, part.bank
        )
    })
}

/// How the parts of a pair are called, for whoever has to find the record.
struct Words {
    table: &'static str,
    second: &'static str,
    says: [&'static str; 4],
    against: &'static str,
}

const fn words(pairs: Pairs) -> Words {
    let (table, second, says, against) = match pairs {
        Pairs::Credits => (
            "credits",
            "wallet",
            ["amount", "bank's account", "period", ""],
            "transfer of that kind",
        ),
        Pairs::Reversals => (
            "reversals",
            "wallet",
            ["amount", "merchant", "date", "redemption"],
            "transfer of that kind",
        ),
        Pairs::Fundings => {
            ("fundings", "account", ["amount", "holding account", "", ""], "transfer of that kind")
        }
        Pairs::Returns => (
            "funding_returns",
            "account",
            ["amount", "unallocated account", "funding", ""],
            "transfer of that kind",
        ),
        Pairs::CreditReversals => (
            "credit_reversals",
            "wallet",
            ["amount", "bank's account", "credit", ""],
            "transfer of that kind",
        ),
        Pairs::AttemptLog => {
            ("attempt_log", "wallet", ["merchant", "log position", "", ""], "sealed redemption")
        }
        Pairs::AccountLog => {
            ("account_log", "account", ["log position", "anchor", "", ""], "sealed transfer")
        }
        Pairs::AccountRollups => {
            ("account_rollups", "log size", ["debit", "credit", "", ""], "sum of its transfers")
        }
        Pairs::WalletRollups => {
            ("wallet_rollups", "log size", ["debit", "credit", "", ""], "sum of its transfers")
        }
    };
    Words { table, second, says, against }
}

/// Holds two statements of one thing against each other, from an id on: each has the other beside it, once.
pub(super) fn pairs(
    connection: &mut Connection,
    check: &mut Check,
    (which, from): (Pairs, i64),
) -> Result<(), StoreError> {
    let mut waiting: Option<Sided> = None;
    connection.each_side((which, from), &mut |side| {
        match (waiting.take(), side.own) {
            (Some(own), false) if own.key == side.key => check.seen(agree(which, own, side)),
            (before, true) => {
                if let Some(own) = before {
                    check.seen(alone(which, own));
                }
                waiting = Some(side);
            }
            (before, false) => {
                if let Some(own) = before {
                    check.seen(alone(which, own));
                }
                check.seen(alone(which, side));
            }
        }
        Ok(())
    })?;
    if let Some(own) = waiting {
        check.seen(alone(which, own));
    }
    Ok(())
}

fn agree(which: Pairs, own: Sided, other: Sided) -> Result<(), String> {
    let words = words(which);
    let differing = words.says.iter().zip(own.says.iter().zip(other.says));
    let mut differing = differing.filter(|(_, (own, other))| *own != other);
    match differing.next() {
        None => Ok(()),
        Some((what, _)) => Err(format!(
            "{} of {} ({} {}): its {what} is not what the {} says",
            words.table, own.key.0, words.second, own.key.1, words.against
        )),
    }
}

fn alone(which: Pairs, side: Sided) -> Result<(), String> {
    let Words { table, second, against, .. } = words(which);
    let (id, part) = side.key;
    Err(if side.own {
        format!(
            "{table} of {id} ({second} {part}): there is no such {against}, or it is named twice"
        )
    } else {
        format!("{against} {id} ({second} {part}): it is not in {table}, or twice there")
    })
}
