//! The leases by which processes that make ids keep out of each other's way, and the record of the
//! keys a database belongs to.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Binary, Nullable, SmallInt};

use crate::domain::calendar::Instant;
use crate::domain::ids::{NodeNo, Tick};
use crate::domain::keys::KEY_VERSION;

use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

statement! {
    postgres ServerClock {} -> BigInt;
    "SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)"
}

statement! {
    both FreeNodes { now: i64, latest: i64, most: i64 } -> (SmallInt, BigInt);
    "SELECT node_no, high_water FROM nodes WHERE (holder IS NULL OR lease_until < " [now: BigInt]
    " OR lease_until > " [latest: BigInt] ") AND high_water < " [most: BigInt]
    " ORDER BY node_no LIMIT 1"
}

statement! {
    both HighestNode {} -> SmallInt;
    "SELECT node_no FROM nodes ORDER BY node_no DESC LIMIT 1"
}

statement! {
    both InsertNode<'a> { node: i16, holder: &'a [u8], until: i64, high_water: i64 };
    "INSERT INTO nodes (node_no, holder, lease_until, high_water) VALUES ("
    [node: SmallInt] ", " [holder: Binary] ", " [until: BigInt] ", " [high_water: BigInt] ")"
}

statement! {
    both TakeNode<'a> {
        holder: &'a [u8], until: i64, high_water: i64, node: i16, now: i64, latest: i64,
        before: i64,
    };
    "UPDATE nodes SET holder = " [holder: Binary] ", lease_until = " [until: BigInt]
    ", high_water = " [high_water: BigInt] " WHERE node_no = " [node: SmallInt]
    " AND (holder IS NULL OR lease_until < " [now: BigInt] " OR lease_until > " [latest: BigInt]
    ") AND high_water = " [before: BigInt]
}

statement! {
    both RenewNode<'a> { until: i64, high_water: i64, node: i16, holder: &'a [u8] };
    "UPDATE nodes SET lease_until = " [until: BigInt] ", high_water = CASE WHEN high_water < "
    [high_water: BigInt] " THEN " [high_water: BigInt] " ELSE high_water END WHERE node_no = "
    [node: SmallInt] " AND holder = " [holder: Binary]
}

statement! {
    both RaiseMark<'a> { high_water: i64, node: i16, holder: &'a [u8] };
    "UPDATE nodes SET high_water = CASE WHEN high_water < " [high_water: BigInt] " THEN "
    [high_water: BigInt] " ELSE high_water END WHERE node_no = " [node: SmallInt]
    " AND holder = " [holder: Binary]
}

statement! {
    both TakeReferences { count: i64 } -> BigInt;
    "UPDATE reference_head SET next_serial = next_serial + " [count: BigInt]
    " WHERE id = 1 RETURNING next_serial - " [count: BigInt]
}

statement! {
    both FreeNode<'a> { high_water: i64, node: i16, holder: &'a [u8] };
    "UPDATE nodes SET holder = NULL, lease_until = 0, high_water = " [high_water: BigInt]
    " WHERE node_no = " [node: SmallInt] " AND holder = " [holder: Binary]
}

statement! {
    // The ends of what every purchase is written to: where new rows go.
    both Ends {} -> (Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>);
    "SELECT (SELECT MAX(id) FROM redemptions), (SELECT MAX(id) FROM transfers),
            (SELECT MAX(id) FROM batches), (SELECT MAX(id) FROM wallets)"
}

statement! {
    both RecordedKeys { version: i16 } -> Binary;
    "SELECT key_id FROM key_records WHERE version = " [version: SmallInt]
}

statement! {
    both RecordKeys<'a> { version: i16, key_id: &'a [u8], now: i64 };
    "INSERT INTO key_records (version, key_id, recorded_at) VALUES ("
    [version: SmallInt] ", " [key_id: Binary] ", " [now: BigInt] ")"
}

type EndsRow = (Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// How long a node's number is leased, and up to which tick it may make ids.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    pub(crate) until: Instant,
    pub(crate) high_water: Tick,
}

/// The times by which a lease is taken: by one clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeaseTimes {
    pub(crate) now: Instant,
    /// Until when it is leased.
    pub(crate) until: Instant,
    /// A lease that ends later was taken by a clock that was wrong, and is over.
    pub(crate) latest: Instant,
}

/// A number that was leased, and the first tick its holder may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeasedNode {
    pub(crate) node: NodeNo,
    pub(crate) first: Tick,
}

impl Connection {
    /// The time by the database's own clock; `SQLite` has none.
    pub(crate) fn server_clock(&mut self) -> Result<Option<Instant>, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(postgres) => {
                let millis: i64 = ServerClock {}.get_result(postgres)?;
                Ok(Some(Instant::from_millis(millis)))
            }
        }
    }

    /// Leases the lowest free number; `None` when another process was faster or none is left. Its ids
    /// begin at `from` or above what any earlier holder could have used, and the new high-water mark lies `ahead`
    /// ticks above that.
    pub(crate) fn lease_node(
        &mut self,
        holder: &[u8],
        times: LeaseTimes,
        from: Tick,
        ahead: i64,
    ) -> Result<Option<LeasedNode>, StoreError> {
        let (now, until) = (times.now.as_millis(), times.until.as_millis());
        let (latest, most) = (times.latest.as_millis(), Tick::END.get());
        let free = self.first::<_, (i16, i64)>(FreeNodes { now, latest, most })?;
        if let Some((node, high_water)) = free {
            let first = Tick::from_stored(high_water).max(from);
            let before = high_water;
            let high_water = first.plus(ahead).get();
            let taken =
                self.execute(TakeNode { holder, until, high_water, node, now, latest, before })?;
            return Ok(NodeNo::new(node)
                .filter(|_| taken == 1)
                .map(|node| LeasedNode { node, first }));
        }
        let highest: Option<i16> = self.first(HighestNode {})?;
        let Some(node) = NodeNo::new(highest.map_or(0, |node| node.saturating_add(1))) else {
            return Ok(None);
        };
        let high_water = from.plus(ahead).get();
        self.execute(InsertNode { node: node.get(), holder, until, high_water })?;
        Ok(Some(LeasedNode { node, first: from }))
    }

    /// Raises a number's mark; `false` when somebody else holds it by now.
    pub(crate) fn raise_mark(
        &mut self,
        node: NodeNo,
        holder: &[u8],
        high_water: Tick,
    ) -> Result<bool, StoreError> {
        let (high_water, node) = (high_water.get(), node.get());
        Ok(self.execute(RaiseMark { high_water, node, holder })? == 1)
    }

    /// Takes so many retrieval references off the serial; the first of them.
    pub(crate) fn take_references(&mut self, count: i64) -> Result<i64, StoreError> {
        let first = self.first(TakeReferences { count })?;
        first.ok_or_else(|| StoreError::corrupt("the serial of references is not there"))
    }

    /// Prolongs a lease and raises its mark; `false` when somebody else holds the number by now.
    pub(crate) fn renew_node(
        &mut self,
        node: NodeNo,
        holder: &[u8],
        lease: Lease,
    ) -> Result<bool, StoreError> {
        let (until, high_water) = (lease.until.as_millis(), lease.high_water.get());
        Ok(self.execute(RenewNode { until, high_water, node: node.get(), holder })? == 1)
    }

    /// Gives a number back, with the mark lowered to what was really used.
    pub(crate) fn free_node(
        &mut self,
        node: NodeNo,
        holder: &[u8],
        used: Tick,
    ) -> Result<(), StoreError> {
        self.execute(FreeNode { high_water: used.get(), node: node.get(), holder }).map(|_| ())
    }

    /// Asks the database for a sign of life: reads where purchases are written.
    pub(crate) fn probe(&mut self) -> Result<(), StoreError> {
        self.first::<_, EndsRow>(Ends {}).map(|_| ())
    }

    /// The id of the keys that this database belongs to, once it is recorded.
    pub(crate) fn recorded_keys(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.first(RecordedKeys { version: KEY_VERSION })
    }

    /// Records the id of the keys that this database belongs to from now on.
    pub(crate) fn record_keys(&mut self, key_id: &[u8], now: Instant) -> Result<(), StoreError> {
        self.execute(RecordKeys { version: KEY_VERSION, key_id, now: now.as_millis() }).map(|_| ())
    }
}
