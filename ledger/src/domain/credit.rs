//! The monthly credit: which banks can pay it, and how a run stands.

use super::bank::BankId;
use super::money::Rupiah;

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
    /// It could not be carried on.
    Failed,
}

impl RunStatus {
    /// The status's number in the store.
    pub const fn number(self) -> i16 {
        match self {
            Self::Running => 1,
            Self::Completed => 2,
            Self::Failed => 3,
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
}

impl ShareStatus {
    /// The status's number in the store.
    pub const fn number(self) -> i16 {
        match self {
            Self::Running => 1,
            Self::Completed => 2,
            Self::RefusedFunds => 3,
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

/// A bank's part of a run that gives each of `families` wallets `amount`. A bank pays all of its
/// families or none; `None` when the sum does not fit.
pub fn plan_share(bank: BankId, families: u64, amount: Rupiah, available: Rupiah) -> Option<Share> {
    let needed = amount.checked_mul(families)?;
    let status = if needed > available { ShareStatus::RefusedFunds } else { ShareStatus::Running };
    Some(Share { bank, needed, available, status })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bank_pays_all_of_its_families_or_none() {
        let amount = Rupiah::new(110_000).unwrap();
        let share = |available| {
            plan_share(BankId(1), 3, amount, Rupiah::new(available).unwrap()).unwrap().status
        };
        assert_eq!(share(330_000), ShareStatus::Running);
        assert_eq!(share(329_999), ShareStatus::RefusedFunds);
        assert_eq!(plan_share(BankId(1), u64::MAX, amount, Rupiah::ZERO), None);
    }
}
