//! What one client may do on this node: failures, reads, and how much at the same time.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use super::budget::{Budget, UsedUp};
use super::{Limit, Limits};

/// Clients that are remembered; one that is forgotten begins anew.
const REMEMBERED: usize = 65_536;

/// All clients that did something lately, by their rows.
#[derive(Debug)]
pub(crate) struct Clients {
    limits: Limits,
    known: Cache<i64, Arc<Client>>,
}

impl Clients {
    /// Nobody yet.
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, known: Cache::new(REMEMBERED) }
    }

    /// The client with this row.
    pub(crate) fn of(&self, row: i64) -> Arc<Client> {
        let new = || Ok::<_, std::convert::Infallible>(Arc::new(Client::new(&self.limits)));
        match self.known.get_or_insert_with(&row, new) {
            Ok(client) => client,
            Err(never) => match never {},
        }
    }
}

/// One client.
#[derive(Debug)]
pub(crate) struct Client {
    /// Requests that failed by the client's own fault.
    pub(crate) failures: Budget,
    reads: Budget,
    reading: AtMost,
    reporting: AtMost,
    uploading: AtMost,
    /// The bank files that are worked on: one request's at a time.
    pub(crate) files: Arc<Semaphore>,
}

impl Client {
    fn new(limits: &Limits) -> Self {
        Self {
            failures: Budget::a_minute(limits.failures_per_client),
            reads: Budget::a_minute(limits.reads_per_client),
            reading: AtMost::of(limits.reads_at_once_per_client),
            reporting: AtMost::of(limits.reports_at_once_per_client),
            uploading: AtMost::of(limits.uploads_at_once_per_client),
            files: Arc::new(Semaphore::new(1)),
        }
    }

    /// Lets the client read, unless it reads too much, or too much at once.
    pub(crate) fn read(self: &Arc<Self>, cost: Cost) -> Result<Reading, UsedUp> {
        let reading = self.begin(cost)?;
        self.reads.spend(cost.amount())?;
        Ok(reading)
    }

    /// Lets the client send bank files, unless it sends others.
    pub(crate) fn upload(self: &Arc<Self>) -> Result<Reading, UsedUp> {
        self.begin(Cost::Upload)
    }

    fn begin(self: &Arc<Self>, cost: Cost) -> Result<Reading, UsedUp> {
        let most = self.at_once(cost);
        let taken = most.now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
            now.checked_add(1)
                .filter(|next| most.limit.most().is_none_or(|most| *next <= most.get()))
        });
        match taken {
            Ok(_before) => Ok(Reading { client: Arc::clone(self), cost }),
            Err(_full) => Err(UsedUp { wait: 1 }),
        }
    }

    const fn at_once(&self, cost: Cost) -> &AtMost {
        match cost {
            Cost::Record | Cost::List(_) => &self.reading,
            Cost::Report | Cost::Export => &self.reporting,
            Cost::Upload => &self.uploading,
        }
    }
}

/// What a read costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    /// One record by its id.
    Record,
    /// A page of so many rows.
    List(u32),
    /// What adds up much.
    Report,
    /// Everything that a filter selects.
    Export,
    /// What the client sends, which is not paid for.
    Upload,
}

impl Cost {
    fn amount(self) -> NonZeroU32 {
        let amount = match self {
            Self::Record | Self::Upload => 1,
            Self::List(rows) => rows.checked_div(100).unwrap_or(0).min(10).saturating_add(1),
            Self::Report => 60,
            Self::Export => 120,
        };
        NonZeroU32::new(amount).unwrap_or(NonZeroU32::MIN)
    }
}

/// How many there are, and may be.
#[derive(Debug)]
struct AtMost {
    limit: Limit,
    now: AtomicU32,
}

impl AtMost {
    const fn of(limit: Limit) -> Self {
        Self { limit, now: AtomicU32::new(0) }
    }
}

/// What goes on until this is dropped.
#[derive(Debug)]
pub(crate) struct Reading {
    client: Arc<Client>,
    cost: Cost,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.client.at_once(self.cost).now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(reads: u32, at_once: u32) -> Limits {
        Limits {
            reads_per_client: Limit(reads),
            reads_at_once_per_client: Limit(at_once),
            ..Limits::OFF
        }
    }

    #[test]
    fn so_many_reads_go_on_at_once() {
        let client = Clients::new(limits(0, 2)).of(1);
        let first = client.read(Cost::Record).unwrap();
        let _second = client.read(Cost::List(1000)).unwrap();
        assert_eq!(client.read(Cost::Record).unwrap_err(), UsedUp { wait: 1 });
        // Reports have a number of their own.
        let _report = client.read(Cost::Report).unwrap();
        drop(first);
        assert!(client.read(Cost::Record).is_ok());
    }

    #[test]
    fn reads_are_paid_for_by_their_cost() {
        let clients = Clients::new(limits(60, 0));
        assert!(clients.of(1).read(Cost::Report).is_ok());
        assert!(clients.of(1).read(Cost::Record).is_err());
        assert!(clients.of(2).read(Cost::List(1000)).is_ok(), "another client");
        let costs = [Cost::List(1), Cost::List(100), Cost::List(1000), Cost::Export];
        assert_eq!(costs.map(|cost| cost.amount().get()), [1, 2, 11, 120]);
    }
}
