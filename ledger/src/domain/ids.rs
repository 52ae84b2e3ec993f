//! Ids: 63 bits that sort by time. 41 bits of milliseconds since 2017, 10 of the node that made
//! the id, 12 of a sequence within the millisecond.
//!
//! A node's own ids are consecutive *ticks* (milliseconds and sequence without the node). A batch
//! takes a block of consecutive ticks above the last id of every wallet it locked, so that for each
//! wallet the order of ids is the order of what happened, whatever the nodes' clocks say.

use std::cmp::Ordering;

use super::calendar::Instant;

/// 2017-01-01T00:00:00Z in milliseconds since 1970: the first instant an id can name.
const EPOCH_MILLIS: i64 = 1_483_228_800_000;
const SEQUENCE_BITS: u32 = 12;
const NODE_BITS: u32 = 10;
const SEQUENCES: i64 = 1 << SEQUENCE_BITS;
const NODES: i64 = 1 << NODE_BITS;

macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);
    )+};
}

id_types! {
    /// An account of the ledger. Wallets, merchants and banks share this one id space.
    AccountId,
    /// A card (KKS).
    CardId,
    /// A household (KPM).
    HouseholdId,
    /// A terminal (EDC) of a merchant.
    TerminalId,
    /// A row made by a batch: a redemption and the transfer it made share one.
    RowId,
    /// A batch: what one commit wrote.
    BatchId,
}

/// A family's wallet is its account.
pub type WalletId = AccountId;

/// A merchant is known by the account of what it is owed.
pub type MerchantId = AccountId;

/// The number of a process that makes ids, from 0 to 1,023; leased in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeNo(i16);

impl NodeNo {
    /// How many nodes there can be.
    pub const COUNT: i16 = 1 << NODE_BITS;

    /// The node numbered `number`, if there can be one.
    pub fn new(number: i16) -> Option<Self> {
        (0..Self::COUNT).contains(&number).then_some(Self(number))
    }

    /// The number as stored.
    pub const fn get(self) -> i16 {
        self.0
    }
}

/// A place in a node's own order: milliseconds since 2017 and the sequence within one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(i64);

impl Tick {
    /// Ticks from here on, the last eighth of all, are never given out: the end of 2077 and later.
    /// Such an id was written by hand or under a clock that was hopelessly wrong, and must not take
    /// all others with it.
    pub const END: Self = Self(7 << 50);

    /// The first tick of the millisecond `now`; 2017's first before that.
    pub fn of(now: Instant) -> Self {
        Self(now.as_millis().saturating_sub(EPOCH_MILLIS).max(0).saturating_mul(SEQUENCES))
    }

    /// The first tick of which `node` makes an id greater than `id`. Within a millisecond the
    /// node's bits weigh more than the sequence, so a lower node has to wait for the next one.
    pub fn above(id: i64, node: NodeNo) -> Self {
        let millis = id >> (NODE_BITS + SEQUENCE_BITS);
        let start = millis.saturating_mul(SEQUENCES);
        let sequence = id & (SEQUENCES - 1);
        Self(match node_of(id).cmp(&i64::from(node.0)) {
            Ordering::Less => start,
            Ordering::Equal => start.saturating_add(sequence).saturating_add(1),
            Ordering::Greater => start.saturating_add(SEQUENCES),
        })
    }

    /// The tick `count` places later.
    #[must_use]
    pub const fn plus(self, count: i64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// Whether ids may be made of it: it is not near the end of all ids.
    pub const fn is_usable(self) -> bool {
        self.0 < Self::END.0
    }

    /// The number as stored.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The tick of a stored number.
    pub const fn from_stored(number: i64) -> Self {
        Self(number)
    }

    /// The id that `node` makes of this tick.
    pub fn id(self, node: NodeNo) -> i64 {
        let millis = self.0 >> SEQUENCE_BITS;
        let sequence = self.0 & (SEQUENCES - 1);
        (millis << (NODE_BITS + SEQUENCE_BITS)) | (i64::from(node.0) << SEQUENCE_BITS) | sequence
    }
}

/// Whether ids can be made above `id`, whichever node makes them.
pub fn has_ids_above(id: i64) -> bool {
    Tick((id >> (NODE_BITS + SEQUENCE_BITS)).saturating_mul(SEQUENCES)).is_usable()
}

/// The instant an id names, and its sequence within that millisecond.
pub fn moment_of(id: i64) -> (Instant, i64) {
    let millis = (id >> (NODE_BITS + SEQUENCE_BITS)).saturating_add(EPOCH_MILLIS);
    (Instant::from_millis(millis), id & (SEQUENCES - 1))
}

/// The smallest id that any node could make at `now`: the bound for "from that time on". From 2086 on,
/// when the bits for milliseconds are used up, none is so large.
pub fn lowest_at(now: Instant) -> i64 {
    const END: i64 = 1 << 41;
    let millis = now.as_millis().saturating_sub(EPOCH_MILLIS);
    if millis < END { Tick::of(now).id(NodeNo(0)) } else { i64::MAX }
}

/// The node that made `id`.
pub fn node_of(id: i64) -> i64 {
    (id >> SEQUENCE_BITS) & (NODES - 1)
}

/// Consecutive ids of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdBlock {
    first: Tick,
    count: i64,
    node: NodeNo,
}

impl IdBlock {
    /// `count` ids of `node` from `first` on.
    pub const fn new(first: Tick, count: i64, node: NodeNo) -> Self {
        Self { first, count, node }
    }

    /// The id at `place`, counted from 0. A place behind the end has the last one's.
    pub fn id(&self, place: i64) -> i64 {
        self.first.plus(place.min(self.count.saturating_sub(1))).id(self.node)
    }

    /// The first id.
    pub fn first(&self) -> i64 {
        self.id(0)
    }

    /// The last id.
    pub fn last(&self) -> i64 {
        self.id(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_block_ascend_across_a_millisecond_and_keep_their_node() {
        let now: Instant = "2018-09-03T08:00:00Z".parse().unwrap();
        let node = NodeNo::new(513).unwrap();
        let block = IdBlock::new(Tick::of(now).plus(SEQUENCES - 2), 5, node);
        let ids: Vec<i64> = (0..5).map(|place| block.id(place)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().all(|id| node_of(*id) == 513));
        assert_eq!(moment_of(ids[2]), (now.plus_millis(1), 0));
        assert_eq!((block.first(), block.last()), (ids[0], ids[4]));
    }

    #[test]
    fn no_id_is_as_large_as_a_time_that_ids_cannot_name() {
        let last = Instant::from_millis(EPOCH_MILLIS + (1 << 41) - 1);
        assert_eq!(moment_of(lowest_at(last)).0, last);
        assert_eq!(lowest_at(last.plus_millis(1)), i64::MAX);
        assert_eq!(lowest_at("9999-12-31T00:00:00Z".parse().unwrap()), i64::MAX);
        assert_eq!(lowest_at("1969-01-01T00:00:00Z".parse().unwrap()), 0);
    }

    #[test]
    fn no_ids_are_made_near_the_end_of_all() {
        let at = |text: &str| Tick::of(text.parse().unwrap());
        assert!(at("2077-12-01T00:00:00Z").is_usable());
        assert!(!at("2078-01-01T00:00:00Z").is_usable());
        let node = NodeNo::new(1023).unwrap();
        assert!(has_ids_above(0) && has_ids_above(at("2077-12-01T00:00:00Z").id(node)));
        for id in [at("2078-01-01T00:00:00Z").id(node), i64::MAX] {
            assert!(!has_ids_above(id), "{id}");
        }
    }

    #[test]
    fn a_tick_above_an_id_makes_the_next_greater_id_of_any_node() {
        let at = Tick::of(Instant::from_millis(EPOCH_MILLIS + 5)).plus(9);
        let node = |number| NodeNo::new(number).unwrap();
        let other = at.id(node(7));
        for number in [0, 6, 7, 8, 1023] {
            let tick = Tick::above(other, node(number));
            assert!(tick.id(node(number)) > other, "node {number} falls behind");
            assert!(tick.plus(-1).id(node(number)) < other || number == 7);
        }
    }
}
