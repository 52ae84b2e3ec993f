//! Delimited text, row by row.

use std::io::Read;

use csv::{Reader, ReaderBuilder, StringRecord};

use crate::bankfile::choice::TextForm;
use crate::bankfile::encoding::Encoding;
use crate::bankfile::error::{BankFileError, Reason};
use crate::bankfile::rows::{Row, Rows};
use crate::bankfile::text::{NotText, TextReader};

/// How many bytes of text are taken apart at once.
const BUFFER: usize = 64 * 1024;

/// The rows of a delimited file.
pub(super) struct Delimited<R> {
    reader: Reader<TextReader<R>>,
    record: StringRecord,
    line: u64,
}

impl<R: Read> Delimited<R> {
    /// The rows of what follows the byte-order mark.
    pub(super) fn new(input: R, form: TextForm) -> Self {
        let reader = ReaderBuilder::new()
            .delimiter(form.separator)
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(BUFFER)
            .from_reader(TextReader::new(input, form.encoding));
        Self { reader, record: StringRecord::new(), line: 0 }
    }
}

impl<R: Read> Rows for Delimited<R> {
    fn advance(&mut self) -> Result<bool, BankFileError> {
        let before = self.reader.position().line();
        let read = self.reader.read_record(&mut self.record);
        // The reader stands behind the row's last line end, unless a quote was never closed. Its own
        // note of where the row began is of the blank lines before it.
        let inside = memchr::memchr_iter(b'\n', self.record.as_byte_record().as_slice()).count();
        let lines = u64::try_from(inside).unwrap_or_default().saturating_add(1);
        self.line = self.reader.position().line().saturating_sub(lines).max(before);
        read.map_err(|error| not_text(&error, before))
    }

    fn row(&self) -> Row<'_> {
        Row { line: self.line, cells: &self.record, kinds: &[] }
    }
}

/// Where the bytes stop to be text.
fn not_text(error: &csv::Error, before: u64) -> BankFileError {
    let line = error.position().map_or(before, csv::Position::line).max(1);
    let reason = if let csv::ErrorKind::Io(error) = error.kind() {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<NotText>()) {
            Some(NotText::Encoding(encoding)) => Reason::NotText { encoding },
            Some(NotText::Nul) => Reason::Nul,
            None => Reason::Unreadable(error.to_string()),
        }
    } else {
        Reason::NotText { encoding: Encoding::Utf8.name() }
    };
    BankFileError::at(line, reason)
}
