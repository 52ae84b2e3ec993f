//! Short texts kept in place: the codes and references that banks carry in fields of 16 characters.

use std::fmt;
use std::hash::{Hash, Hasher};

/// One to 16 visible ASCII characters, kept without a place of their own in memory, so that millions
/// of them are copied, compared and hashed as numbers. They are ordered as texts are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShortText([u8; Self::LONGEST]);

impl ShortText {
    /// The most characters there can be: what MT940 gives a customer's reference.
    pub const LONGEST: usize = 16;

    /// The text, if it is one to 16 visible ASCII characters.
    pub fn new(text: &str) -> Option<Self> {
        Self::of_bytes(text.as_bytes())
    }

    /// The text with its letters in upper case, as banks write codes.
    pub(crate) fn upper(word: &[u8]) -> Option<Self> {
        let mut text = Self::of_bytes(word)?;
        text.0.make_ascii_uppercase();
        Some(text)
    }

    fn of_bytes(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::LONGEST];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let fits = !text.is_empty() && text.iter().all(u8::is_ascii_graphic);
        fits.then_some(Self(bytes))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(Self::LONGEST);
        self.0.get(..length).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
    }

    /// The text's bytes, filled up with zeros; they are ordered as the texts are.
    pub(crate) const fn to_bytes(self) -> [u8; Self::LONGEST] {
        self.0
    }
}

impl Hash for ShortText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.0));
    }
}

impl fmt::Display for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_fits_and_nothing_else() {
        for text in ["A", "EW-1571-00001", "EW00218090300017"] {
            let short = ShortText::new(text).unwrap();
            assert_eq!(short.as_str(), text);
            assert_eq!(format!("{short} {short:?}"), format!("{text} {text:?}"));
        }
        for text in ["", "EW002180903000170", "A B", "A\0", "É"] {
            assert_eq!(ShortText::new(text), None, "{text:?}");
        }
        assert_eq!(ShortText::upper(b"ew-1").unwrap().as_str(), "EW-1");
    }

    #[test]
    fn is_ordered_as_texts_are() {
        let mut texts = ["B", "A", "AB", "A-1", "A1", "0", "EW00218090300017"];
        let mut short = texts.map(|text| ShortText::new(text).unwrap());
        texts.sort_unstable();
        short.sort_unstable();
        assert_eq!(short.map(|text| text.as_str().to_owned()), texts.map(str::to_owned));
    }
}
