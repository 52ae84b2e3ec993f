//! What a workbook says about its sheets: their names and parts, its texts, its date formats.

use std::collections::HashMap;

use crate::bankfile::error::{Reason, shortened};
use crate::bankfile::xlsx::archive::Archive;
use crate::bankfile::xlsx::xml::{Piece, Xml, cut_off};

/// A workbook without its sheets' cells.
#[derive(Debug, Default)]
pub(super) struct Workbook {
    /// The visible sheets' names and parts, in order.
    pub(super) sheets: Vec<(String, String)>,
    pub(super) since_1904: bool,
    /// The texts that cells refer to by number.
    pub(super) texts: Vec<Box<str>>,
    /// Whether the cell style of that number shows a date.
    pub(super) is_date: Vec<bool>,
}

impl Workbook {
    pub(super) fn read(archive: &mut Archive<'_>) -> Result<Self, Reason> {
        let roots = relations(archive, "", "_rels/.rels")?;
        let path = roots.into_iter().find(|relation| relation.is("officeDocument"));
        let path =
            path.ok_or_else(|| Reason::Workbook("it has no sheets in it".to_owned()))?.target;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let relations = relations(archive, folder, &format!("{folder}/_rels/{name}.rels"))?;
        let mut workbook = Self::default();
        workbook.read_sheets(archive, &path, &relations)?;
        for relation in &relations {
            if relation.is("sharedStrings") {
                workbook.read_texts(archive, &relation.target)?;
            } else if relation.is("styles") {
                workbook.read_styles(archive, &relation.target)?;
            }
        }
        Ok(workbook)
    }

    fn read_sheets(
        &mut self,
        archive: &mut Archive<'_>,
        path: &str,
        relations: &[Relation],
    ) -> Result<(), Reason> {
        let mut xml = Xml::new(archive.part(path)?.ok_or_else(|| missing(path))?);
        while xml.find(&["sheet", "workbookPr"])? {
            if xml.name() == "workbookPr" {
                let flag = xml.attribute("date1904").unwrap_or_default();
                self.since_1904 = matches!(flag.as_str(), "1" | "true");
                continue;
            }
            let id = xml.attribute("id").unwrap_or_default();
            let target = relations.iter().find(|relation| relation.id == id);
            let is_visible = xml.attribute("state").is_none_or(|state| state == "visible");
            if let Some(relation) = target.filter(|target| is_visible && target.is("worksheet")) {
                let name = xml.attribute("name").unwrap_or_default();
                self.sheets.push((name, relation.target.clone()));
            }
        }
        Ok(())
    }

    fn read_texts(&mut self, archive: &mut Archive<'_>, path: &str) -> Result<(), Reason> {
        let Some(part) = archive.part(path)? else { return Ok(()) };
        let mut xml = Xml::new(part);
        let mut text = String::new();
        while xml.find(&["si"])? {
            text.clear();
            xml.rich_text(&mut text)?;
            self.texts.push(text.as_str().into());
        }
        Ok(())
    }

    fn read_styles(&mut self, archive: &mut Archive<'_>, path: &str) -> Result<(), Reason> {
        let Some(part) = archive.part(path)? else { return Ok(()) };
        let mut xml = Xml::new(part);
        let mut own: HashMap<u32, bool> = HashMap::new();
        while xml.find(&["numFmt", "cellXfs"])? {
            if xml.name() == "numFmt" {
                let id = xml.attribute("numFmtId").and_then(|id| id.parse().ok());
                let code = xml.attribute("formatCode").unwrap_or_default();
                own.extend(id.map(|id| (id, shows_date(&code))));
                continue;
            }
            loop {
                match xml.next()? {
                    Piece::Start if xml.name() == "xf" => {
                        let id = xml.attribute("numFmtId").and_then(|id| id.parse().ok());
                        let id = id.unwrap_or_default();
                        let is_date = own.get(&id).copied().unwrap_or(is_built_in_date(id));
                        self.is_date.push(is_date);
                    }
                    Piece::End if xml.name() == "cellXfs" => break,
                    Piece::Finished => return Err(cut_off()),
                    Piece::Start | Piece::End | Piece::Text => {}
                }
            }
        }
        Ok(())
    }
}

/// That a part is not there.
pub(super) fn missing(part: &str) -> Reason {
    Reason::Workbook(format!("its part `{}` is missing", shortened(part, 200)))
}

/// A part that another one refers to.
struct Relation {
    id: String,
    kind: String,
    target: String,
}

impl Relation {
    fn is(&self, kind: &str) -> bool {
        self.kind.rsplit('/').next() == Some(kind)
    }
}

fn relations(archive: &mut Archive<'_>, folder: &str, path: &str) -> Result<Vec<Relation>, Reason> {
    let mut xml = Xml::new(archive.part(path)?.ok_or_else(|| missing(path))?);
    let mut found = Vec::new();
    while xml.find(&["Relationship"])? {
        let attribute = |name| xml.attribute(name).unwrap_or_default();
        let target = attribute("Target");
        let target = match target.strip_prefix('/') {
            Some(whole) => whole.to_owned(),
            None if folder.is_empty() => target,
            None => format!("{folder}/{target}"),
        };
        found.push(Relation { id: attribute("Id"), kind: attribute("Type"), target });
    }
    Ok(found)
}

/// The number formats that every workbook has.
const fn is_built_in_date(id: u32) -> bool {
    matches!(id, 14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57..=58)
}

/// Whether a number format shows a day or a year, outside of quoted texts and of conditions.
fn shows_date(code: &str) -> bool {
    let (mut quoted, mut in_brackets, mut escaped) = (false, false, false);
    for letter in code.chars() {
        match letter {
            _ if escaped => escaped = false,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '[' => in_brackets = true,
            ']' => in_brackets = false,
            _ if in_brackets => {}
            '\\' | '_' | '*' => escaped = true,
            'y' | 'Y' | 'd' | 'D' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_that_shows_a_day_or_a_year_is_a_date() {
        for code in ["dd/mm/yyyy", "[$-421]dd mmmm yyyy;@", "yy", "\"tgl\" d", "m/d/yy h:mm"] {
            assert!(shows_date(code), "{code}");
        }
        for code in
            ["General", "0.00", "#,##0.00;[Red]-#,##0.00", "\"day\" 0", "h:mm:ss", "\\d0", "@"]
        {
            assert!(!shows_date(code), "{code}");
        }
    }
}
