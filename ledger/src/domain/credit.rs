//! The monthly credit: which banks can pay it, and how a run stands.

use super::bank::BankId;
use super::calendar::{Instant, Period, Zone};
use super::money::Rupiah;
use super::policy::PolicyBook;

/// The food programme (BPNT), the only one so far. A wallet is credited once for each period of a
/// programme.
pub const PROGRAMME: i16 = 1;

/// How a run, or a bank's part of it, stands. The numbers are the store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// Under way, or to be resumed.
    Running,
    /// Every wallet that was to be credited is.
    Completed,
    /// It could not be continued, or was proposed and can no longer be agreed to.
    Failed,
    /// One client wants it, another has to agree. Such a run has no row yet.
    Proposed,
}

impl RunStatus {
    /// The status's number in the store.
    pub const fn number(self) -> i16 {
        match self {
            Self::Running => 1,
            Self::Completed => 2,
            Self::Failed => 3,
            Self::Proposed => 0,
        }
    }

    /// The status with that number in the store.
    pub fn from_number(number: i16) -> Option<Self> {
        [Self::Running, Self::Completed, Self::Failed].into_iter().find(|s| s.number() == number)
    }

    /// The status's name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Proposed => "proposed",
        }
    }
}

/// How a bank's part of a run stands. The numbers are the store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareStatus {
    /// Its families are being credited.
    Running,
    /// All of them are.
    Completed,
    /// The bank holds less than they need: none of them is credited.
    RefusedFunds,
    /// The run is only proposed. Such a part has no row yet.
    Proposed,
}

impl ShareStatus {
    /// The status's number in the store.
    pub const fn number(self) -> i16 {
        match self {
            Self::Running => 1,
            Self::Completed => 2,
            Self::RefusedFunds => 3,
            Self::Proposed => 0,
        }
    }

    /// The status with that number in the store.
    pub fn from_number(number: i16) -> Option<Self> {
        [Self::Running, Self::Completed, Self::RefusedFunds]
            .into_iter()
            .find(|status| status.number() == number)
    }

    /// The status's name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::RefusedFunds => "refused_funds",
            Self::Proposed => "proposed",
        }
    }
}

/// A bank's part of a run as it is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The bank.
    pub bank: BankId,
    /// What its families need: rupiah.
    pub needed: Rupiah,
    /// What it held free for them when the run began: rupiah.
    pub available: Rupiah,
    /// Whether it can pay.
    pub status: ShareStatus,
}

/// What `families` wallets that have nothing yet need at `amount` each, and with them those that need
/// the `rest` of what was taken back; `None` when the sum does not fit.
pub fn need(families: u64, amount: Rupiah, rest: Rupiah) -> Option<Rupiah> {
    amount.checked_mul(families)?.checked_add(rest)
}

/// A bank's part of a run whose families need so much. A bank pays all of its families or none.
pub fn plan_share(bank: BankId, needed: Rupiah, available: Rupiah) -> Share {
    let status = if needed > available { ShareStatus::RefusedFunds } else { ShareStatus::Running };
    Share { bank, needed, available, status }
}

/// The periods that may be credited without a word about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditWindow {
    /// The programme's first.
    first: Option<Period>,
    /// The one after the current month in WIB.
    last: Period,
}

impl CreditWindow {
    /// The window at `now`.
    pub fn at(book: &PolicyBook, now: Instant) -> Self {
        let first = book.policies.iter().map(|policy| policy.validity.from.period()).min();
        let today: super::calendar::Date = now.date_in(Zone::Wib).into();
        Self { first, last: today.period().next() }
    }

    /// Whether a period lies in it.
    pub fn holds(&self, period: Period) -> bool {
        self.first.is_some_and(|first| first <= period) && period <= self.last
    }
}

/// How much of a credit is taken back from a wallet, and how much of it is spent by now. `before` was
/// taken back of it earlier. Families spend their oldest money first, so what the wallet holds up to the
/// sum of its `later` credits is theirs: another month's food, which this run did not bring.
pub fn take_back(
    credit: Rupiah,
    before: Rupiah,
    (balance, later): (Rupiah, Rupiah),
) -> (Rupiah, Rupiah) {
    let left = credit.checked_sub(before).unwrap_or(Rupiah::ZERO);
    let unspent = balance.checked_sub(later).unwrap_or(Rupiah::ZERO);
    let taken = left.min(unspent);
    (taken, left.checked_sub(taken).unwrap_or(Rupiah::ZERO))
}

/// What a wallet still gets of a period's `amount` after so much was credited and so much of that taken
/// back: what is spent counts as had, so that the period's sum is never above the amount.
pub fn rest_of(amount: Rupiah, credited: Rupiah, taken: Rupiah) -> Rupiah {
    let had = credited.checked_sub(taken).unwrap_or(Rupiah::ZERO);
    amount.checked_sub(had).unwrap_or(Rupiah::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{Policy, Validity};
    use proptest::prelude::*;

    #[test]
    fn a_bank_pays_all_of_its_families_or_none() {
        let amount = Rupiah::new(110_000).unwrap();
        let needed = need(3, amount, Rupiah::ZERO).unwrap();
        let share =
            |available| plan_share(BankId(1), needed, Rupiah::new(available).unwrap()).status;
        assert_eq!(share(330_000), ShareStatus::Running);
        assert_eq!(share(329_999), ShareStatus::RefusedFunds);
        assert_eq!(need(u64::MAX, amount, Rupiah::ZERO), None);
        assert_eq!(need(1, amount, Rupiah::new(i64::MAX).unwrap()), None);
    }

    #[test]
    fn the_window_ends_with_the_next_month_of_jakarta() {
        let validity = Validity {
            from: "2017-01-15".parse().unwrap(),
            to: None,
            known_from: Instant::from_millis(0),
        };
        let monthly_amount = Rupiah::new(110_000).unwrap();
        let policy = Policy { version: 1, validity, monthly_amount, goods: Vec::new() };
        let book = PolicyBook { revision: 1, policies: vec![policy], ceilings: Vec::new() };
        let holds = |now: &str, period: &str| {
            CreditWindow::at(&book, now.parse().unwrap()).holds(period.parse().unwrap())
        };
        let last_of_november = "2018-11-30T16:59:59Z";
        assert!(holds(last_of_november, "2018-12") && !holds(last_of_november, "2019-01"));
        let in_jakarta_december = "2018-11-30T17:00:00Z";
        assert!(holds(in_jakarta_december, "2019-01") && !holds(in_jakarta_december, "2019-02"));
        assert!(holds(last_of_november, "2017-01") && !holds(last_of_november, "2016-12"));
    }

    #[test]
    fn what_is_spent_is_the_oldest_money() {
        let rupiah = |amount| Rupiah::new(amount).unwrap();
        let of = |balance, later| {
            let (taken, spent) =
                take_back(rupiah(110_000), rupiah(0), (rupiah(balance), rupiah(later)));
            (taken.get(), spent.get())
        };
        assert_eq!(of(220_000, 110_000), (110_000, 0), "nothing was spent");
        assert_eq!(of(150_000, 110_000), (40_000, 70_000), "the next month's stays");
        assert_eq!(of(110_000, 110_000), (0, 110_000));
        assert_eq!(of(50_000, 110_000), (0, 110_000), "all of it, and of the next month's");
    }

    proptest! {
        /// Whatever was spent between, a period's sum is its amount again, and never more.
        #[test]
        fn what_is_taken_back_and_given_again_makes_the_amount(
            amount in 1_i64..1_000_000, spent in proptest::collection::vec(0_i64..400_000, 1..6),
        ) {
            let rupiah = |amount| Rupiah::new(amount).unwrap();
            let (amount, mut balance) = (rupiah(amount), rupiah(amount));
            let (mut credited, mut taken) = (amount, Rupiah::ZERO);
            let (mut round, mut of_round) = (amount, Rupiah::ZERO);
            for wanted in spent {
                balance = balance.checked_sub(rupiah(wanted)).unwrap_or(balance);
                let (back, left) = take_back(round, of_round, (balance, Rupiah::ZERO));
                prop_assert!(back <= balance);
                prop_assert_eq!(back.checked_add(left).and_then(|sum| sum.checked_add(of_round)), Some(round));
                balance = balance.checked_sub(back).unwrap();
                taken = taken.checked_add(back).unwrap();
                let rest = rest_of(amount, credited, taken);
                credited = credited.checked_add(rest).unwrap();
                balance = balance.checked_add(rest).unwrap();
                prop_assert_eq!(credited.checked_sub(taken), Some(amount));
                (round, of_round) = (rest, Rupiah::ZERO);
            }
        }
    }
}
