//! Matching: what the ledger expects a bank to pay against what the bank's statements show.
//!
//! Two sides come in: the ledger's settlements with the redemptions behind them ([`LedgerSide`]), and
//! the bank's rows ([`BankSide`]), which a
//! [`Matcher`] reads. Out comes a [`Matching`]: every settlement, redemption and row
//! in exactly one [`Outcome`], in a fixed order and, as text, the same bytes whatever the order of
//! the input ([`Matching::write_canonical`]).
//!
//! What a row is about is read in its texts, strongest first: our settlement reference, or a
//! redemption's retrieval reference with its terminal; the bank's own number of the payment; the
//! merchant's code; and last the merchant's account with date and amount. Names that disagree are a
//! conflict, never a guess. Then amounts are compared, exactly: one credit, several credits whose
//! sum is the settlement, several settlements whose sum is the credit. Whole groups are summed up,
//! never searched for a subset that happens to fit, and a tie is held for a person.
//!
//! The work is proportional to the number of lines and rows, but for sorting.

mod bank_side;
mod control;
mod desk;
mod found;
mod identify;
mod index;
mod judge;
mod ledger_side;
mod link;
mod loose;
mod matcher;
mod merchants;
mod outcome;
mod pairs;
mod pool;
mod status;
mod terms;
#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails by panicking")]
mod tests;
mod text;
mod windows;
mod words;

pub use bank_side::{BankRow, BankSide, Fingerprint, RowRole};
pub use control::{Control, MatchTotal};
pub use ledger_side::{LedgerSide, NotALine, RedemptionLine, SettlementLine};
pub use matcher::Matcher;
pub use outcome::{Line, Matching, Outcome, Row};
pub use status::{MatchStatus, Severity};
pub use terms::{PAID_WITHIN_DAYS, Terms};

/// Whether money came into the account or left it, with reversals already applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Money came in: the balance rose.
    Credit,
    /// Money went out: the balance fell.
    Debit,
}

impl Direction {
    /// `credit` or `debit`, as answers and files write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
        }
    }

    /// The other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Credit => Self::Debit,
            Self::Debit => Self::Credit,
        }
    }
}
