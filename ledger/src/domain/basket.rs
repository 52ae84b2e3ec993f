//! What a family buys: lines with quantity, unit and unit price, as the shop claims them.
//!
//! A basket is only read here; whether it is allowed is for the policy to say, so that a refused
//! attempt can be recorded as it was sent.

use rust_decimal::{Decimal, RoundingStrategy};

use super::money::Rupiah;

/// At most so many lines stand in one basket.
pub const MAX_LINES: usize = 20;
const MAX_TEXT: usize = 32;
const RECORD_VERSION: &str = "1";

/// Why a field of a line can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLine {
    /// A commodity, grade or unit that is empty, over 32 characters or not printable.
    #[error("has to be 1 to 32 printable characters")]
    Text,
    /// A quantity of another shape than `-?[0-9]{{1,6}}(\.[0-9]{{1,9}})?`.
    #[error("has to be a decimal like \"2.5\": at most 6 digits, a point, at most 9 digits")]
    Quantity,
    /// Rice comes in grades.
    #[error("is required for rice")]
    GradeMissing,
    /// Eggs come in none.
    #[error("is not known for eggs")]
    GradeGiven,
    /// No line at all, or too many.
    #[error("has to hold 1 to 20 lines")]
    Count,
}

/// One line as claimed: what, how much, at which price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    commodity: String,
    grade: Option<String>,
    quantity: Decimal,
    unit: String,
    unit_price: i64,
    amount: Option<Rupiah>,
}

/// A line's fields before they are read.
#[derive(Clone, Copy, Debug)]
pub struct LineClaim<'a> {
    /// `rice`, `eggs`.
    pub commodity: &'a str,
    /// `premium`, `medium`; rice only.
    pub grade: Option<&'a str>,
    /// A decimal: `2.5`.
    pub quantity: &'a str,
    /// `kg`, `piece`, `tray`.
    pub unit: &'a str,
    /// Whole rupiah for one unit.
    pub unit_price: i64,
}

impl Line {
    /// Reads a claim.
    ///
    /// # Errors
    /// The name of the field that can't be read, and why.
    pub fn read(claim: LineClaim<'_>) -> Result<Self, (&'static str, NotLine)> {
        let text = |field, value: &str| {
            let length = value.chars().count();
            let fits = (1..=MAX_TEXT).contains(&length) && !value.chars().any(char::is_control);
            if fits { Ok(value.to_owned()) } else { Err((field, NotLine::Text)) }
        };
        let commodity = text("commodity", claim.commodity)?;
        let grade = claim.grade.map(|grade| text("grade", grade)).transpose()?;
        match (commodity.as_str(), &grade) {
            ("rice", None) => return Err(("grade", NotLine::GradeMissing)),
            ("eggs", Some(_)) => return Err(("grade", NotLine::GradeGiven)),
            _ => {}
        }
        let quantity = quantity(claim.quantity).ok_or(("quantity", NotLine::Quantity))?;
        let unit = text("unit", claim.unit)?;
        let amount = line_amount(quantity, claim.unit_price);
        Ok(Self { commodity, grade, quantity, unit, unit_price: claim.unit_price, amount })
    }

    /// What is bought.
    pub fn commodity(&self) -> &str {
        &self.commodity
    }

    /// Its grade, where one was given.
    pub fn grade(&self) -> Option<&str> {
        self.grade.as_deref()
    }

    /// How many units; may be anything until a policy has judged it.
    pub const fn quantity(&self) -> Decimal {
        self.quantity
    }

    /// The unit.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Rupiah for one unit; may be anything until a policy has judged it.
    pub const fn unit_price(&self) -> i64 {
        self.unit_price
    }

    /// Quantity times unit price, half to even; `None` when that is not an amount of money.
    pub const fn amount(&self) -> Option<Rupiah> {
        self.amount
    }
}

/// `quantity` units at `unit_price`, rounded half to even to whole rupiah; `None` below zero and
/// where it does not fit.
pub fn line_amount(quantity: Decimal, unit_price: i64) -> Option<Rupiah> {
    let exact = quantity.checked_mul(Decimal::from(unit_price))?;
    let rounded = exact.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
    Rupiah::new(i64::try_from(rounded).ok()?).ok()
}

/// Reads `-?[0-9]{1,6}(\.[0-9]{1,9})?` and nothing else: no exponent, no separator, no sign `+`.
fn quantity(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let only_digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !only_digits(whole, 6) || fraction.is_some_and(|fraction| !only_digits(fraction, 9)) {
        return None;
    }
    let value = Decimal::from_str_exact(text).ok()?.normalize();
    Some(if value.is_zero() { Decimal::ZERO } else { value })
}

/// The lines of one purchase, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basket {
    lines: Vec<Line>,
    total: Option<Rupiah>,
    record: String,
}

impl Basket {
    /// A basket of `lines`.
    ///
    /// # Errors
    /// [`NotLine::Count`] without a line and with more than [`MAX_LINES`].
    pub fn new(lines: Vec<Line>) -> Result<Self, NotLine> {
        if lines.is_empty() || lines.len() > MAX_LINES {
            return Err(NotLine::Count);
        }
        let total = lines.iter().try_fold(Rupiah::ZERO, |sum, line| sum.checked_add(line.amount?));
        let record = record_of(&lines);
        Ok(Self { lines, total, record })
    }

    /// The lines in the order they were sent.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The sum of the lines; `None` when a line is not an amount of money, or the sum does not fit.
    pub const fn total(&self) -> Option<Rupiah> {
        self.total
    }

    /// The basket as one text, the same for equal baskets: a version, then a row a line with its
    /// fields between tabs (no field holds a control character). It is what the store keeps, what
    /// the request's hash covers and what outsiders can hash again.
    pub fn record(&self) -> &str {
        &self.record
    }

    /// Reads what [`Basket::record`] wrote; `None` when it is anything else.
    pub fn from_record(text: &str) -> Option<Self> {
        let mut rows = text.split('\n');
        if rows.next() != Some(RECORD_VERSION) {
            return None;
        }
        let lines = rows.map(line_from_record).collect::<Option<Vec<_>>>()?;
        Self::new(lines).ok()
    }
}

fn record_of(lines: &[Line]) -> String {
    let mut text = String::with_capacity(64);
    text.push_str(RECORD_VERSION);
    for line in lines {
        let amount = line.amount.map(|amount| amount.get().to_string()).unwrap_or_default();
        text.push('\n');
        text.push_str(&line.commodity);
        for field in [
            line.grade().unwrap_or_default(),
            &line.quantity.to_string(),
            &line.unit,
            &line.unit_price.to_string(),
            &amount,
        ] {
            text.push('\t');
            text.push_str(field);
        }
    }
    text
}

fn line_from_record(row: &str) -> Option<Line> {
    let fields: Vec<&str> = row.split('\t').collect();
    let [commodity, grade, quantity, unit, unit_price, amount] = fields.as_slice() else {
        return None;
    };
    let grade = (!grade.is_empty()).then_some(*grade);
    let unit_price = unit_price.parse().ok()?;
    let claim = LineClaim { commodity, grade, quantity, unit, unit_price };
    let line = Line::read(claim).ok()?;
    let stated = line.amount.map(|amount| amount.get().to_string()).unwrap_or_default();
    (stated == *amount).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(commodity: &str, quantity: &str, unit_price: i64) -> Line {
        let grade = (commodity == "rice").then_some("premium");
        Line::read(LineClaim { commodity, grade, quantity, unit: "kg", unit_price }).unwrap()
    }

    #[test]
    fn a_quantity_is_read_exactly_or_not_at_all() {
        for (text, value) in [("5", "5"), ("2.50", "2.5"), ("-1", "-1"), ("0.0001", "0.0001")] {
            assert_eq!(quantity(text).unwrap().to_string(), value);
        }
        for text in ["", "1e9", "NaN", "+1", "1.", ".5", "1,5", " 1", "1234567", "1.0123456789"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    #[test]
    fn a_line_is_rounded_half_to_even() {
        for (quantity, price, amount) in [
            ("0.5", 1, 0),
            ("1.5", 1, 2),
            ("2.5", 1, 2),
            ("0.333", 12_500, 4162),
            ("8", 13_300, 106_400),
        ] {
            assert_eq!(line("rice", quantity, price).amount().unwrap().get(), amount);
        }
        assert_eq!(line("rice", "-1", 10).amount(), None);
        assert_eq!(line("eggs", "999999", i64::MAX).amount(), None);
    }

    #[test]
    fn a_record_survives_and_equal_baskets_have_equal_records() {
        let basket =
            |quantity| Basket::new(vec![line("rice", quantity, 12_500), line("gula", "-1", 5)]);
        let record = basket("5.0").unwrap().record().to_owned();
        assert_eq!(record, basket("5").unwrap().record());
        assert_eq!(record, "1\nrice\tpremium\t5\tkg\t12500\t62500\ngula\t\t-1\tkg\t5\t");
        assert_eq!(Basket::from_record(&record), basket("5").ok());
        assert_eq!(Basket::from_record(&record.replace("62500", "62501")), None);
        assert_eq!(Basket::new(vec![]), Err(NotLine::Count));
    }
}
