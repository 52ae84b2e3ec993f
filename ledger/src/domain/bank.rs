//! The distributor banks (Himbara): issuers of cards and acquirers of merchants.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A bank's short name in lower case, as written in paths, files and answers: `bri`.
///
/// Banks are data: a fifth one is a row, not a release. Clones share the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BankCode(Arc<str>);

/// A text that can't be a bank's short name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a bank's code: 2 to 16 letters a-z and digits, as in `bri`")]
pub struct NotBankCode(String);

impl BankCode {
    /// The code itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BankCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for BankCode {
    type Err = NotBankCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (2..=16).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if fits { Ok(Self(text.into())) } else { Err(NotBankCode(text.to_owned())) }
    }
}

/// A bank's number in this ledger, as its rows carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BankId(pub i16);
