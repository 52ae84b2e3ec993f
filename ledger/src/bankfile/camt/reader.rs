//! From the XML to the parts of its statements, one at a time.

use std::collections::VecDeque;
use std::io::BufRead;

use super::entry::Entry;
use super::head::Head;
use super::lines::{Rows, rows};
use super::names::Name;
use super::source::Source;
use super::xml::{Step, Walker};
use super::{ClosedStatement, Fault, Part};
use crate::bankfile::details::StatementKind;
use crate::bankfile::error::BankFileError;
use crate::bankfile::message::MessageSettings;

/// Reads a camt file part by part: memory stays that of the largest entry, however long the file.
///
/// An iterator over [`Part`]s. The first error ends it, and what was handed over before is not to
/// be used: a file is good as a whole or not at all.
#[derive(Debug)]
pub struct Reader<'s, R> {
    settings: &'s MessageSettings,
    walker: Walker<R>,
    /// The statement that is being read, and how many elements its path has.
    head: Option<(Head, usize)>,
    announced: bool,
    entry: Option<Entry>,
    ready: VecDeque<Part>,
    /// The last row's number: rows on one line get the numbers that follow.
    number: u64,
    statements: u64,
    done: bool,
}

impl<'s, R: BufRead> Reader<'s, R> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`BankFileError`] when the file can't be read or is in an encoding that is not.
    pub fn new(reader: R, settings: &'s MessageSettings) -> Result<Self, BankFileError> {
        let source = Source::open(reader).map_err(|fault| BankFileError::at(1, fault.into()))?;
        Ok(Self {
            settings,
            walker: Walker::new(source),
            head: None,
            announced: false,
            entry: None,
            ready: VecDeque::new(),
            number: 0,
            statements: 0,
            done: false,
        })
    }

    /// Reads on until something is ready; false at the end of the file.
    fn advance(&mut self) -> Result<bool, BankFileError> {
        match self.walker.next()? {
            Step::Opened => self.opened()?,
            Step::Closed { leaf } => self.closed(leaf)?,
            Step::End if self.statements == 0 => {
                let what = "no `BkToCstmrStmt`, `BkToCstmrAcctRpt` or `BkToCstmrDbtCdtNtfctn` \
                            with a `Stmt`, `Rpt` or `Ntfctn` in it";
                return Err(self.walker.error(Fault::NoStatement(what.into())));
            }
            Step::End => return Ok(false),
        }
        Ok(true)
    }

    fn opened(&mut self) -> Result<(), BankFileError> {
        let (path, line) = (self.walker.path(), self.walker.line());
        let Some((head, depth)) = &mut self.head else {
            let kind = match path {
                [.., Name::Statements, Name::Stmt] => StatementKind::Statement,
                [.., Name::Reports, Name::Stmt] => StatementKind::Interim,
                [.., Name::Notifications, Name::Stmt] => StatementKind::Notification,
                _ => return Ok(()),
            };
            self.head = Some((Head::begin(line, self.walker.trail(), kind), path.len()));
            self.announced = false;
            self.statements = self.statements.saturating_add(1);
            return Ok(());
        };
        let inner = path.get(*depth..).unwrap_or_default();
        match (inner, &mut self.entry) {
            ([Name::Ntry], _) => {
                self.entry = Some(Entry::begin(line));
                if !self.announced {
                    self.announced = true;
                    self.ready.push_back(Part::Opened(Box::new(head.statement(self.settings)?)));
                }
            }
            ([Name::Ntry, rest @ ..], Some(entry)) => entry.open(rest, line),
            _ => {}
        }
        Ok(())
    }

    fn closed(&mut self, leaf: bool) -> Result<(), BankFileError> {
        let Some((head, depth)) = &mut self.head else { return Ok(()) };
        let walker = &self.walker;
        let (line, text, currency) = (walker.line(), walker.text(), walker.currency());
        let taken = match walker.path().get(*depth..) {
            None | Some([]) => return self.close_statement(),
            Some([Name::Ntry]) => return self.close_entry(),
            Some([Name::Ntry, rest @ ..]) => {
                let Some(entry) = &mut self.entry else { return Ok(()) };
                let taken = if leaf { entry.leaf(rest, text, currency) } else { Ok(()) };
                entry.end(rest);
                taken
            }
            Some([Name::Bal]) => head.balances.end(line),
            Some([Name::Bal, rest @ ..]) if leaf => head.balances.leaf(rest, text, currency),
            Some([Name::TxsSummry, rest @ ..]) if leaf => head.summary.leaf(rest, text, line),
            Some(rest) if leaf => head.leaf(rest, text),
            Some(_) => Ok(()),
        };
        taken.map_err(|fault| self.walker.error(fault))
    }

    fn close_entry(&mut self) -> Result<(), BankFileError> {
        let (Some((head, _depth)), Some(entry)) = (&mut self.head, self.entry.take()) else {
            return Ok(());
        };
        let at = |reason| self.walker.error_at(entry.line, reason);
        if let Some(money) = &entry.money {
            head.meet_currency(&money.currency).map_err(|fault| at(fault.into()))?;
        }
        let Rows { lines, uncounted } = rows(&entry, self.settings).map_err(at)?;
        head.summary.take(&entry).map_err(at)?;
        for mut line in lines {
            self.number = line.number.max(self.number.saturating_add(1));
            line.number = self.number;
            head.take(&line, entry.reversal);
            self.ready.push_back(Part::Line(line));
        }
        for mut line in uncounted {
            self.number = line.number.max(self.number.saturating_add(1));
            line.number = self.number;
            self.ready.push_back(Part::Uncounted(line));
        }
        Ok(())
    }

    fn close_statement(&mut self) -> Result<(), BankFileError> {
        let Some((head, _depth)) = self.head.take() else { return Ok(()) };
        let (statement, reversals_turn) = head.closed(self.settings)?;
        if !self.announced {
            self.ready.push_back(Part::Opened(Box::new(head.statement(self.settings)?)));
        }
        let rows = head.rows;
        let closed = ClosedStatement { statement, rows, reversals_turn };
        self.ready.push_back(Part::Closed(Box::new(closed)));
        Ok(())
    }
}

impl<R: BufRead> Iterator for Reader<'_, R> {
    type Item = Result<Part, BankFileError>;

    fn next(&mut self) -> Option<Result<Part, BankFileError>> {
        loop {
            if let Some(part) = self.ready.pop_front() {
                return Some(Ok(part));
            }
            if self.done {
                return None;
            }
            match self.advance() {
                Ok(going_on) => self.done = !going_on,
                Err(error) => {
                    self.done = true;
                    self.ready.clear();
                    return Some(Err(error));
                }
            }
        }
    }
}
