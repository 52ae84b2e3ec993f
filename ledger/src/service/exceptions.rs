//! Differences between the ledger and the banks, worked on by people: notes, owners, decisions.
//!
//! A decision that moves or stakes more than the configured amounts is only proposed by the first
//! person, and carried out when a second one decides the same.

pub(super) mod decision;

use std::sync::Arc;

use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::{AccountId, RowId};
use crate::domain::matching::{MatchStatus, Severity};
use crate::domain::money::Rupiah;
use crate::domain::resolution::{FourEyes, NotApplicable, Resolution};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::exceptions::{ExceptionRow, NewExceptionEvent};

use super::error::Trouble;
use super::history::Reader;
use super::ledger::Ledger;
use super::reconciling::differences::{CLEARED, OPEN, PROPOSED, RESOLVED, is_open};
use super::reconciling::{may_see, scope};
use super::shared::Contended;
use decision::Decision;

/// What decisions may move without a second person, where nothing else is configured.
pub const FOUR_EYES_ABOVE: FourEyes =
    FourEyes { decision: rupiah(1_000_000), day: rupiah(10_000_000) };

const fn rupiah(amount: i64) -> Rupiah {
    match Rupiah::new(amount) {
        Ok(limit) => limit,
        Err(_below) => Rupiah::ZERO,
    }
}

/// Where a difference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionState {
    /// Nobody has decided.
    Open,
    /// One person has; a second one has to agree.
    Proposed,
    /// It is decided.
    Resolved,
    /// A later file explained it.
    Cleared,
}

impl ExceptionState {
    /// The state as answers write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Proposed => "proposed",
            Self::Resolved => "resolved",
            Self::Cleared => "cleared",
        }
    }

    const fn of_number(number: i16) -> Option<Self> {
        match number {
            OPEN => Some(Self::Open),
            PROPOSED => Some(Self::Proposed),
            RESOLVED => Some(Self::Resolved),
            CLEARED => Some(Self::Cleared),
            _ => None,
        }
    }
}

/// A difference as it is shown.
#[derive(Clone, Debug)]
pub struct ShownException {
    /// Its id.
    pub id: i64,
    /// The reconciliation that found it last.
    pub reconciliation: i64,
    /// The bank's code.
    pub bank: String,
    /// Whether it is the bank's own, and not a merchant's.
    pub is_banks: bool,
    /// Its business day (WIB).
    pub day: Date,
    /// Its key in the result.
    pub key: String,
    /// How the sides stand to each other.
    pub status: MatchStatus,
    /// What the ledger expects, in rupiah.
    pub ledger: Option<i64>,
    /// What the bank moved, as a decimal.
    pub moved: Option<String>,
    /// Both sides' rows, as they were rendered.
    pub detail: String,
    /// Where it stands.
    pub state: ExceptionState,
    /// When it was found.
    pub found_at: Instant,
    /// Whole hours since then.
    pub age_hours: u32,
    /// How urgent it is by now; nothing is when it is closed.
    pub severity: Severity,
    /// Who works on it.
    pub owner: Option<String>,
    /// The decision, proposed or made.
    pub resolution: Option<Resolution>,
    /// Who proposed or made it.
    pub decided_by: Option<String>,
}

/// Something that happened to a difference.
#[derive(Clone, Debug)]
pub struct ExceptionEvent {
    /// `found`, `changed`, `cleared`, `note`, `proposed`, `resolved`.
    pub event: String,
    /// The client that did it.
    pub client: String,
    /// When.
    pub at: Instant,
    /// What was said about it.
    pub note: String,
    /// The transfer that it posted, with the account that it is stored with.
    pub transfer: Option<(RowId, AccountId)>,
}

/// Which differences are asked for.
#[derive(Clone, Debug, Default)]
pub struct ExceptionQuery {
    /// The bank's code.
    pub bank: Option<String>,
    /// The business day.
    pub day: Option<Date>,
    /// Closed ones too.
    pub all: bool,
}

/// Why nothing is decided.
#[derive(Debug, thiserror::Error)]
pub enum NotResolved {
    /// There is no such difference for this client.
    #[error("there is no such difference")]
    NotFound,
    /// It is closed already.
    #[error("the difference is closed")]
    Closed,
    /// The same client proposed it.
    #[error("a second person has to agree")]
    SecondPerson,
    /// The decision does not fit.
    #[error(transparent)]
    NotApplicable(#[from] NotApplicable),
    /// The client's access was withdrawn.
    #[error("the client's access was withdrawn")]
    ClientRevoked,
    /// Nothing was done, or it is not known.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for NotResolved {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Contended for NotResolved {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

/// Who works on a difference.
#[derive(Clone, Copy, Debug)]
pub struct Clerk {
    /// The client's row.
    pub client: i64,
    /// What it may work on.
    pub reader: Reader,
}

impl Ledger {
    /// Up to `most` differences after the one with the id `after`.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn exceptions(
        &self,
        reader: Reader,
        query: &ExceptionQuery,
        (after, most): (i64, i64),
    ) -> Result<Vec<ShownException>, StoreError> {
        let rows = self.shared.read(|connection| {
            connection.snapshot(|tx| match scope(tx, reader, query.bank.as_deref())? {
                Some(scope) => tx.exceptions(scope, (query.day, query.all), (after, most)),
                None => Ok(Vec::new()),
            })
        })?;
        let now = self.shared.clock.now();
        rows.into_iter().map(|row| shown(row, now)).collect()
    }

    /// A difference with its history, if it is the reader's business.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    pub fn exception(
        &self,
        reader: Reader,
        id: i64,
    ) -> Result<Option<(ShownException, Vec<ExceptionEvent>)>, StoreError> {
        let found = self.shared.read(|connection| {
            connection.snapshot::<_, StoreError>(|tx| {
                let row = tx.exception(id)?.filter(|row| may_see(reader, row.view));
                row.map(|row| Ok((row, tx.exception_events(id)?))).transpose()
            })
        })?;
        let Some((row, events)) = found else { return Ok(None) };
        let event = |(_number, event, client, at, note, transfer, anchor)| {
            let transfer: Option<(i64, i64)> = Option::zip(transfer, anchor);
            let transfer = transfer.map(|(id, anchor)| (RowId(id), AccountId(anchor)));
            ExceptionEvent { event, client, at: Instant::from_millis(at), note, transfer }
        };
        let events = events.into_iter().map(event).collect();
        Ok(Some((shown(row, self.shared.clock.now())?, events)))
    }

    /// Writes a note on a difference, and who works on it.
    ///
    /// # Errors
    /// [`NotResolved`]; then nothing was done, unless it says that it is not known.
    pub fn note_exception(
        &self,
        clerk: Clerk,
        id: i64,
        (note, owner): (String, Option<String>),
    ) -> Result<(), NotResolved> {
        let clock = Arc::clone(&self.shared.clock);
        self.shared.write(move |tx| {
            let mut row = locked(tx, clerk, id)?;
            if owner.is_some() {
                row.owner.clone_from(&owner);
            }
            let told = Told { event: "note", note: &note, transfer: None, amount: 0 };
            tell(tx, &mut row, (clerk.client, clock.now()), told)
        })
    }

    /// Decides a difference, or proposes the decision where a second person has to agree: the
    /// difference as it is then. The same client's same decision again changes nothing.
    ///
    /// # Errors
    /// [`NotResolved`]; then nothing was done, unless it says that it is not known.
    pub fn resolve_exception(
        &self,
        clerk: Clerk,
        id: i64,
        (resolution, reason): (Resolution, String),
    ) -> Result<ShownException, NotResolved> {
        let (clock, ids) = (Arc::clone(&self.shared.clock), Arc::clone(&self.shared.ids));
        let limits = self.four_eyes_above;
        self.shared.write(move |tx| {
            // One decision of a client at a time: its day is added up.
            tx.lock_client(clerk.client)?;
            let row = locked(tx, clerk, id)?;
            let decision = Decision { clerk, resolution, reason: &reason, limits };
            let mut row = decision.take(tx, &ids, row, clock.now())?;
            row.decider = tx.exception(id)?.and_then(|row| row.decider);
            Ok(shown(row, clock.now())?)
        })
    }

    /// What each bank owes each other for purchases of a closed day at the other's merchants: issuer,
    /// acquirer, rupiah.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    pub fn net_positions(&self, day: Date) -> Result<Vec<(String, String, i64)>, StoreError> {
        self.shared.read_long(|connection| connection.net_positions(day))
    }
}

fn locked(tx: &mut Connection, clerk: Clerk, id: i64) -> Result<ExceptionRow, NotResolved> {
    if !tx.client_stands(clerk.client)? {
        return Err(NotResolved::ClientRevoked);
    }
    let row = tx.lock_exception(id)?;
    row.filter(|row| may_see(clerk.reader, row.view)).ok_or(NotResolved::NotFound)
}

/// Something recorded about a difference.
struct Told<'a> {
    event: &'a str,
    note: &'a str,
    transfer: Option<(RowId, AccountId)>,
    /// Rupiah that a decision moved in all.
    amount: i64,
}

/// Writes the row as it is, and what happened. The number goes by what is there, so that a row that
/// does not fit its events is mended by the next one.
fn tell(
    tx: &mut Connection,
    row: &mut ExceptionRow,
    (client, now): (i64, Instant),
    told: Told<'_>,
) -> Result<(), NotResolved> {
    let read = row.events;
    row.events = read.max(tx.last_exception_event(row.id)?).saturating_add(1);
    if !tx.update_exception(row, read)? {
        return Err(Trouble::Unavailable.into());
    }
    let event = NewExceptionEvent {
        exception_id: row.id,
        number: row.events,
        event: told.event.to_owned(),
        client_id: client,
        created_at: now.as_millis(),
        note: told.note.to_owned(),
        transfer_id: told.transfer.map(|(id, _)| id.0),
        anchor_id: told.transfer.map(|(_, anchor)| anchor.0),
        amount: told.amount,
    };
    Ok(NewExceptionEvent::insert_all(tx, vec![event])?)
}

fn shown(row: ExceptionRow, now: Instant) -> Result<ShownException, StoreError> {
    let corrupt = |what: &str| StoreError::corrupt(format!("exception {}: {what}", row.id));
    let status = MatchStatus::named(&row.status).ok_or_else(|| corrupt("its status is unknown"))?;
    let state =
        ExceptionState::of_number(row.state).ok_or_else(|| corrupt("its state is unknown"))?;
    let millis = now.as_millis().saturating_sub(row.found_at).max(0);
    let age_hours = u32::try_from(millis / 3_600_000).unwrap_or(u32::MAX);
    let severity = if is_open(row.state) { status.severity(age_hours) } else { Severity::None };
    let resolution = row
        .resolution
        .as_deref()
        .map(|name| Resolution::named(name).ok_or_else(|| corrupt("its resolution is unknown")));
    Ok(ShownException {
        resolution: resolution.transpose()?,
        id: row.id,
        reconciliation: row.reconciliation,
        is_banks: row.view.merchant == 0,
        bank: row.bank_code,
        day: row.day,
        key: row.key,
        status,
        ledger: row.ledger,
        moved: row.bank,
        detail: row.detail,
        state,
        found_at: Instant::from_millis(row.found_at),
        age_hours,
        severity,
        owner: row.owner,
        decided_by: row.decider,
    })
}
