//! The ledger's side of a matching: settlements, and the redemptions behind them.

use std::collections::HashMap;

use chrono::Datelike;
use foldhash::fast::RandomState;

use super::index::{NONE, at, at_mut, next_place};
use crate::domain::calendar::Date;
use crate::domain::money::Rupiah;
use crate::domain::settlement::SettlementReference;
use crate::domain::short::ShortText;

/// A hash map whose keys are numbers and short texts.
pub(super) type Map<K, V> = HashMap<K, V, RandomState>;

/// One merchant's settlement of a business day at its acquirer: what the bank has to pay at once.
#[derive(Clone, Copy, Debug)]
pub struct SettlementLine<'a> {
    /// The settlement reference that the bank was given.
    pub reference: SettlementReference,
    /// The merchant's code.
    pub merchant: &'a str,
    /// The account that the money goes to, where it is known.
    pub account: Option<&'a str>,
    /// The bank's own number of the payment, where the bank has given one.
    pub bank_reference: Option<&'a str>,
    /// The business date (WIB).
    pub business_date: Date,
    /// The net amount to be paid. Nothing is expected of a line of zero.
    pub amount: Rupiah,
}

/// One redemption. It is paid with its settlement, or by itself where the bank pays singly.
#[derive(Clone, Copy, Debug)]
pub struct RedemptionLine<'a> {
    /// The retrieval reference: 12 digits.
    pub rrn: &'a str,
    /// The terminal's code, where it is known.
    pub terminal: Option<&'a str>,
    /// The merchant's code.
    pub merchant: &'a str,
    /// The account that the money goes to, where it is known.
    pub account: Option<&'a str>,
    /// The settlement it is part of; `None` while its business date is open.
    pub settlement: Option<SettlementReference>,
    /// The business date (WIB).
    pub business_date: Date,
    /// The amount.
    pub amount: Rupiah,
    /// Whether it was taken back whole, so that nothing is due for it.
    pub reversed: bool,
}

/// A line that can't be matched, because a bank's file could not carry its names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotALine {
    /// A code of no or too many characters.
    #[error("`{0}` is not a code of 1 to 16 visible characters")]
    Code(String),
    /// A number that is not a retrieval reference.
    #[error("`{0}` is not a retrieval reference of 12 digits")]
    Rrn(String),
}

/// A settlement as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Settlement {
    pub(super) reference: SettlementReference,
    pub(super) amount: i64,
    pub(super) merchant: ShortText,
    pub(super) day: i32,
    pub(super) account: u32,
    /// The last added row that is about it.
    pub(super) rows: u32,
    /// The last added of its redemptions.
    pub(super) redemptions: u32,
    pub(super) stand: Stand,
}

/// A redemption as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Redemption {
    pub(super) rrn: u64,
    pub(super) terminal: Option<ShortText>,
    pub(super) settlement: Option<SettlementReference>,
    pub(super) amount: i64,
    pub(super) day: i32,
    pub(super) merchant: ShortText,
    pub(super) account: u32,
    pub(super) rows: u32,
    /// The next with the same number, terminal and date; there should be none.
    pub(super) same: u32,
    /// The next with the same number at another terminal or date.
    pub(super) of_number: u32,
    pub(super) of_settlement: u32,
    /// Its settlement, once all are known.
    pub(super) part_of: u32,
    pub(super) reversed: bool,
    pub(super) stand: Stand,
}

/// What a line is to the matching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// It is expected by itself.
    Alone,
    /// It is expected by itself, and one row pays it to the rupiah.
    Paid,
    /// It shares its key with others, and stands for them.
    First,
    /// It is paid as a part of others, or as its own parts.
    Within,
    /// It shares its key with one that stands for it, which comes before it.
    Repeated,
    /// It is in a group of several lines.
    Grouped,
}

/// The ledger's side: what a bank is expected to pay.
///
/// It should hold what is unpaid of the days whose payment the statements can show: the day itself,
/// what is carried forward from the days before, and redemptions of the day that is still open.
#[derive(Clone, Debug, Default)]
pub struct LedgerSide {
    /// By reference, once they are linked.
    pub(super) settlements: Vec<Settlement>,
    pub(super) redemptions: Vec<Redemption>,
    pub(super) by_number: Map<u64, u32>,
    /// Settlements by the bank's number of them; `None` where two claim it, for then it says nothing.
    pub(super) by_bank_reference: Map<ShortText, Option<SettlementReference>>,
    pub(super) accounts: Accounts,
}

impl LedgerSide {
    /// A side without lines, with room for so many settlements.
    pub fn with_capacity(settlements: usize) -> Self {
        Self { settlements: Vec::with_capacity(settlements), ..Self::default() }
    }

    /// Adds a settlement.
    ///
    /// # Errors
    /// [`NotALine`] when a code has not 1 to 16 characters; nothing is added.
    pub fn add_settlement(&mut self, line: &SettlementLine<'_>) -> Result<(), NotALine> {
        let bank_reference = line.bank_reference.map(code).transpose()?;
        let merchant = code(line.merchant)?;
        if let Some(number) = bank_reference {
            let known = self.by_bank_reference.entry(number).or_insert(Some(line.reference));
            *known = known.filter(|known| *known == line.reference);
        }
        self.settlements.push(Settlement {
            reference: line.reference,
            amount: line.amount.get(),
            day: day_number(line.business_date),
            merchant,
            account: self.accounts.place_of(line.account),
            rows: NONE,
            redemptions: NONE,
            stand: Stand::Alone,
        });
        Ok(())
    }

    /// Adds a redemption. Those of a settlement are needed where the bank's rows name redemptions.
    ///
    /// # Errors
    /// [`NotALine`] when a code or the retrieval reference is invalid; nothing is added.
    pub fn add_redemption(&mut self, line: &RedemptionLine<'_>) -> Result<(), NotALine> {
        let rrn = retrieval_number(line.rrn.as_bytes())
            .ok_or_else(|| NotALine::Rrn(line.rrn.to_owned()))?;
        let terminal = line.terminal.map(code).transpose()?;
        let merchant = code(line.merchant)?;
        let place = next_place(&self.redemptions);
        let mut redemption = Redemption {
            rrn,
            terminal,
            settlement: line.settlement,
            amount: line.amount.get(),
            day: day_number(line.business_date),
            merchant,
            account: self.accounts.place_of(line.account),
            rows: NONE,
            same: NONE,
            of_number: NONE,
            of_settlement: NONE,
            part_of: NONE,
            reversed: line.reversed,
            stand: Stand::Alone,
        };
        let newest = *self.by_number.entry(rrn).or_insert(place);
        match self.of_key(newest, &redemption) {
            Some(first) => {
                redemption.stand = Stand::Repeated;
                if let Some(first) = at_mut(&mut self.redemptions, first) {
                    redemption.same = first.same;
                    first.same = place;
                }
            }
            None if newest != place => {
                redemption.of_number = newest;
                self.by_number.insert(rrn, place);
            }
            None => {}
        }
        self.redemptions.push(redemption);
        Ok(())
    }

    /// The first of the redemptions with that number that is of the same terminal and date.
    fn of_key(&self, newest: u32, like: &Redemption) -> Option<u32> {
        let mut place = newest;
        while let Some(known) = at(&self.redemptions, place) {
            if known.terminal == like.terminal && known.day == like.day {
                return Some(place);
            }
            place = known.of_number;
        }
        None
    }
}

fn code(text: &str) -> Result<ShortText, NotALine> {
    ShortText::new(text).ok_or_else(|| NotALine::Code(text.to_owned()))
}

/// The 12 digits of a retrieval reference as a number.
pub(super) fn retrieval_number(word: &[u8]) -> Option<u64> {
    if word.len() != 12 {
        return None;
    }
    word.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Days since the calendar's beginning, which are counted with.
pub(super) fn day_number(date: Date) -> i32 {
    date.naive().num_days_from_ce()
}

/// The date of a day's number.
pub(super) fn date_of(day: i32) -> Date {
    chrono::NaiveDate::from_num_days_from_ce_opt(day).unwrap_or_default().into()
}

/// The ledger's accounts by number. Files lose leading zeros and add spaces and points, so only the
/// significant letters and digits count.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    places: Map<String, u32>,
}

impl Accounts {
    fn place_of(&mut self, account: Option<&str>) -> u32 {
        let significant = account.map(significant).unwrap_or_default();
        if significant.is_empty() {
            return NONE;
        }
        let next = u32::try_from(self.places.len()).unwrap_or(NONE);
        *self.places.entry(significant).or_insert(next)
    }

    /// The place of an account, if it is one of the ledger's.
    pub(super) fn known(&self, account: Option<&str>) -> u32 {
        if self.places.is_empty() {
            return NONE;
        }
        let place = account.and_then(|account| self.places.get(&significant(account)));
        place.copied().unwrap_or(NONE)
    }
}

/// The part of an account's number that distinguishes it from others.
pub(super) fn significant(account: &str) -> String {
    account
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .skip_while(|letter| *letter == '0')
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}
