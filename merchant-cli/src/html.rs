//! Printable pages: one HTML file that needs nothing else, with headings in Bahasa Indonesia and the
//! English terms beneath them.
//!
//! Nothing is taken over as markup: whatever comes from a file or the server is escaped, and the
//! page's policy lets it load and run nothing.

use std::path::Path;

use crate::failure::Failure;
use crate::output::{Rows, Title};
use crate::terminal::harmless;

/// A paper's page, A4 across; a table's heading comes again on each page.
const STYLE: &str = "
@page { size: A4 landscape; margin: 12mm; }
body { font: 10pt/1.35 sans-serif; color: #000; background: #fff; margin: 1.5rem auto;
  max-width: 75rem; }
h1 { font-size: 15pt; margin: 0 0 .3rem; }
h2 { font-size: 12pt; margin: 1.2rem 0 .3rem; break-after: avoid; }
small { display: block; font-weight: normal; font-size: 8pt; color: #444; }
table { border-collapse: collapse; width: 100%; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { border: 1px solid #777; padding: .15rem .35rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
th.n, td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.sign { display: flex; gap: 4rem; margin-top: 2rem; break-inside: avoid; }
.sign p { flex: 1; border-bottom: 1px solid #000; padding-bottom: 3.5rem; }
@media print { body { margin: 0; max-width: none; } }
";

/// A page in the making.
#[derive(Debug)]
pub(crate) struct Page {
    title: String,
    body: String,
}

impl Page {
    /// An empty page under a heading.
    pub(crate) fn new(title: Title, of: &str) -> Self {
        let named = format!("{} {of}", title.local);
        let body = format!(
            "<h1>{}<small>{}</small></h1>\n",
            escaped(&named),
            escaped(&format!("{} {of}", title.english))
        );
        Self { title: escaped(&named), body }
    }

    /// A heading, and rows under titles.
    pub(crate) fn section(&mut self, title: Title, titles: &[Title], rows: &Rows<'_>) {
        self.push(&format!("<h2>{}</h2>\n", bilingual(title)));
        if rows.cells.is_empty() {
            self.push("<p>Tidak ada<small>none</small></p>\n");
            return;
        }
        self.push("<table>\n<thead><tr>");
        let columns = || rows.are_numbers().map(|is| if is { " class=\"n\"" } else { "" });
        for (class, title) in columns().zip(titles) {
            self.push(&format!("<th{class}>{}</th>", bilingual(*title)));
        }
        self.push("</tr></thead>\n<tbody>\n");
        for row in &rows.cells {
            self.push("<tr>");
            for (class, cell) in columns().zip(row) {
                let shown = if class.is_empty() { escaped(cell) } else { escaped(&grouped(cell)) };
                // A cell of two lines is a word and its English term.
                self.push(&match shown.split_once('\n') {
                    Some((local, english)) => format!("<td>{local}<small>{english}</small></td>"),
                    None => format!("<td{class}>{shown}</td>"),
                });
            }
            self.push("</tr>\n");
        }
        self.push("</tbody>\n</table>\n");
    }

    /// A line of text.
    pub(crate) fn line(&mut self, text: &str) {
        self.push(&format!("<p>{}</p>\n", escaped(text)));
    }

    /// Room for the names and signatures of those who answer for the page.
    pub(crate) fn signatures(&mut self, titles: &[Title]) {
        self.push("<div class=\"sign\">");
        for title in titles {
            self.push(&format!("<p>{}</p>", bilingual(*title)));
        }
        self.push("</div>\n");
    }

    fn push(&mut self, html: &str) {
        self.body.push_str(html);
    }

    /// The whole file.
    pub(crate) fn finished(self) -> String {
        let Self { title, body } = self;
        format!(
            "<!doctype html>\n<html lang=\"id\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n\
             </html>\n"
        )
    }

    /// Writes the whole file.
    pub(crate) fn write(self, path: &Path) -> Result<(), Failure> {
        std::fs::write(path, self.finished()).map_err(|error| {
            Failure::failed(format!("writing the report `{}`: {error}", path.display()))
        })
    }
}

fn bilingual(title: Title) -> String {
    format!("{}<small>{}</small>", escaped(title.local), escaped(title.english))
}

/// Text without markup; control characters but for line breaks are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            letter => out.push_str(&harmless(letter.encode_utf8(&mut [0; 4]))),
        }
    }
    out
}

/// A plain number as Indonesians write it: `-1234567.5` is `-1.234.567,5`.
fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut out = sign.to_owned();
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(place);
        if place > 0 && left.is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push(',');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{number, text, titled};

    #[test]
    fn nothing_from_outside_is_markup() {
        let title = titled("Baris", "rows");
        let mut page = Page::new(title, "<script>alert(1)</script>");
        let evil = "\"><img src=x onerror='alert(1)'>&\u{1b}[31m".to_owned();
        let columns = &[text("a", ""), number("b", "")];
        let cells = vec![vec![evil.clone(), evil.clone()]];
        page.section(title, &[title, title], &Rows { columns, cells });
        page.line(&evil);
        let html = page.finished();
        for forbidden in ["<script", "<img", "'x'", "\u{1b}", "onerror='"] {
            assert!(!html.contains(forbidden), "{forbidden} in {html}");
        }
        assert!(html.contains("&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;?[31m"), "{html}");
        for outside in ["http:", "https:", "src=\"", "href", "@import", "url("] {
            assert!(!html.contains(outside), "{outside} in {html}");
        }
    }

    #[test]
    fn numbers_are_grouped_with_points() {
        for (plain, shown) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1.000"),
            ("-27833000", "-27.833.000"),
            ("1234567.5", "1.234.567,5"),
            ("", ""),
        ] {
            assert_eq!(grouped(plain), shown, "{plain}");
        }
    }

    #[test]
    fn a_section_without_rows_says_so() {
        let title = titled("Pengecualian", "exceptions");
        let mut page = Page::new(title, "BRI");
        page.section(title, &[title], &Rows { columns: &[text("a", "")], cells: Vec::new() });
        assert!(page.finished().contains("Tidak ada<small>none</small>"));
    }
}
