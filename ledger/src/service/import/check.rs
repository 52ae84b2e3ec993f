//! What the rows of a set say about each other: duplicate names, unknown names.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::domain::calendar::{Date, Instant, business_date};
use crate::domain::card::{CardState, NotPin};

use super::error::{BadRow, Flaw, ImportFile};
use super::set::{ImportSet, Row};

/// Everything that is wrong between the rows of a set, and with what they say of the present.
pub(super) fn within(set: &ImportSet, now: Instant) -> Vec<BadRow> {
    let mut bad = Vec::new();
    let b = &mut bad;
    repeats(b, ImportFile::Banks, "bank", &set.banks, |bank| &bank.code);
    repeats(b, ImportFile::Banks, "clearing_code", &set.banks, |bank| &bank.clearing_code);
    repeats(b, ImportFile::Merchants, "merchant_id", &set.merchants, |merchant| &merchant.code);
    repeats(b, ImportFile::Terminals, "terminal_id", &set.terminals, |terminal| &terminal.code);
    repeats(b, ImportFile::Households, "household", &set.households, |one| &one.household);
    repeats(b, ImportFile::Households, "nik", &set.households, |one| &one.identity.nik);
    repeats(b, ImportFile::Wallets, "household", &set.wallets, |wallet| &wallet.household);
    open_days(set, now, b);
    wallets(set, b);
    cards(set, b);
    bad
}

/// A bank's open day is one that a purchase made now could be dated to, or an earlier one: sales that are
/// dated ahead would wait for days to be settled.
fn open_days(set: &ImportSet, now: Instant, bad: &mut Vec<BadRow>) {
    for Row { line, entry } in &set.banks {
        let latest = business_date(now, entry.cut_off, Date::MIN);
        if entry.open_business_date > latest {
            let (file, column) = (ImportFile::Banks, Some("open_business_date"));
            bad.push(BadRow { file, line: *line, column, flaw: Flaw::DayAhead(latest) });
        }
    }
}

/// Names every row whose `key` an earlier one has.
fn repeats<'a, T, K: Eq + Hash + 'a>(
    bad: &mut Vec<BadRow>,
    file: ImportFile,
    column: &'static str,
    rows: &'a [Row<T>],
    key: impl Fn(&'a T) -> &'a K,
) {
    let mut seen: HashMap<&K, u64> = HashMap::with_capacity(rows.len());
    for row in rows {
        if let Some(first) = first_of(&mut seen, key(&row.entry), row.line) {
            let flaw = Flaw::Repeated(first);
            bad.push(BadRow { file, line: row.line, column: Some(column), flaw });
        }
    }
}

/// The line that had `key` before; the first one has it from now on.
fn first_of<K: Eq + Hash>(seen: &mut HashMap<K, u64>, key: K, line: u64) -> Option<u64> {
    match seen.entry(key) {
        Entry::Occupied(first) => Some(*first.get()),
        Entry::Vacant(place) => {
            place.insert(line);
            None
        }
    }
}

fn wallets(set: &ImportSet, bad: &mut Vec<BadRow>) {
    let households: HashSet<_> = set.households.iter().map(|row| &row.entry.household).collect();
    for Row { line, entry } in &set.wallets {
        let known =
            households.contains(&entry.household) || set.unread.households.may_be(&entry.household);
        if !known {
            let (file, column) = (ImportFile::Wallets, Some("household"));
            bad.push(BadRow { file, line: *line, column, flaw: Flaw::NoHousehold });
        }
    }
}

fn cards(set: &ImportSet, bad: &mut Vec<BadRow>) {
    let niks: HashMap<_, _> =
        set.households.iter().map(|row| (&row.entry.household, row.entry.identity.nik)).collect();
    let wallets: HashSet<_> = set.wallets.iter().map(|row| &row.entry.household).collect();
    let mut numbers = HashMap::with_capacity(set.cards.len());
    let mut in_use = HashMap::with_capacity(set.cards.len());
    for Row { line, entry: card } in &set.cards {
        let mut flaw = |column, flaw| {
            let (file, column) = (ImportFile::Cards, Some(column));
            bad.push(BadRow { file, line: *line, column, flaw });
        };
        if let Some(first) = first_of(&mut numbers, card.number.digits(), *line) {
            flaw("card_number", Flaw::CardRepeated(card.number.masked(), first));
        }
        let nik = niks.get(&card.household);
        if nik.is_none() && !set.unread.households.may_be(&card.household) {
            flaw("household", Flaw::NoHousehold);
        } else if !wallets.contains(&card.household) && !set.unread.wallets.may_be(&card.household)
        {
            flaw("household", Flaw::NoWallet);
        }
        if card.state.is_in_use()
            && let Some(other) = first_of(&mut in_use, &card.household, *line)
        {
            flaw("household", Flaw::SecondCard(other));
        }
        match (card.state, card.pin) {
            (CardState::Active, None) => flaw("pin", Flaw::PinMissing),
            (CardState::Printed | CardState::Distributed | CardState::Returned, Some(_)) => {
                flaw("pin", Flaw::PinTooEarly(card.state.as_str()));
            }
            (_, Some(pin)) => {
                let weak = pin.strong_for(card.number.masked()).err();
                let born = nik.is_some_and(|nik| nik.gives_away(pin)).then_some(NotPin::Weak);
                if let Some(error) = weak.or(born) {
                    flaw("pin", Flaw::Pin(error));
                }
            }
            (_, None) => {}
        }
    }
}
