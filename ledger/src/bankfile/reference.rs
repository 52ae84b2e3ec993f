//! Our own settlement reference, found in whatever text a bank puts round it.

use std::collections::HashSet;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::domain::settlement::SettlementReference;

const BEGIN: &str = "EW";
static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(BEGIN));

/// The settlement references that stand in `text` as words of their own, in order, each once.
///
/// A reference is `EW` + the bank's three-digit clearing code + the business date as `YYMMDD` + the
/// place in the day: `EW00218090300017`, `EW002180903A0001` from the hundred thousandth on. A longer run of letters and digits that contains one is
/// another bank's number, and a run whose six digits are not a date is not ours.
pub fn settlement_references(text: &str) -> Vec<&str> {
    distinct(each_reference(text))
}

/// Each text once, in the order in which they first come.
pub(super) fn distinct<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    /// Up to this many, going through them is faster than a table of them; a batch has thousands.
    const FEW: usize = 16;
    let mut found = Vec::new();
    let mut known = HashSet::new();
    for text in texts {
        if found.len() == FEW && known.is_empty() {
            known.extend(found.iter().copied());
        }
        if if found.len() < FEW { !found.contains(&text) } else { known.insert(text) } {
            found.push(text);
        }
    }
    found
}

/// All of them as they stand, the same one perhaps again.
pub(super) fn each_reference(text: &str) -> impl Iterator<Item = &str> {
    FINDER.find_iter(text.as_bytes()).filter_map(|at| {
        let (before, word) = text.split_at_checked(at)?;
        let (word, behind) = word.split_at_checked(SettlementReference::LENGTH)?;
        let goes_on =
            |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
        let alone = !goes_on(before.chars().next_back()) && !goes_on(behind.chars().next());
        let is_ours = alone && SettlementReference::of_bytes(word.as_bytes()).is_some();
        is_ours.then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_found_as_a_word_of_its_own() {
        assert_eq!(
            settlement_references("BPNT;EW00218090300017;WS_OB/EW00218090300018 EW00218090300017"),
            ["EW00218090300017", "EW00218090300018"]
        );
        assert_eq!(
            settlement_references("BPNT;EW002180903A0001;WS_OB/EW002180903ZZZZZ EW00218090399999"),
            ["EW002180903A0001", "EW002180903ZZZZZ", "EW00218090399999"]
        );
        for text in [
            "EW002180903000170",
            "XEW00218090300017",
            "ew00218090300017",
            "EW00218093100017",
            "EW0021809030001A",
            "EW002180903A00010",
            "EW002180903A000O",
            "EW",
            "",
        ] {
            assert!(settlement_references(text).is_empty(), "{text}");
        }
    }
}
