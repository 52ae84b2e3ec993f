//! MT940 and camt from outside: whole files and damaged ones.
//!
//! The corpus of the fuzz targets and the golden files are replayed as they are, and with bits
//! turned, parts cut out and parts of others put in. What is written reads back.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use chrono::{Days, NaiveDate};
use ledger::bankfile::{MessageSettings, Statement, camt as iso20022, mt940 as swift};
use ledger::domain::matching::Direction;
use proptest::prelude::*;
use rust_decimal::Decimal;

#[path = "../../tests/fuzz/checks.rs"]
mod checks;

fn files(folder: &str, extension: Option<&str>) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(folder);
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries
        .filter(|path| {
            extension.is_none() || path.extension().and_then(|e| e.to_str()) == extension
        })
        .collect();
    paths.sort();
    assert!(paths.len() >= 5, "the files of {} are gone", folder.display());
    paths
}

/// The files with which damage begins.
fn seeds(corpus: &str, extension: &str) -> Vec<Vec<u8>> {
    let golden = files("golden/bank", Some(extension));
    let paths = files(corpus, None).into_iter().chain(golden);
    paths.map(|path| fs::read(path).unwrap()).collect()
}

static MT940: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| seeds("fuzz/corpus/mt940", "sta"));
static CAMT: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| seeds("fuzz/corpus/camt", "xml"));

#[test]
fn the_corpus_is_read_or_refused() {
    MT940.iter().for_each(|bytes| checks::mt940(bytes));
    CAMT.iter().for_each(|bytes| checks::camt(bytes));
}

/// Each golden file and what it comes to: for each statement its rows that count, those that do not,
/// and whether its balances hold; or where it is refused.
const GOLDEN: &str = "
mt940-balance-break.sta: 7 rows, 0 apart, break
mt940-bare.sta: 4 rows, 1 apart, not stated
mt940-cut-off.sta: refused at line 9
mt940-decimal-point.sta: refused at line 9
mt940-interim.sta: 2 rows, 1 apart, not stated
mt940-mandiri.sta: 3 rows, 0 apart, hold
mt940-no-such-day.sta: refused at line 9
mt940-pages.sta: 2 rows, 0 apart, hold; 0 rows, 0 apart, hold
mt940-subfields.sta: 3 rows, 0 apart, hold
mt940-total-differs.sta: refused at line 13
camt-balance-break.xml: 3 rows, 0 apart, break
camt-batch-differs.xml: refused at line 23
camt-batch.xml: 5 rows, 0 apart, hold
camt-cut-off.xml: refused at line 54
camt-doctype.xml: refused at line 2
camt-interim.xml: 3 rows, 3 apart, hold
camt-no-such-day.xml: refused at line 52
camt-notification.xml: 1 rows, 0 apart, not stated
camt-other-currency.xml: refused at line 48
camt-statement.xml: 3 rows, 0 apart, hold
camt-two-statements.xml: 2 rows, 0 apart, hold; 0 rows, 0 apart, hold
";

#[test]
fn the_golden_files_come_to_what_they_should() {
    let settings = MessageSettings::default();
    let paths =
        files("golden/bank", Some("sta")).into_iter().chain(files("golden/bank", Some("xml")));
    let mut found = String::from("\n");
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let outcome = match path.extension().and_then(|extension| extension.to_str()) {
            Some("sta") => swift::read(&bytes, &settings),
            _ => iso20022::read(bytes.as_slice(), &settings),
        };
        let outcome = match outcome {
            Ok(statements) => statements.iter().map(summary).collect::<Vec<_>>().join("; "),
            Err(error) => format!("refused at line {}", error.line),
        };
        writeln!(found, "{}: {outcome}", path.file_name().unwrap().display()).unwrap();
    }
    assert_eq!(found, GOLDEN);
}

fn summary(statement: &Statement) -> String {
    let balances = match statement.balances_hold() {
        Some(true) => "hold",
        Some(false) => "break",
        None => "not stated",
    };
    let apart = statement.details.uncounted.len();
    format!("{} rows, {apart} apart, {balances}", statement.lines.len())
}

#[test]
fn one_format_is_not_taken_for_the_other() {
    for path in files("golden/bank", None) {
        let bytes = fs::read(&path).unwrap();
        let kind = path.extension().and_then(|extension| extension.to_str());
        if matches!(kind, Some("sta" | "xml" | "csv")) {
            let found = (swift::looks_like(&bytes), iso20022::looks_like(&bytes));
            assert_eq!(found, (kind == Some("sta"), kind == Some("xml")), "{}", path.display());
        }
    }
}

/// What happens to a file on its way.
#[derive(Clone, Debug)]
enum Damage {
    /// A bit turns.
    Bit(prop::sample::Index, u8),
    /// A byte becomes another one.
    Byte(prop::sample::Index, u8),
    /// The end is lost.
    Truncation(prop::sample::Index),
    /// A part is lost.
    Gap(prop::sample::Index, usize),
    /// A part comes twice.
    Twice(prop::sample::Index, usize),
    /// A part of another file gets in.
    Splice(prop::sample::Index, prop::sample::Index, prop::sample::Index, usize),
}

fn any_damage() -> impl Strategy<Value = Vec<Damage>> {
    let place = any::<prop::sample::Index>;
    let one = prop_oneof![
        3 => (place(), 0..8_u8).prop_map(|(at, bit)| Damage::Bit(at, bit)),
        3 => (place(), prop::sample::select(b"\0\r\n\x7f:-<>&;/\"'=,.0C\xE9 ".to_vec()))
            .prop_map(|(at, byte)| Damage::Byte(at, byte)),
        1 => place().prop_map(Damage::Truncation),
        2 => (place(), 1..200_usize).prop_map(|(at, length)| Damage::Gap(at, length)),
        2 => (place(), 1..200_usize).prop_map(|(at, length)| Damage::Twice(at, length)),
        2 => (place(), place(), place(), 1..400_usize)
            .prop_map(|(at, file, from, length)| Damage::Splice(at, file, from, length)),
    ];
    prop::collection::vec(one, 1..6)
}

fn damaged(seeds: &[Vec<u8>], file: prop::sample::Index, damage: &[Damage]) -> Vec<u8> {
    let mut bytes = file.get(seeds).clone();
    for damage in damage {
        if bytes.is_empty() {
            break;
        }
        let part = |bytes: &[u8], at: usize, length: usize| {
            bytes.get(at..).unwrap().iter().take(length).copied().collect::<Vec<u8>>()
        };
        match damage {
            Damage::Bit(at, bit) => *at.get_mut(&mut bytes) ^= 1 << bit,
            Damage::Byte(at, byte) => *at.get_mut(&mut bytes) = *byte,
            Damage::Truncation(at) => bytes.truncate(at.index(bytes.len())),
            Damage::Gap(at, length) => {
                let at = at.index(bytes.len());
                let end = bytes.len().min(at + length);
                bytes.drain(at..end);
            }
            Damage::Twice(at, length) => {
                let at = at.index(bytes.len());
                let copy = part(&bytes, at, *length);
                bytes.splice(at..at, copy);
            }
            Damage::Splice(at, file, from, length) => {
                let other = file.get(seeds);
                let copy = part(other, from.index(other.len()), *length);
                let at = at.index(bytes.len());
                bytes.splice(at..at, copy);
            }
        }
    }
    bytes
}

/// A movement of a written file.
#[derive(Clone, Debug)]
struct Row {
    days: u64,
    credit: bool,
    reversal: bool,
    cents: i64,
    reference: String,
    text: String,
}

fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    let number = any::<bool>()
        .prop_flat_map(|ours| if ours { "EW002180903[0-9]{5}" } else { "[A-Z][A-Z0-9]{0,15}" });
    let row = (0..40_u64, any::<bool>(), any::<bool>(), 1..=999_999_999_999_i64, number);
    let row = (row, "[A-Za-z0-9 .,+()']{0,120}");
    let row = row.prop_map(|((days, credit, reversal, cents, reference), text)| Row {
        days,
        credit,
        reversal,
        cents,
        reference,
        text: text.split_whitespace().collect::<Vec<_>>().join(" "),
    });
    prop::collection::vec(row, 0..20)
}

impl Row {
    /// Around New Year, so that years differ.
    fn date(&self) -> NaiveDate {
        NaiveDate::from_ymd_opt(2018, 12, 12).unwrap() + Days::new(self.days)
    }

    fn direction(&self) -> Direction {
        if self.credit { Direction::Credit } else { Direction::Debit }
    }

    fn signed(&self) -> Decimal {
        Decimal::new(if self.credit { self.cents } else { -self.cents }, 2)
    }
}

/// Opening and closing balance of the rows.
fn ends(opening: i64, rows: &[Row]) -> (Decimal, Decimal) {
    let opening = Decimal::new(opening, 2);
    (opening, rows.iter().map(Row::signed).fold(opening, |sum, moved| sum + moved))
}

/// An MT940 with its lines cut where they are full, and a new page after every few rows.
fn written_mt940(opening: i64, rows: &[Row], page: usize, line_end: &str) -> String {
    let figure = |amount: Decimal| format!("{:.2}", amount.abs()).replace('.', ",");
    let balance = |amount: Decimal| {
        format!("{}181212IDR{}", if amount.is_sign_negative() { 'D' } else { 'C' }, figure(amount))
    };
    let mut lines = Vec::new();
    let mut running = Decimal::new(opening, 2);
    let pages: Vec<&[Row]> = if rows.is_empty() { vec![&[]] } else { rows.chunks(page).collect() };
    for (number, rows) in (1..).zip(&pages) {
        let (first, last) = (number == 1, number == pages.len());
        lines.extend([":20:S".to_owned(), ":25:0012345".to_owned(), format!(":28C:7/{number}")]);
        lines.push(format!(":60{}:{}", if first { 'F' } else { 'M' }, balance(running)));
        for row in *rows {
            running += row.signed();
            // A reversal names what it takes back: that of a debit is a credit.
            let mark = match (row.reversal, row.credit) {
                (false, true) => "C",
                (false, false) => "D",
                (true, true) => "RD",
                (true, false) => "RC",
            };
            let (value, entry) = (row.date(), row.date() + Days::new(1));
            let (value, entry) = (value.format("%y%m%d"), entry.format("%m%d"));
            let amount = figure(row.signed());
            lines.push(format!(":61:{value}{entry}{mark}R{amount}NTRF{}//B", row.reference));
            let text: Vec<char> = row.text.chars().collect();
            let cut = text.chunks(61).map(|part| part.iter().collect::<String>());
            let text: Vec<String> = cut.collect();
            lines.push(format!(":86:{}", text.first().map_or("", String::as_str)));
            lines.extend(text.into_iter().skip(1));
        }
        lines.push(format!(":62{}:{}", if last { 'F' } else { 'M' }, balance(running)));
        lines.push("-".to_owned());
    }
    lines.join(line_end)
}

/// A camt.053 in which every few rows are one entry.
fn written_camt(opening: i64, rows: &[Row], batch: usize) -> String {
    let (begin, end) = ends(opening, rows);
    let direction = |amount: Decimal| if amount.is_sign_negative() { "DBIT" } else { "CRDT" };
    let money = |amount: Decimal| {
        format!(
            "<Amt Ccy=\"IDR\">{:.2}</Amt><CdtDbtInd>{}</CdtDbtInd>",
            amount.abs(),
            direction(amount)
        )
    };
    let balance = |code: &str, amount: Decimal| {
        format!("<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{}</Bal>\n", money(amount))
    };
    let mut text =
        "<Document><BkToCstmrStmt><Stmt><Acct><Id><IBAN>X1</IBAN></Id></Acct>\n".to_owned();
    text.push_str(&balance("OPBD", begin));
    text.push_str(&balance("CLBD", end));
    for rows in rows.chunks(batch) {
        let sum: Decimal = rows.iter().map(Row::signed).sum();
        write!(text, "<Ntry>{}<Sts>BOOK</Sts>", money(sum)).unwrap();
        let date = rows.first().unwrap().date();
        write!(text, "<BookgDt><Dt>{date}</Dt></BookgDt><NtryDtls>").unwrap();
        for row in rows {
            let (reference, remittance) = (&row.reference, row.text.replace('\'', "&apos;"));
            writeln!(
                text,
                "<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>{}\
                 <RmtInf><Ustrd>{remittance}</Ustrd></RmtInf></TxDtls>",
                money(row.signed())
            )
            .unwrap();
        }
        text.push_str("</NtryDtls></Ntry>\n");
    }
    text.push_str("</Stmt></BkToCstmrStmt></Document>");
    text
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

fn check_rows(statement: &Statement, rows: &[Row]) -> Result<(), TestCaseError> {
    prop_assert_eq!(statement.lines.len(), rows.len());
    for (line, row) in statement.lines.iter().zip(rows) {
        prop_assert_eq!(line.signed(), row.signed());
        prop_assert_eq!(line.direction, row.direction());
        prop_assert_eq!(line.references().next(), Some(row.reference.as_str()));
        // Where lines are cut there is a space, perhaps one too many.
        prop_assert_eq!(without_spaces(line.description()), without_spaces(&row.text));
    }
    Ok(())
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_damaged_mt940_is_read_or_refused(file: prop::sample::Index, damage in any_damage()) {
        checks::mt940(&damaged(&MT940, file, &damage));
    }

    #[test]
    fn a_damaged_camt_is_read_or_refused(file: prop::sample::Index, damage in any_damage()) {
        checks::camt(&damaged(&CAMT, file, &damage));
    }

    #[test]
    fn what_is_written_as_mt940_reads_back(
        opening in -1_000_000..1_000_000_000_i64,
        rows in any_rows(),
        page in 1..10_usize,
        line_end in prop::sample::select(vec!["\r\n", "\n", "\r", "\r\n\r\n"]),
    ) {
        let text = written_mt940(opening, &rows, page, line_end);
        let statements = swift::read(text.as_bytes(), &MessageSettings::default()).unwrap();
        prop_assert_eq!(statements.len(), 1);
        let statement = &statements[0];
        let (begin, end) = ends(opening, &rows);
        prop_assert_eq!((statement.opening, statement.closing), (Some(begin), Some(end)));
        prop_assert_eq!(statement.balances_hold(), Some(true));
        prop_assert!(!statement.details.partial);
        check_rows(statement, &rows)?;
        for (line, row) in statement.lines.iter().zip(&rows) {
            prop_assert_eq!(line.value_date, Some(row.date()));
            prop_assert_eq!(line.booking_date, row.date() + Days::new(1));
            prop_assert_eq!(line.details.as_ref().unwrap().reversal, row.reversal);
        }
    }

    #[test]
    fn what_is_written_as_camt_reads_back(
        opening in -1_000_000..1_000_000_000_i64,
        rows in any_rows(),
        batch in 1..5_usize,
    ) {
        // An entry that comes to nothing is none.
        let sum = |rows: &[Row]| rows.iter().map(Row::signed).sum::<Decimal>();
        prop_assume!(rows.chunks(batch).all(|rows| !sum(rows).is_zero()));
        let text = written_camt(opening, &rows, batch);
        let statements = iso20022::read(text.as_bytes(), &MessageSettings::default()).unwrap();
        prop_assert_eq!(statements.len(), 1);
        let statement = &statements[0];
        prop_assert_eq!(statement.balances_hold(), Some(true));
        check_rows(statement, &rows)?;
    }
}
