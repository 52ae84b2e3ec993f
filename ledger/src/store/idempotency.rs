//! The idempotency records of everything that is not a redemption.

use diesel::sql_types::{BigInt, Binary, SmallInt, Text};

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    both RecordedAnswer<'a> { scope: i64, key_hash: &'a [u8] } -> (Binary, SmallInt, Text);
    "SELECT request_mac, answer_status, answer FROM idempotency_records
     WHERE scope = " [scope: BigInt] " AND key_hash = " [key_hash: Binary]
}

statement! {
    both RecordAnswer<'a> {
        scope: i64, key_hash: &'a [u8], request: &'a [u8], status: i16, answer: &'a str, now: i64,
    };
    "INSERT INTO idempotency_records (scope, key_hash, request_mac, answer_status, answer, created_at)
     VALUES (" [scope: BigInt] ", " [key_hash: Binary] ", " [request: Binary] ", "
    [status: SmallInt] ", " [answer: Text] ", " [now: BigInt] ")"
}

/// An answer that was given before: the request's hash, the status, the body.
pub(crate) type AnswerRow = (Vec<u8>, i16, String);

impl Connection {
    /// The answer that this scope's key was given before.
    pub(crate) fn recorded_answer(
        &mut self,
        scope: i64,
        key_hash: &[u8],
    ) -> Result<Option<AnswerRow>, StoreError> {
        self.first(RecordedAnswer { scope, key_hash })
    }

    /// Records an answer, for good.
    pub(crate) fn record_answer(
        &mut self,
        (scope, key_hash): (i64, &[u8]),
        request: &[u8],
        (status, answer): (i16, &str),
        now: i64,
    ) -> Result<(), StoreError> {
        self.execute(RecordAnswer { scope, key_hash, request, status, answer, now }).map(|_| ())
    }
}
