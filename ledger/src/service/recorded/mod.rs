//! Recorded time: when things are said to have happened.
//!
//! On `PostgreSQL` it is the database's clock, which all nodes share; a batch reads it in the statement that
//! reads what it stands on. On `SQLite` it is the machine's. Either way it never goes back, within a
//! process and across restarts: a start with a clock behind what was recorded last goes on from there at half
//! pace, and one that is far behind is refused until somebody accepts it. While a clock has been set by more
//! than a little, or differs from the database's, nothing is decided.

mod course;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::time::{ClockId, clock_gettime};

use crate::domain::calendar::Instant;
use crate::store::connection::{Connection, Purpose};
use crate::store::{Backend, DatabaseUrl, StoreError};

use super::clock::Clock;
use super::error::Trouble;
use super::sealer;
use course::Course;

/// How far the machine's clock may be from the database's.
const MOST_SKEW_MILLIS: u64 = 2_000;
/// How far a clock may be behind what was recorded last.
const MOST_BEHIND_MILLIS: i64 = 2 * 24 * 3_600_000;

/// Why the ledger is not opened with this clock.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// It is not the database's.
    #[error(
        "this machine's clock is {millis} ms away from the database's; {MOST_SKEW_MILLIS} ms are allowed\n\
         hint: have both set by the same time server"
    )]
    Skewed {
        /// How far.
        millis: u64,
    },
    /// It is far behind what is recorded.
    #[error(
        "the clock says {now}, and {last} is recorded already: more than two days later\n\
         hint: set the clock right; if it is right, \
         `pos-api serve --accept-clock \"REASON\"` goes on from it and records that"
    )]
    Behind {
        /// The clock.
        now: String,
        /// What was recorded last.
        last: String,
    },
    /// The database can't be asked.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for ClockError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Why nothing is decided now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClockTrouble {
    /// The machine's clock differs from the database's.
    Skewed,
    /// The clock was set by more than a little.
    Stepped,
}

/// What a clock is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// Nothing: it is set by hand.
    ByHand,
    /// The machine's uptime.
    Machine,
    /// The database's clock.
    Database,
}

/// The clock of what is recorded.
#[derive(Debug)]
pub(super) struct RecordedClock {
    own: Arc<dyn Clock>,
    base: Base,
    course: Mutex<Course>,
    skewed: AtomicBool,
}

impl RecordedClock {
    /// The clock of this database, going on from what is recorded in it.
    pub(super) fn open(
        connection: &mut Connection,
        own: Arc<dyn Clock>,
    ) -> Result<Self, ClockError> {
        let base = match (own.is_real(), connection.backend()) {
            (false, _) => Base::ByHand,
            (true, Backend::Sqlite) => Base::Machine,
            (true, Backend::Postgres) => Base::Database,
        };
        // Before the clock: other nodes go on recording.
        let last = match base {
            Base::ByHand => None,
            Base::Machine | Base::Database => connection.recorded_to()?,
        };
        let (now, skew) = read(connection, &*own, base)?;
        if skew > MOST_SKEW_MILLIS {
            return Err(ClockError::Skewed { millis: skew });
        }
        let last = last.unwrap_or(now);
        if behind(now, last) > MOST_BEHIND_MILLIS {
            return Err(ClockError::Behind { now: now.rfc3339(), last: last.rfc3339() });
        }
        let course = Course::begin((now.as_millis(), uptime()), last.as_millis());
        if course.is_late() {
            let (now, last) = (now.rfc3339(), last.rfc3339());
            tracing::error!(%now, %last, "the clock is behind what is recorded; recorded time goes at half pace until it has caught up");
        }
        let (course, skewed) = (Mutex::new(course), AtomicBool::new(false));
        Ok(Self { own, base, course, skewed })
    }

    /// The time to record now.
    pub(super) fn now(&self) -> Instant {
        if self.base == Base::ByHand {
            return self.own.now();
        }
        let mut course = self.course();
        let uptime = uptime();
        if self.base == Base::Machine {
            Self::follow(&mut course, (self.own.now().as_millis(), uptime));
        }
        let base = course.base_at(uptime);
        Self::record(&mut course, base)
    }

    /// The time to record for what was read at `theirs` by the database's clock, where it has one.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`] when that clock was set, or it is long ago.
    pub(super) fn at(&self, theirs: Option<Instant>) -> Result<Instant, Trouble> {
        let (Base::Database, Some(theirs)) = (self.base, theirs) else { return Ok(self.now()) };
        let mut course = self.course();
        if !course.agrees(theirs.as_millis(), uptime()) {
            return Err(Trouble::Unavailable);
        }
        Ok(Self::record(&mut course, theirs.as_millis()))
    }

    /// Whether anything may be decided.
    pub(super) fn check(&self) -> Result<(), ClockTrouble> {
        if self.base == Base::Machine {
            // Looking at it is what finds that it was set.
            self.now();
        }
        if self.skewed.load(Ordering::Acquire) {
            return Err(ClockTrouble::Skewed);
        }
        if self.course().has_stepped() { Err(ClockTrouble::Stepped) } else { Ok(()) }
    }

    /// Holds the clock against the database's, where that has one: to be called every few seconds.
    pub(super) fn compare(&self, connection: &mut Connection) -> Result<(), StoreError> {
        if self.base != Base::Database {
            return Ok(());
        }
        let (theirs, skew) = read(connection, &*self.own, self.base)?;
        let skewed = skew > MOST_SKEW_MILLIS;
        if self.skewed.swap(skewed, Ordering::AcqRel) != skewed {
            tell("this machine's clock is the database's", !skewed);
        }
        Self::follow(&mut self.course(), (theirs.as_millis(), uptime()));
        Ok(())
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(course: &mut Course, (base, uptime): (i64, i64)) {
        let before = course.has_stepped();
        course.follow(base, uptime);
        if before != course.has_stepped() {
            tell("the clock goes on as it did at the start", before);
        }
    }

    fn record(course: &mut Course, base: i64) -> Instant {
        let before = course.is_late();
        let now = course.record(base);
        if before && !course.is_late() {
            tracing::info!("the clock has caught up with what is recorded");
        }
        Instant::from_millis(now)
    }
}

/// Begins an era at the clock's time, where that is so far behind what is recorded that a start is refused;
/// `reason` is recorded with it. Otherwise nothing is done, and the answer is `false`.
///
/// # Errors
/// [`ClockError`] when the database can't be asked, or has another time.
pub fn accept_clock(
    url: &DatabaseUrl,
    clock: &dyn Clock,
    reason: &str,
) -> Result<bool, ClockError> {
    let mut connection = Connection::open(url, Purpose::General)?;
    let base = match url.backend() {
        Backend::Sqlite => Base::Machine,
        Backend::Postgres => Base::Database,
    };
    let (now, skew) = read(&mut connection, clock, base)?;
    if skew > MOST_SKEW_MILLIS {
        return Err(ClockError::Skewed { millis: skew });
    }
    let far_behind =
        |last: Option<Instant>| last.filter(|last| behind(now, *last) > MOST_BEHIND_MILLIS);
    if far_behind(connection.recorded_to()?).is_none() {
        return Ok(false);
    }
    // What was decided before belongs to the log before the era.
    while connection.transaction(|tx| sealer::seal_slice(tx, now, i64::MAX))? {}
    connection.transaction(|tx| {
        tx.lock_log_head()?;
        let Some(last) = far_behind(tx.recorded_to()?) else { return Ok(false) };
        tx.begin_era(now, last, reason)?;
        tracing::error!(now = %now.rfc3339(), last = %last.rfc3339(), reason, "a clock that is behind what is recorded was accepted");
        Ok(true)
    })
}

/// The base clock's time, and how far the machine's is from it, in milliseconds: at least so far, however
/// long the answer took.
fn read(
    connection: &mut Connection,
    own: &dyn Clock,
    base: Base,
) -> Result<(Instant, u64), StoreError> {
    let before = own.now();
    let theirs = match base {
        Base::Database => connection.server_clock()?,
        Base::ByHand | Base::Machine => None,
    };
    let Some(theirs) = theirs else { return Ok((before, 0)) };
    let after = own.now();
    let nearest = theirs.clamp(before.min(after), after.max(before));
    Ok((theirs, nearest.as_millis().abs_diff(theirs.as_millis())))
}

/// Logs that what has to hold for anything to be decided holds again, or no longer.
fn tell(what: &str, holds: bool) {
    let so = if holds { "it holds again" } else { "nothing is decided, as it no longer holds" };
    tracing::error!("{so} that {what}");
}

fn behind(now: Instant, last: Instant) -> i64 {
    last.as_millis().saturating_sub(now.as_millis())
}

/// Milliseconds since the machine was started, the time it slept with them.
fn uptime() -> i64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec.div_euclid(1_000_000))
}
