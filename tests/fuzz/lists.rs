//! What has to hold for any bytes that are read as a list of rows, whoever chose them.
//!
//! The fuzz targets run these on bytes of their own making, the tests on the corpus, on the golden
//! files and on damaged copies of them. A check panics when it fails.

use ledger::bankfile::{
    BankFile, BankFileError, Format, Profile, ReadAs, Statement, check_profile, open, stream,
};

/// Delimited text, in every way.
pub(crate) fn csv(bytes: &[u8]) {
    for way in WAYS {
        list(bytes, Format::Csv, way);
    }
}

/// A workbook, in every way.
pub(crate) fn xlsx(bytes: &[u8]) {
    for way in WAYS {
        list(bytes, Format::Xlsx, way);
    }
}

/// Delimited text in one way, as the fuzzer tries it.
pub(crate) fn csv_once(bytes: &[u8]) {
    once(bytes, Format::Csv);
}

/// A workbook in one way, as the fuzzer tries it.
pub(crate) fn xlsx_once(bytes: &[u8]) {
    once(bytes, Format::Xlsx);
}

/// A profile's text, and a small list read by it.
pub(crate) fn profile(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(profile) = Profile::parse(&text) else { return };
    let how = ReadAs { profile: Some(profile), format: Some(Format::Csv), ..ReadAs::default() };
    let list = b"Tgl,Uraian,Debet,Kredit,Saldo\n03/09/2018,A,,5.00,5.00\nTotal,,,5.00,\n";
    check(&open(&list[..], &how));
}

/// How bytes are read.
#[derive(Clone, Copy)]
enum Way {
    /// By a bank's profile.
    Bank(&'static str),
    /// Nothing is known.
    Unknown,
    /// Only the format is known.
    Format,
    /// As a profile's check does.
    Check,
    /// Line by line.
    Lines,
}

const WAYS: [Way; 8] = [
    Way::Bank("bri"),
    Way::Bank("bni"),
    Way::Bank("mandiri"),
    Way::Bank("btn"),
    Way::Unknown,
    Way::Format,
    Way::Check,
    Way::Lines,
];

/// The length of the bytes chooses the way, so that an execution reads once or twice and the files
/// of the corpus stay what banks send.
fn once(bytes: &[u8], format: Format) {
    let chosen = bytes.len().checked_rem(WAYS.len());
    if let Some(way) = chosen.and_then(|place| WAYS.get(place)) {
        list(bytes, format, *way);
    }
}

fn list(bytes: &[u8], format: Format, way: Way) {
    let how = ReadAs { format: Some(format), ..ReadAs::default() };
    match way {
        Way::Bank(bank) => check(&open(bytes, &ReadAs { bank: bank.parse().ok(), ..how })),
        Way::Unknown => check(&open(bytes, &ReadAs::default())),
        Way::Format => check(&open(bytes, &how)),
        Way::Check => check_alike(bytes, &how),
        Way::Lines => check_streamed(bytes, &how),
    }
}

/// A profile's check reads as the profile does.
fn check_alike(bytes: &[u8], how: &ReadAs) {
    if let Ok(checked) = check_profile(bytes, how) {
        let whole = open(bytes, how).map(|file| file.statements);
        assert_eq!(checked.outcome, whole, "a check reads alike");
    }
}

/// Lines that are handed out are those that are kept.
fn check_streamed(bytes: &[u8], how: &ReadAs) {
    let mut lines = Vec::new();
    let streamed = stream(bytes, how, |_statement, line| lines.push(line));
    let whole = open(bytes, how);
    check(&whole);
    match (whole, streamed) {
        (Ok(whole), Ok(streamed)) => {
            assert_eq!(streamed.hash, whole.hash);
            let rows: usize = whole.statements.iter().map(|statement| statement.lines.len()).sum();
            assert_eq!(lines.len(), rows, "lines that are handed out are those that are kept");
            let holds = |statements: &[Statement]| {
                statements.iter().map(Statement::balances_hold).collect::<Vec<_>>()
            };
            assert_eq!(holds(&streamed.statements), holds(&whole.statements));
        }
        (whole, streamed) => assert_eq!(whole.err(), streamed.err(), "both refuse alike"),
    }
}

fn check(outcome: &Result<BankFile, BankFileError>) {
    match outcome {
        Ok(file) => {
            assert!(!file.statements.is_empty(), "a file without statements was read");
            file.statements.iter().for_each(check_statement);
        }
        Err(error) => {
            let message = error.to_string();
            assert!(error.line > 0, "{message}");
            assert!(!message.contains(char::is_control), "{message:?}");
        }
    }
}

fn check_statement(statement: &Statement) {
    assert!(!statement.layout.is_empty());
    let mut before = 0;
    for line in &statement.lines {
        assert!(line.number > before, "row {} behind row {before}", line.number);
        before = line.number;
        assert!(line.amount.is_sign_positive() && !line.amount.is_zero());
        for reference in line.settlement_references() {
            assert_eq!(reference.len(), 16);
        }
    }
    assert!(statement.details.uncounted.iter().all(|line| line.amount.is_sign_positive()));
    if statement.balances_hold() == Some(true) {
        let (opening, closing) = (statement.opening, statement.closing);
        let mut lines = statement.lines.iter();
        let begin = opening.unwrap_or_default();
        let sum = lines.try_fold(begin, |sum, line| sum.checked_add(line.signed())).unwrap();
        assert!(closing.is_none() || opening.is_none() || closing == Some(sum), "balances hold");
        assert_eq!(statement.first_break(), None);
    }
}
