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

#[test]
fn a_row_is_known_by_what_the_bank_says_of_it_and_by_its_place_among_equal_ones() {
    let rows = [
        ("2018-09-03", "setor é", 20),
        ("2018-09-04", "SETOR É", -30),
        ("2018-09-03", "setor é", 20),
    ];
    let mut statement = file(&bri(100, &rows)).statements.remove(0);
    // Equal rows state equal balances only where a file states none.
    statement.lines.iter_mut().for_each(|line| line.balance = None);
    statement.lines[1].balance = Some("90.50".parse().unwrap());
    let prints = Fingerprints::of("bri", ACCOUNT, &statement);
    let said = |day: &str, direction: &str, amount: &str, balance: &str| {
        let parts =
            ["row 1", "bri", "5301000123304", day, "", "", "SETOR É", direction, amount, balance];
        crate::domain::keys::sha256(&[parts.join("\u{c}").as_bytes()])
    };
    let found: Vec<_> = prints.iter().map(|print| (print.digest, print.occurrence)).collect();
    let (first, other) =
        (said("2018-09-03", "credit", "20", ""), said("2018-09-04", "debit", "30", "90.5"));
    // Another day between them makes the second no first one.
    assert_eq!(found, [(first, 1), (other, 1), (first, 2)]);
}
