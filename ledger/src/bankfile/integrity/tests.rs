//! Files that hold, files that don't, and what is said about them. Every refusal names its figures.

mod repeats;

use std::fmt::Write as _;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::*;
use crate::bankfile::{ReadAs, open};

const SHORT: &str = "NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT,SALDO_AKHIR_MUTASI\n";
const ACCOUNT: &str = "005301000123304";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn file(text: &str) -> BankFile {
    open(text.as_bytes(), &ReadAs::default()).unwrap()
}

fn sides(amount: i64) -> (i64, i64) {
    (amount.min(0).abs(), amount.max(0))
}

/// A BRI file of one account: `day description amount` a row, below zero for debits, with the running
/// balance.
fn bri(opening: i64, rows: &[(&str, &str, i64)]) -> String {
    let mut balance = opening;
    let mut text = SHORT.to_owned();
    for (day, description, amount) in rows {
        balance = balance.checked_add(*amount).unwrap();
        let (debit, credit) = sides(*amount);
        writeln!(text, "{ACCOUNT},{day},{description},{debit}.00,{credit}.00,{balance}.00")
            .unwrap();
    }
    text
}

fn expected() -> Expected {
    Expected::on(day("2018-09-30"))
}

fn trouble(text: &str) -> FileTrouble {
    check(&file(text), &History::default(), &expected()).unwrap_err()
}

/// Reads files one after another into one history; what each came to, in short.
fn one_after_another(files: &[String]) -> Vec<String> {
    let mut history = History::default();
    let outcomes = files.iter().map(|text| {
        let file = file(text);
        match check(&file, &history, &expected()) {
            Ok(accepted) => {
                history.remember(&file, &accepted);
                let (rows, known) = (file.statements[0].lines.len(), &accepted.statements[0].known);
                format!("{} new, {} known", rows.abs_diff(known.len()), known.len())
            }
            Err(trouble) => trouble.status().as_str().to_owned(),
        }
    });
    outcomes.collect()
}

/// The worked example of a day in which the stated closing balance is 110,000 too low.
fn worked_example(closing: &str) -> String {
    let mut text = format!(
        "Saldo Awal,1000000.00\nSaldo Akhir,{closing}\n\
         NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT\n"
    );
    for (description, amount) in [
        ("EW1", 175_000),
        ("BIAYA ADM EW1", -1_500),
        ("EW2", 110_000),
        ("EW2", 110_000),
        ("R5", 110_000),
        ("RC R5", -110_000),
        ("SETOR TUNAI", 20_000),
    ] {
        let (debit, credit) = sides(amount);
        writeln!(text, "{ACCOUNT},2018-09-03,{description},{debit}.00,{credit}.00").unwrap();
    }
    text
}

#[test]
fn the_worked_example_breaks_by_110000_and_holds_when_it_is_sent_again() {
    let FileTrouble::BalanceBreak { stated, computed, difference, explanation, line, .. } =
        trouble(&worked_example("1303500.00"))
    else {
        panic!("the balances do not hold")
    };
    assert_eq!(stated, Decimal::from(1_303_500));
    assert_eq!(computed, Decimal::from(1_413_500));
    assert_eq!(difference, Decimal::from(-110_000));
    // Three rows of 110,000 could stand there wrongly: none of them is blamed.
    assert_eq!((line, explanation), (None, None));

    let resent = file(&worked_example("1413500.00"));
    let accepted = check(&resent, &History::default(), &expected()).unwrap();
    assert!(accepted.statements[0].known.is_empty());
    assert_eq!(resent.statements[0].lines.len(), 7);
}

#[test]
fn the_row_that_explains_a_difference_is_named() {
    let good = bri(
        1000,
        &[
            ("2018-09-03", "A", 100),
            ("2018-09-03", "B", -30),
            ("2018-09-03", "C", 50),
            ("2018-09-04", "D", 7),
        ],
    );
    assert_eq!(file(&good).statements[0].balances_hold(), Some(true));
    let without =
        |row: &str| good.lines().filter(|line| !line.contains(row)).collect::<Vec<_>>().join("\n");
    for (text, says) in [
        (
            without(",C,"),
            "line 4 states a balance of 1127.00, but the rows come to 1077.00: the difference is \
             50.00; a row of 50.00 before line 4 explains it, if one is missing",
        ),
        (
            good.replace(",B,30.00,0.00", ",B,0.00,30.00"),
            "line 3 states a balance of 1070.00, but the rows come to 1130.00: the difference is \
             -60.00; line 3 of 30.00 explains it, if its direction is wrong",
        ),
        (
            good.replace(
                "C,0.00,50.00,1120.00\n",
                "C,0.00,50.00,1120.00\n005301000123304,2018-09-03,C,0.00,50.00,1120.00\n",
            ),
            "line 5 states a balance of 1120.00, but the rows come to 1170.00: the difference is \
             -50.00; line 5 of 50.00 explains it, if it should not stand there",
        ),
        (
            format!("Saldo Akhir,2000.00\n{good}"),
            "the closing balance states a balance of 2000.00, but the rows come to 1127.00: the \
             difference is 873.00; a row of 873.00 at the end explains it, if one is missing",
        ),
        (
            format!("Saldo Awal,990.00\n{good}"),
            "line 3 states a balance of 1100.00, but the rows come to 1090.00: the difference is \
             10.00; a row of 10.00 before line 3 explains it, if one is missing",
        ),
    ] {
        assert_eq!(trouble(&text).to_string(), format!("account `{ACCOUNT}`: {says}"));
    }
    // Two places contradict the rows: no single row explains both.
    let two = good.replace("1070.00", "1071.00");
    assert!(matches!(trouble(&two), FileTrouble::BalanceBreak { explanation: None, .. }));
}

#[test]
fn swapped_columns_are_told_from_a_wrong_row() {
    let swapped =
        bri(1000, &[("2018-09-03", "A", 100), ("2018-09-04", "B", -30), ("2018-09-05", "C", 5)])
            .replace("MUTASI_DEBET,MUTASI_KREDIT", "MUTASI_KREDIT,MUTASI_DEBET");
    let FileTrouble::BalanceBreak { explanation, .. } = trouble(&swapped) else {
        panic!("the balances do not hold")
    };
    assert_eq!(explanation, Some(Explanation::SwappedColumns));
}

#[test]
fn without_running_balances_only_a_single_candidate_is_named() {
    let text = |closing: i64, rows: &str| {
        format!(
            "Saldo Awal,0.00\nSaldo Akhir,{closing}.00\n\
             NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT\n{rows}"
        )
    };
    let rows = "1,2018-09-03,A,0.00,70.00\n1,2018-09-03,B,20.00,0.00\n1,2018-09-03,C,0.00,5.00\n";
    for (closing, explanation) in [
        (55, "None"),
        (-15, "Some(Doubled { line: 4, amount: 70.00 })"),
        (75, "Some(Doubled { line: 5, amount: -20.00 })"),
        (95, "Some(WrongSign { line: 5, amount: -20.00 })"),
        (45, "Some(WrongSign { line: 6, amount: 5.00 })"),
        (54, "None"),
    ] {
        let outcome = check(&file(&text(closing, rows)), &History::default(), &expected());
        let found = match outcome {
            Err(FileTrouble::BalanceBreak { explanation, .. }) => format!("{explanation:?}"),
            Ok(_) => "None".to_owned(),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(found, explanation, "{closing}");
    }
    // A row of 10 doubled and a row of 5 the other way round both explain 10.
    let ambiguous = text(5, "1,2018-09-03,A,0.00,10.00\n1,2018-09-03,B,0.00,5.00\n");
    assert!(matches!(trouble(&ambiguous), FileTrouble::BalanceBreak { explanation: None, .. }));
}

#[test]
fn a_file_of_another_account_bank_currency_or_day_is_refused() {
    let text = bri(0, &[("2018-09-03", "A", 5)]);
    let read = file(&text);
    let asked = |expected: Expected| {
        let outcome = check(&read, &History::default(), &expected);
        outcome.map(|_| ()).map_err(|trouble| (trouble.status().as_str(), trouble.to_string()))
    };
    let of_account = |account: &str| Expected { account: Some(account.to_owned()), ..expected() };
    let of_bank = |bank: &str| Expected { bank: Some(bank.parse().unwrap()), ..expected() };
    assert_eq!(asked(of_account("5301000123304")), Ok(()));
    assert_eq!(asked(of_bank("bri")), Ok(()));
    for (expected, status, says) in [
        (
            of_account("005301000123305"),
            "wrong_account",
            "the statement is of account `005301000123304`, not of `005301000123305`",
        ),
        (of_bank("bni"), "wrong_account", "the file is of bank `bri`, not of `bni`"),
        (
            Expected { currency: "USD".to_owned(), ..expected() },
            "wrong_account",
            "the currency is `IDR`, not `USD`",
        ),
        (
            Expected::on(day("2018-09-02")),
            "future_date",
            "line 2: the row is of 2018-09-03, which is after today, 2018-09-02",
        ),
        (
            Expected::for_day("bri".parse().unwrap(), "2018-09-04".parse().unwrap()),
            "bad_file",
            "line 2: the row is of `2018-09-03`, outside `2018-09-04` to `2018-09-07`",
        ),
    ] {
        assert_eq!(asked(expected), Err((status, says.to_owned())));
    }
}

#[test]
fn a_file_that_was_read_before_changes_nothing_and_an_overlap_adds_what_is_new() {
    let monday = [("2018-09-03", "A", 100), ("2018-09-03", "A", 100)];
    let tuesday = [("2018-09-04", "B", -30)];
    let both: Vec<_> = monday.into_iter().chain(tuesday).collect();
    let same_rows = bri(1000, &monday).replace('\n', "\r\n");
    assert_eq!(
        one_after_another(&[
            bri(1000, &monday),
            bri(1000, &monday),
            same_rows,
            bri(1000, &both),
            bri(1170, &[("2018-09-05", "C", 5)]),
        ]),
        [
            "2 new, 0 known",
            "duplicate_statement",
            "duplicate_statement",
            "1 new, 2 known",
            "1 new, 0 known",
        ]
    );
}

#[test]
fn genuine_equal_rows_are_told_apart_by_their_occurrence() {
    // No balance, no number: the rows are equal in everything that the bank says.
    let header = "NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT\n";
    let row = "1,2018-09-03,SETOR,0.00,50.00\n";
    assert_eq!(
        one_after_another(&[
            format!("{header}{row}"),
            format!("{header}{row}{row}"),
            format!("{header}{row}{row}{row}"),
        ]),
        ["1 new, 0 known", "1 new, 1 known", "1 new, 2 known"]
    );
}

#[test]
fn a_missing_statement_and_changed_history_are_gaps() {
    let first = bri(1000, &[("2018-09-03", "A", 100)]);
    // A day is missing in between.
    let later = bri(1150, &[("2018-09-05", "C", 5)]);
    // What was read for Monday is different now.
    let changed =
        bri(1000, &[("2018-09-03", "A", 100), ("2018-09-03", "X", 1), ("2018-09-04", "B", 2)]);
    let outcomes = one_after_another(&[first.clone(), later.clone()]);
    assert_eq!(outcomes, ["1 new, 0 known", "statement_gap"]);
    assert_eq!(one_after_another(&[first.clone(), changed]), ["1 new, 0 known", "2 new, 1 known"]);
    let inserted =
        bri(1000, &[("2018-09-03", "X", 1), ("2018-09-03", "A", 100), ("2018-09-04", "B", 2)]);
    assert_eq!(one_after_another(&[first.clone(), inserted]), ["1 new, 0 known", "statement_gap"]);

    let mut history = History::default();
    let read = file(&first);
    let accepted = check(&read, &history, &expected()).unwrap();
    history.remember(&read, &accepted);
    let gap = check(&file(&later), &history, &expected()).unwrap_err();
    assert_eq!(
        gap.to_string(),
        "account `005301000123304`: the rows read so far come to 1100.00, but this statement goes \
         on from 1150.00: the difference is 50.00"
    );
}

#[test]
fn what_is_not_accepted_leaves_no_trace() {
    let good = bri(1000, &[("2018-09-03", "A", 100)]);
    let broken =
        good.replace("1100.00", "1200.00") + &format!("{ACCOUNT},2018-09-03,B,0.00,1.00,5.00\n");
    assert_eq!(one_after_another(&[broken, good]), ["balance_break", "1 new, 0 known"]);
}

fn numbered(number: u64, opening: i64, rows: &[(&str, &str, i64)]) -> BankFile {
    let mut file = file(&bri(opening, rows));
    file.statements[0].number =
        Some(crate::bankfile::StatementNumber { statement: number, page: None });
    file
}

#[test]
fn the_banks_own_count_shows_what_is_missing() {
    let mut history = History::default();
    let mut read = |file: &BankFile, today: &str| {
        let expected = Expected::on(day(today));
        match check(file, &history, &expected) {
            Ok(accepted) => {
                history.remember(file, &accepted);
                "accepted".to_owned()
            }
            Err(trouble) => trouble.to_string(),
        }
    };
    let today = "2018-12-31";
    let december = numbered(11, 1000, &[("2018-12-30", "A", 1)]);
    assert_eq!(read(&december, today), "accepted");
    let gap = numbered(13, 1001, &[("2018-12-31", "B", 1)]);
    assert_eq!(
        read(&gap, today),
        "account `005301000123304`: statement 12 is missing: this one is 13"
    );
    let again = numbered(11, 990, &[("2018-12-31", "C", 1)]);
    assert_eq!(
        read(&again, today),
        "account `005301000123304`: statement 11 was read before, and this one is not the same; the \
         last one is 11"
    );
    assert_eq!(read(&numbered(12, 1001, &[("2018-12-31", "B", 1)]), today), "accepted");
    // The bank begins anew with the year.
    let today = "2019-01-03";
    assert_eq!(read(&numbered(1, 1002, &[("2019-01-02", "D", 1)]), today), "accepted");
    // A bank that does not count writes 1 every day; the balances go on.
    assert_eq!(read(&numbered(1, 1003, &[("2019-01-03", "E", 1)]), today), "accepted");
}

#[test]
fn rows_of_an_interim_report_are_known_when_their_statement_comes() {
    let rows = ":61:1809030903C175000,00NTRFEW00218090300001//B1\r\n:86:BPNT\r\n\
        :61:1809030903D1500,00NCHGNONREF//B2\r\n:86:BIAYA ADM\r\n";
    let interim = format!(
        ":20:I1\r\n:25:{ACCOUNT}\r\n:28C:1/1\r\n:34F:IDR0,\r\n:13D:1809031200+0700\r\n{rows}-\r\n"
    );
    let whole = format!(
        ":20:S1\r\n:25:{ACCOUNT}\r\n:28C:7/1\r\n:60F:C180902IDR1000000,00\r\n{rows}\
         :61:1809030903C20000,00NTRFNONREF//B3\r\n:86:SETOR\r\n:62F:C180903IDR1193500,00\r\n-\r\n"
    );
    let next = ":20:S2\r\n:25:005301000123304\r\n:28C:8/1\r\n:60F:C180903IDR1193500,00\r\n\
        :61:1809040904C5,00NTRFNONREF//B4\r\n:86:X\r\n:62F:C180904IDR1193505,00\r\n-\r\n";
    assert_eq!(
        one_after_another(&[interim, whole, next.to_owned()]),
        ["2 new, 0 known", "1 new, 2 known", "1 new, 0 known"]
    );
}
