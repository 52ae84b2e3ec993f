//! The ledger as it was, against what its transfers say, on random histories with small roll-ups.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::super::super::history::Reader;
use super::super::super::rollups;
use super::super::accounts::{AccountName, balance_of, find};
use super::super::totals::{TrialBalance, trial_balance};
use super::super::transfers::entries_of;
use super::super::{AccountNames, PageRequest, TransferQuery};
use super::*;
use crate::domain::bank::BankId;
use crate::domain::ids::{AccountId, RowId};
use crate::domain::transfer::TransferKind;
use crate::store::reads::Turnover;
use crate::store::reads::fixture::{FAMILIES, HOLDING, History, SHOPS, Sale, UNALLOCATED};

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// Purchases: shop, family, whether it is refused.
    Sell(Vec<(usize, Option<usize>, bool)>),
    Fund(usize),
    Credit,
    /// The last purchase at this shop by that family is taken back.
    TakeBack(usize, usize),
    Settle(usize),
    /// So many batches get their places.
    Seal(i64),
    RollUp,
    /// A second passes.
    Wait,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let sale = (0_usize..2, proptest::option::weighted(0.9, 0_usize..2), prop::bool::weighted(0.2));
    let step = prop_oneof![
        4 => proptest::collection::vec(sale, 1..5).prop_map(Step::Sell),
        1 => (0_usize..2).prop_map(Step::Fund),
        1 => Just(Step::Credit),
        1 => (0_usize..2, 0_usize..2).prop_map(|(shop, family)| Step::TakeBack(shop, family)),
        1 => (0_usize..2).prop_map(Step::Settle),
        3 => (1_i64..5).prop_map(Step::Seal),
        3 => Just(Step::RollUp),
        1 => Just(Step::Wait),
    ];
    proptest::collection::vec(step, 10..40)
}

/// A history as it is made.
struct Maker {
    history: History,
    /// Transfers between two roll-ups.
    span: i64,
    turn: i64,
    sold: BTreeMap<(usize, usize), (RowId, i64)>,
}

impl Maker {
    fn new(span: i64) -> Self {
        Self { history: History::new(), span, turn: 0, sold: BTreeMap::new() }
    }

    fn take(&mut self, step: &Step) {
        self.turn += 1;
        let (turn, history) = (self.turn, &mut self.history);
        match step {
            Step::Sell(sales) => {
                // A key of its own for each purchase.
                let key: &'static str = Box::leak(format!("key-{turn}").into_boxed_str());
                let mut once = std::collections::BTreeSet::new();
                let sales: Vec<Sale> = (0..)
                    .zip(sales)
                    .map(|(place, (shop, family, refused))| Sale {
                        shop: *shop,
                        family: *family,
                        amount: 100 + turn + place,
                        refused: *refused,
                        key,
                    })
                    .filter(|sale| once.insert((sale.shop, sale.family)))
                    .collect();
                for (id, sale) in history.sell(&sales).into_iter().zip(&sales) {
                    if let (Some(family), false) = (sale.family, sale.refused) {
                        self.sold.insert((sale.shop, family), (id, sale.amount));
                    }
                }
            }
            Step::Fund(bank) => {
                let sides = (HOLDING[*bank], UNALLOCATED[*bank]);
                history.post(TransferKind::Funding, sides, 500_000 + turn);
            }
            Step::Credit => {
                history.credit_both(i32::try_from(turn).unwrap(), 110_000);
            }
            Step::TakeBack(shop, family) => {
                if let Some((sale, amount)) = self.sold.remove(&(*shop, *family)) {
                    history.take_back(sale, *shop, *family, amount);
                }
            }
            Step::Settle(shop) => {
                let sides = (SHOPS[*shop], HOLDING[*shop]);
                history.post(TransferKind::Settlement, sides, 1_000 + turn);
            }
            Step::Seal(batches) => history.seal(*batches),
            Step::RollUp => self.roll_up(),
            Step::Wait => history.wait(1_000),
        }
    }

    fn roll_up(&mut self) {
        let connection = &mut self.history.connection;
        let size = connection.log_size().unwrap();
        if let Some(made) = rollups::sum_up(connection, size, self.span).unwrap() {
            connection.transaction(|tx| rollups::record(tx, &made)).unwrap();
            // Another sealer that summed up the same comes too late.
            connection.transaction(|tx| rollups::record(tx, &made)).unwrap();
        }
    }

    fn at(&mut self, asked: Option<AsOf>) -> Moment {
        let now = self.history.now();
        moment(&mut self.history.connection, asked, now).unwrap().unwrap()
    }

    fn trial(&mut self, bank: Option<BankId>, at: Moment) -> TrialBalance {
        trial_balance(&mut self.history.connection, bank, at).unwrap()
    }
}

fn named() -> Vec<(AccountId, AccountName)> {
    let mut accounts = Vec::new();
    for (place, bank) in ["bri", "bni"].into_iter().enumerate() {
        let of_bank = |kind| AccountName::Bank(kind, bank.parse().unwrap());
        accounts.push((HOLDING[place], of_bank(AccountKind::Holding)));
        accounts.push((UNALLOCATED[place], of_bank(AccountKind::Unallocated)));
        let code = format!("EW-{}", place + 1);
        accounts.push((SHOPS[place], AccountName::Payable(code.parse().unwrap())));
        accounts.push((FAMILIES[place], AccountName::Wallet(FAMILIES[place])));
    }
    accounts
}

/// The ids on an account's list, read in pages of `limit`.
fn entries(maker: &mut Maker, name: &AccountName, size: i64, limit: usize) -> Vec<RowId> {
    let connection = &mut maker.history.connection;
    let row = find(connection, Reader::All, name).unwrap().unwrap();
    let first = place_at(connection, &row, size).unwrap();
    let (mut ids, mut place) = (Vec::new(), None);
    loop {
        let request = PageRequest { limit, place: Some(within(first, place)) };
        let query = TransferQuery::default();
        let page =
            entries_of(connection, &AccountNames::default(), Reader::All, &row, &query, request)
                .unwrap();
        ids.extend(page.rows.iter().map(|row| row.transfer.id()));
        place = page.next;
        if place.is_none() {
            return ids;
        }
    }
}

/// What moved on each account, and in which transfers.
type Moved = BTreeMap<AccountId, (Turnover, Vec<RowId>)>;

/// Holds what is read as of every size of the log against the transfers.
fn assert_past(maker: &mut Maker) {
    let sealed = maker.history.sealed();
    assert_eq!(usize::try_from(maker.history.connection.log_size().unwrap()), Ok(sealed.len()));
    let mut moved = Moved::new();
    assert_accounts(maker, 0, &moved);
    for (log_size, (id, debit, credit, amount)) in (1..).zip(sealed) {
        for (account, debit, credit) in [(debit, amount, 0), (credit, 0, amount)] {
            let (turnover, ids) = moved.entry(account).or_default();
            turnover.add(Turnover { debit, credit }).unwrap();
            ids.push(id);
        }
        assert_accounts(maker, log_size, &moved);
        assert_trial(maker, log_size, &moved);
    }
}

/// Each account by itself, with its list.
fn assert_accounts(maker: &mut Maker, log_size: i64, moved: &Moved) {
    let at = maker.at(Some(AsOf::LogSize(log_size)));
    for (id, name) in named() {
        let (turnover, ids) = moved.get(&id).cloned().unwrap_or_default();
        let found = balance_of(&mut maker.history.connection, Reader::All, &name, at);
        let found = found.unwrap().unwrap();
        let found_turnover = Turnover { debit: found.debit, credit: found.credit };
        assert_eq!(found_turnover, turnover, "{name:?} at {log_size}");
        let balance = found.kind.balance(turnover.debit, turnover.credit);
        assert_eq!((found.balance, found.log_size), (balance, log_size), "{name:?}");
        let limit = if log_size % 2 == 0 { 2 } else { 100 };
        let mut listed = entries(maker, &name, log_size, limit);
        listed.reverse();
        assert_eq!(listed, ids, "{name:?} at {log_size}, {limit} a page");
    }
}

/// All of them together, and no other.
fn assert_trial(maker: &mut Maker, log_size: i64, moved: &Moved) {
    let at = maker.at(Some(AsOf::LogSize(log_size)));
    let trial = maker.trial(None, at);
    let mut all = Turnover::default();
    for line in &trial.lines {
        let turnover = Turnover { debit: line.debit, credit: line.credit };
        let account = named().into_iter().find(|(_, name)| match &line.account {
            AccountName::Wallets(bank) => {
                *name == AccountName::Wallet(FAMILIES[usize::from(bank.as_str() == "bni")])
            }
            account @ (AccountName::Bank(..)
            | AccountName::Wallet(_)
            | AccountName::HiddenWallet
            | AccountName::Payable(_)) => name == account,
        });
        assert_eq!(turnover, moved[&account.unwrap().0].0, "{:?} at {log_size}", line.account);
        all.add(turnover).unwrap();
    }
    assert_eq!(trial.lines.len(), moved.len());
    assert_eq!((i128::from(all.debit), i128::from(all.credit)), (trial.debit, trial.credit));
    assert_eq!(trial.debit, trial.credit, "at {log_size}");
}

proptest! {
    #![proptest_config(Config { cases: 12, ..Config::default() })]

    #[test]
    fn the_past_is_what_the_transfers_say(steps in steps(), span in 1_i64..12) {
        let mut maker = Maker::new(span);
        for step in &steps {
            maker.take(step);
        }
        assert_past(&mut maker);
    }

    #[test]
    fn the_past_stays_as_it_was(before in steps(), after in steps(), span in 1_i64..12) {
        let mut maker = Maker::new(span);
        for step in &before {
            maker.take(step);
        }
        let size = maker.history.connection.log_size().unwrap();
        let read = |maker: &mut Maker| {
            (0..=size)
                .map(|size| {
                    let at = maker.at(Some(AsOf::LogSize(size)));
                    format!("{:?}", maker.trial(None, at))
                })
                .collect::<Vec<_>>()
        };
        let was = read(&mut maker);
        for step in &after {
            maker.take(step);
        }
        prop_assert_eq!(read(&mut maker), was);
    }

    /// With everything sealed the present is the last state, and a bank's part is its part.
    #[test]
    fn the_present_is_the_last_state(steps in steps(), span in 1_i64..12) {
        let mut maker = Maker::new(span);
        for step in &steps {
            maker.take(step);
        }
        let before = maker.at(None);
        let present = maker.trial(None, before);
        maker.history.seal(1_000);
        maker.roll_up();
        let size = maker.history.connection.log_size().unwrap();
        let last = maker.at(Some(AsOf::LogSize(size)));
        let lines = |trial: &TrialBalance| {
            trial.lines.iter().map(|line| format!("{line:?}")).collect::<Vec<_>>()
        };
        let whole = maker.trial(None, last);
        prop_assert_eq!(lines(&whole), lines(&present));
        let mut parts = Vec::new();
        for bank in [1, 2] {
            parts.extend(lines(&maker.trial(Some(BankId(bank)), last)));
        }
        parts.sort();
        let mut all = lines(&whole);
        all.sort();
        prop_assert_eq!(parts, all);
    }
}

#[test]
fn a_time_stands_for_what_was_sealed_by_then() {
    let mut history = History::new();
    let fund = |history: &mut History| {
        history.post(TransferKind::Funding, (HOLDING[0], UNALLOCATED[0]), 1);
        history.seal(1);
        history.now()
    };
    let first = fund(&mut history);
    history.wait(5_000);
    let second = fund(&mut history);
    history.wait(5_000);
    let now = history.now();
    let mut at = |asked| {
        let moment = moment(&mut history.connection, Some(asked), now).unwrap();
        moment.map(|moment| (moment.as_of, moment.extent.size))
    };
    let epoch = Instant::from_millis(0);
    for (asked, size) in [
        (Instant::from_millis(-1), 0),
        (epoch, 0),
        (first.plus_millis(-1), 0),
        (first, 1),
        (second.plus_millis(-1), 1),
        (second, 2),
        (now, 2),
    ] {
        assert_eq!(at(AsOf::Time(asked)).unwrap(), (asked, size), "{asked:?}");
    }
    for (size, sealed_at) in [(0, epoch), (1, first), (2, second)] {
        assert_eq!(at(AsOf::LogSize(size)).unwrap(), (sealed_at, size));
    }
    assert!(matches!(at(AsOf::Time(now.plus_millis(1))), Err(NotShown::Future)));
    assert!(matches!(at(AsOf::LogSize(3)), Err(NotShown::NotSealed(2))));
}

#[test]
fn the_first_number_without_is_found() {
    for high in 0..20 {
        for first in 0..=high {
            let found = first_without(0, high, |number| Ok::<_, ()>(number < first));
            assert_eq!(found, Ok(first));
        }
    }
}
