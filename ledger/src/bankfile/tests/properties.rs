//! Properties that hold for all files: what is written reads back, and no bytes make it panic.

use chrono::{NaiveDate, NaiveTime};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::write::{RowToWrite, StatementToWrite, statement_csv};
use super::*;
use crate::domain::bank::BankCode;
use crate::domain::calendar::Date;
use crate::domain::matching::{Direction, LedgerSide, MatchStatus, Outcome, SettlementLine, Terms};
use crate::domain::money::Rupiah;

/// Every layout of every built-in profile.
fn layouts() -> Vec<(&'static str, String)> {
    let banks = ["bri", "bni", "mandiri", "btn"];
    let all = banks.into_iter().flat_map(|bank| {
        let names: Vec<String> = profile(bank).layouts().map(str::to_owned).collect();
        names.into_iter().map(move |name| (bank, name))
    });
    all.collect()
}

fn written(bank: &str, layout: &str, statement: &StatementToWrite) -> String {
    statement_csv(&profile(bank).only(layout).unwrap(), statement)
}

#[test]
fn a_banks_file_goes_all_the_way_to_its_match() {
    let row = |description: &str, direction, amount: i64| RowToWrite {
        date: NaiveDate::from_ymd_opt(2018, 9, 3).unwrap(),
        time: NaiveTime::MIN,
        description: description.to_owned(),
        direction,
        amount: Decimal::from(amount),
    };
    let day: Date = "2018-09-03".parse().unwrap();
    for (bank, layout) in layouts() {
        let rows = vec![
            row("BPNT EW00218090300001", Direction::Credit, 175_000),
            row("BIAYA ADM EW00218090300001", Direction::Debit, 1_500),
            row("BPNT EW00218090300002", Direction::Credit, 110_000),
            row("BPNT EW00218090300002", Direction::Credit, 110_000),
            row("SETOR TUNAI", Direction::Credit, 20_000),
        ];
        let (account, opening) = ("0012".to_owned(), Decimal::from(1_000_000));
        let text = written(bank, &layout, &StatementToWrite { account, opening, rows });
        let statement = one_as(text, &of_bank(bank));
        let mut ledger = LedgerSide::default();
        for (reference, amount) in [
            ("EW00218090300001", 175_000),
            ("EW00218090300002", 110_000),
            ("EW00218090300003", 45_000),
        ] {
            let line = SettlementLine {
                reference: reference.parse().unwrap(),
                merchant: "EW-1",
                account: None,
                bank_reference: None,
                business_date: day,
                amount: Rupiah::new(amount).unwrap(),
            };
            ledger.add_settlement(&line).unwrap();
        }
        let code: BankCode = bank.parse().unwrap();
        let terms = Terms::usual(code, day, covered_to(day.next(), [&statement]));
        let matching = match_statements(terms, ledger, [&statement]);
        let found: Vec<_> = matching.outcomes().map(Outcome::status).collect();
        assert_eq!(
            found,
            [
                MatchStatus::MatchedWithFee,
                MatchStatus::DuplicateInBank,
                MatchStatus::LedgerOnly,
                MatchStatus::BankOnly
            ],
            "{bank}"
        );
    }
}

fn any_row() -> impl Strategy<Value = RowToWrite> {
    let text = "[ -~àé]{0,20}[=+@'\";, -]{0,2}[A-Z0-9;]{0,10}";
    let movement = (any::<bool>(), 1..=999_999_999_999_i64);
    (0..5_u64, 0..86_400_u32, text, movement).prop_map(|(day, second, text, (credit, cents))| {
        RowToWrite {
            date: "2018-01-01".parse::<Date>().unwrap().plus_days(day).naive(),
            time: NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap(),
            description: text.split_whitespace().collect::<Vec<_>>().join(" "),
            direction: if credit { Direction::Credit } else { Direction::Debit },
            amount: Decimal::new(cents, 2),
        }
    })
}

proptest! {
    #[test]
    fn what_is_written_in_a_banks_layout_reads_back(
        (bank, layout) in prop::sample::select(layouts()),
        mut rows in prop::collection::vec(any_row(), 1..12),
        opening in -1_000_000..1_000_000_000_i64,
        backwards: bool,
    ) {
        rows.sort_by_key(|row| row.date);
        let account = "0012345678901".to_owned();
        let statement = StatementToWrite { account, opening: Decimal::from(opening), rows };
        let mut text = written(bank, &layout, &statement);
        let mut given = statement.rows;
        let goes_both_ways = given.first().map(|row| row.date) != given.last().map(|row| row.date);
        // The rows have no line ends in them, so that the file can be turned round by its lines.
        if backwards && goes_both_ways {
            let mut lines: Vec<&str> = text.lines().collect();
            lines[1..].reverse();
            text = lines.join("\r\n");
            given.reverse();
        }
        let read = one_as(&text, &of_bank(bank));
        let has_balance = layout != "two-descriptions";
        prop_assert_eq!(read.opening, has_balance.then(|| Decimal::from(opening)), "{}", text);
        prop_assert_eq!(read.balances_hold(), has_balance.then_some(true), "{}", text);
        let read_back = read.lines.iter()
            .map(|line| (line.booking_date, line.direction, line.amount, line.description().to_owned()));
        let given = given.iter()
            .map(|row| (row.date, row.direction, row.amount, row.description.clone()));
        prop_assert!(read_back.eq(given), "{}", text);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _outcome = open(bytes.as_slice(), &ReadAs::default());
        for format in Format::ALL {
            let how = ReadAs { format: Some(format), ..ReadAs::default() };
            let _outcome = open(bytes.as_slice(), &how);
        }
    }

    #[test]
    fn no_rows_below_a_header_make_it_panic(
        rows in "([0-9/.:,;'\"()A-Z \r\n-]|Total|Saldo Awal|03/09/2018|1,000.00|PEND){0,60}",
    ) {
        let text = format!("Tgl Trans,Uraian,Debet,Kredit,Saldo\n{rows}");
        let _outcome = open(text.as_bytes(), &of_bank("bni"));
        let _profile = Profile::parse(&rows);
        let _check = check_profile(text.as_bytes(), &of_bank("bni"));
    }

    #[test]
    fn no_text_makes_a_profile_panic(
        text in "((name|bank|numbers|dates|debit|amount|needs|write|\\[layout|separators) ?[=\\]]? ?[A-Za-z/|., \\[\\]-]{0,12}\n){0,12}",
    ) {
        let _profile = Profile::parse(&text);
    }
}
