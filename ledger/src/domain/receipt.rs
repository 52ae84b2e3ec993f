//! The numbers on a receipt, all computed from the redemption's id: nothing counts per terminal.

use super::calendar::Zone;
use super::ids::{RowId, moment_of};
use super::keys::Keys;

/// The letters and digits of approval codes: those that are not mistaken for one another.
const APPROVAL_ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// The retrieval reference number: milliseconds of the day in WIB (8 digits) and the id's sequence
/// (4 digits).
pub fn retrieval_reference(id: RowId) -> String {
    let (moment, sequence) = moment_of(id.0);
    let time = moment.local(Zone::Wib).time();
    let midnight = chrono::NaiveTime::MIN;
    format!("{:08}{sequence:04}", time.signed_duration_since(midnight).num_milliseconds())
}

/// The six characters that prove to the shop that the service approved, made with a key.
pub fn approval_code(keys: &Keys, id: RowId) -> String {
    keys.approval_bytes(id.0)
        .iter()
        .take(6)
        .filter_map(|byte| APPROVAL_ALPHABET.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter))
        .collect()
}
