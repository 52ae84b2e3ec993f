//! Takes delimited text apart: rows end with a line's end, cells with the separator. A cell that
//! begins with a quote goes on to the quote that ends it, over separators and line ends; two quotes
//! inside it are one. Anywhere else a quote is a letter like others. Empty lines are not rows.

use std::io::Read;

use crate::bankfile::choice::TextForm;
use crate::bankfile::delimited::{Block, BlockRow};
use crate::bankfile::encoding::Encoding;
use crate::bankfile::error::{BankFileError, Reason};
use crate::bankfile::text::TextReader;

/// How much text is taken apart at once: as much as a processor's own memory holds beside its rows.
const BLOCK: usize = 128 * 1024;
const QUOTE: u8 = b'"';
const LINE_END: u8 = b'\n';
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Takes a text apart, block by block.
#[derive(Debug)]
pub(super) struct Splitter<R> {
    text: TextReader<R>,
    separator: u8,
    /// How long a block is, unless a row is longer.
    block: usize,
    /// Text of a row that has not come to its end.
    rest: Vec<u8>,
    /// The line that is next.
    line: u64,
    is_first: bool,
    is_open: bool,
    /// What stops the text behind the rows that were taken apart.
    failed: Option<Reason>,
}

impl<R: Read> Splitter<R> {
    /// Takes apart what follows the byte-order mark.
    pub(super) fn new(input: R, form: TextForm) -> Self {
        Self::with_block(input, form, BLOCK)
    }

    /// The same with blocks of another length, where only the first rows are wanted.
    pub(super) fn with_block(input: R, form: TextForm, block: usize) -> Self {
        Self {
            text: TextReader::new(input, form.encoding, block.div_ceil(2)),
            separator: form.separator,
            block,
            rest: Vec::new(),
            line: 1,
            is_first: true,
            is_open: true,
            failed: None,
        }
    }

    /// Fills a block with the next rows; false at the end. Rows before the place where the text can't
    /// be read come before the error.
    pub(super) fn fill(&mut self, block: &mut Block) -> Result<bool, BankFileError> {
        let mut text = std::mem::take(&mut block.text).into_bytes();
        block.cells.clear();
        block.rows.clear();
        let mut wanted = self.block;
        loop {
            text.clear();
            text.append(&mut self.rest);
            self.read(&mut text, wanted);
            self.split(&mut text, block);
            if !block.rows.is_empty() || !self.is_open {
                break;
            }
            // For a long row twice as much each time, so that each byte is looked at a few times.
            wanted = self.rest.len().saturating_mul(2).max(self.block);
        }
        match String::from_utf8(text) {
            Ok(text) => block.text = text,
            Err(error) => self.keep_readable(block, error.as_bytes()),
        }
        match self.failed.take_if(|_reason| block.rows.is_empty()) {
            Some(reason) => Err(BankFileError::at(self.line, reason)),
            None => Ok(!block.rows.is_empty()),
        }
    }

    /// Adds text until there is as much as is wanted, or no more.
    fn read(&mut self, text: &mut Vec<u8>, wanted: usize) {
        while self.is_open && text.len() < wanted {
            match self.text.more(text) {
                Ok(is_open) => self.is_open = is_open,
                Err(reason) => {
                    self.is_open = false;
                    self.failed = Some(reason);
                }
            }
        }
        if std::mem::take(&mut self.is_first) && text.starts_with(MARK) {
            text.drain(..MARK.len());
        }
    }

    /// Takes the whole lines apart and lets the rest wait. What stands between quotes is written
    /// behind the text.
    fn split(&mut self, text: &mut Vec<u8>, block: &mut Block) {
        let whole = memchr::memrchr(LINE_END, text).map_or(0, |at| at.saturating_add(1));
        self.rest.extend_from_slice(text.get(whole..).unwrap_or_default());
        text.truncate(whole);
        let mut at = 0;
        while let Some(lines) = text.get(at..whole).filter(|lines| !lines.is_empty()) {
            let quote = memchr::memchr(QUOTE, lines);
            let before = quote.map_or(lines, |quote| lines.get(..quote).unwrap_or_default());
            let plain = match quote {
                None => lines.len(),
                Some(_) => memchr::memrchr(LINE_END, before).map_or(0, |end| end.saturating_add(1)),
            };
            self.plain(lines.get(..plain).unwrap_or_default(), at, block);
            at = at.saturating_add(plain);
            if quote.is_some() {
                let Some(next) = self.quoted(text, (at, whole), block) else {
                    let lines = text.get(at..whole).unwrap_or_default();
                    self.rest.splice(..0, lines.iter().copied());
                    break;
                };
                at = next;
            }
        }
    }

    /// Takes whole lines without quotes apart, which stand at `begin` of the text.
    fn plain(&mut self, lines: &[u8], begin: usize, block: &mut Block) {
        let (mut cell, mut is_empty) = (0, true);
        for at in memchr::memchr2_iter(self.separator, LINE_END, lines) {
            let ends_row = lines.get(at) == Some(&LINE_END);
            is_empty &= ends_row && at == cell;
            if !is_empty {
                block.cells.push((begin.saturating_add(cell), begin.saturating_add(at)));
            }
            if ends_row {
                if !is_empty {
                    block.rows.push(BlockRow { line: self.line, end: block.cells.len() });
                }
                self.line = self.line.saturating_add(1);
                is_empty = true;
            }
            cell = at.saturating_add(1);
        }
    }

    /// Takes a row apart in which there is a quote; where the next one begins. `None` when it has not
    /// come to its end.
    fn quoted(
        &mut self,
        text: &mut Vec<u8>,
        (begin, whole): (usize, usize),
        block: &mut Block,
    ) -> Option<usize> {
        let (written, known) = (text.len(), block.cells.len());
        let is_last = !self.is_open && self.failed.is_none();
        let mut at = begin;
        loop {
            let cell = text.len();
            let (behind, is_ended) = quoted_part(text, at, whole);
            if !is_ended && !is_last {
                text.truncate(written);
                block.cells.truncate(known);
                return None;
            }
            let lines = text.get(behind..whole).unwrap_or_default();
            // A quote that nothing ends reaches to the end of the text.
            let length = memchr::memchr2(self.separator, LINE_END, lines).unwrap_or(lines.len());
            let end = behind.saturating_add(length);
            text.extend_from_within(behind..end);
            block.cells.push((cell, text.len()));
            at = end.saturating_add(1).min(whole);
            if at >= whole || text.get(end) == Some(&LINE_END) {
                break;
            }
        }
        block.rows.push(BlockRow { line: self.line, end: block.cells.len() });
        let lines = text.get(begin..at).unwrap_or_default();
        let lines = u64::try_from(memchr::memchr_iter(LINE_END, lines).count()).unwrap_or(u64::MAX);
        self.line = self.line.saturating_add(lines);
        Some(at)
    }

    /// Keeps the rows before the first one that is not valid UTF-8.
    fn keep_readable(&mut self, block: &mut Block, text: &[u8]) {
        let all = std::mem::take(block);
        let mut begin = 0;
        for row in all.rows {
            let cells = all.cells.get(begin..row.end).unwrap_or_default();
            begin = row.end;
            for (from, to) in cells {
                let cell = text.get(*from..*to).unwrap_or_default();
                let Ok(cell) = str::from_utf8(cell) else {
                    self.is_open = false;
                    self.line = row.line;
                    self.rest.clear();
                    self.failed = Some(Reason::NotText { encoding: Encoding::Utf8.name() });
                    return;
                };
                let cell_begin = block.text.len();
                block.text.push_str(cell);
                block.cells.push((cell_begin, block.text.len()));
            }
            block.rows.push(row);
        }
    }
}

/// If a cell begins with a quote, writes what stands between it and the one that ends it behind the
/// text; where the cell goes on, and whether its quote was ended.
fn quoted_part(text: &mut Vec<u8>, begin: usize, whole: usize) -> (usize, bool) {
    if begin >= whole || text.get(begin) != Some(&QUOTE) {
        return (begin, true);
    }
    let mut at = begin.saturating_add(1);
    loop {
        let inside = text.get(at..whole).unwrap_or_default();
        let length = memchr::memchr(QUOTE, inside);
        let end = at.saturating_add(length.unwrap_or(inside.len()));
        text.extend_from_within(at..end);
        if length.is_none() {
            return (whole, false);
        }
        at = end.saturating_add(1);
        if at >= whole || text.get(at) != Some(&QUOTE) {
            return (at, true);
        }
        text.push(QUOTE);
        at = at.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bankfile::delimited::Delimited;
    use crate::bankfile::rows::Rows as _;

    type Rows = Vec<(u64, Vec<String>)>;

    /// All rows, and what came behind them.
    fn rows(bytes: &[u8], block: usize) -> (Rows, Option<BankFileError>) {
        let form = TextForm { separator: b';', ..TextForm::default() };
        let mut splitter = Splitter::with_block(bytes, form, block);
        let mut rows = Delimited::new(|block: &mut Block| splitter.fill(block));
        let mut found = Rows::new();
        loop {
            match rows.advance() {
                Ok(true) => {}
                Ok(false) => return (found, None),
                Err(error) => return (found, Some(error)),
            }
            let row = rows.row();
            found.push((row.line, row.cells.iter().map(str::to_owned).collect()));
        }
    }

    fn cells<const N: usize>(line: u64, cells: [&str; N]) -> (u64, Vec<String>) {
        (line, cells.map(str::to_owned).to_vec())
    }

    #[test]
    fn quotes_hold_separators_and_line_ends() {
        let text = "\na;b\r\n\n\"c;\"\"\n\"d;e\"f\";\ng\n\"h;\n";
        for block in 1..=text.len() {
            let (found, error) = rows(text.as_bytes(), block);
            assert_eq!(error, None);
            assert_eq!(
                found,
                [
                    cells(2, ["a", "b"]),
                    cells(4, ["c;\"\nd", "e\"f\"", ""]),
                    cells(6, ["g"]),
                    cells(7, ["h;\n\n"]),
                ],
                "{block}"
            );
        }
    }

    #[test]
    fn rows_before_what_is_no_text_are_there() {
        for (text, line) in [
            (&b"a\n\"b\";\"\n\"\nc;\xE9\nd\n"[..], 4),
            (b"a\n\"b\";\"\n\"\nc;\"\xE9\nd\n", 4),
            (b"a\n\"b\";\"\n\"\nc;\0\nd\n", 4),
        ] {
            for block in 1..=text.len() {
                let (found, error) = rows(text, block);
                assert_eq!(found, [cells(1, ["a"]), cells(2, ["b", "\n"])], "{block}");
                assert_eq!(error.map(|error| error.line), Some(line), "{block}");
            }
        }
    }

    proptest! {
        /// Programs that write lists have one reader in common, by whose rules this one goes.
        #[test]
        fn rows_are_taken_apart_as_everywhere(
            text in "[a;\"\n é]{0,60}",
            block in 1_usize..70,
        ) {
            let mut csv = csv::ReaderBuilder::new();
            csv.delimiter(b';').flexible(true).has_headers(false);
            let whole = format!("{text}\n");
            let expected: Vec<Vec<String>> = csv
                .from_reader(whole.as_bytes())
                .records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .collect();
            let (found, _no_error) = rows(text.as_bytes(), block);
            let found: Vec<Vec<String>> = found.into_iter().map(|(_line, cells)| cells).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
