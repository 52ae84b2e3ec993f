//! Reading a profile from its text. [`Profile`] documents the format.

use std::collections::HashMap;

use crate::bankfile::dates::DatePattern;
use crate::bankfile::encoding::Encoding;
use crate::bankfile::numbers::NumberStyle;
use crate::bankfile::profile::{BusinessDate, Profile, ProfileError, Role, RowLabel, plain_name};
use crate::domain::matching::Direction;

/// What has been read so far; what is required may still be missing.
struct Draft {
    profile: Profile,
    numbers_given: bool,
}

impl Profile {
    /// Reads a profile from its text.
    ///
    /// # Errors
    /// [`ProfileError`] names the first line that is wrong, or what the text lacks.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let mut draft = Draft::new();
        for (line, content) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let content = content.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            draft.take(content).map_err(|reason| ProfileError::Line { line, reason })?;
        }
        draft.finish()
    }
}

impl Draft {
    fn new() -> Self {
        let words = [
            (Direction::Debit, &["DB", "D", "DEBIT", "DEBET"][..]),
            (Direction::Credit, &["CR", "C", "K", "KREDIT", "CREDIT"][..]),
        ];
        let directions = words
            .into_iter()
            .flat_map(|(direction, words)| {
                words.iter().map(move |word| (plain_name(word), direction))
            })
            .collect();
        let profile = Profile {
            name: String::new(),
            encoding: Encoding::Utf8,
            separators: vec![b','],
            numbers: NumberStyle::Point,
            dates: Vec::new(),
            currency: "IDR".to_owned(),
            business_date: BusinessDate::Booking,
            columns: HashMap::new(),
            reference_after: Vec::new(),
            directions,
            minus_is_debit: false,
            labels: Vec::new(),
            write: Vec::new(),
        };
        Self { profile, numbers_given: false }
    }

    fn take(&mut self, content: &str) -> Result<(), String> {
        let (key, value) = content
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()))
            .ok_or_else(|| format!("`{content}` is not `key = value`"))?;
        if value.is_empty() {
            return Err(format!("`{key}` has no value"));
        }
        if let Some(role) = role_of(key) {
            return self.columns(role, value);
        }
        let profile = &mut self.profile;
        match key {
            "name" => value.clone_into(&mut profile.name),
            "encoding" => profile.encoding = encoding(value)?,
            "separators" => {
                profile.separators = entries(value).map(separator).collect::<Result<_, _>>()?;
            }
            "numbers" => {
                profile.numbers = numbers(value)?;
                self.numbers_given = true;
            }
            "dates" => profile.dates = entries(value).map(date).collect::<Result<_, _>>()?,
            "currency" => profile.currency = value.to_uppercase(),
            "business_date" => profile.business_date = business_date(value)?,
            "reference_after" => {
                profile.reference_after = entries(value).map(str::to_owned).collect();
            }
            "debit_words" => self.direction_words(Direction::Debit, value),
            "credit_words" => self.direction_words(Direction::Credit, value),
            "minus_is_debit" => profile.minus_is_debit = yes_or_no(value)?,
            "opening_row" => self.labels(RowLabel::Opening, value),
            "closing_row" => self.labels(RowLabel::Closing, value),
            "total_row" => self.labels(RowLabel::Total, value),
            "write" => profile.write = entries(value).map(str::to_owned).collect(),
            _ => return Err(format!("there is no key `{key}`")),
        }
        Ok(())
    }

    fn columns(&mut self, role: Role, value: &str) -> Result<(), String> {
        for name in entries(value) {
            let known = self.profile.columns.insert(plain_name(name), role);
            if known.is_some_and(|known| known != role) {
                return Err(format!("the column `{name}` has another meaning already"));
            }
        }
        Ok(())
    }

    fn direction_words(&mut self, direction: Direction, value: &str) {
        self.profile.directions.retain(|_word, known| *known != direction);
        let words = entries(value).map(|word| (plain_name(word), direction));
        self.profile.directions.extend(words);
    }

    fn labels(&mut self, label: RowLabel, value: &str) {
        let words = entries(value).map(|word| (plain_name(word), label));
        self.profile.labels.extend(words);
    }

    fn finish(self) -> Result<Profile, ProfileError> {
        let profile = self.profile;
        let has = |role| profile.columns.values().any(|known| *known == role);
        let missing = [
            ("name", profile.name.is_empty()),
            ("numbers", !self.numbers_given),
            ("dates", profile.dates.is_empty()),
            ("booking_date", !has(Role::BookingDate)),
            ("description", !has(Role::Description)),
            ("amount", !(has(Role::Amount) || (has(Role::Debit) && has(Role::Credit)))),
        ];
        match missing.into_iter().find(|(_key, is_missing)| *is_missing) {
            Some((key, _)) => Err(ProfileError::Missing(key)),
            None => Ok(profile),
        }
    }
}

fn role_of(key: &str) -> Option<Role> {
    Some(match key {
        "account" => Role::Account,
        "currency_column" => Role::Currency,
        "booking_date" => Role::BookingDate,
        "value_date" => Role::ValueDate,
        "time" => Role::Time,
        "description" => Role::Description,
        "reference" => Role::Reference,
        "reference_text" => Role::ReferenceText,
        "sequence" => Role::Sequence,
        "debit" => Role::Debit,
        "credit" => Role::Credit,
        "amount" => Role::Amount,
        "sign" => Role::Sign,
        "balance_before" => Role::BalanceBefore,
        "balance" => Role::Balance,
        _ => return None,
    })
}

fn entries(value: &str) -> impl Iterator<Item = &str> {
    value.split('|').map(str::trim).filter(|entry| !entry.is_empty())
}

fn encoding(value: &str) -> Result<Encoding, String> {
    match value {
        "utf-8" => Ok(Encoding::Utf8),
        "windows-1252" => Ok(Encoding::Windows1252),
        _ => Err(format!("`{value}` is not an encoding: `utf-8` or `windows-1252`")),
    }
}

fn separator(value: &str) -> Result<u8, String> {
    match value {
        "comma" => Ok(b','),
        "semicolon" => Ok(b';'),
        "tab" => Ok(b'\t'),
        "pipe" => Ok(b'|'),
        _ => Err(format!("`{value}` is not `comma`, `semicolon`, `tab` or `pipe`")),
    }
}

fn numbers(value: &str) -> Result<NumberStyle, String> {
    match value {
        "1,234.56" => Ok(NumberStyle::Point),
        "1.234,56" => Ok(NumberStyle::Comma),
        _ => Err(format!("`{value}` is not `1,234.56` or `1.234,56`")),
    }
}

fn date(value: &str) -> Result<DatePattern, String> {
    DatePattern::parse(value)
        .ok_or_else(|| format!("`{value}` is not a pattern of a date such as `DD/MM/YYYY hh:mm`"))
}

fn business_date(value: &str) -> Result<BusinessDate, String> {
    match value {
        "booking" => Ok(BusinessDate::Booking),
        "value" => Ok(BusinessDate::Value),
        _ => Err(format!("`{value}` is not `booking` or `value`")),
    }
}

fn yes_or_no(value: &str) -> Result<bool, String> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("`{value}` is not `yes` or `no`")),
    }
}
