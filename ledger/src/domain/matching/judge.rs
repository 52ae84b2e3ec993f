//! The status of lines with the rows that are about them.

use rust_decimal::Decimal;

use super::bank_side::{RowData, RowRole};
use super::control::sum;
use super::desk::{Desk, Group};
use super::index::{NONE, at, places};
use super::ledger_side::Stand;
use super::outcome::Unit;
use super::pairs::{Dated, paired};
use super::status::MatchStatus;
use super::terms::Terms;
use super::windows::whole_window;
use crate::domain::short::ShortText;

/// What is expected.
#[derive(Clone, Copy, Debug)]
struct Due {
    amount: Decimal,
    first_day: i32,
    last_day: i32,
    account: u32,
    merchant: ShortText,
}

/// Rows without those that took each other back.
#[derive(Debug, Default)]
struct Net {
    payments: Vec<Dated>,
    fees: Vec<Dated>,
    /// What the bank says it kept back from the payments.
    charges: Vec<Decimal>,
    /// A reversal without what it reverses.
    unpaired: bool,
    /// A debit that is neither a fee nor a reversal.
    other: bool,
    /// A payment that was taken back.
    taken_back: bool,
}

impl Desk {
    pub(super) fn judge_settlements(&mut self) {
        for place in places(&self.ledger.settlements) {
            let Some(line) = at(&self.ledger.settlements, place) else { continue };
            let unit = Unit::Settlement(place);
            match line.stand {
                Stand::Alone => self.judge_unit(unit),
                Stand::Paid => {
                    let row = line.rows;
                    self.emit_plain(unit, row);
                }
                Stand::First => {
                    let rest = self.ledger.settlements.iter().zip(0_u32..);
                    let rest = rest.skip(usize::try_from(place).unwrap_or(usize::MAX));
                    let same = rest.take_while(|(other, _place)| other.reference == line.reference);
                    let units: Vec<Unit> =
                        same.map(|(_line, place)| Unit::Settlement(place)).collect();
                    self.emit_repeated(&units);
                }
                Stand::Repeated | Stand::Within | Stand::Grouped => {}
            }
        }
    }

    pub(super) fn judge_redemptions(&mut self) {
        for place in places(&self.ledger.redemptions) {
            let Some(line) = at(&self.ledger.redemptions, place) else { continue };
            let unit = Unit::Redemption(place);
            if matches!(line.stand, Stand::Repeated | Stand::Grouped) {
                continue;
            }
            if line.same != NONE {
                let mut units = Vec::new();
                let mut next = place;
                while let Some(line) = at(&self.ledger.redemptions, next) {
                    // Within a settlement it is the settlement that is paid.
                    if line.part_of == NONE || line.stand == Stand::Alone {
                        units.push(Unit::Redemption(next));
                    }
                    next = line.same;
                }
                if !units.is_empty() {
                    self.emit_repeated(&units);
                }
            } else if line.stand == Stand::Alone && (!line.reversed || line.rows != NONE) {
                self.judge_unit(unit);
            }
        }
    }

    /// Lines of ours with one key: held, with whatever the bank paid under it.
    fn emit_repeated(&mut self, units: &[Unit]) {
        let rows = units.iter().flat_map(|unit| self.chain(self.ledger.rows_of(*unit)));
        let rows = rows.collect();
        let rows = self.once(rows);
        self.emit(MatchStatus::DuplicateInLedger, units, &rows, None);
    }

    fn judge_unit(&mut self, unit: Unit) {
        let rows = self.chain(self.ledger.rows_of(unit)).collect();
        let rows = self.once(rows);
        let status = self.status(&[unit], &rows);
        if !rows.is_empty() || self.ledger.due(unit) != 0 {
            self.emit(status, &[unit], &rows, None);
        }
    }

    pub(super) fn judge_groups(&mut self) {
        for Group { units, mut rows, tied } in std::mem::take(&mut self.groups) {
            for unit in &units {
                rows.extend(self.chain(self.ledger.rows_of(*unit)));
            }
            let rows = self.once(rows);
            let status = if tied { MatchStatus::Ambiguous } else { self.status(&units, &rows) };
            self.emit(status, &units, &rows, None);
        }
    }

    /// Rows with a reference that the ledger's side does not hold.
    pub(super) fn judge_foreign(&mut self) {
        for (reference, rows) in std::mem::take(&mut self.foreign) {
            let rows = self.once(rows);
            let net = self.net(&rows);
            let status = match net.payments.len() {
                2.. => MatchStatus::DuplicateInBank,
                _ if net.unpaired => MatchStatus::ReversalUnpaired,
                1 => MatchStatus::BankOnly,
                _ if net.taken_back && net.fees.is_empty() && !net.other => MatchStatus::Matched,
                _ => MatchStatus::OutOfScope,
            };
            self.emit(status, &[], &rows, Some(reference));
        }
    }

    fn due(&self, units: &[Unit]) -> Option<Due> {
        let days = || units.iter().map(|unit| self.ledger.day_of(*unit));
        let accounts = || units.iter().map(|unit| self.ledger.account_of(*unit));
        let account = accounts().next()?;
        let amounts = units.iter().map(|unit| Decimal::from(self.ledger.due(*unit)));
        Some(Due {
            amount: sum(amounts)?,
            first_day: days().min()?,
            last_day: days().max()?,
            account: if accounts().all(|other| other == account) { account } else { NONE },
            merchant: units.first().and_then(|unit| self.ledger.merchant_of(*unit))?,
        })
    }

    fn status(&self, units: &[Unit], rows: &[u32]) -> MatchStatus {
        let Some(due) = self.due(units) else { return MatchStatus::AmountDiffers };
        let net = self.net(rows);
        let (Some(paid), Some(fees)) = (total(&net.payments), total(&net.fees)) else {
            return MatchStatus::AmountDiffers;
        };
        if is_paid_twice(&due, &net, paid, &self.terms) {
            return MatchStatus::DuplicateInBank;
        }
        let other = |row: &Dated| at(&self.rows, row.row).is_some_and(|row| pays_other(row, &due));
        if net.payments.iter().any(other) {
            return MatchStatus::WrongMerchant;
        }
        if net.unpaired {
            return MatchStatus::ReversalUnpaired;
        }
        if net.payments.is_empty() && !due.amount.is_zero() {
            return if net.other || net.taken_back {
                MatchStatus::AmountDiffers
            } else {
                self.unpaid(due.last_day)
            };
        }
        let status = by_amount(&due, &net, (paid, fees), &self.terms);
        let in_time = |row: &Dated| {
            let last = due.last_day.saturating_add(*whole_window().end());
            (due.first_day..=last).contains(&row.day)
        };
        if status.is_closed() && !net.payments.iter().all(in_time) {
            return MatchStatus::OutOfWindow;
        }
        status
    }

    /// What has not been paid is late once the bank's statements cover the day after it.
    fn unpaid(&self, day: i32) -> MatchStatus {
        let covered = super::ledger_side::day_number(self.terms.covered_to);
        if covered > day { MatchStatus::LedgerOnly } else { MatchStatus::PendingBank }
    }

    /// Takes out the rows that took each other back.
    fn net(&self, rows: &[u32]) -> Net {
        let of = |wanted: RowRole| -> Vec<Dated> {
            let rows = rows
                .iter()
                .filter(|row| at(&self.rows, **row).is_some_and(|data| data.role == wanted));
            rows.filter_map(|row| self.dated(*row)).collect()
        };
        // What the bank gave back can be a fee, another debit, or a credit that it had taken back.
        let fees = paired(of(RowRole::Fee), of(RowRole::GivenBack));
        let debits = paired(of(RowRole::Debit), fees.reversals);
        let taken = paired(of(RowRole::TakenBack), debits.reversals);
        let payments = paired(of(RowRole::Payment), taken.originals);
        let mirrored = paired(payments.originals, debits.originals);
        let charges = mirrored.originals.iter().map(|row| self.charge(row.row));
        let mut net = Net {
            charges: charges.filter(|charge| !charge.is_zero()).collect(),
            payments: mirrored.originals,
            fees: fees.originals,
            unpaired: !taken.reversals.is_empty() || !payments.reversals.is_empty(),
            other: false,
            taken_back: !payments.told.is_empty() || !mirrored.told.is_empty(),
        };
        for debit in mirrored.reversals {
            if self.terms.fees.contains(&debit.amount) {
                net.fees.push(debit);
            } else {
                net.other = true;
            }
        }
        net
    }
}

/// Whether the row names a merchant other than the one owed, or is on another merchant's account.
fn pays_other(row: &RowData, due: &Due) -> bool {
    let other_account = due.account != NONE && row.account != NONE && row.account != due.account;
    let other_merchant = row.named.is_some_and(|named| named != due.merchant);
    other_merchant || other_account
}

/// Several payments that are not parts of what is due: one of them pays it alone, or two are equal.
fn is_paid_twice(due: &Due, net: &Net, paid: Decimal, terms: &Terms) -> bool {
    let settles = |amount: Decimal| {
        let kept_back = due.amount.checked_sub(amount);
        amount == due.amount || kept_back.is_some_and(|fee| terms.fees.contains(&fee))
    };
    let mut amounts: Vec<Decimal> = net.payments.iter().map(|row| row.amount).collect();
    amounts.sort_unstable();
    amounts.len() > 1
        && !settles(paid)
        && (amounts.iter().any(|amount| settles(*amount))
            || amounts.windows(2).any(|pair| matches!(pair, [one, other] if one == other)))
}

/// The status of what was paid in whole or in part, by amounts alone.
fn by_amount(due: &Due, net: &Net, (paid, fees): (Decimal, Decimal), terms: &Terms) -> MatchStatus {
    let kept_back = due.amount.checked_sub(paid).unwrap_or_default();
    let agreed = |fee: Decimal| terms.fees.is_empty() || terms.fees.contains(&fee);
    if net.other {
        MatchStatus::AmountDiffers
    } else if kept_back.is_zero() {
        match net.fees.len() {
            0 => MatchStatus::Matched,
            count if count > net.payments.len() => MatchStatus::FeeDiffers,
            _ if net.fees.iter().all(|fee| agreed(fee.amount)) => MatchStatus::MatchedWithFee,
            _ => MatchStatus::FeeDiffers,
        }
    } else if net.fees.is_empty() {
        // Kept back as agreed, or as the bank says with the payments.
        let stated = sum(net.charges.iter().copied()) == Some(kept_back);
        if terms.fees.contains(&kept_back) {
            MatchStatus::MatchedWithFee
        } else if !stated {
            MatchStatus::AmountDiffers
        } else if net.charges.iter().all(|charge| agreed(*charge)) {
            MatchStatus::MatchedWithFee
        } else {
            MatchStatus::FeeDiffers
        }
    } else if kept_back == fees || terms.fees.contains(&kept_back) {
        // The fee was kept back, and taken once more.
        MatchStatus::FeeDiffers
    } else {
        MatchStatus::AmountDiffers
    }
}

fn total(rows: &[Dated]) -> Option<Decimal> {
    sum(rows.iter().map(|row| row.amount))
}
