//! What has a second record beside it: reference data, cards' states, wallets' last ids, nodes' marks.

use crate::domain::card::CardState;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::verify::{CardStep, LastId};

use super::{Check, Run, require};

/// Bits of an id below its milliseconds, and those of them that are its sequence.
const BELOW_MILLIS: u32 = 22;
const SEQUENCE: i64 = 4095;

/// Checks reference data against its records.
pub(super) fn registry(run: &mut Run<'_>) -> Result<(), StoreError> {
    run.check("registry_records", |connection, check| {
        check.rows = u64::try_from(connection.count_records()?).unwrap_or(0);
        let [row, record] = connection.rows_against_records()?;
        check.note(row.map_or(Ok(()), |(table, key)| {
            Err(format!("{table} {key}: it is not what was last recorded of it"))
        }));
        check.note(record.map_or(Ok(()), |(table, key)| {
            Err(format!("registry_changes: {table} {key} is recorded and not there"))
        }));
        let Some((revision, recorded, highest)) = connection.registry_revisions()? else {
            check.note(Err("registry_head: its row is missing".to_owned()));
            return Ok(());
        };
        check.note(require(revision == highest && recorded == revision.saturating_sub(1), || {
            format!(
                "registry_head: revision {revision}, and {recorded} up to {highest} are recorded"
            )
        }));
        Ok(())
    })
}

/// Checks what cards, wallets and nodes say of what happened to them last.
pub(super) fn run(run: &mut Run<'_>) -> Result<(), StoreError> {
    run.check("card_states", card_states)?;
    run.check("wallet_last_ids", last_ids)?;
    run.check("nodes", nodes)
}

/// A card while its changes go by.
#[derive(Clone, Copy, Debug)]
struct Card {
    key: (i64, i64),
    stated: i64,
    followed: i64,
}

impl Card {
    fn judge(self) -> Result<(), String> {
        require(follows(self.followed, self.stated), || {
            format!(
                "cards {}: its state is {} and its changes end with {}",
                self.key.1, self.stated, self.followed
            )
        })
    }
}

/// Whether a state may come after another without a record: wrong PINs leave none here.
fn follows(before: i64, after: i64) -> bool {
    let number = |state: CardState| i64::from(state.number());
    before == after
        || (before == number(CardState::Active) && after == number(CardState::BlockedPin))
}

fn card_states(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    let mut card: Option<Card> = None;
    connection.each_card_step(&mut |CardStep { card: key, change, from, to }| {
        if change == 0 {
            if let Some(before) = card.replace(Card { key, stated: to, followed: from }) {
                check.seen(before.judge());
            }
            return Ok(());
        }
        let Some(current) = card.as_mut().filter(|card| card.key == key) else {
            check.note(Err(format!("card_changes {change}: its card is not there")));
            return Ok(());
        };
        check.note(require(follows(current.followed, from), || {
            format!(
                "card_changes {change}: it changes state {from}, and the card had {}",
                current.followed
            )
        }));
        current.followed = to;
        Ok(())
    })?;
    if let Some(last) = card {
        check.seen(last.judge());
    }
    Ok(())
}

/// A wallet's last id is the end of a batch, or its own id as long as nothing has happened; each change of
/// its cards raises it by one.
fn last_ids(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    let mut end = 0;
    connection.each_last_id(&mut |record| {
        match record {
            LastId::Batch(last_id) => end = last_id,
            LastId::Wallet { last_id, wallet, card_changes } => {
                let opened = if wallet <= last_id { wallet } else { 0 };
                let since = last_id.saturating_sub(end.max(opened));
                check.seen(require(since <= card_changes, || {
                    format!("wallets {wallet}: its last id {last_id} is the end of no batch")
                }));
            }
        }
        Ok(())
    })
}

fn nodes(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    for (node, highest, mark) in connection.nodes_and_batches()? {
        let tick = ((highest >> BELOW_MILLIS) << 12) | (highest & SEQUENCE);
        check.seen(require(mark.is_some_and(|mark| tick < mark), || {
            format!("nodes {node}: it made the id {highest}, and its mark is {mark:?}")
        }));
    }
    Ok(())
}
