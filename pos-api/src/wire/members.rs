//! A record's members written one after the other: as a JSON object, or as the cells of a CSV record.
//!
//! Long exports are written so: straight into the buffer that is sent, without a tree of values and
//! without a text for each member.

use std::fmt::Write as _;

/// Takes a record's members in their order.
pub(crate) trait Members {
    /// A text that needs no escaping in JSON: a code, an id, a date.
    fn text(&mut self, name: &str, write: impl FnOnce(&mut String));
    /// A whole number.
    fn number(&mut self, name: &str, number: i64);
    /// A member that this record does not have.
    fn absent(&mut self, name: &str);
}

/// Writes a JSON object; what is absent is left out.
#[derive(Debug)]
pub(crate) struct JsonObject<'o> {
    out: &'o mut String,
    mark: char,
}

impl<'o> JsonObject<'o> {
    /// An object at the end of `out`.
    pub(crate) fn begin(out: &'o mut String) -> Self {
        Self { out, mark: '{' }
    }

    /// Closes it.
    pub(crate) fn end(self) {
        self.out.push('}');
    }

    fn name(&mut self, name: &str) {
        self.out.push(self.mark);
        self.mark = ',';
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }
}

impl Members for JsonObject<'_> {
    fn text(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        self.name(name);
        self.out.push('"');
        write(self.out);
        self.out.push('"');
    }

    fn number(&mut self, name: &str, number: i64) {
        self.name(name);
        push_number(self.out, number);
    }

    fn absent(&mut self, _: &str) {}
}

/// Writes a CSV record (RFC 4180); what is absent is an empty cell.
#[derive(Debug)]
pub(crate) struct CsvRecord<'o> {
    out: &'o mut String,
    first: bool,
}

impl<'o> CsvRecord<'o> {
    /// A record at the end of `out`.
    pub(crate) fn begin(out: &'o mut String) -> Self {
        Self { out, first: true }
    }

    /// Ends the line.
    pub(crate) fn end(self) {
        self.out.push_str("\r\n");
    }

    fn comma(&mut self) {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
    }
}

impl Members for CsvRecord<'_> {
    fn text(&mut self, _: &str, write: impl FnOnce(&mut String)) {
        self.comma();
        let start = self.out.len();
        write(self.out);
        let cell = self.out.get(start..).unwrap_or_default();
        // A spreadsheet takes a cell that begins so for a formula.
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
        if formula || cell.contains([',', '"', '\r', '\n']) {
            let cell = cell.replace('"', "\"\"");
            self.out.truncate(start);
            self.out.push_str(if formula { "\"'" } else { "\"" });
            self.out.push_str(&cell);
            self.out.push('"');
        }
    }

    fn number(&mut self, _: &str, number: i64) {
        self.comma();
        push_number(self.out, number);
    }

    fn absent(&mut self, _: &str) {
        self.comma();
    }
}

fn push_number(out: &mut String, number: i64) {
    write!(out, "{number}").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(cells: &[&str]) -> String {
        let mut out = String::new();
        let mut record = CsvRecord::begin(&mut out);
        for cell in cells {
            record.text("", |out| out.push_str(cell));
        }
        record.absent("");
        record.number("", -7);
        record.end();
        out
    }

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(record(&["payable:EW-1"]), "payable:EW-1,,-7\r\n");
        assert_eq!(record(&["", "a,b", "a\"b"]), ",\"a,b\",\"a\"\"b\",,-7\r\n");
        for start in ["=", "+", "-", "@", "\t", "\r", "\n"] {
            let cell = format!("{start}HYPERLINK(\"x\")");
            let expected = format!("\"'{start}HYPERLINK(\"\"x\"\")\",,-7\r\n");
            assert_eq!(record(&[&cell]), expected);
        }
    }

    #[test]
    fn an_object_has_the_members_that_are_there() {
        let mut out = String::from("x");
        let mut object = JsonObject::begin(&mut out);
        object.absent("a");
        object.text("b", |out| out.push_str("one"));
        object.number("c", 2);
        object.end();
        assert_eq!(out, r#"x{"b":"one","c":2}"#);
    }
}
