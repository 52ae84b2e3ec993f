//! What can go wrong with the database, by what follows from it.

use diesel::result::{ConnectionError, DatabaseErrorKind, Error};

/// A failure of the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection could be made.
    #[error("could not connect to the database: {0}")]
    Connect(#[from] ConnectionError),
    /// None of the pool's connections came free in time, or none could be made.
    #[error("no database connection is free: {0}")]
    Pool(String),
    /// A statement failed.
    #[error("the database refused a statement: {0}")]
    Statement(#[from] Error),
    /// A COMMIT failed: what it was to make durable is there or not.
    #[error("the outcome of a commit is unknown: {0}")]
    Commit(Box<Self>),
    /// The database's file could not be opened or flushed.
    #[error("the database's file failed: {0}")]
    File(std::io::Error),
    /// A stored value that no type admits: the database was changed from outside, or is broken.
    #[error("the database holds a value that cannot be: {0}")]
    Corrupt(String),
    /// The schema could not be brought up to date.
    #[error("could not migrate: {0}")]
    Migrate(String),
    /// The URL names no database this service knows.
    #[error("`{0}` is no database URL\nhint: use `sqlite:PATH` or `postgres://USER@HOST/DATABASE`")]
    Url(String),
}

/// What a failure means for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The connection is gone; another one may work.
    Broken,
    /// Another transaction was faster; the same again may work.
    Contention,
    /// A row with this key is there already.
    Duplicate,
    /// Anything else: the same again fails again.
    Other,
}

impl StoreError {
    /// A stored value that cannot be.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }

    /// The same error, of a COMMIT.
    pub(crate) fn of_commit(self) -> Self {
        Self::Commit(Box::new(self))
    }

    /// Whether the connection is gone.
    pub fn is_broken(&self) -> bool {
        self.kind() == FailureKind::Broken
    }

    /// What the failure means. Constraint names are not asked for: not every database gives them.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Connect(_) | Self::Pool(_) | Self::Commit(_) => FailureKind::Broken,
            Self::Statement(error) => kind_of(error),
            Self::File(_) | Self::Corrupt(_) | Self::Migrate(_) | Self::Url(_) => {
                FailureKind::Other
            }
        }
    }
}

fn kind_of(error: &Error) -> FailureKind {
    use DatabaseErrorKind::{
        ClosedConnection, SerializationFailure, UnableToSendCommand, UniqueViolation, Unknown,
    };
    if let Error::DatabaseError(UniqueViolation, _) = error {
        FailureKind::Duplicate
    } else if let Error::DatabaseError(ClosedConnection | UnableToSendCommand, _)
    | Error::BrokenTransactionManager = error
    {
        FailureKind::Broken
    } else if let Error::DatabaseError(SerializationFailure | Unknown, _) = error {
        // Deadlocks, lock timeouts and a killed backend all come without a kind.
        FailureKind::Contention
    } else {
        FailureKind::Other
    }
}
