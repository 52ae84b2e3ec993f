//! What recordings of banks' files left behind, against the hashes and events that were kept of them.

use rust_decimal::Decimal;

use crate::domain::calendar::Instant;
use crate::domain::kept::KeptHash;
use crate::domain::resolution::Resolution;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::verify::{ExceptionStep, ReconciledRow, RecordingRow};

use super::super::reconciling::differences::{CLEARED, OPEN, PROPOSED, RESOLVED};
use super::super::reconciling::hashes;
use super::super::reconciling::held::HeldLine;
use super::dates::Eras;
use super::{Check, Run, require};

/// Checks reconciliations and differences.
pub(super) fn run(run: &mut Run<'_>) -> Result<(), StoreError> {
    run.check("reconciliations", |connection, check| {
        recorded_files(connection, check)?;
        outcomes(connection, check)?;
        check.note_rules(connection.broken_reconciliations()?);
        Ok(())
    })?;
    run.check("exceptions", |connection, check| {
        exceptions(connection, check)?;
        rows_of_exceptions(connection, check)?;
        check.note_rules(connection.broken_exceptions()?);
        Ok(())
    })
}

/// A recording while its files go by.
struct Recording {
    reconciliation: i64,
    at: i64,
    stated: Option<Vec<u8>>,
    files: KeptHash,
}

impl Recording {
    fn judge(&self) -> Result<(), String> {
        require(self.stated.as_deref() == Some(self.files.bytes()), || {
            format!(
                "reconciliations {}: its files are not those that were recorded",
                self.reconciliation
            )
        })
    }
}

fn recorded_files(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    let mut recording: Option<Recording> = None;
    connection.each_recording(&mut |(key, hash, (name, format, profile)): RecordingRow| {
        let (reconciliation, at, is_file, id) = key;
        if is_file == 0 {
            let files = KeptHash::default();
            let next = Recording { reconciliation, at, stated: hash, files };
            if let Some(before) = recording.replace(next) {
                check.note(before.judge());
            }
            return Ok(());
        }
        let of = recording.as_mut();
        match of.filter(|of| (of.reconciliation, of.at) == (reconciliation, at)) {
            Some(of) => {
                let texts = (name.as_str(), format.as_str(), profile.as_deref());
                hashes::file(&mut of.files, id, &hash.unwrap_or_default(), texts);
            }
            None => check.note(Err(format!("bank_files {id}: no recording brought it then"))),
        }
        Ok(())
    })?;
    check.note(recording.map_or(Ok(()), |last| last.judge()));
    Ok(())
}

/// A reconciliation while its outcomes and used-up rows go by.
struct Left {
    id: i64,
    stated: Option<Vec<u8>>,
    hash: KeptHash,
}

impl Left {
    fn judge(&self) -> Result<(), String> {
        require(self.stated.as_deref() == Some(self.hash.bytes()), || {
            format!(
                "reconciliations {}: its row, outcomes or used-up rows are not what was recorded",
                self.id
            )
        })
    }
}

fn outcomes(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    let mut left: Option<Left> = None;
    connection.each_reconciled_row(&mut |row: ReconciledRow| {
        let ((id, kind, number, amount), (first, second, third, bank), stated) = row;
        if kind == 0 {
            let mut hash = KeptHash::default();
            hashes::header(&mut hash, (number, amount.unwrap_or(0)), &first);
            if let Some(before) = left.replace(Left { id, stated, hash }) {
                check.seen(before.judge());
            }
        } else if let Some(left) = &mut left {
            if kind == 1 {
                let texts = (first.as_str(), second.as_str(), third.as_str());
                hashes::outcome(&mut left.hash, (number, amount), texts, bank.as_deref());
            } else {
                hashes::used(&mut left.hash, &first);
            }
        }
        Ok(())
    })?;
    if let Some(last) = left {
        check.seen(last.judge());
    }
    Ok(())
}

/// A difference while its events go by.
struct Difference {
    id: i64,
    state: i64,
    found_at: i64,
    events: i64,
    decided_by: Option<i64>,
    resolution: Option<String>,
    /// What the events say so far: how many, the state, who decided, when the last was.
    seen: i64,
    followed: Option<i16>,
    decided: Option<i64>,
    last_at: i64,
}

impl Difference {
    fn happens(
        &mut self,
        (number, at): (i64, i64),
        (event, client): (&str, Option<i64>),
        eras: &Eras,
    ) -> Result<(), String> {
        self.seen = self.seen.saturating_add(1);
        let about = || format!("exception_events of {} ({number})", self.id);
        require(number == self.seen, || format!("{}: one before it is missing", about()))?;
        let may_follow = eras.latest_before(Instant::from_millis(at)).as_millis() >= self.last_at;
        require(may_follow, || format!("{}: it happened before the one before", about()))?;
        require((event == "found") == (number == 1), || {
            format!("{}: a difference is found first, and once", about())
        })?;
        require(number != 1 || at == self.found_at, || {
            format!("exceptions {}: it was found at another time", self.id)
        })?;
        self.last_at = at;
        let (state, decided) = match event {
            "found" | "changed" => (OPEN, None),
            "proposed" => (PROPOSED, client),
            "resolved" => (RESOLVED, client),
            "cleared" => (CLEARED, self.decided),
            "note" => return Ok(()),
            _ => return Err(format!("{}: there is no event `{event}`", about())),
        };
        (self.followed, self.decided) = (Some(state), decided);
        Ok(())
    }

    fn judge(&self) -> Result<(), String> {
        let at = |what: &str| format!("exceptions {}: {what}", self.id);
        require(self.seen == self.events, || at("it does not count its events"))?;
        require(self.followed.map(i64::from) == Some(self.state), || {
            at("its state is not what its events say")
        })?;
        require(self.decided == self.decided_by, || {
            at("its events say that somebody else decided")
        })?;
        let name = self.resolution.as_deref();
        require(self.decided.is_some() == name.is_some(), || {
            at("its decision is missing, or there is one too many")
        })?;
        require(name.is_none_or(|name| Resolution::named(name).is_some()), || {
            at("there is no such decision")
        })
    }
}

/// An open difference while its rows go by: what the bank paid, and what they come to so far.
struct Paid {
    id: i64,
    stated: Option<String>,
    sum: Option<Decimal>,
}

impl Paid {
    fn add(&mut self, amount: &str) {
        let amount = amount.parse::<Decimal>().ok();
        self.sum = self.sum.zip(amount).and_then(|(sum, amount)| sum.checked_add(amount));
    }

    fn judge(&self) -> Result<(), String> {
        let stated = match self.stated.as_deref() {
            Some(stated) => stated.parse().ok(),
            None => Some(Decimal::ZERO),
        };
        require(self.sum.is_some() && self.sum == stated, || {
            format!("exceptions {}: its rows are not what the bank paid", self.id)
        })
    }
}

fn rows_of_exceptions(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    let mut paid: Option<Paid> = None;
    connection.each_row_of_exceptions(&mut |(id, stated, amount)| {
        if paid.as_ref().is_none_or(|paid| paid.id != id) {
            let next = Paid { id, stated, sum: Some(Decimal::ZERO) };
            check.note(paid.replace(next).map_or(Ok(()), |before| before.judge()));
        }
        if let (Some(paid), Some(amount)) = (&mut paid, amount) {
            paid.add(&amount);
        }
        Ok(())
    })?;
    check.note(paid.map_or(Ok(()), |last| last.judge()));
    Ok(())
}

/// Whether the ledger's lines of an open difference come to what it says is due.
fn lines_add_up(id: i64, state: i64, (lines, due): (&str, Option<i64>)) -> Result<(), String> {
    let sum = HeldLine::read(lines).ok().map(|lines| {
        let amounts = lines.iter().map(|line| line.amount);
        (!lines.is_empty()).then(|| amounts.fold(0, i64::saturating_add))
    });
    let is_open = state == i64::from(OPEN) || state == i64::from(PROPOSED);
    require(sum.is_some_and(|sum| !is_open || sum == due), || {
        format!("exceptions {id}: its lines are not what it says is due")
    })
}

fn exceptions(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    let eras = Eras::read(connection)?;
    let mut difference: Option<Difference> = None;
    connection.each_exception_step(&mut |(numbers, (text, more, ledger)): ExceptionStep| {
        let (id, number, state, at, events, client) = numbers;
        if number == 0 && state >= 0 {
            check.note(lines_add_up(id, state, (&text, ledger)));
            let next = Difference {
                id,
                state,
                found_at: at,
                events,
                decided_by: client,
                resolution: Some(more).filter(|name| !name.is_empty()),
                seen: 0,
                followed: None,
                decided: None,
                last_at: i64::MIN,
            };
            if let Some(before) = difference.replace(next) {
                check.seen(before.judge());
            }
            return Ok(());
        }
        check.note(match difference.as_mut().filter(|of| of.id == id) {
            Some(of) => of.happens((number, at), (&text, client), &eras),
            None => Err(format!("exception_events of {id}: there is no such difference")),
        });
        Ok(())
    })?;
    if let Some(last) = difference {
        check.seen(last.judge());
    }
    Ok(())
}
