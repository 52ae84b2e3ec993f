//! How many requests of one terminal are decided at once.
//!
//! A terminal sends one at a time. Whoever uses its token to try PINs on many cards sends as many as it
//! can: those that were under way when the terminal is suspended are decided all the same, so that there
//! may be few of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::ids::TerminalId;

use super::error::Trouble;

/// Requests of one terminal that are decided at once; others wait for their turn.
const AT_ONCE: usize = 8;
/// How long one waits until it is turned away.
const PATIENCE: Duration = Duration::from_secs(10);

/// The requests that are being decided, by terminal.
#[derive(Debug, Default)]
pub(super) struct InFlight(Mutex<HashMap<TerminalId, Arc<Semaphore>>>);

impl InFlight {
    /// Waits until the terminal may have another request decided; the permit is held meanwhile.
    pub(super) async fn enter(
        &self,
        terminal: TerminalId,
    ) -> Result<OwnedSemaphorePermit, Trouble> {
        let room = {
            let mut terminals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let room = terminals.entry(terminal);
            Arc::clone(room.or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
        };
        if let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
            return Ok(permit);
        }
        match tokio::time::timeout(PATIENCE, room.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Trouble::Unavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_waits_for_itself_and_for_no_other() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let in_flight = InFlight::default();
            let mut held = Vec::new();
            for _ in 0..AT_ONCE {
                held.push(in_flight.enter(TerminalId(1)).await.unwrap());
            }
            let other = in_flight.enter(TerminalId(2)).await;
            assert!(other.is_ok());
            let mut waiting = Box::pin(in_flight.enter(TerminalId(1)));
            let soon = Duration::from_millis(20);
            assert!(tokio::time::timeout(soon, &mut waiting).await.is_err());
            held.pop();
            assert!(waiting.await.is_ok());
        });
    }
}
