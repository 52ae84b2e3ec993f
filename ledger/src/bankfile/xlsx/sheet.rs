//! The cells of one sheet, row by row.

use std::io::BufRead;

use crate::bankfile::dates;
use crate::bankfile::error::{BankFileError, Reason};
use crate::bankfile::numbers;
use crate::bankfile::record::Record;
use crate::bankfile::rows::{CellKind, Row, Rows, WIDEST};
use crate::bankfile::xlsx::workbook::Workbook;
use crate::bankfile::xlsx::xml::{Piece, Xml, cut_off};

/// The rows of a sheet that have a filled cell.
pub(super) struct SheetRows<'w, R> {
    xml: Xml<R>,
    workbook: &'w Workbook,
    record: Record,
    kinds: Vec<CellKind>,
    /// The row that was reached, from 1.
    line: u64,
    value: String,
}

/// A cell as the sheet describes it.
struct Cell {
    column: usize,
    kind: String,
    style: usize,
}

impl<'w, R: BufRead> SheetRows<'w, R> {
    pub(super) fn new(part: R, workbook: &'w Workbook) -> Self {
        Self {
            xml: Xml::new(part),
            workbook,
            record: Record::default(),
            kinds: Vec::new(),
            line: 0,
            value: String::new(),
        }
    }

    fn error(&self, reason: Reason) -> BankFileError {
        BankFileError::at(self.line.max(1), reason)
    }

    /// Reads the cells up to the end of the row.
    fn read_row(&mut self) -> Result<(), Reason> {
        self.record.clear();
        self.kinds.clear();
        loop {
            match self.xml.next()? {
                Piece::Start if self.xml.name() == "c" => self.read_cell()?,
                Piece::End if self.xml.name() == "row" => return Ok(()),
                Piece::Finished => return Err(cut_off()),
                Piece::Start | Piece::End | Piece::Text => {}
            }
        }
    }

    fn read_cell(&mut self) -> Result<(), Reason> {
        let next = self.record.len();
        let cell = Cell {
            column: match self.xml.attribute("r") {
                Some(place) => column_of(&place)?,
                None => next,
            },
            kind: self.xml.attribute("t").unwrap_or_default(),
            style: self.xml.attribute("s").and_then(|style| style.parse().ok()).unwrap_or_default(),
        };
        let mut value = std::mem::take(&mut self.value);
        value.clear();
        let read = self.read_value(&mut value);
        let filed = read.and_then(|()| self.file(&cell, &value));
        self.value = value;
        filed
    }

    /// The text of the cell's `v`, or of its inline text; of a formula only its last result.
    fn read_value(&mut self, into: &mut String) -> Result<(), Reason> {
        let mut in_value = false;
        loop {
            match self.xml.next()? {
                Piece::Start if self.xml.name() == "is" => self.xml.rich_text(into)?,
                Piece::Start if self.xml.name() == "v" => in_value = true,
                Piece::End if self.xml.name() == "v" => in_value = false,
                Piece::End if self.xml.name() == "c" => return Ok(()),
                Piece::Text if in_value => into.push_str(self.xml.text()),
                Piece::Finished => return Err(cut_off()),
                Piece::Start | Piece::End | Piece::Text => {}
            }
        }
    }

    /// Puts the cell into the row.
    fn file(&mut self, cell: &Cell, value: &str) -> Result<(), Reason> {
        if value.trim().is_empty() {
            return Ok(());
        }
        if cell.column >= WIDEST {
            return Err(Reason::Workbook(format!("it is wider than {WIDEST} columns")));
        }
        if cell.column < self.record.len() {
            return Err(Reason::Workbook("the cells of a row are out of order".to_owned()));
        }
        while self.record.len() < cell.column {
            self.record.push("");
            self.kinds.push(CellKind::Text);
        }
        let (text, kind) = self.text_of(cell, value)?;
        self.record.push(&text);
        self.kinds.push(kind);
        Ok(())
    }

    fn text_of(&self, cell: &Cell, value: &str) -> Result<(String, CellKind), Reason> {
        let lost = || (value.to_owned(), CellKind::LostNumber);
        Ok(match cell.kind.as_str() {
            "" | "n" => {
                let Some(number) = numbers::from_sheet(value) else { return Ok(lost()) };
                let is_date = self.workbook.is_date.get(cell.style).copied().unwrap_or(false);
                match dates::from_serial(&number, self.workbook.since_1904) {
                    Some(date) if is_date => (date.to_string(), CellKind::Date),
                    _ => (number, CellKind::Number),
                }
            }
            "s" => {
                let place = value.trim().parse::<usize>().ok();
                let text = place.and_then(|place| self.workbook.texts.get(place));
                let text = text.ok_or_else(|| {
                    Reason::Workbook("a cell refers to a text that is not there".to_owned())
                })?;
                (unescaped(text), CellKind::Text)
            }
            "d" => (value.get(..10).unwrap_or(value).to_owned(), CellKind::Date),
            _ => (unescaped(value), CellKind::Text),
        })
    }
}

impl<R: BufRead> Rows for SheetRows<'_, R> {
    fn advance(&mut self) -> Result<bool, BankFileError> {
        loop {
            match self.xml.next().map_err(|reason| self.error(reason))? {
                Piece::Start if self.xml.name() == "row" => {
                    let number = self.xml.attribute("r").and_then(|number| number.parse().ok());
                    let number = number.unwrap_or(self.line.saturating_add(1));
                    if number <= self.line {
                        let reason = "the rows of a sheet are out of order".to_owned();
                        return Err(self.error(Reason::Workbook(reason)));
                    }
                    self.line = number;
                    self.read_row().map_err(|reason| self.error(reason))?;
                    if !self.kinds.is_empty() {
                        return Ok(true);
                    }
                }
                Piece::End if self.xml.name() == "sheetData" => return Ok(false),
                Piece::Finished => return Err(self.error(cut_off())),
                Piece::Start | Piece::End | Piece::Text => {}
            }
        }
    }

    fn row(&self) -> Row<'_> {
        Row { line: self.line, cells: self.record.fields(), kinds: &self.kinds }
    }
}

/// The place of the column in `AB12`, from 0.
fn column_of(place: &str) -> Result<usize, Reason> {
    let wrong = || Reason::Workbook("a cell has no place that exists".to_owned());
    let mut column: usize = 0;
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    for letter in letters {
        let digit = usize::from(letter.to_ascii_uppercase().saturating_sub(b'A')).saturating_add(1);
        column = column.saturating_mul(26).saturating_add(digit);
    }
    column.checked_sub(1).filter(|column| *column < 16_384).ok_or_else(wrong)
}

/// A text without the escapes of what XML can't hold: `_x000D_` is a line end.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("_x") {
        plain.push_str(before);
        let escape = behind.split_at_checked(5).filter(|(code, _)| code.ends_with('_'));
        let letter = escape.and_then(|(code, after)| {
            let digits = code.trim_end_matches('_');
            let number = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 4)?;
            Some((char::from_u32(number).filter(|_| !digits.starts_with('+'))?, after))
        });
        if let Some((letter, after)) = letter {
            plain.push(letter);
            rest = after;
        } else {
            plain.push_str("_x");
            rest = behind;
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cells_place_names_its_column() {
        for (place, column) in [("A1", 0), ("Z9", 25), ("AA1", 26), ("xfd1048576", 16_383)] {
            assert_eq!(column_of(place), Ok(column), "{place}");
        }
        for place in ["", "1", "XFE1", "ZZZZZZZZZZZZZZZZZZZZZZ1"] {
            assert!(column_of(place).is_err(), "{place}");
        }
    }

    #[test]
    fn escapes_are_taken_back() {
        for (text, plain) in [
            ("a_x000D_\nb", "a\r\nb"),
            ("_x005F_x000D_", "_x000D_"),
            ("a_x", "a_x"),
            ("_xZZZZ_", "_xZZZZ_"),
            ("_xD800_", "_xD800_"),
            ("tr_x12", "tr_x12"),
            ("_x+041_", "_x+041_"),
        ] {
            assert_eq!(unescaped(text), plain, "{text}");
        }
    }
}
