//! Statements that a file has twice, and the names of what is found.

use super::*;

#[test]
fn a_statement_that_stands_in_a_file_twice_is_read_once() {
    let one = format!(
        ":20:S1\r\n:25:{ACCOUNT}\r\n:28C:7/1\r\n:60F:C180902IDR100,00\r\n\
         :61:1809030903C20,00NTRFNONREF//B3\r\n:86:SETOR\r\n:62F:C180903IDR120,00\r\n-\r\n"
    );
    let twice = file(&format!("{one}{}", one.replace("S1", "S2")));
    let accepted = check(&twice, &History::default(), &expected()).unwrap();
    let repeats: Vec<_> = accepted.statements.iter().map(|one| one.is_repeat).collect();
    assert_eq!(repeats, [false, true]);
    // A statement between them is missing.
    let gap = one
        .replace("7/1", "9/1")
        .replace("IDR100,", "IDR120,")
        .replace("IDR120,00\r\n-", "IDR140,00\r\n-")
        .replace("B3", "B4");
    let with_gap = file(&format!("{one}{gap}"));
    let trouble = check(&with_gap, &History::default(), &expected()).unwrap_err();
    assert_eq!(trouble.status(), FileStatus::StatementGap, "{trouble}");
}

#[test]
fn every_status_has_its_name() {
    let names: Vec<_> = FileStatus::ALL.into_iter().map(FileStatus::as_str).collect();
    assert_eq!(
        names,
        [
            "duplicate_statement",
            "statement_gap",
            "balance_break",
            "bad_file",
            "wrong_account",
            "future_date"
        ]
    );
    let error = open(&b"no header"[..], &ReadAs::default()).unwrap_err();
    assert_eq!(FileTrouble::from(error).status(), FileStatus::BadFile);
}
