//! Why a redemption or a balance inquiry is refused: one list, in order of precedence.

/// A reason for refusal. The order is the precedence: of several reasons the first is given. The
/// numbers are the store's; the list may grow, nothing in it is renamed or renumbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The e-warong may not sell now.
    MerchantInactive,
    /// The terminal may not be used now.
    TerminalInactive,
    /// Too many wrong PINs were typed at the terminal, or its bank suspended it.
    TerminalSuspended,
    /// No card has this number. Answered as [`Refusal::PinWrong`].
    CardUnknown,
    /// Three wrong PINs in a row blocked the card.
    CardPinBlocked,
    /// The PIN is wrong, or the card has none. Later reasons are given only with the right PIN.
    PinWrong,
    /// The bank or the ministry blocked the card, or it was reported lost.
    CardBlocked,
    /// The card is not in use: not yet, or no longer.
    CardNotActive,
    /// The card is past its date.
    CardExpired,
    /// Not rice, not eggs, or a grade that is not known.
    CommodityNotAllowed,
    /// Not sold by this unit.
    UnitNotAllowed,
    /// Nothing, less than nothing, or too fine a quantity.
    QuantityInvalid,
    /// Above the zone's ceiling of that day.
    PriceAboveCeiling,
    /// A price or a line of nothing, or a sum that does not fit.
    AmountInvalid,
    /// The wallet holds less.
    BalanceInsufficient,
}

impl Refusal {
    /// All reasons, in order of precedence.
    pub const ALL: [Self; 15] = [
        Self::MerchantInactive,
        Self::TerminalInactive,
        Self::TerminalSuspended,
        Self::CardUnknown,
        Self::CardPinBlocked,
        Self::PinWrong,
        Self::CardBlocked,
        Self::CardNotActive,
        Self::CardExpired,
        Self::CommodityNotAllowed,
        Self::UnitNotAllowed,
        Self::QuantityInvalid,
        Self::PriceAboveCeiling,
        Self::AmountInvalid,
        Self::BalanceInsufficient,
    ];

    /// The reason's number in the store.
    pub const fn number(self) -> i16 {
        match self {
            Self::MerchantInactive => 1,
            Self::TerminalInactive => 2,
            Self::CardUnknown => 3,
            Self::CardBlocked => 4,
            Self::CardPinBlocked => 5,
            Self::CardNotActive => 6,
            Self::CardExpired => 7,
            Self::PinWrong => 8,
            Self::CommodityNotAllowed => 9,
            Self::UnitNotAllowed => 10,
            Self::QuantityInvalid => 11,
            Self::PriceAboveCeiling => 12,
            Self::AmountInvalid => 13,
            Self::BalanceInsufficient => 14,
            Self::TerminalSuspended => 15,
        }
    }

    /// The reason with that number in the store.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.number() == number)
    }

    /// The stable code of answers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::MerchantInactive => "merchant_inactive",
            Self::TerminalInactive => "terminal_inactive",
            Self::TerminalSuspended => "terminal_suspended",
            Self::CardUnknown => "card_unknown",
            Self::CardBlocked => "card_blocked",
            Self::CardPinBlocked => "card_pin_blocked",
            Self::CardNotActive => "card_not_active",
            Self::CardExpired => "card_expired",
            Self::PinWrong => "pin_wrong",
            Self::CommodityNotAllowed => "commodity_not_allowed",
            Self::UnitNotAllowed => "unit_not_allowed",
            Self::QuantityInvalid => "quantity_invalid",
            Self::PriceAboveCeiling => "price_above_ceiling",
            Self::AmountInvalid => "amount_invalid",
            Self::BalanceInsufficient => "balance_insufficient",
        }
    }

    /// The code in ISO 8583's field 39.
    pub const fn response_code(self) -> &'static str {
        match self {
            Self::MerchantInactive | Self::TerminalInactive | Self::TerminalSuspended => "58",
            Self::CardUnknown | Self::PinWrong => "55",
            Self::CardBlocked => "62",
            Self::CardPinBlocked => "75",
            Self::CardNotActive | Self::CommodityNotAllowed => "57",
            Self::CardExpired => "54",
            Self::UnitNotAllowed | Self::QuantityInvalid | Self::PriceAboveCeiling => "12",
            Self::AmountInvalid => "13",
            Self::BalanceInsufficient => "51",
        }
    }

    /// Whether it means that a PIN was typed which opens nothing: a wrong one, or one with a number that
    /// no card has.
    pub const fn is_wrong_pin(self) -> bool {
        matches!(self.as_answered(), Self::PinWrong)
    }

    /// Whether it lies in the shop or its terminal, and so is found before the card is looked at.
    pub const fn is_of_the_shop(self) -> bool {
        matches!(self, Self::MerchantInactive | Self::TerminalInactive | Self::TerminalSuspended)
    }

    /// The reason as the shop may know it: that a number belongs to no card stays hidden.
    #[must_use]
    pub const fn as_answered(self) -> Self {
        match self {
            Self::CardUnknown => Self::PinWrong,
            Self::MerchantInactive
            | Self::TerminalInactive
            | Self::TerminalSuspended
            | Self::CardBlocked
            | Self::CardPinBlocked
            | Self::CardNotActive
            | Self::CardExpired
            | Self::PinWrong
            | Self::CommodityNotAllowed
            | Self::UnitNotAllowed
            | Self::QuantityInvalid
            | Self::PriceAboveCeiling
            | Self::AmountInvalid
            | Self::BalanceInsufficient => self,
        }
    }
}
