//! The five reconciliations that food-benefit schemes run every day, in one report: credits issued
//! against credits posted, wallets against their transfers, shops per terminal against their
//! settlements, settlements against the bank, and the holding account against its statement.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::bank::BankId;
use crate::domain::calendar::Date;
use crate::domain::credit::PROGRAMME;
use crate::domain::settlement::{DayStatus, SetOff};
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::daily::{SettledSum, TerminalSum};

use super::ledger::Ledger;

/// How one of the five stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DailyState {
    /// Both sides are equal to the rupiah.
    Holds,
    /// They are not.
    Differs,
    /// One side is not there yet: the day is open, or no statement was given.
    NotYet,
}

impl DailyState {
    /// The state as answers write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Differs => "differs",
            Self::NotYet => "not_yet",
        }
    }

    fn of(is_equal: bool) -> Self {
        if is_equal { Self::Holds } else { Self::Differs }
    }
}

/// One of the five.
#[derive(Clone, Debug)]
pub struct DailyCheck {
    /// `credits`, `wallets`, `terminals`, `settlements`, `holding`.
    pub name: &'static str,
    /// How it stands.
    pub state: DailyState,
    /// What should be, in rupiah.
    pub expected: Decimal,
    /// What is, in rupiah.
    pub found: Decimal,
    /// How many things were compared.
    pub compared: i64,
    /// What differs, one line each, or what is missing.
    pub remarks: Vec<String>,
}

impl DailyCheck {
    fn of(name: &'static str, state: DailyState, (expected, found): (i64, i64)) -> Self {
        let (expected, found) = (expected.into(), found.into());
        Self { name, state, expected, found, compared: 0, remarks: Vec::new() }
    }
}

impl Ledger {
    /// Runs all five for a bank's day, on one snapshot. `closing` is the closing balance of the
    /// holding account by the bank's own statement, where it is at hand.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn daily_reconciliation(
        &self,
        bank: BankId,
        day: Date,
        closing: Option<Decimal>,
    ) -> Result<Vec<DailyCheck>, StoreError> {
        let is_closed = self.day_status(bank, day)? == DayStatus::Closed;
        self.shared.read_long(|connection| {
            connection.snapshot(|tx| {
                let moved = tx.moved_at_terminals(bank, day)?;
                let settled = tx.settled_sums(bank, day)?;
                Ok(vec![
                    credits(tx, bank, day)?,
                    wallets(tx, bank)?,
                    terminals(&moved, &settled, is_closed),
                    settlements(&settled, is_closed),
                    holding(tx, bank, closing)?,
                ])
            })
        })
    }
}

/// What the runs of the last month that was credited say against what families got.
fn credits(tx: &mut Connection, bank: BankId, day: Date) -> Result<DailyCheck, StoreError> {
    let month = day.as_number() / 100;
    let period = tx.latest_period(month)?.unwrap_or(month);
    let (issued, posted) =
        (tx.credits_issued(bank, period)?, tx.credits_posted(bank, (PROGRAMME, period))?);
    let mut check =
        DailyCheck::of("credits", DailyState::of(issued == posted), (issued.1, posted.1));
    check.compared = posted.0;
    if issued.0 != posted.0 {
        check
            .remarks
            .push(format!("{} families by the runs, {} by the postings", issued.0, posted.0));
    }
    Ok(check)
}

fn wallets(tx: &mut Connection, bank: BankId) -> Result<DailyCheck, StoreError> {
    let (count, balances, booked, differing) = tx.wallets_by_transfers(bank)?;
    let state = DailyState::of(differing == 0 && balances == booked);
    let mut check = DailyCheck::of("wallets", state, (booked, balances));
    check.compared = count;
    if differing > 0 {
        check
            .remarks
            .push(format!("{differing} wallets hold something else than their transfers say"));
    }
    Ok(check)
}

/// What a shop's terminals sold and took back, in rupiah, with a line for each of them.
#[derive(Debug, Default)]
struct ShopSum {
    sold: i64,
    taken_back: i64,
    lines: Vec<String>,
}

/// Each shop's terminals together, as the transfers of the day say it, against its settlement.
fn terminals(moved: &[TerminalSum], settled: &[SettledSum], is_closed: bool) -> DailyCheck {
    let mut shops: BTreeMap<i64, ShopSum> = BTreeMap::new();
    for (merchant, code, terminal, kind, count, sum) in moved {
        let shop = shops.entry(*merchant).or_default();
        let (total, what) = if *kind == TransferKind::Redemption.number() {
            (&mut shop.sold, "purchases")
        } else {
            (&mut shop.taken_back, "taken back")
        };
        *total = total.saturating_add(*sum);
        shop.lines.push(format!("{code} {terminal}: {count} {what}, {sum}"));
    }
    let total = |sums: &mut dyn Iterator<Item = i64>| sums.fold(0_i64, i64::saturating_add);
    let all_sold = total(&mut shops.values().map(|shop| shop.sold));
    let all_settled = total(&mut settled.iter().map(|settlement| settlement.1));
    let mut remarks = Vec::new();
    for (merchant, gross, net, ..) in settled {
        let shop = shops.remove(merchant).unwrap_or_default();
        let reversed = gross.saturating_sub(*net);
        if shop.sold != *gross || shop.taken_back != reversed {
            remarks.push(format!("settled {gross}, sold {}", shop.sold));
            if shop.taken_back != reversed {
                remarks.push(format!("settled as taken back {reversed}, is {}", shop.taken_back));
            }
            remarks.extend(shop.lines);
        }
    }
    remarks.extend(shops.into_values().flat_map(|shop| shop.lines));
    let is_equal = remarks.is_empty() && all_sold == all_settled;
    let state = if is_closed { DailyState::of(is_equal) } else { DailyState::NotYet };
    let mut check = DailyCheck::of("terminals", state, (all_sold, all_settled));
    check.compared = i64::try_from(moved.len()).unwrap_or(i64::MAX);
    check.remarks = remarks;
    check
}

/// What is due for the day against what the bank's files show as paid.
fn settlements(settled: &[SettledSum], is_closed: bool) -> DailyCheck {
    let (mut owed, mut paid, mut open) = (0_i64, 0_i64, 0_i64);
    for (_merchant, _gross, net, carried, amount) in settled {
        let due = SetOff { carried: *carried, net: *net }.due();
        owed = owed.saturating_add(due);
        paid = paid.saturating_add(*amount);
        open = open.saturating_add(i64::from(*amount != due));
    }
    let state = if is_closed { DailyState::of(open == 0) } else { DailyState::NotYet };
    let mut check = DailyCheck::of("settlements", state, (owed, paid));
    check.compared = i64::try_from(settled.len()).unwrap_or(i64::MAX);
    if open > 0 {
        check.remarks.push(format!("{open} settlements are not paid in the bank's files"));
    }
    check
}

fn holding(
    tx: &mut Connection,
    bank: BankId,
    closing: Option<Decimal>,
) -> Result<DailyCheck, StoreError> {
    let (came, left) = tx.holding_moves(bank)?;
    let remaining = came.saturating_sub(left);
    let state = closing.map(|closing| DailyState::of(closing == Decimal::from(remaining)));
    let state = state.unwrap_or(DailyState::NotYet);
    let mut check = DailyCheck::of("holding", state, (remaining, 0));
    check.found = closing.unwrap_or_default();
    check.remarks.push(format!("in {came}, out {left}, remaining {remaining}"));
    if closing.is_none() {
        check.remarks.push("no statement of the holding account was given".to_owned());
    }
    Ok(check)
}
