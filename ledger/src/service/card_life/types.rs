//! A card as its bank sees it, and why it is not issued or changed.

use crate::domain::bank::BankId;
use crate::domain::calendar::{Date, Instant};
use crate::domain::card::{CardNumber, CardState, MaskedCard, NotPin};
use crate::domain::household::{Identity, RegionCode};
use crate::domain::keys::NotSealed;
use crate::domain::redemption::CardRef;
use crate::store::StoreError;
use crate::store::card_life::StoredCard;

use super::super::error::Trouble;
use super::super::keyfile::KeysError;
use super::super::shared::Contended;

/// A bank's client at work: what it changes is recorded under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Teller {
    /// The client's row.
    pub client: i64,
    /// The bank it acts for.
    pub bank: BankId,
}

/// A card as its bank sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BankCard {
    /// The card and its wallet.
    pub card: CardRef,
    /// Where it is in its life.
    pub state: CardState,
    /// What may be shown of its number.
    pub shown: MaskedCard,
    /// Its last day.
    pub expires: Date,
    /// When it was registered.
    pub issued_at: Instant,
    /// Whether a PIN is set.
    pub has_pin: bool,
}

impl From<StoredCard> for BankCard {
    fn from(stored: StoredCard) -> Self {
        let StoredCard { card, state, shown, expires, issued_at, has_pin, .. } = stored;
        Self { card, state, shown, expires, issued_at, has_pin }
    }
}

/// A card that a bank issues to a family.
#[derive(Clone, Debug)]
pub struct NewBankCard {
    /// Its number.
    pub number: CardNumber,
    /// Its last day.
    pub expires: Date,
    /// Whose it is. The name is kept where the NIK is new; a known household keeps the one it has.
    pub identity: Identity,
    /// Where the family lives; kept where the NIK is new.
    pub region: RegionCode,
}

/// Why a card was not issued or changed.
#[derive(Debug, thiserror::Error)]
pub enum CardLifeError {
    /// No such card, or another bank's.
    #[error("there is no such card")]
    NotFound,
    /// The client's access was withdrawn.
    #[error("the client's access was withdrawn")]
    ClientRevoked,
    /// The card's state does not allow it.
    #[error("the card is `{}`, which does not allow this", from.as_str())]
    StateConflict {
        /// The state it is in.
        from: CardState,
    },
    /// The number belongs to a card already, of this bank or another.
    #[error("the card number is taken")]
    NumberTaken,
    /// The household has a card that is in use: replace it instead.
    #[error("the household has a card already\nhint: replace that one")]
    HouseholdHasCard,
    /// The household's wallet is at another bank.
    #[error("the household has its wallet at another bank")]
    HouseholdElsewhere,
    /// The wallet is frozen or closed.
    #[error("the wallet is not open")]
    WalletNotOpen,
    /// The card's last day has passed.
    #[error("the card's last day has passed already")]
    ExpiresInThePast,
    /// A PIN that a finder of the card would try first.
    #[error("the PIN is too easy to guess")]
    WeakPin,
    /// The household's identity can't be sealed or opened with these keys.
    #[error(transparent)]
    NotSealed(#[from] NotSealed),
    /// There is no randomness for a salt, nonce or pseudonym.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The database can't be read or written.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for CardLifeError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<NotPin> for CardLifeError {
    fn from(_: NotPin) -> Self {
        Self::WeakPin
    }
}

impl Contended for CardLifeError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}
