//! From the fields of a file to its statements: messages are separated, and pages put together.

use super::fields::{Field, Fields, Tag};
use super::page::Page;
use super::whole::Ended;
use crate::bankfile::chain::BothWays;
use crate::bankfile::error::{BankFileError, Reason};
use crate::bankfile::fault::MessageFault;
use crate::bankfile::guard::Guard;
use crate::bankfile::message::MessageSettings;
use crate::bankfile::statement::Statement;

/// Reads the text of a whole file.
pub(super) fn read(
    text: &str,
    settings: &MessageSettings,
    guard: &mut Guard,
) -> Result<Vec<Statement>, BankFileError> {
    let mut statements = Statements {
        settings,
        done: Vec::new(),
        before: None,
        is_open: false,
        lacks_first: false,
        page: None,
    };
    for field in Fields::new(text) {
        let (line, tag) = (field.line, field.tag);
        statements.take(field)?;
        statements.hold(guard, tag).map_err(|reason| BankFileError::at(line, reason))?;
    }
    statements.finish()
}

/// The statements so far.
struct Statements<'t, 's> {
    settings: &'s MessageSettings,
    done: Vec<Statement>,
    /// The page before, which the next one may continue.
    before: Option<Ended>,
    /// Whether the last statement still waits for a page.
    is_open: bool,
    /// Whether the last statement lacks its first page.
    lacks_first: bool,
    page: Option<Page<'t, 's>>,
}

impl<'t> Statements<'t, '_> {
    fn take(&mut self, field: Field<'t>) -> Result<(), BankFileError> {
        match field.tag {
            Tag::End => return self.end_page(),
            Tag::Reference => self.begin(field.line)?,
            // Pages may follow each other without a new `:20:`.
            Tag::Related
            | Tag::Account
            | Tag::Number
            | Tag::Floor
            | Tag::Created
            | Tag::Opening { .. } => {
                if self.page.as_ref().is_none_or(Page::is_closed) {
                    self.begin(field.line)?;
                }
            }
            // Lines between messages do not belong to any.
            Tag::Text | Tag::Forward | Tag::Available | Tag::Other if self.page.is_none() => {
                return Ok(());
            }
            Tag::Movement
            | Tag::Text
            | Tag::Closing { .. }
            | Tag::Available
            | Tag::Forward
            | Tag::Debits
            | Tag::Credits
            | Tag::Other => {}
        }
        let Some(page) = &mut self.page else {
            let fault = MessageFault::Missing(
                "it belongs to no statement: one begins with `:20:` and has its account in `:25:`",
            );
            return Err(BankFileError::at(field.line, fault.into()).in_column(field.tag.name()));
        };
        page.take(field)
    }

    /// Holds what was taken to the file's bounds: each account is compared, each row and page counted.
    fn hold(&self, guard: &mut Guard, tag: Tag) -> Result<(), Reason> {
        let Some(page) = &self.page else { return Ok(()) };
        match tag {
            Tag::Account => guard.begin(&page.statement),
            Tag::Movement => guard.admit(&page.statement),
            Tag::Text
            | Tag::Related
            | Tag::Reference
            | Tag::Number
            | Tag::Floor
            | Tag::Created
            | Tag::Opening { .. }
            | Tag::Closing { .. }
            | Tag::Available
            | Tag::Forward
            | Tag::Debits
            | Tag::Credits
            | Tag::Other
            | Tag::End => Ok(()),
        }
    }

    /// Ends the page and begins the next one.
    fn begin(&mut self, line: u64) -> Result<(), BankFileError> {
        self.end_page()?;
        self.page = Some(Page::begin(line, self.settings));
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), BankFileError> {
        let Some(page) = self.page.take() else { return Ok(()) };
        let page = page.finish(self.before.as_ref())?;
        let ended = page.ended(self.before.as_ref());
        let continues = self.is_open
            && page.opening.is_some_and(|(_line, first)| !first)
            && self.before.as_ref().is_some_and(|before| before.is_same_statement(&page.statement));
        self.is_open = page.closing.is_some_and(|(_line, last)| !last);
        self.before = Some(ended);
        match self.done.last_mut() {
            Some(statement) if continues => {
                append(statement, page);
                statement.details.partial = self.lacks_first || self.is_open;
            }
            _ => {
                self.lacks_first = page.opening.is_some_and(|(_line, first)| !first);
                self.done.push(page.statement);
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Statement>, BankFileError> {
        self.end_page()?;
        if self.done.is_empty() {
            let fault = MessageFault::NoStatement(
                "no line begins with `:20:` or another field of MT940 or MT942".into(),
            );
            return Err(BankFileError::at(1, fault.into()));
        }
        for statement in &mut self.done {
            let chain = BothWays::of(&statement.lines);
            let (opening, closing) = (statement.opening, statement.closing);
            statement.balances = Some(chain.balances(statement.order, opening, closing));
        }
        Ok(self.done)
    }
}

/// Puts a page behind the pages before it. The balances between them have to agree: the page's
/// opening one with the closing one before it, and that one with the rows before it.
fn append(statement: &mut Statement, page: Page<'_, '_>) {
    let line = page.opening.map_or(page.line, |(line, _first)| line);
    let next = page.statement;
    let mut agree = statement.closing == next.opening;
    match (statement.lines.last_mut(), statement.closing) {
        (Some(last), Some(closing)) => match last.balance {
            Some(balance) => agree &= balance == closing,
            None => last.balance = Some(closing),
        },
        (None, closing) => agree &= statement.opening == closing,
        (Some(_), None) => {}
    }
    if !agree {
        statement.broken_line = statement.broken_line.or(Some(line));
    }
    statement.closing = next.closing;

    statement.lines.extend(next.lines);
    statement.details.to = next.details.to;
    statement.details.available = next.details.available;
    statement.details.uncounted.extend(next.details.uncounted);
}
