//! The ledger's accounts: what each kind stands for and which side it grows on.

/// What an account stands for. The numbers are the store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// Asset: programme money held at a distributor bank.
    Holding,
    /// Liability: received at a bank, not yet credited to families.
    Unallocated,
    /// Liability: owed to a family. Never below zero.
    Wallet,
    /// Liability: owed to an e-warong.
    Payable,
    /// Differences under clarification at a bank.
    Suspense,
    /// A bank's fees.
    Fees,
}

impl AccountKind {
    /// All kinds, in the order reports list them.
    pub const ALL: [Self; 6] =
        [Self::Holding, Self::Unallocated, Self::Wallet, Self::Payable, Self::Suspense, Self::Fees];

    /// The kinds of which each bank has one account.
    pub const PER_BANK: [Self; 4] = [Self::Holding, Self::Unallocated, Self::Suspense, Self::Fees];

    /// The kind's number in the store.
    pub const fn number(self) -> i16 {
        match self {
            Self::Holding => 1,
            Self::Unallocated => 2,
            Self::Wallet => 3,
            Self::Payable => 4,
            Self::Suspense => 5,
            Self::Fees => 6,
        }
    }

    /// The kind with that number in the store.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The kind's name in answers and account names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holding => "holding",
            Self::Unallocated => "unallocated",
            Self::Wallet => "wallet",
            Self::Payable => "payable",
            Self::Suspense => "suspense",
            Self::Fees => "fees",
        }
    }

    /// Whether the balance is debits less credits (an asset) and not credits less debits.
    pub const fn grows_by_debit(self) -> bool {
        matches!(self, Self::Holding)
    }

    /// The balance of an account with these turnovers: rupiah, negative when overdrawn.
    pub fn balance(self, debit: i64, credit: i64) -> i64 {
        if self.grows_by_debit() {
            debit.saturating_sub(credit)
        } else {
            credit.saturating_sub(debit)
        }
    }
}
