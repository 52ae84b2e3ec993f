//! Requests as bytes, made once under a token. What differs from request to request has a fixed
//! width and is written over.

use std::ops::Range;

use crate::cards::{Card, Purchase};

/// How many letters and digits of an id follow its prefix.
const ID: usize = 26;
/// A redemption's id without its prefix.
pub(crate) type Id = [u8; ID];
/// An idempotency key: the run's eight digits, the terminal's five, the request's ten.
pub(crate) type Key = [u8; 25];

/// The key of a terminal's request.
pub(crate) fn key(run: [u8; 8], terminal: u32, serial: u64) -> Key {
    let mut key = *b"rrrrrrrr-ttttt-ssssssssss";
    put(&mut key, &(0..8), &run);
    put(&mut key, &(9..14), &digits::<5>(terminal.into()));
    put(&mut key, &(15..25), &digits::<10>(serial));
    key
}

/// The lowest `N` decimal digits.
fn digits<const N: usize>(number: u64) -> [u8; N] {
    let mut digits = [b'0'; N];
    let mut left = number;
    for digit in digits.iter_mut().rev() {
        *digit = u8::try_from(left.wrapping_rem(10)).unwrap_or(0) | b'0';
        left = left.wrapping_div(10);
    }
    digits
}

fn put(bytes: &mut [u8], place: &Range<usize>, field: &[u8]) {
    if let Some(slot) = bytes.get_mut(place.clone())
        && slot.len() == field.len()
    {
        slot.copy_from_slice(field);
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

/// The requests of one terminal.
#[derive(Debug)]
pub(crate) struct Requests {
    rice: Redemption,
    sugar: Redemption,
    inquiry: Inquiry,
    reversal: Reversal,
}

impl Requests {
    /// Under this token.
    pub(crate) fn new(host: &str, token: &str) -> Self {
        let head = Head { host, token };
        Self {
            rice: Redemption::new(head, "rice"),
            sugar: Redemption::new(head, "sugar"),
            inquiry: Inquiry::new(head),
            reversal: Reversal::new(head),
        }
    }

    /// A purchase of rice.
    pub(crate) fn redemption(&mut self, key: &Key, card: &Card, purchase: &Purchase) -> &[u8] {
        self.rice.with(key, card, purchase)
    }

    /// A purchase of what the programme does not sell.
    pub(crate) fn refused(&mut self, key: &Key, card: &Card, purchase: &Purchase) -> &[u8] {
        self.sugar.with(key, card, purchase)
    }

    /// A balance inquiry.
    pub(crate) fn inquiry(&mut self, card: &Card) -> &[u8] {
        let Inquiry { bytes, number, pin } = &mut self.inquiry;
        put(bytes, number, &card.number);
        put(bytes, pin, &card.pin);
        bytes
    }

    /// A redemption is taken back.
    pub(crate) fn reversal(&mut self, key: &Key, id: &Id) -> &[u8] {
        let Reversal { bytes, id: place, key: key_place } = &mut self.reversal;
        put(bytes, place, id);
        put(bytes, key_place, key);
        bytes
    }
}

#[derive(Debug)]
struct Redemption {
    bytes: Vec<u8>,
    key: Range<usize>,
    number: Range<usize>,
    pin: Range<usize>,
    quantity: Range<usize>,
    price: Range<usize>,
}

impl Redemption {
    fn new(head: Head<'_>, commodity: &str) -> Self {
        let mut body = Text::default();
        let number = body.text("{\"card_number\":\"").field(16);
        let pin = body.text("\",\"pin\":\"").field(6);
        body.text("\",\"items\":[{\"commodity\":\"").text(commodity);
        let quantity = body.text("\",\"grade\":\"medium\",\"quantity\":\"").field(5);
        let price = body.text("\",\"unit\":\"kg\",\"unit_price\":").field(4);
        body.text("}]}");
        let mut request = Text::default();
        head.write(&mut request, "/v1/redemptions");
        let key = request.text("Idempotency-Key: ").field(25);
        let start = request.text("\r\n").body(&body);
        let [number, pin, quantity, price] =
            [number, pin, quantity, price].map(|at| later(at, start));
        Self { bytes: request.0, key, number, pin, quantity, price }
    }

    fn with(&mut self, key: &Key, card: &Card, purchase: &Purchase) -> &[u8] {
        let bytes = &mut self.bytes;
        put(bytes, &self.key, key);
        put(bytes, &self.number, &card.number);
        put(bytes, &self.pin, &card.pin);
        put(bytes, &self.quantity, purchase.quantity);
        put(bytes, &self.price, &digits::<4>(purchase.unit_price.into()));
        bytes
    }
}

#[derive(Debug)]
struct Inquiry {
    bytes: Vec<u8>,
    number: Range<usize>,
    pin: Range<usize>,
}

impl Inquiry {
    fn new(head: Head<'_>) -> Self {
        let mut body = Text::default();
        let number = body.text("{\"card_number\":\"").field(16);
        let pin = body.text("\",\"pin\":\"").field(6);
        body.text("\"}");
        let mut request = Text::default();
        head.write(&mut request, "/v1/balance-inquiries");
        let start = request.body(&body);
        Self { bytes: request.0, number: later(number, start), pin: later(pin, start) }
    }
}

#[derive(Debug)]
struct Reversal {
    bytes: Vec<u8>,
    id: Range<usize>,
    key: Range<usize>,
}

impl Reversal {
    fn new(head: Head<'_>) -> Self {
        let mut body = Text::default();
        body.text("{\"reason\":\"load\"}");
        let mut request = Text::default();
        let id = request.text("POST /v1/redemptions/rdm_").field(ID);
        request.text("/reversals HTTP/1.1\r\n");
        head.write_fields(&mut request);
        let key = request.text("Idempotency-Key: ").field(25);
        request.text("\r\n").body(&body);
        Self { bytes: request.0, id, key }
    }
}

/// What the heads of a terminal's requests have in common.
#[derive(Debug, Clone, Copy)]
struct Head<'a> {
    host: &'a str,
    token: &'a str,
}

impl Head<'_> {
    fn write(self, request: &mut Text, path: &str) {
        request.text("POST ").text(path).text(" HTTP/1.1\r\n");
        self.write_fields(request);
    }

    fn write_fields(self, request: &mut Text) {
        request.text("Host: ").text(self.host).text("\r\nAuthorization: Bearer ").text(self.token);
        request.text("\r\nContent-Type: application/json\r\n");
    }
}

/// A request while it is made.
#[derive(Debug, Default)]
struct Text(Vec<u8>);

impl Text {
    fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// Leaves room and says where.
    fn field(&mut self, width: usize) -> Range<usize> {
        let start = self.0.len();
        self.0.resize(start.saturating_add(width), b'0');
        start..self.0.len()
    }

    /// Ends the head, adds the body and says where it starts.
    fn body(&mut self, body: &Self) -> usize {
        self.text(&format!("Content-Length: {}\r\n\r\n", body.0.len()));
        let start = self.0.len();
        self.0.extend_from_slice(&body.0);
        start
    }
}

fn later(place: Range<usize>, by: usize) -> Range<usize> {
    place.start.saturating_add(by)..place.end.saturating_add(by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cards::{Choice, Deck};
    use crate::workload::random;
    use ewarong_tests::demo;

    fn deck() -> Deck {
        let card = demo::Card {
            card_number: "6013010000000018".to_owned(),
            pin: "135790".to_owned(),
            bank: "bri".to_owned(),
            balance: 110_000,
        };
        Deck::new(&[card], Choice::Uniform, &mut random(1, 0)).unwrap()
    }

    /// The head, and the body as JSON, which is as long as the head says.
    fn parts(request: &[u8]) -> (String, serde_json::Value) {
        let text = std::str::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
        (head.to_owned(), serde_json::from_str(body).unwrap())
    }

    #[test]
    fn a_purchase_has_its_fields_however_often_it_is_written() {
        let deck = deck();
        let card = deck.card(0).unwrap();
        let mut requests = Requests::new("shop:1", "secret");
        for (serial, price) in [(1, 9_000), (4_294_967_296, 1_000)] {
            let key = key(*b"0123abcd", 7, serial);
            let purchase = Purchase { card: 0, quantity: b"0.100", unit_price: price, amount: 0 };
            let (head, body) = parts(requests.redemption(&key, card, &purchase));
            assert!(
                head.starts_with("POST /v1/redemptions HTTP/1.1\r\nHost: shop:1\r\n"),
                "{head}"
            );
            assert!(head.contains(&format!("Idempotency-Key: 0123abcd-00007-{serial:010}\r\n")));
            assert!(head.contains("Authorization: Bearer secret\r\n"), "{head}");
            let item = serde_json::json!({"commodity": "rice", "grade": "medium",
                "quantity": "0.100", "unit": "kg", "unit_price": price});
            let number = "6013010000000018";
            let wanted =
                serde_json::json!({"card_number": number, "pin": "135790", "items": [item]});
            assert_eq!(body, wanted);
            let (_, body) = parts(requests.refused(&key, card, &purchase));
            assert_eq!(body["items"][0]["commodity"], "sugar");
        }
    }

    #[test]
    fn an_inquiry_and_a_reversal_have_theirs() {
        let deck = deck();
        let mut requests = Requests::new("shop:1", "secret");
        let (head, body) = parts(requests.inquiry(deck.card(0).unwrap()));
        assert!(head.starts_with("POST /v1/balance-inquiries HTTP/1.1\r\n"), "{head}");
        assert_eq!(body, serde_json::json!({"card_number": "6013010000000018", "pin": "135790"}));
        let id = b"asfuybkgyaaaavdr47usv7rwr2";
        let (head, body) = parts(requests.reversal(&key(*b"0123abcd", 0, 1), id));
        let line = "POST /v1/redemptions/rdm_asfuybkgyaaaavdr47usv7rwr2/reversals HTTP/1.1\r\n";
        assert!(head.starts_with(line), "{head}");
        assert!(head.contains("\r\nIdempotency-Key: 0123abcd-00000-0000000001\r\n"), "{head}");
        assert_eq!(body, serde_json::json!({"reason": "load"}));
    }

    #[test]
    fn digits_are_padded_and_cut() {
        assert_eq!(&digits::<4>(42), b"0042");
        assert_eq!(&digits::<2>(1_234), b"34");
    }
}
