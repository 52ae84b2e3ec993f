//! What can be wrong with an MT940 or camt message, in words for a bank clerk.

use std::borrow::Cow;

/// What can be wrong with an MT940 or camt message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageFault {
    /// No statement anywhere in the file.
    #[error("there is no statement in the file: {0}")]
    NoStatement(Cow<'static, str>),
    /// Something that every statement or row has to have.
    #[error("{0}")]
    Missing(&'static str),
    /// A field or element that can't stand where it stands, or not twice.
    #[error("{0}")]
    OutOfPlace(&'static str),
    /// A line of text where a field has to begin.
    #[error("`{0}` belongs to no field: one begins with its number between colons, as in `:61:`")]
    Stray(String),
    /// A date that does not exist or is written in another way.
    #[error("`{text}` is not a date written as {form}")]
    Date {
        /// What stands there.
        text: String,
        /// How it has to be written.
        form: &'static str,
    },
    /// An amount that can't be read.
    #[error("`{text}` is not an amount: {why}")]
    Amount {
        /// What stands there.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A word in place of one of a few.
    #[error("`{text}` stands where {wanted} is expected")]
    Word {
        /// What stands there.
        text: String,
        /// What may stand there.
        wanted: &'static str,
    },
    /// Another currency than the statement's.
    #[error("the currency is `{found}`, but the statement's is `{wanted}`")]
    Currency {
        /// The currency that stands there.
        found: String,
        /// The statement's currency.
        wanted: String,
    },
    /// A stated number of rows that is not the number of rows.
    #[error("the file counts {stated} {what}, but {found} are listed")]
    Count {
        /// What is counted.
        what: &'static str,
        /// The number that the file states.
        stated: u64,
        /// How many there are.
        found: u64,
    },
    /// A batch whose transactions don't add up to the amount that was booked.
    #[error("the entry is `{entry}`, but its {count} transactions add up to `{sum}`")]
    Batch {
        /// The amount of the entry, signed.
        entry: String,
        /// How many transactions it lists.
        count: usize,
        /// What they add up to, signed.
        sum: String,
    },
    /// A text that is longer than any bank's.
    #[error("a text is longer than 64 KiB")]
    TextTooLong,
    /// A file that ends too early.
    #[error("the file ends before the statement does: it was cut off")]
    CutOff,
    /// XML that breaks the rules of XML.
    #[error("this is not XML as it has to be: {0}")]
    Xml(String),
    /// XML features that can hide other files or blow up.
    #[error("the file has a `{0}`, which no bank statement needs and which can do harm")]
    Forbidden(&'static str),
    /// A reference to an entity that XML does not define itself.
    #[error("`&{0};` is an entity that XML does not define itself")]
    Entity(String),
    /// Elements in elements in elements.
    #[error("the elements are nested deeper than {0}")]
    TooDeep(usize),
    /// An encoding that is not read.
    #[error("the file is written in `{0}`; UTF-8, ISO-8859-1 and Windows-1252 are read")]
    Encoding(String),
    /// The file could not be read to its end.
    #[error("reading failed: {0}")]
    Unreadable(String),
}
