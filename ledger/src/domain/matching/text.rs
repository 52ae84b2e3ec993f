//! The result as a text whose bytes are the same on every run, so that it can be hashed and signed.

use std::fmt;

use chrono::Datelike as _;
use ring::digest::{Context, SHA256};
use rust_decimal::Decimal;

use super::outcome::{Matching, Outcome};
use crate::domain::calendar::Date;
use crate::domain::money::Rupiah;

impl Matching {
    /// Writes the result in its canonical form, version 1: lines that end with a line feed, of fields
    /// between tabs, the first of which says what the line is.
    ///
    /// | line | fields |
    /// |---|---|
    /// | `matching` | version, bank, business date, last day covered, settlement lag, stated fees |
    /// | `outcome` | business date, key, status, due, paid |
    /// | `line` | of the outcome above: key, merchant, business date, due |
    /// | `row` | of the outcome above: date, direction, amount, role, fingerprint |
    /// | `total` | status, outcomes, due, paid; of each status that occurs |
    /// | `control` | movement, paid, fees, held, reversed, bank only, out of scope |
    ///
    /// Amounts are rupiah without trailing zeros, `?` where a sum can't be held. Nothing in it depends
    /// on the order of the input or on where a row was read.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_canonical(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let terms = &self.terms;
        write!(
            out,
            "matching\t1\t{}\t{}\t{}\t{}\t",
            terms.bank, terms.day, terms.covered_to, terms.settlement_lag
        )?;
        for (place, fee) in terms.fees.iter().enumerate() {
            write!(out, "{}{}", if place > 0 { " " } else { "" }, fee.normalize())?;
        }
        out.write_char('\n')?;
        for outcome in self.outcomes() {
            write_outcome(outcome, out)?;
        }
        for total in self.totals().iter().filter(|total| total.outcomes > 0) {
            let (status, outcomes) = (total.status.as_str(), total.outcomes);
            let (due, paid) = (rupiah(total.ledger), amount(total.bank));
            writeln!(out, "total\t{status}\t{outcomes}\t{due}\t{paid}")?;
        }
        let Some(control) = self.control() else { return out.write_str("control\t?\n") };
        write!(out, "control\t{}", control.movement.normalize())?;
        for (_name, part) in control.parts() {
            write!(out, "\t{}", part.normalize())?;
        }
        out.write_char('\n')
    }

    /// SHA-256 of the canonical form.
    pub fn hash(&self) -> [u8; 32] {
        let mut hashing = Hashing(Context::new(&SHA256));
        // What takes every text never fails.
        self.write_canonical(&mut hashing).unwrap_or_default();
        hashing.0.finish().as_ref().try_into().unwrap_or_default()
    }
}

/// Hashes what is written.
struct Hashing(Context);

impl fmt::Write for Hashing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

fn write_outcome(outcome: Outcome<'_>, out: &mut impl fmt::Write) -> fmt::Result {
    writeln!(
        out,
        "outcome\t{}\t{}\t{}\t{}\t{}",
        Iso(outcome.business_date()),
        outcome.key(),
        outcome.status().as_str(),
        rupiah(outcome.ledger_amount()),
        amount(outcome.bank_amount())
    )?;
    for line in outcome.lines() {
        let (key, merchant, date) = (line.key(), line.merchant(), Iso(line.business_date()));
        writeln!(out, "line\t{key}\t{merchant}\t{date}\t{}", line.due().get())?;
    }
    for row in outcome.rows() {
        let sign = row.direction().as_str();
        let (date, role, fingerprint) = (Iso(row.date()), row.role().as_str(), row.fingerprint());
        writeln!(out, "row\t{date}\t{sign}\t{}\t{role}\t{fingerprint}", row.amount().normalize())?;
    }
    Ok(())
}

/// A date as `Date` itself writes it, but without reading a pattern each time.
struct Iso(Date);

impl fmt::Display for Iso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.0.naive();
        write!(f, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
    }
}

fn rupiah(amount: Option<Rupiah>) -> String {
    amount.map_or_else(|| "?".to_owned(), |amount| amount.get().to_string())
}

fn amount(amount: Option<Decimal>) -> String {
    amount.map_or_else(|| "?".to_owned(), |amount| amount.normalize().to_string())
}
