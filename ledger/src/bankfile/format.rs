//! The formats that are read, and how a file's first bytes identify them.

use crate::bankfile::error::Reason;
use crate::bankfile::mt940;

/// The formats in which banks send statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Delimited text.
    Csv,
    /// An Excel workbook.
    Xlsx,
    /// A SWIFT MT940 statement or MT942 interim report.
    Mt940,
    /// An ISO 20022 camt.052, camt.053 or camt.054 message.
    Camt,
}

impl Format {
    /// The format of that name; `None` where it is to be found out.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// All of them.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Xlsx, Self::Mt940, Self::Camt];

    /// The format as command lines and answers write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Mt940 => "mt940",
            Self::Camt => "camt",
        }
    }
}

/// How files begin that people take for statements, and what they are.
const OTHERS: [(&[u8], &str); 6] = [
    (b"\xD0\xCF\x11\xE0", "an old Excel workbook (.xls), or one with a password: save it as .xlsx"),
    (b"%PDF", "a PDF, which is for reading and not for programs: ask for CSV, XLSX or MT940"),
    (b"\x1F\x8B", "a compressed file: unpack it first"),
    (b"Rar!", "a compressed file: unpack it first"),
    (b"7z\xBC\xAF", "a compressed file: unpack it first"),
    (b"{\\rtf", "a text document: ask for CSV, XLSX or MT940"),
];

/// The format of a file. Anything not recognised is delimited text, if it has a header row.
pub(super) fn detect(bytes: &[u8]) -> Result<Format, Reason> {
    if let Some((_begin, what)) = OTHERS.iter().find(|(begin, _what)| bytes.starts_with(begin)) {
        return Err(Reason::OtherKind(what));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Ok(Format::Xlsx);
    }
    // In UTF-16 every second byte of what matters here is NUL.
    let start: Vec<u8> = bytes
        .iter()
        .copied()
        .skip_while(|byte| {
            matches!(byte, 0xEF | 0xBB | 0xBF | 0xFE | 0xFF) || byte.is_ascii_whitespace()
        })
        .filter(|byte| *byte != 0)
        .take(512)
        .collect();
    let start = String::from_utf8_lossy(&start).to_ascii_lowercase();
    if start.starts_with('<') {
        let is_page = start.contains("<html") || start.starts_with("<table");
        return if is_page {
            Err(Reason::OtherKind("a web page, whatever its name says: ask for CSV, XLSX or MT940"))
        } else {
            Ok(Format::Camt)
        };
    }
    if mt940::looks_like(bytes) { Ok(Format::Mt940) } else { Ok(Format::Csv) }
}
