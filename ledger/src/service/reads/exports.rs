//! Exports: everything that a filter selects, at one size of the log, page by page. Each page is a
//! transaction of its own, so that a long export holds nothing up.

use crate::domain::calendar::Instant;
use crate::domain::ids::lowest_at;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::{LogMark, TransferFilter};

use super::super::clients::NoAccess;
use super::super::history::Reader;
use super::super::ledger::Ledger;
use super::transfers::{filter, rows_of};
use super::{PageRequest, Place, ShownTransfer, TransferQuery};

/// Transfers of one page: enough that a page's cost is its rows', few enough that it takes
/// milliseconds and a megabyte.
const PAGE: usize = 4000;

/// How long before the last sealing, and before now, ids have to be that no batch may get any more.
const NO_MORE_MILLIS: i64 = 3_600_000;

/// An export under way.
#[derive(Debug)]
pub struct Export {
    client: i64,
    reader: Reader,
    size: i64,
    /// `None` when nothing is left.
    rest: Option<Rest>,
}

/// What is left to read.
#[derive(Debug)]
struct Rest {
    filter: TransferFilter,
    place: Option<Place>,
}

impl Export {
    /// The size of the log that it shows: transfers which have their place in it by then.
    pub const fn log_size(&self) -> i64 {
        self.size
    }
}

impl Ledger {
    /// Begins an export of the wanted transfers that are the reader's business: what is sealed now.
    ///
    /// # Errors
    /// [`NoAccess`] when they can't be read, or not by this client.
    pub fn export(
        &self,
        client: i64,
        reader: Reader,
        query: &TransferQuery,
    ) -> Result<Export, NoAccess> {
        let now = self.shared.clock.now();
        self.read_long_as(client, |snapshot| {
            let mark = mark(snapshot, now)?;
            let filter = filter(snapshot, reader, query)?;
            let rest = filter.map(|filter| Rest { filter: filter.below(mark), place: None });
            Ok(Export { client, reader, size: mark.size, rest })
        })
    }

    /// The next transfers of an export, newest first; `None` at its end. There may be none although
    /// others follow.
    ///
    /// # Errors
    /// [`NoAccess`] when they can't be read, or the client's access was withdrawn meanwhile.
    pub fn export_more(&self, export: &mut Export) -> Result<Option<Vec<ShownTransfer>>, NoAccess> {
        let Some(rest) = &mut export.rest else { return Ok(None) };
        let reader = export.reader;
        let page = PageRequest { limit: PAGE, place: rest.place };
        let (rows, next) = self.read_long_as(export.client, |snapshot| {
            snapshot.read_by_keys()?;
            let (rows, next) = rows_of(snapshot, reader, &rest.filter, page)?;
            Ok((self.names.show(snapshot, reader, rows)?, next))
        })?;
        rest.place = next;
        if next.is_none() {
            export.rest = None;
        }
        Ok(Some(rows))
    }
}

/// The log's size, and an id below which all of it is sealed: below what waits for the sealer, and
/// below what may still be under way.
fn mark(snapshot: &mut Connection, now: Instant) -> Result<LogMark, StoreError> {
    let head = snapshot.log_head()?;
    let waiting = snapshot.unsealed_batches(1)?.first().map_or(i64::MAX, |batch| batch.id);
    let settled = now.min(head.sealed_at).plus_millis(NO_MORE_MILLIS.saturating_neg());
    Ok(LogMark { size: head.size, surely: lowest_at(settled).min(waiting) })
}
