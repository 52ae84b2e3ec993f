//! The XML of a workbook's parts, piece by piece.

use std::borrow::Cow;
use std::io::BufRead;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::bankfile::error::{Reason, shortened};

/// A part's XML, and the piece that was reached.
pub(super) struct Xml<R> {
    reader: Reader<R>,
    buffer: Vec<u8>,
    /// The local name of the element that begins or ends.
    name: String,
    /// The element that begins as it is written, with its attributes, and the length of its name.
    start: (String, usize),
    text: String,
}

/// What was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// An element begins; the end of an empty one follows at once.
    Start,
    End,
    Text,
    /// The part ends.
    Finished,
}

impl<R: BufRead> Xml<R> {
    pub(super) fn new(part: R) -> Self {
        let mut reader = Reader::from_reader(part);
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            name: String::new(),
            start: (String::new(), 0),
            text: String::new(),
        }
    }

    /// The local name of the element that begins or ends.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The text that was reached.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// An attribute of the element that begins, with or without a prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let (content, length) = &self.start;
        let start = BytesStart::from_content(content.as_str(), *length);
        let mut all = start.attributes();
        let mut all = all.with_checks(false).flatten();
        let found = all.find(|attribute| attribute.key.local_name().as_ref() == name)?;
        found.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned)
    }

    /// Goes on to the next piece.
    pub(super) fn next(&mut self) -> Result<Piece, Reason> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let piece = loop {
            buffer.clear();
            match self.event(&mut buffer) {
                Ok(None) => {}
                Ok(Some(piece)) => break Ok(piece),
                Err(reason) => break Err(reason),
            }
        };
        self.buffer = buffer;
        piece
    }

    fn event(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Piece>, Reason> {
        let event = self.reader.read_event_into(buffer);
        let event = event.map_err(|error| Reason::Workbook(shortened(&error.to_string(), 200)))?;
        self.text.clear();
        match event {
            Event::Start(start) | Event::Empty(start) => {
                self.name.clear();
                self.name.push_str(start.local_name().as_ref());
                let length = start.name().as_ref().len();
                self.start.0.clear();
                self.start.0.push_str(&start);
                self.start.1 = length;
                Ok(Some(Piece::Start))
            }
            Event::End(end) => {
                self.name.clear();
                self.name.push_str(end.local_name().as_ref());
                Ok(Some(Piece::End))
            }
            Event::Text(text) => {
                self.text.push_str(&text.xml10_content());
                Ok(Some(Piece::Text))
            }
            Event::CData(text) => {
                self.text.push_str(&text.xml10_content());
                Ok(Some(Piece::Text))
            }
            Event::GeneralRef(reference) => {
                self.text.push(character(&reference)?);
                Ok(Some(Piece::Text))
            }
            Event::DocType(_) => Err(Reason::Workbook("its XML has a DOCTYPE".to_owned())),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => Ok(None),
            Event::Eof => Ok(Some(Piece::Finished)),
        }
    }

    /// Goes on to the beginning of the next element of one of the names; false at the end.
    pub(super) fn find(&mut self, names: &[&str]) -> Result<bool, Reason> {
        loop {
            match self.next()? {
                Piece::Start if names.contains(&self.name()) => return Ok(true),
                Piece::Finished => return Ok(false),
                Piece::Start | Piece::End | Piece::Text => {}
            }
        }
    }

    /// The texts of the `t` elements up to the end of the element that began, without phonetics.
    pub(super) fn rich_text(&mut self, into: &mut String) -> Result<(), Reason> {
        let end = self.name.clone();
        let (mut in_text, mut in_phonetics) = (false, false);
        loop {
            match self.next()? {
                Piece::End if self.name == end => return Ok(()),
                Piece::Start if self.name == "t" => in_text = true,
                Piece::End if self.name == "t" => in_text = false,
                Piece::Start if self.name == "rPh" => in_phonetics = true,
                Piece::End if self.name == "rPh" => in_phonetics = false,
                Piece::Text if in_text && !in_phonetics => into.push_str(&self.text),
                Piece::Finished => return Err(cut_off()),
                Piece::Start | Piece::End | Piece::Text => {}
            }
        }
    }
}

pub(super) fn cut_off() -> Reason {
    Reason::Workbook("it was cut off".to_owned())
}

/// The character that a reference such as `&amp;` or `&#65;` stands for.
fn character(reference: &BytesRef<'_>) -> Result<char, Reason> {
    let wrong = || Reason::Workbook("its XML has an entity of its own".to_owned());
    if reference.is_char_ref() {
        return reference.resolve_char_ref().ok().flatten().ok_or_else(wrong);
    }
    match reference.xml10_content().as_ref() {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(wrong()),
    }
}
