//! Why a file is not used: its status, the figures, and the row that explains them.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::bankfile::error::BankFileError;
use crate::bankfile::integrity::explain::Explanation;
use crate::domain::bank::BankCode;

/// What is wrong with a file as a whole. Nothing of such a file is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileTrouble {
    /// The file can't be read.
    #[error("{0}")]
    BadFile(BankFileError),
    /// The same bytes were read before.
    #[error("the same file was read before")]
    SameFile,
    /// A statement that was read before, perhaps as another file.
    #[error("{}all of it was read before", of(account.as_deref()))]
    SameStatement {
        /// The account, where it is known.
        account: Option<String>,
    },
    /// The bank's number of the statement was read before, with other rows.
    #[error(
        "{}statement {found} was read before, and this one is not the same; the last one is {last}",
        of(account.as_deref())
    )]
    SameNumber {
        /// The account, where it is known.
        account: Option<String>,
        /// The number of the last statement.
        last: u64,
        /// The number of this one.
        found: u64,
    },
    /// The bank's numbers show that a statement is missing.
    #[error(
        "{}statement {wanted} is missing: this one is {found}",
        of(account.as_deref())
    )]
    NumberGap {
        /// The account, where it is known.
        account: Option<String>,
        /// The number that has to come.
        wanted: u64,
        /// The number that came.
        found: u64,
    },
    /// The opening balance is not the closing one of the statement before: one is missing, or one of
    /// them was changed.
    #[error(
        "{}the rows read so far come to {computed}, but this statement goes on from {stated}: \
         the difference is {difference}",
        of(account.as_deref())
    )]
    Gap {
        /// The account, where it is known.
        account: Option<String>,
        /// The balance that was reached.
        computed: Decimal,
        /// The balance that this statement states for the same place.
        stated: Decimal,
        /// Stated less computed.
        difference: Decimal,
    },
    /// The stated balances and the rows contradict each other.
    #[error(
        "{}{} states a balance of {stated}, but the rows come to {computed}: the difference is \
         {difference}{}",
        of(account.as_deref()),
        place(*line),
        explanation.as_ref().map(|why| format!("; {why}")).unwrap_or_default()
    )]
    BalanceBreak {
        /// The account, where it is known.
        account: Option<String>,
        /// The line that states the balance; `None` for the closing balance.
        line: Option<u64>,
        /// The balance that the file states.
        stated: Decimal,
        /// The balance that its rows come to.
        computed: Decimal,
        /// Stated less computed.
        difference: Decimal,
        /// The row that explains the difference, where exactly one does.
        explanation: Option<Explanation>,
    },
    /// The pages of a statement contradict each other, or its amounts can't be added up.
    #[error("{}the balances contradict each other on line {line}", of(account.as_deref()))]
    PagesBreak {
        /// The account, where it is known.
        account: Option<String>,
        /// The line.
        line: u64,
    },
    /// The statement is of another account.
    #[error("the statement is of account `{found}`, not of `{wanted}`")]
    WrongAccount {
        /// The account that was expected.
        wanted: String,
        /// The account that the file names.
        found: String,
    },
    /// The file is of another bank.
    #[error("the file is of bank `{found}`, not of `{wanted}`")]
    WrongBank {
        /// The bank that was expected.
        wanted: BankCode,
        /// The bank that the file names or whose form it has.
        found: BankCode,
    },
    /// The statement is in another currency.
    #[error("the currency is `{found}`, not `{wanted}`")]
    WrongCurrency {
        /// The currency that was expected.
        wanted: String,
        /// The statement's currency.
        found: String,
    },
    /// A row that is booked on a day to come.
    #[error("line {line}: the row is of {date}, which is after today, {today}")]
    FutureDate {
        /// The row's line.
        line: u64,
        /// Its date.
        date: NaiveDate,
        /// The day on which the file is read.
        today: NaiveDate,
    },
    /// A row of a day that was not asked for.
    #[error("line {line}: the row is of `{date}`, outside `{first}` to `{last}`")]
    OtherDay {
        /// The row's line.
        line: u64,
        /// Its business date.
        date: NaiveDate,
        /// The first day that was asked for.
        first: NaiveDate,
        /// The last one.
        last: NaiveDate,
    },
}

fn of(account: Option<&str>) -> String {
    account.map(|account| format!("account `{account}`: ")).unwrap_or_default()
}

fn place(line: Option<u64>) -> String {
    line.map_or_else(|| "the closing balance".to_owned(), |line| format!("line {line}"))
}

/// The state in which a file is put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileStatus {
    /// It was read before.
    DuplicateStatement,
    /// One before it is missing.
    StatementGap,
    /// Balances and rows contradict each other.
    BalanceBreak,
    /// It can't be read, or is not what was asked for.
    BadFile,
    /// It is of another account, bank or currency.
    WrongAccount,
    /// It has rows of days to come.
    FutureDate,
}

impl FileStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::DuplicateStatement,
        Self::StatementGap,
        Self::BalanceBreak,
        Self::BadFile,
        Self::WrongAccount,
        Self::FutureDate,
    ];

    /// The status as answers and files write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DuplicateStatement => "duplicate_statement",
            Self::StatementGap => "statement_gap",
            Self::BalanceBreak => "balance_break",
            Self::BadFile => "bad_file",
            Self::WrongAccount => "wrong_account",
            Self::FutureDate => "future_date",
        }
    }
}

impl FileTrouble {
    /// The state in which the file is put aside.
    pub const fn status(&self) -> FileStatus {
        match self {
            Self::SameFile | Self::SameStatement { .. } | Self::SameNumber { .. } => {
                FileStatus::DuplicateStatement
            }
            Self::NumberGap { .. } | Self::Gap { .. } => FileStatus::StatementGap,
            Self::BalanceBreak { .. } | Self::PagesBreak { .. } => FileStatus::BalanceBreak,
            Self::BadFile(_) | Self::OtherDay { .. } => FileStatus::BadFile,
            Self::WrongAccount { .. } | Self::WrongBank { .. } | Self::WrongCurrency { .. } => {
                FileStatus::WrongAccount
            }
            Self::FutureDate { .. } => FileStatus::FutureDate,
        }
    }
}

impl From<BankFileError> for FileTrouble {
    fn from(error: BankFileError) -> Self {
        Self::BadFile(error)
    }
}
