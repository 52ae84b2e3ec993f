//! The goods of a sale as the command line writes them.
//!
//! Only the form is checked here. Whether a grade, a quantity or a price is allowed is the server's
//! decision, and its refusal is recorded.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One line of a sale, as the request carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) commodity: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) grade: Option<String>,
    /// A decimal, as text.
    pub(crate) quantity: String,
    pub(crate) unit: String,
    /// Whole rupiah for one unit.
    pub(crate) unit_price: i64,
}

/// Rice from `GRADE:KG@PRICE`.
#[derive(Clone, Debug)]
pub(crate) struct RiceItem(pub(crate) Item);

/// Eggs from `QUANTITY[UNIT]@PRICE`.
#[derive(Clone, Debug)]
pub(crate) struct EggsItem(pub(crate) Item);

impl FromStr for RiceItem {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not GRADE:KG@PRICE, as in `premium:5@12500`");
        let (grade, rest) = text.split_once(':').ok_or_else(wrong)?;
        let (quantity, unit, unit_price) = amount(rest).ok_or_else(wrong)?;
        if grade.is_empty() || !matches!(unit, "" | "kg") {
            return Err(wrong());
        }
        Ok(Self(Item {
            commodity: "rice".to_owned(),
            grade: Some(grade.to_owned()),
            quantity: quantity.to_owned(),
            unit: "kg".to_owned(),
            unit_price,
        }))
    }
}

impl FromStr for EggsItem {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is not QUANTITY@PRICE, as in `10@2000`, `1tray@55000`, `0.5kg@23000`")
        };
        let (quantity, unit, unit_price) = amount(text).ok_or_else(wrong)?;
        let unit = match unit {
            "" | "piece" => "piece",
            "tray" => "tray",
            "kg" => "kg",
            _ => return Err(wrong()),
        };
        Ok(Self(Item {
            commodity: "eggs".to_owned(),
            grade: None,
            quantity: quantity.to_owned(),
            unit: unit.to_owned(),
            unit_price,
        }))
    }
}

/// Quantity, unit and unit price of `5kg@12500`.
fn amount(text: &str) -> Option<(&str, &str, i64)> {
    let (quantity, price) = text.split_once('@')?;
    let digits = quantity.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = quantity.strip_prefix(digits)?;
    let written = digits.strip_prefix('-').unwrap_or(digits);
    let decimal = written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (decimal && !written.is_empty()).then_some((digits, unit, price.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goods_are_read_as_they_are_written() {
        let RiceItem(rice) = "premium:2.5@12500".parse().unwrap();
        assert_eq!(
            (rice.quantity.as_str(), rice.unit.as_str(), rice.unit_price),
            ("2.5", "kg", 12_500)
        );
        assert_eq!(rice.grade.as_deref(), Some("premium"));
        for (text, quantity, unit, price) in [
            ("10@2000", "10", "piece", 2_000),
            ("1tray@55000", "1", "tray", 55_000),
            ("0.5kg@23000", "0.5", "kg", 23_000),
            ("-1@2000", "-1", "piece", 2_000),
        ] {
            let EggsItem(eggs) = text.parse().unwrap();
            assert_eq!(
                (eggs.quantity.as_str(), eggs.unit.as_str(), eggs.unit_price),
                (quantity, unit, price)
            );
        }
        for text in ["", "10", "@5", "10@", "10@1.5", "1e9@5", "1crate@5", "x@5"] {
            assert!(text.parse::<EggsItem>().is_err(), "{text}");
        }
        assert!("5@12500".parse::<RiceItem>().is_err());
    }
}
