//! Accounts as banks and spreadsheets write them.

/// An account as it is compared: digits and capital letters only, without what stands before a
/// slash, without zeros in front, which spreadsheets take away.
pub(in crate::bankfile) fn plain_account(account: &str) -> String {
    let number = account.rsplit('/').next().unwrap_or(account);
    let plain: String = number
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    plain.trim_start_matches('0').to_owned()
}

/// Whether two texts name the same account: zeros in front and marks between digits make no other one.
pub fn same_account(one: &str, other: &str) -> bool {
    plain_account(one) == plain_account(other)
}

/// Whether a text may be an account's number: 5 to 20 digits, with marks between them, behind the last
/// slash. What else a statement may state there, a slip of the pen or a word, is compared with a
/// registered account but never becomes one.
pub fn is_account(text: &str) -> bool {
    let number = text.rsplit('/').next().unwrap_or(text);
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let is_mark = |letter: char| letter.is_ascii_digit() || matches!(letter, '-' | '.' | ' ');
    (5..=20).contains(&digits) && number.chars().all(is_mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_and_marks_make_no_other_account() {
        for other in
            ["005301000123304", "5301000123304", "0053-01-000123-30-4", "BRINIDJA/005301000123304"]
        {
            assert!(same_account("005301000123304", other), "{other}");
        }
        for other in ["5301000123305", "53010001233040", "", "005301"] {
            assert!(!same_account("005301000123304", other), "{other}");
        }
    }

    #[test]
    fn a_word_or_a_slip_is_not_an_account() {
        for account in
            ["00530", "0053-01-000123-30-4", "0053 01 000123", "BRINIDJA/005301000123304"]
        {
            assert!(is_account(account), "{account}");
        }
        for other in
            ["", "1", "0053", "----", "UNKNOWN", "5.0501E+13", "123456789012345678901", "12345/"]
        {
            assert!(!is_account(other), "{other}");
        }
    }
}
