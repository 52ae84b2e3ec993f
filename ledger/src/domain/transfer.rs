//! Transfers: one positive amount from a debited account to a credited one. A transfer cannot be
//! unbalanced, and nothing changes one: a correction is another transfer.

use super::account::AccountKind;
use super::calendar::{Date, Instant};
use super::ids::{AccountId, RowId};
use super::money::Rupiah;

/// Why money moved. The numbers are the store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferKind {
    /// Programme money arrived at a bank: holding / unallocated.
    Funding,
    /// A family's month: unallocated / wallet.
    Credit,
    /// A purchase: wallet / payable.
    Redemption,
    /// A purchase taken back, whole: payable / wallet.
    Reversal,
    /// A bank paid an e-warong: payable / holding.
    Settlement,
    /// Unspent money taken from a wallet: wallet / unallocated.
    Sweep,
    /// Money sent back to the treasury: unallocated / holding.
    Return,
    /// A difference settled by a person's decision.
    Adjustment,
    /// A family's month taken back as far as it is unspent: wallet / unallocated.
    CreditReversal,
}

impl TransferKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Funding,
        Self::Credit,
        Self::Redemption,
        Self::Reversal,
        Self::Settlement,
        Self::Sweep,
        Self::Return,
        Self::Adjustment,
        Self::CreditReversal,
    ];

    /// The kind's number in the store.
    pub const fn number(self) -> i16 {
        match self {
            Self::Funding => 1,
            Self::Credit => 2,
            Self::Redemption => 3,
            Self::Reversal => 4,
            Self::Settlement => 5,
            Self::Sweep => 6,
            Self::Return => 7,
            Self::Adjustment => 8,
            Self::CreditReversal => 9,
        }
    }

    /// The kind with that number in the store.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The kind's name in answers and filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Funding => "funding",
            Self::Credit => "credit",
            Self::Redemption => "redemption",
            Self::Reversal => "reversal",
            Self::Settlement => "settlement",
            Self::Sweep => "sweep",
            Self::Return => "return",
            Self::Adjustment => "adjustment",
            Self::CreditReversal => "credit_reversal",
        }
    }

    /// The kinds of account that are debited and credited; `None` where any two may be.
    pub const fn sides(self) -> Option<(AccountKind, AccountKind)> {
        use AccountKind::{Holding, Payable, Unallocated, Wallet};
        match self {
            Self::Funding => Some((Holding, Unallocated)),
            Self::Credit => Some((Unallocated, Wallet)),
            Self::Redemption => Some((Wallet, Payable)),
            Self::Reversal => Some((Payable, Wallet)),
            Self::Settlement => Some((Payable, Holding)),
            Self::Sweep | Self::CreditReversal => Some((Wallet, Unallocated)),
            Self::Return => Some((Unallocated, Holding)),
            Self::Adjustment => None,
        }
    }

    /// Whether its history is found without the account log: by the wallet's own key, or in the table
    /// of credits.
    pub const fn has_own_index(self) -> bool {
        matches!(self, Self::Redemption | Self::Credit)
    }
}

/// Why two accounts and an amount are not a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTransfer {
    /// Nothing would move.
    #[error("a transfer moves more than nothing")]
    NoAmount,
    /// Both sides are one account.
    #[error("a transfer moves money between two accounts")]
    SameAccount,
}

/// One movement of money, as the ledger keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    id: RowId,
    anchor: AccountId,
    kind: TransferKind,
    debit: AccountId,
    credit: AccountId,
    amount: Rupiah,
    balance_after: Option<Rupiah>,
    created_at: Instant,
    business_date: Date,
    subject: Option<i64>,
}

/// The two accounts of a transfer, and the one it is stored with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides {
    /// The account debited.
    pub debit: AccountId,
    /// The account credited.
    pub credit: AccountId,
    /// The wallet among them; without one, the bank's or merchant's account.
    pub anchor: AccountId,
}

impl Transfer {
    /// `amount` moved from the debited to the credited account. `balance_after` is the wallet's,
    /// where one takes part.
    ///
    /// # Errors
    /// [`NotTransfer`] without an amount, or when both sides are one account.
    pub fn new(
        id: RowId,
        kind: TransferKind,
        sides: Sides,
        amount: Rupiah,
        balance_after: Option<Rupiah>,
        (created_at, business_date): (Instant, Date),
    ) -> Result<Self, NotTransfer> {
        let Sides { debit, credit, anchor } = sides;
        if amount.is_zero() {
            return Err(NotTransfer::NoAmount);
        }
        if debit == credit {
            return Err(NotTransfer::SameAccount);
        }
        Ok(Self {
            id,
            anchor,
            kind,
            debit,
            credit,
            amount,
            balance_after,
            created_at,
            business_date,
            subject: None,
        })
    }

    /// The same transfer, about `subject`.
    #[must_use]
    pub const fn about(self, subject: Option<i64>) -> Self {
        Self { subject, ..self }
    }

    /// What it is about beside its accounts: a reversal's redemption, a credit's period (`YYYYMM`), a
    /// return's funding, a credit reversal's credit.
    pub const fn subject(&self) -> Option<i64> {
        self.subject
    }

    /// Its id; a redemption's transfer has the redemption's.
    pub const fn id(&self) -> RowId {
        self.id
    }

    /// The account it is stored with.
    pub const fn anchor(&self) -> AccountId {
        self.anchor
    }

    /// Why the money moved.
    pub const fn kind(&self) -> TransferKind {
        self.kind
    }

    /// The account debited.
    pub const fn debit(&self) -> AccountId {
        self.debit
    }

    /// The account credited.
    pub const fn credit(&self) -> AccountId {
        self.credit
    }

    /// How much moved; more than nothing.
    pub const fn amount(&self) -> Rupiah {
        self.amount
    }

    /// The wallet's balance after it.
    pub const fn balance_after(&self) -> Option<Rupiah> {
        self.balance_after
    }

    /// When it was decided.
    pub const fn created_at(&self) -> Instant {
        self.created_at
    }

    /// The bank's day it counts for.
    pub const fn business_date(&self) -> Date {
        self.business_date
    }
}
