//! Money: whole rupiah, never negative, checked arithmetic only.

use std::fmt;

/// An amount of money in whole rupiah, zero or more.
///
/// There is no `Add` or `Sub`: money is added with [`Rupiah::checked_add`] and taken away with
/// [`Rupiah::checked_sub`], so that an overflow or a balance below zero has to be dealt with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rupiah(i64);

/// An amount that is not whole rupiah from zero upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount of rupiah: it has to be zero or more")]
pub struct NotRupiah(pub i64);

impl Rupiah {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// `amount` whole rupiah.
    ///
    /// # Errors
    /// [`NotRupiah`] below zero.
    pub const fn new(amount: i64) -> Result<Self, NotRupiah> {
        if amount < 0 { Err(NotRupiah(amount)) } else { Ok(Self(amount)) }
    }

    /// The amount in whole rupiah.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether there is no money.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` when it would not fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// What is left, or `None` when `other` is more than there is.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).filter(|left| *left >= 0).map(Self)
    }

    /// The amount `times` over, or `None` when it would not fit.
    #[must_use]
    pub fn checked_mul(self, times: u64) -> Option<Self> {
        i64::try_from(times).ok().and_then(|times| self.0.checked_mul(times)).map(Self)
    }

    /// The sum of all, or `None` when it would not fit.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }
}

/// As people in Indonesia write it: `Rp2.942.610.000`.
impl fmt::Display for Rupiah {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut text = String::with_capacity(digits.len().saturating_mul(2));
        text.push_str("Rp");
        for (place, digit) in (1..=digits.len()).rev().zip(digits.chars()) {
            text.push(digit);
            if place > 1 && place % 3 == 1 {
                text.push('.');
            }
        }
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_with_points_between_thousands() {
        for (amount, text) in
            [(0, "Rp0"), (999, "Rp999"), (110_000, "Rp110.000"), (2_942_610_000, "Rp2.942.610.000")]
        {
            assert_eq!(Rupiah::new(amount).unwrap().to_string(), text);
        }
    }

    #[test]
    fn never_goes_below_zero_or_wraps() {
        assert_eq!(Rupiah::new(-1), Err(NotRupiah(-1)));
        assert_eq!(Rupiah(1).checked_sub(Rupiah(2)), None);
        assert_eq!(Rupiah(i64::MAX).checked_add(Rupiah(1)), None);
        assert_eq!(Rupiah(i64::MAX).checked_mul(2), None);
    }
}
