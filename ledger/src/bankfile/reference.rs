//! Our own settlement reference, found in whatever text a bank puts round it.

use crate::domain::calendar::Date;

/// `EW`, three digits of the bank, six of the date, five of the number: MT940's limit of 16.
const LENGTH: usize = 16;

/// The settlement references that stand in `text` as words of their own, in order, each once.
///
/// A reference is `EW` + the bank's three-digit clearing code + the business date as `YYMMDD` + a
/// five-digit number: `EW00218090300017`. A longer run of letters and digits that contains one is
/// another bank's number, and a run whose six digits are no date is not ours.
pub fn settlement_references(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    for word in words.filter(|word| is_settlement_reference(word)) {
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

fn is_settlement_reference(word: &str) -> bool {
    let Some(digits) = word.strip_prefix("EW").filter(|_rest| word.len() == LENGTH) else {
        return false;
    };
    let date = digits.get(3..9).and_then(|date| date.parse::<i32>().ok());
    let number = date.and_then(|date| date.checked_add(20_000_000));
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && number.is_some_and(|number| Date::from_number(number).is_ok())
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
        for text in [
            "EW002180903000170",
            "XEW00218090300017",
            "ew00218090300017",
            "EW00218093100017",
            "EW0021809030001A",
            "EW",
            "",
        ] {
            assert!(settlement_references(text).is_empty(), "{text}");
        }
    }
}
