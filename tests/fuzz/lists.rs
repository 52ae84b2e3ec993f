//! What has to hold for any bytes that are read as a list of rows, whoever chose them.
//!
//! The fuzz targets run these on bytes of their own making, the tests on the corpus, on the golden
//! files and on damaged copies of them. A check panics when it fails.

use ledger::bankfile::{
    BankFile, BankFileError, Format, Profile, ReadAs, Statement, check_profile, open, stream,
};

/// Delimited text, of any bank and of each.
pub(crate) fn csv(bytes: &[u8]) {
    list(bytes, Format::Csv);
}

/// A workbook.
pub(crate) fn xlsx(bytes: &[u8]) {
    list(bytes, Format::Xlsx);
}

/// A profile's text, and a small list read by it.
pub(crate) fn profile(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(profile) = Profile::parse(&text) else { return };
    let how = ReadAs { profile: Some(profile), format: Some(Format::Csv), ..ReadAs::default() };
    let list = b"Tgl,Uraian,Debet,Kredit,Saldo\n03/09/2018,A,,5.00,5.00\nTotal,,,5.00,\n";
    check(&open(&list[..], &how));
}

fn list(bytes: &[u8], format: Format) {
    let format = Some(format);
    let how = ReadAs { format, ..ReadAs::default() };
    let outcome = open(bytes, &how);
    check(&outcome);
    check(&open(bytes, &ReadAs::default()));
    for bank in ["bri", "bni", "mandiri", "btn"] {
        let how = ReadAs { bank: bank.parse().ok(), format, ..ReadAs::default() };
        check(&open(bytes, &how));
    }
    let checked = check_profile(bytes, &how);
    if let (Ok(file), Ok(checked)) = (&outcome, checked) {
        assert_eq!(checked.outcome.as_ref(), Ok(&file.statements), "a check reads alike");
    }
    let mut lines = Vec::new();
    if let (Ok(whole), Ok(streamed)) =
        (outcome, stream(bytes, &how, |_statement, line| lines.push(line)))
    {
        assert_eq!(streamed.hash, whole.hash);
        let rows: usize = whole.statements.iter().map(|statement| statement.lines.len()).sum();
        assert_eq!(lines.len(), rows, "lines that are handed out are those that are kept");
        let holds = |statements: &[Statement]| {
            statements.iter().map(Statement::balances_hold).collect::<Vec<_>>()
        };
        assert_eq!(holds(&streamed.statements), holds(&whole.statements));
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
