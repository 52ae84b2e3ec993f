//! The file as the XML parser sees it: as UTF-8, a bounded piece at a time, with its lines counted.

use std::io::{self, BufRead, Read};

use super::Fault;
use crate::bankfile::encoding::windows1252;
use crate::bankfile::error::quoted;
use crate::bankfile::message::LONGEST_TEXT;

/// As much of the file as is needed to see its declared encoding.
const DECLARATION: usize = 512;

/// A reader that the parser can't make read without end.
#[derive(Debug)]
pub(super) struct Source<R> {
    inner: R,
    /// What was read ahead and, in Windows-1252, rewritten.
    ahead: Vec<u8>,
    taken: usize,
    is_utf8: bool,
    /// How much the parser may still take for one piece of markup or text.
    budget: usize,
    line: u64,
    /// Whether a piece was longer than that.
    overrun: bool,
}

impl<R: BufRead> Source<R> {
    /// Looks at the beginning of the file.
    ///
    /// # Errors
    /// An encoding that is not read, or the reader's own errors.
    pub(super) fn open(mut inner: R) -> Result<Self, Fault> {
        let mut ahead = Vec::with_capacity(DECLARATION);
        let limit = u64::try_from(DECLARATION).unwrap_or(u64::MAX);
        let read = inner.by_ref().take(limit).read_to_end(&mut ahead);
        read.map_err(|error| Fault::Unreadable(error.to_string()))?;
        let is_utf8 = is_utf8(&ahead)?;
        if !is_utf8 {
            ahead = rewritten(&ahead);
        }
        Ok(Self { inner, ahead, taken: 0, is_utf8, budget: LONGEST_TEXT, line: 1, overrun: false })
    }

    /// Lets the parser take the next piece.
    pub(super) const fn allow_a_piece(&mut self) {
        self.budget = LONGEST_TEXT;
    }

    /// The line up to which the file was taken, from 1.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// Whether a piece was too long.
    pub(super) const fn overrun(&self) -> bool {
        self.overrun
    }

    /// What was read ahead and not taken.
    fn read_ahead(&self) -> &[u8] {
        self.ahead.get(self.taken..).unwrap_or_default()
    }
}

impl<R: BufRead> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.budget == 0 {
            self.overrun = true;
            return Err(io::Error::other("a piece that is too long"));
        }
        if self.read_ahead().is_empty() && !self.is_utf8 {
            let raw = self.inner.fill_buf()?;
            let raw = raw.get(..LONGEST_TEXT).unwrap_or(raw);
            let length = raw.len();
            self.ahead = rewritten(raw);
            self.inner.consume(length);
            self.taken = 0;
        }
        let budget = self.budget;
        let available = if self.read_ahead().is_empty() && self.is_utf8 {
            self.inner.fill_buf()?
        } else {
            self.read_ahead()
        };
        Ok(available.get(..budget).unwrap_or(available))
    }

    fn consume(&mut self, amount: usize) {
        let is_ahead = !self.read_ahead().is_empty();
        let available = if is_ahead {
            self.ahead.get(self.taken..).unwrap_or_default()
        } else {
            // What was filled is still there, so nothing is read and nothing can fail.
            self.inner.fill_buf().unwrap_or_default()
        };
        let taken = available.get(..amount).unwrap_or(available);
        let lines = memchr::memchr_iter(b'\n', taken).count();
        self.line = self.line.saturating_add(u64::try_from(lines).unwrap_or(u64::MAX));
        self.budget = self.budget.saturating_sub(amount);
        if is_ahead {
            self.taken = self.taken.saturating_add(amount);
        } else {
            self.inner.consume(amount);
        }
    }
}

impl<R: BufRead> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

/// Whether the file is UTF-8, as XML is unless it declares something else.
fn is_utf8(start: &[u8]) -> Result<bool, Fault> {
    if matches!(start, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, b'<', ..] | [b'<', 0, ..]) {
        return Err(Fault::Encoding("UTF-16".to_owned()));
    }
    let start: String = start.iter().copied().map(char::from).collect();
    let declaration = start.split_once("<?xml").and_then(|(_before, rest)| rest.split_once("?>"));
    let declared = declaration.and_then(|(declaration, _rest)| {
        let (_before, behind) = declaration.split_once("encoding")?;
        behind.split(['"', '\'']).nth(1)
    });
    let Some(declared) = declared else { return Ok(true) };
    match declared.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" | "ascii" => Ok(true),
        "iso-8859-1" | "latin1" | "windows-1252" | "cp1252" => Ok(false),
        _ => Err(Fault::Encoding(quoted(declared))),
    }
}

/// Windows-1252 as UTF-8; ISO-8859-1 differs from it only in control characters.
fn rewritten(bytes: &[u8]) -> Vec<u8> {
    let text: String = bytes.iter().map(|byte| windows1252(*byte)).collect();
    text.into_bytes()
}
