//! The errors of a use case.

use crate::store::StoreError;

/// Why nothing is known to have been done.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Nothing was done: too much is waiting, or the database is not there. Worth another try.
    #[error("the service is not able to answer now; nothing was done")]
    Unavailable,
    /// It may have been done or not. The same request again is safe, and finds out.
    #[error("it is not known whether this was done; send the same request again")]
    Unknown,
    /// The database could not be read or written; nothing was done.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Commit(_) => Self::Unknown,
            StoreError::Connect(_)
            | StoreError::Pool(_)
            | StoreError::Statement(_)
            | StoreError::File(_)
            | StoreError::Corrupt(_)
            | StoreError::Migrate(_)
            | StoreError::Url(_) => Self::Store(error),
        }
    }
}
