//! Reading a profile from its text, which `docs/BANK_PROFILES.md` documents.

use std::collections::HashMap;

use memchr::memmem::Finder;

use crate::bankfile::dates::DatePattern;
use crate::bankfile::encoding::Encoding;
use crate::bankfile::numbers::NumberStyle;
use crate::bankfile::profile::{
    BusinessDate, Layout, Profile, ProfileError, Role, RowLabel, plain_name, word_key,
};
use crate::domain::matching::Direction;

/// What has been read so far; what is required may still be missing.
struct Draft {
    profile: Profile,
    /// What stands above the first layout and holds for all of them.
    common: LayoutDraft,
    layouts: Vec<LayoutDraft>,
}

#[derive(Clone)]
struct LayoutDraft {
    layout: Layout,
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
            // A tab is the blank that it looks like: in a name it would get into messages.
            let content = content.replace('\t', " ");
            let content = content.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if content.contains(char::is_control) {
                let reason = "it has a control character".to_owned();
                return Err(ProfileError::Line { line, reason });
            }
            draft.take(content).map_err(|reason| ProfileError::Line { line, reason })?;
        }
        draft.finish()
    }
}

impl Draft {
    fn new() -> Self {
        let profile = Profile {
            name: String::new(),
            bank: None,
            is_fallback: false,
            encoding: Encoding::Utf8,
            currency: "IDR".to_owned(),
            business_date: BusinessDate::Booking,
            layouts: Vec::new(),
        };
        Self { profile, common: LayoutDraft::new(), layouts: Vec::new() }
    }

    fn take(&mut self, content: &str) -> Result<(), String> {
        if let Some(name) = content.strip_prefix('[') {
            return self.begin_layout(name);
        }
        let (key, value) = content
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()))
            .ok_or_else(|| format!("`{content}` is not `key = value`"))?;
        if value.is_empty() {
            return Err(format!("`{key}` has no value"));
        }
        let profile = &mut self.profile;
        match key {
            "name" | "bank" | "encoding" | "fallback" if !self.layouts.is_empty() => {
                return Err(format!(
                    "`{key}` is of the whole profile: it stands above the layouts"
                ));
            }
            "name" => value.clone_into(&mut profile.name),
            "bank" => {
                profile.bank = Some(value.parse().map_err(|not_code| format!("{not_code}"))?);
            }
            "encoding" => profile.encoding = encoding(value)?,
            "fallback" => profile.is_fallback = yes_or_no(value)?,
            _ => return self.layouts.last_mut().unwrap_or(&mut self.common).take(key, value),
        }
        Ok(())
    }

    /// `[layout NAME]`
    fn begin_layout(&mut self, heading: &str) -> Result<(), String> {
        let name = heading.strip_suffix(']').and_then(|inner| inner.trim().strip_prefix("layout"));
        let name = name.map(str::trim).unwrap_or_default();
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        if name.is_empty() || !name.chars().all(fits) {
            return Err(format!(
                "`[{heading}` is not `[layout NAME]`, the name of letters, digits, `-`"
            ));
        }
        if self.layouts.iter().any(|known| known.layout.name == name) {
            return Err(format!("there are two layouts `{name}`"));
        }
        let mut begun = self.common.clone();
        name.clone_into(&mut begun.layout.name);
        self.layouts.push(begun);
        Ok(())
    }

    fn finish(mut self) -> Result<Profile, ProfileError> {
        if self.profile.name.is_empty() {
            return Err(ProfileError::Missing("name"));
        }
        self.profile.currency.clone_from(&self.common.layout.currency);
        self.profile.business_date = self.common.layout.business_date;
        if self.layouts.is_empty() {
            self.layouts.push(self.common);
        }
        for draft in self.layouts {
            self.profile.layouts.push(draft.finish()?);
        }
        Ok(self.profile)
    }
}

impl LayoutDraft {
    fn new() -> Self {
        let words = [
            (Direction::Debit, &["DB", "D", "DEBIT", "DEBET"][..]),
            (Direction::Credit, &["CR", "C", "K", "KREDIT", "CREDIT"][..]),
        ];
        let directions = words
            .into_iter()
            .flat_map(|(direction, words)| {
                words.iter().map(move |word| (word_key(word), direction))
            })
            .collect();
        let layout = Layout {
            name: String::new(),
            separators: vec![b','],
            numbers: NumberStyle::Point,
            dates: Vec::new(),
            serial_dates: false,
            currency: "IDR".to_owned(),
            business_date: BusinessDate::Booking,
            columns: HashMap::new(),
            needs: Vec::new(),
            reference_after: Vec::new(),
            directions,
            minus_is_debit: false,
            debits_below_zero: false,
            labels: Vec::new(),
            pending: Vec::new(),
            period: Vec::new(),
            write: Vec::new(),
        };
        Self { layout, numbers_given: false }
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        if let Some((role, _key)) = Role::ALL.into_iter().find(|(_role, named)| *named == key) {
            return self.columns(Some(role), value);
        }
        let layout = &mut self.layout;
        match key {
            "separators" => {
                layout.separators = entries(value).map(separator).collect::<Result<_, _>>()?;
            }
            "numbers" => {
                layout.numbers = numbers(value)?;
                self.numbers_given = true;
            }
            "dates" => layout.dates = entries(value).map(date).collect::<Result<_, _>>()?,
            "serial_dates" => layout.serial_dates = yes_or_no(value)?,
            "currency" => layout.currency = value.to_uppercase(),
            "business_date" => layout.business_date = business_date(value)?,
            "ignored" => return self.columns(None, value),
            "needs" => layout.needs = entries(value).map(plain_name).collect(),
            "reference_after" => {
                let finders = entries(value).map(|word| Finder::new(word).into_owned());
                layout.reference_after = finders.collect();
            }
            "debit_words" => self.direction_words(Direction::Debit, value),
            "credit_words" => self.direction_words(Direction::Credit, value),
            "minus_is_debit" => layout.minus_is_debit = yes_or_no(value)?,
            "debits_below_zero" => layout.debits_below_zero = yes_or_no(value)?,
            "opening_row" => self.labels(RowLabel::Opening, value),
            "closing_row" => self.labels(RowLabel::Closing, value),
            "total_row" => self.labels(RowLabel::Total, value),
            "ignored_row" => self.labels(RowLabel::Ignored, value),
            "pending" => layout.pending = entries(value).map(word_key).collect(),
            "period" => layout.period = entries(value).map(plain_name).collect(),
            "write" => layout.write = entries(value).map(str::to_owned).collect(),
            _ => return Err(format!("there is no key `{key}`")),
        }
        Ok(())
    }

    fn columns(&mut self, role: Option<Role>, value: &str) -> Result<(), String> {
        for name in entries(value) {
            let plain = plain_name(name);
            if plain.is_empty() {
                return Err(format!("`{name}` is no column's name: it has no letters or digits"));
            }
            let known = self.layout.columns.insert(plain, role);
            if known.is_some_and(|known| known != role) {
                return Err(format!("the column `{name}` has another meaning already"));
            }
        }
        Ok(())
    }

    fn direction_words(&mut self, direction: Direction, value: &str) {
        self.layout.directions.retain(|_word, known| *known != direction);
        let words = entries(value).map(|word| (word_key(word), direction));
        self.layout.directions.extend(words);
    }

    fn labels(&mut self, label: RowLabel, value: &str) {
        let words = entries(value).map(|word| (plain_name(word), label));
        self.layout.labels.extend(words.filter(|(word, _label)| !word.is_empty()));
    }

    fn finish(self) -> Result<Layout, ProfileError> {
        let layout = self.layout;
        let has = |role| layout.columns.values().any(|known| *known == Some(role));
        let missing = [
            ("numbers", !self.numbers_given),
            ("dates", layout.dates.is_empty()),
            ("separators", layout.separators.is_empty()),
            ("booking_date", !has(Role::BookingDate)),
            ("description", !has(Role::Description)),
            ("amount", !(has(Role::Amount) || (has(Role::Debit) && has(Role::Credit)))),
        ];
        if let Some((key, _)) = missing.into_iter().find(|(_key, is_missing)| *is_missing) {
            return Err(match layout.name.as_str() {
                "" => ProfileError::Missing(key),
                name => ProfileError::LayoutLacks { layout: name.to_owned(), key },
            });
        }
        for one in &layout.dates {
            for other in &layout.dates {
                if let Some(cell) = one.contradicts(other) {
                    let (one, other) = (one.as_str().to_owned(), other.as_str().to_owned());
                    return Err(ProfileError::TwoDates { cell, one, other });
                }
            }
        }
        Ok(layout)
    }
}

fn entries(value: &str) -> impl Iterator<Item = &str> {
    value.split('|').map(str::trim).filter(|entry| !entry.is_empty())
}

fn encoding(value: &str) -> Result<Encoding, String> {
    match entries(value).collect::<Vec<_>>().as_slice() {
        ["utf-8"] => Ok(Encoding::Utf8),
        ["windows-1252"] => Ok(Encoding::Windows1252),
        ["utf-8", "windows-1252"] => Ok(Encoding::Utf8OrWindows1252),
        ["utf-16le"] => Ok(Encoding::Utf16Le),
        ["utf-16be"] => Ok(Encoding::Utf16Be),
        _ => Err(format!(
            "`{value}` is not an encoding: `utf-8`, `windows-1252`, `utf-8 | windows-1252`, \
             `utf-16le` or `utf-16be`"
        )),
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
    let styles = [NumberStyle::Point, NumberStyle::Comma];
    let named = styles.into_iter().find(|style| style.as_str() == value);
    named.ok_or_else(|| format!("`{value}` is not `1,234.56` or `1.234,56`"))
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
