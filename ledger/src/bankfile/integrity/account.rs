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
}
