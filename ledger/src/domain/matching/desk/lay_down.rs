//! Laying outcomes down, in the order that does not depend on the rows' order.

use crate::domain::matching::bank_side::{Fingerprint, RowData, RowRole};
use crate::domain::matching::control::{Amounts, sum};
use crate::domain::matching::index::{at, next_place};
use crate::domain::matching::ledger_side::day_number;
use crate::domain::matching::outcome::{KeyKind, Order, OutcomeData, Unit};
use crate::domain::matching::status::MatchStatus;
use crate::domain::money::Rupiah;
use crate::domain::settlement::SettlementReference;
use crate::domain::short::ShortText;

use super::Desk;

impl Desk {
    /// Lays down an outcome. Its rows come in order; `foreign` is the reference of rows that carry one
    /// which the ledger's side does not hold.
    pub(in crate::domain::matching) fn emit(
        &mut self,
        status: MatchStatus,
        units: &[Unit],
        rows: &[u32],
        foreign: Option<SettlementReference>,
    ) {
        self.sums.add(status, 1, self.amounts(units, rows));
        let order = match (units, foreign) {
            ([], Some(reference)) => Order {
                day: reference.business_date().map(day_number).unwrap_or_default(),
                kind: KeyKind::Settlement,
                key: in_order(reference),
            },
            ([], None) => self.order_of_row(rows),
            ([only], _) => self.order_of(*only),
            (several, _) => {
                let orders = several.iter().map(|unit| self.order_of(*unit));
                orders.min().unwrap_or_else(|| self.order_of_row(rows))
            }
        };
        let listed_units = added(&mut self.units, units);
        if let [_, _, ..] = units {
            self.sort_last_units(units.len());
        }
        let listed_rows = added(&mut self.listed, rows);
        self.outcomes.push(OutcomeData { order, status, units: listed_units, rows: listed_rows });
    }

    /// Lays down that one row pays one line, to the rupiah.
    pub(in crate::domain::matching) fn emit_plain(&mut self, unit: Unit, row: u32) {
        let due = Rupiah::new(self.ledger.due(unit)).ok();
        let (count, sum) = self.plain;
        let sum = sum.zip(due).and_then(|(sum, due)| sum.checked_add(due));
        self.plain = (count.saturating_add(1), sum);
        let order = self.order_of(unit);
        let (units, rows) = (added(&mut self.units, &[unit]), added(&mut self.listed, &[row]));
        self.outcomes.push(OutcomeData { order, status: MatchStatus::Matched, units, rows });
    }

    fn amounts(&self, units: &[Unit], rows: &[u32]) -> Amounts {
        let due = units.iter().map(|unit| Rupiah::new(self.ledger.due(*unit)).unwrap_or_default());
        let rows = || rows.iter().filter_map(|row| at(&self.rows, *row));
        let fees = rows().filter(|row| row.role == RowRole::Fee).map(|row| row.amount);
        Amounts {
            due: Rupiah::checked_sum(due),
            paid: sum(rows().map(RowData::signed)),
            fees: sum(fees),
        }
    }

    fn sort_last_units(&mut self, count: usize) {
        let begin = self.units.len().saturating_sub(count);
        let mut last = self.units.split_off(begin);
        last.sort_by_key(|unit| {
            (self.order_of(*unit), self.ledger.merchant_of(*unit), self.ledger.due(*unit))
        });
        self.units.extend(last);
    }

    fn order_of(&self, unit: Unit) -> Order {
        let day = self.ledger.day_of(unit);
        match unit {
            Unit::Settlement(place) => Order {
                day,
                kind: KeyKind::Settlement,
                key: at(&self.ledger.settlements, place)
                    .map(|line| in_order(line.reference))
                    .unwrap_or_default(),
            },
            Unit::Redemption(place) => {
                let mut key = [0; 16];
                if let Some(line) = at(&self.ledger.redemptions, place) {
                    let number = line.rrn.to_be_bytes().into_iter();
                    let terminal = line.terminal.map(ShortText::to_bytes).unwrap_or_default();
                    let bytes = number.chain(terminal);
                    for (byte, value) in key.iter_mut().zip(bytes) {
                        *byte = value;
                    }
                }
                Order { day, kind: KeyKind::Redemption, key }
            }
        }
    }

    fn order_of_row(&self, rows: &[u32]) -> Order {
        let row = rows.first().and_then(|place| at(&self.rows, *place));
        let mut key = [0; 16];
        if let Some(Fingerprint { digest, occurrence }) = row.map(|row| row.fingerprint) {
            if let Some(first) = key.first_chunk_mut::<12>() {
                first.iter_mut().zip(digest).for_each(|(byte, value)| *byte = value);
            }
            if let Some(last) = key.last_chunk_mut() {
                *last = occurrence.to_be_bytes();
            }
        }
        Order { day: row.map(|row| row.day).unwrap_or_default(), kind: KeyKind::Row, key }
    }
}

/// What orders outcomes of settlements.
fn in_order(reference: SettlementReference) -> [u8; 16] {
    let mut key = [0; 16];
    if let Some(first) = key.first_chunk_mut() {
        *first = reference.number().to_be_bytes();
    }
    key
}

/// Adds entries to a list; where they begin and how many they are.
fn added<T: Copy>(list: &mut Vec<T>, entries: &[T]) -> (u32, u32) {
    let begin = next_place(list);
    list.extend_from_slice(entries);
    (begin, next_place(entries))
}
