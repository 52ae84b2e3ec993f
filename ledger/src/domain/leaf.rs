//! The leaf of a transfer: what the log commits to. RFC 6962 hashing (0x00 before a leaf).
//!
//! A leaf holds nothing that points to a person: a wallet appears in it as its pseudonym, 16 random
//! bytes fixed when it was opened.

use super::ids::AccountId;
use super::keys::sha256;
use super::transfer::Transfer;

const VERSION: u8 = 1;

/// A wallet's name in the log.
pub type Pseudonym = [u8; 16];

/// What a leaf says beside the transfer itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeafContext<'a> {
    /// The wallet that takes part, by its pseudonym.
    pub wallet: Option<(AccountId, Pseudonym)>,
    /// The redemption's lines, as [`super::basket::Basket::record`] writes them.
    pub lines: &'a str,
    /// The policy a redemption was judged by; 0 for none.
    pub policy_version: i32,
}

/// The hash of a transfer's canonical encoding: version, kind, id, amount, time, business date,
/// both accounts (0 and the id, or 1 and the pseudonym), what it is about (0 for nothing), policy
/// version, SHA-256 of the lines; all numbers big-endian.
pub fn leaf_hash(transfer: &Transfer, context: &LeafContext<'_>) -> [u8; 32] {
    let side = |account: AccountId| {
        let mut bytes = [0; 17];
        match context.wallet.filter(|(wallet, _)| *wallet == account) {
            Some((_, pseudonym)) => place(&mut bytes, &[&[1], &pseudonym]),
            None => place(&mut bytes, &[&[0; 9], &account.0.to_be_bytes()]),
        }
        bytes
    };
    let kind = u8::try_from(transfer.kind().number()).unwrap_or(u8::MAX);
    sha256(&[
        &[0, VERSION, kind],
        &transfer.id().0.to_be_bytes(),
        &transfer.amount().get().to_be_bytes(),
        &transfer.created_at().as_millis().to_be_bytes(),
        &transfer.business_date().as_number().to_be_bytes(),
        &side(transfer.debit()),
        &side(transfer.credit()),
        &transfer.subject().unwrap_or(0).to_be_bytes(),
        &context.policy_version.to_be_bytes(),
        &sha256(&[context.lines.as_bytes()]),
    ])
}

fn place(into: &mut [u8], parts: &[&[u8]]) {
    for (to, from) in into.iter_mut().zip(parts.iter().copied().flatten()) {
        *to = *from;
    }
}
