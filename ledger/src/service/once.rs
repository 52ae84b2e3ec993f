//! Exactly once for everything that is not a redemption: the answer is kept in the same
//! transaction, and given again to the same request.

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

/// The answer this key was given before.
pub(super) fn given_before<E: From<StoreError> + From<KeyReused>>(
    tx: &mut Connection,
    key: &OnceKey,
) -> Result<Option<Answered>, E> {
    let recorded = tx.recorded_answer(key.scope.0, &key.key_hash)?;
    let Some((request, status, body)) = recorded else { return Ok(None) };
    if request != key.request {
        return Err(KeyReused.into());
    }
    let status = u16::try_from(status)
        .map_err(|_negative| StoreError::corrupt("a recorded answer has no status"))?;
    Ok(Some(Answered { status, body, replay: true }))
}

/// Records what a key is answered.
pub(super) fn record(
    tx: &mut Connection,
    key: &OnceKey,
    (status, body): (u16, &str),
    now: i64,
) -> Result<(), StoreError> {
    let stored = i16::try_from(status)
        .map_err(|_too_large| StoreError::corrupt("an answer's status is no HTTP status"))?;
    tx.record_answer((key.scope.0, &key.key_hash), &key.request, (stored, body), now)
}

/// The answer this key was given before, or what `work` answers now, recorded.
pub(super) fn once<E: From<StoreError> + From<KeyReused>>(
    tx: &mut Connection,
    key: &OnceKey,
    now: i64,
    work: impl FnOnce(&mut Connection) -> Result<(u16, String), E>,
) -> Result<Answered, E> {
    if let Some(given) = given_before::<E>(tx, key)? {
        return Ok(given);
    }
    let (status, body) = work(tx)?;
    record(tx, key, (status, &body), now)?;
    Ok(Answered { status, body, replay: false })
}
