//! Amounts, dates and words as ISO 20022 writes them.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;

use super::Fault;
use crate::bankfile::error::quoted;
use crate::bankfile::message;
use crate::domain::matching::Direction;

/// Western Indonesian time, seven hours before UTC: business dates are in it.
const WIB_SECONDS: i32 = 7 * 3600;

/// An amount with its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Money {
    pub(super) amount: Decimal,
    pub(super) currency: String,
}

/// Reads an amount, which has no sign: `CdtDbtInd` says the direction.
pub(super) fn money(text: &str, currency: Option<&str>) -> Result<Money, Fault> {
    let Some(currency) = currency else {
        return Err(Fault::Missing("the amount has no currency (`Ccy`)"));
    };
    if !is_currency(currency) {
        let wanted = "a currency of three letters";
        return Err(Fault::Word { text: quoted(currency), wanted });
    }
    Ok(Money { amount: plain_amount(text)?, currency: currency.to_owned() })
}

/// Reads an amount without a currency.
pub(super) fn plain_amount(text: &str) -> Result<Decimal, Fault> {
    message::amount(text.strip_prefix('+').unwrap_or(text), '.')
}

/// Three capital letters.
pub(super) fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Reads `CRDT` or `DBIT`.
pub(super) fn direction(text: &str) -> Result<Direction, Fault> {
    match text {
        "CRDT" => Ok(Direction::Credit),
        "DBIT" => Ok(Direction::Debit),
        _ => Err(Fault::Word { text: quoted(text), wanted: "`CRDT` or `DBIT`" }),
    }
}

/// Reads `true`, `false`, `1` or `0`.
pub(super) fn flag(text: &str) -> Result<bool, Fault> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Fault::Word { text: quoted(text), wanted: "`true` or `false`" }),
    }
}

/// Reads a number of things.
pub(super) fn count(text: &str) -> Result<u64, Fault> {
    text.parse().map_err(|_not_a_number| Fault::Word { text: quoted(text), wanted: "a number" })
}

/// Reads `2018-09-03`, with or without a time zone behind it.
pub(super) fn date(text: &str) -> Result<NaiveDate, Fault> {
    let (day, zone) = text.split_at_checked(10).unwrap_or((text, ""));
    let is_zone = zone.is_empty() || zone == "Z" || zone.starts_with(['+', '-']);
    let parsed = if is_zone { iso_date(day) } else { None };
    parsed.ok_or_else(|| not_a_date(text, "`YYYY-MM-DD`"))
}

/// Reads `2018-09-03T10:15:00+07:00` as the day in western Indonesia (WIB). A time without a zone
/// is the bank's own; midnight written as `24:00:00` ends its day.
pub(super) fn day_of_time(text: &str) -> Result<NaiveDate, Fault> {
    let (day, time) = text.split_at_checked(10).unwrap_or((text, ""));
    let day = iso_date(day).ok_or_else(|| not_a_date(text, "`YYYY-MM-DDThh:mm:ss`"))?;
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    if time.starts_with("T24:00:00")
        || forms.iter().any(|form| NaiveDateTime::parse_from_str(text, form).is_ok())
    {
        return Ok(day);
    }
    let instant = DateTime::parse_from_rfc3339(text)
        .or_else(|_colon| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    match (instant, FixedOffset::east_opt(WIB_SECONDS)) {
        (Ok(instant), Some(wib)) => Ok(instant.with_timezone(&wib).date_naive()),
        _ => Err(not_a_date(text, "`YYYY-MM-DDThh:mm:ss`")),
    }
}

fn iso_date(text: &str) -> Option<NaiveDate> {
    let digits = |byte: u8| byte.is_ascii_digit() || byte == b'-';
    if text.len() == 10 && text.bytes().all(digits) { text.parse().ok() } else { None }
}

fn not_a_date(text: &str, form: &'static str) -> Fault {
    Fault::Date { text: quoted(text), form }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Option<String> {
        day_of_time(text).ok().map(|day| day.to_string())
    }

    #[test]
    fn a_time_is_of_the_day_that_it_is_in_western_indonesia() {
        for (text, read) in [
            ("2018-09-03T23:59:59+07:00", "2018-09-03"),
            ("2018-09-03T18:00:00Z", "2018-09-04"),
            ("2018-09-03T18:00:00.123+0000", "2018-09-04"),
            ("2018-09-04T00:30:00+09:00", "2018-09-03"),
            ("2018-09-03T23:59:59", "2018-09-03"),
            ("2018-09-03T23:59:59.000000000", "2018-09-03"),
            ("2018-09-03T08:15", "2018-09-03"),
            ("2018-09-03T24:00:00", "2018-09-03"),
        ] {
            assert_eq!(day(text).as_deref(), Some(read), "{text}");
        }
        for text in
            ["2018-09-03", "2018-02-29T10:00:00", "2018-09-03T25:00:00", "2018-09-03T10:00:00+7"]
        {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_may_have_a_zone_behind_it() {
        for text in ["2018-09-03", "2018-09-03Z", "2018-09-03+07:00"] {
            assert_eq!(date(text).unwrap().to_string(), "2018-09-03", "{text}");
        }
        for text in ["2018-02-29", "03/09/2018", "2018-9-3", "+2018-09-3", "20180903", "PEND", ""] {
            assert!(date(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_amount_has_a_currency_and_no_sign() {
        let read = money("5442.09000", Some("IDR")).unwrap();
        assert_eq!((read.amount.to_string().as_str(), read.currency.as_str()), ("5442.09", "IDR"));
        assert!(money("1", None).is_err());
        assert!(money("1", Some("Rp")).is_err());
        assert!(money("-1", Some("IDR")).is_err());
        assert!(money("1,5", Some("IDR")).is_err());
    }
}
