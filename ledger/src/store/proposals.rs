//! What one client of the programme wants and another has to agree to.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Binary, Nullable, SmallInt, Text};

use crate::domain::calendar::Instant;
use crate::domain::money::Rupiah;
use crate::domain::proposal::{Act, ProposalState};

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

type ProposalSql = (
    (BigInt, SmallInt, SmallInt, Text, BigInt, Text, Nullable<Binary>),
    (BigInt, Text, BigInt, Nullable<BigInt>),
    (Nullable<Text>, Nullable<BigInt>, Nullable<BigInt>),
);
type ProposalColumns = (
    (i64, i16, i16, String, i64, String, Option<Vec<u8>>),
    (i64, String, i64, Option<i64>),
    (Option<String>, Option<i64>, Option<i64>),
);

macro_rules! proposals {
    () => {
        "SELECT p.id, p.kind, p.state, p.subject, p.stake, p.detail, p.key_hash,
                p.proposed_by, f.client_id, p.proposed_at, f.revoked_at,
                s.client_id, p.agreed_at, p.outcome
         FROM proposals p
         JOIN clients f ON f.id = p.proposed_by
         LEFT JOIN clients s ON s.id = p.agreed_by
         WHERE "
    };
}

statement! {
    sqlite Waiting<'a> { kind: i16, hash: &'a [u8] } -> ProposalSql;
    (proposals!()) "p.kind = " [kind: SmallInt] " AND p.subject_hash = " [hash: Binary]
    " AND p.state = 1"
}

statement! {
    postgres LockWaiting<'a> { kind: i16, hash: &'a [u8] } -> ProposalSql;
    (proposals!()) "p.kind = " [kind: SmallInt] " AND p.subject_hash = " [hash: Binary]
    " AND p.state = 1 FOR UPDATE OF p"
}

statement! {
    both ProposalById { id: i64 } -> ProposalSql;
    (proposals!()) "p.id = " [id: BigInt]
}

statement! {
    both Proposals { below: i64, state: Option<i16>, most: i64 } -> ProposalSql;
    (proposals!()) "p.id < " [below: BigInt] " AND (" [state: Nullable<SmallInt>]
    " IS NULL OR p.state = " [state: Nullable<SmallInt>] ") ORDER BY p.id DESC LIMIT " [most: BigInt]
}

statement! {
    both InsertProposal<'a> {
        id: i64, kind: i16, subject: &'a str, hash: &'a [u8], stake: i64, detail: &'a str,
        key_hash: Option<&'a [u8]>, by: i64, at: i64,
    };
    "INSERT INTO proposals (id, kind, state, subject, subject_hash, stake, detail, key_hash,
        proposed_by, proposed_at) VALUES (" [id: BigInt] ", " [kind: SmallInt] ", 1, "
    [subject: Text] ", " [hash: Binary] ", " [stake: BigInt] ", " [detail: Text] ", "
    [key_hash: Nullable<Binary>] ", " [by: BigInt] ", " [at: BigInt] ")"
}

statement! {
    both CarryOut { by: i64, at: i64, outcome: i64, id: i64 };
    "UPDATE proposals SET state = 2, agreed_by = " [by: BigInt] ", agreed_at = " [at: BigInt]
    ", outcome = " [outcome: BigInt] " WHERE state = 1 AND id = " [id: BigInt]
}

statement! {
    both Void { id: i64 };
    "UPDATE proposals SET state = 3 WHERE state = 1 AND id = " [id: BigInt]
}

/// A proposal's row, with the names of its two clients.
#[derive(Clone, Debug)]
pub(crate) struct ProposalRow {
    pub(crate) id: i64,
    pub(crate) act: Act,
    pub(crate) state: ProposalState,
    pub(crate) stake: Rupiah,
    pub(crate) detail: String,
    /// The hash of the proposer's idempotency key.
    pub(crate) key_hash: Option<Vec<u8>>,
    pub(crate) by: i64,
    pub(crate) by_name: String,
    pub(crate) at: Instant,
    /// Whether the proposer still has access.
    pub(crate) proposer_stands: bool,
    pub(crate) agreed_name: Option<String>,
    pub(crate) agreed_at: Option<Instant>,
    pub(crate) outcome: Option<i64>,
}

/// A proposal that is made.
#[derive(Debug)]
pub(crate) struct NewProposal<'a> {
    pub(crate) id: i64,
    pub(crate) act: &'a Act,
    pub(crate) hash: &'a [u8],
    pub(crate) stake: Rupiah,
    pub(crate) detail: &'a str,
    pub(crate) key_hash: Option<&'a [u8]>,
    pub(crate) by: i64,
    pub(crate) at: Instant,
}

impl Connection {
    /// The proposal of an act that waits, locked until the transaction ends.
    pub(crate) fn lock_waiting_proposal(
        &mut self,
        kind: i16,
        hash: &[u8],
    ) -> Result<Option<ProposalRow>, StoreError> {
        let rows: Vec<ProposalColumns> = match self {
            Self::Sqlite(sqlite) => Waiting { kind, hash }.load(sqlite)?,
            Self::Postgres(postgres) => LockWaiting { kind, hash }.load(postgres)?,
        };
        rows.into_iter().next().map(proposal).transpose()
    }

    /// A proposal.
    pub(crate) fn proposal(&mut self, id: i64) -> Result<Option<ProposalRow>, StoreError> {
        self.first::<_, ProposalColumns>(ProposalById { id })?.map(proposal).transpose()
    }

    /// Proposals with ids below one, newest first.
    pub(crate) fn proposals(
        &mut self,
        state: Option<ProposalState>,
        below: i64,
        most: i64,
    ) -> Result<Vec<ProposalRow>, StoreError> {
        let state = state.map(ProposalState::number);
        let rows: Vec<ProposalColumns> = self.load(Proposals { below, state, most })?;
        rows.into_iter().map(proposal).collect()
    }

    /// Records a proposal. The database refuses a second one of the same act that waits.
    pub(crate) fn propose(&mut self, new: &NewProposal<'_>) -> Result<(), StoreError> {
        let subject = new.act.text();
        let statement = InsertProposal {
            id: new.id,
            kind: new.act.number(),
            subject: &subject,
            hash: new.hash,
            stake: new.stake.get(),
            detail: new.detail,
            key_hash: new.key_hash,
            by: new.by,
            at: new.at.as_millis(),
        };
        self.execute(statement).map(|_| ())
    }

    /// Notes who agreed and what the act became.
    pub(crate) fn carry_out_proposal(
        &mut self,
        id: i64,
        (by, at): (i64, Instant),
        outcome: i64,
    ) -> Result<(), StoreError> {
        let changed = self.execute(CarryOut { by, at: at.as_millis(), outcome, id })?;
        if changed == 1 { Ok(()) } else { Err(StoreError::corrupt("a proposal waits no more")) }
    }

    /// Notes that a proposal does not count any more.
    pub(crate) fn void_proposal(&mut self, id: i64) -> Result<(), StoreError> {
        self.execute(Void { id }).map(|_| ())
    }
}

fn proposal(row: ProposalColumns) -> Result<ProposalRow, StoreError> {
    let (
        (id, kind, number, subject, stake, detail, key_hash),
        (by, by_name, at, revoked_at),
        (agreed_name, agreed_at, outcome),
    ) = row;
    let corrupt = |what: &str| StoreError::corrupt(format!("proposal {id}: {what}"));
    Ok(ProposalRow {
        id,
        act: Act::read(kind, &subject).ok_or_else(|| corrupt("its subject can't be read"))?,
        state: ProposalState::from_number(number).ok_or_else(|| corrupt("its state is unknown"))?,
        stake: Rupiah::new(stake).map_err(|_below| corrupt("its stake is below zero"))?,
        detail,
        key_hash,
        by,
        by_name,
        at: Instant::from_millis(at),
        proposer_stands: revoked_at.is_none(),
        agreed_name,
        agreed_at: agreed_at.map(Instant::from_millis),
        outcome,
    })
}
