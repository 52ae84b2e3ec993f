//! The JSON of requests and answers, and its translation to and from the domain's types.

pub(crate) mod account;
pub(crate) mod card;
pub(crate) mod exception;
pub(crate) mod inquiry;
pub(crate) mod listing;
pub(crate) mod me;
pub(crate) mod members;
pub(crate) mod paging;
pub(crate) mod programme;
pub(crate) mod proposal;
pub(crate) mod reconciliation;
pub(crate) mod redemption;
pub(crate) mod reversal;
pub(crate) mod rules;
pub(crate) mod schema;
pub(crate) mod settlement;
pub(crate) mod shop;
pub(crate) mod transfer;

use ledger::domain::legible::is_legible;
use serde::Serialize;

use crate::problem::{Code, Problem};

/// A field that can't be read.
pub(crate) fn invalid(pointer: impl Into<String>, detail: impl ToString) -> Problem {
    Problem::at(Code::RequestInvalid, pointer, detail.to_string())
}

/// A text for people: 1 to `most` characters that can be read (see [`is_legible`]), without white
/// space at its ends.
pub(crate) fn text(pointer: &str, value: &str, most: usize) -> Result<String, Problem> {
    let fits = value.chars().count() <= most && is_legible(value) && value.trim() == value;
    if fits {
        Ok(value.to_owned())
    } else {
        Err(invalid(
            pointer,
            format!("has to be 1 to {most} printable characters, without white space at an end"),
        ))
    }
}

fn json(answer: &impl Serialize) -> String {
    // These types hold only strings and integers, which are always written.
    serde_json::to_string(answer).unwrap_or_default()
}
