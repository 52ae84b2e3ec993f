//! How far a long file is read: one line on stderr, for somebody who waits in front of it.

use std::io::{self, IsTerminal, Read, Stderr, Write};
use std::path::Path;

use crate::cli::Settings;
use crate::terminal::harmless;

/// Shorter files are read before anybody could wonder, in bytes.
const LONG: u64 = 8 * MEGABYTE;
const MEGABYTE: u64 = 1_000_000;

/// Whether progress is shown in this run: only to a person, and in no job.
pub(crate) fn is_wanted(settings: &Settings) -> bool {
    !settings.no_input && settings.ci.is_none() && io::stderr().is_terminal()
}

/// A reader that says how far it is.
#[derive(Debug)]
pub(crate) struct Watched<R, W: Write = Stderr> {
    input: R,
    line: W,
    name: String,
    /// The whole length, where it is known.
    length: Option<u64>,
    read: u64,
    shown: Option<u64>,
}

impl<R: Read> Watched<R> {
    /// Watches the reading of a file with so many bytes, or of one whose end is not known.
    pub(crate) fn new(input: R, path: &Path, length: Option<u64>) -> Self {
        Self::on(io::stderr(), input, path, length)
    }
}

impl<R: Read, W: Write> Watched<R, W> {
    fn on(line: W, input: R, path: &Path, length: Option<u64>) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Self { input, line, name: harmless(&name), length, read: 0, shown: None }
    }

    /// Writes the line anew when its figure changes. A line that can't be written is skipped.
    fn show(&mut self) {
        let figure = match self.length {
            Some(length) if length < LONG => return,
            Some(length) => self.read.saturating_mul(100).checked_div(length).unwrap_or(100),
            None if self.read < LONG => return,
            None => self.read.checked_div(MEGABYTE).unwrap_or_default(),
        };
        if self.shown == Some(figure) {
            return;
        }
        self.shown = Some(figure);
        let text = match self.length {
            Some(length) => {
                let megabytes = length.checked_div(MEGABYTE).unwrap_or_default();
                format!("{}: {} % of {megabytes} MB", self.name, figure.min(100))
            }
            None => format!("{}: {figure} MB", self.name),
        };
        self.write(&format!("\r{text}\u{1b}[K"));
    }

    fn write(&mut self, text: &str) {
        let written = self.line.write_all(text.as_bytes()).and_then(|()| self.line.flush());
        drop(written);
    }
}

impl<R: Read, W: Write> Read for Watched<R, W> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(into)?;
        self.read = self.read.saturating_add(u64::try_from(count).unwrap_or_default());
        self.show();
        Ok(count)
    }
}

/// The line goes away, so that what comes after it has the terminal for itself.
impl<R, W: Write> Drop for Watched<R, W> {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let written = self.line.write_all(b"\r\x1b[K").and_then(|()| self.line.flush());
            drop(written);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written while a file of so many bytes is read.
    fn written(length: u64, is_known: bool) -> String {
        let mut line = Vec::new();
        let path = Path::new("in/bri\u{7}.csv");
        let input = io::repeat(b'x').take(length);
        let known = is_known.then_some(length);
        let mut watched = Watched::on(&mut line, input, path, known);
        let read = io::copy(&mut watched, &mut io::sink()).unwrap();
        assert_eq!(read, length);
        drop(watched);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_long_file_counts_to_a_hundred_and_leaves_no_line() {
        let text = written(20_000_000, true);
        assert!(text.starts_with("\rbri?.csv: 0 % of 20 MB\u{1b}[K"), "{text:?}");
        assert!(text.ends_with("\rbri?.csv: 100 % of 20 MB\u{1b}[K\r\u{1b}[K"), "{text:?}");
        assert_eq!(text.matches('%').count(), 101, "each figure once: {text:?}");
    }

    #[test]
    fn a_file_without_a_length_counts_megabytes() {
        let text = written(10_000_000, false);
        assert!(text.starts_with("\rbri?.csv: 8 MB"), "{text:?}");
        assert!(text.ends_with("\rbri?.csv: 10 MB\u{1b}[K\r\u{1b}[K"), "{text:?}");
    }

    #[test]
    fn a_short_file_says_nothing() {
        assert_eq!(written(1_000_000, true), "");
        assert_eq!(written(1_000_000, false), "");
        assert_eq!(written(0, true), "");
    }
}
