//! I8 on batches: every row lies in exactly one, each counts its rows and keeps their leaves, and a
//! sealed one gives them their places.

use std::collections::BTreeMap;

use crate::domain::ids::{AccountId, node_of};
use crate::domain::leaf::{LeafContext, leaf_hash};
use crate::domain::redemption::Outcome;
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::verify::{AttemptPlace, AttemptRecord, BatchRecord, EntryPlace, TransferRecord};

use super::{Check, require};

/// The bytes of one leaf hash.
const LEAF: usize = 32;
/// Places that wait to be written together.
const PLACES: usize = 4096;

/// A batch whose rows are being read.
#[derive(Debug)]
struct Open {
    batch: BatchRecord,
    transfers: i64,
    attempts: i64,
}

/// The batches met so far: of each node the latest is open, since a node's batches do not overlap.
/// There are at most 1,024 nodes.
#[derive(Debug)]
pub(super) struct Batches {
    pub(super) ranges: Check,
    pub(super) leaves: Check,
    open: BTreeMap<i64, Open>,
    attempts: Vec<AttemptPlace>,
    entries: Vec<EntryPlace>,
}

impl Batches {
    pub(super) const fn new() -> Self {
        Self {
            ranges: Check::new("batches"),
            leaves: Check::new("leaves"),
            open: BTreeMap::new(),
            attempts: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Comes to a batch; the one before it of the same node has all its rows by now.
    pub(super) fn begin(&mut self, batch: BatchRecord) {
        let (id, node) = (batch.id, node_of(batch.id));
        self.ranges.seen(require(node_of(batch.last_id) == node && batch.last_id > id, || {
            format!("batches {id}: its last id {} is none of its node's", batch.last_id)
        }));
        let open = Open { batch, transfers: 0, attempts: 0 };
        if let Some(before) = self.open.insert(node, open) {
            self.ranges.note(require(before.batch.last_id < id, || {
                format!("batches {id}: its ids overlap those of batch {}", before.batch.id)
            }));
            self.end(&before);
        }
    }

    /// Ends the batches that are still open.
    pub(super) fn finish(&mut self) {
        for open in std::mem::take(&mut self.open).into_values() {
            self.end(&open);
        }
    }

    fn end(&mut self, open: &Open) {
        let Open { batch, transfers, attempts } = open;
        self.ranges.note(require(batch.transfers == *transfers, || {
            format!(
                "batches {}: it counts {} transfers and has {transfers}",
                batch.id, batch.transfers
            )
        }));
        self.ranges.note(require(batch.attempts == *attempts, || {
            format!(
                "batches {}: it counts {} attempts and has {attempts}",
                batch.id, batch.attempts
            )
        }));
        let Some(leaves) = &batch.leaves else {
            return self.leaves.note(Err(format!("batches {}: its leaves are missing", batch.id)));
        };
        let bytes = usize::try_from(*transfers).ok().and_then(|count| count.checked_mul(LEAF));
        self.leaves.note(require(bytes == Some(leaves.len()), || {
            format!("batch_leaves {}: {} bytes for {transfers} transfers", batch.id, leaves.len())
        }));
    }

    fn batch_of(&mut self, id: i64) -> Option<&mut Open> {
        let open = self.open.get_mut(&node_of(id))?;
        (open.batch.id < id && id <= open.batch.last_id).then_some(open)
    }

    /// Counts a transfer to its batch, holds its leaf against the batch's, and gives its place in
    /// the log once it is sealed.
    pub(super) fn transfer(
        &mut self,
        record: &TransferRecord,
        attempt: Option<&AttemptRecord>,
    ) -> Option<i64> {
        let at = format!("transfers {} (stored with {})", record.id, record.anchor);
        let Some(open) = self.batch_of(record.id) else {
            self.ranges.note(Err(format!("{at}: it lies in no batch")));
            return None;
        };
        let rank = open.transfers;
        open.transfers = rank.saturating_add(1);
        let batch = &open.batch;
        let from = usize::try_from(rank).ok().and_then(|rank| rank.checked_mul(LEAF));
        let to = from.and_then(|from| from.checked_add(LEAF));
        let kept = from.zip(to).and_then(|(from, to)| batch.leaves.as_ref()?.get(from..to));
        let holds = leaf(record, attempt).is_none_or(|leaf| kept == Some(leaf.as_slice()));
        let (id, created_at) = (batch.id, batch.created_at);
        let place = batch.log_start.map(|start| start.saturating_add(rank));
        self.leaves.seen(require(holds, || format!("{at}: batch {id} keeps another leaf of it")));
        if let Ok(transfer) = &record.transfer {
            let same = transfer.created_at().as_millis() == created_at;
            self.ranges.note(require(same, || format!("{at}: its time is not batch {id}'s")));
            if let Some(log_position) = place.filter(|_| !transfer.kind().has_own_index()) {
                let entry = |account: AccountId| EntryPlace {
                    transfer_id: record.id,
                    account_id: account.0,
                    log_position,
                    anchor_id: record.anchor,
                };
                self.entries.extend([transfer.debit(), transfer.credit()].map(entry));
            }
        }
        place
    }

    /// Counts an attempt to its batch. A sealed one has to stand in its merchant's log: with the
    /// place of its transfer, or without one when it was refused. An approved one's acquirer and
    /// business date come back with where its batch begins.
    pub(super) fn attempt(
        &mut self,
        record: &AttemptRecord,
        place: Option<i64>,
    ) -> Option<((i64, i64), i64)> {
        let at = format!("redemptions {} (wallet {})", record.id, record.wallet);
        let Some(open) = self.batch_of(record.id) else {
            self.ranges.note(Err(format!("{at}: it lies in no batch")));
            return None;
        };
        open.attempts = open.attempts.saturating_add(1);
        let (id, created_at) = (open.batch.id, open.batch.created_at);
        let start = open.batch.log_start;
        let attempt = record.attempt.as_ref().ok()?;
        let same = attempt.created_at.as_millis() == created_at;
        self.ranges.note(require(same, || format!("{at}: its time is not batch {id}'s")));
        let start = start?;
        let approved = matches!(attempt.outcome, Outcome::Approved(_));
        self.attempts.push(AttemptPlace {
            redemption_id: record.id,
            wallet_id: record.wallet,
            merchant_id: attempt.merchant.0,
            log_position: place.filter(|_| approved),
        });
        let day = (attempt.acquirer.0.into(), attempt.business_date.as_number().into());
        approved.then_some((day, start))
    }

    /// Writes the places down for the comparison with the logs, when there are enough of them or
    /// it is the `last` time.
    pub(super) fn flush(&mut self, to: &mut Connection, last: bool) -> Result<(), StoreError> {
        if last || self.attempts.len() >= PLACES {
            AttemptPlace::insert_all(to, std::mem::take(&mut self.attempts))?;
        }
        if last || self.entries.len() >= PLACES {
            EntryPlace::insert_all(to, std::mem::take(&mut self.entries))?;
        }
        Ok(())
    }
}

/// The leaf as the rows give it; `None` when the row is not a transfer, which is reported.
fn leaf(record: &TransferRecord, attempt: Option<&AttemptRecord>) -> Option<[u8; LEAF]> {
    let transfer = record.transfer.as_ref().ok()?;
    let redeemed = attempt.filter(|_| transfer.kind() == TransferKind::Redemption);
    let decided = redeemed.and_then(|record| record.attempt.as_ref().ok());
    let context = LeafContext {
        wallet: record.pseudonym.map(|pseudonym| (transfer.anchor(), pseudonym)),
        lines: redeemed.map_or("", |record| &record.lines),
        policy_version: decided.map_or(0, |attempt| attempt.policy_version),
    };
    Some(leaf_hash(transfer, &context))
}
