//! A file's text as it is read, without holding the whole of it: UTF-8 with `\n` at the end of every
//! line, whatever its encoding, its byte-order mark and its line ends are.
//!
//! NULs at the end, which some exports leave there, are taken off. Anywhere else they mean that the
//! bytes are not what they seem, so the file is refused.

use std::io::Read;

use crate::bankfile::encoding::{Encoding, windows1252};
use crate::bankfile::error::Reason;

/// Reads bytes in an encoding as text in UTF-8.
#[derive(Debug)]
pub(super) struct TextReader<R> {
    input: R,
    encoding: Encoding,
    chunk: Vec<u8>,
    /// Bytes of a character that the next chunk goes on with.
    rest: Vec<u8>,
    ends_in_return: bool,
    nuls: bool,
    /// What stops the text behind what was read.
    failed: Option<Reason>,
    is_done: bool,
}

impl<R: Read> TextReader<R> {
    /// Reads what follows the byte-order mark, so many bytes at once.
    pub(super) fn new(input: R, encoding: Encoding, at_once: usize) -> Self {
        Self {
            input,
            encoding,
            chunk: vec![0; at_once],
            rest: Vec::new(),
            ends_in_return: false,
            nuls: false,
            failed: None,
            is_done: false,
        }
    }

    /// Appends the next part to a text; false at the end.
    ///
    /// # Errors
    /// Why the bytes after those already added are not text, or can't be read.
    pub(super) fn more(&mut self, into: &mut Vec<u8>) -> Result<bool, Reason> {
        if let Some(reason) = self.failed.clone() {
            return Err(reason);
        }
        if self.is_done {
            return Ok(false);
        }
        let mut chunk = std::mem::take(&mut self.chunk);
        let read = self.input.read(&mut chunk);
        let read = read.map_err(|error| Reason::Unreadable(error.to_string()))?;
        match chunk.get(..read).unwrap_or_default() {
            [] => self.finish(into),
            bytes => self.take(bytes, into),
        }
        self.chunk = chunk;
        Ok(true)
    }

    fn take(&mut self, bytes: &[u8], into: &mut Vec<u8>) {
        match self.encoding {
            Encoding::Utf8 => self.lines(bytes, into),
            Encoding::Windows1252 => {
                let text = self.windows1252(bytes);
                self.lines(text.as_bytes(), into);
            }
            Encoding::Utf8OrWindows1252 => self.utf8_or_windows1252(bytes, into),
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let text = self.utf16(bytes);
                self.lines(text.as_bytes(), into);
            }
        }
    }

    fn windows1252(&mut self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len());
        for byte in bytes {
            let letter = windows1252(*byte);
            // Five bytes stand for nothing.
            if ('\u{80}'..'\u{a0}').contains(&letter) {
                self.fail();
                break;
            }
            text.push(letter);
        }
        text
    }

    /// Takes what is UTF-8 as it is; what is cut off at the end waits for the next bytes.
    fn utf8_or_windows1252(&mut self, bytes: &[u8], into: &mut Vec<u8>) {
        let joined;
        let bytes = if self.rest.is_empty() {
            bytes
        } else {
            joined = [self.rest.as_slice(), bytes].concat();
            self.rest.clear();
            joined.as_slice()
        };
        if std::str::from_utf8(bytes).is_ok() {
            return self.lines(bytes, into);
        }
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            self.lines(chunk.valid().as_bytes(), into);
            let strange = chunk.invalid();
            let begins =
                || std::str::from_utf8(strange).is_err_and(|why| why.error_len().is_none());
            if chunks.peek().is_none() && !strange.is_empty() && begins() {
                self.rest.extend_from_slice(strange);
            } else if !strange.is_empty() {
                let text = self.windows1252(strange);
                self.lines(text.as_bytes(), into);
            }
            if self.failed.is_some() {
                break;
            }
        }
    }

    /// The next bytes are not text in their encoding.
    fn fail(&mut self) {
        self.failed.get_or_insert(Reason::NotText { encoding: self.encoding.name() });
    }

    /// Decodes whole characters; what is left of the last one waits for the next bytes.
    fn utf16(&mut self, bytes: &[u8]) -> String {
        let encoding = self.encoding;
        self.rest.extend_from_slice(bytes);
        let (pairs, odd) = self.rest.as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(|pair| encoding.unit(*pair)).collect();
        let is_half = units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit));
        let kept = if is_half { odd.len().saturating_add(2) } else { odd.len() };
        if is_half {
            units.pop();
        }
        let letters = char::decode_utf16(units);
        let mut whole = true;
        let text = letters.map_while(|letter| {
            whole = letter.is_ok();
            letter.ok()
        });
        let text = text.collect();
        self.rest.drain(..self.rest.len().saturating_sub(kept));
        if !whole {
            self.fail();
        }
        text
    }

    /// Adds text with its line ends made alike and its NULs held back.
    fn lines(&mut self, text: &[u8], into: &mut Vec<u8>) {
        let (visible, nuls) =
            memchr::memchr(0, text).and_then(|at| text.split_at_checked(at)).unwrap_or((text, &[]));
        if (self.nuls && !visible.is_empty()) || nuls.iter().any(|byte| *byte != 0) {
            self.failed = Some(Reason::Nul);
            if self.nuls {
                return;
            }
        }
        self.nuls |= !nuls.is_empty();
        let mut rest = visible;
        if self.ends_in_return {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        if let Some(last) = visible.last() {
            self.ends_in_return = *last == b'\r';
        }
        while let Some((line, behind)) =
            memchr::memchr(b'\r', rest).and_then(|at| rest.split_at_checked(at))
        {
            into.extend_from_slice(line);
            into.push(b'\n');
            rest = behind.strip_prefix(b"\r\n").or(behind.strip_prefix(b"\r")).unwrap_or_default();
        }
        into.extend_from_slice(rest);
    }

    /// Ends the last line, so that every line has its end.
    fn finish(&mut self, into: &mut Vec<u8>) {
        let rest = std::mem::take(&mut self.rest);
        if self.encoding == Encoding::Utf8OrWindows1252 {
            let text = self.windows1252(&rest);
            self.lines(text.as_bytes(), into);
        } else if !rest.is_empty() {
            self.fail();
            return;
        }
        if self.failed.is_none() {
            self.is_done = true;
            into.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Gives its bytes in pieces of one length, so that every border falls everywhere.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(into.len());
            self.0.read(&mut into[..length])
        }
    }

    fn text(bytes: &[u8], encoding: Encoding, piece: usize) -> Result<String, String> {
        let mut text = Vec::new();
        let mut reader = TextReader::new(Pieces(bytes, piece), encoding, 64);
        while reader.more(&mut text).map_err(|reason| reason.to_string())? {}
        String::from_utf8(text).map_err(|error| error.to_string())
    }

    #[test]
    fn line_ends_are_made_alike_wherever_a_chunk_ends() {
        let bytes = b"a\r\n\r\nb\rc\n\n\r\rd\r\n\0\0";
        for piece in 1..=bytes.len() {
            let read = text(bytes, Encoding::Utf8, piece).unwrap();
            assert_eq!(read, "a\n\nb\nc\n\n\n\nd\n\n", "{piece}");
        }
        assert_eq!(text(b"", Encoding::Utf8, 1).unwrap(), "\n");
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let written = "café €\r\n\u{1F33E} x";
        let units: Vec<u16> = written.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for piece in 1..=9 {
            for (bytes, encoding) in [
                (written.as_bytes(), Encoding::Utf8),
                (&little, Encoding::Utf16Le),
                (&big, Encoding::Utf16Be),
            ] {
                let read = text(bytes, encoding, piece).unwrap();
                assert_eq!(read, "café €\n\u{1F33E} x\n", "{encoding:?} {piece}");
            }
        }
        for piece in 1..=9 {
            let read = text(b"caf\xE9 \x80", Encoding::Windows1252, piece).unwrap();
            assert_eq!(read, "café €\n", "{piece}");
            let mixed = b"caf\xC3\xA9 caf\xE9, \xE2\x82\xAC \xE2\x82";
            let read = text(mixed, Encoding::Utf8OrWindows1252, piece).unwrap();
            assert_eq!(read, "café café, € â‚\n", "{piece}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        for (bytes, encoding) in [
            (&b"a\0b"[..], Encoding::Utf8),
            (b"a\x81", Encoding::Windows1252),
            (b"a\x81b", Encoding::Utf8OrWindows1252),
            (b"a\0b", Encoding::Utf16Le),
            (b"\x00\xD8\x00\x00", Encoding::Utf16Le),
            (b"\x00\xD8", Encoding::Utf16Le),
        ] {
            for piece in 1..=4 {
                assert!(text(bytes, encoding, piece).is_err(), "{bytes:?} {piece}");
            }
        }
    }
}
