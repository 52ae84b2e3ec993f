//! One batch: what it stands on, its decisions, its rows, in one transaction.
//!
//! On `PostgreSQL` nothing is locked while it is decided: the one statement that writes checks that the
//! wallets, the cards and the registry are as they were read, and writes nothing otherwise. Then the
//! batch is run again with its wallets locked first. On `SQLite` beginning to write locks everything.
//! On both a key that was not looked up and is recorded (`recall`) refuses the write, and the batch is
//! run again with every key looked up.

use std::sync::Arc;

use crate::domain::ids::{AccountId, has_ids_above};
use crate::domain::redemption::{Attempt, PointOfSale};
use crate::store::StoreError;
use crate::store::batch::{BatchRows, BatchStore, FactsQuery, Hold, RefusedRows};

use super::super::error::Trouble;
use super::decide::{Decider, Verdict};
use super::registry::Registry;
use super::{Command, LaneContext, Reply};

/// Where a batch failed, which decides what may be said of it.
#[derive(Debug)]
pub(super) enum BatchFailure {
    /// Nothing was done.
    NotDone(Trouble),
    /// What it stood on has changed, a key that was not looked up is recorded, or it can't be held without
    /// a lock: nothing was done.
    NeedsLock,
    /// It was sent to be made durable, and whether it was is not known.
    Unknown(StoreError),
}

impl From<StoreError> for BatchFailure {
    fn from(error: StoreError) -> Self {
        Self::NotDone(Trouble::Store(error))
    }
}

impl From<Trouble> for BatchFailure {
    fn from(trouble: Trouble) -> Self {
        Self::NotDone(trouble)
    }
}

/// What each command is answered.
pub(super) type Replies = Vec<Result<Reply, Trouble>>;

/// Decides `commands`, on what `queries` ask for each of them, as one batch, and answers each, in their
/// order.
pub(super) fn run(
    store: &mut dyn BatchStore,
    context: &LaneContext,
    registry: &mut Registry,
    (commands, queries, hold): (&[&Command], &[FactsQuery], Hold),
) -> Result<Replies, BatchFailure> {
    // Not even begun: another process holds the database. Trying each command alone would only wait
    // as long again for each.
    store.hold(hold, queries).map_err(|error| {
        tracing::warn!(%error, "a batch could not begin");
        BatchFailure::NotDone(Trouble::Unavailable)
    })?;
    let done = decide_and_write(store, context, registry, (commands, queries, hold));
    match (hold, done) {
        (Hold::Guard, done) => done.map(|(replies, _)| replies),
        (Hold::Lock, Ok((replies, true))) => {
            if let Err(trouble) = context.ids.before_commit(store) {
                store.rollback();
                return Err(trouble.into());
            }
            store.commit().map_err(BatchFailure::Unknown)?;
            Ok(replies)
        }
        (Hold::Lock, Ok((replies, false))) => {
            store.rollback();
            Ok(replies)
        }
        (Hold::Lock, Err(failure)) => {
            store.rollback();
            Err(failure)
        }
    }
}

/// The replies, and whether anything was written.
fn decide_and_write(
    store: &mut dyn BatchStore,
    context: &LaneContext,
    registry: &mut Registry,
    (commands, queries, hold): (&[&Command], &[FactsQuery], Hold),
) -> Result<(Replies, bool), BatchFailure> {
    let ground = store.ground(queries)?;
    let shops: Vec<PointOfSale> = commands.iter().map(|command| command.pos()).collect();
    registry.bring_to(store, ground.revision, &shops)?;
    let now = context.clock.at(ground.now)?;
    let wallets = ground.facts.iter().filter_map(|facts| facts.wallet);
    let last_ids = wallets.map(|wallet| wallet.last_id).filter(|last_id| has_ids_above(*last_id));
    let rows = commands.len().saturating_add(1);
    let ids = context.ids.block(rows, last_ids.max().unwrap_or(0), now)?;
    let references = context.ids.references(store, rows)?;
    let mut decider = Decider::new(&context.keys, registry, now, (ids, references));
    let verdicts: Vec<Verdict> = commands
        .iter()
        .zip(ground.facts)
        .map(|(command, facts)| decider.decide(command, facts))
        .collect::<Result<_, _>>()?;

    let (cards, wallets) = (decider.changed_cards(), decider.changed_wallets());
    let span = decider.span();
    let Decider { attempts, inquiries, wrong_pins, transfers, leaves, .. } = decider;
    // Before anything is written: a guarded write is its own commit, after which nothing may fail.
    let replies = verdicts
        .into_iter()
        .map(|verdict| reply(store, &attempts, verdict))
        .collect::<Result<_, _>>()?;
    let changed = !cards.is_empty() || span.is_some();
    if let Some((anchor, last_id)) = span {
        let rows = BatchRows {
            id: ids.first(),
            last_id,
            anchor,
            created_at: now.as_millis(),
            attempts,
            transfers,
            leaves,
            wallets,
            cards,
            refused: RefusedRows { inquiries, wrong_pins, limit: context.wrong_pins },
            revision: (hold == Hold::Guard).then(|| registry.revision()),
        };
        store.write_batch(&rows).map_err(|error| not_written(error, hold))?;
    } else if changed && hold == Hold::Guard {
        // Only right PINs of balance inquiries, which forget wrong ones: they have no batch whose row
        // could be refused.
        return Err(BatchFailure::NeedsLock);
    } else if changed {
        store.set_card_standing(&cards)?;
    }
    Ok((replies, changed))
}

/// What a failed write means. A guarded one is its own commit: if the connection is gone, it is
/// unknown whether it was made; if it was refused, something it relied on has changed, or a key
/// is already recorded.
fn not_written(error: StoreError, hold: Hold) -> BatchFailure {
    match (hold, error.is_broken()) {
        (Hold::Guard, true) => BatchFailure::Unknown(error),
        (Hold::Guard, false) => {
            tracing::debug!(%error, "a batch was not written");
            BatchFailure::NeedsLock
        }
        (Hold::Lock, _) => error.into(),
    }
}

/// What is answered to one command; an error is the whole batch's.
fn reply(
    store: &mut dyn BatchStore,
    attempts: &[Arc<Attempt>],
    verdict: Verdict,
) -> Result<Result<Reply, Trouble>, Trouble> {
    let missing = |what: AccountId| {
        StoreError::corrupt(format!("account {}: an attempt is not there", what.0))
    };
    match verdict {
        Verdict::Known(reply) => Ok(Ok(reply)),
        Verdict::Impossible(trouble) => Ok(Err(trouble)),
        Verdict::Decided { place, replay } => {
            let attempt = attempts.get(place).ok_or_else(|| missing(AccountId(0)))?;
            Ok(Ok(Reply::Decided { attempt: Arc::clone(attempt), replay }))
        }
        Verdict::Recorded(id, wallet) => {
            let attempt = store.attempt(id, wallet)?.ok_or_else(|| missing(wallet))?;
            Ok(Ok(Reply::Decided { attempt: Arc::new(attempt), replay: true }))
        }
    }
}
