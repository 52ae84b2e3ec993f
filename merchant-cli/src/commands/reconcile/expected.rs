//! What the ledger expects the bank to pay: the day's settlements, those of other days that the
//! bank's rows name, and single redemptions where the rows name such.

use std::collections::{BTreeMap, BTreeSet};

use ledger::bankfile::StatementLine;
use ledger::domain::calendar::Date;
use ledger::domain::matching::{
    LedgerSide, NotALine, PAID_WITHIN_DAYS, RedemptionLine, SettlementLine,
};
use ledger::domain::money::Rupiah;
use ledger::domain::settlement::SettlementReference;
use serde::Deserialize;

use crate::cli::ReconcileArgs;
use crate::client::{Client, parsed};
use crate::failure::Failure;
use crate::terminal::note;
use crate::wire::Settlement;

/// How far back a late payment's settlement is looked for, in days; a bank pays within three.
const LATE_DAYS: u64 = 31;

/// A purchase of a settlement, or the reversal of one.
#[derive(Debug, Deserialize)]
struct Item {
    kind: String,
    redemption_id: String,
    rrn: String,
    amount: i64,
}

/// The ledger's side of the day and the days until the bank pays it, as far as the bank's rows can be about it.
pub(super) fn ledger_side(
    client: &Client,
    args: &ReconcileArgs,
    rows: &[&StatementLine],
) -> Result<(LedgerSide, Option<u8>), Failure> {
    let mut side = LedgerSide::default();
    let (mut is_empty, mut lag) = (true, None);
    let singly = rows.iter().any(|row| row.may_name_a_redemption());
    for settlement in settlements(client, args, args.date)? {
        if settlement.state != "closed" {
            return Err(Failure::failed(format!(
                "the business day `{}` of `{}` is `{}`, not `closed`",
                args.date, args.bank, settlement.state
            ))
            .hint("close the day first; `closing` takes a moment"));
        }
        lag = lag.or(settlement.paid_after_days);
        if add_settlement(&mut side, &settlement)? {
            is_empty = false;
            // What is set off is set off against the whole: no purchase of it is expected by itself.
            if singly && settlement.set_off == 0 {
                add_redemptions(client, &mut side, &settlement)?;
            }
        }
    }
    // What the bank still owes of the days before may be in the files too.
    let earlier = (1..=PAID_WITHIN_DAYS).map(|days| args.date.minus_days(days));
    let mut carried = BTreeSet::new();
    for day in earlier {
        for settlement in settlements(client, args, day)? {
            if settlement.state == "closed" && !settlement.paid {
                add_settlement(&mut side, &settlement)?;
                carried.extend(settlement.reference);
            }
        }
    }
    if is_empty {
        note(&format!("the ledger expects no payment of `{}` for `{}`", args.bank, args.date));
    }
    for (day, references) in named_on_other_days(args.date, rows) {
        for settlement in settlements(client, args, day)? {
            let reference = settlement.reference.as_deref().unwrap_or_default();
            let is_new = !carried.contains(reference) && !settlement.paid;
            if settlement.state == "closed" && is_new && references.contains(reference) {
                add_settlement(&mut side, &settlement)?;
            }
        }
    }
    Ok((side, lag))
}

fn settlements(
    client: &Client,
    args: &ReconcileArgs,
    day: Date,
) -> Result<Vec<Settlement>, Failure> {
    let query = [("bank", args.bank.to_string()), ("business_date", day.to_string())];
    let texts = client.list("/v1/settlements", &query, usize::MAX)?;
    texts.iter().map(|text| parsed(text.get())).collect()
}

/// The references of other days that the rows name, by day: what is paid late, or early.
fn named_on_other_days(day: Date, rows: &[&StatementLine]) -> BTreeMap<Date, BTreeSet<String>> {
    let mut named: BTreeMap<Date, BTreeSet<String>> = BTreeMap::new();
    for text in rows.iter().flat_map(|row| row.settlement_references()) {
        let reference: Option<SettlementReference> = text.parse().ok();
        let of = reference.and_then(SettlementReference::business_date).filter(|of| {
            *of != day && (day.minus_days(LATE_DAYS)..=day.plus_days(LATE_DAYS)).contains(of)
        });
        if let Some(of) = of {
            named.entry(of).or_default().insert(text.to_owned());
        }
    }
    named
}

/// Adds a settlement for which something has to be paid; whether there is such.
fn add_settlement(side: &mut LedgerSide, settlement: &Settlement) -> Result<bool, Failure> {
    let (merchant, day) = (&settlement.merchant_id, &settlement.business_date);
    if settlement.set_off > 0 {
        let (set_off, net) = (settlement.set_off, settlement.net);
        note(&format!("merchant `{merchant}`: `{set_off}` of `{net}` for `{day}` is set off"));
    }
    if settlement.net < 0 {
        let owes = settlement.net.saturating_neg();
        note(&format!(
            "merchant `{merchant}` owes `{owes}` for `{day}`: set off against later days"
        ));
    }
    // Nothing is paid for a day whose sales were all taken back, or set off.
    let Some(amount) = Rupiah::new(settlement.due).ok().filter(|due| !due.is_zero()) else {
        return Ok(false);
    };
    let line = SettlementLine {
        reference: reference(settlement)?,
        merchant: &settlement.merchant_id,
        account: None,
        bank_reference: None,
        business_date: business_date(settlement)?,
        amount,
    };
    side.add_settlement(&line).map_err(unusual)?;
    Ok(true)
}

/// Adds the purchases of a settlement. Of one that was reversed on the same day nothing is due.
fn add_redemptions(
    client: &Client,
    side: &mut LedgerSide,
    settlement: &Settlement,
) -> Result<(), Failure> {
    let path = format!("/v1/settlements/{}/items", settlement.id);
    let texts = client.list(&path, &[], usize::MAX)?;
    let items: Vec<Item> =
        texts.iter().map(|text| parsed(text.get())).collect::<Result<_, Failure>>()?;
    let reversals = items.iter().filter(|item| item.kind == "reversal");
    let reversed: BTreeSet<&str> = reversals.map(|item| item.redemption_id.as_str()).collect();
    for item in items.iter().filter(|item| item.kind == "redemption") {
        let line = RedemptionLine {
            rrn: &item.rrn,
            terminal: None,
            merchant: &settlement.merchant_id,
            account: None,
            settlement: Some(reference(settlement)?),
            business_date: business_date(settlement)?,
            amount: Rupiah::new(item.amount).map_err(|error| Failure::failed(error.to_string()))?,
            reversed: reversed.contains(item.redemption_id.as_str()),
        };
        side.add_redemption(&line).map_err(unusual)?;
    }
    Ok(())
}

fn reference(settlement: &Settlement) -> Result<SettlementReference, Failure> {
    let reference = settlement.reference.as_deref().and_then(|text| text.parse().ok());
    reference.ok_or_else(|| {
        Failure::failed(format!("settlement `{}` has no reference of its form", settlement.id))
    })
}

fn business_date(settlement: &Settlement) -> Result<Date, Failure> {
    let date = &settlement.business_date;
    date.parse()
        .map_err(|error| Failure::failed(format!("settlement `{}`: {error}", settlement.id)))
}

/// A line that no bank's file can name, which the server does not give.
fn unusual(line: NotALine) -> Failure {
    Failure::failed(line.to_string())
}
