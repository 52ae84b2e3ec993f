//! What many tests do at a till: buy under a key that nobody used, read a line of goods, compare.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use ewarong_tests::client::ApiClient;
use ewarong_tests::demo::Card;
use ewarong_tests::{Answer, Merchant};
use serde_json::{Value, json};

/// The members of a recorded refusal, no more and no less.
pub(crate) const REFUSAL: [&str; 9] =
    ["type", "title", "status", "code", "response_code", "pesan", "request_id", "id", "errors"];

/// An idempotency key that no other purchase of this process has.
pub(crate) fn fresh_key() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("till-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A purchase with the card's own PIN under a fresh key.
pub(crate) fn buy(till: &Merchant, card: &Card, items: &[Value]) -> Answer {
    till.redeem(&fresh_key(), &card.card_number, &card.pin, items)
}

/// A purchase with another PIN than the card's.
pub(crate) fn buy_with_wrong_pin(till: &Merchant, card: &Card, items: &[Value]) -> Answer {
    till.redeem(&fresh_key(), &card.card_number, &wrong_pin(card), items)
}

/// A PIN that is not the card's.
pub(crate) fn wrong_pin(card: &Card) -> String {
    card.pin.chars().rev().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}

/// Reads goods as `rice premium 5 kg 12500 + eggs 10 piece 2000`; a grade stands only where five
/// words do.
pub(crate) fn goods(text: &str) -> Vec<Value> {
    text.split(" + ").map(|line| line_of(&line.split_whitespace().collect::<Vec<_>>())).collect()
}

fn line_of(words: &[&str]) -> Value {
    let (commodity, grade, rest) = match words {
        [commodity, grade, rest @ ..] if rest.len() == 3 => (*commodity, Some(*grade), rest),
        [commodity, rest @ ..] if rest.len() == 3 => (*commodity, None, rest),
        _ => panic!("no line of goods: {words:?}"),
    };
    let price: i64 = rest[2].parse().unwrap();
    let mut line = json!({
        "commodity": commodity, "quantity": rest[0], "unit": rest[1], "unit_price": price,
    });
    if let Some(grade) = grade {
        line["grade"] = json!(grade);
    }
    line
}

/// `approved`, or the refusal's code; anything else is not a decision.
pub(crate) fn outcome(answer: &Answer) -> String {
    match answer.status {
        201 => answer.json()["status"].as_str().unwrap().to_owned(),
        402 => answer.problem(402),
        status => panic!("not decided: {status} {}", answer.text()),
    }
}

/// Fails unless the object has exactly these members.
pub(crate) fn assert_members(object: &Value, expected: &[&str]) {
    let members = object.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>();
    assert_eq!(members, expected.iter().copied().collect(), "{object}");
}

/// All of a list, one item a page, so that the pages are tried too.
pub(crate) fn listed(api: &ApiClient, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let join = if path.contains('?') { '&' } else { '?' };
        let page = api.get(&format!("{path}{join}limit=1{cursor}")).expect(200);
        let beside: &[&str] =
            if path.split('?').next() == Some("/v1/settlements") { &["days"] } else { &[] };
        assert_members(&page, &[&["data", "next_cursor"], beside].concat());
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// A member that is text.
pub(crate) fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_else(|| panic!("`{member}` is no text in {object}"))
}

/// A member that is a whole number.
pub(crate) fn number(object: &Value, member: &str) -> i64 {
    object[member].as_i64().unwrap_or_else(|| panic!("`{member}` is no number in {object}"))
}

/// A small purchase that is always allowed.
pub(crate) const EGG: &str = "eggs 1 piece 2000";

/// A refusal's code and its number of ISO 8583.
pub(crate) fn code_of(answer: &Answer) -> (String, String) {
    let body = answer.expect(402);
    (text(&body, "code").to_owned(), text(&body, "response_code").to_owned())
}

/// The same, expected.
pub(crate) fn refused(code: &str, response_code: &str) -> (String, String) {
    (code.to_owned(), response_code.to_owned())
}
