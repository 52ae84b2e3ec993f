//! What a bank or a person names something by: a reference that looks the same is the same.

use std::fmt;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// The most characters of a reference.
const LONGEST: usize = 64;

/// A text by which a bank or a person names one thing, such as a transfer order's number.
///
/// It has nothing at its ends or between its letters that cannot be seen, and is composed (NFC), so
/// that two references which look alike are alike; [`Reference::folded`] is what they are compared by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(String);

/// Why a text is not a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReference {
    /// It is empty or too long.
    #[error("has to be 1 to 64 characters")]
    Length,
    /// White space at an end, or of another kind than a space.
    #[error("has white space at an end, twice, or other than a space")]
    WhiteSpace,
    /// Something in it cannot be seen: a control, a direction mark, a joiner.
    #[error("has characters that cannot be seen")]
    Invisible,
    /// Letters and their marks are apart.
    #[error("is not in the composed form of Unicode (NFC)")]
    NotComposed,
}

impl Reference {
    /// A reference as it was sent.
    ///
    /// # Errors
    /// [`NotReference`] when another text could look the same.
    pub fn new(text: &str) -> Result<Self, NotReference> {
        if text.is_empty() || text.chars().count() > LONGEST {
            return Err(NotReference::Length);
        }
        if text.chars().any(is_invisible) {
            return Err(NotReference::Invisible);
        }
        let other_space = text.chars().any(|letter| letter.is_whitespace() && letter != ' ');
        if other_space || text.trim() != text || text.contains("  ") {
            return Err(NotReference::WhiteSpace);
        }
        if !is_nfc(text) {
            return Err(NotReference::NotComposed);
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes it this one: neither the case of its letters nor their width makes another.
    pub fn folded(&self) -> String {
        // Upper case first: `ß` and `ss` have one.
        self.0.nfkc().collect::<String>().to_uppercase().to_lowercase().nfkc().collect()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether a character takes no place where it is written: controls, direction marks, joiners, variation
/// selectors, fillers, tags (Unicode's Cc, Cf and other default ignorables).
pub fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_another_is_refused_or_the_same() {
        use NotReference::{Invisible, Length, NotComposed, WhiteSpace};
        for (text, why) in [
            ("", Length),
            (&"x".repeat(65), Length),
            ("UJI/1 ", WhiteSpace),
            (" UJI/1", WhiteSpace),
            ("UJI  1", WhiteSpace),
            ("UJI\u{a0}1", WhiteSpace),
            ("UJI\u{3000}1", WhiteSpace),
            ("UJI/1\n", Invisible),
            ("UJI/\u{200b}1", Invisible),
            ("\u{202e}UJI/1", Invisible),
            ("UJI/1\u{fe0f}", Invisible),
            ("cafe\u{301}", NotComposed),
        ] {
            assert_eq!(Reference::new(text), Err(why), "{text:?}");
        }
        let folded = |text: &str| Reference::new(text).unwrap().folded();
        for (one, other) in
            [("UJI/1", "uji/1"), ("ＵＪＩ/1", "UJI/1"), ("Straße", "STRASSE"), ("É", "é")]
        {
            assert_eq!(folded(one), folded(other));
        }
        assert_ne!(folded("UJI/1"), folded("UJI/2"));
        assert_eq!(Reference::new(&"x".repeat(64)).unwrap().as_str().len(), 64);
        assert_eq!(Reference::new("SP2D 2018-09 é").unwrap().as_str(), "SP2D 2018-09 é");
    }
}
