//! Writing a reconciliation: files, outcomes, payments, differences, in one transaction.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::calendar::{Date, Instant};
use crate::domain::matching::{MatchStatus, Matching, Outcome};
use crate::domain::money::Rupiah;
use crate::domain::settlement::SettlementReference;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::payments::OwedSettlement;
use crate::store::reconciliations::{
    NewBankFile, NewFileUse, NewMatchedRow, NewReconciliation, NewReconciliationEvent,
    ReconciliationRow, View,
};

use super::super::fees::{FeeRow, post_fees};
use super::super::ids::IdSource;
use super::super::paying::{Payment, pay};
use super::held::{HeldLine, HeldRow};
use super::pieces::Pieces;
use super::{NotReconciled, SentFile, differences, kept};

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
}

/// New files with their hashes.
pub(super) type Files = Vec<(SentFile, [u8; 32])>;

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
    pub(super) files: Files,
    pub(super) outcomes: Vec<Judged>,
    rows: Vec<String>,
    payments: Vec<Payment>,
    fees: Vec<FeeRow>,
    covered_to: Date,
    hash: [u8; 32],
    summary: String,
}

impl Prepared {
    pub(super) fn of(
        base: Base,
        files: Files,
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
        Self { base, files, outcomes, rows, payments, fees, covered_to, hash, summary }
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

/// Writes it all; the reconciliation's id.
pub(super) fn record(
    tx: &mut Connection,
    ids: &IdSource,
    (prepared, pieces): (&Prepared, &Pieces),
    now: Instant,
) -> Result<i64, NotReconciled> {
    let Base { row, view, day, client } = &prepared.base;
    if !tx.client_stands(*client)? {
        return Err(NotReconciled::ClientRevoked);
    }
    let (id, revision) = match row {
        Some(before) => {
            let current = tx.lock_reconciliation(before.id)?;
            let current =
                current.ok_or_else(|| StoreError::corrupt("a reconciliation is not there"))?;
            if current.signed_at.is_some() {
                return Err(NotReconciled::SignedOff);
            }
            if current.revision != before.revision {
                // Somebody else recorded in between; what was read is out of date.
                return Err(super::Trouble::Unavailable.into());
            }
            (before.id, before.revision.saturating_add(1))
        }
        None => (pieces.first_id, 1),
    };
    let header = NewReconciliation {
        id,
        bank_id: view.bank.0,
        merchant_id: view.merchant,
        business_date: day.as_number(),
        revision,
        covered_to: prepared.covered_to.as_number(),
        result_run: pieces.run,
        result_hash: prepared.hash.to_vec(),
        summary: prepared.summary.clone(),
        recorded_at: now.as_millis(),
        recorded_by: *client,
    };
    let used = used_rows(prepared);
    let kept = kept::of_recording(&header, &prepared.outcomes, &used);
    if row.is_some() {
        tx.renew_reconciliation(&header)?;
    } else {
        NewReconciliation::insert_all(tx, vec![header])?;
    }
    let files = keep_files(tx, (prepared, pieces), (id, now))?;
    let event = event((id, revision), prepared, (files, kept), now);
    NewReconciliationEvent::insert_all(tx, vec![event])?;
    tx.replace_used_rows(*view, *day, used)?;
    // Differences are locked before settlements are paid, as by whoever decides about one.
    let explained = differences::merge(tx, ids, (id, prepared), now)?;
    let payments = [&prepared.payments[..], &explained.payments].concat();
    pay(tx, ids, (&payments, view.bank), (id, *client, now))?;
    let fees = [&prepared.fees[..], &explained.fees].concat();
    post_fees(tx, ids, (view.bank, &fees), (id, now))?;
    Ok(id)
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
    for ((sent, hash), id) in prepared.files.iter().zip(&pieces.files) {
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
    let hash = kept::of_files(&files);
    NewBankFile::insert_all(tx, files)?;
    NewFileUse::insert_all(tx, uses)?;
    Ok(hash)
}

fn used_rows(prepared: &Prepared) -> Vec<NewMatchedRow> {
    let Base { view, day, .. } = &prepared.base;
    let row = |fingerprint: &String| NewMatchedRow {
        bank_id: view.bank.0,
        merchant_id: view.merchant,
        fingerprint: fingerprint.clone(),
        business_date: day.as_number(),
    };
    prepared.rows.iter().map(row).collect()
}
