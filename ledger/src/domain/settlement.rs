//! Settlements: what a bank owes a merchant for one of its business days.

use std::fmt;

use super::calendar::Date;

/// The settlement's name at the bank: at most 16 upper-case letters and digits, which is what MT940
/// carries. `EW`, the bank's clearing code, the date, and the merchant's place in that day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettlementReference(String);

impl SettlementReference {
    /// The reference of a bank's `number`-th settlement of `day`; `None` beyond 99,999.
    pub fn new(clearing_code: &str, day: Date, number: u32) -> Option<Self> {
        let fits = clearing_code.len() == 3 && number <= 99_999;
        fits.then(|| {
            let day = day.naive().format("%y%m%d");
            Self(format!("EW{clearing_code}{day}{number:05}"))
        })
    }

    /// The reference as it stands in bank files.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SettlementReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Where a bank's day stands. The numbers are the store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayStatus {
    /// Purchases are still dated to it.
    Open,
    /// Nothing new is dated to it; what was is being sealed.
    Closing,
    /// All of it is sealed and settled.
    Closed,
}

impl DayStatus {
    /// The status with that number in the store; an open day has no row.
    pub fn from_number(number: i16) -> Option<Self> {
        match number {
            1 => Some(Self::Closing),
            2 => Some(Self::Closed),
            _ => None,
        }
    }

    /// The status's name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_fits_the_narrowest_field() {
        let day = "2018-09-03".parse().unwrap();
        let reference = SettlementReference::new("002", day, 17).unwrap();
        assert_eq!(reference.as_str(), "EW00218090300017");
        assert_eq!(reference.as_str().len(), 16);
        assert_eq!(SettlementReference::new("002", day, 100_000), None);
        assert_eq!(SettlementReference::new("2", day, 1), None);
    }
}
