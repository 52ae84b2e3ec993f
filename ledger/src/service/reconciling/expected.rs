//! What the ledger expects the bank to pay: the day's settlements, those of the days before that are
//! still owed, those that the bank's rows name, and single redemptions where rows name such.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::bankfile::StatementLine;
use crate::domain::calendar::Date;
use crate::domain::matching::{
    LedgerSide, NotALine, PAID_WITHIN_DAYS, RedemptionLine, SettlementLine,
};
use crate::domain::money::Rupiah;
use crate::domain::settlement::SettlementReference;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::payments::OwedSettlement;
use crate::store::reconciliations::View;

use super::super::settlements::reference_of;

/// How many items of a settlement are read at once.
const PAGE: i64 = 10_000;

/// The ledger's side, and what its lines stand for.
#[derive(Debug, Default)]
pub(super) struct ExpectedSide {
    pub(super) side: LedgerSide,
    /// By their references.
    pub(super) settlements: HashMap<SettlementReference, OwedSettlement>,
    /// The settlement of each redemption on the ledger's side, by the line's key.
    pub(super) redemptions: HashMap<String, SettlementReference>,
    /// Settlements that are not posted yet and for which nothing has to be paid, because they come to
    /// nothing or all of what they come to is set off.
    pub(super) even: Vec<OwedSettlement>,
    /// The references of the view's own settlements that the rows name, paid or not.
    pub(super) named: HashSet<String>,
}

/// The ledger's side of a day. `own` is the day's reconciliation, where there is one: what it paid
/// is looked at again. `named` are the settlements' references in the lines.
pub(super) fn expected(
    tx: &mut Connection,
    view: View,
    (day, own): (Date, Option<i64>),
    (lines, named): (&[(&str, &StatementLine)], &BTreeSet<&str>),
) -> Result<ExpectedSide, StoreError> {
    let mut expected = ExpectedSide::default();
    let singly = lines.iter().any(|(_, line)| line.may_name_a_redemption());
    let from = day.minus_days(PAID_WITHIN_DAYS);
    for settlement in tx.settlements_between((view.bank, view.merchant), (from, day))? {
        let is_own = own.is_some() && settlement.paid_by == own;
        // What another day's recording paid is that one's to explain; a shop's own view pays nothing.
        let is_shown = view.merchant != 0 && settlement.business_date == day;
        if is_shown || settlement.paid_by.is_none() || is_own {
            expected.add(tx, view, settlement, singly)?;
        }
    }
    for &reference in named {
        let known = reference.parse().is_ok_and(|key| expected.settlements.contains_key(&key));
        if known {
            expected.named.insert(reference.to_owned());
            continue;
        }
        let found = tx
            .settlement_by_reference(view.bank, reference)?
            .filter(|settlement| view.merchant == 0 || settlement.merchant.0 == view.merchant);
        let Some(settlement) = found else { continue };
        expected.named.insert(reference.to_owned());
        if settlement.paid_by.is_none() || settlement.paid_by == own {
            expected.add(tx, view, settlement, false)?;
        }
    }
    Ok(expected)
}

impl ExpectedSide {
    /// Adds a settlement for which something has to be paid.
    fn add(
        &mut self,
        tx: &mut Connection,
        view: View,
        settlement: OwedSettlement,
        singly: bool,
    ) -> Result<(), StoreError> {
        // Nothing is paid for a day whose sales were all taken back, or more than that.
        let Some(amount) = Rupiah::new(settlement.sums.due()).ok().filter(|due| !due.is_zero())
        else {
            if settlement.sums.is_even() && settlement.paid_by.is_none() {
                self.even.push(settlement);
            }
            return Ok(());
        };
        // What is set off is set off against the whole: no purchase of it is expected by itself.
        let singly = singly && settlement.sums.amount() == 0;
        let unusual =
            |error: NotALine| StoreError::corrupt(format!("settlement {}: {error}", settlement.id));
        let reference: SettlementReference = settlement.reference.parse().map_err(|error| {
            StoreError::corrupt(format!("settlement {}: {error}", settlement.id))
        })?;
        let line = SettlementLine {
            reference,
            merchant: &settlement.merchant_code,
            account: None,
            bank_reference: None,
            business_date: settlement.business_date,
            amount,
        };
        self.side.add_settlement(&line).map_err(unusual)?;
        if singly {
            for (rrn, amount, reversed) in purchases(tx, view, &settlement)? {
                let line = RedemptionLine {
                    rrn: &rrn,
                    terminal: None,
                    merchant: &settlement.merchant_code,
                    account: None,
                    settlement: Some(reference),
                    business_date: settlement.business_date,
                    amount,
                    reversed,
                };
                self.side.add_redemption(&line).map_err(unusual)?;
                self.redemptions.insert(rrn, reference);
            }
        }
        self.settlements.insert(reference, settlement);
        Ok(())
    }
}

/// The purchases of a settlement: retrieval reference, amount, and whether it was taken back on the
/// same day, so that nothing is due for it.
fn purchases(
    tx: &mut Connection,
    view: View,
    settlement: &OwedSettlement,
) -> Result<Vec<(String, Rupiah, bool)>, StoreError> {
    let mut found: BTreeMap<i64, (i64, bool, Option<i64>)> = BTreeMap::new();
    let mut after = 0;
    loop {
        let of = (settlement.merchant, view.bank, settlement.business_date);
        let items = tx.settlement_items(of, after, PAGE)?;
        for (row, redemption, _wallet, amount, _created, reference) in &items {
            let entry = found.entry(*redemption).or_insert((*amount, false, *reference));
            entry.1 |= row != redemption;
        }
        match items.last() {
            Some(last) if i64::try_from(items.len()) == Ok(PAGE) => {
                after = last.0;
            }
            _ => break,
        }
    }
    let purchase = |(id, (amount, reversed, reference)): (i64, (i64, bool, Option<i64>))| {
        let amount = Rupiah::new(amount)
            .map_err(|error| StoreError::corrupt(format!("redemption {id}: {error}")))?;
        Ok((reference_of(id, reference)?.to_string(), amount, reversed))
    };
    found.into_iter().map(purchase).collect()
}
