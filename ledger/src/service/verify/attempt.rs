//! I3 and I11 on one attempt: its transfer, what it names, and its basket under the day's rules.

use crate::domain::account::AccountKind;
use crate::domain::calendar::{Date, Zone};
use crate::domain::money::Rupiah;
use crate::domain::policy::{Objection, PolicyBook, PriceZone};
use crate::domain::redemption::{Attempt, Outcome};
use crate::domain::refusal::Refusal;
use crate::domain::transfer::TransferKind;
use crate::store::verify::{AttemptRecord, TransferRecord};

use super::require;
use super::shops::Zones;

/// Whether an approved attempt has its own transfer and a refused one none, and both name what is
/// there. `transfer` is the one with the attempt's id, if there is one.
pub(super) fn check(
    record: &AttemptRecord,
    transfer: Option<&TransferRecord>,
) -> Result<(), String> {
    let attempt = record.attempt.as_ref().map_err(Clone::clone)?;
    let at = |what: &str| format!("redemptions {} (wallet {}): {what}", record.id, record.wallet);
    let total = attempt.basket.total();
    require(record.amount == total.map(Rupiah::get), || {
        let stated = record.amount.map_or("nothing".to_owned(), |amount| amount.to_string());
        let lines = total.map_or("nothing".to_owned(), |total| total.get().to_string());
        at(&format!("it states {stated} and its lines add up to {lines}"))
    })?;
    require(attempt.basket.record() == record.lines, || at("its lines are not in their one form"))?;
    references(record, attempt)?;
    match (attempt.outcome, transfer) {
        (Outcome::Refused(_), None) => Ok(()),
        (Outcome::Refused(_), Some(_)) => Err(at("it is refused and has a transfer")),
        (Outcome::Approved(_), None) => Err(at("it is approved and has no transfer")),
        (Outcome::Approved(_), Some(transfer)) => booked(record, attempt, transfer),
    }
}

fn references(record: &AttemptRecord, attempt: &Attempt) -> Result<(), String> {
    let at = |what: &str| format!("redemptions {} (wallet {}): {what}", record.id, record.wallet);
    require(record.shop.is_some(), || at("its merchant is not there"))?;
    require(record.terminal_merchant == Some(attempt.merchant), || {
        at("its terminal is not there, or is another merchant's")
    })?;
    require(record.acquirer_is_merchants, || at("its acquirer is not its merchant's bank"))?;
    if attempt.card.is_none() {
        let approved = matches!(attempt.outcome, Outcome::Approved(_));
        require(!approved, || at("it is approved and names no card"))?;
        return require(attempt.wallet == attempt.merchant && attempt.issuer.is_none(), || {
            at("without a card it belongs to the merchant's account")
        });
    }
    require(record.account_kind == Some(AccountKind::Wallet), || at("its wallet is not there"))?;
    require(record.card_exists, || at("its card is not there"))?;
    require(attempt.issuer.is_some() && attempt.issuer == record.wallet_bank, || {
        at("its issuer is not the wallet's bank")
    })
}

fn booked(
    record: &AttemptRecord,
    attempt: &Attempt,
    transfer: &TransferRecord,
) -> Result<(), String> {
    // A row that is not a transfer is reported as such.
    let Ok(transfer) = &transfer.transfer else { return Ok(()) };
    let differs = if transfer.kind() != TransferKind::Redemption {
        "kind"
    } else if transfer.anchor() != attempt.wallet || transfer.debit() != attempt.wallet {
        "wallet"
    } else if transfer.credit() != attempt.merchant {
        "merchant"
    } else if Some(transfer.amount()) != attempt.basket.total() {
        "amount"
    } else if transfer.created_at() != attempt.created_at {
        "time"
    } else if transfer.business_date() != attempt.business_date {
        "business date"
    } else {
        return Ok(());
    };
    Err(format!(
        "redemptions {} (wallet {}): its transfer has another {differs}",
        record.id, record.wallet
    ))
}

/// Whether the rules of the merchant's day say of the basket what the attempt says: allowed when it
/// was approved or only the balance was short, refused with the same objection otherwise. A refusal
/// for the shop's, the card's or the PIN's sake says nothing of the basket. The shop's zones are those
/// of that moment.
pub(super) fn check_basket(
    record: &AttemptRecord,
    book: &PolicyBook,
    zones: &Zones,
) -> Result<(), String> {
    // A row that is not an attempt, or whose shop is missing, is reported as such.
    let (Ok(attempt), Some(now)) = (&record.attempt, record.shop) else {
        return Ok(());
    };
    let [before, after] = zones.at(attempt.merchant.0, attempt.created_at, now);
    let judged = judge_basket((record, attempt), book, before);
    if judged.is_err() && before != after {
        return judge_basket((record, attempt), book, after);
    }
    judged
}

fn judge_basket(
    (record, attempt): (&AttemptRecord, &Attempt),
    book: &PolicyBook,
    (zone, price_zone): (Zone, PriceZone),
) -> Result<(), String> {
    let at = |what: String| format!("redemptions {} (wallet {}): {what}", record.id, record.wallet);
    let day = Date::from(attempt.created_at.date_in(zone));
    let rules = book.rules(day, price_zone, attempt.created_at);
    let version = rules.map_or(0, |rules| rules.policy.version);
    require(attempt.policy_version == version, || {
        at(format!("it names policy {} and {version} holds on {day}", attempt.policy_version))
    })?;
    let no_rules = Objection { refusal: Refusal::CommodityNotAllowed, line: None, ceiling: None };
    let judged = rules.map_or(Err(no_rules), |rules| rules.price(&attempt.basket));
    match (attempt.outcome, judged) {
        (Outcome::Approved(_), Ok(_)) => Ok(()),
        (Outcome::Approved(_), Err(objection)) => {
            Err(at(format!("it is approved against the rules: {}", objection.refusal.code())))
        }
        (Outcome::Refused(stated), judged) => {
            let expected = match (stated.refusal, judged) {
                (refusal, Err(objection)) if speaks_of_basket(refusal) => objection,
                (refusal, Ok(_)) if speaks_of_basket(refusal) => {
                    return Err(at(format!("it is refused without a reason: {}", refusal.code())));
                }
                (Refusal::BalanceInsufficient, Err(objection)) => objection,
                (refusal, _) => Objection { refusal, line: None, ceiling: None },
            };
            require(stated == expected, || {
                at(format!(
                    "its refusal is recorded otherwise than decided: {}",
                    stated.refusal.code()
                ))
            })
        }
    }
}

fn speaks_of_basket(refusal: Refusal) -> bool {
    (Refusal::CommodityNotAllowed..=Refusal::AmountInvalid).contains(&refusal)
}
