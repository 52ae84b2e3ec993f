//! Cards (KKS): numbers, states, PINs.

use std::fmt;
use std::str::FromStr;

use super::weak_pins::is_often_chosen;

/// A card's number: 16 digits, the last a Luhn digit. Never printed whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CardNumber([u8; 16]);

/// A text that is not a card number. The text itself is not repeated: it may be nearly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCardNumber {
    /// Not sixteen digits.
    #[error("a card number has 16 digits")]
    Shape,
    /// The last digit does not fit the others.
    #[error("the card number's check digit does not fit")]
    CheckDigit,
}

impl CardNumber {
    /// The digits, as ASCII.
    pub const fn digits(&self) -> &[u8; 16] {
        &self.0
    }

    /// What may be shown of it.
    pub fn masked(&self) -> MaskedCard {
        let [first_six @ .., _, _, _, _, _, _, _, _, _, _] = self.0;
        let [_, _, _, _, _, _, _, _, _, _, _, _, last_four @ ..] = self.0;
        MaskedCard { first_six, last_four }
    }

    /// The number whose first fifteen digits are `head`, with its check digit.
    ///
    /// # Errors
    /// [`NotCardNumber::Shape`] unless `head` is fifteen digits.
    pub fn with_check_digit(head: &str) -> Result<Self, NotCardNumber> {
        (b'0'..=b'9')
            .map(|check| format!("{head}{}", char::from(check)))
            .find_map(|text| text.parse().ok())
            .ok_or(NotCardNumber::Shape)
    }
}

/// What a doubled digit counts: the sum of the double's own digits.
const DOUBLED: [u32; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];

/// The digits' sum, every second from the right doubled; a multiple of ten when the number is right.
fn luhn_sum(digits: &[u8; 16]) -> u32 {
    let value = |byte: u8| u32::from(byte.saturating_sub(b'0'));
    let doubled = |byte: u8| DOUBLED.get(usize::from(byte.saturating_sub(b'0'))).copied();
    let pairs = digits.rchunks_exact(2).map(|pair| match pair {
        [second, first] => value(*first).saturating_add(doubled(*second).unwrap_or(0)),
        _ => 0,
    });
    pairs.sum()
}

impl FromStr for CardNumber {
    type Err = NotCardNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: [u8; 16] =
            text.as_bytes().try_into().map_err(|_length| NotCardNumber::Shape)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(NotCardNumber::Shape);
        }
        if !luhn_sum(&digits).is_multiple_of(10) {
            return Err(NotCardNumber::CheckDigit);
        }
        Ok(Self(digits))
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardNumber({})", self.masked())
    }
}

/// The first six and last four digits of a card number: `601301******0018`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskedCard {
    first_six: [u8; 6],
    last_four: [u8; 4],
}

impl MaskedCard {
    /// The first six digits: the issuer.
    pub fn first_six(&self) -> String {
        self.first_six.iter().copied().map(char::from).collect()
    }

    /// The last four digits.
    pub fn last_four(&self) -> String {
        self.last_four.iter().copied().map(char::from).collect()
    }

    /// Put together from what the store keeps.
    pub fn from_parts(first_six: &str, last_four: &str) -> Option<Self> {
        Some(Self {
            first_six: first_six.as_bytes().try_into().ok()?,
            last_four: last_four.as_bytes().try_into().ok()?,
        })
    }
}

impl fmt::Display for MaskedCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first_six.iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))?;
        f.write_str("******")?;
        self.last_four.iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

/// A PIN: six digits. Never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pin([u8; 6]);

/// A text that can't be a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPin {
    /// Not six digits.
    #[error("a PIN has 6 digits")]
    Shape,
    /// Easily guessed; asked only when a PIN is set.
    #[error("the PIN is too easy to guess")]
    Weak,
}

impl Pin {
    /// The digits, as ASCII.
    pub const fn digits(&self) -> &[u8; 6] {
        &self.0
    }

    /// Refuses what a finder of the card would try first: what many people choose
    /// (repeats, runs, dates and their like), the last digits of the card and its first ones.
    ///
    /// # Errors
    /// [`NotPin::Weak`].
    pub fn strong_for(self, card: MaskedCard) -> Result<Self, NotPin> {
        let weak = self.is_of(card) || is_often_chosen(self.0);
        if weak { Err(NotPin::Weak) } else { Ok(self) }
    }

    /// Whether it can be read off the card.
    pub fn is_of(self, card: MaskedCard) -> bool {
        self.0.ends_with(&card.last_four) || self.0 == card.first_six
    }
}

impl FromStr for Pin {
    type Err = NotPin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: [u8; 6] = text.as_bytes().try_into().map_err(|_length| NotPin::Shape)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(NotPin::Shape) }
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(******)")
    }
}

/// How many wrong PINs in a row block a card.
pub const PIN_TRIES: i16 = 3;

/// Where a card is in its life. The numbers are the store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardState {
    /// Made, not yet handed out.
    Printed,
    /// With the family, without a PIN.
    Distributed,
    /// Usable.
    Active,
    /// Blocked by wrong PINs until the bank unblocks it.
    BlockedPin,
    /// Blocked by the bank.
    BlockedBank,
    /// Blocked by the ministry.
    BlockedMinistry,
    /// Reported lost.
    Lost,
    /// No longer readable.
    Damaged,
    /// Past its date.
    Expired,
    /// Another card took its place.
    Replaced,
    /// Never handed out and sent back.
    Returned,
    /// Out of use for good.
    Closed,
}

impl CardState {
    /// All states.
    pub const ALL: [Self; 12] = [
        Self::Printed,
        Self::Distributed,
        Self::Active,
        Self::BlockedPin,
        Self::BlockedBank,
        Self::BlockedMinistry,
        Self::Lost,
        Self::Damaged,
        Self::Expired,
        Self::Replaced,
        Self::Returned,
        Self::Closed,
    ];

    /// The state's number in the store.
    pub const fn number(self) -> i16 {
        match self {
            Self::Printed => 1,
            Self::Distributed => 2,
            Self::Active => 3,
            Self::BlockedPin => 4,
            Self::BlockedBank => 5,
            Self::BlockedMinistry => 6,
            Self::Lost => 7,
            Self::Damaged => 8,
            Self::Expired => 9,
            Self::Replaced => 10,
            Self::Returned => 11,
            Self::Closed => 12,
        }
    }

    /// The state with that number in the store.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// The state's name in answers and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Printed => "printed",
            Self::Distributed => "distributed",
            Self::Active => "active",
            Self::BlockedPin => "blocked_pin",
            Self::BlockedBank => "blocked_bank",
            Self::BlockedMinistry => "blocked_ministry",
            Self::Lost => "lost",
            Self::Damaged => "damaged",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::Returned => "returned",
            Self::Closed => "closed",
        }
    }

    /// The state named `text`, if there is one.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the issuing bank may move a card from this state to `next` by asking for it.
    /// A PIN makes a card active, wrong PINs block it, and a replacement replaces it: those three
    /// are not requests, nor is anything the ministry decides.
    pub fn may_become(self, next: Self) -> bool {
        use CardState::{
            Active, BlockedBank, BlockedMinistry, BlockedPin, Closed, Damaged, Distributed,
            Expired, Lost, Printed, Replaced, Returned,
        };
        match next {
            Distributed => matches!(self, Printed),
            Returned => matches!(self, Printed | Distributed),
            BlockedBank => matches!(self, Distributed | Active | BlockedPin),
            Active => matches!(self, BlockedBank | BlockedPin),
            Lost | Damaged | Expired => {
                matches!(self, Distributed | Active | BlockedPin | BlockedBank)
            }
            Closed => !matches!(self, Closed | Replaced | BlockedMinistry),
            Printed | BlockedPin | BlockedMinistry | Replaced => false,
        }
    }

    /// The state after the bank set a new PIN; `None` where none may be set. A card blocked by
    /// wrong PINs is unblocked by a new one.
    pub const fn with_new_pin(self) -> Option<Self> {
        match self {
            Self::Distributed | Self::Active | Self::BlockedPin => Some(Self::Active),
            Self::Printed
            | Self::BlockedBank
            | Self::BlockedMinistry
            | Self::Lost
            | Self::Damaged
            | Self::Expired
            | Self::Replaced
            | Self::Returned
            | Self::Closed => None,
        }
    }

    /// Whether a card in this state is its family's one card: usable, or to become so again.
    pub const fn is_in_use(self) -> bool {
        matches!(
            self,
            Self::Printed
                | Self::Distributed
                | Self::Active
                | Self::BlockedPin
                | Self::BlockedBank
                | Self::BlockedMinistry
        )
    }

    /// Whether another card may take the place of one in this state.
    pub const fn may_be_replaced(self) -> bool {
        !matches!(self, Self::Replaced | Self::Closed | Self::BlockedMinistry | Self::Returned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_needs_its_check_digit_and_shows_ten_digits() {
        let number = CardNumber::with_check_digit("601301000000001").unwrap();
        let text = String::from_utf8(number.digits().to_vec()).unwrap();
        assert_eq!(text.parse::<CardNumber>(), Ok(number));
        assert_eq!(number.masked().to_string(), format!("601301******{}", text.split_at(12).1));
        let other = if text.ends_with('0') { '1' } else { '0' };
        assert_eq!(
            format!("{}{other}", text.split_at(15).0).parse::<CardNumber>(),
            Err(NotCardNumber::CheckDigit)
        );
        assert!(!format!("{number:?}").contains(text.split_at(6).1.split_at(6).0));
        for shape in ["", "601301", "60130100000000181", "6013o10000000018"] {
            assert_eq!(shape.parse::<CardNumber>(), Err(NotCardNumber::Shape));
        }
        // Known to pass the check that ISO/IEC 7812 describes.
        assert!("4111111111111111".parse::<CardNumber>().is_ok());
    }

    #[test]
    fn an_easy_pin_is_refused_when_it_is_set() {
        let card = CardNumber::with_check_digit("601301000000712").unwrap().masked();
        let last = card.last_four();
        for weak in ["000000", "123456", "654321", "601301", &format!("99{last}")] {
            assert_eq!(weak.parse::<Pin>().unwrap().strong_for(card), Err(NotPin::Weak), "{weak}");
        }
        assert!("271828".parse::<Pin>().unwrap().strong_for(card).is_ok());
    }

    #[test]
    fn states_keep_their_numbers_and_names() {
        for state in CardState::ALL {
            assert_eq!(CardState::from_number(state.number()), Some(state));
            assert_eq!(CardState::named(state.as_str()), Some(state));
        }
    }
}
