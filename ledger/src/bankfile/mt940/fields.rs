//! The fields of a message: `:61:` and the lines that belong to it.

/// A field with its lines.
#[derive(Debug)]
pub(super) struct Field<'t> {
    /// The line of the file on which it begins, from 1.
    pub(super) line: u64,
    pub(super) tag: Tag,
    /// What stands behind the tag.
    pub(super) first: &'t str,
    /// The lines that follow, blank ones left out.
    pub(super) more: Vec<&'t str>,
}

/// Which field it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// `:20:`, which begins a message.
    Reference,
    /// `:21:`
    Related,
    /// `:25:`
    Account,
    /// `:28C:`
    Number,
    /// `:34F:` of an MT942.
    Floor,
    /// `:13D:` of an MT942.
    Created,
    /// `:60F:`, or `:60M:` when it is not the first page.
    Opening { first: bool },
    /// `:61:`
    Movement,
    /// `:86:`, and `:NS:` where a bank writes its texts in that.
    Text,
    /// `:62F:`, or `:62M:` when it is not the last page.
    Closing { last: bool },
    /// `:64:`
    Available,
    /// `:65:`
    Forward,
    /// `:90D:` of an MT942.
    Debits,
    /// `:90C:` of an MT942.
    Credits,
    /// A field of another message or of a bank's own.
    Other,
    /// The end of a message, `-` or `-}`.
    End,
}

impl Tag {
    /// How the field is called in messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Reference => ":20:",
            Self::Related => ":21:",
            Self::Account => ":25:",
            Self::Number => ":28C:",
            Self::Floor => ":34F:",
            Self::Created => ":13D:",
            Self::Opening { .. } => ":60:",
            Self::Movement => ":61:",
            Self::Text => ":86:",
            Self::Closing { .. } => ":62:",
            Self::Available => ":64:",
            Self::Forward => ":65:",
            Self::Debits => ":90D:",
            Self::Credits => ":90C:",
            Self::Other => "?",
            Self::End => "-",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "20" => Self::Reference,
            "21" => Self::Related,
            "25" | "25P" => Self::Account,
            "28" | "28C" => Self::Number,
            "34F" => Self::Floor,
            "13" | "13D" => Self::Created,
            "60" | "60F" => Self::Opening { first: true },
            "60M" => Self::Opening { first: false },
            "61" => Self::Movement,
            "86" | "NS" => Self::Text,
            "62" | "62F" => Self::Closing { last: true },
            "62M" => Self::Closing { last: false },
            "64" => Self::Available,
            "65" => Self::Forward,
            "90D" => Self::Debits,
            "90C" => Self::Credits,
            other if is_tag(other) => Self::Other,
            _ => return None,
        })
    }

    /// Where the lines behind the field are.
    const fn place_behind(self) -> Place {
        match self {
            Self::End => Place::Outside,
            Self::Movement | Self::Text => Place::Text,
            Self::Closing { .. }
            | Self::Available
            | Self::Forward
            | Self::Debits
            | Self::Credits => Place::Behind,
            Self::Reference
            | Self::Related
            | Self::Account
            | Self::Number
            | Self::Floor
            | Self::Created
            | Self::Opening { .. }
            | Self::Other => Place::Fields,
        }
    }

    /// Whether the field's lines are free text.
    const fn is_text(self) -> bool {
        matches!(self, Self::Movement | Self::Text)
    }
}

/// Two digits and perhaps a letter, or letters only.
fn is_tag(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    plain && (2..=3).contains(&name.len())
}

/// What the lines that come next can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between messages: lines of the bank's own.
    Outside,
    /// Fields follow each other.
    Fields,
    /// Free text, until a field begins.
    Text,
    /// Behind the closing balance: fields, or lines of the bank's own.
    Behind,
}

/// The fields of a file, in order.
#[derive(Debug)]
pub(super) struct Fields<'t> {
    lines: Lines<'t>,
    place: Place,
}

impl<'t> Fields<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { lines: Lines { rest: text, number: 0 }, place: Place::Outside }
    }

    /// What the line begins here: a field, with what stands behind its tag.
    fn begins(&self, line: &'t str, after: &Lines<'t>) -> Option<(Tag, &'t str)> {
        if is_end(line) {
            return Some((Tag::End, ""));
        }
        let (name, rest) = line.strip_prefix(':')?.split_once(':')?;
        let tag = Tag::named(name)?;
        let begins = match (self.place, tag) {
            (Place::Outside, _) => tag != Tag::Other,
            (Place::Fields | Place::Behind, _) => true,
            // A time of day that is wrapped looks like one of these: `16` and below `:20:30`.
            (Place::Text, Tag::Reference) => is_header(after.clone()),
            (Place::Text, Tag::Other) => false,
            (Place::Text, _) => !name.bytes().all(|byte| byte.is_ascii_digit()) || name >= "60",
        };
        begins.then_some((tag, rest))
    }

    /// The lines up to the next field.
    fn collect(&mut self, tag: Tag) -> Vec<&'t str> {
        let mut more = Vec::new();
        loop {
            let mut ahead = self.lines.clone();
            let Some(line) = ahead.next() else { break };
            if self.begins(line, &ahead).is_some() {
                break;
            }
            self.lines = ahead;
            let kept = self.place == Place::Fields || tag.is_text();
            if kept && !line.trim().is_empty() {
                more.push(line);
            }
        }
        more
    }
}

impl<'t> Iterator for Fields<'t> {
    type Item = Field<'t>;

    fn next(&mut self) -> Option<Field<'t>> {
        loop {
            let line = self.lines.next()?;
            let Some((tag, first)) = self.begins(line, &self.lines) else { continue };
            let line = self.lines.number;
            self.place = tag.place_behind();
            let more = self.collect(tag);
            return Some(Field { line, tag, first, more });
        }
    }
}

/// `-` alone or with a control character, or `-}` with whatever blocks follow.
fn is_end(line: &str) -> bool {
    let line = line.trim_matches(|letter: char| letter.is_control() || letter == ' ');
    line == "-" || line.starts_with("-}")
}

/// A header is not longer than this many lines.
const LONGEST_HEADER: usize = 40;

/// Whether the lines that come next are those of a header: one names an account, and nothing but
/// fields leads to a balance or a movement.
fn is_header(lines: Lines<'_>) -> bool {
    let mut names_account = false;
    let mut in_text = false;
    for line in lines.filter(|line| !line.trim().is_empty()).take(LONGEST_HEADER) {
        let field = line.strip_prefix(':').and_then(|line| line.split_once(':'));
        match field.and_then(|(name, _rest)| Tag::named(name)) {
            Some(Tag::Account) => {
                names_account |= line.bytes().skip(4).any(|byte| byte.is_ascii_digit());
                // The bank's code may stand on a line of its own behind the account.
                in_text = line.starts_with(":25P:");
            }
            Some(Tag::Text) => in_text = true,
            Some(Tag::Related | Tag::Number | Tag::Created) => in_text = false,
            Some(Tag::Floor | Tag::Opening { .. } | Tag::Movement | Tag::Closing { .. }) => {
                return names_account;
            }
            None if in_text => {}
            Some(_) | None => return false,
        }
    }
    names_account
}

/// The lines of a text with any line end, what is in front of the fourth block taken off.
#[derive(Clone, Debug)]
struct Lines<'t> {
    rest: &'t str,
    number: u64,
}

impl<'t> Iterator for Lines<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr2(b'\n', b'\r', self.rest.as_bytes());
        let length = end.unwrap_or(self.rest.len());
        let (line, behind) = self.rest.split_at_checked(length)?;
        self.rest = behind
            .strip_prefix("\r\n")
            .or_else(|| behind.strip_prefix(['\r', '\n']))
            .unwrap_or(behind);
        self.number = self.number.saturating_add(1);
        let line = line.trim_start_matches(|letter: char| letter.is_control());
        Some(match line.rsplit_once("{4:") {
            Some((blocks, fields)) if blocks.starts_with(['{', '-']) => fields,
            _ => line,
        })
    }
}
