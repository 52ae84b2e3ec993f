//! How the two sides of one key stand to each other, and how urgent that is.

/// How the two sides of one key stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchStatus {
    /// Both sides are equal to the rupiah.
    Matched,
    /// Equal but for a fee that the bank shows in a row of its own, or that its terms state.
    MatchedWithFee,
    /// Ours, and the bank's cut-off of the next day has not passed in its statements yet.
    PendingBank,
    /// Ours, and not in the bank's statements though it should be.
    LedgerOnly,
    /// A credit that nothing in the ledger answers to.
    BankOnly,
    /// The same key with different amounts, or a credit that the bank took back.
    AmountDiffers,
    /// The same key with a fee that is not the one agreed.
    FeeDiffers,
    /// More than one credit with one key: all are held and none is chosen.
    DuplicateInBank,
    /// More than one line of ours with one key: all are held and none is chosen.
    DuplicateInLedger,
    /// The bank took a credit back that is not in its statements, or gave back a debit.
    ReversalUnpaired,
    /// The key is a merchant's and the account, or the name beside it, is another's.
    WrongMerchant,
    /// Paid before its business date or more than three days after it.
    OutOfWindow,
    /// More than one answer fits equally well: none is chosen.
    Ambiguous,
    /// A row with references that disagree.
    KeyConflict,
    /// Interest, the account's own fees, other money: kept, and no exception.
    OutOfScope,
}

/// How urgent an open difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing to do.
    None,
    /// To be looked at, and not yet late.
    Normal,
    /// Should have been dealt with.
    High,
    /// Money that a shop has been waiting for too long.
    Critical,
}

impl MatchStatus {
    /// All of them, in the order in which totals are shown.
    pub const ALL: [Self; 15] = [
        Self::Matched,
        Self::MatchedWithFee,
        Self::PendingBank,
        Self::LedgerOnly,
        Self::BankOnly,
        Self::AmountDiffers,
        Self::FeeDiffers,
        Self::DuplicateInBank,
        Self::DuplicateInLedger,
        Self::ReversalUnpaired,
        Self::WrongMerchant,
        Self::OutOfWindow,
        Self::Ambiguous,
        Self::KeyConflict,
        Self::OutOfScope,
    ];

    /// The status as answers and files write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::MatchedWithFee => "matched_with_fee",
            Self::PendingBank => "pending_bank",
            Self::LedgerOnly => "ledger_only",
            Self::BankOnly => "bank_only",
            Self::AmountDiffers => "amount_differs",
            Self::FeeDiffers => "fee_differs",
            Self::DuplicateInBank => "duplicate_in_bank",
            Self::DuplicateInLedger => "duplicate_in_ledger",
            Self::ReversalUnpaired => "reversal_unpaired",
            Self::WrongMerchant => "wrong_merchant",
            Self::OutOfWindow => "out_of_window",
            Self::Ambiguous => "ambiguous",
            Self::KeyConflict => "key_conflict",
            Self::OutOfScope => "out_of_scope",
        }
    }

    /// The status of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether the bank has paid it and nothing is left to do.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Matched | Self::MatchedWithFee)
    }

    /// Whether it is for a person to look at.
    pub const fn is_exception(self) -> bool {
        self.due_after_hours().is_some()
    }

    /// The hours after which an exception should have been dealt with, 0 for those that are urgent at
    /// once; `None` for what is not an exception. The figures are the banks' reconciliation rules.
    pub const fn due_after_hours(self) -> Option<u32> {
        match self {
            Self::Matched | Self::MatchedWithFee | Self::PendingBank | Self::OutOfScope => None,
            Self::DuplicateInBank | Self::DuplicateInLedger | Self::WrongMerchant => Some(0),
            Self::LedgerOnly
            | Self::BankOnly
            | Self::AmountDiffers
            | Self::FeeDiffers
            | Self::ReversalUnpaired
            | Self::Ambiguous
            | Self::KeyConflict => Some(24),
            Self::OutOfWindow => Some(72),
        }
    }

    /// How urgent it is `hours` after it was found. A redemption without its money is critical after
    /// 72 hours.
    pub const fn severity(self, hours: u32) -> Severity {
        match self.due_after_hours() {
            None => Severity::None,
            Some(due) if hours < due => Severity::Normal,
            Some(_) if hours >= 72 && matches!(self, Self::LedgerOnly) => Severity::Critical,
            Some(_) => Severity::High,
        }
    }
}

impl Severity {
    /// The severity as answers and files write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}
