//! Balance inquiries that were refused.

use super::bank::BankId;
use super::calendar::Instant;
use super::ids::{CardId, MerchantId, RowId, TerminalId, WalletId};
use super::refusal::Refusal;

/// A refused balance inquiry as the ledger keeps it: which terminal asked about which card. Nothing
/// moved, and it is not a redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedInquiry {
    /// Its id.
    pub id: RowId,
    /// The wallet, or the merchant's account for an unknown card.
    pub wallet: WalletId,
    /// The card, if the number belongs to one.
    pub card: Option<CardId>,
    /// The merchant.
    pub merchant: MerchantId,
    /// The terminal.
    pub terminal: TerminalId,
    /// The card's bank.
    pub issuer: Option<BankId>,
    /// The merchant's bank.
    pub acquirer: BankId,
    /// Why the inquiry was refused.
    pub refusal: Refusal,
    /// When it was decided.
    pub created_at: Instant,
}
