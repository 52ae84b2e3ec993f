//! The numbers on a receipt: nothing counts per terminal.

use super::ids::RowId;
use super::keys::Keys;

/// The letters and digits of approval codes: those that are not mistaken for one another.
const APPROVAL_ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Retrieval reference numbers have twelve digits; after the last one they begin anew.
const REFERENCES: i64 = 1_000_000_000_000;

/// A retrieval reference number (RRN): twelve digits of a serial that all nodes take from in blocks. So
/// one comes again only after 10^12 purchases, and is unique within a bank's day by far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RetrievalReference(i64);

impl RetrievalReference {
    /// The reference at a place of the serial.
    pub const fn of_serial(serial: i64) -> Self {
        Self(serial.rem_euclid(REFERENCES))
    }

    /// The reference of a stored number, if it can be one.
    pub fn from_stored(number: i64) -> Option<Self> {
        (0..REFERENCES).contains(&number).then_some(Self(number))
    }

    /// The number as stored.
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// Its twelve digits.
impl std::fmt::Display for RetrievalReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

/// The six characters that prove to the shop that the service approved, made with a key.
pub fn approval_code(keys: &Keys, id: RowId) -> String {
    keys.approval_bytes(id.0)
        .iter()
        .take(6)
        .filter_map(|byte| APPROVAL_ALPHABET.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_twelve_digits_and_begins_anew_after_the_last_one() {
        let shown = |serial| RetrievalReference::of_serial(serial).to_string();
        assert_eq!(shown(100_000_000_007), "100000000007");
        assert_eq!(shown(999_999_999_999), "999999999999");
        assert_eq!(shown(1_000_000_000_042), "000000000042");
        assert_eq!(RetrievalReference::from_stored(1_000_000_000_000), None);
        assert_eq!(RetrievalReference::from_stored(-1), None);
    }
}
