//! The keys that lie outside the database, and what is made with them.
//!
//! All come from one master by HKDF, each with a label of its own, so that none can stand in for
//! another. A keyed hash of a card number, PIN or request is useless to anyone who has the database
//! alone: there are only a million PINs and few card numbers to try.

use ring::{aead, digest, hkdf, hmac};

use super::card::{CardNumber, Pin};
use super::household::Identity;
use super::ids::{CardId, HouseholdId};

/// Every key of the service. `Debug` shows none of them.
#[derive(Clone)]
pub struct Keys {
    id: [u8; 16],
    pin: hmac::Key,
    card_index: hmac::Key,
    request: hmac::Key,
    nik: hmac::Key,
    identity: [u8; 32],
    public_id: hmac::Key,
    approval: hmac::Key,
    token_seed: [u8; 32],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// The version of the master that today's keys come from; rows that depend on a key keep it.
pub const KEY_VERSION: i16 = 1;

/// A card number's keyed hash: how the card is found.
pub type CardIndex = [u8; 32];

/// A request's keyed hash: distinguishes a repeat from a different request under the same key.
pub type RequestMac = [u8; 16];

/// What ties a card's number to the card.
pub type CardSeal = [u8; 16];

/// What a card was entered with and never changes.
#[derive(Clone, Copy, Debug)]
pub struct EnteredCard<'a> {
    /// Its wallet's id.
    pub wallet: i64,
    /// Its id.
    pub id: i64,
    /// The first six and the last four digits.
    pub shown: &'a str,
    /// Its last day, as a decimal number YYYYMMDD.
    pub expires: i64,
    /// When it was entered: milliseconds since 1970.
    pub issued_at: i64,
}

/// What the store keeps of a PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPin {
    /// HMAC of the card, the salt and the digits.
    pub tag: [u8; 32],
    /// Changes with the PIN.
    pub salt: [u8; 16],
    /// The version of the master that the tag's key comes from.
    pub key_version: i16,
}

impl StoredPin {
    /// Compared with a PIN where none is stored: no PIN fits it.
    pub const NOBODYS: Self = Self { tag: [0; 32], salt: [0; 16], key_version: KEY_VERSION };
}

impl Keys {
    /// All keys of `master`.
    pub fn derive(master: &[u8; 32]) -> Self {
        let source = hkdf::Salt::new(hkdf::HKDF_SHA256, b"ewarong").extract(master);
        let mac = |label| hmac::Key::new(hmac::HMAC_SHA256, &expand::<32>(&source, label));
        Self {
            id: expand(&source, b"ewarong/id/v1"),
            pin: mac(b"ewarong/pin/v1"),
            card_index: mac(b"ewarong/card-index/v1"),
            request: mac(b"ewarong/request/v1"),
            nik: mac(b"ewarong/nik/v1"),
            identity: expand(&source, b"ewarong/identity/v1"),
            public_id: mac(b"ewarong/public-id/v1"),
            approval: mac(b"ewarong/approval/v1"),
            token_seed: expand(&source, b"ewarong/token/v1"),
        }
    }

    /// Names these keys without giving them away; the database records it.
    pub const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// The seed of the Ed25519 key that signs tokens.
    pub const fn token_seed(&self) -> &[u8; 32] {
        &self.token_seed
    }

    /// The keyed hash by which a card is found.
    pub fn card_index(&self, number: &CardNumber) -> CardIndex {
        mac32(&self.card_index, &[number.digits()])
    }

    /// What ties a number's keyed hash to the card that was entered with it. A card number is digits, so that no
    /// number's hash is a seal.
    pub fn card_seal(&self, index: &[u8], card: &EnteredCard<'_>) -> CardSeal {
        let EnteredCard { wallet, id, shown, expires, issued_at } = card;
        first_half(mac32(
            &self.card_index,
            &[
                b"CS1",
                index,
                &wallet.to_be_bytes(),
                &id.to_be_bytes(),
                shown.as_bytes(),
                &expires.to_be_bytes(),
                &issued_at.to_be_bytes(),
            ],
        ))
    }

    /// The keyed hash by which a household's NIK is known to be taken.
    pub fn nik_index(&self, nik: &str) -> [u8; 32] {
        mac32(&self.nik, &[nik.as_bytes()])
    }

    /// Who a household is, encrypted so that it opens as this household's only: the version of the
    /// layout and the key, the nonce, the ciphertext with its tag. `nonce` was never used before.
    ///
    /// # Errors
    /// [`NotSealed`] for a name of more than 64 GB.
    pub fn seal_identity(
        &self,
        household: HouseholdId,
        nonce: [u8; aead::NONCE_LEN],
        identity: &Identity,
    ) -> Result<Vec<u8>, NotSealed> {
        let mut sealed = [identity.nik.as_str().as_bytes(), identity.name.as_bytes()].concat();
        self.identity_key()?
            .seal_in_place_append_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                identity_owner(household),
                &mut sealed,
            )
            .map_err(|_unspecified| NotSealed)?;
        Ok([&[IDENTITY_VERSION], &nonce[..], &sealed].concat())
    }

    /// Who a household is.
    ///
    /// # Errors
    /// [`NotSealed`] when the bytes were sealed for another household or with another key, or were
    /// changed since.
    pub fn open_identity(
        &self,
        household: HouseholdId,
        sealed: &[u8],
    ) -> Result<Identity, NotSealed> {
        let sealed = sealed.strip_prefix(&[IDENTITY_VERSION]).ok_or(NotSealed)?;
        let (nonce, sealed) = sealed.split_first_chunk::<{ aead::NONCE_LEN }>().ok_or(NotSealed)?;
        let mut sealed = sealed.to_vec();
        let opened = self
            .identity_key()?
            .open_in_place(
                aead::Nonce::assume_unique_for_key(*nonce),
                identity_owner(household),
                &mut sealed,
            )
            .map_err(|_unspecified| NotSealed)?;
        let text = std::str::from_utf8(opened).map_err(|_not_text| NotSealed)?;
        let (nik, name) = text.split_at_checked(16).ok_or(NotSealed)?;
        Ok(Identity { nik: nik.parse().map_err(|_shape| NotSealed)?, name: name.to_owned() })
    }

    fn identity_key(&self) -> Result<aead::LessSafeKey, NotSealed> {
        aead::UnboundKey::new(&aead::AES_256_GCM, &self.identity)
            .map(aead::LessSafeKey::new)
            .map_err(|_length| NotSealed)
    }

    /// What to keep of `pin`, for `card`, with a `salt` that was never used before.
    pub fn seal_pin(&self, card: CardId, salt: [u8; 16], pin: Pin) -> StoredPin {
        let tag = bytes32(hmac::sign(&self.pin, &pin_message(card, &salt, pin)).as_ref());
        StoredPin { tag, salt, key_version: KEY_VERSION }
    }

    /// Whether `pin` is the one that `stored` was made of; compared in constant time.
    pub fn pin_fits(&self, card: CardId, stored: &StoredPin, pin: Pin) -> bool {
        hmac::verify(&self.pin, &pin_message(card, &stored.salt, pin), &stored.tag).is_ok()
    }

    /// The keyed hash of a request's canonical bytes.
    pub fn request_mac(&self, parts: &[&[u8]]) -> RequestMac {
        first_half(mac32(&self.request, parts))
    }

    /// Eight bytes that hide the wallet in a public id.
    pub fn public_id_mask(&self, id: i64) -> i64 {
        let mac = mac32(&self.public_id, &[&id.to_be_bytes()]);
        i64::from_be_bytes(mac.first_chunk().copied().unwrap_or_default())
    }

    /// The bytes an approval code is made of.
    pub fn approval_bytes(&self, id: i64) -> [u8; 32] {
        mac32(&self.approval, &[&id.to_be_bytes()])
    }
}

/// An identity that can't be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the identity cannot be sealed or opened with these keys")]
pub struct NotSealed;

/// The layout of a sealed identity, and the version of the key that sealed it.
const IDENTITY_VERSION: u8 = 1;

/// Ties a sealed identity to its household: moved to another row it does not open.
fn identity_owner(household: HouseholdId) -> aead::Aad<[u8; 11]> {
    let mut owner = *b"HH1........";
    for (to, from) in owner.iter_mut().skip(3).zip(household.0.to_be_bytes()) {
        *to = from;
    }
    aead::Aad::from(owner)
}

/// What a PIN's tag is made of: its use, the card, the salt, the length, the digits.
fn pin_message(card: CardId, salt: &[u8; 16], pin: Pin) -> [u8; 35] {
    let mut message = [0; 35];
    let parts = [&b"PIN1"[..], &card.0.to_be_bytes(), salt, &[6], pin.digits()];
    for (to, from) in message.iter_mut().zip(parts.into_iter().flatten()) {
        *to = *from;
    }
    message
}

/// SHA-256 of an idempotency key, cut to the 16 bytes that the unique index holds.
pub fn key_hash(key: &str) -> [u8; 16] {
    first_half(sha256(&[b"IK1", key.as_bytes()]))
}

/// What a funding's transfer is about: the first eight bytes of a hash of the bank's reference, by which the
/// transfer, and so its leaf, names the reference.
pub fn reference_subject(reference: &str) -> i64 {
    let hash = sha256(&[b"FR1", reference.as_bytes()]);
    i64::from_be_bytes(hash.first_chunk().copied().unwrap_or_default())
}

/// SHA-256 over all parts.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    bytes32(context.finish().as_ref())
}

fn mac32(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    bytes32(context.sign().as_ref())
}

/// The output of SHA-256, which is 32 bytes long.
fn bytes32(bytes: &[u8]) -> [u8; 32] {
    let mut whole = [0; 32];
    for (to, from) in whole.iter_mut().zip(bytes) {
        *to = *from;
    }
    whole
}

fn first_half(whole: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(whole) {
        *to = from;
    }
    half
}

fn expand<const N: usize>(source: &hkdf::Prk, label: &[u8]) -> [u8; N] {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut key = [0; N];
    let filled = source.expand(&[label], Length(N)).and_then(|okm| okm.fill(&mut key));
    // HKDF-SHA256 gives up to 8,160 bytes; a key has 32.
    debug_assert!(filled.is_ok(), "HKDF refuses only longer keys");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_fits_its_own_card_and_salt_only() {
        let keys = Keys::derive(&[7; 32]);
        let pin: Pin = "271828".parse().unwrap();
        let stored = keys.seal_pin(CardId(1), [1; 16], pin);
        assert!(keys.pin_fits(CardId(1), &stored, pin));
        assert!(!keys.pin_fits(CardId(2), &stored, pin));
        assert!(!keys.pin_fits(CardId(1), &stored, "271829".parse().unwrap()));
        assert!(!Keys::derive(&[8; 32]).pin_fits(CardId(1), &stored, pin));
    }

    #[test]
    fn an_identity_opens_for_its_own_household_only() {
        let keys = Keys::derive(&[7; 32]);
        let nik = "1571014708850003".parse().unwrap();
        let identity = Identity { nik, name: "Ö 2".to_owned() };
        let sealed = keys.seal_identity(HouseholdId(5), [9; 12], &identity).unwrap();
        assert_eq!(keys.open_identity(HouseholdId(5), &sealed), Ok(identity));
        assert_eq!(keys.open_identity(HouseholdId(6), &sealed), Err(NotSealed));
        assert_eq!(Keys::derive(&[8; 32]).open_identity(HouseholdId(5), &sealed), Err(NotSealed));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(keys.open_identity(HouseholdId(5), &changed), Err(NotSealed), "{place}");
        }
        assert_eq!(keys.open_identity(HouseholdId(5), &[]), Err(NotSealed));
    }

    #[test]
    fn nothing_secret_is_printed() {
        assert_eq!(format!("{:?}", Keys::derive(&[7; 32])), "Keys { .. }");
    }
}
