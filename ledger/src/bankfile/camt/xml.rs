//! Walking through the XML: where in the tree we are, and the text of elements without children.
//!
//! What no statement needs and what can do harm is refused here: document types, entities of one's
//! own, elements nested without end, texts without end.

use std::io::BufRead;

use quick_xml::errors::{IllFormedError, SyntaxError};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader};

use super::Fault;
use super::names::Name;
use super::source::Source;
use crate::bankfile::error::{BankFileError, Reason, quoted};
use crate::bankfile::message::LONGEST_TEXT;

/// No statement nests its elements deeper.
const DEEPEST: usize = 64;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An element begins; it is the last of the path.
    Opened,
    /// An element ends; it is still the last of the path. A leaf has no children.
    Closed { leaf: bool },
    /// The file ends.
    End,
}

/// A place in the tree.
#[derive(Debug)]
pub(super) struct Walker<R> {
    reader: Reader<Source<R>>,
    buffer: Vec<u8>,
    path: Vec<Name>,
    /// The same as text, and how long it was before each element.
    trail: String,
    lengths: Vec<usize>,
    text: String,
    currency: Option<String>,
    leaf: bool,
    /// Whether the last element of the path has ended.
    ended: bool,
}

impl<R: BufRead> Walker<R> {
    pub(super) fn new(source: Source<R>) -> Self {
        let mut reader = Reader::from_reader(source);
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            path: Vec::new(),
            trail: String::new(),
            lengths: Vec::new(),
            text: String::new(),
            currency: None,
            leaf: false,
            ended: false,
        }
    }

    /// The elements from the root to here.
    pub(super) fn path(&self) -> &[Name] {
        &self.path
    }

    /// The same as text: `/Document/BkToCstmrStmt`.
    pub(super) fn trail(&self) -> &str {
        &self.trail
    }

    /// The text of the leaf that has just ended, without the spaces round it.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The currency of the amount that has just ended.
    pub(super) fn currency(&self) -> Option<&str> {
        self.currency.as_deref()
    }

    /// The line up to which the file was read.
    pub(super) fn line(&self) -> u64 {
        self.reader.get_ref().line()
    }

    /// An error at this place.
    pub(super) fn error(&self, reason: impl Into<Reason>) -> BankFileError {
        self.error_at(self.line(), reason)
    }

    /// An error at this place in the tree, on another line.
    pub(super) fn error_at(&self, line: u64, reason: impl Into<Reason>) -> BankFileError {
        let error = BankFileError::at(line, reason.into());
        if self.trail.is_empty() { error } else { error.in_column(self.trail.clone()) }
    }

    /// Goes on to the next beginning or end of an element.
    pub(super) fn next(&mut self) -> Result<Step, BankFileError> {
        if self.ended {
            self.pop();
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let step = loop {
            buffer.clear();
            match self.event(&mut buffer) {
                Ok(None) => {}
                Ok(Some(step)) => break Ok(step),
                Err(reason) => break Err(self.error(reason)),
            }
        };
        self.buffer = buffer;
        step
    }

    fn event(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Step>, Reason> {
        self.reader.get_mut().allow_a_piece();
        let event = match self.reader.read_event_into(buffer) {
            Ok(event) => event,
            Err(error) => return Err(self.reason(&error)),
        };
        match event {
            Event::Start(start) | Event::Empty(start) => {
                self.push(&start)?;
                return Ok(Some(Step::Opened));
            }
            Event::End(_) => {
                self.ended = true;
                return Ok(Some(Step::Closed { leaf: self.leaf }));
            }
            Event::Text(text) => self.add(&text)?,
            Event::CData(text) => self.add(&text)?,
            Event::GeneralRef(reference) => {
                let mut letter = [0; 4];
                self.add(character(&reference)?.encode_utf8(&mut letter))?;
            }
            Event::DocType(_) => return Err(Fault::Forbidden("DOCTYPE").into()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof if self.path.is_empty() => return Ok(Some(Step::End)),
            Event::Eof => return Err(Fault::CutOff.into()),
        }
        Ok(None)
    }

    fn push(&mut self, start: &BytesStart<'_>) -> Result<(), Reason> {
        if self.path.len() >= DEEPEST {
            return Err(Fault::TooDeep(DEEPEST).into());
        }
        let local = start.local_name();
        let name = Name::of(local.as_ref());
        self.lengths.push(self.trail.len());
        self.trail.push('/');
        self.trail.push_str(&quoted(local.as_ref()));
        self.path.push(name);
        self.text.clear();
        self.leaf = true;
        self.currency = None;
        if matches!(name, Name::Amt | Name::Sum) {
            let currency = start.try_get_attribute("Ccy");
            let currency = currency.map_err(|error| Fault::Xml(error.to_string()))?;
            self.currency = currency.map(|currency| currency.value.trim().to_owned());
        }
        Ok(())
    }

    fn pop(&mut self) {
        self.path.pop();
        self.trail.truncate(self.lengths.pop().unwrap_or_default());
        self.leaf = false;
        self.ended = false;
    }

    fn add(&mut self, text: &str) -> Result<(), Reason> {
        if self.path.is_empty() {
            let blank = text.chars().all(|letter| letter.is_whitespace() || letter == '\0');
            let stray =
                Fault::Xml(format!("`{}` stands outside all elements", quoted(text.trim())));
            return if blank { Ok(()) } else { Err(stray.into()) };
        }
        if self.text.len().saturating_add(text.len()) > LONGEST_TEXT {
            return Err(Fault::TextTooLong.into());
        }
        // Between elements there are only spaces.
        if self.leaf {
            self.text.push_str(text);
        }
        Ok(())
    }

    /// The parser's error in words.
    fn reason(&self, error: &Error) -> Reason {
        if self.reader.get_ref().overrun() {
            return Fault::TextTooLong.into();
        }
        let fault = match error {
            Error::Io(error) => Fault::Unreadable(error.to_string()),
            Error::Syntax(SyntaxError::InvalidBangMarkup) => {
                Fault::Xml("`<!` begins nothing that is known".to_owned())
            }
            Error::Syntax(_) | Error::IllFormed(IllFormedError::UnclosedReference) => Fault::CutOff,
            Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                Fault::Xml(format!("`{}` ends with `{}`", quoted(expected), quoted(found)))
            }
            Error::Encoding(_) => return Reason::NotText { encoding: "UTF-8" },
            Error::IllFormed(_)
            | Error::InvalidAttr(_)
            | Error::Escape(_)
            | Error::Namespace(_) => Fault::Xml(quoted(&error.to_string())),
        };
        fault.into()
    }
}

/// The character that `&...;` stands for.
fn character(name: &str) -> Result<char, Fault> {
    let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => number.parse().ok(),
    });
    let found = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => number.and_then(char::from_u32),
    };
    found.ok_or_else(|| Fault::Entity(quoted(name)))
}
