//! What was recorded last, by which time goes on at a start; and the eras, which begin where a clock that
//! was far behind it was accepted.

use diesel::sql_types::{BigInt, Nullable, Text};

use crate::domain::calendar::Instant;

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    // What is sealed was decided by the head's time; what is not sealed yet says it itself.
    both RecordedTo {} -> (BigInt, Nullable<BigInt>);
    "SELECT recorded_to, (SELECT MAX(created_at) FROM batches WHERE log_start IS NULL)
     FROM log_head WHERE id = 1"
}

statement! {
    both BeginEra<'a> { began_at: i64, recorded_to: i64, reason: &'a str };
    "INSERT INTO clock_eras (era_no, began_at, recorded_to, log_size, reason)
     SELECT (SELECT COUNT(*) FROM clock_eras) + 1, " [began_at: BigInt] ", "
    [recorded_to: BigInt] ", size, " [reason: Text] " FROM log_head WHERE id = 1"
}

statement! {
    both SetRecordedTo { now: i64 };
    "UPDATE log_head SET recorded_to = " [now: BigInt] " WHERE id = 1"
}

impl Connection {
    /// The latest time at which anything was decided; `None` before the first.
    pub(crate) fn recorded_to(&mut self) -> Result<Option<Instant>, StoreError> {
        let row: Option<(i64, Option<i64>)> = self.first(RecordedTo {})?;
        let (sealed, unsealed) = row.ok_or_else(|| StoreError::corrupt("the log has no head"))?;
        let last = unsealed.map_or(sealed, |unsealed| unsealed.max(sealed));
        Ok((last > 0).then_some(Instant::from_millis(last)))
    }

    /// Begins an era at `now`, although something was recorded at `last`. Everything is sealed, and the
    /// log's head is locked.
    pub(crate) fn begin_era(
        &mut self,
        now: Instant,
        last: Instant,
        reason: &str,
    ) -> Result<(), StoreError> {
        let (began_at, recorded_to) = (now.as_millis(), last.as_millis());
        self.execute(BeginEra { began_at, recorded_to, reason })?;
        self.execute(SetRecordedTo { now: began_at }).map(|_| ())
    }
}
