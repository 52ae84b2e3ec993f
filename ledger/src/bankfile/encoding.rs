//! Text from bytes: UTF-8, UTF-16 with its mark, Windows-1252 where a profile says so.
//!
//! Only a byte-order mark overrides the profile's encoding; nothing is guessed from the content.

use std::borrow::Cow;

use crate::bankfile::error::{BankFileError, Reason};

/// The encoding of a bank's files without a byte-order mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Windows1252,
}

impl Encoding {
    const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1252 => "Windows-1252",
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
    let text = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest)?,
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        _ => match encoding {
            Encoding::Utf8 => utf8(bytes)?,
            Encoding::Windows1252 => {
                Cow::Owned(bytes.iter().map(|byte| windows1252(*byte)).collect())
            }
        },
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

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, BankFileError> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().copied().map(unit)).collect();
    match text {
        Ok(text) if odd.is_empty() => Ok(text),
        Ok(text) => Err(not_text(text.as_bytes(), "UTF-16")),
        Err(_lone_half) => Err(not_text(&[], "UTF-16")),
    }
}

fn windows1252(byte: u8) -> char {
    byte.checked_sub(0x80)
        .and_then(|place| HIGH_CONTROLS.get(usize::from(place)))
        .copied()
        .unwrap_or(char::from(byte))
}

fn not_text(readable: &[u8], encoding: &'static str) -> BankFileError {
    let lines = (1..).zip(readable.split(|byte| *byte == b'\n'));
    let line = lines.last().map_or(1, |(line, _text)| line);
    BankFileError { line, column: None, reason: Reason::NotText { encoding } }
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
