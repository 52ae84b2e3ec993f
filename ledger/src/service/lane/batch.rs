//! One batch in one transaction: lock, look up, decide, write, commit.

use std::sync::Arc;

use crate::domain::ids::AccountId;
use crate::domain::policy::PolicyBook;
use crate::domain::redemption::Attempt;
use crate::store::StoreError;
use crate::store::batch::{BatchRows, FactsQuery};
use crate::store::connection::Connection;

use super::super::error::Trouble;
use super::decide::{Decider, Verdict};
use super::{Command, LaneContext, Reply};

/// Where a batch failed, which decides what may be said of it.
#[derive(Debug)]
pub(super) enum BatchFailure {
    /// COMMIT was not sent: nothing was done.
    BeforeCommit(Trouble),
    /// COMMIT was sent: it may have been done.
    OnCommit(StoreError),
}

impl From<StoreError> for BatchFailure {
    fn from(error: StoreError) -> Self {
        Self::BeforeCommit(Trouble::Store(error))
    }
}

/// Decides `commands` as one batch and answers each, in their order.
pub(super) fn run(
    connection: &mut Connection,
    context: &LaneContext,
    book: &mut Arc<PolicyBook>,
    commands: &[&Command],
) -> Result<Vec<Reply>, BatchFailure> {
    // Not even begun: another process holds the database. Trying each command alone would only wait
    // as long again for each.
    connection.begin().map_err(|error| {
        tracing::warn!(%error, "a batch could not begin");
        BatchFailure::BeforeCommit(Trouble::Unavailable)
    })?;
    let (replies, changed) = match decide_and_write(connection, context, book, commands) {
        Ok(done) => done,
        Err(trouble) => {
            connection.rollback();
            return Err(BatchFailure::BeforeCommit(trouble));
        }
    };
    if changed {
        connection.commit().map_err(BatchFailure::OnCommit)?;
    } else {
        connection.rollback();
    }
    Ok(replies)
}

fn decide_and_write(
    connection: &mut Connection,
    context: &LaneContext,
    book: &mut Arc<PolicyBook>,
    commands: &[&Command],
) -> Result<(Vec<Reply>, bool), Trouble> {
    let mut wallets: Vec<i64> =
        commands.iter().filter_map(|command| command.card()).map(|card| card.wallet.0).collect();
    wallets.sort_unstable();
    wallets.dedup();
    let locked = connection.lock_wallets(&wallets)?;
    let queries: Vec<FactsQuery> = commands.iter().map(|command| query(command)).collect();
    let facts = connection.facts(&queries)?;
    if let Some(known) = facts.first()
        && known.policy_revision != book.revision
    {
        *book = Arc::new(connection.policy_book()?);
    }
    let now = context.clock.now();
    let highest = locked.iter().map(|wallet| wallet.last_id).max().unwrap_or(0);
    let ids = context.ids.block(commands.len().saturating_add(1), highest, now)?;
    let mut decider = Decider::new(&context.keys, book, now, ids, locked);
    let verdicts: Vec<Verdict> = commands
        .iter()
        .zip(facts)
        .map(|(command, facts)| decider.decide(command, facts))
        .collect::<Result<_, _>>()?;

    let tries = decider.changed_cards();
    connection.set_card_standing(&tries)?;
    let wallets = decider.changed_wallets();
    let Decider { attempts, transfers, leaves, .. } = decider;
    let changed = !tries.is_empty() || !attempts.is_empty();
    if let Some(first) = attempts.first() {
        let rows = BatchRows {
            id: ids.first(),
            last_id: attempts.last().map_or(ids.last(), |attempt| attempt.id.0),
            anchor: first.wallet,
            created_at: now.as_millis(),
            attempts: attempts.clone(),
            transfers,
            leaves,
            wallets,
        };
        connection.write_batch(&rows)?;
    }
    let replies = verdicts
        .into_iter()
        .map(|verdict| reply(connection, &attempts, verdict))
        .collect::<Result<_, _>>()?;
    Ok((replies, changed))
}

fn query(command: &Command) -> FactsQuery {
    let pos = command.pos();
    FactsQuery {
        anchor: command.anchor(),
        card: command.card().map(|card| card.card),
        merchant: pos.merchant,
        terminal: pos.terminal,
        client: pos.client,
        key_hash: match command {
            Command::Redeem(redeem) => Some(redeem.key_hash),
            Command::Inquire(_) => None,
        },
    }
}

fn reply(
    connection: &mut Connection,
    attempts: &[Arc<Attempt>],
    verdict: Verdict,
) -> Result<Reply, Trouble> {
    let missing = |what: AccountId| {
        StoreError::corrupt(format!("account {}: an attempt is not there", what.0))
    };
    match verdict {
        Verdict::Known(reply) => Ok(reply),
        Verdict::Decided { place, replay } => {
            let attempt = attempts.get(place).ok_or_else(|| missing(AccountId(0)))?;
            Ok(Reply::Decided { attempt: Arc::clone(attempt), replay })
        }
        Verdict::Recorded(id, wallet) => {
            let attempt = connection.attempt(id, wallet)?.ok_or_else(|| missing(wallet))?;
            Ok(Reply::Decided { attempt: Arc::new(attempt), replay: true })
        }
    }
}
