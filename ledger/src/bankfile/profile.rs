//! Profiles: how a bank writes its files, as data. [`Profile`] documents the text they are read from.

use std::collections::HashMap;

use crate::bankfile::dates::DatePattern;
use crate::bankfile::delimited::known_columns;
use crate::bankfile::encoding::Encoding;
use crate::bankfile::numbers::NumberStyle;
use crate::domain::bank::BankCode;
use crate::domain::matching::Direction;

/// The profiles that come with the program, by bank.
const BUILT_IN: [(&str, &str); 4] = [
    ("bri", include_str!("profiles/bri.profile")),
    ("bni", include_str!("profiles/bni.profile")),
    ("mandiri", include_str!("profiles/mandiri.profile")),
    ("btn", include_str!("profiles/btn.profile")),
];

/// How a bank writes its statement files.
///
/// # The format of a profile
/// A text of `key = value` lines; a line that begins with `#` is a comment; a value that is a list
/// has `|` between its entries. Column names are compared without case, spaces and punctuation, and
/// each list may name the columns of several layouts: the header row decides which one a file has.
///
/// | key | meaning | default |
/// |---|---|---|
/// | `name` | the profile's name, for messages; required | |
/// | `encoding` | `utf-8` or `windows-1252`; a byte-order mark goes before it | `utf-8` |
/// | `separators` | list of `comma`, `semicolon`, `tab`, `pipe` | `comma` |
/// | `numbers` | `1,234.56` or `1.234,56`; required | |
/// | `dates` | list of patterns such as `YYYY-MM-DD` or `DD/MM/YY hh.mm.ss`; required | |
/// | `currency` | of files that name none | `IDR` |
/// | `business_date` | `booking` or `value`: the date that is the business date | `booking` |
/// | `account` | columns with the account; also the label of a line above the header | |
/// | `currency_column` | columns with the currency | |
/// | `booking_date`, `value_date`, `time` | columns with the dates; `booking_date` is required | |
/// | `description` | columns with the description; several in one file are joined | |
/// | `reference` | columns with the bank's own number for the movement | |
/// | `reference_text` | more columns in which a reference can hide | |
/// | `reference_after` | words after which a reference follows, up to `;` or a space: `WS_OB;` | |
/// | `sequence` | columns that tell equal rows apart | |
/// | `debit`, `credit` | columns with the amount of either direction | |
/// | `amount` | columns with the amount of both, signed by `sign` or by letters behind it | |
/// | `sign` | columns with the direction | |
/// | `debit_words`, `credit_words` | what stands in them, or behind an amount | `DB\|D\|DEBIT`, `CR\|C\|K\|KREDIT\|CREDIT` |
/// | `minus_is_debit` | `yes`: an amount without a direction is a debit below zero | `no` |
/// | `balance_before`, `balance` | columns with the balance before and after the movement | |
/// | `opening_row`, `closing_row`, `total_row` | first words of rows that are no movements | |
/// | `write` | the columns of a file that is written in this layout, in order | |
#[derive(Clone, Debug)]
pub struct Profile {
    pub(super) name: String,
    pub(super) encoding: Encoding,
    pub(super) separators: Vec<u8>,
    pub(super) numbers: NumberStyle,
    pub(super) dates: Vec<DatePattern>,
    pub(super) currency: String,
    pub(super) business_date: BusinessDate,
    pub(super) columns: HashMap<String, Role>,
    pub(super) reference_after: Vec<String>,
    pub(super) directions: HashMap<String, Direction>,
    pub(super) minus_is_debit: bool,
    pub(super) labels: Vec<(String, RowLabel)>,
    pub(super) write: Vec<String>,
}

/// A profile that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// There is no built-in profile for the bank.
    #[error("no built-in profile for bank `{0}`: there are `bri`, `bni`, `mandiri` and `btn`")]
    UnknownBank(BankCode),
    /// A line of the profile's text is wrong.
    #[error("line {line} of the profile: {reason}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The profile's text lacks something.
    #[error("the profile has no `{0}`")]
    Missing(&'static str),
}

/// Which of a row's dates is the business date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BusinessDate {
    Booking,
    Value,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    Account,
    Currency,
    BookingDate,
    ValueDate,
    Time,
    Description,
    Reference,
    ReferenceText,
    Sequence,
    Debit,
    Credit,
    Amount,
    Sign,
    BalanceBefore,
    Balance,
}

/// A row that is no movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowLabel {
    Opening,
    Closing,
    Total,
}

impl Profile {
    /// The built-in profile of a bank: `bri`, `bni`, `mandiri`, or the default one for `btn`.
    ///
    /// # Errors
    /// [`ProfileError::UnknownBank`] for any other bank, whose profile has to be given as a text.
    pub fn of_bank(bank: &BankCode) -> Result<Self, ProfileError> {
        match BUILT_IN.iter().find(|(name, _text)| *name == bank.as_str()) {
            Some((_name, text)) => Self::parse(text),
            None => Err(ProfileError::UnknownBank(bank.clone())),
        }
    }

    /// The built-in profile that knows the most columns of the file's header; `None` when none finds
    /// a header. All of them write numbers and the order of day and month alike, so a layout that
    /// two banks share is not read differently by the one or the other.
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        let mut best: Option<(usize, Self)> = None;
        for text in BUILT_IN.iter().map(|(_bank, text)| text) {
            let Ok(profile) = Self::parse(text) else { continue };
            let known = known_columns(bytes, &profile).unwrap_or(0);
            if known > best.as_ref().map_or(0, |(most, _profile)| *most) {
                best = Some((known, profile));
            }
        }
        best.map(|(_known, profile)| profile)
    }

    /// The profile's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a header's cell is to this profile.
    pub(super) fn role(&self, header: &str) -> Option<Role> {
        self.columns.get(&plain_name(header)).copied()
    }

    /// The date forms for a message.
    pub(super) fn date_forms(&self) -> String {
        let forms: Vec<String> =
            self.dates.iter().map(|pattern| format!("`{}`", pattern.as_str())).collect();
        forms.join(" or ")
    }
}

/// A column's name as it is compared: lower case, letters and digits only.
pub(super) fn plain_name(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
