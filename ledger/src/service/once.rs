//! Exactly once for everything that is no redemption: the answer is kept, in the same transaction,
//! and given again to the same request.

use crate::domain::ids::AccountId;
use crate::domain::keys::RequestMac;
use crate::store::StoreError;
use crate::store::connection::Connection;

/// Under what a request is known.
#[derive(Clone, Copy, Debug)]
pub struct OnceKey {
    /// Whose key it is.
    pub scope: AccountId,
    /// The hash of the idempotency key.
    pub key_hash: [u8; 16],
    /// The keyed hash of the request.
    pub request: RequestMac,
}

/// The key was used for another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyReused;

/// An answer, new or given before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status it was given with.
    pub status: u16,
    /// The body, byte for byte.
    pub body: String,
    /// Whether it was given before.
    pub replay: bool,
}

/// The answer this key was given before, or what `work` answers now, recorded.
pub(super) fn once<E: From<StoreError> + From<KeyReused>>(
    tx: &mut Connection,
    key: &OnceKey,
    now: i64,
    work: impl FnOnce(&mut Connection) -> Result<(u16, String), E>,
) -> Result<Answered, E> {
    let slot = (key.scope.0, &key.key_hash[..]);
    if let Some((request, status, body)) = tx.recorded_answer(slot.0, slot.1)? {
        if request != key.request {
            return Err(KeyReused.into());
        }
        let status = u16::try_from(status)
            .map_err(|_negative| StoreError::corrupt("a recorded answer has no status"))?;
        return Ok(Answered { status, body, replay: true });
    }
    let (status, body) = work(tx)?;
    let stored = i16::try_from(status)
        .map_err(|_too_large| StoreError::corrupt("an answer's status is no HTTP status"))?;
    tx.record_answer(slot, &key.request, (stored, &body), now)?;
    Ok(Answered { status, body, replay: false })
}
