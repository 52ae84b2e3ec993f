//! Matching by examples written as tables, and the properties that hold for any input.
//!
//! A case is a text. `settlement 03:1 EW-1 175000` is merchant EW-1's settlement 1 of the 3rd, whose
//! reference a row names as `{03:1}`. `redemption 080000000001 T01 EW-1 03 65000` is a redemption;
//! `of 03:1` puts it into that settlement, `reversed` takes it back. `credit 03 175000 text` and
//! `debit 03 1500 text` are the bank's rows; `rc` and `rd` are those that the format marks as
//! reversals. `@12345` in a line is an account, `#77` the bank's number, `~1500` what the bank
//! says it kept back.

mod merchants;
mod properties;
mod result;
mod statuses;

use rust_decimal::Decimal;

use super::*;
use crate::domain::calendar::Date;
use crate::domain::money::Rupiah;
use crate::domain::settlement::SettlementReference;

/// A bank's row with its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TestRow {
    day: u32,
    amount: Decimal,
    direction: Direction,
    reversal: bool,
    charge: Decimal,
    account: Option<String>,
    references: String,
    description: String,
}

/// A case as its text says.
#[derive(Clone, Debug, Default)]
struct Case {
    terms: Option<Terms>,
    ledger: LedgerSide,
    rows: Vec<TestRow>,
}

/// A day of September 2018.
fn date(day: u32) -> Date {
    format!("2018-09-{day:02}").parse().unwrap()
}

fn terms(covered_to: u32) -> Terms {
    Terms::usual("bri".parse().unwrap(), date(3), date(covered_to))
}

/// The reference written as `DAY:NUMBER`.
fn reference(text: &str) -> SettlementReference {
    let (day, number) = text.split_once(':').unwrap();
    let day = date(day.parse().unwrap());
    SettlementReference::new("002", day, number.parse().unwrap()).unwrap()
}

/// `{03:1}` in a text as the reference it stands for.
fn with_references(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (inner, behind) = after.split_once('}').unwrap();
        written.push_str(before);
        written.push_str(&reference(inner).to_string());
        rest = behind;
    }
    written + rest
}

impl Case {
    fn of(text: &str) -> Self {
        let mut case = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            case.add(line);
        }
        case
    }

    fn add(&mut self, line: &str) {
        let mut account = None;
        let mut bank_reference = None;
        let mut charge = Decimal::ZERO;
        let mut words = Vec::new();
        for word in line.split_whitespace() {
            match word.split_at_checked(1) {
                Some(("@", of)) => account = Some(of.to_owned()),
                Some(("#", number)) => bank_reference = Some(number.to_owned()),
                Some(("~", kept)) => charge = kept.parse().unwrap(),
                _ => words.push(word),
            }
        }
        match words.as_slice() {
            ["settlement", named, merchant, amount] => {
                let reference = reference(named);
                let line = SettlementLine {
                    reference,
                    merchant,
                    account: account.as_deref(),
                    bank_reference: bank_reference.as_deref(),
                    business_date: reference.business_date().unwrap(),
                    amount: Rupiah::new(amount.parse().unwrap()).unwrap(),
                };
                self.ledger.add_settlement(&line).unwrap();
            }
            ["redemption", rrn, terminal, merchant, day, amount, rest @ ..] => {
                let of = rest.iter().position(|word| *word == "of");
                let line = RedemptionLine {
                    rrn,
                    terminal: Some(*terminal).filter(|terminal| *terminal != "?"),
                    merchant,
                    account: account.as_deref(),
                    settlement: of.map(|place| reference(rest[place + 1])),
                    business_date: date(day.parse().unwrap()),
                    amount: Rupiah::new(amount.parse().unwrap()).unwrap(),
                    reversed: rest.contains(&"reversed"),
                };
                self.ledger.add_redemption(&line).unwrap();
            }
            [kind @ ("credit" | "debit" | "rc" | "rd"), day, amount, text @ ..] => {
                self.rows.push(TestRow {
                    day: day.parse().unwrap(),
                    amount: amount.parse().unwrap(),
                    direction: match *kind {
                        "credit" | "rd" => Direction::Credit,
                        _ => Direction::Debit,
                    },
                    reversal: kind.starts_with('r'),
                    charge,
                    account,
                    references: bank_reference.unwrap_or_default(),
                    description: with_references(&text.join(" ")),
                });
            }
            other => panic!("not a line of a case: {other:?}"),
        }
    }

    fn covered_to(mut self, day: u32) -> Self {
        self.terms = Some(terms(day));
        self
    }

    fn matched(&self) -> Matching {
        matched(self.terms.clone().unwrap_or_else(|| terms(4)), self.ledger.clone(), &self.rows)
    }

    /// The outcomes, one a line: status, key, what is due, what was paid.
    fn outcomes(&self) -> Vec<String> {
        outcomes(&self.matched())
    }
}

fn matched(terms: Terms, ledger: LedgerSide, rows: &[TestRow]) -> Matching {
    let matcher = Matcher::new(terms, ledger);
    let mut bank = BankSide::default();
    for (place, row) in rows.iter().enumerate() {
        let earlier = rows[..place].iter().filter(|other| *other == row).count();
        read(&matcher, &mut bank, row, place, earlier);
    }
    matcher.matched(bank)
}

/// Reads a row before which so many equal ones stood.
fn read(matcher: &Matcher, bank: &mut BankSide, row: &TestRow, place: usize, earlier: usize) {
    let said = format!("{row:?}");
    let digest = ring::digest::digest(&ring::digest::SHA256, said.as_bytes());
    let row = BankRow {
        fingerprint: Fingerprint {
            digest: digest.as_ref().try_into().unwrap(),
            occurrence: u32::try_from(earlier).unwrap() + 1,
        },
        place: u32::try_from(place).unwrap(),
        account: row.account.as_deref(),
        date: date(row.day),
        amount: row.amount,
        direction: row.direction,
        reversal: row.reversal,
        charge: row.charge,
        references: &row.references,
        description: &row.description,
    };
    matcher.read(bank, &row);
}

/// A key with the reference written as in the case, and rows without what can't be foreseen.
fn shown_key(outcome: Outcome<'_>) -> String {
    match outcome.reference() {
        Some(reference) => {
            let text = reference.to_string();
            let number: u32 = text.get(11..).unwrap().parse().unwrap();
            let date = reference.business_date().unwrap();
            format!("{}:{number}", date.naive().format("%d"))
        }
        None => outcome.key().split(':').next().unwrap().to_owned(),
    }
}

fn outcomes(matching: &Matching) -> Vec<String> {
    let control = matching.control().unwrap();
    assert!(control.holds(), "{control:?}");
    let shown = matching.outcomes().map(|outcome| {
        format!(
            "{} {} {} {}",
            outcome.status().as_str(),
            shown_key(outcome),
            outcome.ledger_amount().unwrap().get(),
            outcome.bank_amount().unwrap().normalize()
        )
    });
    shown.collect()
}

/// Asserts the outcomes of a case, given one a line in any order: rows are ordered by fingerprints.
#[track_caller]
fn assert_outcomes(case: &Case, expected: &str) {
    let mut expected: Vec<&str> =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut found = case.outcomes();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

/// Asserts a case whose lines and outcomes stand in one text, with `->` between them.
#[track_caller]
fn check(text: &str) {
    let (case, expected) = text.split_once("->").unwrap();
    assert_outcomes(&Case::of(case), expected);
}
