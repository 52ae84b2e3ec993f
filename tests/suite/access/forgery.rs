//! Tokens as a forger makes them: one that is right, and many that are wrong in one respect.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use ewarong_tests::client::ApiClient;
use ledger::domain::keys::Keys;
use ring::hmac;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

/// A forger who has the server's key, so that only the fault in a token can be what fails.
pub(super) struct Forger {
    key: Ed25519KeyPair,
    header: Value,
    claims: Value,
}

impl Forger {
    /// Takes header and claims from the client's own token.
    pub(super) fn new(api: &ApiClient, keys_file: &Path, client_id: &str) -> Self {
        let text = fs::read_to_string(keys_file).unwrap();
        let (_, digits) = text.trim().split_once(':').unwrap();
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let master = digits.as_bytes().chunks(2).map(byte).collect::<Vec<_>>();
        let keys = Keys::derive(&master.try_into().unwrap());
        let key = Ed25519KeyPair::from_seed_unchecked(keys.token_seed()).unwrap();
        let (header, claims) = opened(&api.token());
        assert_eq!(claims["sub"], client_id);
        Self { key, header, claims }
    }

    pub(super) fn header(&self) -> Value {
        self.header.clone()
    }

    /// The claims with one of them changed; `null` leaves it out.
    pub(super) fn claims_with(&self, claim: &str, value: Value) -> Value {
        changed(&self.claims, claim, value)
    }

    /// A token signed with the server's key.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        token(header, claims, |message| self.key.sign(message).as_ref().to_vec())
    }

    /// The right token, made anew.
    pub(super) fn good(&self) -> String {
        self.sign(&self.header, &self.claims)
    }

    /// Invalid headers, each with what is wrong.
    pub(super) fn forgeries(&self) -> Vec<(String, String)> {
        let mut all = self.shapes();
        let bearer = |(what, token): (&str, String)| (what.to_owned(), format!("Bearer {token}"));
        all.extend(self.signatures().into_iter().map(bearer));
        let headers = [
            ("kid", json!("0000000000000000")),
            ("kid", Value::Null),
            ("kid", json!("../ewarong.keys")),
            ("kid", json!(1)),
            ("typ", json!("JWT")),
            ("typ", Value::Null),
            ("alg", json!("EdDsa")),
            ("alg", json!("ES256")),
            ("alg", Value::Null),
        ];
        for (field, value) in headers {
            let what = format!("header {field} {value}");
            let forged = self.sign(&changed(&self.header, field, value), &self.claims);
            all.push((what, format!("Bearer {forged}")));
        }
        let seconds = |claim: &str| self.claims[claim].as_i64().unwrap();
        let claims = [
            ("iss", json!("another")),
            ("iss", Value::Null),
            ("aud", json!("another")),
            ("aud", Value::Null),
            ("exp", json!(seconds("iat") - 1)),
            ("exp", Value::Null),
            ("exp", json!("2099-12-31")),
            ("exp", json!(i64::MAX)),
            ("exp", json!(-1)),
            ("nbf", json!(seconds("exp") - 1)),
            ("nbf", Value::Null),
            ("sub", json!("nobody")),
            ("sub", Value::Null),
            ("sub", json!(["till-JBI-1"])),
            ("admin", json!(true)),
        ];
        for (claim, value) in claims {
            let what = format!("claim {claim} {value}");
            let forged = self.sign(&self.header, &self.claims_with(claim, value));
            all.push((what, format!("Bearer {forged}")));
        }
        all
    }

    /// Headers that hold no token where one belongs.
    fn shapes(&self) -> Vec<(String, String)> {
        let good = self.good();
        let parts = good.split('.').collect::<Vec<_>>();
        let basic = STANDARD.encode("till-JBI-1:secret");
        [
            String::new(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            "Bearer x".to_owned(),
            "Bearer .".to_owned(),
            "Bearer ..".to_owned(),
            "Bearer null".to_owned(),
            format!("Basic {basic}"),
            good.clone(),
            format!("Token {good}"),
            format!("Bearer  {good}"),
            format!("Bearer {good} {good}"),
            format!("Bearer \"{good}\""),
            format!("Bearer {}.{}", parts[0], parts[1]),
            format!("Bearer {good}.{}", parts[2]),
            format!("Bearer {good}=="),
            format!("Bearer {}", "a".repeat(4_000)),
        ]
        .into_iter()
        .map(|header| (format!("shape {}", header.chars().take(30).collect::<String>()), header))
        .collect()
    }

    /// Tokens that somebody else signed, or nobody.
    fn signatures(&self) -> Vec<(&'static str, String)> {
        let good = self.good();
        let (message, signature) = good.rsplit_once('.').unwrap();
        let public = self.key.public_key().as_ref();
        let with_alg = |alg: &str| changed(&self.header, "alg", json!(alg));
        let hmac_by = |secret: &[u8]| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            token(&with_alg("HS256"), &self.claims, |m| hmac::sign(&key, m).as_ref().to_vec())
        };
        let stranger = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let by_stranger = |header: &Value| {
            token(header, &self.claims, |message| stranger.sign(message).as_ref().to_vec())
        };
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(stranger.public_key().as_ref()),
        });
        let mut flipped = BASE64.decode(signature).unwrap();
        flipped[10] ^= 1;
        let richer = BASE64.encode(self.claims_with("sub", json!("programme")).to_string());
        let head = message.split_once('.').unwrap().0;
        let unsigned = |alg: &str| token(&with_alg(alg), &self.claims, |_| Vec::new());
        vec![
            ("alg none, unsigned", unsigned("none")),
            ("alg None, unsigned", unsigned("None")),
            ("alg NONE, unsigned", unsigned("NONE")),
            ("alg EdDSA, unsigned", unsigned("EdDSA")),
            ("alg none, signed", self.sign(&with_alg("none"), &self.claims)),
            ("HS256 by the public key", hmac_by(public)),
            ("HS256 by the public key's text", hmac_by(BASE64.encode(public).as_bytes())),
            ("HS256 by nothing", hmac_by(b"")),
            ("a stranger's key", by_stranger(&self.header)),
            ("a stranger's key brought along", by_stranger(&changed(&self.header, "jwk", jwk))),
            ("a flipped bit", format!("{message}.{}", BASE64.encode(&flipped))),
            ("a short signature", format!("{message}.{}", BASE64.encode(&flipped[..32]))),
            ("other claims under the signature", format!("{head}.{richer}.{signature}")),
        ]
    }
}

fn changed(object: &Value, member: &str, value: Value) -> Value {
    let mut object = object.clone();
    let members = object.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(member);
    } else {
        members.insert(member.to_owned(), value);
    }
    object
}

fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let [header, claims] = [header, claims].map(|part| BASE64.encode(part.to_string()));
    let message = format!("{header}.{claims}");
    let signature = BASE64.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// A token's header and claims.
pub(super) fn opened(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| BASE64.decode(part).unwrap());
    let mut json = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (json(), json())
}

/// Fails unless the token was signed with the key whose `x` this is.
pub(super) fn verify(token: &str, x: &str) {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let key = UnparsedPublicKey::new(&ED25519, BASE64.decode(x).unwrap());
    key.verify(message.as_bytes(), &BASE64.decode(signature).unwrap()).unwrap();
}
