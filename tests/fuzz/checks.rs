//! What has to hold for any bytes that are read as a bank's file, whoever chose them.
//!
//! The fuzz targets run these on bytes of their own making, the tests on the corpus and on damaged
//! copies of it. A check panics when it fails; that a reader panics itself is a failure too.

use std::io::BufReader;

use ledger::bankfile::{BankFileError, MessageSettings, Statement, StatementLine, camt, mt940};

/// MT940 and MT942.
pub(crate) fn mt940(bytes: &[u8]) {
    let settings = MessageSettings::default();
    let outcome = mt940::read(bytes, &settings);
    check(&outcome);
    assert_eq!(mt940::read(bytes, &settings), outcome, "the same bytes were read differently");
    mt940::looks_like(bytes);
}

/// camt, all at once and part by part.
pub(crate) fn camt(bytes: &[u8]) {
    let settings = MessageSettings::default();
    let outcome = camt::read(bytes, &settings);
    check(&outcome);
    // However the bytes arrive, they say the same.
    let slow = BufReader::with_capacity(7, bytes);
    let parts = camt::Reader::new(slow, &settings).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match (&outcome, &parts) {
        (Ok(statements), Ok(parts)) => check_parts(statements, parts),
        (Err(one), Err(other)) => assert_eq!(one, other, "bytes that arrive slowly"),
        _ => panic!("{outcome:?} at once, {parts:?} part by part"),
    }
    camt::looks_like(bytes);
}

fn check(outcome: &Result<Vec<Statement>, BankFileError>) {
    match outcome {
        Ok(statements) => {
            assert!(!statements.is_empty(), "a file without statements was read");
            statements.iter().for_each(check_statement);
        }
        Err(error) => {
            let message = error.to_string();
            assert!(error.line > 0, "{message}");
            assert!(message.len() < 4096, "{message}");
            assert!(!message.contains(char::is_control), "{message:?}");
        }
    }
}

fn check_statement(statement: &Statement) {
    assert!(statement.account.as_ref().is_some_and(|account| !account.is_empty()));
    assert_eq!(statement.currency.len(), 3);
    let mut before = 0;
    for line in &statement.lines {
        assert!(line.number > before, "row {} behind row {before}", line.number);
        before = line.number;
        assert!(line.amount.is_sign_positive() && !line.amount.is_zero());
        assert!(!line.description().contains(char::is_control));
        for reference in line.settlement_references() {
            assert_eq!(reference.len(), 16);
        }
    }
    assert!(statement.details.uncounted.iter().all(|line| line.amount.is_sign_positive()));
    let stated = statement.opening.is_some() && statement.closing.is_some();
    if statement.balances_hold() == Some(true) && stated {
        let signed = statement.lines.iter().map(StatementLine::signed);
        let sum = signed.fold(statement.opening.unwrap_or_default(), |sum, moved| sum + moved);
        assert_eq!(Some(sum), statement.closing, "balances are said to hold");
    }
}

fn check_parts(statements: &[Statement], parts: &[camt::Part]) {
    let mut closed = Vec::new();
    let mut rows = 0;
    for part in parts {
        match part {
            camt::Part::Line(_) => rows += 1,
            camt::Part::Closed(end) => closed.push(end),
            camt::Part::Opened(_) | camt::Part::Uncounted(_) => {}
        }
    }
    assert_eq!(closed.len(), statements.len());
    assert_eq!(rows, statements.iter().map(|statement| statement.lines.len()).sum::<usize>());
    for (end, statement) in closed.iter().zip(statements) {
        let turned = end.reversals_turn.then_some(true);
        assert_eq!(turned.or(end.statement.balances_hold()), statement.balances_hold());
    }
}
