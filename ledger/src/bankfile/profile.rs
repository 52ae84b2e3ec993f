//! Profiles: how a bank writes its files, as data. `docs/BANK_PROFILES.md` documents the text they
//! are read from.

use std::collections::HashMap;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::bankfile::dates::DatePattern;
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

/// How a bank writes its statement files: one layout or several, of which a file's header row
/// chooses one.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(super) name: String,
    pub(super) bank: Option<BankCode>,
    /// Whether it is only asked when no other profile fits a file.
    pub(super) is_fallback: bool,
    /// Of files without a byte-order mark.
    pub(super) encoding: Encoding,
    /// The currency of files that name none.
    pub(super) currency: String,
    pub(super) business_date: BusinessDate,
    pub(super) layouts: Vec<Layout>,
}

/// One way in which a bank lays out its rows.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Empty when the profile has only this one.
    pub(super) name: String,
    pub(super) separators: Vec<u8>,
    pub(super) numbers: NumberStyle,
    pub(super) dates: Vec<DatePattern>,
    /// Whether a plain number in a date's cell of a workbook is a spreadsheet's serial number.
    pub(super) serial_dates: bool,
    pub(super) currency: String,
    pub(super) business_date: BusinessDate,
    /// What each column is, by its plain name; `None` for columns that are known and not read.
    pub(super) columns: HashMap<String, Option<Role>>,
    /// Columns without which a file is of another layout, by their plain names.
    pub(super) needs: Vec<String>,
    /// Looks for the words after which a reference follows.
    pub(super) reference_after: Vec<Finder<'static>>,
    pub(super) directions: HashMap<String, Direction>,
    pub(super) minus_is_debit: bool,
    pub(super) debits_below_zero: bool,
    pub(super) labels: Vec<(String, RowLabel)>,
    /// Texts used instead of a date in rows that are not booked yet.
    pub(super) pending: Vec<String>,
    pub(super) period: Vec<String>,
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
    /// A layout lacks something.
    #[error("the layout `{layout}` has no `{key}`")]
    LayoutLacks {
        /// The layout's name.
        layout: String,
        /// What it lacks.
        key: &'static str,
    },
    /// Two date forms of a layout that read the same cell as two days.
    #[error("`{cell}` is one day as `{one}` and another as `{other}`: keep one of these forms")]
    TwoDates {
        /// The cell that could be either.
        cell: String,
        /// One of the forms.
        one: String,
        /// The other.
        other: String,
    },
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

impl Role {
    /// All of them, with the keys by which a profile names them.
    pub(super) const ALL: [(Self, &'static str); 15] = [
        (Self::Account, "account"),
        (Self::Currency, "currency_column"),
        (Self::BookingDate, "booking_date"),
        (Self::ValueDate, "value_date"),
        (Self::Time, "time"),
        (Self::Description, "description"),
        (Self::Reference, "reference"),
        (Self::ReferenceText, "reference_text"),
        (Self::Sequence, "sequence"),
        (Self::Debit, "debit"),
        (Self::Credit, "credit"),
        (Self::Amount, "amount"),
        (Self::Sign, "sign"),
        (Self::BalanceBefore, "balance_before"),
        (Self::Balance, "balance"),
    ];

    /// The key by which a profile names it.
    pub(super) fn as_str(self) -> &'static str {
        Self::ALL.get(self.index()).map_or("", |(_role, key)| key)
    }

    /// Its place among all of them.
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Account => 0,
            Self::Currency => 1,
            Self::BookingDate => 2,
            Self::ValueDate => 3,
            Self::Time => 4,
            Self::Description => 5,
            Self::Reference => 6,
            Self::ReferenceText => 7,
            Self::Sequence => 8,
            Self::Debit => 9,
            Self::Credit => 10,
            Self::Amount => 11,
            Self::Sign => 12,
            Self::BalanceBefore => 13,
            Self::Balance => 14,
        }
    }

    /// Whether a file may have several columns of it.
    pub(super) const fn may_repeat(self) -> bool {
        matches!(self, Self::Description | Self::Reference | Self::ReferenceText)
    }
}

/// A row that is not a movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowLabel {
    Opening,
    Closing,
    Total,
    Ignored,
}

impl Profile {
    /// The text of a bank's built-in profile, to start one's own from.
    ///
    /// # Errors
    /// [`ProfileError::UnknownBank`] for any bank but `bri`, `bni`, `mandiri` and `btn`.
    pub fn text_of_bank(bank: &BankCode) -> Result<&'static str, ProfileError> {
        let known = BUILT_IN.iter().find(|(name, _text)| *name == bank.as_str());
        known.map(|(_name, text)| *text).ok_or_else(|| ProfileError::UnknownBank(bank.clone()))
    }

    /// The built-in profile of a bank: `bri`, `bni`, `mandiri`, or the default one for `btn`.
    ///
    /// # Errors
    /// [`ProfileError::UnknownBank`] for any other bank, whose profile has to be given as a text.
    pub fn of_bank(bank: &BankCode) -> Result<Self, ProfileError> {
        Self::built_in_of(bank).cloned().ok_or_else(|| ProfileError::UnknownBank(bank.clone()))
    }

    /// The built-in profile of a bank, if it has one.
    pub(super) fn built_in_of(bank: &BankCode) -> Option<&'static Self> {
        Self::built_in().iter().find(|profile| profile.name == bank.as_str())
    }

    /// All built-in profiles.
    pub(super) fn built_in() -> &'static [Self] {
        static READ: LazyLock<Vec<Profile>> = LazyLock::new(|| {
            BUILT_IN.iter().filter_map(|(_bank, text)| Profile::parse(text).ok()).collect()
        });
        &READ
    }

    /// The profile's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its layouts; one empty name when it has only one.
    pub fn layouts(&self) -> impl Iterator<Item = &str> {
        self.layouts.iter().map(|layout| layout.name.as_str())
    }

    /// The profile with one of its layouts only; `None` when it has none of that name.
    #[must_use]
    pub fn only(mut self, layout: &str) -> Option<Self> {
        self.layouts.retain(|known| known.name == layout);
        (!self.layouts.is_empty()).then_some(self)
    }

    /// A layout's name with the profile's: `bri/long`.
    pub(super) fn full_name(&self, layout: &Layout) -> String {
        match layout.name.as_str() {
            "" => self.name.clone(),
            name => format!("{}/{name}", self.name),
        }
    }
}

impl Layout {
    /// What a header's cell is to this layout.
    pub(super) fn role(&self, header: &str) -> Option<Role> {
        self.columns.get(&plain_name(header)).copied().flatten()
    }

    /// Whether it names a column, if only to leave it out.
    pub(super) fn knows(&self, header: &str) -> bool {
        self.columns.contains_key(&plain_name(header))
    }

    /// Whether a cell says in place of its date that the row is not booked yet.
    pub(super) fn is_pending(&self, cell: &str) -> bool {
        !self.pending.is_empty() && self.pending.contains(&word_key(cell))
    }

    /// The direction that a word says: `DB`, `K`, `-`.
    pub(super) fn direction(&self, word: &str) -> Option<Direction> {
        self.directions.get(&word_key(word)).copied()
    }

    /// The date forms for a message.
    pub(super) fn date_forms(&self) -> String {
        let forms: Vec<String> =
            self.dates.iter().map(|pattern| format!("`{}`", pattern.as_str())).collect();
        forms.join(" or ")
    }
}

/// No column's name is longer than this many characters.
const LONGEST_NAME: usize = 200;

/// A column's name as it is compared: lower case, letters and digits only.
pub(super) fn plain_name(name: &str) -> String {
    let letters = name.chars().take(LONGEST_NAME).filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// A word as it is compared: as a name, or unchanged when it has no letters: `+`, `-`.
pub(super) fn word_key(word: &str) -> String {
    let name = plain_name(word);
    if name.is_empty() { word.trim().to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roles_index_is_its_place() {
        for (place, (role, _key)) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role.index(), place);
        }
    }
}
