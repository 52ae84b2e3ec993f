//! Writing a reconciliation: the recording itself with its differences in one transaction, then, piece by
//! piece, what follows from it: payments and fees. A recording that is cut off in between says so, and the next
//! one of the view goes on with it first.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::calendar::{Date, Instant};
use crate::domain::matching::{MatchStatus, Matching, Outcome};
use crate::domain::money::Rupiah;
use crate::domain::settlement::SettlementReference;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::kept::Neighbour;
use crate::store::payments::OwedSettlement;
use crate::store::reconciliations::{
    IN_WORK, NewBankFile, NewFileUse, NewReconciliation, NewReconciliationEvent, ReconciliationRow,
    View,
};

use super::super::error::Trouble;
use super::super::fees::{FeeRow, post_fees};
use super::super::ids::IdSource;
use super::super::paying::{Payment, pay};
use super::super::shared::Shared;
use super::brought::{count, keep_account};
use super::evidence::{Evidence, LOOKED_BACK};
use super::held::{HeldLine, HeldRow};
use super::limits::{Brought, RecordingBounds};
use super::pieces::{self, Pieces};
use super::{NotReconciled, SentFile, differences, hashes};

/// The kinds of a reconciliation's events in the store.
pub(super) const RECORDED: i16 = 1;

/// What a recording stands on.
#[derive(Debug)]
pub(super) struct Base {
    /// The reconciliation as it was read.
    pub(super) row: Option<ReconciliationRow>,
    pub(super) view: View,
    pub(super) day: Date,
    pub(super) client: i64,
    /// The view's reconciliations of the days around, and its own.
    pub(super) neighbours: Vec<Neighbour>,
}

impl Base {
    /// Whether nothing is added, only what an earlier recording left behind is written.
    pub(super) fn only_finishes(&self, new: &[usize]) -> bool {
        new.is_empty() && self.row.as_ref().is_some_and(|row| !row.is_carried_out)
    }
}

/// What the ledger's lines stand for.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) settlements: HashMap<SettlementReference, OwedSettlement>,
    pub(super) redemptions: HashMap<String, SettlementReference>,
    /// Nothing has to be paid for these, and they are posted with the day.
    pub(super) even: Vec<OwedSettlement>,
}

/// An outcome, ready to be written.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) status: MatchStatus,
    pub(super) day: Date,
    pub(super) key: String,
    pub(super) ledger: Option<i64>,
    pub(super) bank: Option<String>,
    pub(super) detail: String,
    pub(super) lines: Vec<HeldLine>,
    pub(super) rows: Vec<HeldRow>,
}

/// All that is to be written.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) base: Base,
    /// The new files.
    pub(super) files: Vec<SentFile>,
    pub(super) evidence: Evidence,
    pub(super) outcomes: Vec<Judged>,
    /// The rows that are used up.
    pub(super) rows: Vec<String>,
    payments: Vec<Payment>,
    fees: Vec<FeeRow>,
    covered_to: Date,
    hash: [u8; 32],
    summary: String,
}

impl Prepared {
    pub(super) fn of(
        base: Base,
        (evidence, files): (Evidence, Vec<SentFile>),
        (matching, texts, summary): (&Matching, Vec<String>, String),
        known: &Known,
    ) -> Self {
        let texts = matching.outcomes().zip(texts);
        let outcomes: Vec<Judged> =
            texts.map(|(outcome, text)| judged(outcome, text, known)).collect();
        let closed = || matching.outcomes().filter(|outcome| outcome.status().is_closed());
        let used = closed().flat_map(Outcome::rows).map(|row| row.fingerprint().to_string());
        let rows = used.collect();
        // A merchant's own view says nothing about what the bank has paid others or posts.
        let posts = base.view.merchant == 0;
        let payments = if posts { payments(matching, known) } else { Vec::new() };
        let taken = outcomes.iter().filter(|outcome| posts && outcome.status.is_closed());
        let fees = taken.flat_map(|outcome| HeldRow::fees(&outcome.rows)).collect();
        let covered_to = matching.terms().covered_to;
        let hash = matching.hash();
        Self { base, files, evidence, outcomes, rows, payments, fees, covered_to, hash, summary }
    }

    /// What the recording brings.
    pub(super) fn brought(&self) -> Brought {
        let sizes = self.files.iter().map(|file| u64::try_from(file.content.len()));
        let about_rows = self
            .outcomes
            .iter()
            .filter(|outcome| outcome.status.is_exception() && !outcome.rows.is_empty());
        Brought {
            recordings: 1,
            bytes: sizes.fold(0, |sum, size| sum.saturating_add(size.unwrap_or(u64::MAX))),
            rows: self.evidence.new_rows(),
            exceptions: u64::try_from(about_rows.count()).unwrap_or(u64::MAX),
        }
    }

    /// Whether nothing is added, only what an earlier recording left behind is written.
    pub(super) fn only_finishes(&self) -> bool {
        self.files.is_empty() && self.base.only_finishes(&[])
    }

    /// Whether the recording finds no more differences than one may.
    pub(super) fn check(&self, bounds: &RecordingBounds) -> Result<(), NotReconciled> {
        let (found, most) = (self.brought().exceptions, bounds.exceptions);
        if found > most && !self.files.is_empty() {
            return Err(NotReconciled::TooManyExceptions { found, most });
        }
        Ok(())
    }
}

fn judged(outcome: Outcome<'_>, detail: String, known: &Known) -> Judged {
    let has_lines = outcome.lines().len() > 0;
    let has_rows = outcome.rows().len() > 0;
    Judged {
        status: outcome.status(),
        day: outcome.business_date(),
        key: outcome.key(),
        ledger: outcome.ledger_amount().filter(|_due| has_lines).map(Rupiah::get),
        bank: outcome
            .bank_amount()
            .filter(|_paid| has_rows)
            .map(|paid| paid.normalize().to_string()),
        detail,
        lines: HeldLine::of(outcome, known),
        rows: HeldRow::of(outcome),
    }
}

/// The settlements that are paid: by themselves, or because every redemption in them is.
fn payments(matching: &Matching, known: &Known) -> Vec<Payment> {
    let even = known.even.iter().map(|settlement| (settlement.id, settlement));
    let mut paid: BTreeMap<i64, &OwedSettlement> = even.collect();
    let mut singly: HashMap<SettlementReference, (usize, usize)> = HashMap::new();
    let mut whole: HashSet<SettlementReference> = HashSet::new();
    for outcome in matching.outcomes() {
        let is_closed = outcome.status().is_closed();
        for line in outcome.lines() {
            if let Some(reference) = line.reference() {
                whole.insert(reference);
                let settlement = known.settlements.get(&reference).filter(|_| is_closed);
                paid.extend(settlement.map(|settlement| (settlement.id, settlement)));
            } else if let Some(of) = known.redemptions.get(&line.key()) {
                let (all, closed) = singly.entry(*of).or_default();
                *all = all.saturating_add(1);
                *closed = closed.saturating_add(usize::from(is_closed));
            }
        }
    }
    // Beside a settlement that stands for itself, single redemptions say nothing about it.
    for (reference, (all, closed)) in singly {
        let is_whole = all == closed && !whole.contains(&reference);
        let settlement = known.settlements.get(&reference).filter(|_| is_whole);
        paid.extend(settlement.map(|settlement| (settlement.id, settlement)));
    }
    let unpaid = paid.into_values().filter(|settlement| settlement.paid_by.is_none());
    unpaid.map(Payment::of).collect()
}

/// Settlements that are paid, or fees that are posted, in one transaction: purchases wait for it where the
/// database has one writer.
const AT_ONCE: usize = 32;

/// Writes it all, piece by piece; the reconciliation's id. Until the first piece that counts, which is the
/// recording itself, nothing was done; from then on an error leaves the rest to the same request, sent again.
pub(super) fn carry_out(
    shared: &Shared,
    prepared: Prepared,
    bounds: RecordingBounds,
) -> Result<i64, NotReconciled> {
    let prepared = Arc::new(prepared);
    let pieces = pieces::write(shared, &prepared)?;
    let run = pieces.run;
    let (clock, ids) = (Arc::clone(&shared.clock), Arc::clone(&shared.ids));
    let first = Arc::clone(&prepared);
    let begun = shared.write(move |tx| begin(tx, &ids, (&first, &pieces), (&bounds, clock.now())));
    let (id, revision) = begun.inspect_err(|error| pieces::clear_failed(shared, run, error))?;
    let rest = follow(shared, &prepared, (id, revision));
    rest.map_err(|error| {
        tracing::error!(%error, id, "a recording is left unfinished: it goes on with the next one");
        NotReconciled::Trouble(Trouble::Unknown)
    })?;
    Ok(id)
}

/// Writes what follows from a recording: payments and fees of what it shows as paid. Each is posted once,
/// however often this is begun anew.
fn follow(
    shared: &Shared,
    prepared: &Arc<Prepared>,
    place: (i64, i32),
) -> Result<(), NotReconciled> {
    let (id, client) = (place.0, prepared.base.client);
    for payments in prepared.payments.chunks(AT_ONCE) {
        let (bank, payments) = (prepared.base.view.bank, payments.to_vec());
        let (ids, clock) = (Arc::clone(&shared.ids), Arc::clone(&shared.clock));
        shared.write::<_, NotReconciled>(move |tx| {
            lock(tx, place)?;
            let mut unpaid = Vec::with_capacity(payments.len());
            for payment in &payments {
                if !tx.is_paid(payment.settlement())? {
                    unpaid.push(*payment);
                }
            }
            Ok(pay(tx, &ids, (&unpaid, bank), (id, client, clock.now()))?)
        })?;
    }
    for fees in prepared.fees.chunks(AT_ONCE) {
        let (bank, fees) = (prepared.base.view.bank, fees.to_vec());
        let (ids, clock) = (Arc::clone(&shared.ids), Arc::clone(&shared.clock));
        shared.write::<_, NotReconciled>(move |tx| {
            lock(tx, place)?;
            Ok(post_fees(tx, &ids, (bank, &fees), (id, clock.now()))?)
        })?;
    }
    shared.write::<_, NotReconciled>(move |tx| {
        lock(tx, place)?;
        Ok(tx.recording_carried_out(id, place.1)?)
    })?;
    if let Some(before) = &prepared.base.row {
        pieces::clear_former(shared, before.result_run);
    }
    Ok(())
}

/// Locks the reconciliation, which has to be as this recording left it.
fn lock(tx: &mut Connection, (id, revision): (i64, i32)) -> Result<(), NotReconciled> {
    let row = tx.lock_reconciliation(id)?;
    let is_own = row.is_some_and(|row| row.revision == revision && !row.is_carried_out);
    if is_own { Ok(()) } else { Err(Trouble::Unavailable.into()) }
}

/// Writes the recording itself, and what it does to the differences; the reconciliation's id and revision.
fn begin(
    tx: &mut Connection,
    ids: &IdSource,
    (prepared, pieces): (&Prepared, &Pieces),
    (bounds, now): (&RecordingBounds, Instant),
) -> Result<(i64, i32), NotReconciled> {
    let Base { row, view, day, client, neighbours } = &prepared.base;
    if !tx.client_stands(*client)? {
        return Err(NotReconciled::ClientRevoked);
    }
    tx.lock_recordings(*view)?;
    let (id, revision) = match row {
        Some(before) => {
            let current = tx.lock_reconciliation(before.id)?;
            let current =
                current.ok_or_else(|| StoreError::corrupt("a reconciliation is not there"))?;
            if current.signed_at.is_some() {
                return Err(NotReconciled::SignedOff);
            }
            (before.id, before.revision.saturating_add(1))
        }
        None => (pieces.first_id, 1),
    };
    let around = (day.minus_days(LOOKED_BACK), day.plus_days(LOOKED_BACK));
    if tx.neighbours(*view, around)? != *neighbours {
        // Somebody else recorded in between; what was read is out of date.
        return Err(Trouble::Unavailable.into());
    }
    let header = NewReconciliation {
        id,
        bank_id: view.bank.0,
        merchant_id: view.merchant,
        business_date: day.as_number(),
        revision,
        state: IN_WORK,
        covered_to: prepared.covered_to.as_number(),
        result_run: pieces.run,
        result_hash: prepared.hash.to_vec(),
        summary: prepared.summary.clone(),
        recorded_at: now.as_millis(),
        recorded_by: *client,
    };
    let kept = hashes::of_recording(&header, &prepared.outcomes, &prepared.rows);
    if row.is_some() {
        tx.renew_reconciliation(&header)?;
    } else {
        NewReconciliation::insert_all(tx, vec![header])?;
    }
    keep_account(tx, prepared, now)?;
    let files = keep_files(tx, (prepared, pieces), (id, now))?;
    let event = event((id, revision), prepared, (files, kept), now);
    NewReconciliationEvent::insert_all(tx, vec![event])?;
    count(tx, prepared, bounds, (id, revision, now))?;
    explain(tx, ids, (id, prepared), now)?;
    Ok((id, revision))
}

/// Brings the differences in line, and posts what they explain with them. They come before payments: whoever
/// decided about a row after it was read ends the recording while nothing of it is done, and from now on finds
/// the differences as this recording leaves them. They are also locked before settlements are paid, as by
/// whoever decides about one.
fn explain(
    tx: &mut Connection,
    ids: &IdSource,
    (id, prepared): (i64, &Prepared),
    now: Instant,
) -> Result<(), NotReconciled> {
    let (bank, client) = (prepared.base.view.bank, prepared.base.client);
    let explained = differences::merge(tx, ids, (id, prepared), now)?;
    pay(tx, ids, (&explained.payments, bank), (id, client, now))?;
    Ok(post_fees(tx, ids, (bank, &explained.fees), (id, now))?)
}

fn event(
    (id, revision): (i64, i32),
    prepared: &Prepared,
    (files, kept): (Vec<u8>, Vec<u8>),
    now: Instant,
) -> NewReconciliationEvent {
    NewReconciliationEvent {
        reconciliation_id: id,
        revision,
        kind: RECORDED,
        client_id: prepared.base.client,
        created_at: now.as_millis(),
        result_hash: prepared.hash.to_vec(),
        files_hash: Some(files),
        kept_hash: Some(kept),
        reason: String::new(),
    }
}

/// Keeps the new files; their hash.
fn keep_files(
    tx: &mut Connection,
    (prepared, pieces): (&Prepared, &Pieces),
    (reconciliation, now): (i64, Instant),
) -> Result<Vec<u8>, StoreError> {
    let Base { view, client, .. } = &prepared.base;
    let (mut files, mut uses) = (Vec::new(), Vec::new());
    let sums = prepared.evidence.added().map(|(read, _place)| read.hash);
    for ((sent, hash), id) in prepared.files.iter().zip(sums).zip(&pieces.files) {
        let file = NewBankFile {
            id: *id,
            bank_id: view.bank.0,
            merchant_id: view.merchant,
            sha256: hash.to_vec(),
            name: sent.name.clone(),
            format: sent.format.map_or("auto", |format| format.as_str()).to_owned(),
            profile: sent.profile.clone(),
            client_id: *client,
            received_at: now.as_millis(),
        };
        uses.push(NewFileUse { reconciliation_id: reconciliation, file_id: file.id });
        files.push(file);
    }
    let hash = hashes::of_files(&files);
    NewBankFile::insert_all(tx, files)?;
    NewFileUse::insert_all(tx, uses)?;
    Ok(hash)
}
