//! Families (KPM): who a wallet belongs to, and where they live.

use std::fmt;
use std::str::FromStr;

use super::card::Pin;

/// A citizen's number (NIK): six digits of the region, the birth date as DDMMYY with 40 added to a
/// woman's day, four digits of a serial. Never printed.
///
/// Only the shape is checked: numbers whose date or region cannot be are among the real ones, and
/// are a finding of the auditors, no reason to refuse.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nik([u8; 16]);

/// A text that is not a NIK. The text itself is not repeated: it may be nearly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a NIK has 16 digits")]
pub struct NotNik;

impl Nik {
    /// The digits.
    pub fn as_str(&self) -> &str {
        // Digits are ASCII; nothing else gets past the parser.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether `pin` is the birth date that the number holds, written as day, month, year or the
    /// other way round: what a finder of card and papers tries first.
    pub fn gives_away(&self, pin: Pin) -> bool {
        let [_, _, _, _, _, _, day @ .., _, _, _, _] = self.0;
        let [tens, ones, month @ .., decade, year] = day;
        let [early, late] = month;
        // A woman's day is 41 to 71.
        let days = [tens, if tens >= b'4' { tens.saturating_sub(4) } else { tens }];
        let dates = days.map(|tens| {
            [[tens, ones, early, late, decade, year], [decade, year, early, late, tens, ones]]
        });
        dates.as_flattened().contains(pin.digits())
    }
}

impl FromStr for Nik {
    type Err = NotNik;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: [u8; 16] = text.as_bytes().try_into().map_err(|_length| NotNik)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(NotNik) }
    }
}

impl fmt::Debug for Nik {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nik(****************)")
    }
}

/// Who a household is: what is stored sealed only.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The cardholder's citizen number.
    pub nik: Nik,
    /// The cardholder's name, of any length and alphabet.
    pub name: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// A region's code (Kemendagri): ten digits, two of the province, two of the kabupaten or kota, two
/// of the kecamatan, four of the desa or kelurahan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionCode(String);

/// A text that is not a region's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a region's code has 10 digits")]
pub struct NotRegionCode;

impl RegionCode {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegionCode {
    type Err = NotRegionCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(NotRegionCode) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nik_is_sixteen_digits_and_is_not_printed() {
        let nik: Nik = "1571014708850003".parse().unwrap();
        assert_eq!(nik.as_str(), "1571014708850003");
        let identity = Identity { nik, name: "Z".to_owned() };
        assert!(!format!("{nik:?} {identity:?}").contains(['1', 'Z']));
        for shape in ["", "157101470885000", "15710147088500031", "157101470885000x"] {
            assert_eq!(shape.parse::<Nik>(), Err(NotNik));
        }
    }

    #[test]
    fn a_pin_that_is_the_birth_date_is_given_away() {
        let nik: Nik = "1571014708850003".parse().unwrap();
        for pin in ["070885", "470885", "850807", "850847"] {
            assert!(nik.gives_away(pin.parse().unwrap()), "{pin}");
        }
        assert!(!nik.gives_away("271828".parse().unwrap()));
    }

    #[test]
    fn a_regions_code_is_ten_digits() {
        assert_eq!("1571010001".parse::<RegionCode>().unwrap().as_str(), "1571010001");
        assert!("15.71.01.0001".parse::<RegionCode>().is_err());
    }
}
