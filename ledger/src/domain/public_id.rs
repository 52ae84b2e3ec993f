//! Ids as they are shown: `rdm_` and 26 letters and digits.
//!
//! They carry the wallet's id with the row's own, so that a look-up touches one shard, and hide it
//! under a keyed mask: two receipts do not show that they are one family's, and a changed id finds
//! no row.

use super::ids::{AccountId, RowId};
use super::keys::Keys;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const LENGTH: usize = 26;

/// What an id names; each kind has its own prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// A redemption, approved or refused.
    Redemption,
    /// A balance inquiry that was refused.
    Inquiry,
    /// A transfer.
    Transfer,
    /// A card.
    Card,
    /// A wallet, as both of its parts.
    Wallet,
    /// A settlement.
    Settlement,
    /// A credit run.
    CreditRun,
    /// A credit run's reversal.
    RunReversal,
    /// A funding, by its transfer.
    Funding,
    /// What one client wants and another has to agree to.
    Proposal,
    /// A reconciliation of a bank's day.
    Reconciliation,
    /// A difference that a person decides about.
    Exception,
}

impl IdKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Redemption => "rdm_",
            Self::Inquiry => "inq_",
            Self::Transfer => "trf_",
            Self::Card => "crd_",
            Self::Wallet => "wlt_",
            Self::Settlement => "stl_",
            Self::CreditRun => "run_",
            Self::RunReversal => "rrv_",
            Self::Funding => "fnd_",
            Self::Proposal => "prp_",
            Self::Reconciliation => "rec_",
            Self::Exception => "exc_",
        }
    }
}

/// The id as it is shown.
pub fn encode(keys: &Keys, kind: IdKind, id: RowId, anchor: AccountId) -> String {
    let mut text = String::with_capacity(LENGTH.saturating_add(4));
    Letters::of(keys, id, anchor).push(kind, &mut text);
    text
}

/// What the ids of one row have in common: a purchase and its transfer differ in their prefixes only.
#[derive(Clone, Copy, Debug)]
pub struct Letters([u8; LENGTH]);

impl Letters {
    /// The letters of a row's id.
    pub fn of(keys: &Keys, id: RowId, anchor: AccountId) -> Self {
        let hidden = anchor.0 ^ keys.public_id_mask(id.0);
        let mut bits =
            (u128::from(id.0.cast_unsigned()) << 64) | u128::from(hidden.cast_unsigned());
        // 26 letters hold 130 bits: the last one carries three, the others five.
        let mut letters = [0_u8; LENGTH];
        for letter in letters.iter_mut().rev() {
            let index = usize::try_from(bits & 31).unwrap_or(0);
            *letter = ALPHABET.get(index).copied().unwrap_or(b'a');
            bits >>= 5;
        }
        Self(letters)
    }

    /// Appends the id as it is shown.
    pub fn push(&self, kind: IdKind, text: &mut String) {
        text.push_str(kind.prefix());
        text.push_str(str::from_utf8(&self.0).unwrap_or_default());
    }
}

/// What a shown id names; `None` when it is not an id of that kind.
pub fn decode(keys: &Keys, kind: IdKind, text: &str) -> Option<(RowId, AccountId)> {
    let letters = text.strip_prefix(kind.prefix())?;
    if letters.len() != LENGTH {
        return None;
    }
    let mut bits: u128 = 0;
    for letter in letters.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        if bits >> 123 != 0 {
            return None;
        }
        bits = (bits << 5) | u128::try_from(value).ok()?;
    }
    let id = u64::try_from(bits >> 64).ok()?.cast_signed();
    let hidden = u64::try_from(bits & u128::from(u64::MAX)).ok()?.cast_signed();
    let anchor = hidden ^ keys.public_id_mask(id);
    (id > 0 && anchor > 0).then_some((RowId(id), AccountId(anchor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_and_hides_its_wallet() {
        let keys = Keys::derive(&[3; 32]);
        let (id, wallet) = (RowId(224_395_067_392_000_001), AccountId(224_395_067_391_000_777));
        let text = encode(&keys, IdKind::Redemption, id, wallet);
        assert_eq!(text.len(), 30);
        assert_eq!(decode(&keys, IdKind::Redemption, &text), Some((id, wallet)));
        assert_eq!(decode(&keys, IdKind::Transfer, &text), None);
        let other = encode(&keys, IdKind::Redemption, RowId(id.0 + 1), wallet);
        assert_ne!(
            text.split_at(17).1,
            other.split_at(17).1,
            "the wallet's part differs from receipt to receipt"
        );
        for broken in ["rdm_", "rdm_zzzzzzzzzzzzzzzzzzzzzzzzzz", "", text.split_at(29).0] {
            assert_eq!(decode(&keys, IdKind::Redemption, broken), None, "{broken}");
        }
    }
}
