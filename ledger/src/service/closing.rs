//! Closing the days that banks marked, each bank's by itself.
//!
//! Requests that read the old day just before the mark may still be under way: the day stays
//! `closing` until none can be, and until everything that was visible then is sealed. So no purchase
//! falls between two settlements.
//!
//! Whoever dates something by a bank's day first holds the batches' lock (`Connection::begin`; a guarded
//! batch takes it before it reads the registry's revision again). The mark is committed by now, so that
//! only those transactions can have read the day as open that hold the lock at this moment. Nothing of
//! this is stored: after a restart, and in a restored dump, the holders are listed anew.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use crate::domain::bank::BankId;
use crate::domain::calendar::{Date, Instant};
use crate::domain::settlement::SettlementReference;
use crate::store::StoreError;
use crate::store::banks::BankRecord;
use crate::store::connection::Connection;
use crate::store::days::Writer;
use crate::store::settlements::{DaySum, NewIssuerPart, NewSettlement};

use super::error::Trouble;
use super::ids::IdSource;
use super::shared::Shared;

/// After a failure a day is tried again so much later, and after each further one twice that.
const FIRST_REST: Duration = Duration::from_secs(1);
/// But no more than this.
const LONGEST_REST: Duration = Duration::from_mins(1);
/// A transaction that holds the batches for so long after the mark is one that somebody has to end.
const PATIENCE: Duration = Duration::from_secs(10);

type BankDay = (BankId, Date);

/// Closes marked days, and remembers how far each has come.
#[derive(Debug, Default)]
pub(super) struct DayCloser {
    days: HashMap<BankDay, Progress>,
}

/// How far a marked day has come, in this process.
#[derive(Debug)]
struct Progress {
    stage: Stage,
    failures: u32,
    /// When it is looked at again after a failure.
    again: Option<Stopwatch>,
    /// When it is said that somebody is in the way.
    alarm: Stopwatch,
}

/// What a marked day waits for.
#[derive(Debug)]
enum Stage {
    /// Nobody was looked for yet.
    Marked,
    /// For these transactions, which may have read it as open.
    Ends(HashSet<Writer>),
    /// For this batch to be sealed: the last one in the sealer's order that was visible when the last of
    /// them had ended. Under load there are always later ones, which are of later days.
    Seals(i64),
    /// For nothing.
    Complete,
}

impl Progress {
    fn new() -> Self {
        let now = Stopwatch::now();
        let alarm = now.checked_add(PATIENCE).unwrap_or(now);
        Self { stage: Stage::Marked, failures: 0, again: None, alarm }
    }

    /// `true` when the day is closed, `false` when it is not complete yet.
    fn try_to_close(&mut self, shared: &Arc<Shared>, day: BankDay) -> Result<bool, Trouble> {
        let complete = shared.read_own(|connection| self.go_on(connection))?;
        if complete {
            close(shared, day)?;
        }
        Ok(complete)
    }

    /// Goes as far as it can now; `true` when the day is complete.
    fn go_on(&mut self, connection: &mut Connection) -> Result<bool, StoreError> {
        loop {
            self.stage = match &mut self.stage {
                Stage::Marked => {
                    Stage::Ends(connection.writers_of_batches()?.into_iter().collect())
                }
                Stage::Ends(before) => {
                    if !before.is_empty() {
                        let mut now = connection.writers_of_batches()?;
                        // Whoever is prepared may have been one of them, and has another name now.
                        now.retain(|writer| before.contains(writer) || writer.process.is_none());
                        *before = now.into_iter().collect();
                    }
                    if !before.is_empty() {
                        return Ok(false);
                    }
                    // What they wrote is visible to this look, which is later.
                    let last = connection.last_unsealed_batch()?;
                    last.map_or(Stage::Complete, Stage::Seals)
                }
                Stage::Seals(last) if !connection.is_sealed(*last)? => return Ok(false),
                // The sealer goes by ids: all before it are sealed, too.
                Stage::Seals(_) => Stage::Complete,
                Stage::Complete => return Ok(true),
            };
        }
    }

    /// Who has been in the way for too long; named again only after as long a time.
    fn in_the_way(&mut self) -> Option<String> {
        let Stage::Ends(before) = &self.stage else { return None };
        let now = Stopwatch::now();
        if now < self.alarm {
            return None;
        }
        self.alarm = now.checked_add(LONGEST_REST).unwrap_or(now);
        Some(match before.iter().find_map(|writer| writer.process) {
            Some(process) => {
                format!("waits for a transaction of the database's process {process}")
            }
            None => "waits for a prepared transaction of the database".to_owned(),
        })
    }

    /// Rests after a failure, longer each time.
    fn rest(&mut self) {
        let doubled = 1_u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX);
        let rest = FIRST_REST.saturating_mul(doubled).min(LONGEST_REST);
        self.failures = self.failures.saturating_add(1);
        self.again = Stopwatch::now().checked_add(rest);
    }

    fn rests(&self) -> bool {
        self.again.is_some_and(|again| Stopwatch::now() < again)
    }
}

impl DayCloser {
    /// Closes every marked day that is complete, a bank's days in their order: what a merchant owes after
    /// one is carried into the next. What keeps one bank's day keeps no other bank's.
    pub(super) fn close_complete_days(&mut self, shared: &Arc<Shared>) -> Result<(), Trouble> {
        let marked = shared.read_own(Connection::closing_days)?;
        self.days.retain(|day, _| marked.contains(day));
        let mut waiting = HashSet::new();
        for day in marked {
            if waiting.contains(&day.0) || !self.close(shared, day) {
                waiting.insert(day.0);
            }
        }
        Ok(())
    }

    /// Closes a day if it is complete; `true` when closed. The reason it stays open is reported.
    fn close(&mut self, shared: &Arc<Shared>, day: BankDay) -> bool {
        let progress = self.days.entry(day).or_insert_with(Progress::new);
        if progress.rests() {
            return false;
        }
        let problem = match progress.try_to_close(shared, day) {
            Ok(true) => {
                self.days.remove(&day);
                return true;
            }
            Ok(false) => progress.in_the_way().map(|problem| (problem, None)),
            Err(error) => {
                progress.rest();
                Some((told(&error), Some(error)))
            }
        };
        if let Some((problem, error)) = problem {
            tell(day, &problem, error.as_ref());
            if note(shared, day, problem).is_err() {
                tell(day, "and that could not be noted", None);
            }
        }
        false
    }
}

/// Logs why a day is not closed.
fn tell((bank, day): BankDay, problem: &str, error: Option<&Trouble>) {
    let error = error.map(ToString::to_string).unwrap_or_default();
    tracing::warn!(bank = bank.0, %day, problem, error, "a day stays closing");
}

/// Records why a day is not closed, for later queries.
fn note(shared: &Arc<Shared>, day: BankDay, problem: String) -> Result<(), Trouble> {
    let clock = Arc::clone(&shared.clock);
    shared.write(move |tx| Ok(tx.note_trouble(day, &problem, clock.now().as_millis())?))
}

/// The text a bank sees for a failure: the fault in its data, or else a reference to the log.
fn told(error: &Trouble) -> String {
    match error {
        Trouble::Store(StoreError::Corrupt(what)) => what.clone(),
        Trouble::Store(_) | Trouble::Unavailable | Trouble::Unknown => {
            "the database failed; the service's log says how".to_owned()
        }
    }
}

/// What a merchant sold on a day, by issuer: counts and rupiah; and what it owes of the days before.
#[derive(Debug, Default)]
struct MerchantDay {
    carried: i64,
    redemptions: i64,
    reversals: i64,
    gross: i64,
    reversed: i64,
    issuers: BTreeMap<i16, i64>,
}

impl MerchantDay {
    fn sold(&mut self, issuer: i16, count: i64, sum: i64) {
        self.redemptions = self.redemptions.saturating_add(count);
        self.gross = self.gross.saturating_add(sum);
        let net = self.issuers.entry(issuer).or_default();
        *net = net.saturating_add(sum);
    }

    fn taken_back(&mut self, issuer: i16, count: i64, sum: i64) {
        self.reversals = self.reversals.saturating_add(count);
        self.reversed = self.reversed.saturating_add(sum);
        let net = self.issuers.entry(issuer).or_default();
        *net = net.saturating_sub(sum);
    }
}

fn close(shared: &Arc<Shared>, (bank, day): BankDay) -> Result<(), Trouble> {
    // The day changes no more, so its sums may be read before the transaction that records them.
    let (sold, taken_back, left, banks) = shared.read_own(|connection| {
        connection.snapshot(|tx| {
            tx.read_by_keys()?;
            let left = tx.left_before((bank, 0), day)?;
            let sold = tx.sold_on(bank, day)?;
            let taken_back = tx.taken_back_on(bank, day)?;
            Ok::<_, StoreError>((sold, taken_back, left, tx.banks()?))
        })
    })?;
    let record = banks.into_iter().find(|record| record.id == bank);
    let record = record.ok_or_else(|| StoreError::corrupt("a closing day's bank is not there"))?;
    let merchants = Arc::new(by_merchant(&sold, &taken_back, &left));
    let (clock, ids) = (Arc::clone(&shared.clock), Arc::clone(&shared.ids));
    shared.write(move |tx| record_day(tx, &ids, (&record, day), &merchants, clock.now()))
}

fn by_merchant(
    sold: &[DaySum],
    taken_back: &[DaySum],
    left: &[(i64, i64)],
) -> BTreeMap<i64, MerchantDay> {
    let mut merchants: BTreeMap<i64, MerchantDay> = BTreeMap::new();
    for (merchant, issuer, count, sum) in sold {
        merchants.entry(*merchant).or_default().sold(*issuer, *count, *sum);
    }
    for (merchant, issuer, count, sum) in taken_back {
        merchants.entry(*merchant).or_default().taken_back(*issuer, *count, *sum);
    }
    // Who neither sold nor took back has no settlement, and goes on owing.
    for (merchant, left) in left {
        if let Some(day) = merchants.get_mut(merchant) {
            day.carried = *left;
        }
    }
    merchants
}

fn record_day(
    tx: &mut Connection,
    ids: &IdSource,
    (bank, day): (&BankRecord, Date),
    merchants: &BTreeMap<i64, MerchantDay>,
    now: Instant,
) -> Result<(), Trouble> {
    let size = tx.log_size()?;
    if !tx.set_closed((bank.id, day), size, now.as_millis())? {
        return Ok(());
    }
    let block = ids.block(merchants.len().max(1), 0, now)?;
    let (mut settlements, mut parts) = (Vec::new(), Vec::new());
    for ((merchant, sums), number) in merchants.iter().zip(1_u32..) {
        let reference = SettlementReference::new(&bank.clearing_code, day, number);
        let reference = reference.ok_or_else(|| {
            let code = &bank.clearing_code;
            StoreError::corrupt(format!(
                "no reference for settlement {number} of {day} at the bank with clearing code `{code}`"
            ))
        })?;
        let id = block.id(i64::from(number).saturating_sub(1));
        let count = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
        settlements.push(NewSettlement {
            id,
            bank_id: bank.id.0,
            merchant_id: *merchant,
            business_date: day.as_number(),
            reference: reference.to_string(),
            redemptions: count(sums.redemptions),
            reversals: count(sums.reversals),
            gross: sums.gross,
            reversed: sums.reversed,
            carried: sums.carried,
        });
        let part = |(issuer, net): (&i16, &i64)| NewIssuerPart {
            settlement_id: id,
            issuer: *issuer,
            net: *net,
        };
        parts.extend(sums.issuers.iter().map(part));
    }
    NewSettlement::insert_all(tx, settlements)?;
    NewIssuerPart::insert_all(tx, parts)?;
    Ok(())
}

#[cfg(test)]
mod tests;
