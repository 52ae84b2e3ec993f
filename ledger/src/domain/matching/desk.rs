//! The table on which both sides are laid out: rows are brought to the lines they are about, then
//! every line is judged with its rows.

mod lay_down;

use std::sync::OnceLock;

use rust_decimal::Decimal;

use super::bank_side::{BankSide, Keyed, LooseText, RowData};
use super::control::{Amounts, Sums};
use super::identify::is_in_time;
use super::index::{NONE, at, at_mut};
use super::ledger_side::{LedgerSide, Map, Settlement, Stand};
use super::link::Named;
use super::matcher::Matcher;
use super::outcome::{Matching, OutcomeData, Unit};
use super::pairs::Dated;
use super::status::MatchStatus;
use super::terms::Terms;
use crate::domain::money::Rupiah;
use crate::domain::settlement::SettlementReference;
use crate::domain::short::ShortText;

/// Lines that are looked at together, with the rows that were brought to them.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) units: Vec<Unit>,
    pub(super) rows: Vec<u32>,
    /// Whether it is unclear which row is for which line.
    pub(super) tied: bool,
}

/// Everything in one place while it is worked on.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) terms: Terms,
    pub(super) ledger: LedgerSide,
    pub(super) rows: Vec<RowData>,
    keyed: Vec<Keyed>,
    pub(super) loose: Vec<LooseText>,
    charges: Vec<(u32, Decimal)>,
    tied: Vec<u32>,
    conflicts: Vec<u32>,
    pub(super) foreign: Vec<(SettlementReference, Vec<u32>)>,
    pub(super) by_redemption: Vec<(u32, u32)>,
    pub(super) by_merchant: Vec<(ShortText, u32)>,
    names: OnceLock<Map<ShortText, Named>>,
    pub(super) groups: Vec<Group>,
    movement: Option<Decimal>,
    repeated: usize,
    sums: Sums,
    /// Outcomes of one line and one row of its amount, and what those come to.
    plain: (usize, Option<Rupiah>),
    outcomes: Vec<OutcomeData>,
    units: Vec<Unit>,
    listed: Vec<u32>,
}

impl Desk {
    pub(super) fn new(matcher: Matcher, bank: BankSide) -> Self {
        let Matcher { terms, ledger, names, .. } = matcher;
        let lines = ledger.settlements.len();
        Self {
            outcomes: Vec::with_capacity(lines),
            units: Vec::with_capacity(lines),
            listed: Vec::with_capacity(bank.rows.len()),
            terms,
            ledger,
            rows: bank.rows,
            keyed: bank.keyed,
            by_redemption: bank.redemptions,
            by_merchant: bank.merchants,
            names,
            loose: bank.loose,
            charges: bank.charges,
            tied: bank.tied,
            conflicts: bank.conflicts,
            foreign: Vec::new(),
            groups: Vec::new(),
            movement: bank.movement,
            repeated: 0,
            sums: Sums::default(),
            plain: (0, Some(Rupiah::ZERO)),
        }
    }

    pub(super) fn matched(mut self) -> Matching {
        self.bring_to_settlements();
        self.bring_to_redemptions();
        self.match_by_merchant();
        self.match_loose();
        self.judge_settlements();
        self.judge_redemptions();
        self.judge_groups();
        self.judge_foreign();
        for (status, rows) in [
            (MatchStatus::Ambiguous, std::mem::take(&mut self.tied)),
            (MatchStatus::KeyConflict, std::mem::take(&mut self.conflicts)),
        ] {
            for row in self.once(rows) {
                self.emit(status, &[], &[row], None);
            }
        }
        let (plain, sum) = self.plain;
        let paid = sum.map(|sum| Decimal::from(sum.get()));
        let amounts = Amounts { due: sum, paid, fees: Some(Decimal::ZERO) };
        self.sums.add(MatchStatus::Matched, plain, amounts);
        // What was judged in order is in order: a sort that finds runs has little left to do.
        self.outcomes.sort_by_key(|outcome| outcome.order);
        Matching {
            terms: self.terms,
            ledger: self.ledger,
            rows: self.rows,
            outcomes: self.outcomes,
            units: self.units,
            listed: self.listed,
            movement: self.movement,
            sums: self.sums,
            repeated: self.repeated,
        }
    }

    /// Brings rows to the settlements whose references they carry. Both sides are in order.
    fn bring_to_settlements(&mut self) {
        let mut keyed = std::mem::take(&mut self.keyed);
        keyed.sort_unstable();
        let mut settlements = self.ledger.settlements.iter_mut().peekable();
        let mut unsure = Vec::new();
        for named in keyed.chunk_by(|one, other| one.reference == other.reference) {
            let Some(reference) = named.first().map(|keyed| keyed.reference) else { continue };
            while settlements.next_if(|line| line.reference < reference).is_some() {}
            match (settlements.peek_mut().filter(|line| line.reference == reference), named) {
                (Some(line), [only]) => {
                    line.rows = only.row;
                    if line.stand == Stand::Alone && is_paid_by(line, only) {
                        line.stand = Stand::Paid;
                    } else {
                        unsure.push(only.row);
                    }
                }
                (Some(line), several) => {
                    for keyed in several {
                        if let Some(data) = at_mut(&mut self.rows, keyed.row) {
                            data.next = std::mem::replace(&mut line.rows, keyed.row);
                        }
                        unsure.push(keyed.row);
                    }
                }
                (None, rows) => {
                    let rows = rows.iter().map(|keyed| keyed.row).collect();
                    self.foreign.push((reference, rows));
                }
            }
        }
        self.forget_what_is_no_merchant(&unsure);
    }

    /// Of words that may be codes, keeps those that are merchants' codes.
    fn forget_what_is_no_merchant(&mut self, rows: &[u32]) {
        let names = self.names.get_or_init(|| self.ledger.names());
        for row in rows {
            if let Some(data) = at_mut(&mut self.rows, *row) {
                let is_merchant =
                    |code: &ShortText| names.get(code).is_some_and(|name| name.merchant);
                data.named = data.named.filter(is_merchant);
            }
        }
    }

    /// Brings rows to the redemptions that they name. Where none names the settlement of these, its
    /// redemptions are judged one by one, if they add up to it. Otherwise those rows are parts of its
    /// payment. What was reversed stands by itself: the bank should have paid nothing for it.
    fn bring_to_redemptions(&mut self) {
        let mut settlements = Vec::new();
        for (place, row) in std::mem::take(&mut self.by_redemption) {
            self.bring(row, Unit::Redemption(place));
            let Some(redemption) = at_mut(&mut self.ledger.redemptions, place) else { continue };
            if redemption.stand == Stand::Within {
                if redemption.reversed {
                    redemption.stand = Stand::Alone;
                } else {
                    settlements.push(redemption.part_of);
                }
            }
        }
        settlements.sort_unstable();
        settlements.dedup();
        for place in settlements {
            let Some(settlement) = at(&self.ledger.settlements, place) else { continue };
            let parts = self.parts_of(settlement.redemptions);
            let singly = settlement.rows == NONE
                && settlement.stand == Stand::Alone
                && self.adds_up(settlement.amount, &parts);
            if singly {
                self.set_stand(Unit::Settlement(place), Stand::Within);
            }
            for part in parts {
                if singly {
                    self.set_stand(Unit::Redemption(part), Stand::Alone);
                } else {
                    self.move_rows(part, place);
                }
            }
        }
    }

    /// The redemptions of a settlement for which money is due.
    fn parts_of(&self, newest: u32) -> Vec<u32> {
        let (mut parts, mut place) = (Vec::new(), newest);
        while let Some(redemption) = at(&self.ledger.redemptions, place) {
            if !redemption.reversed {
                parts.push(place);
            }
            place = redemption.of_settlement;
        }
        parts
    }

    fn adds_up(&self, amount: i64, parts: &[u32]) -> bool {
        let due = parts.iter().try_fold(0_i64, |sum, part| {
            let redemption = at(&self.ledger.redemptions, *part)?;
            // A redemption that is there twice adds up to nothing that can be trusted.
            let single = redemption.stand == Stand::Within && redemption.same == NONE;
            sum.checked_add(redemption.amount).filter(|_sum| single)
        });
        due == Some(amount)
    }

    fn move_rows(&mut self, redemption: u32, settlement: u32) {
        let Some(from) = at_mut(&mut self.ledger.redemptions, redemption) else { return };
        let mut place = std::mem::replace(&mut from.rows, NONE);
        while let Some(row) = at(&self.rows, place) {
            let next = row.next;
            self.bring(place, Unit::Settlement(settlement));
            place = next;
        }
    }

    pub(super) fn set_stand(&mut self, unit: Unit, stand: Stand) {
        match unit {
            Unit::Settlement(place) => {
                if let Some(line) = at_mut(&mut self.ledger.settlements, place) {
                    line.stand = stand;
                }
            }
            Unit::Redemption(place) => {
                if let Some(line) = at_mut(&mut self.ledger.redemptions, place) {
                    line.stand = stand;
                }
            }
        }
    }

    /// Puts a row to a line.
    pub(super) fn bring(&mut self, row: u32, unit: Unit) {
        let head = match unit {
            Unit::Settlement(place) => at_mut(&mut self.ledger.settlements, place).map(|line| {
                if line.stand == Stand::Paid {
                    line.stand = Stand::Alone;
                }
                &mut line.rows
            }),
            Unit::Redemption(place) => {
                at_mut(&mut self.ledger.redemptions, place).map(|line| &mut line.rows)
            }
        };
        if let (Some(head), Some(data)) = (head, at_mut(&mut self.rows, row)) {
            data.next = std::mem::replace(head, row);
        }
    }

    /// The rows that begin at `newest`, as they were added.
    pub(super) fn chain(&self, newest: u32) -> impl Iterator<Item = u32> {
        let rows = &self.rows;
        let entry = |place: u32| at(rows, place).map(|row| (place, row.next));
        std::iter::successors(entry(newest), move |(_place, next)| entry(*next))
            .map(|(place, _next)| place)
    }

    /// The rows by day and fingerprint, each fingerprint once: what was added twice is left out.
    pub(super) fn once(&mut self, mut rows: Vec<u32>) -> Vec<u32> {
        if rows.len() < 2 {
            return rows;
        }
        let key =
            |place: &u32| at(&self.rows, *place).map(|row| (row.day, row.fingerprint, row.place));
        rows.sort_unstable_by_key(key);
        let (mut movement, mut repeated) = (self.movement, 0_usize);
        let data = &self.rows;
        rows.dedup_by(|later, kept| {
            let (Some(later), Some(kept)) = (at(data, *later), at(data, *kept)) else {
                return false;
            };
            let same = later.fingerprint == kept.fingerprint;
            if same {
                movement = movement.and_then(|sum| sum.checked_sub(later.signed()));
                repeated = repeated.saturating_add(1);
            }
            same
        });
        self.movement = movement;
        self.repeated = self.repeated.saturating_add(repeated);
        rows
    }

    /// What the bank says it kept back from a row.
    pub(super) fn charge(&self, row: u32) -> Decimal {
        let found = self.charges.binary_search_by_key(&row, |(row, _charge)| *row).ok();
        let charge = found.and_then(|place| self.charges.get(place));
        charge.map(|(_row, charge)| *charge).unwrap_or_default()
    }

    /// A row as far as it matters to what takes it back.
    pub(super) fn dated(&self, place: u32) -> Option<Dated> {
        at(&self.rows, place).map(|row| Dated::of(place, row))
    }
}

/// Whether the row pays the settlement in time and to the rupiah, and nothing speaks against it.
fn is_paid_by(line: &Settlement, row: &Keyed) -> bool {
    let own_name = row.named.is_none_or(|named| named == line.merchant);
    let own_account = row.account == NONE || line.account == NONE || row.account == line.account;
    row.pays > 0
        && row.pays == line.amount
        && own_name
        && own_account
        && is_in_time(line.day, row.day)
}
