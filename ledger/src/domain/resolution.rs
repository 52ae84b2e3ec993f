//! What a person decides about a difference between the ledger and a bank, and what that moves.
//!
//! After any decision the holding account has moved as the bank says: what the bank moved and nothing
//! explains goes by the bank's suspense account, in a balanced posting. What a shop is owed stays owed
//! until its settlement is paid.

use rust_decimal::Decimal;

use super::matching::MatchStatus;
use super::money::Rupiah;

/// A decision about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// What the bank paid counts: the settlement is paid, and what it is more or less than was due
    /// goes by suspense.
    AcceptBank,
    /// The bank is asked for it, and the shop is still owed. What the bank moved meanwhile is parked.
    Claim,
    /// What the bank moved is parked in suspense.
    Suspense,
    /// The bank paid more than once: the settlement is paid, the rest goes by suspense.
    DuplicateConfirmed,
    /// The money went to another than the settlement's merchant: it is parked, the shop still owed.
    WrongMerchant,
    /// The bank took back what it had paid by mistake. What it did not take back is parked.
    Reversal,
}

/// A difference as far as a decision looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// How the sides stand to each other.
    pub status: MatchStatus,
    /// What is due by the ledger; zero where nothing answers to the bank's rows.
    pub due: Rupiah,
    /// The part of it that is posted as paid.
    pub paid: Rupiah,
    /// What the bank moved in rupiah, fees taken off.
    pub moved: Decimal,
    /// The fees that the bank took in rows of their own, in rupiah.
    pub fees: Decimal,
    /// The one settlement that it is about, where it is about one.
    pub settlement: Option<Standing>,
    /// Rupiah that earlier decisions on it left in suspense: above zero what the bank moved beyond
    /// what is explained.
    pub parked: i64,
}

/// Whether a settlement is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is still owed.
    Owed,
    /// It was paid by another row or decision.
    Paid,
}

/// What a decision moves: the change from what is posted to what should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Whether the settlement's transfers are posted.
    pub pays_settlement: bool,
    /// Rupiah that go to suspense beside what is there: above zero suspense / holding, below zero the
    /// other way.
    pub to_suspense: i64,
}

/// Why a decision does not fit a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApplicable {
    /// It is meant for another status.
    #[error("this decision does not fit a difference of that status")]
    OtherStatus,
    /// It pays a settlement, and the difference is not about exactly one.
    #[error("the difference is not about exactly one settlement")]
    NoSettlement,
    /// The bank moved nothing that could be accepted or parked.
    #[error("the bank moved nothing")]
    NothingMoved,
    /// The bank's amount has sen, which the ledger does not know.
    #[error("the bank's amount is not in whole rupiah")]
    NotWhole,
}

impl Resolution {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AcceptBank,
        Self::Claim,
        Self::Suspense,
        Self::DuplicateConfirmed,
        Self::WrongMerchant,
        Self::Reversal,
    ];

    /// The decision as requests and answers write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptBank => "accept_bank",
            Self::Claim => "claim",
            Self::Suspense => "suspense",
            Self::DuplicateConfirmed => "duplicate_confirmed",
            Self::WrongMerchant => "wrong_merchant",
            Self::Reversal => "reversal",
        }
    }

    /// The decision of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resolution| resolution.as_str() == name)
    }

    /// What the decision moves, beside the fees that are not posted yet, which every decision posts.
    ///
    /// # Errors
    /// [`NotApplicable`] when it does not fit the difference.
    pub fn plan(self, about: &Difference) -> Result<Plan, NotApplicable> {
        use MatchStatus as Status;
        let fits = match self {
            Self::AcceptBank | Self::Claim | Self::Suspense => true,
            Self::DuplicateConfirmed => about.status == Status::DuplicateInBank,
            Self::WrongMerchant => about.status == Status::WrongMerchant,
            Self::Reversal => {
                matches!(about.status, Status::ReversalUnpaired | Status::AmountDiffers)
            }
        };
        if !fits {
            return Err(NotApplicable::OtherStatus);
        }
        let pays_settlement = match self {
            Self::AcceptBank | Self::DuplicateConfirmed => {
                about.settlement.ok_or(NotApplicable::NoSettlement)? == Standing::Owed
            }
            Self::Claim | Self::Suspense | Self::WrongMerchant | Self::Reversal => false,
        };
        Ok(Plan { pays_settlement, to_suspense: self.parks(about)?.saturating_sub(about.parked) })
    }

    /// What lies in suspense for a difference once it is decided so: what the bank moved that no
    /// payment explains.
    ///
    /// # Errors
    /// [`NotApplicable`] where the bank moved nothing, or sen.
    pub fn parks(self, about: &Difference) -> Result<i64, NotApplicable> {
        match self {
            Self::AcceptBank | Self::DuplicateConfirmed => {
                Ok(about.moved_whole()?.saturating_sub(about.due.get()))
            }
            Self::Suspense | Self::WrongMerchant => {
                Ok(about.moved_whole()?.saturating_sub(about.paid.get()))
            }
            // Also where the bank moved nothing; sen, which the ledger does not know, are left to the claim.
            Self::Claim | Self::Reversal => {
                let rest = about.gross().trunc().saturating_sub(about.paid.get().into());
                i64::try_from(rest).map_err(|_large| NotApplicable::NotWhole)
            }
        }
    }
}

impl Difference {
    /// What the bank moved beside its fees, which are accounted for by themselves.
    fn gross(&self) -> Decimal {
        self.moved.saturating_add(self.fees)
    }

    fn moved_whole(&self) -> Result<i64, NotApplicable> {
        if self.moved.is_zero() && self.fees.is_zero() && self.parked == 0 {
            return Err(NotApplicable::NothingMoved);
        }
        let moved = self.gross();
        if !moved.is_integer() || !self.fees.is_integer() {
            return Err(NotApplicable::NotWhole);
        }
        i64::try_from(moved).map_err(|_too_large| NotApplicable::NotWhole)
    }

    /// What is at stake in rupiah, whatever a decision moves.
    pub fn at_stake(&self) -> Decimal {
        self.moved.saturating_sub(self.due.get().into()).abs()
    }
}

/// What decisions may move without a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FourEyes {
    /// Rupiah that the decisions on one difference weigh ([`Stake`]), added up over its life.
    pub decision: Rupiah,
    /// Rupiah that one client's decisions weigh on a day (WIB).
    pub day: Rupiah,
}

/// What a decision weighs in rupiah: what it moves, or what is at stake where that is more; and what was
/// decided before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stake {
    /// What the decision itself weighs.
    pub now: i64,
    /// What earlier decisions on the difference weighed.
    pub before: i64,
    /// What the client's decisions weighed on that day (WIB).
    pub of_day: i64,
}

impl FourEyes {
    /// Whether a second person has to agree. A claim moves nothing and closes a difference all the
    /// same, so what is at stake counts as well.
    pub fn needs_two(self, stake: Stake, about: &Difference) -> bool {
        let moves = stake.now > 0;
        stake.now.saturating_add(stake.before) > self.decision.get()
            || (moves && stake.now.saturating_add(stake.of_day) > self.day.get())
            || about.at_stake() > Decimal::from(self.decision.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(status: MatchStatus, due: u32, moved: i64) -> Difference {
        Difference {
            status,
            due: Rupiah::new(due.into()).unwrap(),
            paid: Rupiah::ZERO,
            moved: moved.into(),
            fees: Decimal::ZERO,
            settlement: (due > 0).then_some(Standing::Owed),
            parked: 0,
        }
    }

    #[test]
    fn what_the_bank_moved_is_explained_or_lies_in_suspense() {
        let differs = about(MatchStatus::AmountDiffers, 110_000, 100_000);
        let plan = |pays_settlement, to_suspense| Ok(Plan { pays_settlement, to_suspense });
        let (paid, parked) = (|rest| plan(true, rest), |rest| plan(false, rest));
        assert_eq!(Resolution::AcceptBank.plan(&differs), paid(-10_000));
        assert_eq!(Resolution::Suspense.plan(&differs), parked(100_000));
        assert_eq!(Resolution::Claim.plan(&differs), parked(100_000));
        let late = about(MatchStatus::LedgerOnly, 110_000, 0);
        assert_eq!(Resolution::Claim.plan(&late), Ok(Plan::default()));
        let with_fee = Difference { moved: 98_500.into(), fees: 1_500.into(), ..differs };
        assert_eq!(Resolution::AcceptBank.plan(&with_fee), paid(-10_000));
        assert_eq!(Resolution::Suspense.plan(&with_fee), parked(100_000));
        let twice = about(MatchStatus::DuplicateInBank, 110_000, 220_000);
        assert_eq!(Resolution::DuplicateConfirmed.plan(&twice), paid(110_000));
        let again = Difference { settlement: Some(Standing::Paid), paid: twice.due, ..twice };
        assert_eq!(Resolution::DuplicateConfirmed.plan(&again), parked(110_000));
        assert_eq!(Resolution::Suspense.plan(&again), parked(110_000));
        let stranger = about(MatchStatus::BankOnly, 0, 20_000);
        assert_eq!(Resolution::Suspense.plan(&stranger), parked(20_000));
        assert_eq!(Resolution::AcceptBank.plan(&stranger), Err(NotApplicable::NoSettlement));
    }

    /// What is posted already counts, in either direction.
    #[test]
    fn a_decision_posts_the_change_alone() {
        let change = |resolution: Resolution, about: &Difference| {
            resolution.plan(about).unwrap().to_suspense
        };
        let stranger = Difference { parked: 100_000, ..about(MatchStatus::BankOnly, 0, 150_000) };
        assert_eq!(change(Resolution::Suspense, &stranger), 50_000);
        assert_eq!(change(Resolution::Claim, &stranger), 50_000);
        let less = Difference { moved: 30_000.into(), ..stranger };
        assert_eq!(change(Resolution::Suspense, &less), -70_000);
        let gone = Difference { moved: Decimal::ZERO, ..stranger };
        assert_eq!(change(Resolution::Suspense, &gone), -100_000);
        // Due less 10,000 was accepted; now the bank took 5,000 more back.
        let owed = about(MatchStatus::AmountDiffers, 110_000, 95_000);
        let paid = Some(Standing::Paid);
        let accepted = Difference { settlement: paid, paid: owed.due, parked: -10_000, ..owed };
        for resolution in [Resolution::AcceptBank, Resolution::Suspense, Resolution::Claim] {
            assert_eq!(change(resolution, &accepted), -5_000, "{resolution:?}");
        }
        let twice = Difference { moved: 220_000.into(), parked: 0, ..accepted };
        assert_eq!(change(Resolution::Claim, &twice), 110_000);
        let sen = Difference { moved: Decimal::new(2_200_005, 1), ..twice };
        assert_eq!(change(Resolution::Claim, &sen), 110_000, "sen stay with the claim");
    }

    #[test]
    fn the_money_that_moves_takes_two_people() {
        let rupiah = |amount| Rupiah::new(amount).unwrap();
        let limits = FourEyes { decision: rupiah(1_000_000), day: rupiah(10_000_000) };
        let small = about(MatchStatus::AmountDiffers, 1_310_400, 1_310_399);
        let moves = |now, before, of_day| limits.needs_two(Stake { now, before, of_day }, &small);
        assert!(!moves(1_000_000, 0, 9_000_000));
        assert!(moves(1_310_399, 0, 0), "though the difference is one rupiah");
        assert!(moves(500_001, 500_000, 0), "over its life");
        assert!(moves(100, 0, 10_000_000), "over the client's day");
        assert!(!moves(0, 0, 20_000_000), "what moves nothing adds nothing to a day");
        let late = about(MatchStatus::LedgerOnly, 1_000_001, 0);
        assert!(limits.needs_two(Stake::default(), &late), "a claim of a large sum");
    }

    #[test]
    fn a_decision_fits_or_is_refused() {
        let late = about(MatchStatus::LedgerOnly, 110_000, 0);
        assert_eq!(Resolution::AcceptBank.plan(&late), Err(NotApplicable::NothingMoved));
        assert_eq!(Resolution::Reversal.plan(&late), Err(NotApplicable::OtherStatus));
        assert_eq!(Resolution::WrongMerchant.plan(&late), Err(NotApplicable::OtherStatus));
        let sen = Difference { moved: Decimal::new(1001, 1), ..late };
        assert_eq!(Resolution::Suspense.plan(&sen), Err(NotApplicable::NotWhole));
        let odd_fee = Difference { fees: Decimal::new(15, 1), moved: Decimal::new(-15, 1), ..late };
        assert_eq!(Resolution::Suspense.plan(&odd_fee), Err(NotApplicable::NotWhole));
        assert_eq!(late.at_stake(), Decimal::from(110_000));
        for resolution in Resolution::ALL {
            assert_eq!(Resolution::named(resolution.as_str()), Some(resolution));
        }
    }
}
