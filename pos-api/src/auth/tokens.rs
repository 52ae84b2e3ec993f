//! Tokens: signed for ten minutes, checked strictly.

use std::collections::HashSet;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ledger::domain::calendar::Instant;
use ledger::domain::keys::Keys;
use ledger::domain::role::Role;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Serialize};

use super::crypto;

/// How long a token is good for, in seconds.
pub const LIFETIME: i64 = 600;
const ISSUER: &str = "ewarong";
const AUDIENCE: &str = "ewarong-pos";
const TYPE: &str = "at+jwt";
/// How far ahead of this machine's clock another one that issues tokens may be.
const MOST_AHEAD_MILLIS: i64 = 60_000;

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    role: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Who a valid token belongs to, and when it is good.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bearer {
    pub(super) client_id: String,
    pub(super) good: Good,
}

/// When a token is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Good {
    issued: Instant,
    expires: Instant,
}

impl Good {
    /// Whether it is at `now`, by the machine's clock.
    pub(super) fn holds_at(&self, now: Instant) -> bool {
        self.issued <= now.plus_millis(MOST_AHEAD_MILLIS) && now < self.expires
    }
}

/// Signs and checks tokens.
pub struct Tokens {
    key_id: String,
    public: Vec<u8>,
    signing: EncodingKey,
    checking: DecodingKey,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Signing failed, which a valid key does not do.
#[derive(Debug, thiserror::Error)]
#[error("the token key can't be used")]
pub struct TokenKeyError;

impl Tokens {
    /// Tokens signed with the service's key.
    ///
    /// # Errors
    /// [`TokenKeyError`] when the key can't be used.
    pub fn new(keys: &Keys) -> Result<Self, TokenKeyError> {
        crypto::install();
        let seed = keys.token_seed();
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_rejected| TokenKeyError)?;
        let public = pair.public_key().as_ref().to_vec();
        let digest = ledger::domain::keys::sha256(&[&public]);
        let key_id = ledger::service::keyfile::to_hex(digest.split_at(8).0);
        Ok(Self {
            key_id,
            signing: EncodingKey::from_ed_der(seed),
            checking: DecodingKey::from_ed_der(&public),
            public,
        })
    }

    /// A token for `client_id`, good from `now` on.
    ///
    /// # Errors
    /// [`TokenKeyError`] when it can't be signed.
    pub fn issue(
        &self,
        client_id: &str,
        role: Role,
        now: Instant,
    ) -> Result<String, TokenKeyError> {
        let seconds = now.as_millis().div_euclid(1000);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: client_id.to_owned(),
            role: role.as_str().to_owned(),
            iat: seconds,
            nbf: seconds,
            exp: seconds.saturating_add(LIFETIME),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, &claims, &self.signing).map_err(|_failed| TokenKeyError)
    }

    /// Whose token this is, when it is valid at `now` in every respect.
    pub(super) fn check(&self, token: &str, now: Instant) -> Option<Bearer> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let known = header.kid.as_deref() == Some(&self.key_id)
            && header.typ.as_deref() == Some(TYPE)
            && header.alg == Algorithm::EdDSA;
        if !known {
            return None;
        }
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[ISSUER]);
        rules.required_spec_claims =
            HashSet::from(["exp", "nbf", "aud", "iss", "sub"].map(str::to_owned));
        // Times are compared below.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.checking, &rules).ok()?.claims;
        let expires = Instant::from_millis(claims.exp.checked_mul(1000)?);
        let issued = Instant::from_millis(claims.iat.max(claims.nbf).checked_mul(1000)?);
        let good = Good { issued, expires };
        good.holds_at(now).then_some(Bearer { client_id: claims.sub, good })
    }

    /// The public key as a JSON Web Key: its id and its `x` in base64url.
    pub fn public_key(&self) -> (&str, String) {
        use base64::Engine as _;
        (&self.key_id, base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&self.public))
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails by panicking")]
mod tests {
    use super::*;

    fn now() -> Instant {
        "2018-09-03T08:00:00Z".parse().unwrap()
    }

    fn tokens(seed: u8) -> Tokens {
        Tokens::new(&Keys::derive(&[seed; 32])).unwrap()
    }

    /// A token whose header and claims are as given, signed with the right key.
    fn forged(tokens: &Tokens, header: &Header, change: impl FnOnce(&mut Claims)) -> String {
        let second = now().as_millis() / 1000;
        let mut claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: "shop-1".into(),
            role: "merchant".into(),
            iat: second,
            nbf: second,
            exp: second + LIFETIME,
        };
        change(&mut claims);
        jsonwebtoken::encode(header, &claims, &tokens.signing).unwrap()
    }

    fn header(tokens: &Tokens) -> Header {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.into());
        header.kid = Some(tokens.key_id.clone());
        header
    }

    #[test]
    fn a_token_is_good_for_its_lifetime_and_no_longer() {
        let tokens = tokens(1);
        let token = tokens.issue("shop-1", Role::Merchant, now()).unwrap();
        let at = |seconds: i64| tokens.check(&token, now().plus_millis(seconds * 1000));
        assert_eq!(at(0).unwrap().client_id, "shop-1");
        assert!(at(LIFETIME - 1).is_some());
        assert!(at(LIFETIME).is_none(), "expired");
        assert!(at(-60).is_some(), "issued by a machine whose clock is a little ahead");
        assert!(at(-61).is_none(), "issued by a clock that is wrong");
    }

    #[test]
    fn a_token_that_differs_in_any_respect_is_refused() {
        let tokens = tokens(1);
        let good = header(&tokens);
        assert!(tokens.check(&forged(&tokens, &good, |_| {}), now()).is_some());
        let claims: [fn(&mut Claims); 3] = [
            |claims| claims.iss = "another".into(),
            |claims| claims.aud = "another".into(),
            |claims| claims.exp = 0,
        ];
        for change in claims {
            assert!(tokens.check(&forged(&tokens, &good, change), now()).is_none());
        }
        let headers: [fn(&mut Header); 3] =
            [|h| h.kid = None, |h| h.kid = Some("another".into()), |h| h.typ = Some("JWT".into())];
        for change in headers {
            let mut header = good.clone();
            change(&mut header);
            assert!(tokens.check(&forged(&tokens, &header, |_| {}), now()).is_none());
        }
        let other = Tokens::new(&Keys::derive(&[2; 32])).unwrap();
        assert!(other.check(&forged(&tokens, &good, |_| {}), now()).is_none());
        for text in ["", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
            assert!(tokens.check(text, now()).is_none(), "{text}");
        }
    }
}
