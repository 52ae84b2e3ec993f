//! Making workbooks for tests, part by part, so that they can also be wrong.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A cell: its XML in the sheet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    Empty,
    /// A text, kept among the workbook's texts.
    Text(&'a str),
    /// A text in the cell itself.
    Inline(&'a str),
    Number(&'a str),
    /// A number with a date's format.
    Date(&'a str),
    /// A formula with the result that was stored.
    Formula(&'a str, &'a str),
    Error(&'a str),
}

/// A workbook with one sheet of these rows.
pub(super) fn workbook(rows: &[&[Cell<'_>]]) -> Vec<u8> {
    Parts::of(rows).zipped()
}

/// The parts of a workbook.
pub(super) struct Parts(pub(super) Vec<(&'static str, String)>);

impl Parts {
    pub(super) fn of(rows: &[&[Cell<'_>]]) -> Self {
        let mut texts = Vec::new();
        let mut data = String::new();
        for (number, row) in (1..).zip(rows) {
            write!(data, "<row r=\"{number}\">").unwrap();
            for (column, cell) in ('A'..).zip(*row) {
                data += &cell_xml(&format!("{column}{number}"), *cell, &mut texts);
            }
            data += "</row>";
        }
        let sheet = format!(
            "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
             <sheetData>{data}</sheetData></worksheet>"
        );
        let texts: Vec<String> =
            texts.iter().map(|text| format!("<si><t>{text}</t></si>")).collect();
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let relation = |id: &str, kind: &str, target: &str| {
            format!("<Relationship Id=\"{id}\" Type=\"{office}/{kind}\" Target=\"{target}\"/>")
        };
        let relations = |all: String| format!("<Relationships>{all}</Relationships>");
        Self(vec![
            ("_rels/.rels", relations(relation("r1", "officeDocument", "xl/workbook.xml"))),
            (
                "xl/workbook.xml",
                format!(
                    "<workbook xmlns:r=\"{office}\"><workbookPr/><sheets>\
                     <sheet name=\"Mutasi\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                relations(
                    relation("r1", "worksheet", "worksheets/sheet1.xml")
                        + &relation("r2", "sharedStrings", "/xl/sharedStrings.xml")
                        + &relation("r3", "styles", "styles.xml"),
                ),
            ),
            (
                "xl/styles.xml",
                "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy\"/></numFmts>\
                 <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/><xf numFmtId=\"4\"/></cellXfs>\
                 </styleSheet>"
                    .to_owned(),
            ),
            ("xl/sharedStrings.xml", format!("<sst uniqueCount=\"99999999999999\">{}</sst>", texts.concat())),
            ("xl/worksheets/sheet1.xml", sheet),
        ])
    }

    pub(super) fn zipped(&self) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in &self.0 {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }
}

fn cell_xml(place: &str, cell: Cell<'_>, texts: &mut Vec<String>) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    match cell {
        Cell::Empty => format!("<c r=\"{place}\" s=\"2\"/>"),
        Cell::Text(text) => {
            let number = texts.len();
            texts.push(escaped(text));
            format!("<c r=\"{place}\" t=\"s\"><v>{number}</v></c>")
        }
        Cell::Inline(text) => {
            format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{}</t></is></c>", escaped(text))
        }
        Cell::Number(number) => format!("<c r=\"{place}\" s=\"2\"><v>{number}</v></c>"),
        Cell::Date(number) => format!("<c r=\"{place}\" s=\"1\"><v>{number}</v></c>"),
        Cell::Formula(formula, result) => {
            format!("<c r=\"{place}\"><f>{formula}</f><v>{result}</v></c>")
        }
        Cell::Error(error) => format!("<c r=\"{place}\" t=\"e\"><v>{error}</v></c>"),
    }
}
