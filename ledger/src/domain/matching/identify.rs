//! What a row is about, strongest name first. Names that disagree are never weighed up.

use super::bank_side::{BankRow, Target};
use super::found::{Count, Few, Found};
use super::index::at;
use super::ledger_side::{Redemption, retrieval_number};
use super::matcher::Matcher;
use super::terms::PAID_WITHIN_DAYS;
use super::words;
use crate::domain::settlement::SettlementReference;
use crate::domain::short::ShortText;

impl Matcher {
    /// What the texts of a row name.
    pub(super) fn found(&self, row: &BankRow<'_>) -> Found {
        let mut found = Found::default();
        let mut marks = found.marks;
        // The reference found for a row is usually in its description again.
        let mut first = None;
        for text in [row.references, row.description] {
            let take = |code| {
                if first != Some(code) {
                    first = first.or(Some(code));
                    self.take_code(code, &mut found);
                }
            };
            words::read(&self.phrases, text, take, &mut marks);
        }
        found.marks = marks;
        found
    }

    fn take_code(&self, code: &[u8], found: &mut Found) {
        let digits = code.iter().filter(|byte| byte.is_ascii_digit()).count();
        if digits > 0 {
            for word in code.split(|byte| *byte == b'-') {
                if let Some(reference) = SettlementReference::of_bytes(word) {
                    found.references.add(reference);
                    // The whole code is a reference, and nothing besides.
                    if word.len() == code.len() {
                        return;
                    }
                } else if let Some(number) = retrieval_number(word)
                    && self.ledger.by_number.contains_key(&number)
                {
                    found.numbers.add(number);
                }
            }
        }
        if is_telling(code, digits)
            && let Some(text) = ShortText::upper(code)
        {
            // Beyond a few, they can't be put off.
            if !found.codes.add(text) {
                self.look_up_code(text, found);
            }
        }
    }

    /// Looks up what a word is that could be a code.
    fn look_up_code(&self, code: ShortText, found: &mut Found) {
        let named = self.names().get(&code).copied().unwrap_or_default();
        if named.merchant {
            found.merchants.add(code);
        }
        if named.terminal {
            found.terminals.add(code);
        }
        if let Some(Some(settlement)) = self.ledger.by_bank_reference.get(&code) {
            found.settlements.add(*settlement);
        }
    }

    /// What the row is about, or `None` when nothing is named.
    pub(super) fn target(&self, found: &mut Found, day: i32) -> Option<Target> {
        // The usual case: a reference and at most one code, which the settlement will show.
        if let Count::One(reference) = found.references.count()
            && !matches!(found.codes.count(), Count::More)
            && found.numbers.is_empty()
            && self.ledger.by_bank_reference.is_empty()
        {
            return Some(Target::Settlement(reference));
        }
        let codes = found.codes;
        for code in codes.iter() {
            self.look_up_code(code, found);
        }
        let redemption = self.redemption(found, day);
        let own = match found.references.count() {
            Count::More => return Some(Target::Conflict),
            Count::One(reference) => Some(reference),
            Count::None => None,
        };
        let by_bank = match found.settlements.count() {
            Count::More => return Some(Target::Conflict),
            Count::One(reference) => Some(reference),
            Count::None => None,
        };
        match (own.or(by_bank), redemption) {
            (Some(reference), _) if by_bank.is_some_and(|of| of != reference) => {
                Some(Target::Conflict)
            }
            (Some(reference), Some(Target::Redemption(redemption))) => {
                let settlement = self.ledger.settlement(reference);
                let agree = self.copies(redemption).any(|line| settlement == Some(line.part_of));
                Some(if agree { Target::Settlement(reference) } else { Target::Conflict })
            }
            (Some(_), Some(Target::Conflict)) => Some(Target::Conflict),
            (Some(reference), _) => Some(Target::Settlement(reference)),
            (None, Some(target)) => Some(target),
            (None, None) => match found.merchants.count() {
                Count::More => Some(Target::Conflict),
                Count::One(merchant) => Some(Target::Merchant(merchant)),
                Count::None => None,
            },
        }
    }

    /// The merchant that the row names; where it names several, another one than its target's only if
    /// it does not name that one. Where codes were not looked up, the word that may be one.
    pub(super) fn named(&self, found: &Found, target: Option<Target>) -> Option<ShortText> {
        let own = || match target? {
            Target::Settlement(reference) => {
                let place = self.ledger.settlement(reference)?;
                at(&self.ledger.settlements, place).map(|line| line.merchant)
            }
            Target::Redemption(place) => {
                at(&self.ledger.redemptions, place).map(|line| line.merchant)
            }
            Target::Merchant(_) | Target::Tied | Target::Conflict => None,
        };
        match (found.merchants.count(), found.codes.count()) {
            (Count::None, Count::One(code)) if matches!(target, Some(Target::Settlement(_))) => {
                Some(code)
            }
            (Count::None, _) => None,
            (Count::One(merchant), _) => Some(merchant),
            (Count::More, _) => match own() {
                Some(own) if found.merchants.contains(own) => Some(own),
                Some(_) | None => found.merchants.iter().next(),
            },
        }
    }

    /// The redemption that the row's numbers mean.
    fn redemption(&self, found: &Found, day: i32) -> Option<Target> {
        let number = match found.numbers.count() {
            Count::None => return None,
            Count::More => return Some(Target::Conflict),
            Count::One(number) => number,
        };
        let terminals = &found.terminals;
        let candidates = || {
            self.with_number(number).filter(|(_place, line)| {
                terminals.is_empty() || line.terminal.is_none_or(|own| terminals.contains(own))
            })
        };
        let of_all = Few::of(candidates().map(|(place, _line)| place));
        let in_time = candidates().filter(|(_place, line)| is_in_time(line.day, day));
        let in_time = Few::of(in_time.map(|(place, _line)| place));
        let place = match (in_time.count(), of_all.count()) {
            (Count::One(place), _) | (Count::None, Count::One(place)) => place,
            (Count::More, _) | (Count::None, Count::More) => return Some(Target::Tied),
            // The number is of another terminal than the row names.
            (Count::None, Count::None) => return Some(Target::Conflict),
        };
        Some(Target::Redemption(place))
    }

    /// The redemptions that share a key with one, that one first.
    fn copies(&self, place: u32) -> impl Iterator<Item = &Redemption> {
        let list = &self.ledger.redemptions;
        std::iter::successors(at(list, place), move |line| at(list, line.same))
    }

    /// The redemptions with that number, one for each terminal and date.
    fn with_number(&self, number: u64) -> impl Iterator<Item = (u32, &Redemption)> {
        let list = &self.ledger.redemptions;
        let first = self.ledger.by_number.get(&number).copied();
        let entry = |place: u32| at(list, place).map(|line| (place, line));
        std::iter::successors(first.and_then(entry), move |(_place, line)| entry(line.of_number))
    }
}

/// Whether something of `due` that is paid on `paid` is paid in time.
pub(super) fn is_in_time(due: i32, paid: i32) -> bool {
    let late = i64::from(paid).saturating_sub(i64::from(due));
    u64::try_from(late).is_ok_and(|days| days <= PAID_WITHIN_DAYS)
}

/// Whether a word is not an ordinary one: letters with digits or a hyphen, or a long number.
fn is_telling(word: &[u8], digits: usize) -> bool {
    let has_letter = word.iter().any(u8::is_ascii_alphabetic);
    let is_joined = has_letter && (digits > 0 || word.contains(&b'-'));
    word.len() <= ShortText::LONGEST && ((is_joined && word.len() >= 3) || digits >= 8)
}
