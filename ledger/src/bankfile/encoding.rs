//! Text from bytes: UTF-8, UTF-16, Windows-1252, as a byte-order mark or a profile says.
//!
//! Only a byte-order mark overrides the profile's encoding; nothing is guessed from the content.

use std::borrow::Cow;

use crate::bankfile::error::{BankFileError, Reason};

/// The encoding of a bank's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Windows1252,
    /// UTF-8; a byte that belongs to no character of it is one of Windows-1252, as where a bank cut
    /// a text in the middle of a character.
    Utf8OrWindows1252,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1252 => "Windows-1252",
            Self::Utf8OrWindows1252 => "UTF-8 or Windows-1252",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
        }
    }

    /// The encoding of a byte-order mark, and the mark's length.
    pub(super) const fn of_mark(bytes: &[u8]) -> Option<(Self, usize)> {
        match bytes {
            [0xEF, 0xBB, 0xBF, ..] => Some((Self::Utf8, 3)),
            [0xFF, 0xFE, ..] => Some((Self::Utf16Le, 2)),
            [0xFE, 0xFF, ..] => Some((Self::Utf16Be, 2)),
            _ => None,
        }
    }

    /// The character of two bytes in UTF-16.
    pub(super) const fn unit(self, pair: [u8; 2]) -> u16 {
        match self {
            Self::Utf16Be => u16::from_be_bytes(pair),
            Self::Utf8 | Self::Windows1252 | Self::Utf8OrWindows1252 | Self::Utf16Le => {
                u16::from_le_bytes(pair)
            }
        }
    }
}

/// The bytes 0x80 to 0x9F of Windows-1252; the others are the code points of the same number.
const HIGH_CONTROLS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The file's text without its byte-order mark and without trailing NULs.
pub(super) fn decode(bytes: &[u8], encoding: Encoding) -> Result<Cow<'_, str>, BankFileError> {
    let (encoding, mark) = Encoding::of_mark(bytes).unwrap_or((encoding, 0));
    let bytes = bytes.get(mark..).unwrap_or_default();
    let text = match encoding {
        Encoding::Utf8 | Encoding::Utf8OrWindows1252 => utf8(bytes)?,
        Encoding::Windows1252 => Cow::Owned(bytes.iter().map(|byte| windows1252(*byte)).collect()),
        Encoding::Utf16Le | Encoding::Utf16Be => Cow::Owned(utf16(bytes, encoding)?),
    };
    Ok(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches('\0')),
        Cow::Owned(text) => Cow::Owned(text.trim_end_matches('\0').to_owned()),
    })
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, BankFileError> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        let readable = bytes.get(..error.valid_up_to()).unwrap_or_default();
        not_text(readable, Encoding::Utf8.name())
    })
}

fn utf16(bytes: &[u8], encoding: Encoding) -> Result<String, BankFileError> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| encoding.unit(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if odd.is_empty() => Ok(text),
        Ok(text) => Err(not_text(text.as_bytes(), "UTF-16")),
        Err(_lone_half) => Err(not_text(&[], "UTF-16")),
    }
}

/// The character of a byte in Windows-1252; what it leaves open is a control character.
pub(super) fn windows1252(byte: u8) -> char {
    byte.checked_sub(0x80)
        .and_then(|place| HIGH_CONTROLS.get(usize::from(place)))
        .copied()
        .unwrap_or(char::from(byte))
}

fn not_text(readable: &[u8], encoding: &'static str) -> BankFileError {
    let lines = (1..).zip(readable.split(|byte| *byte == b'\n'));
    let line = lines.last().map_or(1, |(line, _text)| line);
    BankFileError::at(line, Reason::NotText { encoding })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_decide_and_are_taken_off() {
        let utf16: Vec<u8> = "\u{feff}Saldo\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [&b"\xEF\xBB\xBFSaldo"[..], b"Saldo\0\0", &utf16] {
            assert_eq!(decode(bytes, Encoding::Utf8).unwrap(), "Saldo");
        }
        assert_eq!(decode(b"caf\xE9 \x80", Encoding::Windows1252).unwrap(), "café €");
    }

    #[test]
    fn other_bytes_are_refused_with_their_line() {
        let error = decode(b"one\ntwo \xE9", Encoding::Utf8).unwrap_err();
        assert_eq!(error.to_string(), "line 2: the bytes are not text in UTF-8");
        assert!(decode(b"\xFF\xFEa", Encoding::Utf8).is_err());
        assert!(decode(b"\xFF\xFE\x00\xD8", Encoding::Utf8).is_err());
    }
}
