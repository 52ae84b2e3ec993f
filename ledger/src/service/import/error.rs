//! What is wrong with a set, row by row. No message repeats a cell as it stands: rows slip, and then
//! a PIN or a NIK stands where a date belongs.

use std::fmt;
use std::path::PathBuf;

use crate::domain::bank::BankCode;
use crate::domain::calendar::Date;
use crate::domain::card::{MaskedCard, NotCardNumber, NotPin};
use crate::domain::keys::NotSealed;
use crate::domain::merchant::MerchantCode;
use crate::service::error::Trouble;
use crate::service::keyfile::KeysError;
use crate::service::shared::Contended;
use crate::store::StoreError;

/// The files of a set, in the order their rows depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImportFile {
    /// `banks.csv`.
    Banks,
    /// `merchants.csv`.
    Merchants,
    /// `terminals.csv`.
    Terminals,
    /// `households.csv`.
    Households,
    /// `wallets.csv`.
    Wallets,
    /// `cards.csv`.
    Cards,
}

impl ImportFile {
    /// All files.
    pub const ALL: [Self; 6] = [
        Self::Banks,
        Self::Merchants,
        Self::Terminals,
        Self::Households,
        Self::Wallets,
        Self::Cards,
    ];

    /// The file's name in its folder.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Banks => "banks.csv",
            Self::Merchants => "merchants.csv",
            Self::Terminals => "terminals.csv",
            Self::Households => "households.csv",
            Self::Wallets => "wallets.csv",
            Self::Cards => "cards.csv",
        }
    }
}

/// A row that can't be imported, and why: `cards.csv:17: card_number: ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The file.
    pub file: ImportFile,
    /// The line, from 1.
    pub line: u64,
    /// The column, where one is to blame.
    pub column: Option<&'static str>,
    /// What is wrong.
    pub flaw: Flaw,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.as_str(), self.line)?;
        if let Some(column) = self.column {
            write!(f, "{column}: ")?;
        }
        write!(f, "{}", self.flaw)
    }
}

/// What can be wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The file has no header row.
    #[error("the header row is missing; it has to name `{0}`")]
    NoHeader(String),
    /// A column the file may not have; its place in the header, from 1.
    #[error("column {place} of the header is unknown; the file's columns are `{known}`")]
    UnknownColumn {
        /// The column's place, from 1.
        place: usize,
        /// The columns there are.
        known: String,
    },
    /// The header names a column twice.
    #[error("the header names this column twice")]
    ColumnTwice,
    /// The header lacks a column.
    #[error("the header lacks this column")]
    NoColumn,
    /// The row has more or fewer cells than the header.
    #[error("the row has {found} cells where the header has {wanted}")]
    Cells {
        /// Cells in the row.
        found: usize,
        /// Cells in the header.
        wanted: usize,
    },
    /// Bytes that are not text.
    #[error("the bytes are not text in UTF-8")]
    NotText,
    /// Nothing stands where something has to.
    #[error("nothing is given")]
    Empty,
    /// It contains something else.
    #[error("not {0}")]
    Not(&'static str),
    /// No card number.
    #[error(transparent)]
    CardNumber(NotCardNumber),
    /// No PIN, or one that is easily guessed.
    #[error(transparent)]
    Pin(NotPin),
    /// An active card without a PIN.
    #[error("an active card needs a PIN")]
    PinMissing,
    /// A card in this state has no PIN yet.
    #[error("a `{0}` card has no PIN yet")]
    PinTooEarly(&'static str),
    /// A bank's open day that is ahead of what a purchase made now is dated to.
    #[error("later than a purchase made now would be dated to: `{0}` at the latest")]
    DayAhead(Date),
    /// The set has it already.
    #[error("the same as in line {0}")]
    Repeated(u64),
    /// The same card number as in another line.
    #[error("`{0}` is the same as in line {1}")]
    CardRepeated(MaskedCard, u64),
    /// A household has two cards that are in use.
    #[error("the household has another card in use, in line {0}")]
    SecondCard(u64),
    /// The database has it already.
    #[error("registered already")]
    Registered,
    /// The database has this card already.
    #[error("`{0}` is registered already")]
    CardRegistered(MaskedCard),
    /// Neither in the set nor in the database.
    #[error("`{0}` is neither in banks.csv nor registered")]
    NoBank(BankCode),
    /// Neither in the set nor in the database.
    #[error("`{0}` is neither in merchants.csv nor registered")]
    NoMerchant(MerchantCode),
    /// Not in the set.
    #[error("households.csv has no such household")]
    NoHousehold,
    /// The household has no wallet in the set.
    #[error("wallets.csv has no wallet of this household")]
    NoWallet,
    /// New data are given for a merchant that isn't there.
    #[error("not registered: only registered merchants can be updated")]
    NotRegistered,
    /// New data name another bank.
    #[error("a merchant stays with its bank: what it is owed is settled there")]
    BankStays,
    /// New data name another time zone or region of price ceilings.
    #[error("a merchant stays in its zone: what it sold is judged by it; register the shop anew")]
    ZoneStays,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportErrors {
    /// These rows are bad, sorted by file and line.
    #[error("{}", listed(.0))]
    Rows(Vec<BadRow>),
    /// None of the files exists.
    #[error("`{0}` holds none of banks, merchants, terminals, households, wallets and cards.csv")]
    NoFiles(PathBuf),
    /// A file can't be read.
    #[error("`{path}`: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// More rows than can get ids at once.
    #[error(
        "the set needs {needed} ids and can have {most} at once\n\
         hint: split it by household; a part takes a household with its wallet and cards"
    )]
    TooLarge {
        /// Ids needed: one for each account, terminal, household and card.
        needed: usize,
        /// Ids that can be had.
        most: usize,
    },
    /// Something else than merchants was to be updated.
    #[error("only merchants can be updated: leave the folder's other files out")]
    OnlyMerchants,
    /// An identity that can't be sealed.
    #[error(transparent)]
    NotSealed(#[from] NotSealed),
    /// No randomness for salts, nonces and pseudonyms.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The database can't be read or written.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for ImportErrors {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Contended for ImportErrors {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

/// A line for each row, and what to do.
fn listed(rows: &[BadRow]) -> String {
    let mut lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    lines.push("nothing was imported".to_owned());
    lines.push("hint: mend these rows and import the whole folder again".to_owned());
    lines.join("\n")
}
