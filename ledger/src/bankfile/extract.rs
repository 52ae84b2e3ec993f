//! What a file says, in a form that is kept beside it, so that a kept file is not read again: the rows of
//! its statements in parts, each with the rows' fingerprints.
//!
//! It is made from the statement alone, so the same file gives the same bytes as long as [`PARSER`] is the
//! same. Of what a format says beyond rows, what matching asks for is kept: whether a row is a reversal, and what
//! the bank kept back from it.

use chrono::NaiveDate;
use csv::{ReaderBuilder, StringRecord, Writer, WriterBuilder};
use rust_decimal::Decimal;

use crate::bankfile::details::{Charge, LineDetails};
use crate::bankfile::integrity::{Fingerprint, Fingerprints};
use crate::bankfile::statement::{Statement, StatementLine};
use crate::bankfile::texts::Texts;
use crate::bankfile::to_match::kept_back;
use crate::domain::bank::BankCode;
use crate::domain::matching::Direction;

/// Raised when a file may be read into something else than before: what is kept of it is made anew then.
pub const PARSER: i16 = 1;

/// Rows of one part.
const ROWS: usize = 2_000;
/// Bytes of a fingerprint: the digest, and which one it is among equal rows.
const PRINT: usize = 36;

/// What can't be read as what was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not what was kept of a file")]
pub struct NotKept;

/// Some rows of a statement, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsPart {
    /// The last day on which one of them was booked.
    pub last_day: NaiveDate,
    /// The rows' fingerprints, 36 bytes each.
    pub prints: Vec<u8>,
    /// The rows as CSV.
    pub content: Vec<u8>,
}

/// The rows of a statement with these fingerprints, part by part; [`NotKept`] for rows that can't be
/// written, which does not occur.
pub fn parts(
    statement: &Statement,
    prints: &[Fingerprint],
) -> impl Iterator<Item = Result<RowsPart, NotKept>> {
    let rows = statement.lines.chunks(ROWS).zip(prints.chunks(ROWS));
    rows.map(|(lines, prints)| part(lines, prints))
}

/// The fingerprints under which a statement's rows are kept and matched: by the account as the file has it.
pub fn fingerprints(bank: &BankCode, statement: &Statement) -> Vec<Fingerprint> {
    Fingerprints::of(bank.as_str(), statement.account.as_deref().unwrap_or_default(), statement)
}

fn part(lines: &[StatementLine], prints: &[Fingerprint]) -> Result<RowsPart, NotKept> {
    let mut writer = WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for line in lines {
        write(&mut writer, line)?;
    }
    let mut bytes = Vec::with_capacity(prints.len().saturating_mul(PRINT));
    for print in prints {
        bytes.extend_from_slice(&print.digest);
        bytes.extend_from_slice(&print.occurrence.to_be_bytes());
    }
    Ok(RowsPart {
        last_day: lines.iter().map(|line| line.booking_date).max().ok_or(NotKept)?,
        prints: bytes,
        content: writer.into_inner().map_err(|_unwritten| NotKept)?,
    })
}

fn write(writer: &mut Writer<Vec<u8>>, line: &StatementLine) -> Result<(), NotKept> {
    let optional = |text: Option<String>| text.unwrap_or_default();
    let details = line.details.as_deref();
    let charge = details.map(kept_back).unwrap_or_default();
    let reversal = details.is_some_and(|details| details.reversal);
    let record = [
        line.number.to_string(),
        line.booking_date.to_string(),
        optional(line.value_date.map(|date| date.to_string())),
        line.business_date.to_string(),
        line.direction.as_str().to_owned(),
        line.amount.to_string(),
        optional(line.balance.map(|balance| balance.to_string())),
        if reversal { "R".to_owned() } else { String::new() },
        if charge.is_zero() { String::new() } else { charge.to_string() },
        line.texts.as_kept().to_owned(),
    ];
    writer.write_record(&record).map_err(|_unwritten| NotKept)
}

/// The fingerprints of a part.
///
/// # Errors
/// [`NotKept`] when these are none.
pub fn read_prints(bytes: &[u8]) -> Result<Vec<Fingerprint>, NotKept> {
    let prints = bytes.chunks(PRINT).map(|print| {
        let (digest, occurrence) = print.split_first_chunk().ok_or(NotKept)?;
        let occurrence = occurrence.try_into().map_err(|_cut_off| NotKept)?;
        Ok(Fingerprint { digest: *digest, occurrence: u32::from_be_bytes(occurrence) })
    });
    prints.collect()
}

/// The rows of a part.
///
/// # Errors
/// [`NotKept`] when these are none.
pub fn read_rows(bytes: &[u8]) -> Result<Vec<StatementLine>, NotKept> {
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(bytes);
    let mut record = StringRecord::new();
    let mut lines = Vec::new();
    while reader.read_record(&mut record).map_err(|_no_csv| NotKept)? {
        lines.push(read(&record)?);
    }
    Ok(lines)
}

fn read(record: &StringRecord) -> Result<StatementLine, NotKept> {
    let cell = |place: usize| record.get(place).ok_or(NotKept);
    let date = |place| cell(place)?.parse::<NaiveDate>().map_err(|_no_date| NotKept);
    let sum = |place| cell(place)?.parse::<Decimal>().map_err(|_no_number| NotKept);
    let is_empty = |place| cell(place).map(str::is_empty);
    let charge = if is_empty(8)? { Decimal::ZERO } else { sum(8)? };
    Ok(StatementLine {
        number: cell(0)?.parse().map_err(|_no_number| NotKept)?,
        booking_date: date(1)?,
        value_date: if is_empty(2)? { None } else { Some(date(2)?) },
        business_date: date(3)?,
        direction: [Direction::Debit, Direction::Credit]
            .into_iter()
            .find(|direction| Ok(direction.as_str()) == cell(4))
            .ok_or(NotKept)?,
        amount: sum(5)?,
        balance: if is_empty(6)? { None } else { Some(sum(6)?) },
        details: details(!is_empty(7)?, charge),
        texts: Texts::from_kept(cell(9)?),
    })
}

fn details(reversal: bool, charge: Decimal) -> Option<Box<LineDetails>> {
    let charge = (!charge.is_zero()).then(|| Charge {
        amount: charge,
        currency: "IDR".to_owned(),
        direction: Direction::Debit,
        included: Some(true),
    });
    let is_plain = !reversal && charge.is_none();
    let details =
        LineDetails { reversal, charges: charge.into_iter().collect(), ..LineDetails::default() };
    (!is_plain).then(|| Box::new(details))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u64, description: &str, charge: i64) -> StatementLine {
        let day = NaiveDate::from_ymd_opt(2018, 9, 3).unwrap();
        StatementLine {
            number,
            booking_date: day,
            value_date: (number == 2).then_some(day),
            business_date: day,
            amount: Decimal::new(17_500_050, 2),
            direction: if number == 2 { Direction::Debit } else { Direction::Credit },
            balance: (number == 1).then(|| Decimal::new(-100, 2)),
            texts: Texts::new(description, &["EW00218090300001", "a,\"b\"\n"], Some("7")),
            details: details(number == 2, Decimal::new(charge, 0)),
        }
    }

    #[test]
    fn rows_come_back_as_they_were_kept() {
        let mut statement = Statement::empty("csv", "IDR");
        statement.lines =
            vec![line(1, "BPNT é,\"x\"", 0), line(2, "", 1_500), line(3, "y\r\nz", 0)];
        let bank: BankCode = "bri".parse().unwrap();
        let prints = fingerprints(&bank, &statement);
        let all = |statement: &Statement| -> Vec<RowsPart> {
            parts(statement, &prints).collect::<Result<_, _>>().unwrap()
        };
        let kept = all(&statement);
        assert_eq!(kept.len(), 1);
        assert_eq!(read_prints(&kept[0].prints).unwrap(), prints);
        let rows = read_rows(&kept[0].content).unwrap();
        assert_eq!(rows, statement.lines);
        let again = Statement { lines: rows, ..statement.clone() };
        assert_eq!(fingerprints(&bank, &again), prints);
        assert_eq!(all(&again), kept);
    }

    #[test]
    fn what_was_not_kept_is_not_read() {
        for text in
            ["1,2018-09-03\n", "x,2018-09-03,,2018-09-03,C,1,,,,t\n", "1,,,2018-09-03,C,1,,,,t\n"]
        {
            assert_eq!(read_rows(text.as_bytes()), Err(NotKept), "{text}");
        }
        assert_eq!(read_prints(&[0; 35]), Err(NotKept));
        assert_eq!(read_rows(b""), Ok(Vec::new()));
    }
}
