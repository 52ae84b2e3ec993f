//! Requests as bytes.
//!
//! A request is a head, which stays the same while the token does, and a tail with what is its own;
//! a replay is the same tail again.

use std::io::Write;

/// The heads of one terminal's requests, up to the fields that differ.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    /// Of `POST /v1/redemptions`.
    pub(crate) redemption: Vec<u8>,
    /// Of `POST /v1/balance-inquiries`.
    pub(crate) inquiry: Vec<u8>,
}

impl Heads {
    /// The heads under this token.
    pub(crate) fn new(host: &str, token: &str) -> Self {
        let head = |path| {
            format!(
                "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
                 Content-Type: application/json\r\n"
            )
            .into_bytes()
        };
        Self { redemption: head("/v1/redemptions"), inquiry: head("/v1/balance-inquiries") }
    }
}

/// The request for a token, with the login as HTTP Basic has it.
pub(crate) fn token(host: &str, basic: &str) -> Vec<u8> {
    let body = "grant_type=client_credentials";
    format!(
        "POST /oauth/token HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {basic}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Writes the tail of a purchase of a tenth of a kilogram of medium rice, or of a commodity that is
/// never sold when `commodity` is one; `scratch` is for the body.
pub(crate) fn redemption_tail(
    tail: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    key: (&str, u64, u64),
    (card_number, pin): (&str, &str),
    (commodity, unit_price): (&str, u64),
) {
    scratch.clear();
    write!(
        scratch,
        "{{\"card_number\":\"{card_number}\",\"pin\":\"{pin}\",\"items\":[{{\
         \"commodity\":\"{commodity}\",\"grade\":\"medium\",\"quantity\":\"0.1\",\
         \"unit\":\"kg\",\"unit_price\":{unit_price}}}]}}"
    )
    .expect("a vector takes every byte");
    let (run_id, terminal, serial) = key;
    tail.clear();
    write!(
        tail,
        "Idempotency-Key: {run_id}-{terminal}-{serial}\r\nContent-Length: {}\r\n\r\n",
        scratch.len()
    )
    .expect("a vector takes every byte");
    tail.extend_from_slice(scratch);
}

/// Writes the tail of a balance inquiry.
pub(crate) fn inquiry_tail(tail: &mut Vec<u8>, (card_number, pin): (&str, &str)) {
    let body = format!("{{\"card_number\":\"{card_number}\",\"pin\":\"{pin}\"}}");
    tail.clear();
    write!(tail, "Content-Length: {}\r\n\r\n{body}", body.len())
        .expect("a vector takes every byte");
}

/// The text of the first member of this name in a compact JSON object, without a parser: enough for
/// an id or a code, which need no escapes.
pub(crate) fn text_member<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once(&format!("\"{name}\":\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purchase_is_json_of_the_announced_length() {
        let (mut tail, mut scratch) = (Vec::new(), Vec::new());
        let card = ("6013010000000018", "135790");
        redemption_tail(&mut tail, &mut scratch, ("run", 3, 4), card, ("rice", 5_010));
        let text = String::from_utf8(tail).unwrap();
        let (fields, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(fields.starts_with("Idempotency-Key: run-3-4\r\n"));
        assert!(fields.ends_with(&format!("Content-Length: {}", body.len())));
        let json: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(json["items"][0]["unit_price"], 5_010);
    }

    #[test]
    fn a_members_text_is_found() {
        let body = br#"{"id":"rdm_x","status":"approved"}"#;
        assert_eq!(text_member(body, "id"), Some("rdm_x"));
        assert_eq!(text_member(body, "code"), None);
    }
}
