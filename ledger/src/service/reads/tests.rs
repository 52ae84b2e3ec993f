//! Lists and totals on a small history that is sealed while it is read.

mod access;
mod times;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::history::ShownAttempt;
use super::accounts::{balance_of, find};
use super::attempts::list_attempts;
use super::moment::{Moment, moment};
use super::totals::trial_balance;
use super::transfers::{entries_of, list_transfers};
use super::walk::walk;
use super::*;
use crate::domain::account::AccountKind;
use crate::domain::bank::BankId;
use crate::domain::ids::{AccountId, CardId};
use crate::domain::money::Rupiah;
use crate::domain::transfer::TransferKind;
use crate::service::{
    FOUR_EYES_ABOVE, ManualClock, NewScope, Options, ROLLUP_SPAN, add_clients, migrate,
    revoke_client,
};
use crate::store::DatabaseUrl;
use crate::store::reads::Stretch;
use crate::store::reads::fixture::{FAMILIES, HOLDING, History, SHOPS, Sale, UNALLOCATED};

const FIRST_SHOP: Reader = Reader::Merchant(SHOPS[0]);
const SECOND_SHOP: Reader = Reader::Merchant(SHOPS[1]);
const BRI: Reader = Reader::Bank(BankId(1));
const BNI: Reader = Reader::Bank(BankId(2));

fn sale(shop: usize, family: usize, amount: i64) -> Sale {
    Sale { shop, family: Some(family), amount, refused: false, key: "key" }
}

fn refused(shop: usize, family: Option<usize>) -> Sale {
    Sale { shop, family, amount: 900, refused: true, key: "refused" }
}

/// Keys are used once for each wallet; these differ by their place.
const KEYS: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

/// A day: both families buy in both shops, some attempts are refused, one purchase is taken back,
/// money comes in and goes out.
fn day() -> History {
    let mut history = History::new();
    for bank in 0..2 {
        history.post(TransferKind::Funding, (HOLDING[bank], UNALLOCATED[bank]), 500_000);
        history.credit(bank, 110_000);
    }
    let mut last = Vec::new();
    for (turn, key) in (0..).zip(KEYS) {
        let amount = 1_000 + turn;
        let sales = [
            Sale { key, ..sale(0, 0, amount) },
            Sale { key, ..refused(0, None) },
            Sale { key, ..sale(0, 1, amount) },
            Sale { key, ..sale(1, 1, amount) },
        ];
        last = history.sell(&sales);
    }
    history.take_back(last[0], 0, 0, 1_011);
    history.post(TransferKind::Settlement, (SHOPS[0], HOLDING[0]), 5_000);
    history
}

fn page(limit: usize, place: Option<Place>) -> PageRequest {
    PageRequest { limit, place }
}

fn present(history: &mut History) -> Moment {
    let now = history.now();
    moment(&mut history.connection, None, now).unwrap().unwrap()
}

fn attempts(history: &mut History, reader: Reader, query: &AttemptQuery) -> Vec<ShownAttempt> {
    let now = history.now();
    list_attempts(&mut history.connection, reader, query, page(1000, None), now).unwrap().rows
}

fn transfers(history: &mut History, reader: Reader, query: &TransferQuery) -> Vec<ShownTransfer> {
    list_transfers(
        &mut history.connection,
        &AccountNames::default(),
        reader,
        query,
        page(1000, None),
    )
    .unwrap()
    .rows
}

/// Every id of a list that is read page by page; between the pages batches are sealed, and new
/// purchases come in.
fn ids_while_sealing(
    history: &mut History,
    seal: i64,
    mut read: impl FnMut(&mut History, Option<Place>) -> (Vec<RowId>, Option<Place>),
) -> Vec<RowId> {
    let (mut ids, mut place) = (Vec::new(), None);
    loop {
        let (rows, next) = read(history, place);
        ids.extend(rows);
        place = next;
        if place.is_none() {
            return ids;
        }
        history.seal(seal);
        // Their keys have to differ, so each page's purchase is another's.
        let key: &'static str = Box::leak(format!("new-{}", ids.len()).into_boxed_str());
        history.sell(&[Sale { key, ..sale(0, 0, 500) }]);
    }
}

#[test]
fn a_shops_history_is_shown_once_and_whole_while_it_is_sealed() {
    for limit in [1, 2, 3, 5, 7, 100] {
        for (before, between) in [(0, 1), (0, 5), (5, 2), (9, 0), (100, 1)] {
            let mut history = day();
            history.seal(before);
            let all: Vec<_> = attempts(&mut history, FIRST_SHOP, &AttemptQuery::default())
                .iter()
                .map(|row| row.attempt.id)
                .collect();
            assert_eq!(all.len(), 36);
            let query = AttemptQuery::default();
            let paged = ids_while_sealing(&mut history, between, |history, place| {
                let now = history.now();
                let request = page(limit, place);
                let page = list_attempts(&mut history.connection, FIRST_SHOP, &query, request, now)
                    .unwrap();
                (page.rows.iter().map(|row| row.attempt.id).collect(), page.next)
            });
            assert_eq!(paged, all, "{limit} a page, {before} sealed before, {between} between");
        }
    }
}

#[test]
fn an_accounts_history_is_shown_once_and_whole_while_it_is_sealed() {
    for account in ["payable", "holding", "wallet", "unallocated"] {
        for (limit, before, between) in [(1, 0, 1), (2, 0, 3), (3, 6, 2), (5, 100, 1), (4, 9, 0)] {
            let mut history = day();
            history.seal(before);
            let name = match account {
                "payable" => AccountName::Payable("EW-1".parse().unwrap()),
                "holding" => AccountName::Bank(AccountKind::Holding, "bri".parse().unwrap()),
                "wallet" => AccountName::Wallet(FAMILIES[0]),
                _ => AccountName::Bank(AccountKind::Unallocated, "bri".parse().unwrap()),
            };
            let row = find(&mut history.connection, Reader::All, &name).unwrap().unwrap();
            let query = TransferQuery::default();
            let read = |history: &mut History, limit, place| {
                let request = page(limit, place);
                let page = entries_of(
                    &mut history.connection,
                    &AccountNames::default(),
                    BRI,
                    &row,
                    &query,
                    request,
                )
                .unwrap();
                (page.rows.iter().map(|row| row.transfer.id()).collect(), page.next)
            };
            let (all, _): (Vec<RowId>, _) = read(&mut history, 1000, None);
            let paged = ids_while_sealing(&mut history, between, |history, place| {
                read(history, limit, place)
            });
            assert_eq!(paged, all, "{account}: {limit} a page, {before} before, {between} between");
            let expected = match account {
                "payable" => 26,
                "holding" | "unallocated" => 2,
                _ => 14,
            };
            assert_eq!(all.len(), expected, "{account}");
        }
    }
}

#[test]
fn a_purchase_is_found_by_what_became_of_it_its_card_and_its_banks() {
    for sealed in [0, 7, 100] {
        let mut history = day();
        history.seal(sealed);
        let mut count = |reader, query: AttemptQuery| attempts(&mut history, reader, &query).len();
        let by_status = |status| AttemptQuery { status: Some(status), ..AttemptQuery::default() };
        assert_eq!(count(Reader::All, AttemptQuery::default()), 48);
        for reader in [Reader::All, FIRST_SHOP] {
            assert_eq!(count(reader, by_status(AttemptStatus::Reversed)), 1);
            assert_eq!(count(reader, by_status(AttemptStatus::Refused)), 12);
        }
        assert_eq!(count(FIRST_SHOP, by_status(AttemptStatus::Approved)), 23);
        let card = Some((CardId(11), FAMILIES[0]));
        let of_card = AttemptQuery { card, ..AttemptQuery::default() };
        assert_eq!(count(Reader::All, of_card.clone()), 12);
        assert_eq!(count(SECOND_SHOP, of_card), 0);
        let merchant = Some("EW-2".parse().unwrap());
        let of_shop = AttemptQuery { merchant, ..AttemptQuery::default() };
        assert_eq!(count(Reader::All, of_shop.clone()), 12);
        // BRI is neither issuer nor acquirer of what BNI's family buys in BNI's shop.
        assert_eq!(count(BRI, of_shop.clone()), 0);
        assert_eq!(count(FIRST_SHOP, of_shop), 0, "another shop's");
        assert_eq!(
            (count(BRI, AttemptQuery::default()), count(BNI, AttemptQuery::default())),
            (36, 24)
        );
        let bank = Some("bni".parse().unwrap());
        assert_eq!(count(BRI, AttemptQuery { bank, ..AttemptQuery::default() }), 12);
        let bank = Some("btn".parse().unwrap());
        assert_eq!(count(Reader::All, AttemptQuery { bank, ..AttemptQuery::default() }), 0);
    }
}

#[test]
fn a_list_is_bounded_by_times_on_the_millisecond() {
    let mut history = History::new();
    history.sell(&[Sale { key: "a", ..sale(0, 0, 1) }]);
    history.wait(3 * 3_600_000);
    let noon = history.now();
    let second = history.sell(&[Sale { key: "b", ..sale(0, 0, 2) }]);
    history.wait(3 * 3_600_000);
    let third = history.sell(&[Sale { key: "c", ..sale(0, 0, 3) }]);
    for sealed in [0, 2] {
        history.seal(sealed);
        for reader in [Reader::All, FIRST_SHOP] {
            let from = AttemptQuery { from: Some(noon), ..AttemptQuery::default() };
            let ids: Vec<_> =
                attempts(&mut history, reader, &from).iter().map(|row| row.attempt.id).collect();
            assert_eq!(ids, [third[0], second[0]]);
            let to = Some(noon.plus_millis(1));
            let just_then = AttemptQuery { to, ..from };
            assert_eq!(attempts(&mut history, reader, &just_then).len(), 1);
            let to = TransferQuery { to: Some(noon), ..TransferQuery::default() };
            assert_eq!(transfers(&mut history, reader, &to).len(), 1);
        }
    }
}

#[test]
fn a_key_finds_the_shops_own_attempts_of_31_days() {
    for sealed in [0, 100] {
        let mut history = History::new();
        history.sell(&[sale(0, 0, 1), sale(0, 1, 2), sale(1, 0, 3), refused(0, Some(0))]);
        history.seal(sealed);
        let query = AttemptQuery { key: Some("key".to_owned()), ..AttemptQuery::default() };
        assert_eq!(attempts(&mut history, FIRST_SHOP, &query).len(), 2, "one for each wallet");
        assert_eq!(attempts(&mut history, SECOND_SHOP, &query).len(), 1);
        let other = AttemptQuery { key: Some("other".to_owned()), ..AttemptQuery::default() };
        assert_eq!(attempts(&mut history, FIRST_SHOP, &other).len(), 0);
        history.wait(32 * 24 * 3_600_000);
        assert_eq!(attempts(&mut history, FIRST_SHOP, &query).len(), 0);
    }
}

#[test]
fn a_transfer_shows_a_family_to_its_bank_and_to_auditors_only() {
    let mut history = day();
    history.seal(6);
    let kind = Some(TransferKind::Reversal);
    let reversals = TransferQuery { kind, ..TransferQuery::default() };
    for (reader, named) in [(Reader::All, true), (BRI, true), (FIRST_SHOP, false)] {
        let shown = transfers(&mut history, reader, &reversals);
        let [reversal] = shown.as_slice() else { panic!("{reader:?}: {shown:?}") };
        assert_eq!(reversal.credit == AccountName::Wallet(FAMILIES[0]), named);
        assert_eq!(reversal.credit == AccountName::HiddenWallet, !named);
        assert_eq!(reversal.balance_after.is_some(), named);
        assert_eq!(reversal.card, named.then_some(CardId(11)));
        assert!(reversal.redemption.is_some_and(|sale| sale < reversal.transfer.id()));
    }
    assert!(transfers(&mut history, BNI, &reversals).is_empty());
    // BRI's shop sold to BNI's family: BRI sees the purchase and not the family.
    let card = Some((CardId(12), FAMILIES[1]));
    let of_card = TransferQuery { card, ..TransferQuery::default() };
    let shown = transfers(&mut history, BRI, &of_card);
    assert_eq!(shown.len(), 12);
    assert!(shown.iter().all(|row| row.debit == AccountName::HiddenWallet && row.card.is_none()));
    assert_eq!(transfers(&mut history, BNI, &of_card).len(), 25, "with the month's credit");
    let least = Some(Rupiah::new(1_011).unwrap());
    let large = TransferQuery { least, most: least, ..TransferQuery::default() };
    assert_eq!(transfers(&mut history, Reader::All, &large).len(), 4);
}

#[test]
fn another_ones_account_is_not_found() {
    let mut history = day();
    let payable = |code: &str| AccountName::Payable(code.parse().unwrap());
    let holding = AccountName::Bank(AccountKind::Holding, "bri".parse().unwrap());
    for (reader, name, found) in [
        (FIRST_SHOP, payable("EW-1"), true),
        (FIRST_SHOP, payable("EW-2"), false),
        (FIRST_SHOP, AccountName::Wallet(FAMILIES[0]), false),
        (FIRST_SHOP, holding.clone(), false),
        (BRI, holding.clone(), true),
        (BNI, holding, false),
        (BRI, payable("EW-1"), true),
        (BRI, payable("EW-2"), false),
        (BRI, AccountName::Wallet(FAMILIES[0]), true),
        (BRI, AccountName::Wallet(FAMILIES[1]), false),
        (Reader::All, AccountName::Wallet(FAMILIES[1]), true),
        (Reader::All, AccountName::Wallet(AccountId(7)), false),
        (Reader::All, AccountName::HiddenWallet, false),
        (Reader::All, payable("EW-9"), false),
    ] {
        let row = find(&mut history.connection, reader, &name).unwrap();
        assert_eq!(row.is_some(), found, "{reader:?} {name:?}");
    }
}

#[test]
fn the_trial_balance_is_even_and_agrees_with_every_account() {
    for sealed in [0, 8, 100] {
        let mut history = day();
        history.seal(sealed);
        let now = present(&mut history);
        let trial = trial_balance(&mut history.connection, None, now).unwrap();
        assert_eq!(trial.debit, trial.credit);
        assert_eq!(trial.log_size, history.connection.log_size().unwrap());
        let mut own = BTreeSet::new();
        for bank in [1, 2] {
            let part = trial_balance(&mut history.connection, Some(BankId(bank)), now).unwrap();
            own.extend(part.lines.iter().map(|line| format!("{line:?}")));
        }
        assert_eq!(own, trial.lines.iter().map(|line| format!("{line:?}")).collect());
        for line in &trial.lines {
            #[expect(clippy::wildcard_enum_match_arm, reason = "only wallets are named otherwise")]
            let name = match &line.account {
                AccountName::Wallets(bank) if bank.as_str() == "bri" => {
                    AccountName::Wallet(FAMILIES[0])
                }
                AccountName::Wallets(_) => AccountName::Wallet(FAMILIES[1]),
                name => name.clone(),
            };
            let account = balance_of(&mut history.connection, Reader::All, &name, now);
            let account = account.unwrap().unwrap();
            assert_eq!((account.debit, account.credit), (line.debit, line.credit), "{name:?}");
            // The families of this history had their first Rp1.000.000 from nowhere.
            let before = if line.kind == AccountKind::Wallet { 1_000_000 } else { 0 };
            assert_eq!(account.balance, line.balance + before, "{name:?}");
        }
    }
}

#[test]
fn a_walk_that_finds_little_stops_and_goes_on_where_it_stopped() {
    // A million rows, of which every 150,000th is wanted.
    let mut looked_at = 0;
    let mut place = 1_000_001;
    let mut found = Vec::new();
    loop {
        let before = looked_at;
        let part = walk(
            &mut looked_at,
            (place, 1),
            (3, 100_000),
            |looked_at, (below, lowest), rows| {
                let reached = (below - rows).max(lowest);
                *looked_at += below - reached;
                let reached = (below > lowest).then_some(reached);
                Ok(Stretch { rows: below - reached.unwrap_or(below), lowest: reached })
            },
            |_, (below, lowest), limit| {
                let rows = (lowest..below).rev().filter(|row| row % 150_000 == 0);
                Ok(rows.take(usize::try_from(limit).unwrap()).map(|row| (row, row)).collect())
            },
        );
        let part = part.unwrap();
        assert!(looked_at - before <= 100_000);
        found.extend(part.rows.into_iter().map(|(_, row)| row));
        match part.next {
            Some(next) => place = next,
            None => break,
        }
    }
    assert_eq!(found, [900_000, 750_000, 600_000, 450_000, 300_000, 150_000]);
}
