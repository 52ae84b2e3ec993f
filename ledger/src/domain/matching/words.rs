//! The words of a bank's texts, and the words that say what kind of row it is.

use super::terms::Terms;

/// Visits the codes in a text: runs of letters, digits and hyphens, without hyphens at their ends.
pub(super) fn each_code<'t>(text: &'t str, mut visit: impl FnMut(&'t [u8])) {
    let part_of = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    for run in text.as_bytes().split(|byte| !part_of(byte)) {
        let code = trimmed(run);
        if !code.is_empty() {
            visit(code);
        }
    }
}

fn trimmed(mut run: &[u8]) -> &[u8] {
    while let [b'-', rest @ ..] = run {
        run = rest;
    }
    while let [rest @ .., b'-'] = run {
        run = rest;
    }
    run
}

/// What kind of row its words make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Fee,
    Reversal,
    Other,
}

/// The marks that a text carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) fee: bool,
    pub(super) reversal: bool,
    pub(super) other: bool,
}

/// The phrases of the terms.
#[derive(Clone, Debug)]
pub(super) struct Phrases {
    phrases: Vec<Phrase>,
    /// The first letters of the last words, one bit each.
    initials: u32,
}

/// Words that mark a row, in upper case.
#[derive(Clone, Debug)]
struct Phrase {
    mark: Mark,
    last: Vec<u8>,
    /// The words before the last one, the nearest first.
    before: Vec<Vec<u8>>,
}

/// The longest phrase, in words.
const LONGEST: usize = 4;

impl Phrases {
    pub(super) fn new(terms: &Terms) -> Self {
        let lists = [
            (Mark::Fee, &terms.fee_words),
            (Mark::Reversal, &terms.reversal_words),
            (Mark::Other, &terms.other_words),
        ];
        let mut this = Self { phrases: Vec::new(), initials: 0 };
        for (mark, phrases) in lists {
            for phrase in phrases {
                let upper = phrase.to_ascii_uppercase();
                let words = upper.as_bytes().split(|byte| !byte.is_ascii_alphanumeric());
                let words = words.filter(|word| !word.is_empty()).map(<[u8]>::to_vec);
                let mut backwards = words.rev();
                if let Some(last) = backwards.next() {
                    let before: Vec<Vec<u8>> = backwards.collect();
                    this.initials |= initial(&last);
                    this.phrases.push(Phrase { mark, last, before });
                }
            }
        }
        this
    }

    /// The mark that is complete with the last of these words, and of how many words it is.
    fn ended_by(&self, recent: &Recent<'_>) -> Option<(Mark, usize)> {
        let (last, earlier) = recent.words.split_first()?;
        if self.initials & initial(last) == 0 {
            return None;
        }
        let found = self.phrases.iter().find(|phrase| {
            phrase.last.len() == last.len()
                && phrase.last.eq_ignore_ascii_case(last)
                && phrase.before.len() < LONGEST
                && phrase
                    .before
                    .iter()
                    .zip(earlier)
                    .all(|(word, read)| word.eq_ignore_ascii_case(read))
        });
        found.map(|phrase| (phrase.mark, phrase.before.len().saturating_add(1)))
    }
}

/// One bit for the letter that a word begins with, one for all digits.
fn initial(word: &[u8]) -> u32 {
    match word.first().map(u8::to_ascii_uppercase) {
        Some(letter @ b'A'..=b'Z') => 1_u32.wrapping_shl(u32::from(letter)),
        Some(_) => 1,
        None => 0,
    }
}

/// The last words that were read, the newest first.
#[derive(Default)]
struct Recent<'t> {
    words: [&'t [u8]; LONGEST],
}

impl<'t> Recent<'t> {
    fn push(&mut self, word: &'t [u8]) {
        self.words.rotate_right(1);
        if let Some(first) = self.words.first_mut() {
            *first = word;
        }
    }
}

/// Reads a text word by word: `code` sees each code, the answer is what the words mark it as.
pub(super) fn read<'t>(
    phrases: &Phrases,
    text: &'t str,
    mut code: impl FnMut(&'t [u8]),
    marks: &mut Marks,
) {
    let mut recent = Recent::default();
    each_code(text, |run| {
        code(run);
        for word in run.split(|byte| *byte == b'-').filter(|word| !word.is_empty()) {
            recent.push(word);
            match phrases.ended_by(&recent) {
                Some((Mark::Fee, _)) => marks.fee = true,
                Some((Mark::Reversal, _)) => marks.reversal = true,
                Some((Mark::Other, _)) => marks.other = true,
                None => {}
            }
        }
    });
}

/// The text without the words that mark a reversal, in upper case with one space between words: the
/// same for a row and for the row that takes it back.
pub(super) fn without_reversal(phrases: &Phrases, text: &str) -> String {
    let mut recent = Recent::default();
    let mut words: Vec<&[u8]> = Vec::new();
    each_code(text, |run| {
        for word in run.split(|byte| *byte == b'-').filter(|word| !word.is_empty()) {
            recent.push(word);
            words.push(word);
            if let Some((Mark::Reversal, length)) = phrases.ended_by(&recent) {
                words.truncate(words.len().saturating_sub(length));
            }
        }
    });
    String::from_utf8(words.join(&b' ')).unwrap_or_default().to_ascii_uppercase()
}
