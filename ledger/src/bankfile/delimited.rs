//! Delimited text, row by row: it is taken apart block by block, and a block's rows are read then.

use crate::bankfile::error::BankFileError;
use crate::bankfile::record::Fields;
use crate::bankfile::rows::{Row, Rows};

/// Rows that were taken apart together.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) text: String,
    /// Where the cells of all rows stand in the text.
    pub(super) cells: Vec<(usize, usize)>,
    pub(super) rows: Vec<BlockRow>,
}

/// A row of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockRow {
    /// The line it starts on.
    pub(super) line: u64,
    /// How many cells there are up to its end.
    pub(super) end: usize,
}

/// The rows of a delimited file, from wherever its blocks come: `next` gives the next one, or false.
#[derive(Debug)]
pub(super) struct Delimited<N> {
    next: N,
    block: Block,
    /// How many of the block's rows were reached.
    reached: usize,
    /// The cells of the row that was reached, among the block's.
    cells: (usize, usize),
    line: u64,
}

impl<N: FnMut(&mut Block) -> Result<bool, BankFileError>> Delimited<N> {
    pub(super) fn new(next: N) -> Self {
        Self { next, block: Block::default(), reached: 0, cells: (0, 0), line: 0 }
    }
}

impl<N: FnMut(&mut Block) -> Result<bool, BankFileError>> Rows for Delimited<N> {
    fn advance(&mut self) -> Result<bool, BankFileError> {
        loop {
            if let Some(BlockRow { line, end }) = self.block.rows.get(self.reached).copied() {
                self.reached = self.reached.saturating_add(1);
                self.cells = (self.cells.1, end);
                self.line = line;
                return Ok(true);
            }
            if !(self.next)(&mut self.block)? {
                return Ok(false);
            }
            (self.reached, self.cells) = (0, (0, 0));
        }
    }

    fn row(&self) -> Row<'_> {
        let (begin, end) = self.cells;
        let cells = self.block.cells.get(begin..end).unwrap_or_default();
        Row { line: self.line, cells: Fields::of(&self.block.text, cells), kinds: &[] }
    }
}
