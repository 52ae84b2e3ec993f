//! Wrong PINs by terminal: guessing from card to card is stopped by suspending the terminal.

use super::calendar::Instant;
use super::ids::{RowId, TerminalId};
use super::keys::CardIndex;

/// A PIN that opened nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongPin {
    /// The terminal it was typed at.
    pub terminal: TerminalId,
    /// The attempt or the inquiry it was typed for.
    pub id: RowId,
    /// The card number's keyed hash.
    pub number: CardIndex,
    /// Whether a card's tries count it: one that has the number, and a PIN.
    pub counted: bool,
}

/// How many card numbers may have wrong PINs at one terminal within a while, before it is suspended.
/// Several wrong PINs for one number count once: those are the card's own counter's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongPinLimit {
    /// So many numbers at the most.
    pub most: u16,
    /// Within so many minutes.
    pub minutes: u16,
}

impl WrongPinLimit {
    /// Ten within ten minutes: a family needs a minute and a half at a till, and seldom errs.
    pub const USUAL: Self = Self { most: 10, minutes: 10 };

    /// The instant after which wrong PINs count at `now`.
    pub fn counted_after(self, now: Instant) -> Instant {
        now.plus_millis(i64::from(self.minutes).saturating_mul(-60_000))
    }

    /// Whether so many numbers are too many.
    pub fn is_exceeded_by(self, numbers: i64) -> bool {
        numbers > i64::from(self.most)
    }

    /// What is recorded as the reason of a suspension.
    pub fn reason(self) -> String {
        let Self { most, minutes } = self;
        format!("wrong PINs for over {most} card numbers in {minutes} minutes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_number_in_ten_minutes_is_one_too_many() {
        let limit = WrongPinLimit::USUAL;
        assert!(!limit.is_exceeded_by(10) && limit.is_exceeded_by(11));
        let now: Instant = "2018-09-03T08:00:00Z".parse().unwrap();
        assert_eq!(limit.counted_after(now), "2018-09-03T07:50:00Z".parse().unwrap());
        assert_eq!(limit.reason(), "wrong PINs for over 10 card numbers in 10 minutes");
    }
}
