//! Dates and balances as MT940 writes them.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use crate::bankfile::error::quoted;
use crate::bankfile::fault::MessageFault;
use crate::bankfile::message::amount;
use crate::domain::matching::Direction;

/// A stated balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Balance {
    /// Of which day, where the bank says so.
    pub(super) date: Option<NaiveDate>,
    /// Three letters; banks leave them out now and then.
    pub(super) currency: Option<String>,
    /// Below zero when it is a debit.
    pub(super) amount: Decimal,
}

/// Reads `C100318EUR380115,12`. A day of zeros means no day.
pub(super) fn balance(text: &str) -> Result<Balance, MessageFault> {
    let text = text.trim();
    let (direction, rest) = match text.split_at_checked(1) {
        Some(("C", rest)) => (Direction::Credit, rest),
        Some(("D", rest)) => (Direction::Debit, rest),
        _ => {
            let wanted = "a balance with its mark, `C` or `D`,";
            return Err(MessageFault::Word { text: quoted(text), wanted });
        }
    };
    let (date, rest) = rest.split_at_checked(6).unwrap_or((rest, ""));
    let date = if date == "000000" { None } else { Some(short_date(date)?) };
    let (currency, rest) = currency(rest);
    let mut amount = amount(rest, ',')?;
    amount.set_sign_negative(direction == Direction::Debit && !amount.is_zero());
    Ok(Balance { date, currency: currency.map(str::to_owned), amount })
}

/// The currency in front of an amount, where there is one.
pub(super) fn currency(text: &str) -> (Option<&str>, &str) {
    match text.split_at_checked(3) {
        Some((currency, rest)) if is_currency(currency) => (Some(currency), rest),
        _ => (None, text),
    }
}

/// Three capital letters.
pub(super) fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Reads `YYMMDD`; the year lies in 2000 to 2099.
pub(super) fn short_date(text: &str) -> Result<NaiveDate, MessageFault> {
    let date = date_parts(text).and_then(|(year, month, day)| {
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
    });
    date.ok_or_else(|| not_a_date(text, "`YYMMDD`"))
}

/// Reads a value date. 30 February is the end of February where months have thirty days.
pub(super) fn value_date(text: &str) -> Result<NaiveDate, MessageFault> {
    match date_parts(text) {
        Some((year, 2, 30)) => {
            let march = i32::try_from(year).ok().and_then(|y| NaiveDate::from_ymd_opt(y, 3, 1));
            march.and_then(|march| march.pred_opt()).ok_or_else(|| not_a_date(text, "`YYMMDD`"))
        }
        _ => short_date(text),
    }
}

/// Reads `MMDD` as the day nearest to the value date: over New Year it lies in the other year.
pub(super) fn entry_date(text: &str, value: NaiveDate) -> Result<NaiveDate, MessageFault> {
    let parts =
        text.split_at_checked(2).and_then(|(month, day)| Some((digits(month)?, digits(day)?)));
    let candidates = (-1..=1).filter_map(|years| {
        let (month, day) = parts?;
        NaiveDate::from_ymd_opt(value.year().checked_add(years)?, month, day)
    });
    let nearest = candidates.min_by_key(|date| date.signed_duration_since(value).num_days().abs());
    nearest.ok_or_else(|| not_a_date(text, "`MMDD`"))
}

fn not_a_date(text: &str, form: &'static str) -> MessageFault {
    MessageFault::Date { text: quoted(text), form }
}

fn date_parts(text: &str) -> Option<(u32, u32, u32)> {
    let (year, rest) = text.split_at_checked(2)?;
    let (month, day) = rest.split_at_checked(2)?;
    Some((digits(year)?.checked_add(2000)?, digits(month)?, digits(day)?))
}

/// Two digits.
fn digits(text: &str) -> Option<u32> {
    let two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if two { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_balance_has_a_mark_a_day_and_an_amount() {
        let found = balance("D070903EUR1234718,36").unwrap();
        assert_eq!(found.date, Some(day("2007-09-03")));
        assert_eq!(found.currency.as_deref(), Some("EUR"));
        assert_eq!(found.amount, Decimal::new(-123_471_836, 2));
        let sparse = balance("C000000105000,").unwrap();
        assert_eq!((sparse.date, sparse.currency), (None, None));
        assert_eq!(balance("D180903IDR0,00").unwrap().amount.to_string(), "0.00");
        for text in ["", "X180903IDR1,", "C180931IDR1,", "C180903IDR", "C180903idr1,", "C18090"] {
            assert!(balance(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_entry_date_lies_in_the_year_that_is_nearest() {
        for (value, entry, date) in [
            ("2018-12-31", "0102", "2019-01-02"),
            ("2019-01-02", "1231", "2018-12-31"),
            ("2018-09-03", "0904", "2018-09-04"),
            ("2019-03-01", "0229", "2020-02-29"),
        ] {
            assert_eq!(entry_date(entry, day(value)), Ok(day(date)), "{value} {entry}");
        }
        assert!(entry_date("0230", day("2016-02-29")).is_err());
        assert!(entry_date("04", day("2016-02-29")).is_err());
    }

    #[test]
    fn thirty_days_has_february_in_a_value_date_only() {
        assert_eq!(value_date("160230"), Ok(day("2016-02-29")));
        assert_eq!(value_date("190230"), Ok(day("2019-02-28")));
        assert!(short_date("160230").is_err());
        assert!(value_date("190229").is_err());
        assert!(value_date("180431").is_err());
        assert!(value_date("18O903").is_err());
    }
}
