//! What a person decides about a difference between the ledger and a bank, and what that moves.
//!
//! Every decision is a balanced posting or none. What the bank moved and nothing explains goes by
//! the bank's suspense account; what a shop is owed stays owed until its settlement is paid.

use rust_decimal::Decimal;

use super::matching::MatchStatus;
use super::money::Rupiah;

/// A decision about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// What the bank paid counts: the settlement is paid, and what it is more or less than was due
    /// goes by suspense.
    AcceptBank,
    /// The bank is asked for it; until it pays, nothing moves and the shop is still owed.
    Claim,
    /// What the bank moved is parked in suspense.
    Suspense,
    /// The bank paid more than once: the settlement is paid, the rest goes by suspense.
    DuplicateConfirmed,
    /// The money went to another than the settlement's merchant: it is parked, the shop still owed.
    WrongMerchant,
    /// The bank took back what it had paid by mistake: nothing moves.
    Reversal,
}

/// A difference as far as a decision looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// How the sides stand to each other.
    pub status: MatchStatus,
    /// What is due by the ledger; zero where nothing answers to the bank's rows.
    pub due: Rupiah,
    /// What the bank moved in rupiah, fees taken off.
    pub moved: Decimal,
    /// The fees that the bank took in rows of their own, in rupiah.
    pub fees: Decimal,
    /// The one settlement that it is about, where it is about one.
    pub settlement: Option<Standing>,
}

/// Whether a settlement is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is still owed.
    Owed,
    /// It was paid by another row or decision.
    Paid,
}

/// What a decision moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Whether the settlement's transfers are posted.
    pub pays_settlement: bool,
    /// Rupiah that the bank moved beyond what is explained: above zero suspense / holding, below
    /// zero the other way.
    pub to_suspense: i64,
    /// Whether the fees are posted that were not before.
    pub posts_fees: bool,
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

    /// What the decision moves.
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
        match self {
            Self::Claim | Self::Reversal => Ok(Plan::default()),
            Self::AcceptBank | Self::DuplicateConfirmed => {
                let standing = about.settlement.ok_or(NotApplicable::NoSettlement)?;
                let rest = moved(about)?.saturating_sub(about.due.get());
                let pays_settlement = standing == Standing::Owed;
                Ok(Plan { pays_settlement, to_suspense: rest, posts_fees: true })
            }
            Self::Suspense | Self::WrongMerchant => {
                // What paid the settlement before is explained by it.
                let explained = match about.settlement {
                    Some(Standing::Paid) => about.due.get(),
                    Some(Standing::Owed) | None => 0,
                };
                let to_suspense = moved(about)?.saturating_sub(explained);
                Ok(Plan { pays_settlement: false, to_suspense, posts_fees: true })
            }
        }
    }
}

/// What the bank moved beside its fees, which are accounted for by themselves.
fn moved(about: &Difference) -> Result<i64, NotApplicable> {
    if about.moved.is_zero() && about.fees.is_zero() {
        return Err(NotApplicable::NothingMoved);
    }
    let moved = about.moved.checked_add(about.fees).ok_or(NotApplicable::NotWhole)?;
    if !moved.is_integer() || !about.fees.is_integer() {
        return Err(NotApplicable::NotWhole);
    }
    i64::try_from(moved).map_err(|_too_large| NotApplicable::NotWhole)
}

impl Difference {
    /// What is at stake in rupiah, for the question whether a second person has to agree.
    pub fn at_stake(&self) -> Decimal {
        self.moved.saturating_sub(self.due.get().into()).abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(status: MatchStatus, due: u32, moved: i64) -> Difference {
        Difference {
            status,
            due: Rupiah::new(due.into()).unwrap(),
            moved: moved.into(),
            fees: Decimal::ZERO,
            settlement: (due > 0).then_some(Standing::Owed),
        }
    }

    #[test]
    fn what_the_bank_moved_is_explained_or_lies_in_suspense() {
        let differs = about(MatchStatus::AmountDiffers, 110_000, 100_000);
        let plan = |pays_settlement, to_suspense| {
            Ok(Plan { pays_settlement, to_suspense, posts_fees: true })
        };
        let (paid, parked) = (|rest| plan(true, rest), |rest| plan(false, rest));
        assert_eq!(Resolution::AcceptBank.plan(&differs), paid(-10_000));
        assert_eq!(Resolution::Suspense.plan(&differs), parked(100_000));
        assert_eq!(Resolution::Claim.plan(&differs), Ok(Plan::default()));
        let with_fee = Difference { moved: 98_500.into(), fees: 1_500.into(), ..differs };
        assert_eq!(Resolution::AcceptBank.plan(&with_fee), paid(-10_000));
        assert_eq!(Resolution::Suspense.plan(&with_fee), parked(100_000));
        let twice = about(MatchStatus::DuplicateInBank, 110_000, 220_000);
        assert_eq!(Resolution::DuplicateConfirmed.plan(&twice), paid(110_000));
        let again = Difference { settlement: Some(Standing::Paid), ..twice };
        assert_eq!(Resolution::DuplicateConfirmed.plan(&again), parked(110_000));
        assert_eq!(Resolution::Suspense.plan(&again), parked(110_000));
        let stranger = about(MatchStatus::BankOnly, 0, 20_000);
        assert_eq!(Resolution::Suspense.plan(&stranger), parked(20_000));
        assert_eq!(Resolution::AcceptBank.plan(&stranger), Err(NotApplicable::NoSettlement));
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
