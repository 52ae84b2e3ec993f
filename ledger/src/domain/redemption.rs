//! The decision on a redemption: from what is asked and what is known to approval or refusal.

use std::sync::Arc;

use super::bank::BankId;
use super::basket::Basket;
use super::calendar::{CutOff, Date, Instant, Zone, business_date};
use super::card::{CardNumber, CardState, PIN_TRIES, Pin};
use super::ids::{CardId, MerchantId, RowId, TerminalId, WalletId};
use super::keys::{CardIndex, Keys, RequestMac, StoredPin};
use super::merchant::ShopState;
use super::money::Rupiah;
use super::policy::{Objection, PolicyBook, PriceZone};
use super::receipt::RetrievalReference;
use super::refusal::Refusal;

/// Who asks: a client bound to one terminal of one merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointOfSale {
    /// The API client's row.
    pub client: i64,
    /// The merchant.
    pub merchant: MerchantId,
    /// Its terminal.
    pub terminal: TerminalId,
}

/// A card and the wallet it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardRef {
    /// The card.
    pub card: CardId,
    /// The family's wallet.
    pub wallet: WalletId,
}

/// A request to buy, read and hashed, not yet decided.
#[derive(Clone, Debug)]
pub struct Redeem {
    /// Who asks.
    pub pos: PointOfSale,
    /// The card, if the number belongs to one.
    pub card: Option<CardRef>,
    /// The number's keyed hash.
    pub number: CardIndex,
    /// The PIN as typed.
    pub pin: Pin,
    /// The hash of the idempotency key.
    pub key_hash: [u8; 16],
    /// The keyed hash of the whole request.
    pub request: RequestMac,
    /// What is bought.
    pub basket: Arc<Basket>,
}

impl Redeem {
    /// The keyed hash by which a repeat of the same request is known: over what was read, not how
    /// it was written.
    pub fn request_mac(keys: &Keys, number: &CardNumber, pin: Pin, record: &str) -> RequestMac {
        keys.request_mac(&[b"RQ1", number.digits(), pin.digits(), record.as_bytes()])
    }

    /// The account the attempt is recorded with: the wallet, or the merchant's own for a card
    /// number that no card has.
    pub fn anchor(&self) -> WalletId {
        self.card.map_or(self.pos.merchant, |card| card.wallet)
    }
}

/// What is known of a shop when its request is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShopFacts {
    /// Whether the client's secret still opens anything.
    pub client_active: bool,
    /// Whether the merchant may sell.
    pub merchant: ShopState,
    /// Whether the terminal may be used.
    pub terminal: ShopState,
    /// The merchant's time zone.
    pub zone: Zone,
    /// The merchant's region of price ceilings.
    pub price_zone: PriceZone,
    /// The bank that settles with the merchant.
    pub acquirer: BankId,
    /// That bank's cut-off.
    pub cut_off: CutOff,
    /// The first day that bank has not closed.
    pub open_business_date: Date,
}

impl ShopFacts {
    /// The bank's day of something that happens at `now`.
    pub fn business_date(&self, now: Instant) -> Date {
        business_date(now, self.cut_off, self.open_business_date)
    }
}

/// What is known of a card when a request with it is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFacts {
    /// The card.
    pub id: CardId,
    /// Where it is in its life.
    pub state: CardState,
    /// The bank that issued it.
    pub issuer: BankId,
    /// Its last day.
    pub expires: Date,
    /// Its PIN, once one is set.
    pub pin: Option<StoredPin>,
    /// Wrong PINs in a row.
    pub tries: i16,
    /// Whether the wallet may be used.
    pub wallet_open: bool,
}

/// What a typed PIN does to the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardStanding {
    /// Wrong PINs in a row from now on.
    pub tries: i16,
    /// The card's state from now on.
    pub state: CardState,
}

/// The card's own say in the matter: whether it may be used with this PIN, and what the try does
/// to its counter. Why a card may not be used is given only with its PIN, and a number that no card
/// has costs as much work as one with a wrong PIN. Wrong PINs count in every state, so that none can
/// be found out with a card that is no longer used.
pub fn check_card(
    card: Option<&CardFacts>,
    pin: Pin,
    today: Date,
    keys: &Keys,
) -> (Result<(), Refusal>, Option<CardStanding>) {
    let stored = card.and_then(|card| card.pin.as_ref());
    let id = card.map_or(CardId(0), |card| card.id);
    let fits = keys.pin_fits(id, stored.unwrap_or(&StoredPin::NOBODYS), pin);
    let Some(card) = card else {
        return (Err(Refusal::CardUnknown), None);
    };
    if card.state == CardState::BlockedPin || card.tries >= PIN_TRIES {
        return (Err(Refusal::CardPinBlocked), None);
    }
    if stored.is_none() {
        return (Err(Refusal::PinWrong), None);
    }
    if fits {
        let reset = CardStanding { tries: 0, state: card.state };
        return (usable(card, today), (card.tries != 0).then_some(reset));
    }
    let tries = card.tries.saturating_add(1);
    let blocks = tries >= PIN_TRIES && card.state == CardState::Active;
    let state = if blocks { CardState::BlockedPin } else { card.state };
    (Err(Refusal::PinWrong), Some(CardStanding { tries, state }))
}

/// Whether a card may be used with its PIN.
fn usable(card: &CardFacts, today: Date) -> Result<(), Refusal> {
    match card.state {
        CardState::BlockedBank | CardState::BlockedMinistry | CardState::Lost => {
            Err(Refusal::CardBlocked)
        }
        CardState::BlockedPin => Err(Refusal::CardPinBlocked),
        CardState::Printed
        | CardState::Distributed
        | CardState::Damaged
        | CardState::Replaced
        | CardState::Returned
        | CardState::Closed => Err(Refusal::CardNotActive),
        CardState::Expired => Err(Refusal::CardExpired),
        CardState::Active if !card.wallet_open => Err(Refusal::CardNotActive),
        CardState::Active if card.expires < today => Err(Refusal::CardExpired),
        CardState::Active => Ok(()),
    }
}

/// What a purchase takes from a wallet: never more than is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debit {
    before: Rupiah,
    amount: Rupiah,
    after: Rupiah,
}

impl Debit {
    /// `amount` taken from a wallet that holds `before`; `None` when it holds less.
    pub fn of(before: Rupiah, amount: Rupiah) -> Option<Self> {
        before.checked_sub(amount).map(|after| Self { before, amount, after })
    }

    /// `amount` taken from a wallet that holds `after` since; `None` when the sum does not fit.
    pub fn leaving(after: Rupiah, amount: Rupiah) -> Option<Self> {
        after.checked_add(amount).map(|before| Self { before, amount, after })
    }

    /// What the wallet held.
    pub const fn before(self) -> Rupiah {
        self.before
    }

    /// What was taken.
    pub const fn amount(self) -> Rupiah {
        self.amount
    }

    /// What the wallet holds afterwards.
    pub const fn after(self) -> Rupiah {
        self.after
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Bought.
    Approved(Debit),
    /// Not bought; why and where.
    Refused(Objection),
}

/// A decision with all that follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Approved or refused.
    pub outcome: Outcome,
    /// What becomes of the card's PIN counter, where it changes.
    pub pin: Option<CardStanding>,
    /// The version of the policy that was asked; 0 when none holds that day.
    pub policy_version: i32,
}

/// Decides a redemption. The first refusal in precedence counts; a right PIN resets the counter
/// even when the purchase is refused.
pub fn authorize(
    command: &Redeem,
    (shop, card, balance): (&ShopFacts, Option<&CardFacts>, Rupiah),
    book: &PolicyBook,
    keys: &Keys,
    now: Instant,
) -> Decision {
    let today = Date::from(now.date_in(shop.zone));
    let rules = book.rules(today, shop.price_zone, now);
    let mut pin = None;
    let outcome = decide_standing(shop)
        .and_then(|()| {
            let (verdict, change) = check_card(card, command.pin, today, keys);
            pin = change;
            verdict
        })
        .map_err(whole_basket)
        .and_then(|()| match &rules {
            Some(rules) => rules.price(&command.basket),
            None => Err(whole_basket(Refusal::CommodityNotAllowed)),
        })
        .and_then(|amount| {
            Debit::of(balance, amount).ok_or(whole_basket(Refusal::BalanceInsufficient))
        });
    Decision {
        outcome: match outcome {
            Ok(debit) => Outcome::Approved(debit),
            Err(objection) => Outcome::Refused(objection),
        },
        pin,
        policy_version: rules.map_or(0, |rules| rules.policy.version),
    }
}

/// Whether the shop may ask at all.
///
/// # Errors
/// [`Refusal::MerchantInactive`] before [`Refusal::TerminalInactive`] and
/// [`Refusal::TerminalSuspended`].
pub const fn decide_standing(shop: &ShopFacts) -> Result<(), Refusal> {
    match (shop.merchant, shop.terminal) {
        (ShopState::Inactive | ShopState::Suspended, _) => Err(Refusal::MerchantInactive),
        (ShopState::Active, ShopState::Inactive) => Err(Refusal::TerminalInactive),
        (ShopState::Active, ShopState::Suspended) => Err(Refusal::TerminalSuspended),
        (ShopState::Active, ShopState::Active) => Ok(()),
    }
}

const fn whole_basket(refusal: Refusal) -> Objection {
    Objection { refusal, line: None, ceiling: None }
}

/// A decided request as the ledger keeps it: the idempotency record, the shop's history, and for an
/// approved one the reason of the transfer with the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its id, and its transfer's when approved.
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
    /// The hash of the idempotency key.
    pub key_hash: [u8; 16],
    /// The keyed hash of the request.
    pub request: RequestMac,
    /// How it ended.
    pub outcome: Outcome,
    /// The retrieval reference of an approved one, which its transfer keeps as what it is about.
    pub reference: Option<RetrievalReference>,
    /// What was asked for.
    pub basket: Arc<Basket>,
    /// The policy it was judged by; 0 for none.
    pub policy_version: i32,
    /// When it was decided.
    pub created_at: Instant,
    /// The acquirer's day it counts for.
    pub business_date: Date,
}
