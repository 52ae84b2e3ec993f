//! A month's rows as the files of a bank: lists in its layouts, MT940, camt.053.

use std::fmt::{self, Write as _};
use std::ops::RangeInclusive;

use chrono::NaiveTime;
use ledger::bankfile::Profile;
use ledger::bankfile::write::{RowToWrite, StatementToWrite, statement_csv};
use ledger::domain::matching::Direction;

use super::month::{Month, Row, date};

/// How a bank writes its rows.
#[derive(Clone)]
pub(super) enum Kind {
    /// A list in the one layout of this profile.
    Csv(Profile),
    Mt940,
    Camt,
}

/// The layout's name says enough.
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Csv(profile) => profile.layouts().try_for_each(|layout| f.write_str(layout)),
            Self::Mt940 => f.write_str("MT940"),
            Self::Camt => f.write_str("camt"),
        }
    }
}

/// The balance before the month.
const OPENING: i64 = 900_000_000;
const ACCOUNT: &str = "0053010001233";

fn signed(row: &Row) -> i64 {
    if row.is_credit { row.amount } else { -row.amount }
}

/// The file of these days. A row is written alike in every file that has it.
pub(super) fn written(month: &Month, kind: &Kind, days: RangeInclusive<u32>) -> String {
    let before = month.rows.iter().filter(|row| row.day < *days.start());
    let opening = OPENING + before.map(signed).sum::<i64>();
    let rows: Vec<&Row> = month.rows.iter().filter(|row| days.contains(&row.day)).collect();
    let closing = opening + rows.iter().map(|row| signed(row)).sum::<i64>();
    match kind {
        Kind::Csv(profile) => list(month, profile, &days),
        Kind::Mt940 => mt940(&rows, &days, opening, closing),
        Kind::Camt => camt(&rows, &days, opening, closing),
    }
}

/// The lines of these days of the list of the whole month, so that a row keeps its number.
fn list(month: &Month, profile: &Profile, days: &RangeInclusive<u32>) -> String {
    let rows = month.rows.iter().map(|row| RowToWrite {
        date: date(row.day).naive(),
        time: NaiveTime::MIN,
        description: if row.is_reversal { format!("RC {}", row.text) } else { row.text.clone() },
        direction: if row.is_credit { Direction::Credit } else { Direction::Debit },
        amount: row.amount.into(),
    });
    let (account, opening) = (ACCOUNT.to_owned(), OPENING.into());
    let text = statement_csv(profile, &StatementToWrite { account, opening, rows: rows.collect() });
    let (header, lines) = text.split_once("\r\n").unwrap();
    let lines = lines.lines().zip(&month.rows).filter(|(_line, row)| days.contains(&row.day));
    let lines: Vec<&str> = lines.map(|(line, _row)| line).collect();
    format!("{header}\r\n{}\r\n", lines.join("\r\n"))
}

/// The row's text, and the reference that stands in a field of its own.
fn text_and_reference(row: &Row) -> (String, Option<&str>) {
    let is_reference = |word: &&str| word.len() == 16 && word.starts_with("EW") && word.is_ascii();
    let found = row
        .text
        .split(' ')
        .find(is_reference)
        .filter(|word| row.in_field && word.bytes().skip(2).all(|byte| byte.is_ascii_digit()));
    match found {
        Some(reference) => (row.text.replacen(reference, "KREDIT", 1), Some(reference)),
        None => (row.text.clone(), None),
    }
}

fn mt940(rows: &[&Row], days: &RangeInclusive<u32>, opening: i64, closing: i64) -> String {
    let day = |day: u32| format!("1809{day:02}");
    let mut text =
        format!(":20:MONTH\r\n:25:{ACCOUNT}\r\n:60F:C{}IDR{opening},00\r\n", day(*days.start()));
    for row in rows {
        let (said, reference) = text_and_reference(row);
        let mark = match (row.is_reversal, row.is_credit) {
            (false, true) => "C",
            (false, false) => "D",
            // `RC` takes a credit back, and so lowers the balance.
            (true, false) => "RC",
            (true, true) => "RD",
        };
        let reference = reference.unwrap_or("NONREF");
        write!(
            text,
            ":61:{}09{:02}{mark}{},00NTRF{reference}\r\n:86:{said}\r\n",
            day(row.day),
            row.day,
            row.amount
        )
        .unwrap();
    }
    write!(text, ":62F:C{}IDR{closing},00\r\n", day(*days.end())).unwrap();
    text
}

fn camt(rows: &[&Row], days: &RangeInclusive<u32>, opening: i64, closing: i64) -> String {
    let balance = |code: &str, amount: i64, day: u32| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"IDR\">{amount}.00</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{}</Dt></Dt></Bal>",
            date(day)
        )
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\
         <Stmt><Id>MONTH</Id><Acct><Id><Othr><Id>{ACCOUNT}</Id></Othr></Id><Ccy>IDR</Ccy></Acct>\
         {}{}",
        balance("OPBD", opening, *days.start()),
        balance("CLBD", closing, *days.end())
    );
    for row in rows {
        let (said, reference) = text_and_reference(row);
        let refs = reference
            .map(|reference| format!("<Refs><EndToEndId>{reference}</EndToEndId></Refs>"))
            .unwrap_or_default();
        writeln!(
            text,
            "<Ntry><Amt Ccy=\"IDR\">{}.00</Amt><CdtDbtInd>{}</CdtDbtInd>{}\
             <Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{}</Dt></BookgDt>\
             <NtryDtls><TxDtls>{refs}<RmtInf><Ustrd>{said}</Ustrd></RmtInf></TxDtls></NtryDtls>\
             </Ntry>",
            row.amount,
            if row.is_credit { "CRDT" } else { "DBIT" },
            if row.is_reversal { "<RvslInd>true</RvslInd>" } else { "" },
            date(row.day)
        )
        .unwrap();
    }
    text.push_str("</Stmt></BkToCstmrStmt></Document>\n");
    text
}
