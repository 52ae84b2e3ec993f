//! Two threads for a long list: one fills blocks, the other one reads their rows.

use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, scope};

use crate::bankfile::delimited::Block;
use crate::bankfile::error::{BankFileError, Reason};

/// How many blocks the first thread may be ahead.
const AHEAD: usize = 8;

/// Fills blocks in another thread while this one reads: `reader` is given what hands it the next
/// block. No more memory is taken than the blocks that wait need, which go round.
pub(super) fn read<T>(
    fill: impl FnMut(&mut Block) -> Result<bool, BankFileError> + Send,
    reader: impl FnOnce(Handed) -> Result<T, BankFileError>,
) -> Result<T, BankFileError> {
    let (sender, blocks) = sync_channel(AHEAD);
    let (back, used) = channel();
    scope(|scope| {
        let filling = Builder::new().spawn_scoped(scope, move || fill_all(fill, &sender, &used));
        filling.map_err(|error| no_thread(&error))?;
        reader(Handed { blocks, back })
    })
}

/// What comes from the other thread.
type Filled = Result<Block, BankFileError>;

/// Fills blocks until there are no more, or the reader is gone.
fn fill_all(
    mut fill: impl FnMut(&mut Block) -> Result<bool, BankFileError>,
    sender: &SyncSender<Filled>,
    used: &Receiver<Block>,
) {
    loop {
        let mut block = used.try_recv().unwrap_or_default();
        let filled = match fill(&mut block) {
            Ok(true) => Ok(block),
            Ok(false) => return,
            Err(error) => Err(error),
        };
        let is_last = filled.is_err();
        if sender.send(filled).is_err() || is_last {
            return;
        }
    }
}

/// The reader's end.
#[derive(Debug)]
pub(super) struct Handed {
    blocks: Receiver<Filled>,
    back: Sender<Block>,
}

impl Handed {
    /// Puts the next block in the place of the one that is read; false at the end.
    pub(super) fn next(&mut self, block: &mut Block) -> Result<bool, BankFileError> {
        let Ok(next) = self.blocks.recv() else { return Ok(false) };
        let before = std::mem::replace(block, next?);
        // Nobody takes blocks back once all are filled.
        drop(self.back.send(before));
        Ok(true)
    }
}

fn no_thread(error: &io::Error) -> BankFileError {
    BankFileError::at(1, Reason::Unreadable(error.to_string()))
}
