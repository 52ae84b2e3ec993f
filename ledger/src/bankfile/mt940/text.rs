//! `:86:`, what the bank says about a movement: free text, `?20` subfields, or `/TAG/` words.

use crate::bankfile::fault::MessageFault;
use crate::bankfile::message::{LONGEST_TEXT, References, tidy};

/// What may stand in front of the number of a subfield; the bank chooses one for the whole text.
const SEPARATORS: [char; 6] = ['?', '>', '<', '~', '^', '@'];

/// A subfield has room for this many characters; one that is shorter was not cut.
const SUBFIELD: usize = 27;

/// The longest reference that is looked for behind `EREF`.
const LONGEST_REFERENCE: usize = 35;

/// The lines of a movement's texts.
#[derive(Debug, Default)]
pub(super) struct Text<'t> {
    /// What stands under `:61:`.
    supplement: Vec<&'t str>,
    /// `:86:`
    lines: Vec<&'t str>,
    length: usize,
}

impl<'t> Text<'t> {
    /// Adds lines that stand under `:61:`.
    pub(super) fn supplement(&mut self, lines: &[&'t str]) -> Result<(), MessageFault> {
        self.supplement.extend_from_slice(lines);
        self.check(lines)
    }

    /// Adds lines of `:86:`.
    pub(super) fn extend(&mut self, lines: &[&'t str]) -> Result<(), MessageFault> {
        self.lines.extend_from_slice(lines);
        self.check(lines)
    }

    fn check(&mut self, lines: &[&str]) -> Result<(), MessageFault> {
        let added = lines.iter().map(|line| line.len()).fold(self.length, usize::saturating_add);
        self.length = added;
        if added > LONGEST_TEXT { Err(MessageFault::TextTooLong) } else { Ok(()) }
    }

    /// The description, and the references that the texts hold.
    ///
    /// Lines are cut wherever they are full, so a reference is looked for across them as well.
    pub(super) fn read(&self, references: &mut References) -> String {
        let joined = self.lines.concat();
        let structured = subfields(&joined);
        let text = match &structured {
            Some(subfields) => subfields.purpose.as_str(),
            None => joined.as_str(),
        };
        if let Some(reference) = end_to_end(text) {
            references.add(reference);
        }
        references.find_in(text);
        let mut description = self.supplement.join(" ");
        match &structured {
            Some(subfields) => subfields.describe(&mut description),
            None => {
                self.lines.iter().for_each(|line| description.extend([" ", line]));
            }
        }
        let description = tidy(&description);
        references.find_in(&description);
        description
    }
}

/// The subfields that people read.
#[derive(Debug, Default)]
struct Subfields {
    /// 00: the kind of booking.
    booking: String,
    /// 20 to 29 and 60 to 63: the purpose, cut anywhere.
    purpose: String,
    /// The same with spaces where it was not cut.
    described: String,
    /// 32 and 33: the other party's name.
    name: String,
    /// Anything else: numbers of banks and accounts.
    other: String,
}

impl Subfields {
    fn push(&mut self, number: &str, text: &str) {
        match number {
            "00" => self.booking.push_str(text),
            "20" | "21" | "22" | "23" | "24" | "25" | "26" | "27" | "28" | "29" | "60" | "61"
            | "62" | "63" => {
                if begins_word(text) {
                    self.purpose.push(' ');
                }
                self.purpose.push_str(text);
                self.described.push_str(text);
                if text.chars().count() < SUBFIELD {
                    self.described.push(' ');
                }
            }
            "32" | "33" => self.name.push_str(text),
            _ => self.other.extend([" ", text]),
        }
    }

    fn describe(&self, description: &mut String) {
        for part in [&self.booking, &self.described, &self.name, &self.other] {
            description.extend([" ", part]);
        }
    }
}

/// Takes `166?00TRANSFER?20EREF+1?32NAME` apart; `None` when the text has another form.
fn subfields(text: &str) -> Option<Subfields> {
    let text = text.trim_start();
    let code = text.bytes().take_while(u8::is_ascii_digit).count();
    let (_code, rest) = text.split_at_checked(code).filter(|_split| code == 0 || code == 3)?;
    let separator = rest.chars().next().filter(|first| SEPARATORS.contains(first))?;
    rest.strip_prefix(separator).and_then(subfield)?;
    let mut pieces: Vec<(&str, String)> = Vec::new();
    for piece in rest.split(separator).skip(1) {
        match (subfield(piece), pieces.last_mut()) {
            (Some((number, text)), _) => pieces.push((number, text.to_owned())),
            // Not followed by two digits, it is a character like any other.
            (None, Some((_number, text))) => {
                text.push(separator);
                text.push_str(piece);
            }
            (None, None) => {}
        }
    }
    let mut found = Subfields::default();
    for (number, text) in &pieces {
        found.push(number, text);
    }
    Some(found)
}

/// A subfield's two digits and its text.
fn subfield(piece: &str) -> Option<(&str, &str)> {
    let (number, text) = piece.split_at_checked(2)?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some((number, text))
}

/// Whether a subfield begins with a word like `SVWZ+`, so that it does not continue the one before.
fn begins_word(text: &str) -> bool {
    let word = text.bytes().take_while(u8::is_ascii_uppercase).count();
    word == 4 && text.as_bytes().get(4) == Some(&b'+')
}

/// The payer's own reference: behind `EREF+` up to the next `SVWZ+`, or behind `/EREF/` up to the
/// next `/REMI/`.
fn end_to_end(text: &str) -> Option<&str> {
    let (mark, behind) = ["EREF+", "/EREF/"].into_iter().find_map(|word| {
        let (_before, behind) = text.split_once(word)?;
        word.chars().last().map(|mark| (mark, behind))
    })?;
    let mut end = behind.len();
    for (place, _mark) in behind.match_indices(mark) {
        let before = behind.get(..place).unwrap_or_default();
        let word = before.bytes().rev().take_while(u8::is_ascii_uppercase).count();
        // `/REMI/` begins at the slash before the word, `SVWZ+` at the word.
        let slash = usize::from(mark == '/');
        let starts = place.checked_sub(word).and_then(|start| start.checked_sub(slash));
        let begins = starts.filter(|start| {
            word == 4
                && (mark == '+' || before.get(*start..).is_some_and(|word| word.starts_with('/')))
        });
        if let Some(start) = begins {
            end = start;
            break;
        }
    }
    let reference = behind.get(..end)?.trim();
    (reference.len() <= LONGEST_REFERENCE).then_some(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> (String, Vec<String>) {
        let mut text = Text::default();
        text.extend(lines).unwrap();
        let mut references = References::default();
        let description = text.read(&mut references);
        (description, references.as_slice().to_vec())
    }

    #[test]
    fn subfields_are_put_together_where_lines_cut_them() {
        let (description, references) = read(&[
            "166?00PEMINDAHBUKUAN?100399?20EREF+BATCH 7?21SVWZ+PEMBAYARAN BPNT EW00218?2",
            "2090300017 KOTA JAMBI?30BTN?31000123?32E-WARONG?33 MAWAR",
        ]);
        assert_eq!(
            description,
            "PEMINDAHBUKUAN EREF+BATCH 7 SVWZ+PEMBAYARAN BPNT EW00218090300017 KOTA JAMBI \
             E-WARONG MAWAR 0399 BTN 000123"
        );
        assert_eq!(references, ["BATCH 7", "EW00218090300017"]);
        let (description, _none) = read(&["000>00A>20B > C>21D"]);
        assert_eq!(description, "A B > C D");
    }

    #[test]
    fn free_text_keeps_its_words_and_cut_references_are_found() {
        let (description, references) =
            read(&["SETOR BPNT EW0021809030", "0017 TOKO", "EW00218090300018", "DAN LAIN"]);
        assert_eq!(description, "SETOR BPNT EW0021809030 0017 TOKO EW00218090300018 DAN LAIN");
        assert_eq!(references, ["EW00218090300017", "EW00218090300018"]);
    }

    #[test]
    fn words_between_slashes() {
        let (description, references) =
            read(&["/EREF/2018-09 A/BENM//NAME/E-WARONG MELATI/REMI/BPNT /RO", "C/X"]);
        assert_eq!(description, "/EREF/2018-09 A/BENM//NAME/E-WARONG MELATI/REMI/BPNT /RO C/X");
        assert_eq!(references, ["2018-09 A"]);
        assert_eq!(end_to_end("EREF+A+B SVWZ+C"), Some("A+B"));
        assert_eq!(end_to_end("/EREF/A/B"), Some("A/B"));
        assert_eq!(end_to_end("EREF+"), Some(""));
        assert_eq!(end_to_end("no reference at all"), None);
    }

    #[test]
    fn a_text_without_end_is_refused() {
        let line = "x".repeat(LONGEST_TEXT);
        let mut text = Text::default();
        text.extend(&[line.as_str()]).unwrap();
        assert_eq!(text.extend(&["y"]), Err(MessageFault::TextTooLong));
    }
}
