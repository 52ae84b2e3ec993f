//! The texts of a statement's line, kept in one piece of memory.

/// The texts of a line: description, references, sequence number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts(Box<str>);

/// Stands between the parts; banks' texts are printable.
const BETWEEN: char = '\u{1f}';

impl Texts {
    /// Puts the texts together.
    ///
    /// `references` are what can identify the movement: the bank's own numbers and our references
    /// found in its texts. `sequence` is the bank's sequence or journal number, which
    /// distinguishes rows that are otherwise equal.
    pub fn new<S: AsRef<str>>(description: &str, references: &[S], sequence: Option<&str>) -> Self {
        let mut buffer = TextBuffer::default();
        buffer.begin(sequence.unwrap_or_default());
        buffer.push(description);
        buffer.end_description();
        for reference in references {
            buffer.next_reference(reference.as_ref());
        }
        buffer.texts()
    }

    /// All of them as they are kept.
    pub(super) fn as_kept(&self) -> &str {
        &self.0
    }

    /// Texts as they were kept.
    pub(super) fn from_kept(text: &str) -> Self {
        Self(text.into())
    }

    /// The bank's description.
    pub(super) fn description(&self) -> &str {
        let (_sequence, behind) = parted(&self.0);
        parted(behind.unwrap_or_default()).0
    }

    /// What can identify the movement.
    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        self.0.split(BETWEEN).skip(2)
    }

    /// All of them in one text.
    pub(super) fn all_references(&self) -> &str {
        let (_sequence, behind) = parted(&self.0);
        parted(behind.unwrap_or_default()).1.unwrap_or_default()
    }

    /// The bank's sequence number.
    pub(super) fn sequence(&self) -> Option<&str> {
        Some(parted(&self.0).0).filter(|sequence| !sequence.is_empty())
    }
}

/// The first part of a text, and what is behind it, if that is anything.
fn parted(text: &str) -> (&str, Option<&str>) {
    let at = text.bytes().position(|byte| char::from(byte) == BETWEEN);
    match at.and_then(|at| text.split_at_checked(at)) {
        Some((part, behind)) => (part, behind.strip_prefix(BETWEEN)),
        None => (text, None),
    }
}

/// Texts as they are put together, row after row in the same memory.
#[derive(Debug, Default)]
pub(super) struct TextBuffer {
    text: String,
    description: usize,
    description_end: usize,
}

impl TextBuffer {
    /// Begins a row's texts.
    pub(super) fn begin(&mut self, sequence: &str) {
        self.text.clear();
        self.push(sequence);
        self.text.push(BETWEEN);
        self.description = self.text.len();
    }

    /// Adds to the part that is being written.
    fn push(&mut self, part: &str) {
        if part.bytes().any(|byte| char::from(byte) == BETWEEN) {
            let visible = part.chars().map(|letter| if letter == BETWEEN { ' ' } else { letter });
            self.text.extend(visible);
        } else {
            self.text.push_str(part);
        }
    }

    /// Adds a text to the description, with one space before and between its words.
    pub(super) fn describe(&mut self, text: &str) {
        if is_tidy(text) {
            return self.word(text);
        }
        text.split_whitespace().for_each(|word| self.word(word));
    }

    fn word(&mut self, word: &str) {
        if self.text.len() > self.description && !word.is_empty() {
            self.text.push(' ');
        }
        self.push(word);
    }

    /// Ends the description; references follow.
    pub(super) fn end_description(&mut self) {
        self.description_end = self.text.len();
    }

    /// Adds a reference, unless it is empty or there already.
    pub(super) fn refer(&mut self, reference: &str) {
        let known = self.text.get(self.description_end..).unwrap_or_default();
        if !reference.is_empty() && !known.split(BETWEEN).skip(1).any(|known| known == reference) {
            self.next_reference(reference);
        }
    }

    fn next_reference(&mut self, reference: &str) {
        self.text.push(BETWEEN);
        self.push(reference);
    }

    /// The row's texts.
    pub(super) fn texts(&self) -> Texts {
        Texts(self.text.as_str().into())
    }
}

/// Whether a text is of visible ASCII characters, with single spaces inside and none round it.
fn is_tidy(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        if !(b' '..0x7f).contains(&byte) || (byte == b' ' && before == b' ') {
            return false;
        }
        before = byte;
    }
    before != b' ' || text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_apart_as_they_were_put_together() {
        let none: [&str; 0] = [];
        for (description, references, sequence) in [
            ("", &none[..], None),
            ("BPNT é", &["A", "B"][..], Some("7")),
            ("", &["A"][..], Some("7")),
            ("x", &none[..], None),
        ] {
            let texts = Texts::new(description, references, sequence);
            assert_eq!(texts.description(), description);
            assert_eq!(texts.references().collect::<Vec<_>>(), references);
            assert_eq!(texts.sequence(), sequence);
        }
        let texts = Texts::new("a\u{1f}b", &["c\u{1f}d"], None);
        assert_eq!(texts.description(), "a b");
        assert_eq!(texts.references().collect::<Vec<_>>(), ["c d"]);
    }

    #[test]
    fn a_row_is_put_together_in_the_memory_of_the_one_before() {
        let mut buffer = TextBuffer::default();
        for _row in 0..2 {
            buffer.begin("1");
            for text in ["  A\n B", "", "C\u{a0}D "] {
                buffer.describe(text);
            }
            buffer.end_description();
            for reference in ["R", "", "S", "R"] {
                buffer.refer(reference);
            }
            let texts = buffer.texts();
            assert_eq!(texts.description(), "A B C D");
            assert_eq!(texts.references().collect::<Vec<_>>(), ["R", "S"]);
        }
    }
}
